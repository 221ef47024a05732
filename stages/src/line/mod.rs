//! Stages that cut lines out of a document.

pub(crate) mod cut;
pub mod policy_notices;
