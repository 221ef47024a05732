//! From the losses of small runs to the mix, the size and the accuracy of a large one: pure logic, no input or output.
//!
//! [`Runs::read`] joins the tables of an ablation. [`choose`] compares forms of the loss as a function of the mix by
//! cross-validation and picks one, [`Fit::new`] fits it with refits that tell how sure it is, and [`optimum`] searches for the
//! best mix within limits. [`scaling`] has the laws that lead from small models to large ones, and [`compare`] tells whether two
//! arms differ by more than their seeds. Independent work goes through a [`Runner`], so that the caller decides on threads;
//! results are the same for the same seed, whatever the runner does.

mod choose;
mod compare;
mod descent;
mod error;
mod forms;
mod jobs;
mod least;
mod linalg;
mod minimise;
mod optimum;
mod predictor;
mod random;
mod rank;
mod read;
pub mod scaling;
mod simplex;
mod student;
mod table;
#[cfg(test)]
mod tests;

pub use choose::{Choice, Score, Settings, choose};
pub use compare::{Comparison, Method, Noise, compare, noise};
pub use error::FitError;
pub use forms::{Form, Model};
pub use jobs::{Runner, serial};
pub use optimum::{Candidate, Optimum, Origin, Search, optimum};
pub use predictor::{Fit, Interval};
pub use random::Random;
pub use rank::{deviation, mean, median, pearson, quantile, spearman};
pub use simplex::{Limits, divergence};
pub use table::{Mixes, Runs};
