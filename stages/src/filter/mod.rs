//! Stages that measure a document by rules of thumb and judge it.

pub mod dirty_words;
pub mod fineweb;
pub mod gopher_quality;
pub mod gopher_repetition;
pub mod length;
mod lexicon;
mod stop_words;
