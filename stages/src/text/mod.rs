//! Stages that repair the text itself.

mod codecs;
pub mod mojibake;
mod repair;
