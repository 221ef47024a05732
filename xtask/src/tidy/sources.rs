//! The text files of the repository, read once for all rules.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::repo::Repo;

/// Paths from the root with the texts; files that are not UTF-8 have no text but are known to exist.
pub struct Sources(BTreeMap<String, Option<String>>);

impl Sources {
    /// Reads the whole repository.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(repo: &Repo) -> Result<Self> {
        let read = |path: String| {
            let bytes = repo.read_bytes(&path)?;
            Ok((path, String::from_utf8(bytes).ok()))
        };
        Ok(Self(repo.files()?.into_iter().map(read).collect::<Result<_>>()?))
    }

    /// Made-up files.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))).collect())
    }

    /// The number of files.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is a file or a folder of this path.
    pub fn exists(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        self.0.contains_key(path) || self.0.range(folder.clone()..).next().is_some_and(|(p, _)| p.starts_with(&folder))
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).and_then(Option::as_deref)
    }

    /// All texts whose path ends like this, in order of their paths.
    pub fn ending<'s>(&'s self, end: &'s str) -> impl Iterator<Item = (&'s str, &'s str)> {
        self.0
            .iter()
            .filter(move |(path, _)| path.ends_with(end))
            .filter_map(|(path, text)| text.as_deref().map(|text| (path.as_str(), text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_exist_when_something_is_in_them() {
        let sources = Sources::of(&[("docs/adr/0001-x.md", ""), ("docs-old.md", "")]);
        assert!(sources.exists("docs") && sources.exists("docs/adr") && sources.exists("docs/adr/0001-x.md"));
        assert!(!sources.exists("doc") && !sources.exists("docs/ad"));
    }
}
