//! Stages that cut lines out of a document.

mod cut;
pub mod policy_notices;
