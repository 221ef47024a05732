//! The learned decision: two forests, the second of which sees what the first thinks of the rest of the page.
//!
//! `cargo xtask train-extractor` writes both files from the `extraction` archive; `docs/benchmarks/extraction.md` says how
//! good they are on sites that they have not seen.

use std::sync::LazyLock;

use super::super::blocks::Outline;
use super::super::features::{self, Context, Features};
use super::super::rules::Ruled;
use super::forest::{Forest, LANES, probability};

const FIRST: &str = include_str!("first.forest");
const SECOND: &str = include_str!("second.forest");

/// The two looks at a page.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// Sees a block and what is around it.
    pub first: Forest,
    /// Sees what the first one thinks of all blocks as well.
    pub second: Forest,
}

impl Model {
    /// The model in this program. Its files are part of the source, and a test reads them.
    pub fn shipped() -> &'static Model {
        static SHIPPED: LazyLock<Model> = LazyLock::new(|| Model::parse(FIRST, SECOND).unwrap_or_default());
        &SHIPPED
    }

    /// Reads both files.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn parse(first: &str, second: &str) -> Result<Model, String> {
        Ok(Model {
            first: Forest::parse(first, &features::names())?,
            second: Forest::parse(second, &features::names_in_context())?,
        })
    }

    /// For each block, the probability that it is main content.
    pub fn weigh(&self, outline: &Outline, ruled: Ruled<'_>, probabilities: &mut Vec<f32>) {
        let features = Features::new(outline, ruled);
        let first = look(&self.first, outline.blocks.len(), |index, row| features.push_row(index, row));
        let context = Context::new(&features, &first);
        *probabilities = look(&self.second, outline.blocks.len(), |index, row| {
            features.push_row(index, row);
            context.push_row(index, row);
        });
        for (index, probability) in probabilities.iter_mut().enumerate() {
            if features.is_aside(index) {
                *probability = 0.0;
            }
        }
        if let Some(title) = features.title() {
            probabilities[title] = 1.0;
        }
    }
}

/// One look at all blocks. Rows are made a few at a time, and anew for the second look: those of a million blocks would not
/// fit into memory.
fn look(forest: &Forest, n_blocks: usize, push_row: impl Fn(usize, &mut Vec<f32>)) -> Vec<f32> {
    let mut probabilities = Vec::with_capacity(n_blocks);
    let (mut row, mut columns) = (Vec::new(), Vec::new());
    for first in (0..n_blocks).step_by(LANES) {
        let n_rows = LANES.min(n_blocks - first);
        for lane in 0..n_rows {
            row.clear();
            push_row(first + lane, &mut row);
            columns.resize(row.len() * LANES, 0.0);
            columns.iter_mut().skip(lane).step_by(LANES).zip(&row).for_each(|(slot, number)| *slot = *number);
        }
        let logits = forest.logits(&columns);
        probabilities.extend(logits[..n_rows].iter().map(|&logit| probability(logit)));
    }
    probabilities
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_files_are_sound() {
        let model = Model::parse(FIRST, SECOND).unwrap();
        assert!(!model.first.trees().is_empty() && !model.second.trees().is_empty());
    }
}
