//! What a recipe says that is nobody else's business: where files lie on the author's machine, buckets, and secrets.
//!
//! Public addresses stay, because they say what a data set was made of. Of everything else the name of the file is left.

use crate::spec::Spec;
use std::borrow::Cow;
use std::collections::BTreeMap;
use tokenmill_core::catalog::Shape;
use tokenmill_store::StoreError;
use toml::{Table, Value};

/// Buckets that anybody can read.
const PUBLIC_BUCKETS: [&str; 1] = ["commoncrawl"];

/// The parameter that names a file with a secret: not even its name is told.
pub const KEY_FILE: &str = "key_file";

/// What is said instead.
const WITHHELD: &str = "withheld";

/// A place, as others may see it: a public address without what identifies a person, else the name of the file.
pub fn place(uri: &str) -> String {
    match uri.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => {
            let (rest, digest) =
                rest.split_once("#sha256=").map_or((rest, None), |(rest, digest)| (rest, Some(digest)));
            let rest = rest.split(['?', '#']).next().unwrap_or_default();
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = host.rsplit('@').next().unwrap_or_default();
            let digest = digest.map(|digest| format!("#sha256={digest}")).unwrap_or_default();
            format!("{scheme}://{host}/{path}{digest}")
        }
        Some(("s3", rest)) if PUBLIC_BUCKETS.iter().any(|bucket| rest.split('/').next() == Some(bucket)) => {
            uri.to_owned()
        }
        _ => file_name(uri).to_owned(),
    }
}

/// What a document says of the file that it was read from: a name below the folder of the recipe, unless two files would
/// have had one name.
pub fn source(name: &str) -> Cow<'_, str> {
    if name.starts_with('/') || name.contains("://") || name.split('/').any(|part| part == "..") {
        Cow::Owned(place(name))
    } else {
        Cow::Borrowed(name)
    }
}

/// The last part of a path that is not empty.
fn file_name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or_default()
}

/// An asset as a recipe names it: a name of the table of assets stays, `gpt2=some/file` keeps what is before the file.
pub fn asset(name: &str) -> String {
    if name.starts_with("https://") || !name.contains('/') {
        return place(name);
    }
    match name.split_once('=') {
        Some((kind, path)) if !kind.contains('/') => format!("{kind}={}", place(path)),
        _ => place(name),
    }
}

/// A text of a recipe that may be a path or an address, and mostly is neither.
fn any(text: &str) -> String {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    let is_address =
        scheme.is_some_and(|scheme| !scheme.is_empty() && scheme.bytes().all(|c| c.is_ascii_alphanumeric()));
    let starts = |starts: &[&str]| starts.iter().any(|start| text.starts_with(start));
    // A rule about addresses may say `/tag/`; a path of a machine has more than one part.
    let n_parts = text.split('/').filter(|part| !part.is_empty()).count();
    let is_path = starts(&["~/", "./", "../"]) || (text.starts_with('/') && n_parts > 1);
    if is_address || is_path { place(text) } else { text.to_owned() }
}

/// Applies `change` to every text in a value.
fn each(value: &mut Value, change: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, change)),
        Value::Table(table) => table.iter_mut().for_each(|(_, item)| each(item, change)),
        _ => {}
    }
}

/// What decides how the parameters of a step or section are told.
#[derive(Clone, Copy)]
struct Params<'a> {
    /// Those that name assets.
    assets: &'a [&'a str],
    /// Whether they hold a command of the author's.
    is_command: bool,
}

/// The parameters of one step, as others may see them.
fn step(table: &mut Table, params: Params<'_>) {
    for (key, value) in table.iter_mut() {
        if key == KEY_FILE {
            if value.as_str().is_some_and(|text| !text.is_empty()) {
                *value = WITHHELD.into();
            }
        } else if params.is_command && key == "command" {
            // Arguments of a command may be anything, passwords too.
            let program = value.as_array().and_then(|words| words.first()?.as_str().map(file_name));
            let mut told: Vec<Value> = program.map(|program| vec![program.into()]).unwrap_or_default();
            if value.as_array().is_some_and(|words| words.len() > 1) {
                told.push(WITHHELD.into());
            }
            *value = told.into();
        } else if params.is_command && key == "files" {
            each(value, &place);
        } else if params.assets.iter().any(|name| name.trim_end_matches('/') == key) {
            each(value, &asset);
        } else if let ("lang", Value::Table(by_lang)) = (key.as_str(), &mut *value) {
            by_lang.iter_mut().filter_map(|(_, table)| table.as_table_mut()).for_each(|table| step(table, params));
        } else {
            each(value, &any);
        }
    }
}

/// The resolved recipe, as others may see it.
///
/// # Errors
/// When it is not TOML.
pub fn recipe(resolved: &str, spec: &Spec) -> Result<Table, StoreError> {
    let mut root: Table = resolved.parse().map_err(|error| StoreError::corrupt("config.resolved.toml", error))?;
    let steps: BTreeMap<&str, Params<'_>> = spec
        .steps()
        .map(|step| {
            let is_command = step.entry.shape == Shape::Pipe;
            (step.name.as_str(), Params { assets: step.entry.asset_params, is_command })
        })
        .collect();
    let unknown = Params { assets: &[], is_command: true };
    for (key, value) in root.iter_mut() {
        match (key.as_str(), value) {
            ("run", Value::Table(run)) => {
                run.insert("root".into(), "runs".into());
            }
            ("source", Value::Table(source)) => {
                let places = source.iter_mut().filter(|(key, _)| !["kind", "columns"].contains(&key.as_str()));
                places.for_each(|(_, value)| {
                    each(value, &|text| if text.contains(['/', '\\']) { place(text) } else { any(text) })
                });
            }
            ("step", Value::Array(tables)) => {
                for table in tables.iter_mut().filter_map(Value::as_table_mut) {
                    let name = table.get("name").and_then(Value::as_str).unwrap_or_default();
                    let params = steps.get(name).copied().unwrap_or(unknown);
                    step(table, params);
                }
            }
            // What follows the steps names metrics, numbers and files; only files have a folder.
            (_, section @ Value::Table(_)) => {
                each(section, &|text| if text.contains('/') { asset(text) } else { any(text) })
            }
            (_, value) => each(value, &any),
        }
    }
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_as_far_as_they_are_public() {
        for (uri, told) in [
            ("/archive/jo/crawls/a*.warc.gz", "a*.warc.gz"),
            ("crawls/a.warc.gz", "a.warc.gz"),
            ("D:\\jo\\a.txt", "a.txt"),
            ("s3://secret-bucket/x/y.warc.gz", "y.warc.gz"),
            (
                "s3://commoncrawl/crawl-data/CC-MAIN-2024-33/warc.paths.gz",
                "s3://commoncrawl/crawl-data/CC-MAIN-2024-33/warc.paths.gz",
            ),
            ("s3://commoncrawl-mine/x", "x"),
            ("https://jo:pw@a.example/x/y?sig=1#z", "https://a.example/x/y"),
            ("https://a.example/m#sha256=ab", "https://a.example/m#sha256=ab"),
            ("file:///archive/jo/x", "x"),
        ] {
            assert_eq!(place(uri), told, "{uri}");
        }
        assert_eq!(
            [source("sub/a.warc"), source("/archive/jo/a.warc"), source("../x/a.warc")],
            ["sub/a.warc", "a.warc", "a.warc"]
        );
        for (name, told) in
            [("lid.176.ftz", "lid.176.ftz"), ("gpt2=/archive/jo/v.tiktoken", "gpt2=v.tiktoken"), ("models/x/", "x")]
        {
            assert_eq!(asset(name), told, "{name}");
        }
        for (text, told) in [
            ("a / b > 1", "a / b > 1"),
            ("https?://", "https?://"),
            ("/", "/"),
            ("/tag/", "/tag/"),
            ("/etc/x", "x"),
            ("../x/y", "y"),
        ] {
            assert_eq!(any(text), told, "{text}");
        }
    }

    #[test]
    fn a_step_keeps_its_numbers_and_loses_its_secrets() {
        let text = "min = 5\nkey_file = \"/k\"\ncommand = [\"/opt/x/run\", \"--password=1\"]\nmodel = \"my/m\"\nfiles = [\"/a/b\"]\n[lang.de]\nmodel = \"/x/n\"\n";
        let mut table: Table = text.parse().unwrap();
        step(&mut table, Params { assets: &["model/"], is_command: true });
        let expected = "min = 5\nkey_file = \"withheld\"\ncommand = [\"run\", \"withheld\"]\nmodel = \"m\"\nfiles = [\"b\"]\n[lang.de]\nmodel = \"n\"\n";
        assert_eq!(table, expected.parse().unwrap());
    }
}
