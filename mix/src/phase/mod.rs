//! The last phases of a run: `tokens` (one pass over the documents), `shards` (shuffled and written), `index` (what a
//! trainer reads first).

mod index;
mod shards;
#[cfg(test)]
mod tests;
mod tokens;

use crate::shard::dataset::TokenizerCard;
use crate::tokenize::Tokenizer;
use serde_json::Value;
use std::sync::{Arc, OnceLock};
use tokenmill_core::hash::digest_hex;
use tokenmill_core::{BuildError, Default, Param, Params};
use tokenmill_store::{Manifest, Phase, Section, SharedAssets, StoreError, Task};

/// `[shards]`: tokenise, shuffle and write training shards.
pub const SHARDS: Section = Section {
    name: "shards",
    about: "Tokenises the kept documents, shuffles them by hash and writes Megatron shards.",
    params: &[
        Param {
            name: "tokenizer",
            default: Default::Text("llama3"),
            about: "`llama3`, `cl100k`, `o200k`, `p50k`, `gpt2`, the path of a `tokenizer.json`, or a rank file with the \
                    vocabulary whose rules it follows: `llama3=my.model`",
        },
        Param { name: "bos", default: Default::Bool(false), about: "put the begin token before every document" },
        Param { name: "eos", default: Default::Bool(true), about: "put the end token after every document" },
        Param {
            name: "shard_tokens",
            default: Default::Int(64_000_000),
            about: "tokens of a shard, about; a task holds one shard in memory, 4 bytes a token",
        },
    ],
    // The vocabulary may be named with the rules that apply to it, so `build` takes its digest itself.
    asset_params: &[],
    build,
};

fn build(params: &Params, seed: u64, assets: Arc<dyn SharedAssets>) -> Result<Vec<Box<dyn Phase>>, BuildError> {
    let settings = Arc::new(settings(params, seed, assets)?);
    Ok(vec![
        Box::new(tokens::Tokens { settings: settings.clone(), table_ids: tokens::TABLE_IDS }),
        Box::new(shards::Shards(settings.clone())),
        Box::new(index::Index(settings)),
    ])
}

fn settings(params: &Params, seed: u64, assets: Arc<dyn SharedAssets>) -> Result<Settings, BuildError> {
    let shard_tokens = params.size("shard_tokens")? as u64;
    if shard_tokens == 0 {
        return Err(BuildError::new("`shards.shard_tokens` must be at least 1"));
    }
    let tokenizer = params.text("tokenizer");
    Ok(Settings {
        tokenizer: tokenizer.to_owned(),
        vocabulary: assets.digest(Tokenizer::asset(tokenizer)?)?,
        bos: params.flag("bos"),
        eos: params.flag("eos"),
        shard_tokens,
        seed,
        assets,
        loaded: OnceLock::new(),
    })
}

/// What the three phases share; the vocabulary is loaded at the first task.
struct Settings {
    tokenizer: String,
    /// Sha256 of the vocabulary, known before it is fetched.
    vocabulary: String,
    bos: bool,
    eos: bool,
    shard_tokens: u64,
    seed: u64,
    assets: Arc<dyn SharedAssets>,
    loaded: OnceLock<Result<Tokenizer, BuildError>>,
}

impl Settings {
    fn tokenizer(&self) -> Result<&Tokenizer, StoreError> {
        let loaded = self.loaded.get_or_init(|| Tokenizer::load(&self.tokenizer, &*self.assets));
        loaded.as_ref().map_err(|error| {
            let hint = error.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            StoreError::Usage(format!("{}{hint}", error.message))
        })
    }

    /// The tokenizer with the ids that are really put around documents.
    fn card(&self) -> Result<TokenizerCard, StoreError> {
        let tokenizer = self.tokenizer()?;
        let wanted = |is_wanted: bool, id: Option<u32>, name: &str| match (is_wanted, id) {
            (true, None) => Err(StoreError::Usage(format!(
                "the vocabulary `{}` has no {name} token\nhint: set `shards.{name} = false`",
                self.tokenizer
            ))),
            (true, id) => Ok(id),
            (false, _) => Ok(None),
        };
        Ok(TokenizerCard {
            name: tokenizer.name().to_owned(),
            sha256: tokenizer.digest().to_owned(),
            vocab_size: tokenizer.vocab_size(),
            bos: wanted(self.bos, tokenizer.bos(), "bos")?,
            eos: wanted(self.eos, tokenizer.eos(), "eos")?,
        })
    }
}

/// The sum of one count over all parts of a manifest.
fn sum(manifest: &Manifest, count: &str) -> u64 {
    manifest.parts.iter().filter_map(|part| part.tally.get(count)?.as_u64()).sum()
}

/// A digest of the keys of all parts: the identity of everything a gathering phase reads.
fn parts_digest(manifest: &Manifest) -> String {
    let keys: String = manifest.parts.iter().map(|part| part.task.as_str()).collect();
    digest_hex(keys.as_bytes())
}

/// A digest of everything that a phase has written, wherever and under whatever names of tasks.
fn objects_digest(manifest: &Manifest) -> String {
    let digests: String =
        manifest.parts.iter().flat_map(|part| part.objects.values()).map(|object| object.digest.as_str()).collect();
    digest_hex(digests.as_bytes())
}

/// A text of a task's work.
fn work_text<'a>(task: &'a Task, name: &str) -> Result<&'a str, StoreError> {
    task.work.get(name).and_then(Value::as_str).ok_or_else(|| other_version(name))
}

/// A number of a task's work.
fn work_number(task: &Task, name: &str) -> Result<u64, StoreError> {
    task.work.get(name).and_then(Value::as_u64).ok_or_else(|| other_version(name))
}

fn other_version(name: &str) -> StoreError {
    StoreError::Usage(format!("the task list of this run has no `{name}`; it is of another version"))
}
