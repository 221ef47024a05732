//! What a trainer is told of its data: the shards of every group, and how many steps they are read for.

use crate::ablation::study::Proxy;
use serde::Serialize;

/// A shard as a trainer is told of it.
#[derive(Clone, Debug, Serialize)]
pub struct ShardGiven {
    /// Path without its ending.
    pub prefix: String,
    /// Tokens in it.
    pub n_tokens: u64,
    /// Its share of the training tokens; of held-out shards, of the tokens of its group.
    pub weight: f64,
}

/// The shards of a group as a trainer is told of them: `data.json` is a list of them for training and one for the rest.
#[derive(Clone, Debug, Serialize)]
pub struct GroupGiven {
    /// The group.
    pub group: String,
    /// Its share of the training tokens.
    pub weight: f64,
    /// Its shards.
    pub shards: Vec<ShardGiven>,
}

/// Steps that a number of tokens takes.
pub fn steps(tokens: u64, proxy: &Proxy) -> u64 {
    tokens.div_ceil((proxy.batch * proxy.context).max(1)).max(1)
}
