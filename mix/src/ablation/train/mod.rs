//! Trains a small decoder-only transformer on the processor, to see how well a mix of data is learned.
//!
//! A [`Job`] says which token files are read in which shares, how large the model is and for how long it is trained.
//! [`train`] writes the loss of every validation group, and a checkpoint that another job can go on from. The same job
//! gives the same bits on the same machine.

mod adam;
mod checkpoint;
mod error;
mod feed;
mod files;
mod job;
mod model;
mod ops;
mod random;
mod run;
mod schedule;
mod share;
mod stream;
#[cfg(test)]
mod tests;

pub use error::TrainError;
pub use job::{Decay, Dtype, Job, ModelShape, OptimiserPlan, TrainGroup, ValidGroup};
pub use run::train;
