//! What the user wrote: a recipe in TOML with overrides, read into a [`Spec`] with every default written out.

mod blocks;
pub mod error;
mod index;
mod lang_table;
mod node;
mod overrides;
mod read;
mod view;

pub use error::{ConfigError, Text};

use crate::spec::Spec;
use node::Node;
use tokenmill_core::Catalog;
use tokenmill_store::Section;

/// What recipes can name: the stages and the sections of the program.
pub struct House<'a> {
    /// All stages.
    pub catalog: &'a Catalog,
    /// All sections, in the order in which their phases follow the steps.
    pub sections: &'a [Section],
}

/// Reads a recipe.
///
/// # Errors
/// On anything that is not understood, with its place.
pub fn parse(text: &Text, overrides: &[String], house: &House<'_>) -> Result<Spec, ConfigError> {
    let mut root = tree(text)?;
    overrides.iter().try_for_each(|typed| overrides::apply(&mut root, typed))?;
    let spec = read::spec(text, &root, house)?;
    crate::chain::check(&spec)?;
    crate::chain::check_section(&spec)?;
    crate::pipe::check(&spec)?;
    Ok(spec)
}

/// The tree of a TOML file.
fn tree(text: &Text) -> Result<Node, ConfigError> {
    let document = toml_edit::Document::parse(text.content.clone()).map_err(|error| {
        let message = error.message().lines().collect::<Vec<_>>().join("; ");
        let place = node::Place::File(error.span().unwrap_or(0..0));
        view::at(text, &place, format!("this is not TOML: {message}"))
    })?;
    Ok(Node::of_document(&document))
}
