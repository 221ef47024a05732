//! Reads `[source.index]`: what is wanted of an index of crawl files.

use super::error::ConfigError;
use super::view::View;
use crate::index::{IndexSpec, Key, MAX_LIST};
use crate::size;
use tokenmill_core::suggest::suggest;

/// Reads the table; what it does not say is as by default.
pub fn read(view: View<'_>) -> Result<IndexSpec, ConfigError> {
    let mut index = IndexSpec::default();
    for (key, list) in [("subsets", &mut index.subsets), ("languages", &mut index.languages), ("mime", &mut index.mime)]
    {
        if let Some(given) = view.strings(key)? {
            if given.len() > MAX_LIST {
                return Err(view.error_at(key, format!("{} entries are too many; at most {MAX_LIST} are", given.len())));
            }
            *list = given;
        }
    }
    let is_code = |code: &String| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_lowercase());
    if let Some(code) = index.languages.iter().find(|code| !is_code(code)) {
        let error = view.error_at("languages", format!("`{code}` is no ISO 639-3 code"));
        return Err(error.hint("the index has three letters: `eng`, `deu`, `fra`, `zho` …"));
    }
    let statuses = |value: &toml::Value| {
        let status = |value: &toml::Value| u16::try_from(value.as_integer()?).ok().filter(|status| *status < 1_000);
        match value {
            toml::Value::Array(values) if values.len() <= MAX_LIST => values.iter().map(status).collect(),
            value => status(value).map(|status| vec![status]),
        }
    };
    index.status = view.value("status", "a list of HTTP statuses", statuses)?.unwrap_or(index.status);
    let choices = [("keep", true), ("drop", false)];
    index.keeps_truncated = choice(&view, "truncated", &choices)?.unwrap_or(index.keeps_truncated);
    index.unique = choice(&view, "unique", &Key::ALL)?.unwrap_or(index.unique);
    let gap = |value: &toml::Value| match value.as_str() {
        Some("0" | "0B") => Some(0),
        Some(text) => size::parse(text),
        None => None,
    };
    index.gap = view.value("gap", "a size such as `64KiB`, or `0B`", gap)?.unwrap_or(index.gap);
    view.finish()?;
    Ok(index)
}

/// One of some words.
fn choice<T: Copy>(
    view: &View<'_>,
    key: &'static str,
    choices: &[(&'static str, T)],
) -> Result<Option<T>, ConfigError> {
    let Some(given) = view.string(key)? else { return Ok(None) };
    let found = choices.iter().find(|(name, _)| *name == given).map(|(_, choice)| *choice);
    let words: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
    found.map(Some).ok_or_else(|| {
        let message = format!("`source.index.{key}` is one of `{}`, not `{given}`", words.join("`, `"));
        view.error_at(key, message).hint(suggest(&given, &words))
    })
}
