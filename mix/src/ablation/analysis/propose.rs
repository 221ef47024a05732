//! The mix that a study proposes, as a file for `tokenmill mix plan`.

use crate::ablation::study::{Design, Study};
use crate::pack::{Long, Packing};
use crate::plan::{Budget, Epochs, Group, Mix, Phase, Proportions, ShardSpec, Shortfall};
use std::collections::BTreeMap;

/// Tokens of a training sequence, as in Llama 3.
const CONTEXT: u64 = 8192;

/// Shares are multiples of one over this.
const STEPS: f64 = 1e6;

/// The mix of these shares for a training run of so many tokens.
pub fn mix(study: &Study, design: &Design, tokens: u64, weights: &[f64]) -> String {
    let epochs = Epochs(Some((design.max_epochs * 1e9).round() as u64));
    let mix = Mix {
        name: format!("{}-best", study.name),
        root: study.root.clone(),
        seed: study.seed,
        sources: study.sources.iter().map(|source| source.source.clone()).collect(),
        groups: study.groups.iter().map(|group| Group { max_epochs: epochs, ..group.clone() }).collect(),
        phases: vec![Phase {
            name: "main".to_owned(),
            budget: Budget::Tokens(tokens),
            context: CONTEXT,
            proportions: Proportions::Shares(shares(study, weights)),
            on_shortfall: Shortfall::Fill,
        }],
        shards: ShardSpec {
            packing: Packing::BestFit,
            long: Long::Fragment,
            shard_tokens: 64_000_000,
            bos: study.marks.0,
            eos: study.marks.1,
        },
    };
    format!(
        "# Found by the study `{}`. Look at its report before you believe it, and count what there is:\n#\n#   tokenmill mix plan \
         THIS.toml\n#\n# The sources are those of the study. Where they have a small vocabulary, name runs with that of the large model \
         instead.\n\n{}",
        study.name,
        mix.to_toml()
    )
}

/// Shares with few digits that sum to 1; what rounding leaves goes to the largest.
fn shares(study: &Study, weights: &[f64]) -> BTreeMap<String, f64> {
    let mut steps: Vec<i64> = weights.iter().map(|weight| (weight * STEPS).round() as i64).collect();
    let left = STEPS as i64 - steps.iter().sum::<i64>();
    if let Some(largest) = (0..steps.len()).max_by_key(|at| steps[*at]) {
        steps[largest] += left;
    }
    let named = study.groups.iter().zip(steps).filter(|(_, n)| *n > 0);
    named.map(|(group, n)| (group.name.clone(), n as f64 / STEPS)).collect()
}
