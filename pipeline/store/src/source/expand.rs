//! Patterns into input files: on this machine, on object storage, and single addresses on the web.

use super::Input;
use super::input::find;
use super::names::{WILDCARDS, below, fixed_length, settle};
use crate::location::Location;
use crate::retry::Patience;
use crate::s3::{Connection, S3Uri, Walk};
use crate::{ObjectMeta, StoreError};
use glob::{MatchOptions, Pattern};
use std::path::Path;

/// The input files that `patterns` name, in the order of their names, each once.
///
/// # Errors
/// When a pattern is malformed or names nothing, or a place cannot be reached.
pub fn expand(patterns: &[String]) -> Result<Vec<Input>, StoreError> {
    expand_to(patterns, Path::is_file)
}

/// As [`expand`], but a folder of this machine is an input, too; what it holds is not.
///
/// # Errors
/// As [`expand`], and when a folder cannot be walked through.
pub(super) fn with_folders(patterns: &[String]) -> Result<Vec<Input>, StoreError> {
    expand_to(patterns, |path| path.is_file() || path.is_dir())
}

fn expand_to(patterns: &[String], is_input: fn(&Path) -> bool) -> Result<Vec<Input>, StoreError> {
    let mut inputs = Vec::new();
    for pattern in patterns {
        let found = match Location::parse(pattern)? {
            Location::Local(path) => local(&path.to_string_lossy(), is_input)?,
            Location::S3 if pattern.contains(WILDCARDS) => s3(pattern)?,
            Location::S3 | Location::Web => vec![find(pattern)?],
        };
        if found.is_empty() {
            return Err(StoreError::Usage(format!("`{pattern}` names no file")));
        }
        inputs.extend(found);
    }
    Ok(settle(inputs))
}

fn malformed(pattern: &str) -> impl Fn(glob::PatternError) -> StoreError {
    move |error| StoreError::Usage(format!("pattern `{pattern}`: {error}"))
}

/// Files of this machine.
fn local(pattern: &str, is_input: fn(&Path) -> bool) -> Result<Vec<Input>, StoreError> {
    let pattern = if pattern.len() > 1 { pattern.trim_end_matches('/') } else { pattern };
    let fixed = &pattern[..fixed_length(pattern)];
    let mut inputs = Vec::new();
    for path in glob::glob(pattern).map_err(malformed(pattern))? {
        let path = path.map_err(|error| {
            let at = error.path().display().to_string();
            StoreError::io("read", at)(error.into())
        })?;
        if is_input(&path) {
            let uri = path.display().to_string();
            inputs.push(Input { name: below(fixed, &uri), ..find(&uri)? });
        }
    }
    Ok(inputs)
}

/// Objects of a bucket: everything that begins with the fixed part of the pattern is listed, and matched here.
fn s3(pattern: &str) -> Result<Vec<Input>, StoreError> {
    let S3Uri { bucket, key } = S3Uri::parse(pattern)?;
    if bucket.contains(WILDCARDS) {
        return Err(StoreError::Usage(format!("pattern `{pattern}`: the name of a bucket cannot have wildcards")));
    }
    let (fixed, rest) = key.split_at(fixed_length(&key));
    let matcher = Pattern::new(rest).map_err(malformed(pattern))?;
    let options =
        MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };
    let prefix = &key[..key.find(WILDCARDS).unwrap_or(key.len())];
    let mut walk = Walk::new(Connection::shared()?, &bucket, prefix, !rest.contains('/') && !rest.contains("**"));
    let mut inputs = Vec::new();
    while let Some(page) = Patience::default().insist(|| walk.page())? {
        for entry in page {
            let Some(name) = entry.key.strip_prefix(fixed) else { continue };
            if matcher.matches_with(name, options) {
                let meta = ObjectMeta { bytes: entry.bytes, version: entry.version };
                inputs.push(Input::of(format!("s3://{bucket}/{}", entry.key), name.to_owned(), meta));
            }
        }
    }
    Ok(inputs)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files as a user would")]
mod tests {
    use super::*;

    #[test]
    fn patterns_expand_in_order_and_each_file_once() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        for name in ["b.warc", "a.warc", "c.txt", "sub/a.warc"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let at = |name: &str| folder.path().join(name).display().to_string();
        let found = expand(&[at("*.warc"), at("a.*")]).unwrap();
        assert_eq!(found.iter().map(|input| input.uri.clone()).collect::<Vec<_>>(), [at("a.warc"), at("b.warc")]);
        assert_eq!(found[0].bytes, 6);
        let names = |patterns: &[String]| -> Vec<String> {
            expand(patterns).unwrap().into_iter().map(|input| input.name).collect()
        };
        assert_eq!(names(&[at("**/*.warc")]), ["a.warc", "b.warc", "sub/a.warc"]);
        assert_eq!(names(&[at("sub/a.warc"), at("b.warc")]), ["a.warc", "b.warc"]);
        assert_eq!(names(&[at("sub/a.warc"), at("a.warc")]), [at("a.warc"), at("sub/a.warc")], "namesakes");
        assert!(expand(&[at("*.gz")]).unwrap_err().to_string().contains("names no file"));
        assert!(expand(&["gs://bucket/x".into()]).is_err());
    }
}
