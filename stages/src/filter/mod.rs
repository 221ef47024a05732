//! Stages that measure a document by rules of thumb and judge it.

pub mod class_share;
pub mod code_license;
pub mod code_page;
pub mod code_path;
pub mod code_text;
pub mod dirty_words;
pub mod ensemble;
pub mod expr;
pub mod fineweb;
pub mod gopher_quality;
pub mod gopher_repetition;
pub mod length;
mod lexicon;
pub mod math_page;
pub mod opt_out;
mod stop_words;
pub mod token_divergence;
