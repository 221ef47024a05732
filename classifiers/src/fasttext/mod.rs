//! fastText classifiers: reads and writes the official `.bin` and `.ftz` files, predicts what the official library predicts, and
//! trains.
//!
//! The reference is the C++ program fastText 0.9.2/0.9.3 (Joulin et al., "Bag of Tricks for Efficient Text
//! Classification", 2016, and "FastText.zip", 2016). Every rounding step is kept: sums run in the same order and in
//! the same precision, so probabilities agree to the last bit or two, which is the freedom of `exp` and `log`.

mod args;
mod bytes;
mod dictionary;
mod error;
mod file;
mod hash;
mod infer;
mod kbest;
mod loss;
mod matrix;
mod model;
mod ngrams;
mod prune;
mod quantizer;
mod tokens;
pub mod train;
mod tree;
mod words;

pub use args::LossName;
pub use error::ModelError;
pub use infer::{Prediction, Scratch};
pub use model::{LABEL_PREFIX, Model};
