//! Which documents a training phase takes: every group is a stream, and the phases cut it one after the other.
//!
//! A stream is the documents of a group in the order of (key, id), over and over. Its places are counted in tokens, begin and
//! end tokens included; a document belongs to the interval in which its first token lies. An interval is told by the
//! documents at its ends, so that everybody who knows the cuts can say of a document alone where it goes.

pub mod records;
pub mod streams;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tokenmill_core::DocId;

/// Where a document stands in its stream.
pub type Place = (u64, DocId);

/// A part of one epoch of a stream, taken by one training phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// Number of the training phase, from 0.
    pub training: u32,
    /// How often the stream was used up before.
    pub epoch: u32,
    /// The first document; the first of the stream when absent.
    pub from: Option<Place>,
    /// The document behind the last; the end of the stream when absent.
    pub to: Option<Place>,
    /// Documents in it.
    pub n_documents: u64,
    /// Their tokens.
    pub n_tokens: u64,
}

impl Interval {
    /// Whether a document of the stream is in it.
    pub fn holds(&self, place: Place) -> bool {
        self.from.is_none_or(|from| from <= place) && self.to.is_none_or(|to| place < to)
    }
}

/// A training phase as shards are written for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Training {
    /// Its name.
    pub name: String,
    /// Tokens of a training sequence; 0 for any number.
    pub context: u64,
    /// Uses of documents.
    pub n_documents: u64,
    /// Tokens of all uses.
    pub n_tokens: u64,
}

/// All that is decided about what is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cuts {
    /// The training phases, in order.
    pub trainings: Vec<Training>,
    /// The intervals of every stream, by the name of its group.
    pub streams: BTreeMap<String, Vec<Interval>>,
}

impl Cuts {
    /// The uses of a document: the intervals of its group that hold it.
    pub fn uses(&self, group: &str, place: Place) -> impl Iterator<Item = &Interval> {
        self.streams.get(group).into_iter().flatten().filter(move |interval| interval.holds(place))
    }
}
