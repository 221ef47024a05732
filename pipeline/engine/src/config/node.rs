//! A recipe as a tree that remembers where everything was written.

use std::ops::Range;

/// Where a key or value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Byte range of the recipe.
    File(Range<usize>),
    /// An override, as the user typed it.
    Set(String),
}

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it was written.
    pub place: Place,
    /// What it is.
    pub value: Tree,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Tree {
    /// A table, in the order of the file.
    Table(Vec<(String, Place, Node)>),
    /// An array of values or of tables.
    Array(Vec<Node>),
    /// A string, number, flag or date.
    Scalar(toml::Value),
}

impl Node {
    /// The tree of a parsed recipe.
    pub fn of_document(document: &toml_edit::Document<String>) -> Node {
        of_table(document.as_table(), place(Some(0..0)))
    }

    /// The tree of one TOML value that the user typed.
    pub fn of_override(value: &toml::Value, typed: &str) -> Node {
        let value = match value {
            toml::Value::Array(items) => Tree::Array(items.iter().map(|item| Node::of_override(item, typed)).collect()),
            toml::Value::Table(table) => {
                let entry =
                    |(key, value)| (String::clone(key), Place::Set(typed.to_owned()), Node::of_override(value, typed));
                Tree::Table(table.iter().map(entry).collect())
            }
            scalar => Tree::Scalar(scalar.clone()),
        };
        Node { place: Place::Set(typed.to_owned()), value }
    }

    /// The plain TOML value, without places.
    pub fn to_toml(&self) -> toml::Value {
        match &self.value {
            Tree::Scalar(value) => value.clone(),
            Tree::Array(items) => toml::Value::Array(items.iter().map(Node::to_toml).collect()),
            Tree::Table(entries) => {
                toml::Value::Table(entries.iter().map(|(key, _, node)| (key.clone(), node.to_toml())).collect())
            }
        }
    }
}

fn place(span: Option<Range<usize>>) -> Place {
    Place::File(span.unwrap_or(0..0))
}

fn of_table(table: &dyn toml_edit::TableLike, at: Place) -> Node {
    let entries = table.iter().map(|(name, item)| {
        let key = table.get_key_value(name).and_then(|(key, _)| key.span());
        (name.to_owned(), place(key), of_item(item))
    });
    Node { place: at, value: Tree::Table(entries.collect()) }
}

fn of_item(item: &toml_edit::Item) -> Node {
    let at = place(item.span());
    match item {
        toml_edit::Item::Value(value) => of_value(value),
        toml_edit::Item::Table(table) => of_table(table, at),
        toml_edit::Item::ArrayOfTables(tables) => {
            let tables = tables.iter().map(|table| of_table(table, place(table.span()))).collect();
            Node { place: at, value: Tree::Array(tables) }
        }
        toml_edit::Item::None => Node { place: at, value: Tree::Table(Vec::new()) },
    }
}

fn of_value(value: &toml_edit::Value) -> Node {
    let at = place(value.span());
    let scalar = |value: toml::Value| Node { place: at.clone(), value: Tree::Scalar(value) };
    match value {
        toml_edit::Value::String(text) => scalar(toml::Value::String(text.value().clone())),
        toml_edit::Value::Integer(number) => scalar(toml::Value::Integer(*number.value())),
        toml_edit::Value::Float(number) => scalar(toml::Value::Float(*number.value())),
        toml_edit::Value::Boolean(flag) => scalar(toml::Value::Boolean(*flag.value())),
        toml_edit::Value::Datetime(date) => scalar(toml::Value::String(date.value().to_string())),
        toml_edit::Value::Array(items) => Node { place: at, value: Tree::Array(items.iter().map(of_value).collect()) },
        toml_edit::Value::InlineTable(table) => of_table(table, at),
    }
}
