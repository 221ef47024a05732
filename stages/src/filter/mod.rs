//! Stages that measure a document by rules of thumb and judge it.

pub mod expr;
pub mod gopher_quality;
pub mod gopher_repetition;
pub mod length;
mod stop_words;
