//! What a user may write where an asset is expected: a name, a path, or an address with its digest.

use super::AssetError;
use super::source::Source;
use super::table::{Asset, Tables, is_sha256};
use std::path::PathBuf;

/// What a text refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    /// An asset with a known digest, from a table or from an address.
    Pinned(Asset, Option<u64>),
    /// A file of the user's.
    File(PathBuf),
}

/// Finds out what `text` refers to: a name of a table, `https://…#sha256=…`, else an existing file or anything with
/// a folder in it.
pub(super) fn resolve(text: &str, tables: &Tables) -> Result<Reference, AssetError> {
    if let Some(asset) = tables.get(text) {
        return Ok(Reference::Pinned(asset.clone(), Some(asset.bytes)));
    }
    if text.starts_with("https://") {
        return address(text);
    }
    if text.contains("://") {
        let why = format!("`{text}` is not an address that assets can come from");
        return Err(AssetError::Usage { why, hint: "use `https://…#sha256=…`, or a path".to_owned() });
    }
    let path = PathBuf::from(text);
    if path.is_file() || text.contains(std::path::MAIN_SEPARATOR) {
        return Ok(Reference::File(path));
    }
    Err(AssetError::Unknown { name: text.to_owned(), hint: suggest(text, tables) })
}

fn address(text: &str) -> Result<Reference, AssetError> {
    let (url, sha256) = text.split_once("#sha256=").unwrap_or((text, ""));
    if !is_sha256(sha256) {
        let why = format!("`{text}` does not say which content is meant");
        let hint = "append `#sha256=` and the 64 hexadecimal digits that `sha256sum` prints for the file".to_owned();
        return Err(AssetError::Usage { why, hint });
    }
    let last = url.split(['?', '#']).next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let name: String = last.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).collect();
    let name = name.trim_start_matches('.');
    let asset = Asset {
        name: if name.is_empty() { "file".to_owned() } else { name.to_owned() },
        version: String::new(),
        kind: "file".to_owned(),
        licence: String::new(),
        sha256: sha256.to_owned(),
        bytes: 0,
        sources: vec![Source::Https { url: url.to_owned() }],
    };
    Ok(Reference::Pinned(asset, None))
}

fn suggest(text: &str, tables: &Tables) -> String {
    let distance = |asset: &&Asset| strsim::damerau_levenshtein(text, &asset.name);
    match tables.iter().min_by_key(distance).filter(|asset| distance(asset) <= 2) {
        Some(near) => {
            format!("did you mean `{}`? `tokenmill assets` lists all; a file is given by its path", near.name)
        }
        None => "`tokenmill assets` lists the names; a file is given by its path, with its folder".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::BUILT_IN;
    use super::*;

    fn tables() -> Tables {
        let mut tables = Tables::default();
        tables.add(BUILT_IN).unwrap();
        tables
    }

    #[test]
    fn names_come_before_paths() {
        let found = resolve("lid.176.ftz", &tables()).unwrap();
        assert!(matches!(found, Reference::Pinned(asset, Some(938_013)) if asset.name == "lid.176.ftz"));
        assert_eq!(resolve("models/x.ftz", &tables()).unwrap(), Reference::File("models/x.ftz".into()));
    }

    #[test]
    fn addresses_need_a_digest() {
        let sha256 = "0".repeat(64);
        let found = resolve(&format!("https://example.org/m/x.ftz?v=1#sha256={sha256}"), &tables()).unwrap();
        let Reference::Pinned(asset, None) = found else { panic!("{found:?}") };
        assert_eq!((asset.name.as_str(), asset.sha256), ("x.ftz", sha256.clone()));
        assert_eq!(asset.sources, [Source::Https { url: "https://example.org/m/x.ftz?v=1".into() }]);
        for text in ["https://example.org/x", "https://example.org/x#sha256=12", "http://example.org/x"] {
            assert!(matches!(resolve(text, &tables()), Err(AssetError::Usage { .. })), "{text}");
        }
        let dots = resolve(&format!("https://example.org/..#sha256={sha256}"), &tables()).unwrap();
        assert!(matches!(dots, Reference::Pinned(asset, _) if asset.name == "file"));
    }

    #[test]
    fn unknown_names_get_a_suggestion() {
        let error = resolve("lid.167.ftz", &tables()).unwrap_err();
        assert!(error.hint().unwrap().contains("did you mean `lid.176.ftz`"));
        let error = resolve("something", &tables()).unwrap_err();
        assert!(error.hint().unwrap().contains("tokenmill assets"));
    }
}
