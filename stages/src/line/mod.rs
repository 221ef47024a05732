//! Stages that cut lines out of a document.

pub mod c4;
pub(crate) mod cut;
mod line_kinds;
mod markers;
mod navigation;
pub mod policy_notices;
pub mod refinedweb;
pub mod repetition;
