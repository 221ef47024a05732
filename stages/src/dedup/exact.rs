//! `dedup.exact`: one document of every text.

use super::keep::{self, Preference};
use super::normal::Normal;
use super::scope::{self, Scope};
use tokenmill_core::catalog::Shape;
use tokenmill_core::exchange::{AGAINST, EQUAL_METRICS, Equal, Kind};
use tokenmill_core::{Assets, BuildError, Default, Doc, Entry, Exchange, Param, Params, Sketch, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "dedup.exact",
    version: 2,
    about: "Keeps one document of every text, up to white space, over all documents.",
    shape: Shape::Exchange(Kind::Equal),
    needs_text: true,
    costly: false,
    params: &[
        keep::PARAM,
        keep::SCORE,
        Param {
            name: "normalize",
            default: Default::Text("whitespace"),
            about: "what is the same text: `bytes`, `whitespace` (runs of it are one space) or `letters` (letters and \
                    digits only, in lower case)",
        },
        scope::PARAM,
        AGAINST,
    ],
    metrics: EQUAL_METRICS,
    asset_params: &[],
    page: include_str!("../../docs/dedup/exact.md"),
    build,
};

struct DedupExact {
    preference: Preference,
    normal: Normal,
    scope: Scope,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let (preference, normal) = (Preference::of(params)?, Normal::named(params.text("normalize"))?);
    Ok(Stage::Exchange(Exchange::Equal(Box::new(DedupExact { preference, normal, scope: Scope::of(params)? }))))
}

impl Equal for DedupExact {
    fn sketch(&self, doc: &Doc<'_>) -> Option<Sketch> {
        Some(Sketch { key: self.normal.key(self.scope.name(doc), doc.text())?, rank: self.preference.rank(doc) })
    }

    fn reason(&self) -> &'static str {
        "duplicate_text"
    }
}
