//! Finds a mix by experiment: small models are trained on many mixes, a law is fitted to what they lose on held-out text,
//! and its optimum is the mix for the large model (RegMix, Liu et al., arXiv:2407.01492; Llama 3, arXiv:2407.21783, section
//! 3.1.2).
//!
//! A [`Study`] says what is compared. [`trials()`] lists the models to be trained, [`study_phases`] are the phases in which
//! the engine trains them, and the [`fit`] turns their losses into laws, optima and comparisons.

pub mod analysis;
pub mod design;
pub mod fit;
mod phase;
mod pool;
mod study;
#[cfg(feature = "trainer")]
pub mod train;
mod trainer;
mod trial;

pub use analysis::{Analysis, Happened, Outcome, analyse};
pub use design::{Budget, Supplies, trials};
pub use phase::{LOG, Place, RESULT, counted, is_training, study_phases, supplies};
pub use study::{Anneal, Arm, Design, EMBEDDED, LogPatterns, Proxy, Question, Study, StudySource, Trainer};
pub use trial::{Role, State, Trial, TrialResult};
