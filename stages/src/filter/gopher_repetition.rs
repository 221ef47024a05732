//! `filter.gopher_repetition`: the repetition rules of Gopher (arXiv:2112.11446, table A1), definition `gopher/v1`.

use crate::repetition::at_most;
use crate::{datatrove, repetition};
use tokenmill_core::catalog::Shape;
use tokenmill_core::numbers::share;
use tokenmill_core::{Assets, BuildError, Default, Doc, Entry, Measure, Metric, Numbers, Param, Params, Rule, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "filter.gopher_repetition",
    version: 2,
    about: "Gopher's repetition rules: repeated lines, paragraphs and word n-grams.",
    shape: Shape::Measure,
    needs_text: true,
    costly: false,
    params: PARAMS,
    metrics: METRICS,
    asset_params: &[],
    page: include_str!("../../docs/filter/gopher_repetition.md"),
    build,
};

/// The limits, one for each metric and in the same order, and the mode.
const PARAMS: &[Param] = &[
    at_most("max_duplicate_line_share", 0.30, "share of lines that are copies, at most"),
    at_most("max_duplicate_paragraph_share", 0.30, "share of paragraphs that are copies, at most"),
    at_most("max_duplicate_line_char_share", 0.20, "share of characters in lines that are copies, at most"),
    at_most("max_duplicate_paragraph_char_share", 0.20, "share of characters in paragraphs that are copies, at most"),
    at_most("max_top_2gram_char_share", 0.20, "share of characters in the top 2-gram, at most"),
    at_most("max_top_3gram_char_share", 0.18, "share of characters in the top 3-gram, at most"),
    at_most("max_top_4gram_char_share", 0.16, "share of characters in the top 4-gram, at most"),
    at_most("max_duplicate_5gram_char_share", 0.15, "share of characters in repeated 5-grams, at most"),
    at_most("max_duplicate_6gram_char_share", 0.14, "share of characters in repeated 6-grams, at most"),
    at_most("max_duplicate_7gram_char_share", 0.13, "share of characters in repeated 7-grams, at most"),
    at_most("max_duplicate_8gram_char_share", 0.12, "share of characters in repeated 8-grams, at most"),
    at_most("max_duplicate_9gram_char_share", 0.11, "share of characters in repeated 9-grams, at most"),
    at_most("max_duplicate_10gram_char_share", 0.10, "share of characters in repeated 10-grams, at most"),
    Param {
        name: "compat",
        default: Default::Text("off"),
        about: "`datatrove` measures and judges as datatrove 0.10.1 does, `off` by the definition of the page",
    },
];

const METRICS: &[Metric] = &[
    Metric::number("duplicate_line_share", "share of lines that are copies of an earlier one"),
    Metric::number("duplicate_paragraph_share", "share of paragraphs that are copies of an earlier one"),
    Metric::number("duplicate_line_char_share", "share of the characters of lines that are in such copies"),
    Metric::number("duplicate_paragraph_char_share", "share of the characters of lines that are in such paragraphs"),
    Metric::number("top_2gram_char_share", "share of word characters in the most frequent 2-gram"),
    Metric::number("top_3gram_char_share", "share of word characters in the most frequent 3-gram"),
    Metric::number("top_4gram_char_share", "share of word characters in the most frequent 4-gram"),
    Metric::number("duplicate_5gram_char_share", "share of word characters in 5-grams that occur more than once"),
    Metric::number("duplicate_6gram_char_share", "share of word characters in 6-grams that occur more than once"),
    Metric::number("duplicate_7gram_char_share", "share of word characters in 7-grams that occur more than once"),
    Metric::number("duplicate_8gram_char_share", "share of word characters in 8-grams that occur more than once"),
    Metric::number("duplicate_9gram_char_share", "share of word characters in 9-grams that occur more than once"),
    Metric::number("duplicate_10gram_char_share", "share of word characters in 10-grams that occur more than once"),
];

/// Why a document is removed, in the order of the metrics.
const REASONS: [&str; METRICS.len()] = [
    "duplicate_lines",
    "duplicate_paragraphs",
    "duplicate_line_chars",
    "duplicate_paragraph_chars",
    "frequent_2gram",
    "frequent_3gram",
    "frequent_4gram",
    "duplicate_5grams",
    "duplicate_6grams",
    "duplicate_7grams",
    "duplicate_8grams",
    "duplicate_9grams",
    "duplicate_10grams",
];

const DUPLICATE_LINE_SHARE: usize = 0;
const DUPLICATE_PARAGRAPH_SHARE: usize = 1;
const DUPLICATE_LINE_CHAR_SHARE: usize = 2;
const DUPLICATE_PARAGRAPH_CHAR_SHARE: usize = 3;
const TOP_GRAM_CHAR_SHARE: usize = 4;
const DUPLICATE_GRAM_CHAR_SHARE: usize = 7;

/// The first metrics in the order in which datatrove asks; the others follow in ours.
const DATATROVE_ORDER: [usize; 4] =
    [DUPLICATE_PARAGRAPH_SHARE, DUPLICATE_PARAGRAPH_CHAR_SHARE, DUPLICATE_LINE_SHARE, DUPLICATE_LINE_CHAR_SHARE];

struct GopherRepetition(Vec<Rule>);

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let rule = |metric: usize| Rule::at_most(REASONS[metric], metric, params.limit(PARAMS[metric].name));
    Ok(Stage::Measure(if datatrove::is_asked_for(params)? {
        let order = DATATROVE_ORDER.into_iter().chain(DATATROVE_ORDER.len()..METRICS.len());
        Box::new(LikeDatatrove(order.filter_map(rule).collect()))
    } else {
        Box::new(GopherRepetition((0..METRICS.len()).filter_map(rule).collect()))
    }))
}

impl Measure for GopherRepetition {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        let repeats = repetition::of_lines(doc);
        let (lines, paragraphs) = (repeats.lines, repeats.paragraphs);
        numbers.set(DUPLICATE_LINE_SHARE, share(lines.n_copies, lines.n_all));
        numbers.set(DUPLICATE_PARAGRAPH_SHARE, share(paragraphs.n_copies, paragraphs.n_all));
        numbers.set(DUPLICATE_LINE_CHAR_SHARE, share(lines.n_copy_chars, repeats.n_chars));
        numbers.set(DUPLICATE_PARAGRAPH_CHAR_SHARE, share(paragraphs.n_copy_chars, repeats.n_chars));
        let ngrams = repetition::of_ngrams(doc);
        for (value, metric) in ngrams.top.into_iter().zip(TOP_GRAM_CHAR_SHARE..) {
            numbers.set(metric, value);
        }
        for (value, metric) in ngrams.duplicate.into_iter().zip(DUPLICATE_GRAM_CHAR_SHARE..) {
            numbers.set(metric, value);
        }
    }

    fn rules(&self) -> &[Rule] {
        &self.0
    }
}

/// `compat = "datatrove"`: the same limits on what datatrove measures.
struct LikeDatatrove(Vec<Rule>);

impl Measure for LikeDatatrove {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        let Some(found) = datatrove::repetition::repetition(doc) else { return };
        numbers.set(DUPLICATE_LINE_SHARE, found.duplicate_lines);
        numbers.set(DUPLICATE_PARAGRAPH_SHARE, found.duplicate_paragraphs);
        numbers.set(DUPLICATE_LINE_CHAR_SHARE, found.duplicate_line_chars);
        numbers.set(DUPLICATE_PARAGRAPH_CHAR_SHARE, found.duplicate_paragraph_chars);
        for (value, metric) in found.top.into_iter().chain(found.duplicate).zip(TOP_GRAM_CHAR_SHARE..) {
            numbers.set(metric, value);
        }
    }

    fn rules(&self) -> &[Rule] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_reasons_and_metrics_are_in_one_order() {
        let metrics = METRICS.iter().map(|metric| format!("max_{}", metric.name));
        assert!(metrics.eq(PARAMS.iter().take(METRICS.len()).map(|param| param.name)));
        for (n, at) in (2..=4).zip(TOP_GRAM_CHAR_SHARE..).chain((5..=10).zip(DUPLICATE_GRAM_CHAR_SHARE..)) {
            assert!(METRICS[at].name.contains(&format!("_{n}gram_")) && REASONS[at].contains(&format!("_{n}gram")));
        }
    }
}
