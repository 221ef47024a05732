//! Labels from a language model, as far as they need no network: which documents, what is asked, and how answers are read.

pub mod answer;
pub mod estimate;
pub mod prompt;
pub mod sample;

pub use answer::{Given, Unreadable};
pub use prompt::Prompt;
pub use sample::{Candidate, Choice, Sample, Sampled};
