//! What a study costs before anything starts: tokens and floating-point operations.

use crate::ablation::study::{Proxy, Study};
use crate::ablation::trial::Trial;

/// Parameters of a proxy without embeddings and the layer behind the last block: attention, feed-forward and norms.
pub fn parameters(proxy: &Proxy) -> u64 {
    let Proxy { layers, hidden, ffn, .. } = *proxy;
    layers * (4 * hidden * hidden + 3 * hidden * ffn + 2 * hidden) + hidden
}

/// What the models of one proxy take.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Cost {
    /// Name of the proxy.
    pub proxy: String,
    /// Parameters without embeddings.
    pub parameters: u64,
    /// Parameters of the embeddings, which are those of the last layer as well.
    pub embedding: u64,
    /// Models.
    pub n_trials: u64,
    /// Training tokens of all.
    pub tokens: u64,
    /// Floating-point operations of all.
    pub flops: f64,
    /// Part of the operations that the last layer has: with a large vocabulary a small model is little else.
    pub head_share: f64,
}

/// What a study takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget(pub Vec<Cost>);

impl Budget {
    /// The costs of some trials, by proxy; those without trials are left out.
    pub fn of<'a>(study: &Study, vocab: u64, trials: impl IntoIterator<Item = &'a Trial>) -> Budget {
        let mut counts = vec![(0u64, 0u64); study.proxies.len()];
        for trial in trials {
            if let Some((n_trials, tokens)) = counts.get_mut(trial.proxy) {
                *n_trials += 1;
                *tokens += trial.tokens;
            }
        }
        let cost = |(proxy, (n_trials, tokens)): (&Proxy, (u64, u64))| {
            let (parameters, embedding) = (parameters(proxy), vocab * proxy.hidden);
            // 6 operations for each parameter and token, forward and back (Kaplan et al., arXiv:2001.08361, section 2.1),
            // with the last layer; attention does 12 layers * hidden more for each of the tokens that it looks at, half of
            // the context on average.
            let attention = 6 * proxy.layers * proxy.hidden * proxy.context;
            let each = (6 * (parameters + embedding) + attention) as f64;
            Cost {
                proxy: proxy.name.clone(),
                parameters,
                embedding,
                n_trials,
                tokens,
                flops: each * tokens as f64,
                head_share: (6 * embedding) as f64 / each,
            }
        };
        let costs = study.proxies.iter().zip(counts).filter(|(_, (n_trials, _))| *n_trials > 0).map(cost);
        Budget(costs.collect())
    }

    /// Operations of all.
    pub fn flops(&self) -> f64 {
        self.0.iter().map(|cost| cost.flops).sum()
    }

    /// Training tokens of all.
    pub fn tokens(&self) -> u64 {
        self.0.iter().map(|cost| cost.tokens).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_those_of_llama() {
        // TinyLlama's shape but for grouped queries: 22 blocks of width 2048, inner width 5632.
        let proxy = Proxy {
            name: "x".into(),
            layers: 22,
            hidden: 2048,
            heads: 32,
            ffn: 5632,
            context: 2048,
            batch: 1,
            tokens: 1,
            lr: 1.0,
            mixes: None,
        };
        let block = 4 * 2048 * 2048 + 3 * 2048 * 5632 + 2 * 2048;
        assert_eq!(parameters(&proxy), 22 * block + 2048);
    }
}
