//! Causal attention of several heads, from queries, keys and values in one row to the result in one row.

use super::lanes::{dot, softmax};
use super::rotary::Rotary;
use super::{change, floats, read, tensor};
use candle_core::{CpuStorage, CustomOp1, Error, Layout, Result, Shape, Tensor};
use std::sync::{Arc, OnceLock};

/// Attention within sequences of `context` tokens.
pub(in super::super) struct Attention {
    context: usize,
    heads: usize,
    rotary: Arc<Rotary>,
    /// What the way back needs from the way there.
    saved: OnceLock<Saved>,
}

/// Queries, keys and values by sequence, head, place and number, and the weights of every place at every place.
struct Saved {
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    weights: Tensor,
}

impl Attention {
    /// For one pass over one batch.
    pub(in super::super) fn new(context: usize, heads: usize, rotary: Arc<Rotary>) -> Attention {
        Attention { context, heads, rotary, saved: OnceLock::new() }
    }

    /// Calls `work` with the place in the sequence, where a head begins in the rows of tokens, and where in the rows of
    /// heads. Rows of tokens have `parts` times the width of all heads.
    #[inline(always)]
    fn each_head(&self, n: usize, width: usize, parts: usize, mut work: impl FnMut(usize, usize, usize)) {
        for row in 0..n {
            let (sequence, place) = (row / self.context, row % self.context);
            for head in 0..self.heads {
                let by_head = ((sequence * self.heads + head) * self.context + place) * width;
                work(place, (row * self.heads * parts + head) * width, by_head);
            }
        }
    }
}

impl CustomOp1 for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (n, row) = layout.shape().dims2()?;
        let (from, hidden) = (floats(storage, layout)?, row / 3);
        let width = hidden / self.heads;
        let scale = 1.0 / (width as f32).sqrt();
        let [mut queries, mut keys, mut values] = [(); 3].map(|()| vec![0.0; n * hidden]);
        self.each_head(n, width, 3, |place, at, to| {
            let part = |number: usize| &from[at + number * hidden..][..width];
            self.rotary.turn(place, part(0), &mut queries[to..to + width], scale);
            self.rotary.turn(place, part(1), &mut keys[to..to + width], 1.0);
            values[to..to + width].copy_from_slice(part(2));
        });
        let shape = (n / self.context * self.heads, self.context, width);
        let [queries, keys, values] = [tensor(queries, shape)?, tensor(keys, shape)?, tensor(values, shape)?];
        let weights = queries.matmul(&keys.t()?)?;
        change(&weights, |weights| {
            for (number, row) in weights.chunks_exact_mut(self.context).enumerate() {
                let (past, future) = row.split_at_mut(number % self.context + 1);
                softmax(past, 1.0);
                future.fill(0.0);
            }
        })?;
        let mut out = vec![0.0; n * hidden];
        read(&weights.matmul(&values)?, |heads| {
            self.each_head(n, width, 1, |_, to, at| out[to..to + width].copy_from_slice(&heads[at..at + width]));
            Ok(())
        })?;
        // The same operation on a second batch would find the numbers of the first.
        let saved = Saved { queries, keys, values, weights };
        self.saved.set(saved).map_err(|_| Error::Msg("attention was used twice".to_owned()))?;
        Ok((CpuStorage::F32(out), (n, hidden).into()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let Saved { queries, keys, values, weights } =
            self.saved.get().ok_or_else(|| Error::Msg("attention was not used".to_owned()))?;
        let (n, hidden) = grad.dims2()?;
        let width = hidden / self.heads;
        let mut by_head = vec![0.0; n * hidden];
        read(grad, |grad| {
            self.each_head(n, width, 1, |_, at, to| by_head[to..to + width].copy_from_slice(&grad[at..at + width]));
            Ok(())
        })?;
        let grad = tensor(by_head, queries.shape().clone())?;
        let d_values = weights.t()?.matmul(&grad)?;
        let d_scores = grad.matmul(&values.t()?)?;
        read(weights, |weights| {
            change(&d_scores, |grads| {
                let rows = grads.chunks_exact_mut(self.context).zip(weights.chunks_exact(self.context));
                for (number, (grads, weights)) in rows.enumerate() {
                    let (past, future) = grads.split_at_mut(number % self.context + 1);
                    let mean = dot(past, &weights[..past.len()]);
                    for (grad, weight) in past.iter_mut().zip(weights) {
                        *grad = (*grad - mean) * weight;
                    }
                    future.fill(0.0);
                }
            })
        })?;
        let (d_queries, d_keys) = (d_scores.matmul(keys)?, d_scores.t()?.matmul(queries)?);
        let scale = 1.0 / (width as f32).sqrt();
        let mut out = vec![0.0; n * hidden * 3];
        read(&d_queries, |d_queries| {
            read(&d_keys, |d_keys| {
                read(&d_values, |d_values| {
                    self.each_head(n, width, 3, |place, to, at| {
                        let [query, key, value] = [0, 1, 2].map(|part| to + part * hidden);
                        let from = at..at + width;
                        self.rotary.turn_back(place, &d_queries[from.clone()], &mut out[query..query + width], scale);
                        self.rotary.turn_back(place, &d_keys[from.clone()], &mut out[key..key + width], 1.0);
                        out[value..value + width].copy_from_slice(&d_values[from]);
                    });
                    Ok(())
                })
            })
        })?;
        Ok(Some(tensor(out, (n, hidden * 3))?))
    }
}
