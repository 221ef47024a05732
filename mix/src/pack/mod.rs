//! Packing: which pieces of which documents make up each training sequence.
//!
//! Documents come as lengths (with begin and end tokens) in shuffled order. The result says which pieces follow each other
//! in the shard, and where sequences begin. It depends on the lengths alone.

mod best_fit;
mod capacities;
mod concat;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use tokenmill_core::BuildError;

/// The largest context that [`Packing::BestFit`] takes, in tokens: it keeps four bytes for every possible free space.
pub const MAX_CONTEXT: u64 = 1 << 24;

/// The longest piece: Megatron's index has 31 bits for a length.
pub const MAX_PIECE: u64 = i32::MAX as u64;

/// How documents become training sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Packing {
    /// Documents end to end, cut every `context` tokens; the last sequence may be shorter.
    Concat,
    /// Best-fit decreasing: documents are cut only when longer than `context` (Ding et al. 2024, arXiv 2404.10830).
    BestFit,
    /// One sequence for each document.
    None,
}

/// What becomes of a document that is longer than the context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Long {
    /// It is cut into pieces of `context` tokens, and the rest is packed like a document.
    Fragment,
    /// Its first `context` tokens are kept.
    Truncate,
}

impl Packing {
    /// The names in recipes.
    pub fn names() -> [&'static str; 3] {
        [Packing::Concat, Packing::BestFit, Packing::None].map(Packing::name)
    }

    /// The name in recipes and manifests.
    pub fn name(self) -> &'static str {
        match self {
            Packing::Concat => "concat",
            Packing::BestFit => "best_fit",
            Packing::None => "none",
        }
    }

    /// The method of a name.
    ///
    /// # Errors
    /// When there is none; the hint lists all.
    pub fn of_name(name: &str) -> Result<Packing, BuildError> {
        let found =
            [Packing::Concat, Packing::BestFit, Packing::None].into_iter().find(|packing| packing.name() == name);
        found.ok_or_else(|| unknown("packing method", name, &Packing::names()))
    }

    /// Whether this method can make sequences of `context` tokens.
    ///
    /// # Errors
    /// When `context` is 0 and the method needs a limit, or when it is too large for the method.
    pub fn check(self, context: u64) -> Result<(), BuildError> {
        let (problem, hint) = match self {
            Packing::None => return Ok(()),
            _ if context == 0 => ("needs a context of at least 1 token", "give a context, or take the packing `none`"),
            Packing::BestFit if context > MAX_CONTEXT => {
                ("takes a context of at most 16,777,216 tokens", "take the packing `concat`, or a smaller context")
            }
            _ => return Ok(()),
        };
        let message = format!("the packing `{}` {problem}, not `{context}`", self.name());
        Err(BuildError { message, hint: Some(hint.to_owned()) })
    }
}

impl Long {
    /// The names in recipes.
    pub fn names() -> [&'static str; 2] {
        [Long::Fragment, Long::Truncate].map(Long::name)
    }

    /// The name in recipes and manifests.
    pub fn name(self) -> &'static str {
        match self {
            Long::Fragment => "fragment",
            Long::Truncate => "truncate",
        }
    }

    /// The treatment of a name.
    ///
    /// # Errors
    /// When there is none; the hint lists all.
    pub fn of_name(name: &str) -> Result<Long, BuildError> {
        let found = [Long::Fragment, Long::Truncate].into_iter().find(|long| long.name() == name);
        found.ok_or_else(|| unknown("treatment of long documents", name, &Long::names()))
    }
}

fn unknown(what: &str, name: &str, names: &[&str]) -> BuildError {
    BuildError {
        message: format!("there is no {what} `{name}`"),
        hint: Some(format!("take one of `{}`", names.join("`, `"))),
    }
}

/// A run of tokens of one document: all of it, or a fragment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// Place of the document in the shuffled order.
    pub document: u32,
    /// First token in the document.
    pub start: u64,
    /// Tokens.
    pub len: u32,
}

/// What a shard holds, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// The pieces in the order of the `.bin`. Every document has at least one; that of an empty document is empty.
    pub pieces: Vec<Piece>,
    /// Token offsets of the sequences in the `.bin`, and its end. No sequence is empty.
    pub offsets: Vec<u64>,
    /// Tokens of long documents that were dropped.
    pub n_truncated: u64,
}

impl Packed {
    /// Training sequences.
    pub fn n_sequences(&self) -> u64 {
        self.offsets.len().saturating_sub(1) as u64
    }

    /// Tokens of all pieces.
    pub fn n_tokens(&self) -> u64 {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// The part of all places of all sequences that a reader has to fill up when it pads them to `context`: 0 to 1.
    pub fn padding(&self, context: u64) -> f64 {
        let places = self.n_sequences() * context;
        if places == 0 { 0.0 } else { places.saturating_sub(self.n_tokens()) as f64 / places as f64 }
    }
}

/// Packs documents of these lengths, given in shuffled order.
///
/// A context of 0 means no limit. Contexts beyond [`MAX_PIECE`], and for best fit beyond [`MAX_CONTEXT`], are taken for
/// the largest that is allowed; [`Packing::check`] refuses them with words. Time is linear in documents and context but for
/// the best-fit search, which takes at most four steps for a document. Memory is 16 bytes a piece, 8 a document and, for
/// best fit, 4 bytes for each token of the context.
///
/// # Panics
/// With 2^32 documents or more: a shard is made in memory, and those do not fit.
pub fn pack(lengths: &[u64], context: u64, packing: Packing, long: Long) -> Packed {
    assert!(u32::try_from(lengths.len()).is_ok(), "a shard of 2^32 documents or more");
    let limit = if context == 0 { MAX_PIECE } else { context.min(MAX_PIECE) };
    match packing {
        Packing::Concat => concat::concat(lengths, if context == 0 { u64::MAX } else { context }, long),
        Packing::BestFit => best_fit::best_fit(lengths, limit.min(MAX_CONTEXT) as u32, long),
        Packing::None => concat::none(lengths, limit, long),
    }
}
