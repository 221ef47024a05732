//! `dedup.exact`: one document of every text.

use super::keep::{self, Preference};
use super::normal::Normal;
use tokenmill_core::catalog::Shape;
use tokenmill_core::{Assets, BuildError, Default, Doc, Entry, Exchange, Param, Params, Sketch, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "dedup.exact",
    version: 1,
    about: "Keeps one document of every text, up to white space, over all documents.",
    shape: Shape::Exchange,
    needs_text: true,
    costly: false,
    params: &[
        keep::PARAM,
        Param {
            name: "normalize",
            default: Default::Text("whitespace"),
            about: "what is the same text: `bytes`, `whitespace` (runs of it are one space) or `letters` (letters and \
                    digits only, in lower case)",
        },
        Param {
            name: "scope",
            default: Default::Text("all"),
            about: "`all` documents, or those of one `language` at a time",
        },
    ],
    metrics: &[],
    asset_params: &[],
    page: include_str!("../../docs/dedup/exact.md"),
    build,
};

struct DedupExact {
    preference: Preference,
    normal: Normal,
    by_language: bool,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let by_language = match params.text("scope") {
        "all" => false,
        "language" => true,
        other => return Err(BuildError::new(format!("`scope` must be `all` or `language`, not `{other}`"))),
    };
    let (preference, normal) = (Preference::of(params)?, Normal::named(params.text("normalize"))?);
    Ok(Stage::Exchange(Box::new(DedupExact { preference, normal, by_language })))
}

impl Exchange for DedupExact {
    fn sketch(&self, doc: &Doc<'_>) -> Option<Sketch> {
        let scope = if self.by_language { doc.lang() } else { "" };
        Some(Sketch { key: self.normal.key(scope, doc.text())?, rank: self.preference.rank(doc) })
    }

    fn reason(&self) -> &'static str {
        "duplicate_text"
    }
}
