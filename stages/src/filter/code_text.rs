//! `filter.code_text`: removes files of code that no person wrote: generated, minified, encoded, tables of numbers.

use crate::code::measures::{Counts, Encoded, generated_mark, n_visible_of_html};
use tokenmill_core::catalog::Shape;
use tokenmill_core::numbers::share;
use tokenmill_core::{
    Assets, BuildError, Default, Doc, Entry, Keep, Measure, Metric, Numbers, Param, Params, Rule, Stage,
};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "filter.code_text",
    version: 1,
    about: "Removes files of code that programs wrote, or that hold data: by marks, lines, letters and encoded pieces.",
    shape: Shape::Measure,
    needs_text: true,
    costly: false,
    params: &[
        Param {
            name: "generated",
            default: Default::Bool(true),
            about: "whether files are removed that say at their beginning that a program wrote them",
        },
        Param {
            name: "max_lines",
            default: Default::Limit(100_000.0),
            about: "lines, at most (StarCoder 2; 512 for text, JSON, YAML, OWL and DOT)",
        },
        Param {
            name: "max_line_length",
            default: Default::Limit(1000.0),
            about: "characters of the longest line, at most (Codex, The Stack, StarCoder 2)",
        },
        Param {
            name: "max_mean_line_length",
            default: Default::Limit(100.0),
            about: "characters of a line on average, at most (Codex, The Stack, StarCoder 2)",
        },
        Param {
            name: "min_alphabetic_char_share",
            default: Default::Limit(0.25),
            about: "share of letters among all characters, at least (StarCoder, StarCoder 2)",
        },
        Param {
            name: "min_alphanumeric_char_share",
            default: Default::NoLimit,
            about: "share of letters and digits among all characters, at least (The Stack: 0.25)",
        },
        Param {
            name: "max_encoded_length",
            default: Default::Limit(1024.0),
            about: "bytes of the longest piece of encoded data, at most (StarCoder 2)",
        },
        Param {
            name: "max_encoded_share",
            default: Default::Limit(0.5),
            about: "share of encoded data among all bytes, at most (StarCoder 2)",
        },
        Param {
            name: "max_numeric_char_share",
            default: Default::NoLimit,
            about: "share of characters of numbers among those that are not blank, at most",
        },
        Param {
            name: "min_blank_char_share",
            default: Default::NoLimit,
            about: "share of blanks and line ends among all characters, at least; minified code has hardly any",
        },
        Param {
            name: "min_visible_chars",
            default: Default::Limit(100.0),
            about: "characters of an HTML page that a reader sees, at least (StarCoder)",
        },
        Param {
            name: "min_visible_char_share",
            default: Default::Limit(0.2),
            about: "their share among all characters of the page, at least (StarCoder)",
        },
    ],
    metrics: &[
        Metric::number("is_generated", "1 when the file says that a program wrote it, else 0"),
        Metric::label("generated_mark", "how it says so"),
        Metric::number("n_lines", "lines"),
        Metric::number("longest_line", "characters of the longest line"),
        Metric::number("mean_line_length", "characters per line, without line ends"),
        Metric::number("alphabetic_char_share", "share of letters among all characters"),
        Metric::number("alphanumeric_char_share", "share of letters and digits among all characters"),
        Metric::number("longest_encoded", "bytes of the longest piece of encoded data"),
        Metric::number("encoded_share", "share of encoded data among all bytes"),
        Metric::number("numeric_char_share", "share of characters of numbers among those that are not blank"),
        Metric::number("blank_char_share", "share of blanks and line ends among all characters"),
        Metric::number("n_visible_chars", "characters that a reader sees; for language `x-html` only"),
        Metric::number("visible_char_share", "their share among all characters; for language `x-html` only"),
    ],
    asset_params: &[],
    page: include_str!("../../docs/filter/code_text.md"),
    build,
};

const IS_GENERATED: usize = 0;
const GENERATED_MARK: usize = 1;
const N_LINES: usize = 2;
const LONGEST_LINE: usize = 3;
const MEAN_LINE_LENGTH: usize = 4;
const ALPHABETIC_CHAR_SHARE: usize = 5;
const ALPHANUMERIC_CHAR_SHARE: usize = 6;
const LONGEST_ENCODED: usize = 7;
const ENCODED_SHARE: usize = 8;
const NUMERIC_CHAR_SHARE: usize = 9;
const BLANK_CHAR_SHARE: usize = 10;
const N_VISIBLE_CHARS: usize = 11;
const VISIBLE_CHAR_SHARE: usize = 12;

struct CodeText(Vec<Rule>);

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let limit = |name| params.limit(name);
    let generated = Rule { reason: "generated_code", metric: IS_GENERATED, keep: Keep::IsFalse };
    let rules = [
        params.flag("generated").then_some(generated),
        Rule::at_most("too_many_lines", N_LINES, limit("max_lines")),
        Rule::at_most("line_too_long", LONGEST_LINE, limit("max_line_length")),
        Rule::at_most("lines_too_long", MEAN_LINE_LENGTH, limit("max_mean_line_length")),
        Rule::at_least("too_few_letters", ALPHABETIC_CHAR_SHARE, limit("min_alphabetic_char_share")),
        Rule::at_least("too_few_letters_and_digits", ALPHANUMERIC_CHAR_SHARE, limit("min_alphanumeric_char_share")),
        Rule::at_most("encoded_data", LONGEST_ENCODED, limit("max_encoded_length")),
        Rule::at_most("mostly_encoded_data", ENCODED_SHARE, limit("max_encoded_share")),
        Rule::at_most("mostly_numbers", NUMERIC_CHAR_SHARE, limit("max_numeric_char_share")),
        Rule::at_least("too_few_blanks", BLANK_CHAR_SHARE, limit("min_blank_char_share")),
        Rule::at_least("too_little_visible_text", N_VISIBLE_CHARS, limit("min_visible_chars")),
        Rule::at_least("mostly_markup", VISIBLE_CHAR_SHARE, limit("min_visible_char_share")),
    ];
    Ok(Stage::Measure(Box::new(CodeText(rules.into_iter().flatten().collect()))))
}

impl Measure for CodeText {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        let text = doc.text();
        let (counts, encoded, mark) = (Counts::of(text), Encoded::of(text), generated_mark(text));
        numbers.set(IS_GENERATED, f32::from(mark.is_some()));
        if let Some(mark) = mark {
            numbers.set_label(GENERATED_MARK, mark.into());
        }
        numbers.set(N_LINES, counts.n_lines as f32);
        numbers.set(LONGEST_LINE, counts.longest_line as f32);
        let n_line_chars = counts.n_chars - text.matches('\n').count();
        numbers.set(MEAN_LINE_LENGTH, share(n_line_chars, counts.n_lines));
        numbers.set(ALPHABETIC_CHAR_SHARE, share(counts.n_letters, counts.n_chars));
        numbers.set(ALPHANUMERIC_CHAR_SHARE, share(counts.n_alphanumerics, counts.n_chars));
        numbers.set(LONGEST_ENCODED, encoded.longest as f32);
        numbers.set(ENCODED_SHARE, share(encoded.total, text.len()));
        numbers.set(NUMERIC_CHAR_SHARE, share(counts.n_numeric, counts.n_visible));
        numbers.set(BLANK_CHAR_SHARE, share(counts.n_chars - counts.n_visible, counts.n_chars));
        if doc.lang() == "x-html" {
            let n_visible = n_visible_of_html(text);
            numbers.set(N_VISIBLE_CHARS, n_visible as f32);
            numbers.set(VISIBLE_CHAR_SHARE, share(n_visible, counts.n_chars));
        }
    }

    fn rules(&self) -> &[Rule] {
        &self.0
    }
}
