//! Training of fastText classifiers: what `fasttext supervised` does, on one thread, and the same every time.
//!
//! Joulin et al., "Bag of Tricks for Efficient Text Classification", 2016. What is learned is the same; what differs from the
//! C++ program: examples come in another order in every pass, all first weights are random, and the rate falls with every
//! example rather than every hundred words. Examples are turned into numbers once, four bytes a word; with
//! n-grams of characters every distinct word has those of its n-grams beside it, some four bytes times characters times lengths of n-grams.

mod corpus;
mod kmeans;
mod options;
mod passes;
mod quantize;
mod random;
mod step;
#[cfg(test)]
mod tests;
mod trained;
mod vocabulary;
mod weights;

pub use options::{Options, TrainError};
pub use passes::{Pass, Progress};
pub use quantize::Quantization;
pub use trained::Trained;

use corpus::Corpus;
use vocabulary::Counts;

/// A text and what it is an example of.
#[derive(Clone, Copy, Debug)]
pub struct Example<'a> {
    /// Names without `__label__`, and without blanks.
    pub labels: &'a [&'a str],
    /// One line, as prediction sees it: line feeds are blanks.
    pub text: &'a str,
}

/// Learns a classifier.
///
/// Validation examples are measured after every pass, and say when to stop if `options.patience` is set; nothing is learned from
/// them. `observe` is told of progress and may show it.
///
/// # Errors
/// When options or examples make no classifier, or the weights grow without limit.
pub fn train<'a>(
    examples: impl Iterator<Item = Example<'a>>,
    validation: impl Iterator<Item = Example<'a>>,
    options: &Options,
    observe: &mut dyn FnMut(&Progress),
) -> Result<Trained, TrainError> {
    options.check()?;
    let mut counts = Counts::default();
    let mut examples = Corpus::read(examples, &mut counts, true)?;
    let mut validation = Corpus::read(validation, &mut counts, false)?;
    let vocabulary = counts.finish(options)?;
    examples.settle(&vocabulary);
    validation.settle(&vocabulary);
    if options.patience.is_some() && validation.len() == 0 {
        return Err(TrainError::Options("`patience` needs validation examples".to_owned()));
    }
    passes::run(&examples, &validation, vocabulary, options, observe)
}
