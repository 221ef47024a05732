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

/// Mean of the F1 of pages.
pub fn mean(scores: &[(usize, f64)]) -> f64 {
    scores.iter().map(|(_, score)| score).sum::<f64>() / scores.len().max(1) as f64
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

/// F1 by page type: number of pages, rules, model, and the difference with its standard error.
pub fn report(pages: &[Page], trained: &[Trained]) -> Value {
    let rules = |page: usize| f1_of(&pages[page], &pages[page].keep);
    let table = |scores: &[(usize, f64)]| -> Value {
        let mut groups: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
        for &(page, score) in scores {
            for group in ["all", &pages[page].page_type] {
                groups.entry(group).or_default().push((rules(page), score));
            }
        }
        groups
            .into_iter()
            .map(|(group, scores)| (group.to_owned(), row(&scores)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let all: Vec<(usize, f64)> = trained.iter().flat_map(|fold| fold.unseen.iter().copied()).collect();
    json!({"held_out": table(&trained[0].unseen), "cross_validated": table(&all), "folds": trained.len()})
}

fn row(scores: &[(f64, f64)]) -> Value {
    let number = scores.len() as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| scores.iter().map(of).sum::<f64>() / number;
    let error = |of: &dyn Fn(&(f64, f64)) -> f64| {
        let mean = mean(of);
        let squares = scores.iter().map(|score| (of(score) - mean).powi(2)).sum::<f64>();
        (squares / (number - 1.0).max(1.0) / number).sqrt()
    };
    let (rules, model, gain) = (&|s: &(f64, f64)| s.0, &|s: &(f64, f64)| s.1, &|s: &(f64, f64)| s.1 - s.0);
    json!({
        "pages": scores.len(),
        "rules": mean(rules), "rules_error": error(rules),
        "model": mean(model), "model_error": error(model),
        "gain": mean(gain), "gain_error": error(gain),
    })
}
