//! `filter.length`: the size of a document in characters, words and lines.

use tokenmill_core::catalog::Shape;
use tokenmill_core::text::n_chars;
use tokenmill_core::{Assets, BuildError, Default, Doc, Entry, Measure, Metric, Numbers, Param, Params, Rule, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "filter.length",
    version: 2,
    about: "Judges a document by its size in characters, words and lines.",
    shape: Shape::Measure,
    needs_text: true,
    costly: false,
    params: &[
        Param { name: "min_chars", default: Default::Limit(300.0), about: "characters, at least; as ccNet has it" },
        Param { name: "max_chars", default: Default::NoLimit, about: "characters, at most" },
        Param { name: "min_words", default: Default::NoLimit, about: "words, at least" },
        Param { name: "max_words", default: Default::NoLimit, about: "words, at most" },
        Param { name: "min_lines", default: Default::NoLimit, about: "lines that are not blank, at least" },
        Param { name: "max_lines", default: Default::NoLimit, about: "lines that are not blank, at most" },
        Param { name: "min_mean_line_length", default: Default::NoLimit, about: "characters per line, at least" },
        Param { name: "max_mean_line_length", default: Default::NoLimit, about: "characters per line, at most" },
    ],
    metrics: &[
        Metric::number("n_chars", "Unicode scalar values of the text, white space included"),
        Metric::number("n_words", "words (words/v2)"),
        Metric::number("n_lines", "lines that are not blank"),
        Metric::number("mean_line_length", "scalar values per line, trimmed; absent when all lines are blank"),
    ],
    asset_params: &[],
    page: include_str!("../../docs/filter/length.md"),
    build,
};

const N_CHARS: usize = 0;
const N_WORDS: usize = 1;
const N_LINES: usize = 2;
const MEAN_LINE_LENGTH: usize = 3;

struct Length(Vec<Rule>);

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let limit = |name| params.limit(name);
    let rules = [
        Rule::at_least("too_few_chars", N_CHARS, limit("min_chars")),
        Rule::at_most("too_many_chars", N_CHARS, limit("max_chars")),
        Rule::at_least("too_few_words", N_WORDS, limit("min_words")),
        Rule::at_most("too_many_words", N_WORDS, limit("max_words")),
        Rule::at_least("too_few_lines", N_LINES, limit("min_lines")),
        Rule::at_most("too_many_lines", N_LINES, limit("max_lines")),
        Rule::at_least("lines_too_short", MEAN_LINE_LENGTH, limit("min_mean_line_length")),
        Rule::at_most("lines_too_long", MEAN_LINE_LENGTH, limit("max_mean_line_length")),
    ];
    Ok(Stage::Measure(Box::new(Length(rules.into_iter().flatten().collect()))))
}

impl Measure for Length {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        let shape = doc.shape();
        let line_chars: usize = doc.lines().iter().map(|line| n_chars(line.trimmed(doc.text()))).sum();
        numbers.set(N_CHARS, shape.n_chars as f32);
        numbers.set(N_WORDS, shape.n_words as f32);
        numbers.set(N_LINES, shape.n_lines as f32);
        // 0 / 0 is NaN, which stays absent.
        numbers.set(MEAN_LINE_LENGTH, (line_chars as f64 / shape.n_lines as f64) as f32);
    }

    fn rules(&self) -> &[Rule] {
        &self.0
    }
}
