//! How the files of this crate are written, mixes and studies alike: names, lists of tables, amounts.

pub use super::node::{Text, View, number, text, tokens, whole};
pub use super::read_group::group;
use tokenmill_core::BuildError;
use toml::de::DeValue;

/// Bytes of a name, at most.
const MAX_NAME: usize = 64;

/// Tables of one kind, at most.
const MAX_TABLES: usize = 4096;

/// Refuses files that are too long; `what` is what messages call such a file.
///
/// # Errors
/// When it is.
pub fn check_size(text: &str, file: &str, what: &str, most: usize) -> Result<(), BuildError> {
    let bytes = text.len();
    match bytes > most {
        true => Err(BuildError::new(format!("`{file}` has {bytes} bytes, and a {what} has at most {most}"))),
        false => Ok(()),
    }
}

/// The tables `[[key]]`, of which there must be one; `what` is what messages call the file.
///
/// # Errors
/// When there is none, or there are too many.
pub fn all<'a>(view: &View<'a>, key: &'static str, hint: &str, what: &str) -> Result<Vec<View<'a>>, BuildError> {
    let tables = view.tables(key)?;
    match tables.len() {
        0 => Err(BuildError::new(format!("the {what} has no `[[{key}]]`")).hint(hint)),
        n if n > MAX_TABLES => {
            Err(BuildError::new(format!("the {what} has {n} `[[{key}]]` tables, and may have {MAX_TABLES}")))
        }
        _ => Ok(tables),
    }
}

/// Reads tables whose names must differ.
///
/// # Errors
/// Those of `read`, and when two names are the same.
pub fn named<'a, T>(
    views: Vec<View<'a>>,
    read: impl Fn(&View<'a>) -> Result<T, BuildError>,
    name: impl Fn(&T) -> &String,
) -> Result<Vec<T>, BuildError> {
    let mut done: Vec<T> = Vec::new();
    for view in views {
        let table = read(&view)?;
        view.finish()?;
        if done.iter().any(|other| name(other) == name(&table)) {
            return Err(view
                .error_at("name", format!("`{}` is already taken", name(&table)))
                .hint("choose another name"));
        }
        done.push(table);
    }
    Ok(done)
}

/// What a switch must look like.
pub const FLAG: &str = "true or false";

/// What a number of tokens must look like.
pub const AMOUNT: &str = "a whole number of tokens from 1, such as 1000 or \"1.5B\"";

/// A name that can be part of a path, of a column, and of the name of a subgroup.
pub fn plain_name(view: &View<'_>) -> Result<String, BuildError> {
    let name = view.required("name", "text", text)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() || name.len() > MAX_NAME || name.starts_with('.') || !name.chars().all(is_plain) {
        let hint = "letters, digits, `.`, `_` and `-`, at most 64 of them, and no `.` in front";
        return Err(view.error_at("name", format!("`{name}` cannot be a name")).hint(hint));
    }
    Ok(name)
}

/// A number from `min` to `max`.
pub fn number_in(value: &DeValue<'_>, min: f64, max: f64) -> Option<f64> {
    number(value).filter(|number| (min..=max).contains(number))
}
