//! What the training has to say about itself.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::corpus::Page;
use super::folds::{N_FOLDS, Trained, fold};
use super::words;

/// Word F1 of a choice of blocks.
pub fn f1_of(page: &Page, keep: &[bool]) -> f64 {
    let kept = page.words.iter().zip(keep).filter(|(_, keep)| **keep).flat_map(|(words, _)| words);
    words::f1(kept.copied().collect(), &page.truth)
}

/// What is written into the files.
pub fn about(pages: &[Page]) -> String {
    let seen = pages.iter().filter(|page| fold(page) != 0).count();
    format!(
        "Written by `cargo xtask train-extractor`. Trained on {seen} of the {} WCXB development pages;\n\
         the pages of one domain in {N_FOLDS} were left out.",
        pages.len()
    )
}

/// F1 of the rules and of the model on a page, and what the model expected.
#[derive(Clone, Copy)]
struct Score {
    rules: f64,
    model: f64,
    expected: f64,
    /// F1 of the best choice of whole blocks.
    best: f64,
}

/// F1 by page type: number of pages, rules, model, the difference, each with its standard error; and the expected F1.
pub fn report(pages: &[Page], trained: &[Trained]) -> Value {
    let table = |folds: &[Trained]| -> Value {
        let mut groups: BTreeMap<&str, Vec<Score>> = BTreeMap::new();
        for unseen in folds.iter().flat_map(|fold| &fold.unseen) {
            let page = &pages[unseen.page];
            let score = Score {
                rules: f1_of(page, &page.keep),
                model: unseen.f1,
                expected: unseen.expected,
                best: f1_of(page, &page.labels),
            };
            for group in ["all", &page.page_type] {
                groups.entry(group).or_default().push(score);
            }
        }
        groups
            .into_iter()
            .map(|(group, scores)| (group.to_owned(), row(&scores)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    json!({"held_out": table(&trained[..1]), "cross_validated": table(trained), "folds": N_FOLDS})
}

fn row(scores: &[Score]) -> Value {
    let number = scores.len() as f64;
    let mean = |of: &dyn Fn(&Score) -> f64| scores.iter().map(of).sum::<f64>() / number;
    let error = |of: &dyn Fn(&Score) -> f64| {
        let mean = mean(of);
        let squares = scores.iter().map(|score| (of(score) - mean).powi(2)).sum::<f64>();
        (squares / (number - 1.0).max(1.0) / number).sqrt()
    };
    let (rules, model) = (&|score: &Score| score.rules, &|score: &Score| score.model);
    let gain = &|score: &Score| score.model - score.rules;
    json!({
        "pages": scores.len(),
        "rules": mean(rules), "rules_error": error(rules),
        "model": mean(model), "model_error": error(model),
        "gain": mean(gain), "gain_error": error(gain),
        "expected": mean(&|score| score.expected),
        "best": mean(&|score| score.best),
    })
}
