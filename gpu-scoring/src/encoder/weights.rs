//! The weights of an encoder, by layer, whatever the architecture calls them.

use super::config::Config;
use super::heads::Head;
use super::names;
use super::tensors::Tensors;
use serde_json::Value;
use std::sync::Arc;
use tokenmill_core::{Assets, BuildError};

/// A matrix with a bias.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dense {
    /// Numbers that go in.
    pub n_in: usize,
    /// Numbers that come out.
    pub n_out: usize,
    /// `n_out` rows of `n_in`, as PyTorch has them.
    pub weight: Vec<f32>,
    /// One for every number that comes out.
    pub bias: Vec<f32>,
}

/// Gain and bias of a layer normalisation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Norm {
    /// Factors.
    pub gain: Vec<f32>,
    /// Added behind them.
    pub bias: Vec<f32>,
}

/// From ids to vectors.
#[derive(Clone, Debug, Default)]
pub struct Embeddings {
    /// A row for every word.
    pub words: Vec<f32>,
    /// A row for each of the `max_tokens` positions, the vector of the only token type already added.
    pub positions: Vec<f32>,
    /// Behind the sum.
    pub norm: Norm,
}

/// One layer.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    /// Queries, keys and values in one matrix: rows `0..hidden`, `hidden..2 hidden`, `2 hidden..3 hidden`.
    pub qkv: Dense,
    /// Behind the attention.
    pub attention_out: Dense,
    /// Behind the first residual connection.
    pub attention_norm: Norm,
    /// To the intermediate size.
    pub up: Dense,
    /// And back.
    pub down: Dense,
    /// Behind the second residual connection.
    pub output_norm: Norm,
}

/// A trunk with its heads.
#[derive(Clone, Debug)]
pub struct Encoder {
    /// The sizes.
    pub config: Config,
    /// From ids to vectors.
    pub embeddings: Embeddings,
    /// The layers, first to last.
    pub layers: Vec<Layer>,
    /// The heads.
    pub heads: Vec<Head>,
}

impl Encoder {
    /// Reads an encoder from the contents of `config.json` and `model.safetensors`; `folder` is what messages call the place.
    ///
    /// # Errors
    /// When something is missing, does not fit, or is not supported.
    pub fn read(config: &[u8], weights: &Arc<[u8]>, folder: &str) -> Result<Encoder, BuildError> {
        let file = format!("{folder}/config.json");
        let json: Value =
            serde_json::from_slice(config).map_err(|error| BuildError::new(format!("`{file}` is no JSON: {error}")))?;
        let config = Config::read(&json, &file)?;
        let file = format!("{folder}/model.safetensors");
        let tensors = Tensors::open(weights, &file)?;
        names::read(&json, config, &tensors, folder)
    }

    /// Reads the encoder in `folder`.
    ///
    /// # Errors
    /// When a file is not to be had, and as [`Encoder::read`].
    pub fn load(folder: &str, assets: &dyn Assets) -> Result<Encoder, BuildError> {
        let config = assets.bytes(&format!("{folder}/config.json"))?;
        let weights = format!("{folder}/model.safetensors");
        for old in ["pytorch_model.bin", "model.safetensors.index.json"] {
            if !assets.is_there(&weights) && assets.is_there(&format!("{folder}/{old}")) {
                let hint = "`save_pretrained(…, safe_serialization=True, max_shard_size=\"100GB\")` writes `model.safetensors`";
                return Err(BuildError::new(format!("`{folder}` has its weights in `{old}`")).hint(hint));
            }
        }
        Encoder::read(&config, &assets.bytes(&weights)?, folder)
    }

    /// Features of a sequence: those of all heads, one behind the other.
    pub fn n_features(&self) -> usize {
        self.heads.iter().map(Head::n_features).sum()
    }

    /// Weights, in numbers.
    pub fn n_weights(&self) -> usize {
        let dense = |dense: &Dense| dense.weight.len() + dense.bias.len();
        let norm = |norm: &Norm| norm.gain.len() + norm.bias.len();
        let layers = self.layers.iter().map(|layer| {
            [&layer.qkv, &layer.attention_out, &layer.up, &layer.down].map(dense).iter().sum::<usize>()
                + norm(&layer.attention_norm)
                + norm(&layer.output_norm)
        });
        let heads =
            self.heads.iter().map(|head| dense(&head.out) + head.dense.as_ref().map_or(0, |(first, _)| dense(first)));
        let embeddings = &self.embeddings;
        embeddings.words.len()
            + embeddings.positions.len()
            + norm(&embeddings.norm)
            + layers.sum::<usize>()
            + heads.sum::<usize>()
    }
}
