//! `token_divergence/v1`: how far the words of a text are from those of a reference, as a Kullback-Leibler divergence.
//!
//! Tokens are normal words (`normal_words/v1`). With p for the share of a word among the n words of a text, and q for its
//! share in the reference, D = Σ p log2(p / q) bits. A word that is not in the vocabulary of the reference has
//! q = 2^-24 ([`UNKNOWN_BITS`]), and no word has less. For the same reason short texts diverge more than long ones, so D
//! is compared with what the documents of the reference have at the same length ([`Level`]).
//!
//! Llama 3 (arXiv:2407.21783, section 3.1.1) names the idea and gives no formula. The page of `filter.token_divergence`
//! says what was tried.

mod build;
#[cfg(test)]
mod fixture;
mod format;
mod scorer;
mod table;
mod tally;

pub use build::{MAX_DOCUMENT_WORDS, MAX_SAMPLE_WORDS, MIN_DOCUMENTS, Sample};
pub use format::{Level, PERCENTILES, Reference};
pub use scorer::Scorer;

/// What an unknown word costs: -log2 of its share. Twenty-four bits are one in 16.8 million: rarer than what a sample of
/// a few million words can count, and the same for every reference, so that divergences can be compared.
pub const UNKNOWN_BITS: f32 = 24.0;

/// The shortest texts that are compared have 2^5 words: below, one name more or less decides.
pub const MIN_LEVEL: u8 = 5;
