//! What kind of page a text is of: prose, or code or mathematics, which have other words, lines and symbols than prose.

mod code;
mod formulas;
pub mod kind;
mod profile;

pub(crate) use profile::Profile;
