//! The gate of the feed-forward part.

use super::lanes::sigmoid;
use super::{floats, read, tensor};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

/// Rows of gates, followed by as many values, become silu(gate) * value.
pub(in super::super) struct SwiGlu;

impl CustomOp1 for SwiGlu {
    fn name(&self) -> &'static str {
        "swiglu"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (n, width) = layout.shape().dims2()?;
        let mut out = Vec::with_capacity(n * width / 2);
        for row in floats(storage, layout)?.chunks_exact(width) {
            let (gates, values) = row.split_at(width / 2);
            out.extend(gates.iter().zip(values).map(|(gate, value)| gate * sigmoid(*gate) * value));
        }
        Ok((CpuStorage::F32(out), (n, width / 2).into()))
    }

    fn bwd(&self, arg: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (n, width) = arg.dims2()?;
        let half = width / 2;
        let mut out = vec![0.0; n * width];
        read(arg, |arg| {
            read(grad, |grad| {
                for ((row, grad), out) in
                    arg.chunks_exact(width).zip(grad.chunks_exact(half)).zip(out.chunks_exact_mut(width))
                {
                    let ((gates, values), (d_gates, d_values)) = (row.split_at(half), out.split_at_mut(half));
                    let (values, d_values, grad) = (&values[..half], &mut d_values[..half], &grad[..half]);
                    for i in 0..half {
                        let share = sigmoid(gates[i]);
                        let silu = gates[i] * share;
                        d_values[i] = grad[i] * silu;
                        d_gates[i] = grad[i] * values[i] * (share + silu * (1.0 - share));
                    }
                }
                Ok(())
            })
        })?;
        Ok(Some(tensor(out, (n, width))?))
    }
}
