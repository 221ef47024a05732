//! The learned decision: two forests, the second of which sees what the first thinks of the rest of the page.
//!
//! `cargo xtask train-extractor` writes both files from the `extraction` archive; `docs/benchmarks/extraction.md` says how
//! good they are on sites that they have not seen.

use std::sync::LazyLock;

use super::super::blocks::Outline;
use super::super::features::{self, Context, Features, Ruled};
use super::forest::Forest;

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
        let mut row = Vec::new();
        // The row is computed anew for the second look: a million rows would not fit into memory.
        let mut rows = |forest: &Forest, context: Option<&Context<'_>>| -> Vec<f32> {
            (0..outline.blocks.len())
                .map(|index| {
                    row.clear();
                    features.push_row(index, &mut row);
                    context.inspect(|context| context.push_row(index, &mut row));
                    forest.probability(&row)
                })
                .collect()
        };
        let first = rows(&self.first, None);
        *probabilities = rows(&self.second, Some(&Context::new(&features, &first)));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_files_are_sound() {
        let model = Model::parse(FIRST, SECOND).unwrap();
        assert!(!model.first.trees().is_empty() && !model.second.trees().is_empty());
    }
}
