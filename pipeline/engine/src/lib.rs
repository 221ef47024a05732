//! The engine: recipe > spec > plan > run. It knows no stage by name; the program hands it a catalogue.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic"))]

pub mod alarm;
pub mod apply;
pub mod at_once;
pub mod audit;
pub mod calibrate;
pub mod chain;
mod clock;
pub mod config;
pub mod diff;
pub mod exchange;
pub mod forget;
pub mod gc;
pub mod index;
mod journal;
pub mod map;
mod parts;
pub mod pipe;
pub mod plan;
pub mod rejudge;
pub mod release;
pub mod replay;
pub mod run;
mod score;
pub mod simulate;
pub mod size;
pub mod spec;
pub mod tally;

pub use clock::thread_cpu_seconds;
pub use config::{ConfigError, House, Text};
pub use plan::Plan;
pub use spec::Spec;
pub use tally::Tally;
