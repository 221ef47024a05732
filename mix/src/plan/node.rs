//! Reads a table of a mix key by key, tells where things were written, and refuses what nobody asked for.

use super::amount;
use std::cell::RefCell;
use std::ops::Range;
use tokenmill_core::BuildError;
use tokenmill_core::suggest::suggest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Characters of a line that are shown on each side of a place.
const SHOWN: usize = 90;

/// A value with its place.
pub type Node<'a> = Spanned<DeValue<'a>>;

/// The text of a mix and its name, to turn places into lines.
pub struct Text<'a> {
    /// Name of the file.
    pub file: &'a str,
    /// Its content.
    pub content: &'a str,
}

impl<'a> Text<'a> {
    /// The content as TOML.
    ///
    /// # Errors
    /// When it is none, with the place.
    pub fn parse(&self) -> Result<Spanned<DeTable<'a>>, BuildError> {
        DeTable::parse(self.content).map_err(|error| {
            let message = error.message().lines().collect::<Vec<_>>().join("; ");
            self.error(error.span().unwrap_or(0..0), format!("this is not TOML: {message}"))
        })
    }

    /// An error at a place: where, the line, and the part of it that is meant.
    pub fn error(&self, span: Range<usize>, message: impl Into<String>) -> BuildError {
        let message: String = message.into();
        BuildError::new(format!("{message}\n{}", self.show(span)))
    }

    fn show(&self, span: Range<usize>) -> String {
        let start = self.content.floor_char_boundary(span.start);
        let before = &self.content[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let number = before.matches('\n').count() + 1;
        let line = self.content[line_start..].lines().next().unwrap_or("");
        let column = before[line_start..].chars().count();
        let width = self.written(span).chars().count().clamp(1, SHOWN);
        let cut = column.saturating_sub(SHOWN);
        let shown: String =
            line.chars().skip(cut).take(2 * SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let gutter = " ".repeat(number.to_string().len());
        let gap = " ".repeat(column - cut);
        let (file, carets) = (self.file, "^".repeat(width));
        format!("{gutter}--> {file}:{number}:{}\n{gutter} |\n{number} | {shown}\n{gutter} | {gap}{carets}", column + 1)
    }

    /// The first line of what was written at a place.
    fn written(&self, span: Range<usize>) -> &str {
        let start = self.content.floor_char_boundary(span.start);
        let end = self.content.floor_char_boundary(span.end.max(start));
        self.content[start..end].lines().next().unwrap_or("")
    }
}

/// A table being read.
pub struct View<'a> {
    text: &'a Text<'a>,
    path: String,
    span: Range<usize>,
    table: &'a DeTable<'a>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> View<'a> {
    /// Reads the whole file.
    pub fn root(text: &'a Text<'a>, table: &'a DeTable<'a>) -> View<'a> {
        View { text, path: String::new(), span: 0..0, table, asked: RefCell::default() }
    }

    /// Reads `node` as a table; `path` is how messages call it.
    ///
    /// # Errors
    /// When it is no table.
    fn of(text: &'a Text<'a>, node: &'a Node<'a>, path: String) -> Result<View<'a>, BuildError> {
        match node.get_ref() {
            DeValue::Table(table) => Ok(View { text, path, span: node.span(), table, asked: RefCell::default() }),
            _ => Err(text.error(node.span(), format!("`{path}` must be a table"))),
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &'static str) -> Option<&'a Node<'a>> {
        self.asked.borrow_mut().push(key);
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, node)| node)
    }

    /// All keys, whose names the user chooses, in the order of the file.
    pub fn entries(&self) -> Vec<(&'a str, Range<usize>, &'a Node<'a>)> {
        let entry = |(key, node): (&'a Spanned<_>, &'a Node<'a>)| {
            let name: &'a std::borrow::Cow<'a, str> = key.get_ref();
            (&**name, key.span(), node)
        };
        let mut entries: Vec<_> = self.table.iter().map(entry).collect();
        entries.sort_by_key(|(_, span, _)| span.start);
        entries
    }

    /// A table under `key`.
    ///
    /// # Errors
    /// When it is no table.
    pub fn table(&self, key: &'static str) -> Result<Option<View<'a>>, BuildError> {
        self.get(key).map(|node| View::of(self.text, node, self.name(key))).transpose()
    }

    /// A value as a table, when the user chose its key.
    ///
    /// # Errors
    /// When it is no table.
    pub fn inner(&self, key: &str, node: &'a Node<'a>) -> Result<View<'a>, BuildError> {
        View::of(self.text, node, self.name(key))
    }

    /// The tables that are written as `[[key]]`.
    ///
    /// # Errors
    /// When they are written otherwise.
    pub fn tables(&self, key: &'static str) -> Result<Vec<View<'a>>, BuildError> {
        let Some(node) = self.get(key) else { return Ok(Vec::new()) };
        match node.get_ref() {
            DeValue::Array(nodes) => nodes.iter().map(|node| View::of(self.text, node, self.name(key))).collect(),
            _ => Err(self.text.error(node.span(), format!("`{key}` is written as `[[{key}]]`"))),
        }
    }

    /// A value read by `read`, which says `None` when it is not as `expected`.
    ///
    /// # Errors
    /// When it is not as expected.
    pub fn value<T>(
        &self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(&DeValue<'a>) -> Option<T>,
    ) -> Result<Option<T>, BuildError> {
        self.get(key).map(|node| self.read(key, node, expected, read)).transpose()
    }

    /// As [`View::value`], when the user chose the key.
    ///
    /// # Errors
    /// When it is not as expected.
    pub fn read<T>(
        &self,
        key: &str,
        node: &Node<'a>,
        expected: &str,
        read: impl FnOnce(&DeValue<'a>) -> Option<T>,
    ) -> Result<T, BuildError> {
        read(node.get_ref()).ok_or_else(|| {
            let written: String = self.text.written(node.span()).chars().take(60).collect();
            self.text.error(node.span(), format!("`{}` must be {expected}, not `{written}`", self.name(key)))
        })
    }

    /// A value that must be there.
    ///
    /// # Errors
    /// When it is missing or not as expected.
    pub fn required<T>(
        &self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(&DeValue<'a>) -> Option<T>,
    ) -> Result<T, BuildError> {
        let missing = || self.error(format!("`{}` is missing", self.name(key))).hint(format!("it is {expected}"));
        self.value(key, expected, read)?.ok_or_else(missing)
    }

    /// One of some names, or `default`.
    ///
    /// # Errors
    /// When it is another.
    pub fn choice<T: Copy>(&self, key: &'static str, names: &[(&'static str, T)], default: T) -> Result<T, BuildError> {
        let Some(node) = self.get(key) else { return Ok(default) };
        let given = self.read(key, node, "text", text)?;
        names.iter().find(|(name, _)| *name == given).map(|(_, value)| *value).ok_or_else(|| {
            let known: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
            let message = format!("`{given}` is no value of `{}`", self.name(key));
            self.text.error(node.span(), message).hint(suggest(&given, &known))
        })
    }

    /// A list of texts, empty where the key is not there.
    ///
    /// # Errors
    /// When it is not as expected.
    pub fn list(&self, key: &'static str, expected: &str) -> Result<Vec<String>, BuildError> {
        let read = |value: &DeValue<'a>| value.as_array()?.iter().map(|node| text(node.get_ref())).collect();
        Ok(self.value(key, expected, read)?.unwrap_or_default())
    }

    /// How messages call a key.
    pub fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// An error at this table.
    pub fn error(&self, message: impl Into<String>) -> BuildError {
        self.text.error(self.span.clone(), message)
    }

    /// An error at the value of a key.
    pub fn error_at(&self, key: &str, message: impl Into<String>) -> BuildError {
        let entry = self.table.iter().find(|(name, _)| name.get_ref() == key);
        self.text.error(entry.map_or(self.span.clone(), |(_, node)| node.span()), message)
    }

    /// An error at a place of the file.
    pub fn error_in(&self, span: Range<usize>, message: impl Into<String>) -> BuildError {
        self.text.error(span, message)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// When there is a key nobody asked for.
    pub fn finish(&self) -> Result<(), BuildError> {
        let mut known = self.asked.borrow().clone();
        known.sort_unstable();
        known.dedup();
        match self.entries().into_iter().find(|(name, _, _)| !known.contains(name)) {
            None => Ok(()),
            Some((name, span, _)) => {
                let whose = if self.path.is_empty() { String::new() } else { format!(" in `{}`", self.path) };
                Err(self.text.error(span, format!("unknown key `{name}`{whose}")).hint(suggest(name, &known)))
            }
        }
    }
}

/// A text.
pub fn text(value: &DeValue<'_>) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// A number, maybe infinite.
pub fn number(value: &DeValue<'_>) -> Option<f64> {
    let number = match value {
        DeValue::Integer(_) => whole_or_negative(value)? as f64,
        DeValue::Float(number) => number.as_str().parse().ok()?,
        _ => return None,
    };
    (!number.is_nan()).then_some(number)
}

/// A whole number from 0.
pub fn whole(value: &DeValue<'_>) -> Option<u64> {
    whole_or_negative(value).and_then(|number| u64::try_from(number).ok())
}

fn whole_or_negative(value: &DeValue<'_>) -> Option<i64> {
    value.as_integer().and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok())
}

/// A number of tokens, such as `15T` or 1000.
pub fn tokens(value: &DeValue<'_>) -> Option<u64> {
    match value {
        DeValue::String(text) => amount::parse(text),
        _ => whole(value).filter(|tokens| *tokens <= amount::MAX_TOKENS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_point_at_the_text() {
        let text = Text { file: "a.toml", content: "[mix]\n\tnäme = 1\n" };
        assert_eq!(text.show(7..12), " --> a.toml:2:2\n  |\n2 |  näme = 1\n  |  ^^^^");
        // A place that is off must not make things worse, nor must a long line.
        assert!(text.show(900..901).contains("a.toml"));
        let long = format!("{}!{}", "a".repeat(500), "b".repeat(500));
        let shown = Text { file: "a.toml", content: &long }.show(500..501);
        assert!(shown.lines().all(|line| line.chars().count() < 200), "{shown}");
        let (line, carets) = (shown.lines().nth(2).unwrap(), shown.lines().nth(3).unwrap());
        assert_eq!(line.chars().nth(carets.chars().count() - 1), Some('!'));
    }
}
