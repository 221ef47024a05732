//! The manifest of a finished set of shards: all that a trainer, or somebody who checks one, needs to know.

use super::check::check;
use crate::pack::{Long, Packing};
use serde::{Deserialize, Serialize};
use tokenmill_store::{ObjectRef, Store, StoreError, commit};

/// Version of the manifest.
pub const VERSION: u32 = 2;

/// What [`Dataset::format`] says.
pub const FORMAT: &str = "megatron";

/// The largest manifest that is read, in bytes: about 200,000 shards.
const MAX_BYTES: u64 = 256 << 20;

/// A set of shards, for all phases of a training run.
///
/// Keys are relative to the run directory, or in an exported set to the folder of this file. A trainer reads phases,
/// shards and sequences in the order in which they stand here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dataset {
    /// [`VERSION`].
    pub version: u32,
    /// [`FORMAT`].
    pub format: String,
    /// How ids are stored, as numpy calls it: `int32` or `uint16`.
    pub dtype: String,
    /// The vocabulary.
    pub tokenizer: TokenizerCard,
    /// Seed of the shuffle.
    pub seed: u64,
    /// How documents became sequences.
    pub packing: Packing,
    /// What became of documents longer than the context.
    pub long: Long,
    /// Documents of all phases; a document counts once in every phase and epoch that has it.
    pub n_documents: u64,
    /// Tokens of all phases, begin and end tokens included, without those that were truncated.
    pub n_tokens: u64,
    /// Training sequences of all phases.
    pub n_sequences: u64,
    /// The phases of training, in order.
    pub phases: Vec<TrainingPhase>,
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

/// One phase of a training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingPhase {
    /// Letters, digits, `.`, `-` and `_`; part of the names of exported files.
    pub name: String,
    /// Tokens of a training sequence at most; 0 for no limit, with the packing `none`.
    pub context: u64,
    /// Documents.
    pub n_documents: u64,
    /// Documents and fragments of documents.
    pub n_pieces: u64,
    /// Tokens in the shards.
    pub n_tokens: u64,
    /// Training sequences.
    pub n_sequences: u64,
    /// Tokens of long documents that are not in the shards.
    pub n_truncated: u64,
    /// What the documents are; together all of them.
    pub groups: Vec<GroupCount>,
    /// The shards, in shuffled order.
    pub shards: Vec<Shard>,
}

/// What one group of the mix has in a phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupCount {
    /// Name in the mix.
    pub name: String,
    /// Documents.
    pub n_documents: u64,
    /// Tokens in the shards.
    pub n_tokens: u64,
    /// Part of the tokens of the phase, 0 to 1.
    pub share: f64,
}

/// One shard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shard {
    /// Key of `.bin`, `.idx` and `.samples` without these endings: what Megatron calls the prefix.
    pub prefix: String,
    /// Documents.
    pub n_documents: u64,
    /// Documents and fragments of documents.
    pub n_pieces: u64,
    /// Tokens.
    pub n_tokens: u64,
    /// Training sequences.
    pub n_sequences: u64,
    /// The token ids.
    pub bin: ObjectRef,
    /// Where pieces begin.
    pub idx: ObjectRef,
    /// Where training sequences begin.
    pub samples: ObjectRef,
    /// One row for every piece.
    pub pieces: ObjectRef,
    /// For readers that do not know xxh3.
    pub sha256: ShardSha256,
}

/// sha256 of the files of a shard, in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardSha256 {
    /// Of the token ids.
    pub bin: String,
    /// Of the index.
    pub idx: String,
    /// Of the offsets of sequences.
    pub samples: String,
}

/// Where the documents of a set of shards come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lineage {
    /// The finished runs whose token stores were mixed; empty where a run made its own shards.
    pub sources: Vec<SourceLineage>,
    /// Folder of the phase that shards came from.
    pub phase: String,
    /// xxh3-128 of the digests of all objects that it wrote.
    pub objects: String,
}

/// One token store of a mix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceLineage {
    /// Name in the mix.
    pub name: String,
    /// The run, as the mix gives it.
    pub run: String,
    /// Folder of its phase `tokens`.
    pub phase: String,
    /// xxh3-128 of the digests of all objects of that phase.
    pub objects: String,
}

impl Dataset {
    /// Reads a manifest and checks it.
    ///
    /// # Errors
    /// When it is missing, of another version, or contradicts itself.
    pub fn read(store: &dyn Store, key: &str) -> Result<Dataset, StoreError> {
        let bytes = store.head(key)?.ok_or_else(|| StoreError::Missing(store.display(key)))?.bytes;
        if bytes > MAX_BYTES {
            return Err(StoreError::corrupt(store.display(key), format!("a manifest of `{bytes}` bytes")));
        }
        Dataset::parse(&store.display(key), &store.read(key)?)
    }

    /// Reads a manifest out of memory and checks it; `key` is its name in errors.
    ///
    /// # Errors
    /// When it is of another version, or contradicts itself.
    pub fn parse(key: &str, json: &[u8]) -> Result<Dataset, StoreError> {
        #[derive(Deserialize)]
        struct Header {
            #[serde(default)]
            version: u32,
        }
        let header: Header = commit::parse(key, json)?;
        if header.version != VERSION {
            let what =
                format!("`{key}` is a manifest of version `{}`, and this program reads `{VERSION}`", header.version);
            let hint = "run again with this version of the program; only the phases behind `tokens` are done anew";
            return Err(StoreError::Refused { what, hint: hint.to_owned() });
        }
        let dataset: Dataset = commit::parse(key, json)?;
        dataset.check().map_err(|why| StoreError::corrupt(key, why))?;
        Ok(dataset)
    }

    /// Whether names, sizes and sums agree with each other; files are not read.
    ///
    /// # Errors
    /// Says what does not.
    pub fn check(&self) -> Result<(), String> {
        check(self)
    }

    /// The number of shards of all phases.
    pub fn n_shards(&self) -> usize {
        self.phases.iter().map(|phase| phase.shards.len()).sum()
    }
}

impl Shard {
    /// The four files with the endings that they have in an exported set.
    pub fn files(&self) -> [(&'static str, &ObjectRef); 4] {
        [("bin", &self.bin), ("idx", &self.idx), ("samples", &self.samples), ("pieces.parquet", &self.pieces)]
    }
}
