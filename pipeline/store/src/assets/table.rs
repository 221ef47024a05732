//! Tables of assets: `assets.toml`, which is part of the program, and the `[[asset]]` entries of a recipe.

use super::AssetError;
use super::source::Source;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The table that is part of the program.
pub const BUILT_IN: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets.toml"));

/// One asset: what it is, and where it can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The name by which stages ask for it.
    pub name: String,
    /// Version of the content, as its publisher counts or from 1.
    pub version: String,
    /// What kind of file it is, for people.
    pub kind: String,
    /// Its licence, an SPDX identifier where there is one.
    pub licence: String,
    /// Sha256 of the content in hexadecimal.
    pub sha256: String,
    /// Size of the content.
    pub bytes: u64,
    /// Where it can be had, in the order to try.
    pub sources: Vec<Source>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    asset: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    version: String,
    kind: String,
    licence: String,
    sha256: String,
    bytes: u64,
    sources: Vec<String>,
}

/// Assets by name.
#[derive(Debug, Default, Clone)]
pub(super) struct Tables(BTreeMap<String, Asset>);

impl Tables {
    /// Adds the `[[asset]]` entries of a TOML text. A name may be said twice only with the same content.
    pub(super) fn add(&mut self, text: &str) -> Result<(), AssetError> {
        let table: Table = toml::from_str(text).map_err(|error| AssetError::Table { why: error.to_string() })?;
        for written in table.asset {
            let asset = written.check().map_err(|why| AssetError::Table { why })?;
            match self.0.get(&asset.name) {
                Some(known) if known.sha256 != asset.sha256 => {
                    let why = format!("`{}` is already known with another sha256; give yours a new name", asset.name);
                    return Err(AssetError::Table { why });
                }
                _ => self.0.insert(asset.name.clone(), asset),
            };
        }
        Ok(())
    }

    /// The asset of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Asset> {
        self.0.get(name)
    }

    /// All assets, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Asset> {
        self.0.values()
    }
}

impl Written {
    fn check(self) -> Result<Asset, String> {
        let Written { name, version, kind, licence, sha256, bytes, sources } = self;
        let named = name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if !named {
            return Err(format!("`{name}` is not a name, use letters, digits, `.`, `_` and `-`"));
        }
        if !is_sha256(&sha256) {
            return Err(format!("`{name}`: `{sha256}` is not a sha256 of 64 lower-case hexadecimal digits"));
        }
        let sources = sources.iter().map(|source| Source::parse(source)).collect::<Result<_, _>>();
        let sources = sources.map_err(|why| format!("`{name}`: {why}"))?;
        Ok(Asset { name, version, kind, licence, sha256, bytes, sources })
    }
}

/// Whether `text` is a sha256 as this program writes it.
pub(super) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, sha256: &str) -> String {
        format!(
            "[[asset]]\nname = \"{name}\"\nversion = \"1\"\nkind = \"list\"\nlicence = \"MIT\"\nsha256 = \"{sha256}\"\nbytes = 3\nsources = [\"https://example.org/a\"]\n"
        )
    }

    #[test]
    fn the_built_in_table_is_sound_and_sorted() {
        let mut tables = Tables::default();
        tables.add(BUILT_IN).unwrap();
        let written: Vec<&str> = BUILT_IN.lines().filter_map(|line| line.strip_prefix("name = ")).collect();
        assert!(written.is_sorted(), "{written:?}");
        assert_eq!(tables.iter().count(), written.len());
        assert!(tables.iter().all(|asset| !asset.sources.is_empty() && asset.bytes > 0));
    }

    #[test]
    fn a_recipe_adds_names_but_cannot_change_them() {
        let mut tables = Tables::default();
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        tables.add(&entry("mine", &a)).unwrap();
        tables.add(&entry("mine", &a)).unwrap();
        assert!(tables.add(&entry("mine", &b)).unwrap_err().to_string().contains("already known"));
    }

    #[test]
    fn refuses_bad_entries() {
        let good = "a".repeat(64);
        for (text, part) in [
            (entry("../x", &good), "not a name"),
            (entry("x", "A"), "not a sha256"),
            (entry("x", &good).replace("https", "ftp"), "not a source"),
            (entry("x", &good) + "colour = \"red\"\n", "colour"),
            ("[[assets]]\n".to_owned(), "assets"),
        ] {
            let error = Tables::default().add(&text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
