//! A file of limits for many languages and stages, which steps of a recipe name in `lang_table`.
//!
//! ```toml
//! [deu_Latn]
//! labels = ["de"]                # the same language as other models call it
//!
//! [deu_Latn."filter.gopher_quality"]
//! max_mean_word_length = 15
//! ```
//!
//! A step takes the tables of its stage. The whole file is checked, whichever of it is taken.

use super::House;
use super::error::{ConfigError, Text};
use super::node::{Node, Place, Tree};
use super::view::{View, at};
use std::collections::BTreeMap;
use tokenmill_core::suggest::suggest;
use tokenmill_core::{Entry, Params};
use tokenmill_store::{StoreError, source};

/// The key under a language that lists its other labels; a stage has a dot in its name.
const LABELS: &str = "labels";

/// A file that has been read.
pub struct LangTable {
    text: Text,
    root: Node,
}

impl LangTable {
    /// Reads the file at a path, or at an `s3://` or `https://` address.
    ///
    /// # Errors
    /// When it cannot be read or is not TOML.
    pub fn read(path: &str) -> Result<LangTable, ConfigError> {
        let content = source::read(path).and_then(|content| {
            String::from_utf8(content).map_err(|_| StoreError::corrupt(path, "a table of limits is UTF-8 text"))
        });
        let content = content.map_err(|error| match error {
            StoreError::Missing(_) => ConfigError::new(format!("the table of limits `{path}` does not exist"))
                .hint("paths are relative to the folder in which the program runs"),
            error => ConfigError::new(error.to_string()),
        })?;
        LangTable::of(Text { name: path.to_owned(), content })
    }

    fn of(text: Text) -> Result<LangTable, ConfigError> {
        let root = super::tree(&text)?;
        Ok(LangTable { text, root })
    }

    /// The parameters of a stage for every label that the file has any for, laid over `base`.
    ///
    /// # Errors
    /// On anything in the file that is not understood, with its place; and when it has nothing for the stage.
    pub fn params(
        &self,
        wanted: &Entry,
        base: &Params,
        house: &House<'_>,
    ) -> Result<BTreeMap<String, Params>, ConfigError> {
        let mut found = BTreeMap::new();
        let mut owners: BTreeMap<String, &str> = BTreeMap::new();
        for (lang, place, node) in self.entries(&self.root, "the file")? {
            for label in self.labels(lang, node)? {
                if let Some(owner) = owners.insert(label.clone(), lang) {
                    return Err(at(&self.text, place, format!("`{label}` is a label of `{owner}`, too")));
                }
                for (key, place, node) in self.entries(node, lang)?.iter().filter(|(key, _, _)| key != LABELS) {
                    let entry = house.catalog.get(key).ok_or_else(|| self.unknown(lang, key, place, house))?;
                    let view = View::of(&self.text, node, &format!("{lang}.\"{key}\""))?;
                    let is_wanted = entry.name == wanted.name;
                    let defaults = Params::defaults(entry.params);
                    let params = view.params(entry.params, if is_wanted { base } else { &defaults })?;
                    view.finish()?;
                    if is_wanted {
                        found.insert(label.clone(), params);
                    }
                }
            }
        }
        if found.is_empty() {
            let error = ConfigError::new(format!("`{}` has no table for `{}`", self.text.name, wanted.name));
            return Err(error.hint(format!("tables are written as `[de.\"{}\"]`", wanted.name)));
        }
        Ok(found)
    }

    /// The label that a language stands under, and its others.
    fn labels(&self, lang: &str, node: &Node) -> Result<Vec<String>, ConfigError> {
        let others = View::of(&self.text, node, lang)?.strings(LABELS)?;
        Ok([vec![lang.to_owned()], others.unwrap_or_default()].concat())
    }

    fn entries<'a>(&'a self, node: &'a Node, name: &str) -> Result<&'a [(String, Place, Node)], ConfigError> {
        match &node.value {
            Tree::Table(entries) => Ok(entries),
            _ => Err(at(&self.text, &node.place, format!("`{name}` must be a table"))),
        }
    }

    fn unknown(&self, lang: &str, key: &str, place: &Place, house: &House<'_>) -> ConfigError {
        let entries = house.catalog.entries();
        let error = at(&self.text, place, format!("unknown stage `{key}`"));
        match entries.iter().find(|entry| entry.params.iter().any(|param| param.name == key)) {
            Some(entry) => error.hint(format!("parameters stand under their stage: `[{lang}.\"{}\"]`", entry.name)),
            None => error.hint(suggest(key, &entries.iter().map(|entry| entry.name).collect::<Vec<_>>())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::catalog::Shape;
    use tokenmill_core::{BuildError, Catalog, Default, Param};

    const fn entry(name: &'static str, params: &'static [Param]) -> Entry {
        Entry {
            name,
            version: 1,
            about: "",
            shape: Shape::Measure,
            needs_text: false,
            costly: false,
            params,
            metrics: &[],
            asset_params: &[],
            page: "",
            build: |_, _| Err(BuildError::new("not in this test")),
        }
    }

    const LIMITS: &[Param] = &[
        Param { name: "min", default: Default::Limit(1.0), about: "" },
        Param { name: "max", default: Default::NoLimit, about: "" },
    ];
    const ENTRIES: &[Entry] = &[entry("filter.x", LIMITS), entry("filter.y", LIMITS)];

    fn read(content: &str) -> Result<BTreeMap<String, Params>, ConfigError> {
        let catalog = Catalog::join(&[ENTRIES]).unwrap();
        let mut base = Params::defaults(LIMITS);
        base.set("max", tokenmill_core::Value::Float(9.0));
        let table = LangTable::of(Text { name: "t.toml".into(), content: content.into() })?;
        table.params(&ENTRIES[0], &base, &House { catalog: &catalog, sections: &[] })
    }

    #[test]
    fn a_stage_takes_its_own_tables_for_every_label() {
        let content = "[deu_Latn]\nlabels = [\"de\"]\n[deu_Latn.\"filter.x\"]\nmin = 3\n[fr.\"filter.y\"]\nmin = 5\n";
        let found = read(content).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["de", "deu_Latn"]);
        assert_eq!((found["de"].limit("min"), found["de"].limit("max")), (Some(3.0), Some(9.0)));
        assert_eq!(found["de"], found["deu_Latn"]);
    }

    #[test]
    fn mistakes_are_shown_where_they_were_written() {
        for (content, message, place, hint) in [
            ("[de.\"filter.x\"]\nmim = 3\n", "unknown key `mim` in `de.\"filter.x\"`", "t.toml:2:1", "`min`"),
            ("[de.\"filter.y\"]\nmin = true\n", "must be a number", "t.toml:2:7", ""),
            ("[de]\nmin = 3\n", "unknown stage `min`", "t.toml:2:1", "`[de.\"filter.x\"]`"),
            ("[de.\"filter.z\"]\n", "unknown stage `filter.z`", "t.toml:1:5", "filter."),
            ("[a.\"filter.x\"]\n[b]\nlabels = [\"a\"]\n", "`a` is a label of `a`, too", "t.toml:2:2", ""),
            ("de = 3\n", "`de` must be a table", "t.toml:1:6", ""),
            ("[de.\"filter.y\"]\nmin = 3\n", "`t.toml` has no table for `filter.x`", "", "`[de.\"filter.x\"]`"),
            ("[de\n", "not TOML", "t.toml:1", ""),
        ] {
            let error = read(content).unwrap_err();
            assert!(error.message.contains(message), "{error}");
            assert!(error.place.clone().unwrap_or_default().contains(place), "{error}");
            assert!(error.hint.clone().unwrap_or_default().contains(hint), "{error}");
        }
    }
}
