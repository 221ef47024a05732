//! `line.repetition`: cuts lines that repeat themselves, as Llama 3 does (arXiv:2407.21783, section 3.1.1), definition
//! `llama3/v1`.

use super::cut::{char_share, cut_lines};
use crate::repetition::{self, at_most};
use tokenmill_core::catalog::Shape;
use tokenmill_core::text::lines::words_by_line;
use tokenmill_core::{
    Assets, BuildError, Default, Doc, Edit, Edits, Entry, Metric, Numbers, Param, Params, Rule, Stage,
};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "line.repetition",
    version: 1,
    about: "Cuts lines that repeat their own words, such as logs and error messages.",
    shape: Shape::Edit,
    needs_text: true,
    costly: false,
    params: PARAMS,
    metrics: &[
        Metric::number("n_lines_cut", "lines that are cut"),
        Metric::number("cut_char_share", "share of the characters of all trimmed lines that is cut"),
    ],
    asset_params: &[],
    page: include_str!("../../docs/line/repetition.md"),
    build,
};

/// The limits of [`GRAM_LIMITS`], then the others.
const PARAMS: &[Param] = &[
    at_most("max_5gram_char_share", 0.15, "share of a line's word characters in its repeated 5-grams, at most"),
    at_most("max_6gram_char_share", 0.14, "share of a line's word characters in its repeated 6-grams, at most"),
    at_most("max_7gram_char_share", 0.13, "share of a line's word characters in its repeated 7-grams, at most"),
    at_most("max_8gram_char_share", 0.12, "share of a line's word characters in its repeated 8-grams, at most"),
    at_most("max_9gram_char_share", 0.11, "share of a line's word characters in its repeated 9-grams, at most"),
    at_most("max_10gram_char_share", 0.10, "share of a line's word characters in its repeated 10-grams, at most"),
    Param { name: "min_words", default: Default::Int(20), about: "words; a line of fewer is not judged" },
    Param {
        name: "max_cut_char_share",
        default: Default::NoLimit,
        about: "share of characters that is cut, at most; beyond it the document is removed",
    },
];

/// How many of the parameters are limits of n-grams, from 5 words on.
const GRAM_LIMITS: usize = 6;

const N_LINES_CUT: usize = 0;
const CUT_CHAR_SHARE: usize = 1;

struct Repetition {
    limits: [f32; GRAM_LIMITS],
    min_words: usize,
    rules: Vec<Rule>,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let mut limits = [f32::INFINITY; GRAM_LIMITS];
    for (limit, param) in limits.iter_mut().zip(PARAMS) {
        *limit = params.limit(param.name).unwrap_or(f32::INFINITY);
    }
    let rule = Rule::at_most("mostly_repetition", CUT_CHAR_SHARE, params.limit("max_cut_char_share"));
    Ok(Stage::Edit(Box::new(Repetition {
        limits,
        min_words: params.size("min_words")?,
        rules: rule.into_iter().collect(),
    })))
}

impl Edit for Repetition {
    fn edit(&self, doc: &Doc<'_>, edits: &mut Edits, numbers: &mut Numbers) {
        let (text, lines) = (doc.text(), doc.lines());
        let mut cut = Vec::new();
        for (at, (_, words)) in words_by_line(lines, doc.words()).enumerate() {
            if words.len() >= self.min_words {
                let shares = repetition::of_words(doc, words);
                if shares.iter().zip(&self.limits).any(|(share, limit)| share > limit) {
                    cut.push(at);
                }
            }
        }
        cut_lines(text, lines, &cut, edits, "repeated_ngrams");
        numbers.set(N_LINES_CUT, cut.len() as f32);
        numbers.set(CUT_CHAR_SHARE, char_share(text, lines, &cut));
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_in_order() {
        for (n, param) in (5..).zip(&PARAMS[..GRAM_LIMITS]) {
            assert_eq!(param.name, format!("max_{n}gram_char_share"));
        }
        assert_ne!(PARAMS[GRAM_LIMITS].name, "max_11gram_char_share");
    }
}
