//! What a study is, with every default written out.

mod read;
mod read_design;
mod read_trainer;
#[cfg(test)]
mod tests;
mod write;

use crate::plan::{Group, Source};
use std::collections::BTreeMap;

/// A study: small models are trained on different data, and what they lose on held-out text says which data is better.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// Name of the run.
    pub name: String,
    /// Where runs live: the run directory is `<root>/<name>`.
    pub root: String,
    /// Seed of the design, of every shuffle and, with the number of a trial, of every model.
    pub seed: u64,
    /// Where documents come from.
    pub sources: Vec<StudySource>,
    /// What is weighed against each other, as in a mix.
    pub groups: Vec<Group>,
    /// Tokens of every group that no model is trained on: what losses are measured on.
    pub validation_tokens: u64,
    /// Training tokens of every group that are made into shards, at most.
    pub pool_tokens: u64,
    /// Whether the begin and the end token stand around every document.
    pub marks: (bool, bool),
    /// The models, from small to large.
    pub proxies: Vec<Proxy>,
    /// What is compared.
    pub question: Question,
    /// How much each group's loss counts in the one number that is made small; those not named count nothing.
    pub objective: BTreeMap<String, f64>,
    /// How models are trained.
    pub trainer: Trainer,
}

/// Where documents come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StudySource {
    /// What conditions call it, and the directory of its run; of a recipe, empty until it is known.
    pub source: Source,
    /// The recipe to be run first, with overrides.
    pub recipe: Option<(String, Vec<String>)>,
}

/// A model to be trained: a decoder of the kind of Llama.
#[derive(Clone, Debug, PartialEq)]
pub struct Proxy {
    /// Its name, unique.
    pub name: String,
    /// Blocks.
    pub layers: u64,
    /// Width.
    pub hidden: u64,
    /// Attention heads.
    pub heads: u64,
    /// Width inside the feed-forward network.
    pub ffn: u64,
    /// Tokens of a training sequence.
    pub context: u64,
    /// Sequences of a step.
    pub batch: u64,
    /// Training tokens.
    pub tokens: u64,
    /// Peak learning rate.
    pub lr: f64,
    /// How many of the mixes it is trained on, the first ones; all when absent.
    pub mixes: Option<u64>,
}

/// What is compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// Which mix is best: many mixes, a law fitted to them, and its optimum.
    Mix(Design),
    /// Which of some arms is better: the same budget and the same seeds for each.
    Arms {
        /// The arms; the others are compared with the first.
        arms: Vec<Arm>,
        /// Models of each arm.
        seeds: u64,
    },
    /// What a small set is worth in the last part of a training run (Grattafiori et al., arXiv:2407.21783, section 3.1.3,
    /// after Blakeney et al., arXiv:2406.03476).
    Anneal(Anneal),
}

/// Something to be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// Its name, unique.
    pub name: String,
    /// Shares of groups, which sum to 1.
    pub shares: BTreeMap<String, f64>,
}

/// How mixes are drawn: from Dirichlet distributions around a prior, as RegMix does (Liu et al., arXiv:2407.01492, section 3).
#[derive(Clone, Debug, PartialEq)]
pub struct Design {
    /// Mixes that the law is fitted to, the prior among them.
    pub mixes: u64,
    /// Mixes that it is judged on.
    pub held_out: u64,
    /// Further models of the prior with other seeds: what of a difference is chance.
    pub repeats: u64,
    /// Shares that are known to be sensible; those of nature when absent.
    pub prior: Option<BTreeMap<String, f64>>,
    /// The prior is taken to the power of one over this: 1 as it is, more is flatter.
    pub temperature: f64,
    /// The least and the largest concentration of the Dirichlet distribution, drawn evenly by logarithm: small ones give
    /// mixes of few groups, large ones mixes near the prior.
    pub strength: (f64, f64),
    /// A share below this becomes 0.
    pub min_share: f64,
    /// How often the documents of a group may be used by a model.
    pub max_epochs: f64,
    /// The optimum may be this far from the prior: Kullback-Leibler divergence in nats; no limit when absent.
    pub max_kl: Option<f64>,
    /// Tokens of the training run that the optimum is for: no group may be used more than `max_epochs` in it. When absent,
    /// that of the largest proxy.
    pub target_tokens: Option<u64>,
}

/// The probe of a small set.
#[derive(Clone, Debug, PartialEq)]
pub struct Anneal {
    /// The group that is probed.
    pub candidate: String,
    /// Its share in the anneal.
    pub share: f64,
    /// What the rest is, and all of it without the candidate; those of nature, without the candidate, when absent.
    pub default: Option<BTreeMap<String, f64>>,
    /// Tokens of the model from which everything starts; the rate stays at its peak.
    pub base_tokens: u64,
    /// Where such a model is, when it is there already.
    pub checkpoint: Option<String>,
    /// Anneals of each kind.
    pub seeds: u64,
}

/// How models are trained: a command, and how its log is read. Texts may have placeholders in braces.
#[derive(Clone, Debug, PartialEq)]
pub struct Trainer {
    /// What messages call it.
    pub name: String,
    /// Program and arguments; empty for the trainer of this program.
    pub command: Vec<String>,
    /// What every shard of a trained group adds to the command where it says `{train…}`.
    pub train: Vec<String>,
    /// The same for `{valid…}` and the held-out shards.
    pub valid: Vec<String>,
    /// A command that is run for every group when the model is trained, for trainers that give no loss by group.
    pub evaluate: Vec<String>,
    /// Variables of the environment.
    pub env: BTreeMap<String, String>,
    /// Files that are made in the folder of the trial, by name.
    pub files: BTreeMap<String, String>,
    /// The same placeholders with values of the user's own.
    pub with: BTreeMap<String, String>,
    /// Where the trained model is, when it can be started from.
    pub checkpoint: Option<String>,
    /// How the log is read.
    pub log: LogPatterns,
    /// Models trained at once on one machine; as many as threads when absent.
    pub at_once: Option<u64>,
    /// Seconds without a line of the log after which a trainer is taken to hang.
    pub silence: u64,
    /// Folder on the machine for the shards and the trials.
    pub folder: Option<String>,
}

/// Regular expressions for lines of a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogPatterns {
    /// The training loss: groups `loss`, and `step` or `tokens`.
    pub train: Option<String>,
    /// The loss on held-out text: `loss`, and `group` unless the line is of a command for one group.
    pub valid: Option<String>,
    /// A result of any other test: `name` and `value`.
    pub score: Option<String>,
}

/// What the embedded trainer is called.
pub const EMBEDDED: &str = "embedded";

impl Study {
    /// The run directory.
    pub fn folder(&self) -> String {
        format!("{}/{}", self.root.trim_end_matches('/'), self.name)
    }

    /// Shares by group as a list in the order of the groups.
    pub fn listed(&self, shares: &BTreeMap<String, f64>) -> Vec<f64> {
        self.groups.iter().map(|group| shares.get(&group.name).copied().unwrap_or(0.0)).collect()
    }

    /// Names of the groups.
    pub fn names(&self) -> Vec<String> {
        self.groups.iter().map(|group| group.name.clone()).collect()
    }
}

impl Trainer {
    /// Whether it is the one of this program.
    pub fn is_embedded(&self) -> bool {
        self.command.is_empty()
    }
}
