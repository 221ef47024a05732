//! Stages that need nothing but the URL of a document, so they may stand before extraction and save its cost.

pub mod blocklist;
pub mod canonical;
mod domain_map;
mod hash_table;
pub(crate) mod host;
mod list_lines;
mod param_names;
mod parts;
mod percent;
mod plain;
pub mod ranking;
pub mod references;
mod sessions;
mod squeeze;
pub mod url_list;
mod word_lists;
pub mod words;

pub use host::site_of;
