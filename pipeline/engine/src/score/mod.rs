//! Scores: the documents of a part go through a model, and its numbers about each are stored beside them; the next map
//! phase takes them up as metrics of the step.

mod phase;

pub use phase::ScorePhase;
