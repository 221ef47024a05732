//! A matrix of weights as a device multiplies with it: packed once, shared by all threads.

use super::Precision;
use super::gemm::{Finish, Multiply, width};
use super::gemm_int8::{Int8Matrix, MultiplyInt8};
use super::memory::Rows;
use super::panels::Panels;
use super::quantise::{Quantise, Quantised};
use crate::device::DeviceError;
use crate::encoder::{Activation, Dense};
use rten_simd::SimdOp;

/// A packed matrix with its bias.
pub struct Linear {
    weights: Weights,
    bias: Vec<f32>,
}

enum Weights {
    F32(Panels<f32>),
    Int8(Int8Matrix),
}

/// What follows the matrix and its bias.
#[derive(Clone, Copy)]
pub enum Then {
    /// Nothing.
    Write,
    /// A function.
    Activate(Activation),
    /// The sum is added to what is there.
    Add,
}

impl Linear {
    /// Packs a matrix.
    ///
    /// # Errors
    /// When its sizes do not fit together, or it has too many inputs for 8 bits.
    pub fn new(dense: &Dense, precision: Precision) -> Result<Linear, DeviceError> {
        if dense.n_in == 0 || dense.weight.len() != dense.n_in * dense.n_out || dense.bias.len() != dense.n_out {
            return Err(DeviceError(format!("a matrix of {} × {} numbers has not so many", dense.n_out, dense.n_in)));
        }
        let weights = match precision {
            Precision::F32 => {
                let mut panels = Panels::default();
                panels.reshape(dense.n_in, dense.n_out, width(), 1);
                panels.columns_from(|at| &dense.weight[at * dense.n_in..][..dense.n_in]);
                Weights::F32(panels)
            }
            Precision::Int8 => Weights::Int8(Int8Matrix::new(dense).ok_or_else(|| {
                DeviceError(format!("a matrix has {} inputs, too many for int8; use float32", dense.n_in))
            })?),
        };
        Ok(Linear { weights, bias: dense.bias.clone() })
    }

    /// The first `n_rows` of `rows` times the matrix, to the first rows of `out`; `bytes` is room for the rows in 8 bits.
    pub fn apply(&self, rows: &Rows<f32>, n_rows: usize, bytes: &mut Quantised, then: Then, out: &mut Rows<f32>) {
        let finish = match then {
            Then::Write => Finish::Bias(&self.bias),
            Then::Activate(activation) => Finish::Activate(&self.bias, activation),
            Then::Add => Finish::Residual(&self.bias),
        };
        if !matches!(then, Then::Add) {
            out.reshape(n_rows, self.bias.len());
        }
        let out_stride = out.stride;
        match &self.weights {
            Weights::F32(matrix) => {
                let (stride, out) = (rows.stride, out.data_mut());
                Multiply { rows: rows.data(), stride, n_rows, matrix, out, out_stride, finish }.dispatch();
            }
            Weights::Int8(matrix) => {
                Quantise { rows, n_rows, out: bytes }.dispatch();
                MultiplyInt8 { rows: bytes, matrix, out: out.data_mut(), out_stride, finish }.dispatch();
            }
        }
    }
}
