//! The norm by the root of the mean square, with its gradient.

use super::lanes::dot;
use super::{floats, read, tensor};
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

/// Divides each row by its root mean square and multiplies it by the weights.
pub(in super::super) struct RmsNorm;

impl RmsNorm {
    /// What brings a row to a root mean square of 1.
    fn scale(row: &[f32]) -> f32 {
        1.0 / (dot(row, row) / row.len() as f32 + 1e-5).sqrt()
    }
}

impl CustomOp2 for RmsNorm {
    fn name(&self) -> &'static str {
        "rms-norm"
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
        let (rows, weights) = (floats(s1, l1)?, floats(s2, l2)?);
        let mut out = Vec::with_capacity(rows.len());
        for row in rows.chunks_exact(weights.len()) {
            let scale = Self::scale(row);
            out.extend(row.iter().zip(weights).map(|(x, weight)| x * scale * weight));
        }
        Ok((CpuStorage::F32(out), l1.shape().clone()))
    }

    fn bwd(
        &self,
        rows: &Tensor,
        weights: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let shape = rows.shape().clone();
        read(rows, |rows| {
            read(weights, |weights| {
                read(grad, |grad| {
                    let width = weights.len();
                    let (mut d_rows, mut d_weights) = (Vec::with_capacity(rows.len()), vec![0.0; width]);
                    let mut weighted = vec![0.0; width];
                    for (row, grad) in rows.chunks_exact(width).zip(grad.chunks_exact(width)) {
                        let scale = Self::scale(row);
                        for i in 0..width {
                            weighted[i] = grad[i] * weights[i];
                            d_weights[i] += grad[i] * row[i] * scale;
                        }
                        let pull = dot(&weighted, row) * scale * scale / width as f32;
                        d_rows.extend(weighted.iter().zip(row).map(|(grad, x)| scale * (grad - x * pull)));
                    }
                    Ok((Some(tensor(d_rows, shape)?), Some(tensor(d_weights, width)?)))
                })
            })
        })
    }
}
