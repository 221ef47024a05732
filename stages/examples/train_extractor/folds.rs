//! Trains with a part of the domains left out.
//!
//! The second look must learn from what the first look says of pages that it has not seen, as it will in use. So the first
//! forest of the training pages is itself trained with one part after the other left out.

use tokenmill_core::hash::hash64;
use tokenmill_stages::extract::decide;
use tokenmill_stages::extract::decide::forest::Forest;
use tokenmill_stages::extract::decide::model::Model;
use tokenmill_stages::extract::features::{self, Context};

use super::boost::{Options, Table, boost};
use super::corpus::Page;

/// Parts of the domains.
pub const N_FOLDS: usize = 5;
/// The first look.
const FIRST: Options = Options { trees: 160, depth: 5, rate: 0.12, prior: 5.0, rows: 0.7, features: 0.4 };
/// The second look: fewer trees, since it has the sum of the first ones to go by.
const SECOND: Options = Options { trees: 120, rate: 0.08, prior: 10.0, ..FIRST };

/// A model, and what it chose on the pages that it has not seen.
pub struct Trained {
    /// The model.
    pub model: Model,
    /// What became of them.
    pub unseen: Vec<Unseen>,
}

/// A page that the model has not seen.
pub struct Unseen {
    /// Its index.
    pub page: usize,
    /// F1 of the words of what was kept.
    pub f1: f64,
    /// The F1 that the model expected.
    pub expected: f64,
}

/// The part that a page belongs to.
pub fn fold(page: &Page) -> usize {
    (hash64(0, page.domain.as_bytes()) % N_FOLDS as u64) as usize
}

/// Trains the first `n_folds` models, each without a part of its own.
pub fn train(pages: &[Page], n_folds: usize) -> Vec<Trained> {
    (0..n_folds).map(|left_out| train_one(pages, left_out)).collect()
}

fn train_one(pages: &[Page], left_out: usize) -> Trained {
    let seen: Vec<usize> = (0..pages.len()).filter(|&page| fold(&pages[page]) != left_out).collect();
    let mut first_looks: Vec<Vec<f32>> = vec![Vec::new(); pages.len()];
    for inner in (0..N_FOLDS).filter(|&inner| inner != left_out) {
        let (unseen, train): (Vec<usize>, Vec<usize>) = seen.iter().partition(|&&page| fold(&pages[page]) == inner);
        let forest = boost(&table(pages, &train, None), FIRST);
        for page in unseen {
            first_looks[page] = look(&forest, &pages[page].rows);
        }
        println!("fold {left_out}: first look without {inner}");
    }
    let first = boost(&table(pages, &seen, None), FIRST);
    let second = boost(&table(pages, &seen, Some(&first_looks)), SECOND);
    let model = Model { first, second };
    let unseen: Vec<Unseen> = (0..pages.len())
        .filter(|&page| fold(&pages[page]) == left_out)
        .map(|page| judge(&model, pages, page))
        .collect();
    let mean = unseen.iter().map(|unseen| unseen.f1).sum::<f64>() / unseen.len() as f64;
    println!("fold {left_out}: F1 {mean:.4} on {} pages", unseen.len());
    Trained { model, unseen }
}

fn look(forest: &Forest, rows: &[f32]) -> Vec<f32> {
    rows.chunks(features::names().len()).map(|row| forest.probability(row)).collect()
}

fn table(pages: &[Page], which: &[usize], first_looks: Option<&[Vec<f32>]>) -> Table {
    let mut table = Table { width: features::names().len(), ..Table::default() };
    for &at in which {
        let page = &pages[at];
        match first_looks {
            None => table.numbers.extend_from_slice(&page.rows),
            Some(first_looks) => {
                let features = page.features();
                let context = Context::new(&features, &first_looks[at]);
                for (block, row) in page.rows.chunks(features::names().len()).enumerate() {
                    table.numbers.extend_from_slice(row);
                    context.push_row(block, &mut table.numbers);
                }
                table.width = features::names_in_context().len();
            }
        }
        table.labels.extend_from_slice(&page.labels);
        table.weights.extend((0..page.labels.len()).map(|block| page.weight(block)));
    }
    table
}

fn judge(model: &Model, pages: &[Page], at: usize) -> Unseen {
    let page = &pages[at];
    let mut probabilities = Vec::new();
    model.weigh(&page.outline, page.ruled(), &mut probabilities);
    let mut keep = Vec::new();
    let conclusion = decide::conclude(&page.outline, page.ruled(), &mut probabilities, &mut keep);
    Unseen { page: at, f1: super::report::f1_of(page, &keep), expected: f64::from(conclusion.expected_f1) }
}
