//! Stages that measure a document by rules of thumb and judge it.

pub mod code_page;
pub mod expr;
pub mod gopher_quality;
pub mod gopher_repetition;
pub mod length;
pub mod math_page;
pub mod opt_out;
mod stop_words;
pub mod token_divergence;
