//! Trains the decision about blocks from pages with known main content, and says how good it is on sites that the training
//! has not seen. `cargo xtask train-extractor` runs it.
//!
//! Usage: `train_extractor FOLDER OUT REPORT [all]`: FOLDER is the unpacked archive `extraction`; the two forests are written
//! to the folder OUT and figures as JSON to REPORT. With `all`, every fifth of the domains is left out once, else only the
//! first.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a tool, not the product"
)]

mod boost;
mod corpus;
mod folds;
mod labels;
mod report;
mod words;

use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, out, report, rest @ ..] = arguments.as_slice() else {
        panic!("usage: train_extractor FOLDER OUT REPORT [all]")
    };
    let pages = corpus::read(Path::new(folder));
    let best: f64 = pages.iter().map(|page| report::f1_of(page, &page.labels)).sum();
    let blocks: usize = pages.iter().map(|page| page.labels.len()).sum();
    println!(
        "{} pages, {blocks} blocks; the best choice of blocks has F1 {:.4}",
        pages.len(),
        best / pages.len() as f64
    );
    let n_folds = if rest.iter().any(|word| word == "all") { folds::N_FOLDS } else { 1 };
    let trained: Vec<folds::Trained> = folds::train(&pages, n_folds);
    let shipped = &trained[0].model;
    let about = report::about(&pages);
    for (name, forest, names) in [
        ("first.forest", &shipped.first, tokenmill_stages::extract::features::names()),
        ("second.forest", &shipped.second, tokenmill_stages::extract::features::names_in_context()),
    ] {
        std::fs::write(Path::new(out).join(name), forest.to_text(&about, &names)).expect("the forest is written");
    }
    std::fs::write(report, report::report(&pages, &trained).to_string()).expect("the report is written");
}
