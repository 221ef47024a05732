//! `dedup.minhash`: of near duplicates, one is kept.

mod detail;
mod preset;
mod shingles;
mod sign;

use super::keep::{self, Preference};
use super::scope::{self, Scope};
use preset::Scheme;
use sign::Signer;
use std::cell::RefCell;
use tokenmill_core::catalog::Shape;
use tokenmill_core::exchange::{AGAINST, Compared, KEEP_SKETCHES, Kind, METRICS, Similar};
use tokenmill_core::{Assets, BuildError, Default, Doc, Entry, Exchange, Param, Params, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "dedup.minhash",
    version: 1,
    about: "Keeps one of every group of near duplicates over all documents, after comparing them.",
    shape: Shape::Exchange(Kind::Similar),
    needs_text: true,
    costly: false,
    params: &[
        keep::PARAM,
        keep::SCORE,
        scope::PARAM,
        Param {
            name: "preset",
            default: Default::Text("fineweb"),
            about: "how candidates are found: `fineweb` (14 keys of 8, 5 words), `refinedweb` (450 of 20, 5 words), `dclm` \
                    (93 of 15, 5 words), `nemo` (20 of 13, 24 characters) or `duplodocus` (26 of 11, 5 words)",
        },
        Param { name: "shingle", default: Default::Text(""), about: "`word` or `char` instead of that of the preset" },
        Param {
            name: "ngram",
            default: Default::Int(0),
            about: "words or characters of a shingle; 0: as the preset has it",
        },
        Param { name: "bands", default: Default::Int(0), about: "keys of a document (b); 0: as the preset has it" },
        Param {
            name: "rows",
            default: Default::Int(0),
            about: "minima that a key is made of (r); 0: as the preset has it",
        },
        Param { name: "seed", default: Default::Int(0), about: "seed of the hash functions" },
        Param {
            name: "max_shingles",
            default: Default::Int(500_000),
            about: "shingles of a text that are looked at, from its start",
        },
        Param {
            name: "verify",
            default: Default::Bool(true),
            about: "remove a candidate only after comparing it with what is kept; without, all that share a key, also \
                    through others, are one group",
        },
        Param {
            name: "verify_jaccard",
            default: Default::Limit(0.8),
            about: "shared shingles of a candidate and a kept document, of all that one of them has, at least",
        },
        Param {
            name: "verify_containment",
            default: Default::NoLimit,
            about: "besides, share of the candidate's shingles that the kept document has, at least",
        },
        Param {
            name: "verify_shingles",
            default: Default::Int(4096),
            about: "shingles that are compared; documents with no more different ones are compared exactly",
        },
        Param {
            name: "verify_representatives",
            default: Default::Int(64),
            about: "kept documents of a cluster that a candidate is compared with: those kept or matched last",
        },
        AGAINST,
        KEEP_SKETCHES,
    ],
    metrics: METRICS,
    asset_params: &[],
    page: include_str!("../../../docs/dedup/minhash.md"),
    build,
};

struct MinHash {
    preference: Preference,
    scope: Scope,
    scheme: Scheme,
    signer: Signer,
    max_shingles: usize,
    verify: Option<Verify>,
    /// Shingles that are stored for later runs.
    n_kept_shingles: usize,
}

/// What a candidate must reach.
struct Verify {
    jaccard: Option<f32>,
    containment: Option<f32>,
    n_shingles: usize,
    n_representatives: usize,
}

thread_local! {
    /// Buffers that are reused for the next document.
    static BUFFERS: RefCell<(Vec<u64>, Vec<u32>)> = RefCell::default();
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let scheme = Scheme::of(params)?;
    let at_least = |name: &str, least: usize| {
        let value = usize::try_from(params.int(name)).ok().filter(|value| *value >= least);
        value.ok_or_else(|| BuildError::new(format!("`{name}` must be at least {least}")))
    };
    let share = |name: &str| match params.limit(name) {
        Some(value) if !(0.0..=1.0).contains(&value) => {
            Err(BuildError::new(format!("`{name}` must be between 0 and 1, not {value}")))
        }
        limit => Ok(limit),
    };
    let verify = Verify {
        jaccard: share("verify_jaccard")?,
        containment: share("verify_containment")?,
        n_shingles: at_least("verify_shingles", 16)?,
        n_representatives: at_least("verify_representatives", 1)?,
    };
    let n_kept_shingles = match params.int(KEEP_SKETCHES.name) {
        0 => 0,
        _ => at_least(KEEP_SKETCHES.name, 16)?.min(verify.n_shingles),
    };
    let minhash = MinHash {
        n_kept_shingles,
        preference: Preference::of(params)?,
        scope: Scope::of(params)?,
        scheme,
        signer: Signer::new(scheme, params.int("seed") as u64),
        max_shingles: at_least("max_shingles", 1)?,
        verify: params.flag("verify").then_some(verify),
    };
    Ok(Stage::Exchange(Exchange::Similar(Box::new(minhash))))
}

impl MinHash {
    /// Hands the shingles of a document to `take`.
    fn with_shingles(&self, doc: &Doc<'_>, take: impl FnOnce(&mut Vec<u32>)) {
        BUFFERS.with_borrow_mut(|(units, shingles)| {
            shingles.clear();
            self.scheme.shingles.of(doc, self.max_shingles, units, shingles);
            take(shingles);
        });
    }
}

impl Similar for MinHash {
    fn keys(&self, doc: &Doc<'_>, keys: &mut Vec<u64>) {
        self.with_shingles(doc, |shingles| self.signer.keys(shingles, self.scope.salt(doc), keys));
    }

    fn rank(&self, doc: &Doc<'_>) -> u64 {
        self.preference.rank(doc)
    }

    fn detail(&self, doc: &Doc<'_>, out: &mut Vec<u8>) {
        if let Some(verify) = &self.verify {
            self.with_shingles(doc, |shingles| detail::write(shingles, verify.n_shingles, out));
        }
    }

    fn keep(&self, doc: &Doc<'_>, out: &mut Vec<u8>) {
        if self.verify.is_some() {
            self.with_shingles(doc, |shingles| detail::write(shingles, self.n_kept_shingles, out));
        }
    }

    fn compare(&self, kept: &[u8], candidate: &[u8]) -> Compared {
        let Some(verify) = &self.verify else { return Compared { similarity: None, passes: true } };
        let overlap = detail::compare(kept, candidate);
        let passes = verify.jaccard.is_none_or(|limit| overlap.jaccard >= limit)
            && verify.containment.is_none_or(|limit| overlap.containment >= limit);
        Compared { similarity: Some(overlap.jaccard), passes }
    }

    fn representatives(&self) -> usize {
        self.verify.as_ref().map_or(1, |verify| verify.n_representatives)
    }

    fn limit(&self) -> Option<f32> {
        self.verify.as_ref()?.jaccard
    }

    fn reason(&self) -> &'static str {
        "near_duplicate"
    }

    fn notes(&self) -> Vec<String> {
        self.scheme.notes()
    }
}
