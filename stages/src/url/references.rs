//! `url.references`: how many articles of Wikipedia refer to the page.

use super::canonical::Canonicalizer;
use crate::references::{References, key_of, key_of_canonical};
use tokenmill_core::catalog::Shape;
use tokenmill_core::{Assets, BuildError, Default, Doc, Entry, Measure, Metric, Numbers, Param, Params, Rule, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "url.references",
    version: 1,
    about: "Judges a document by how many articles of Wikipedia refer to it.",
    shape: Shape::Measure,
    needs_text: false,
    costly: false,
    params: &[
        Param {
            name: "file",
            default: Default::Text(""),
            about: "a file that `tokenmill references` has made; without one nothing is measured",
        },
        Param { name: "min_articles", default: Default::NoLimit, about: "articles that refer to it, at least" },
        Param { name: "max_articles", default: Default::NoLimit, about: "articles that refer to it, at most" },
    ],
    metrics: &[Metric::number(
        "n_articles",
        "articles that refer to the page; absent without a file, or a URL of the web",
    )],
    asset_params: &["file"],
    page: include_str!("../../docs/url/references.md"),
    build,
};

const N_ARTICLES: usize = 0;

struct UrlReferences {
    table: Option<References>,
    canonicalizer: Canonicalizer,
    rules: Vec<Rule>,
}

fn build(params: &Params, assets: &dyn Assets) -> Result<Stage, BuildError> {
    let file = params.text("file");
    let table = if file.is_empty() { None } else { Some(read(file, assets)?) };
    let rules = [
        Rule::at_least("too_few_references", N_ARTICLES, params.limit("min_articles")),
        Rule::at_most("too_many_references", N_ARTICLES, params.limit("max_articles")),
    ];
    let rules = rules.into_iter().flatten().collect();
    Ok(Stage::Measure(Box::new(UrlReferences { table, canonicalizer: Canonicalizer::default(), rules })))
}

fn read(file: &str, assets: &dyn Assets) -> Result<References, BuildError> {
    let table = References::from_bytes(assets.bytes(file)?);
    table.map_err(|error| BuildError { message: format!("references `{file}`: {}", error.message), ..error })
}

impl Measure for UrlReferences {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        let Some(table) = &self.table else { return };
        let key = match doc.document().canonical_url.as_str() {
            "" => key_of(doc.url(), &self.canonicalizer),
            canonical => Some(key_of_canonical(canonical)),
        };
        if let Some(key) = key {
            numbers.set(N_ARTICLES, f32::from(table.n_articles(key)));
        }
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::references::{Head, record};
    use std::path::Path;
    use tokenmill_core::assets::MemoryAssets;

    /// The pages that the stage's own page speaks of, and how many articles refer to each.
    const PAGES: [(&str, u64); 3] = [
        ("http://www.museum.example/ships/anna/", 3),
        ("https://journal.example/2009/tides?id=7", 1),
        ("https://harbour.example/", 70_000),
    ];

    fn table() -> Vec<u8> {
        let canonicalizer = Canonicalizer::default();
        let mut keys = PAGES.map(|(url, n)| (key_of(url, &canonicalizer).unwrap(), n));
        keys.sort_unstable();
        Head { n_articles: 2 }.to_bytes().into_iter().chain(keys.iter().flat_map(|(key, n)| record(*key, *n))).collect()
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a file of the source tree")]
    fn the_file_of_the_page_is_what_it_should_be() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/assets/harbour.refs");
        if std::env::var_os("TOKENMILL_BLESS").is_some() {
            std::fs::write(&path, table()).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == table());
    }

    #[test]
    fn what_is_no_table_is_named() {
        let assets = MemoryAssets([("junk".to_owned(), b"junk"[..].into())].into());
        let mut params = Params::defaults(ENTRY.params);
        params.set("file", tokenmill_core::spec::Value::Text("junk".to_owned()));
        let error = build(&params, &assets).err().unwrap();
        assert!(error.message.contains("`junk`: it is no table"), "{}", error.message);
        assert!(error.hint.is_some());
    }
}
