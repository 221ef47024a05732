//! What the sections `[tokens]` and `[shards]` say, checked.

use crate::pack::{Long, Packing};
use crate::shard::dataset::TokenizerCard;
use crate::tokenize::Tokenizer;
use std::sync::{Arc, OnceLock};
use tokenmill_core::{BuildError, Default, Param, Params};
use tokenmill_store::{SharedAssets, StoreError};

/// The keys of `[tokens]`, which `[shards]` has as well.
macro_rules! token_params {
    ($($more:expr),* $(,)?) => {
        &[
            Param {
                name: "tokenizer",
                default: Default::Text("llama3"),
                about: "`llama3`, `cl100k`, `o200k`, `p50k`, `gpt2`, the path of a `tokenizer.json`, or a rank file with the \
                        vocabulary whose rules it follows: `llama3=my.model`; `gpt2@2048` are its first 2048 tokens, for small models",
            },
            Param {
                name: "scores",
                default: Default::Texts(&[]),
                about: "metrics that become columns of the token store, for mixes: `step.metric`",
            },
            Param {
                name: "labels",
                default: Default::Texts(&[]),
                about: "metrics that are labels and become columns of the token store, for mixes: `step.metric`",
            },
            $($more),*
        ]
    };
}

/// Keys of `[tokens]`.
pub const TOKEN_PARAMS: &[Param] = token_params!();

/// Keys of `[shards]`.
pub const SHARD_PARAMS: &[Param] = token_params!(
    Param { name: "bos", default: Default::Bool(false), about: "put the begin token before every document" },
    Param { name: "eos", default: Default::Bool(true), about: "put the end token after every document" },
    Param {
        name: "packing",
        default: Default::Text("concat"),
        about: "how training sequences are made of documents: `concat`, end to end; `best_fit`, whole documents wherever \
                they fit; `none`, one for each",
    },
    Param {
        name: "context",
        default: Default::Int(8192),
        about: "tokens of a training sequence; with `none`, 0 is no limit"
    },
    Param {
        name: "long",
        default: Default::Text("fragment"),
        about: "documents longer than the context: `fragment`, in pieces; `truncate`, only their beginning",
    },
    Param {
        name: "shard_tokens",
        default: Default::Int(64_000_000),
        about: "tokens of a shard, about; a task holds one shard in memory, 4 bytes a token",
    },
);

/// What makes the token store.
pub struct TokenSettings {
    /// As the recipe names it.
    pub tokenizer: String,
    /// Sha256 of the vocabulary, known before it is fetched.
    pub vocabulary: String,
    /// Seed of the order.
    pub seed: u64,
    /// Metrics that become columns of numbers.
    pub scores: Vec<String>,
    /// Metrics that become columns of labels.
    pub labels: Vec<String>,
    assets: Arc<dyn SharedAssets>,
    /// The vocabulary is loaded at the first task.
    loaded: OnceLock<Result<Tokenizer, BuildError>>,
}

impl TokenSettings {
    /// Reads the section.
    ///
    /// # Errors
    /// When the vocabulary is not known, or one metric is asked for twice.
    pub fn new(params: &Params, seed: u64, assets: Arc<dyn SharedAssets>) -> Result<TokenSettings, BuildError> {
        let tokenizer = params.text("tokenizer");
        let (scores, labels) = (params.texts("scores").to_vec(), params.texts("labels").to_vec());
        let mut names: Vec<&String> = scores.iter().chain(&labels).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(BuildError::new(format!("`scores` and `labels` name `{}` twice", twice[0])));
        }
        Ok(TokenSettings {
            tokenizer: tokenizer.to_owned(),
            vocabulary: assets.digest(Tokenizer::asset(tokenizer)?)?,
            seed,
            scores,
            labels,
            assets,
            loaded: OnceLock::new(),
        })
    }

    /// The vocabulary.
    ///
    /// # Errors
    /// When it cannot be had or used.
    pub fn tokenizer(&self) -> Result<&Tokenizer, StoreError> {
        let loaded = self.loaded.get_or_init(|| Tokenizer::load(&self.tokenizer, &*self.assets));
        loaded.as_ref().map_err(|error| {
            let hint = error.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            StoreError::Usage(format!("{}{hint}", error.message))
        })
    }

    /// What is to be known of the vocabulary once documents are tokens: with both ids, whether they are used or not.
    ///
    /// # Errors
    /// As [`TokenSettings::tokenizer`].
    pub fn card(&self) -> Result<TokenizerCard, StoreError> {
        let tokenizer = self.tokenizer()?;
        Ok(TokenizerCard {
            name: tokenizer.name().to_owned(),
            sha256: tokenizer.digest().to_owned(),
            vocab_size: tokenizer.vocab_size(),
            bos: tokenizer.bos(),
            eos: tokenizer.eos(),
        })
    }
}

/// How shards are made of documents that are tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardSettings {
    /// Whether the begin token stands before every document.
    pub bos: bool,
    /// Whether the end token stands behind every document.
    pub eos: bool,
    /// How sequences are made of documents.
    pub packing: Packing,
    /// What becomes of documents longer than the context.
    pub long: Long,
    /// Tokens of a shard, about.
    pub shard_tokens: u64,
    /// Seed of the shuffle.
    pub seed: u64,
}

impl ShardSettings {
    /// Reads the section; says the context as well.
    ///
    /// # Errors
    /// When a value is not one of those that there are.
    pub fn new(params: &Params, seed: u64) -> Result<(ShardSettings, u64), BuildError> {
        let size = |name: &str| params.size(name).map(|size| size as u64);
        let settings = ShardSettings {
            bos: params.flag("bos"),
            eos: params.flag("eos"),
            packing: Packing::of_name(params.text("packing"))?,
            long: Long::of_name(params.text("long"))?,
            shard_tokens: size("shard_tokens")?,
            seed,
        };
        let context = size("context")?;
        settings.packing.check(context)?;
        if settings.shard_tokens == 0 {
            return Err(BuildError::new("`shards.shard_tokens` must be at least 1"));
        }
        Ok((settings, context))
    }

    /// Tokens that are put around every document.
    pub fn around(&self) -> u64 {
        u64::from(self.bos) + u64::from(self.eos)
    }

    /// The vocabulary with the ids that are really put around documents.
    ///
    /// # Errors
    /// When the vocabulary has no such token.
    pub fn card(&self, card: TokenizerCard) -> Result<TokenizerCard, StoreError> {
        let wanted = |is_wanted: bool, id: Option<u32>, name: &str| match (is_wanted, id) {
            (true, None) => Err(StoreError::Refused {
                what: format!("the vocabulary `{}` has no {name} token", card.name),
                hint: format!("set `shards.{name} = false`"),
            }),
            (true, id) => Ok(id),
            (false, _) => Ok(None),
        };
        let (bos, eos) = (wanted(self.bos, card.bos, "bos")?, wanted(self.eos, card.eos, "eos")?);
        Ok(TokenizerCard { bos, eos, ..card })
    }
}
