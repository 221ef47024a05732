//! `dedup.url`: one capture of every URL.

use super::keep::{self, Preference};
use crate::url::canonical::Canonicalizer;
use tokenmill_core::catalog::Shape;
use tokenmill_core::exchange::{AGAINST, EQUAL_METRICS, Equal, Kind};
use tokenmill_core::hash::hash128;
use tokenmill_core::{Assets, BuildError, Default, Doc, Entry, Exchange, Param, Params, Sketch, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "dedup.url",
    version: 2,
    about: "Keeps one capture of every URL over all documents.",
    shape: Shape::Exchange(Kind::Equal),
    needs_text: false,
    costly: false,
    params: &[
        keep::PARAM,
        keep::SCORE,
        Param {
            name: "ignore_scheme",
            default: Default::Bool(true),
            about: "take `http` and `https` for the same page",
        },
        AGAINST,
    ],
    metrics: EQUAL_METRICS,
    asset_params: &[],
    page: include_str!("../../docs/dedup/url.md"),
    build,
};

struct DedupUrl {
    preference: Preference,
    ignore_scheme: bool,
    canonicalizer: Canonicalizer,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    Ok(Stage::Exchange(Exchange::Equal(Box::new(DedupUrl {
        preference: Preference::of(params)?,
        ignore_scheme: params.flag("ignore_scheme"),
        canonicalizer: Canonicalizer::default(),
    }))))
}

/// A URL behind its `://`: `http` and `https` lead to the same page.
pub(crate) fn without_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

impl DedupUrl {
    /// Hash of the URL in the form that `url.canonical` gave it, else in that of its defaults.
    fn key(&self, doc: &Doc<'_>) -> Option<u128> {
        let fresh;
        let url = match doc.document().canonical_url.as_str() {
            "" if doc.url().is_empty() => return None,
            "" => {
                fresh = self.canonicalizer.canonicalize(doc.url())?.url;
                &fresh
            }
            canonical => canonical,
        };
        let page = if self.ignore_scheme { without_scheme(url) } else { url };
        Some(hash128(page.as_bytes()))
    }
}

impl Equal for DedupUrl {
    fn sketch(&self, doc: &Doc<'_>) -> Option<Sketch> {
        Some(Sketch { key: self.key(doc)?, rank: self.preference.rank(doc) })
    }

    fn reason(&self) -> &'static str {
        "duplicate_url"
    }
}
