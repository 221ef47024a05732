//! Stages that need nothing but the URL of a document, so they may stand before extraction and save its cost.

pub mod blocklist;
pub mod canonical;
mod domains;
mod param_names;
mod percent;
mod plain;
mod sessions;
