//! Files of code: what language they are in, where they stand in a repository, and what their bytes look like.

mod content;
mod detect;
pub mod language;
pub(crate) mod measures;
pub(crate) mod place;
mod table;
