//! Parameters of stages: declared as data, so that checks, defaults, docs and the schema all come from one table.

use crate::BuildError;
use std::collections::{BTreeMap, BTreeSet};

/// One parameter of a stage.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Key in the recipe.
    pub name: &'static str,
    /// Value when the recipe is silent; also fixes the type.
    pub default: Default,
    /// Meaning, with units and the source of the default.
    pub about: &'static str,
}

/// The default of a parameter, which fixes its type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A limit of a rule: a number, or `"off"`.
    Limit(f64),
    /// A limit that is off unless the recipe sets it.
    NoLimit,
    /// Text.
    Text(&'static str),
    /// A list of texts.
    Texts(&'static [&'static str]),
}

/// A resolved parameter value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A limit that is switched off.
    Off,
    /// Text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
}

impl Default {
    /// The type in words, for messages and docs.
    pub fn type_name(&self) -> &'static str {
        match self {
            Default::Bool(_) => "true or false",
            Default::Int(_) => "a whole number",
            Default::Float(_) => "a number",
            Default::Limit(_) | Default::NoLimit => "a number or \"off\"",
            Default::Text(_) => "text",
            Default::Texts(_) => "a list of texts",
        }
    }

    /// The default as a value.
    pub fn value(&self) -> Value {
        match *self {
            Default::Bool(value) => Value::Bool(value),
            Default::Int(value) => Value::Int(value),
            Default::Float(value) | Default::Limit(value) => Value::Float(value),
            Default::NoLimit => Value::Off,
            Default::Text(value) => Value::Text(value.to_owned()),
            Default::Texts(values) => Value::Texts(values.iter().map(|value| (*value).to_owned()).collect()),
        }
    }

    /// Reads a TOML value of the right type; `None` when the type is wrong.
    pub fn read(&self, value: &toml::Value) -> Option<Value> {
        let number = || value.as_float().or_else(|| value.as_integer().map(|int| int as f64)).filter(|n| n.is_finite());
        match self {
            Default::Bool(_) => value.as_bool().map(Value::Bool),
            Default::Int(_) => value.as_integer().map(Value::Int),
            Default::Float(_) => number().map(Value::Float),
            Default::Limit(_) | Default::NoLimit if value.as_str() == Some("off") => Some(Value::Off),
            Default::Limit(_) | Default::NoLimit => number().map(Value::Float),
            Default::Text(_) => value.as_str().map(|text| Value::Text(text.to_owned())),
            Default::Texts(_) => {
                let texts = value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned));
                texts.collect::<Option<Vec<_>>>().map(Value::Texts)
            }
        }
    }
}

impl Value {
    /// The value as TOML.
    pub fn to_toml(&self) -> toml::Value {
        match self {
            Value::Bool(value) => toml::Value::Boolean(*value),
            Value::Int(value) => toml::Value::Integer(*value),
            Value::Float(value) => toml::Value::Float(*value),
            Value::Off => toml::Value::String("off".to_owned()),
            Value::Text(value) => toml::Value::String(value.clone()),
            Value::Texts(values) => toml::Value::Array(values.iter().cloned().map(toml::Value::String).collect()),
        }
    }
}

/// The parameters of one step, every default written out. Two are equal when their values are, wherever those come from.
#[derive(Clone, Debug)]
pub struct Params {
    values: BTreeMap<&'static str, Value>,
    /// The names that were set, which is neither to be seen in a value that equals its default nor the same.
    given: BTreeSet<&'static str>,
}

impl PartialEq for Params {
    fn eq(&self, other: &Params) -> bool {
        self.values == other.values
    }
}

impl Params {
    /// The defaults of a table of parameters.
    pub fn defaults(declared: &[Param]) -> Params {
        let values = declared.iter().map(|param| (param.name, param.default.value())).collect();
        Params { values, given: BTreeSet::new() }
    }

    /// Replaces one value; the caller has checked it with [`Default::read`].
    pub fn set(&mut self, name: &'static str, value: Value) {
        self.values.insert(name, value);
        self.given.insert(name);
    }

    /// The same values as those that others inherit, so that none of them counts as given.
    pub fn inherited(&self) -> Params {
        Params { values: self.values.clone(), given: BTreeSet::new() }
    }

    /// The values that were set, by name.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.iter().filter(|(name, _)| self.given.contains(name))
    }

    /// Overlays `table` on the defaults.
    ///
    /// # Errors
    /// On an unknown key or a value of the wrong type; the recipe reader gives the same errors with their position.
    pub fn from_table(declared: &'static [Param], table: &toml::Table) -> Result<Params, BuildError> {
        let mut params = Params::defaults(declared);
        for (key, value) in table {
            let param = declared.iter().find(|param| param.name == key);
            let param = param.ok_or_else(|| BuildError::new(format!("unknown parameter `{key}`")))?;
            let read = param.default.read(value);
            let read = read.ok_or_else(|| {
                BuildError::new(format!("`{key}` must be {}, not `{value}`", param.default.type_name()))
            })?;
            params.set(param.name, read);
        }
        Ok(params)
    }

    /// All values by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.values.iter().map(|(name, value)| (*name, value))
    }

    /// A flag; false for a name that was not declared as one.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.values.get(name), Some(Value::Bool(true)))
    }

    /// A whole number; 0 for a name that was not declared as one.
    pub fn int(&self, name: &str) -> i64 {
        if let Some(Value::Int(value)) = self.values.get(name) { *value } else { 0 }
    }

    /// A size or count.
    ///
    /// # Errors
    /// When it is negative.
    pub fn size(&self, name: &str) -> Result<usize, BuildError> {
        let value = self.int(name);
        usize::try_from(value).map_err(|_| BuildError::new(format!("`{name}` must not be negative, it is `{value}`")))
    }

    /// A number; 0 for a name that was not declared as one.
    pub fn number(&self, name: &str) -> f64 {
        if let Some(Value::Float(value)) = self.values.get(name) { *value } else { 0.0 }
    }

    /// A limit in the precision it is judged in; `None` when it is off.
    pub fn limit(&self, name: &str) -> Option<f32> {
        if let Some(Value::Float(value)) = self.values.get(name) { Some(*value as f32) } else { None }
    }

    /// Text; empty for a name that was not declared as text.
    pub fn text(&self, name: &str) -> &str {
        if let Some(Value::Text(value)) = self.values.get(name) { value } else { "" }
    }

    /// A list of texts; empty for a name that was not declared as one.
    pub fn texts(&self, name: &str) -> &[String] {
        if let Some(Value::Texts(values)) = self.values.get(name) { values } else { &[] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECLARED: &[Param] = &[
        Param { name: "min_words", default: Default::Limit(50.0), about: "" },
        Param { name: "model", default: Default::Text("m"), about: "" },
    ];

    fn read(text: &str) -> Result<Params, BuildError> {
        Params::from_table(DECLARED, &text.parse().unwrap())
    }

    #[test]
    fn defaults_are_overlaid() {
        assert_eq!(read("").unwrap().limit("min_words"), Some(50.0));
        assert_eq!(read("min_words = 7").unwrap().limit("min_words"), Some(7.0));
        assert_eq!(read("min_words = \"off\"").unwrap().limit("min_words"), None);
        assert_eq!(read("").unwrap().text("model"), "m");
    }

    #[test]
    fn unknown_keys_and_wrong_types_are_errors() {
        assert_eq!(read("mim_words = 7").unwrap_err().message, "unknown parameter `mim_words`");
        assert!(read("min_words = true").unwrap_err().message.contains("a number or \"off\""));
        assert!(read("min_words = nan").is_err());
    }
}
