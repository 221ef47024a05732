//! `filter.fineweb`: the custom rules of FineWeb (arXiv:2406.17557), definition `fineweb/v1`.

use crate::{datatrove, repetition};
use tokenmill_core::catalog::Shape;
use tokenmill_core::numbers::share;
use tokenmill_core::text::n_chars;
use tokenmill_core::text::sentences::ends_sentence;
use tokenmill_core::{Assets, BuildError, Default, Doc, Entry, Measure, Metric, Numbers, Param, Params, Rule, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "filter.fineweb",
    version: 1,
    about: "FineWeb's custom rules: ends of lines, copied lines, short lines, line feeds.",
    shape: Shape::Measure,
    needs_text: true,
    costly: false,
    params: &[
        Param {
            name: "min_terminal_line_share",
            default: Default::Limit(0.12),
            about: "share of lines that end in terminal punctuation, at least",
        },
        Param {
            name: "max_short_line_share",
            default: Default::Limit(0.67),
            about: "share of lines that are short, at most",
        },
        Param { name: "short_line_chars", default: Default::Int(30), about: "characters of a short line, at most" },
        Param {
            name: "max_duplicate_line_char_share",
            default: Default::Limit(0.01),
            about: "share of characters in lines that are copies, at most",
        },
        Param { name: "max_line_feeds_per_word", default: Default::Limit(0.3), about: "line feeds per word, at most" },
        Param {
            name: "compat",
            default: Default::Text("off"),
            about: "`datatrove` measures as datatrove 0.10.1 does, `off` by the definition of the page",
        },
    ],
    metrics: &[
        Metric::number("terminal_line_share", "share of lines, blank ones apart, that end in terminal punctuation"),
        Metric::number("short_line_share", "share of lines, blank ones apart, of at most `short_line_chars`"),
        Metric::number("duplicate_line_char_share", "share of the characters of lines that are in copies"),
        Metric::number("line_feeds_per_word", "line feeds in the text, per word (words/v2)"),
    ],
    asset_params: &[],
    page: include_str!("../../docs/filter/fineweb.md"),
    build,
};

const TERMINAL_LINE_SHARE: usize = 0;
const SHORT_LINE_SHARE: usize = 1;
const DUPLICATE_LINE_CHAR_SHARE: usize = 2;
const LINE_FEEDS_PER_WORD: usize = 3;

struct FineWeb {
    short_line_chars: usize,
    rules: Vec<Rule>,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let limit = |name| params.limit(name);
    let rules = [
        Rule::at_least("too_few_terminal_lines", TERMINAL_LINE_SHARE, limit("min_terminal_line_share")),
        Rule::at_most("too_many_short_lines", SHORT_LINE_SHARE, limit("max_short_line_share")),
        Rule::at_most("duplicate_line_chars", DUPLICATE_LINE_CHAR_SHARE, limit("max_duplicate_line_char_share")),
        Rule::at_most("too_many_line_feeds", LINE_FEEDS_PER_WORD, limit("max_line_feeds_per_word")),
    ];
    let short_line_chars = params.size("short_line_chars")?;
    let rules = rules.into_iter().flatten().collect();
    Ok(Stage::Measure(if datatrove::is_asked_for(params)? {
        Box::new(LikeDatatrove { short_line_chars, rules })
    } else {
        Box::new(FineWeb { short_line_chars, rules })
    }))
}

impl Measure for FineWeb {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        let (text, shape) = (doc.text(), doc.shape());
        if shape.n_lines == 0 {
            return;
        }
        let (mut n_terminal, mut n_short) = (0, 0);
        for line in doc.lines().iter().filter(|line| !line.is_blank()) {
            let line = line.trimmed(text);
            n_terminal += usize::from(ends_sentence(line));
            n_short += usize::from(is_short(line, self.short_line_chars));
        }
        let repeats = repetition::of_lines(doc);
        let n_feeds = doc.lines().len() - usize::from(!text.ends_with('\n'));
        numbers.set(TERMINAL_LINE_SHARE, share(n_terminal, shape.n_lines));
        numbers.set(SHORT_LINE_SHARE, share(n_short, shape.n_lines));
        numbers.set(DUPLICATE_LINE_CHAR_SHARE, share(repeats.lines.n_copy_chars, repeats.n_chars));
        numbers.set(LINE_FEEDS_PER_WORD, share(n_feeds, shape.n_words));
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

/// `compat = "datatrove"`: the same rules, which datatrove asks in the same order, on what it measures.
struct LikeDatatrove {
    short_line_chars: usize,
    rules: Vec<Rule>,
}

impl Measure for LikeDatatrove {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        let Some(found) = datatrove::fineweb::fineweb(doc, self.short_line_chars) else { return };
        numbers.set(TERMINAL_LINE_SHARE, found.punctuated_lines);
        numbers.set(SHORT_LINE_SHARE, found.short_lines);
        numbers.set(DUPLICATE_LINE_CHAR_SHARE, found.duplicate_line_chars);
        numbers.set(LINE_FEEDS_PER_WORD, found.line_feeds_per_word);
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

/// Whether a line has at most `max` characters, of one to four bytes each.
fn is_short(line: &str, max: usize) -> bool {
    line.len() <= max || (line.len() <= max.saturating_mul(4) && n_chars(line) <= max)
}
