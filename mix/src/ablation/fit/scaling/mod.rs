//! Scaling laws: from small runs to the loss, the size and the accuracy of large ones.

mod accuracy;
mod chinchilla;
mod curve;
mod isoflop;
mod loss;
mod points;

pub use accuracy::{Direct, Evaluated, LossLaw, TwoStep, direct, two_step};
pub use chinchilla::{Chinchilla, Trained, chinchilla, resampled, spread, without_shortest};
pub use curve::{PowerLaw, Sigmoid};
pub use isoflop::{Isoflop, Profile, Spent, isoflop};
pub use loss::{Floor, floor};
pub use points::Exponents;
