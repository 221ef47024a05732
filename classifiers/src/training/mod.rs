//! What stands around the training of a classifier: which examples there are, and how good it is on those it has not seen.

pub mod agreement;
pub mod measures;
pub mod ranks;
pub mod set;

pub use measures::{Scored, Threshold};
pub use set::{Candidate, Part, TrainingSet};
