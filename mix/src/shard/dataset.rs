//! The manifest of a finished set of shards: all that a trainer, or somebody who checks one, needs to know.

use serde::{Deserialize, Serialize};
use tokenmill_store::ObjectRef;

/// A set of shards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dataset {
    /// `megatron`.
    pub format: String,
    /// How ids are stored, as numpy calls it.
    pub dtype: String,
    /// The vocabulary.
    pub tokenizer: TokenizerCard,
    /// Seed of the shuffle.
    pub seed: u64,
    /// Documents in all shards.
    pub n_documents: u64,
    /// Tokens in all shards, begin and end tokens included.
    pub n_tokens: u64,
    /// The shards, in shuffled order.
    pub shards: Vec<Shard>,
    /// Where the documents come from.
    pub lineage: Lineage,
}

/// Which vocabulary made the ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenizerCard {
    /// Name or path.
    pub name: String,
    /// sha256 of the vocabulary file.
    pub sha256: String,
    /// One more than the largest id.
    pub vocab_size: u32,
    /// Put before every document.
    pub bos: Option<u32>,
    /// Put after every document.
    pub eos: Option<u32>,
}

/// One shard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shard {
    /// Key of both files in the run directory, without `.bin` and `.idx`: what Megatron calls the prefix.
    pub prefix: String,
    /// Documents.
    pub n_documents: u64,
    /// Tokens.
    pub n_tokens: u64,
    /// The token ids.
    pub bin: ObjectRef,
    /// The index.
    pub idx: ObjectRef,
}

/// Where the documents of a set of shards come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lineage {
    /// Folder of the phase that shards came from.
    pub phase: String,
    /// xxh3-128 of the digests of all objects that it wrote.
    pub objects: String,
}
