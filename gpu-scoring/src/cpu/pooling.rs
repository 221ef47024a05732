//! From hidden states to the features of each head.

use super::linear::{Linear, Then};
use super::memory::Rows;
use super::quantise::Quantised;
use crate::batcher::Batch;
use crate::encoder::{Head, HeadActivation, Pooling};

/// A head without its last matrix.
pub struct PackedHead {
    pooling: Pooling,
    dense: Option<(Linear, HeadActivation)>,
    n_features: usize,
}

impl PackedHead {
    /// Packs the first matrix, in float32: it sees one row for each sequence.
    ///
    /// # Errors
    /// When it cannot be.
    pub fn new(head: &Head) -> Result<PackedHead, crate::device::DeviceError> {
        let pack = |(dense, activation): &(_, HeadActivation)| {
            Linear::new(dense, super::Precision::F32).map(|linear| (linear, *activation))
        };
        let dense = head.dense.as_ref().map(pack).transpose()?;
        Ok(PackedHead { pooling: head.pooling, dense, n_features: head.n_features() })
    }
}

/// The features of all heads, sequence after sequence; zeros for an empty one.
pub fn features(heads: &[PackedHead], batch: &Batch, hidden: &Rows<f32>) -> Vec<f32> {
    let n_all: usize = heads.iter().map(|head| head.n_features).sum();
    let mut features = vec![0.0; batch.len() * n_all];
    let mut begin = 0;
    for head in heads {
        let mut pooled = Rows::default();
        pooled.reshape(batch.len(), hidden.n_columns);
        for (at, ends) in batch.boundaries.windows(2).enumerate() {
            pool(head.pooling, hidden, ends[0] as usize..ends[1] as usize, pooled.row_mut(at));
        }
        if let Some((dense, activation)) = &head.dense {
            let mut out = Rows::default();
            dense.apply(&pooled, batch.len(), &mut Quantised::default(), Then::Write, &mut out);
            let each: fn(f32) -> f32 = match activation {
                HeadActivation::Tanh => libm::tanhf,
                HeadActivation::Relu => |x| x.max(0.0),
            };
            (0..batch.len()).for_each(|at| out.row_mut(at).iter_mut().for_each(|x| *x = each(*x)));
            pooled = out;
        }
        for (at, ends) in batch.boundaries.windows(2).enumerate() {
            if ends[1] > ends[0] {
                features[at * n_all + begin..][..head.n_features].copy_from_slice(pooled.row(at));
            }
        }
        begin += head.n_features;
    }
    features
}

fn pool(pooling: Pooling, hidden: &Rows<f32>, tokens: std::ops::Range<usize>, out: &mut [f32]) {
    match pooling {
        _ if tokens.is_empty() => out.fill(0.0),
        Pooling::First => out.copy_from_slice(hidden.row(tokens.start)),
        Pooling::Mean => {
            let mut sums = vec![0.0f64; out.len()];
            for at in tokens.clone() {
                sums.iter_mut().zip(hidden.row(at)).for_each(|(sum, x)| *sum += f64::from(*x));
            }
            let n = tokens.len() as f64;
            out.iter_mut().zip(sums).for_each(|(out, sum)| *out = (sum / n) as f32);
        }
    }
}
