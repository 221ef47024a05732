//! The model in device memory: matrices, their biases and tables in bf16, everything else in float32.

use super::driver::Memory;
use crate::device::DeviceError;
use crate::encoder::{Dense, Encoder, HeadActivation, Norm, Pooling};
use half::bf16;

fn rounded(numbers: &[f32]) -> Result<Memory, DeviceError> {
    Memory::of(&numbers.iter().map(|number| bf16::from_f32(*number)).collect::<Vec<_>>())
}

/// A matrix with its bias.
#[derive(Debug)]
pub struct Matrix {
    /// Rows of inputs.
    pub weight: Memory,
    /// One for each output.
    pub bias: Memory,
}

impl Matrix {
    fn rounded(dense: &Dense) -> Result<Matrix, DeviceError> {
        Ok(Matrix { weight: rounded(&dense.weight)?, bias: rounded(&dense.bias)? })
    }

    fn exact(dense: &Dense) -> Result<Matrix, DeviceError> {
        Ok(Matrix { weight: Memory::of(&dense.weight)?, bias: Memory::of(&dense.bias)? })
    }
}

/// Gain and bias of a layer normalisation.
#[derive(Debug)]
pub struct Scale {
    /// Factors.
    pub gain: Memory,
    /// Added behind them.
    pub bias: Memory,
}

impl Scale {
    fn of(norm: &Norm) -> Result<Scale, DeviceError> {
        Ok(Scale { gain: Memory::of(&norm.gain)?, bias: Memory::of(&norm.bias)? })
    }
}

/// A layer.
#[derive(Debug)]
pub struct Layer {
    /// Queries, keys and values.
    pub qkv: Matrix,
    /// Behind the attention.
    pub out: Matrix,
    /// Behind the first residual.
    pub attention_norm: Scale,
    /// To the intermediate size.
    pub up: Matrix,
    /// And back.
    pub down: Matrix,
    /// Behind the second residual.
    pub output_norm: Scale,
}

/// What a head does on the device.
#[derive(Debug)]
pub struct Head {
    /// What it sees.
    pub pooling: Pooling,
    /// Its first matrix in float32, and whether ReLU follows instead of tanh.
    pub dense: Option<(Matrix, bool)>,
    /// Features that it gives.
    pub n_features: usize,
}

/// The model.
#[derive(Debug)]
pub struct Weights {
    /// Rows of words.
    pub words: Memory,
    /// Rows of positions.
    pub positions: Memory,
    /// Behind their sum.
    pub norm: Scale,
    /// The layers.
    pub layers: Vec<Layer>,
    /// The heads.
    pub heads: Vec<Head>,
}

impl Weights {
    /// Copies a model to the GPU.
    pub fn of(encoder: &Encoder) -> Result<Weights, DeviceError> {
        let layer = |layer: &crate::encoder::Layer| {
            Ok(Layer {
                qkv: Matrix::rounded(&layer.qkv)?,
                out: Matrix::rounded(&layer.attention_out)?,
                attention_norm: Scale::of(&layer.attention_norm)?,
                up: Matrix::rounded(&layer.up)?,
                down: Matrix::rounded(&layer.down)?,
                output_norm: Scale::of(&layer.output_norm)?,
            })
        };
        let head = |head: &crate::encoder::Head| {
            let dense = match &head.dense {
                Some((dense, activation)) => Some((Matrix::exact(dense)?, *activation == HeadActivation::Relu)),
                None => None,
            };
            Ok(Head { pooling: head.pooling, dense, n_features: head.n_features() })
        };
        Ok(Weights {
            words: rounded(&encoder.embeddings.words)?,
            positions: rounded(&encoder.embeddings.positions)?,
            norm: Scale::of(&encoder.embeddings.norm)?,
            layers: encoder.layers.iter().map(layer).collect::<Result<_, DeviceError>>()?,
            heads: encoder.heads.iter().map(head).collect::<Result<_, DeviceError>>()?,
        })
    }
}
