//! Trains a model by a command, and reads its log.

pub mod embedded;
pub mod given;
mod launch;
mod log;
pub mod placeholders;

pub use launch::{Ended, Launch};
pub use log::{Heard, Log};
