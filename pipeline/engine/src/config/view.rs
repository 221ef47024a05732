//! Reads a table of a recipe key by key, and at the end refuses what nobody asked for.

use super::error::{ConfigError, Text};
use super::node::{Node, Place, Tree};
use std::cell::RefCell;
use tokenmill_core::suggest::suggest;
use tokenmill_core::{Param, Params};

/// A table being read.
pub struct View<'a> {
    text: &'a Text,
    path: String,
    place: Place,
    entries: &'a [(String, Place, Node)],
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> View<'a> {
    /// Reads `node` as a table; `path` is how messages call it.
    ///
    /// # Errors
    /// When it is no table.
    pub fn of(text: &'a Text, node: &'a Node, path: &str) -> Result<View<'a>, ConfigError> {
        match &node.value {
            Tree::Table(entries) => {
                let (path, place) = (path.to_owned(), node.place.clone());
                Ok(View { text, path, place, entries, asked: RefCell::default() })
            }
            _ => Err(at(text, &node.place, format!("`{path}` must be a table"))),
        }
    }

    /// The entry of a key.
    pub fn get(&self, key: &'static str) -> Option<&'a Node> {
        self.asked.borrow_mut().push(key);
        self.entries.iter().find(|(name, _, _)| name == key).map(|(_, _, node)| node)
    }

    /// All keys that are tables under `key`, for tables whose keys the user chooses.
    ///
    /// # Errors
    /// When `key` is no table.
    pub fn tables(&self, key: &'static str) -> Result<Vec<(&'a str, View<'a>)>, ConfigError> {
        let Some(node) = self.get(key) else { return Ok(Vec::new()) };
        let outer = View::of(self.text, node, &format!("{}.{key}", self.path))?;
        let inner = outer.entries.iter().map(|(name, _, node)| {
            View::of(self.text, node, &format!("{}.{name}", outer.path)).map(|view| (name.as_str(), view))
        });
        inner.collect()
    }

    /// A table under `key`.
    ///
    /// # Errors
    /// When it is no table.
    pub fn table(&self, key: &'static str) -> Result<Option<View<'a>>, ConfigError> {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        self.get(key).map(|node| View::of(self.text, node, &path)).transpose()
    }

    /// A value read by `read`, which says `None` when the type is wrong.
    ///
    /// # Errors
    /// When the type is wrong.
    pub fn value<T>(
        &self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(&toml::Value) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(node) = self.get(key) else { return Ok(None) };
        let value = node.to_toml();
        match read(&value) {
            Some(value) => Ok(Some(value)),
            None => Err(self.wrong(node, key, expected, &value)),
        }
    }

    fn wrong(&self, node: &Node, key: &str, expected: &str, value: &toml::Value) -> ConfigError {
        at(self.text, &node.place, format!("`{}` must be {expected}, not `{value}`", self.name(key)))
    }

    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// A string.
    ///
    /// # Errors
    /// When the type is wrong.
    pub fn string(&self, key: &'static str) -> Result<Option<String>, ConfigError> {
        self.value(key, "text", |value| value.as_str().map(str::to_owned))
    }

    /// A string that must be there.
    ///
    /// # Errors
    /// When it is missing or of the wrong type.
    pub fn required(&self, key: &'static str) -> Result<String, ConfigError> {
        self.string(key)?.ok_or_else(|| self.error(format!("`{}` is missing", self.name(key))))
    }

    /// A list of strings; one string counts as a list of one.
    ///
    /// # Errors
    /// When the type is wrong.
    pub fn strings(&self, key: &'static str) -> Result<Option<Vec<String>>, ConfigError> {
        self.value(key, "a list of texts", |value| match value {
            toml::Value::String(text) => Some(vec![text.clone()]),
            toml::Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            _ => None,
        })
    }

    /// Overlays the declared parameters on `base`.
    ///
    /// # Errors
    /// When a value has the wrong type.
    pub fn params(&self, declared: &'static [Param], base: &Params) -> Result<Params, ConfigError> {
        let mut params = base.clone();
        for param in declared {
            if let Some(value) = self.value(param.name, param.default.type_name(), |value| param.default.read(value))? {
                params.set(param.name, value);
            }
        }
        Ok(params)
    }

    /// An error at this table.
    pub fn error(&self, message: impl Into<String>) -> ConfigError {
        at(self.text, &self.place, message)
    }

    /// An error at the value of a key.
    pub fn error_at(&self, key: &str, message: impl Into<String>) -> ConfigError {
        let entry = self.entries.iter().find(|(name, _, _)| name == key);
        at(self.text, entry.map_or(&self.place, |(_, _, node)| &node.place), message)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// When there is a key nobody asked for.
    pub fn finish(self) -> Result<(), ConfigError> {
        let mut known = self.asked.into_inner();
        known.sort_unstable();
        known.dedup();
        match self.entries.iter().find(|(name, _, _)| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, place, _)) => {
                let whose = if self.path.is_empty() { String::new() } else { format!(" in `{}`", self.path) };
                Err(at(self.text, place, format!("unknown key `{name}`{whose}")).hint(suggest(name, &known)))
            }
        }
    }
}

/// An error at a place.
pub fn at(text: &Text, place: &Place, message: impl Into<String>) -> ConfigError {
    ConfigError { place: Some(text.show(place)), ..ConfigError::new(message) }
}
