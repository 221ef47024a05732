//! `filter.code_page`: rules for pages with code, in place of those for prose.

use crate::page::Profile;
use crate::repetition;
use tokenmill_core::catalog::Shape;
use tokenmill_core::numbers::share;
use tokenmill_core::{Assets, BuildError, Default, Doc, Entry, Measure, Metric, Numbers, Param, Params, Rule, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "filter.code_page",
    version: 1,
    about: "Judges pages with code: their lines, letters, data dumps, and the prose around the code.",
    shape: Shape::Measure,
    needs_text: true,
    costly: false,
    params: &[
        Param { name: "min_words", default: Default::Limit(20.0), about: "words, at least" },
        Param {
            name: "max_code_line_length",
            default: Default::Limit(1_000.0),
            about: "characters of the longest line of code, at most (The Stack: 1,000)",
        },
        Param {
            name: "max_mean_code_line_length",
            default: Default::Limit(100.0),
            about: "characters per line of code, at most (The Stack: 100)",
        },
        Param {
            name: "min_alphabetic_char_share",
            default: Default::Limit(0.25),
            about: "share of characters that are letters, at least (The Stack: 0.25 alphanumeric)",
        },
        Param {
            name: "max_encoded_char_share",
            default: Default::Limit(0.2),
            about: "share of characters in words of 64 letters and digits or more, such as Base64, at most",
        },
        Param {
            name: "max_duplicate_line_char_share",
            default: Default::Limit(0.4),
            about: "share of characters on lines that are copies, at most",
        },
        Param {
            name: "min_prose_char_share",
            default: Default::NoLimit,
            about: "share of characters on lines of prose, at least; for pages that explain code",
        },
    ],
    metrics: &[
        Metric::number("n_words", "words (words/v2)"),
        Metric::number("longest_code_line", "characters of the longest line of code; absent without code"),
        Metric::number("mean_code_line_length", "characters per line of code; absent without code"),
        Metric::number("alphabetic_char_share", "share of the characters of words that are letters"),
        Metric::number(
            "encoded_char_share",
            "share of the characters of words that are in words of 64 letters and digits or more",
        ),
        Metric::number(
            "duplicate_line_char_share",
            "share of the characters of lines that are on copies of an earlier line",
        ),
        Metric::number("prose_char_share", "share of characters on lines of six words or more that are no code"),
        Metric::number("prose_per_code", "characters of prose per character of code; absent without code"),
    ],
    asset_params: &[],
    page: include_str!("../../docs/filter/code_page.md"),
    build,
};

const N_WORDS: usize = 0;
const LONGEST_CODE_LINE: usize = 1;
const MEAN_CODE_LINE_LENGTH: usize = 2;
const ALPHABETIC_CHAR_SHARE: usize = 3;
const ENCODED_CHAR_SHARE: usize = 4;
const DUPLICATE_LINE_CHAR_SHARE: usize = 5;
const PROSE_CHAR_SHARE: usize = 6;
const PROSE_PER_CODE: usize = 7;

/// Bytes from which a word of letters, digits, `+`, `/`, `=`, `-` and `_` is encoded data.
const ENCODED: u32 = 64;

struct CodePage(Vec<Rule>);

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let limit = |name| params.limit(name);
    let rules = [
        Rule::at_least("too_few_words", N_WORDS, limit("min_words")),
        Rule::at_most("code_line_too_long", LONGEST_CODE_LINE, limit("max_code_line_length")),
        Rule::at_most("code_lines_too_long", MEAN_CODE_LINE_LENGTH, limit("max_mean_code_line_length")),
        Rule::at_least("too_few_letters", ALPHABETIC_CHAR_SHARE, limit("min_alphabetic_char_share")),
        Rule::at_most("encoded_data", ENCODED_CHAR_SHARE, limit("max_encoded_char_share")),
        Rule::at_most("duplicate_lines", DUPLICATE_LINE_CHAR_SHARE, limit("max_duplicate_line_char_share")),
        Rule::at_least("too_little_prose", PROSE_CHAR_SHARE, limit("min_prose_char_share")),
    ];
    Ok(Stage::Measure(Box::new(CodePage(rules.into_iter().flatten().collect()))))
}

impl Measure for CodePage {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        let (profile, shape, repeats) = (Profile::of(doc), doc.shape(), repetition::of_lines(doc));
        numbers.set(N_WORDS, shape.n_words as f32);
        if profile.n_code_lines > 0 {
            numbers.set(LONGEST_CODE_LINE, profile.longest_code_line as f32);
            numbers.set(MEAN_CODE_LINE_LENGTH, share(profile.n_code_chars, profile.n_code_lines));
            numbers.set(PROSE_PER_CODE, share(profile.n_prose_chars, profile.n_code_chars));
        }
        let n_letters = doc.text().chars().filter(|c| c.is_alphabetic()).count();
        numbers.set(ALPHABETIC_CHAR_SHARE, share(n_letters, shape.n_word_chars));
        let encoded = doc.words().iter().filter(|word| word.end - word.start >= ENCODED && is_encoded(doc.word(word)));
        numbers.set(ENCODED_CHAR_SHARE, share(encoded.map(|word| word.n_chars as usize).sum(), shape.n_word_chars));
        numbers.set(DUPLICATE_LINE_CHAR_SHARE, share(repeats.lines.n_copy_chars, repeats.n_chars));
        numbers.set(PROSE_CHAR_SHARE, profile.prose_share());
    }

    fn rules(&self) -> &[Rule] {
        &self.0
    }
}

/// Whether nearly all of a word is of the alphabets of hexadecimal and Base64.
fn is_encoded(word: &str) -> bool {
    let others = word.bytes().filter(|byte| !byte.is_ascii_alphanumeric() && !b"+/=-_".contains(byte));
    others.count() * 20 <= word.len()
}
