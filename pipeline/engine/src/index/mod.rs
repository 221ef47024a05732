//! Index first: which captures are wanted is decided by an index of the crawl, before a byte of a crawl file is fetched.
//!
//! | room | what it does | its tasks |
//! |---|---|---|
//! | `spec` | what a recipe wants of an index | |
//! | `judge` | phase `index`: reads the index and judges every row | one per index file |
//! | `unique` | phase `unique`: of the captures of a URL the newest stays; only when asked for | one per range of URLs |
//! | `locate` | phase `locate`: brings the wanted records of a crawl file together, by their offsets | one per range of files |
//! | `picked` | what the first map phase reads of each crawl file | one per crawl file |
//! | `rows`, `buckets`, `ledger` | what is shipped, how it is cut into ranges, what is told of every row | |
//!
//! Every phase that removes rows has a ledger of its own, so that `inspect why` tells of a page that was never fetched.

mod buckets;
mod judge;
mod ledger;
mod locate;
mod picked;
mod rows;
mod spec;
mod unique;

pub use picked::inputs as picked_inputs;
pub use rows::{kept_ids, kept_table};
pub use spec::{IndexSpec, Key, MAX_LIST};

use crate::spec::{SourceSpec, Spec};
use judge::IndexPhase;
use locate::LocatePhase;
use tokenmill_store::Phase;
use unique::UniquePhase;

/// Input of `unique` and `locate`: the phase whose wanted rows they take in.
pub const WANTED: &str = "wanted";
/// Input of `locate`: the index phase, which knows the names of the crawl files.
pub const NAMED: &str = "named";
/// Input of the first map phase: the located records.
pub const LOCATED: &str = "located";

/// Raised when the rows, their order or the judgement can change.
const FORMAT: u32 = 2;

/// A phase, the name of each input with the place of the phase it comes from, and what `tokenmill plan` says of it.
pub type Planned = (Box<dyn Phase>, Vec<(&'static str, usize)>, Vec<String>);

/// The phases that come before the first map phase, for recipes with an index.
pub fn phases(spec: &Spec) -> Vec<Planned> {
    let SourceSpec { index: Some(index), .. } = &spec.source else { return Vec::new() };
    let judge: Box<dyn Phase> = Box::new(IndexPhase::new(&spec.source, index));
    let mut phases: Vec<Planned> = vec![(judge, Vec::new(), index.notes())];
    if index.unique != Key::Off {
        phases.push((Box::new(UniquePhase), vec![(WANTED, 0)], Vec::new()));
    }
    let inputs = vec![(WANTED, phases.len() - 1), (NAMED, 0)];
    phases.push((Box::new(LocatePhase::new(index.gap, spec.limit)), inputs, Vec::new()));
    phases
}
