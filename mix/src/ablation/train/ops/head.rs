//! From the last hidden state to the loss and back, without ever having the scores of a whole batch in memory.

use super::lanes::softmax;
use super::{change, read, tensor};
use candle_core::{Result, Tensor};

/// The most scores at a time: 1 MiB, which stays in the second-level cache.
pub(super) const SCORES: usize = 1 << 18;

/// The loss of a batch.
pub(in super::super) struct HeadLoss {
    /// Sum of the cross-entropies of all tokens, in nats.
    pub(in super::super) sum: f64,
    /// Gradients of their mean: of the hidden state and of the head.
    pub(in super::super) gradients: Option<(Tensor, Tensor)>,
}

/// The loss of `hidden`, a row for each token, under the scores that `head` gives, a row for each id of the vocabulary.
pub(in super::super) fn head_loss(hidden: &Tensor, head: &Tensor, targets: &[u32], back: bool) -> Result<HeadLoss> {
    let (hidden, head) = (hidden.detach(), head.detach());
    let (n, width) = hidden.dims2()?;
    let vocab = head.dim(0)?;
    let rows = (SCORES / vocab).clamp(1, n);
    let scale = 1.0 / n as f32;
    let (mut sum, mut d_hidden, mut d_head) = (0.0, Vec::with_capacity(n * width), vec![0.0; vocab * width]);
    for (number, targets) in targets.chunks(rows).enumerate() {
        let hidden = hidden.narrow(0, number * rows, targets.len())?;
        let scores = hidden.matmul(&head.t()?)?;
        change(&scores, |scores| {
            for (row, target) in scores.chunks_exact_mut(vocab).zip(targets) {
                let score = row[*target as usize];
                sum += f64::from(softmax(row, scale) - score);
                row[*target as usize] -= scale;
            }
        })?;
        if back {
            read(&scores.matmul(&head)?, |part| {
                d_hidden.extend_from_slice(part);
                Ok(())
            })?;
            read(&scores.t()?.matmul(&hidden)?, |part| {
                for (sum, part) in d_head.iter_mut().zip(part) {
                    *sum += part;
                }
                Ok(())
            })?;
        }
    }
    let gradients = if back { Some((tensor(d_hidden, (n, width))?, tensor(d_head, (vocab, width))?)) } else { None };
    Ok(HeadLoss { sum, gradients })
}
