//! The CPU as a device: one core, float32 or int8, with the vectors that the machine has.
//!
//! | room | what it does |
//! |---|---|
//! | `memory` | buffers on cache lines, rows with gaps |
//! | `panels` | weights in the order in which kernels read them |
//! | `gemm` | products in float32, with bias, function or residual |
//! | `quantise`, `gemm_int8` | rows as bytes, and products of bytes |
//! | `math`, `norm`, `attention` | the parts between products |
//! | `linear` | a packed matrix of either precision |
//! | `trunk`, `pooling` | layers, and the features of heads |
//!
//! A device computes on the thread that calls it and starts no other, so a machine is filled by one device for each core.

mod attention;
mod gemm;
mod gemm_int8;
mod linear;
mod math;
mod memory;
mod norm;
mod panels;
mod pooling;
mod quantise;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
mod trunk;

use crate::batcher::Batch;
use crate::device::{Device, DeviceError};
use crate::encoder::Encoder;
use std::sync::Arc;

/// Tokens of a batch: enough that weights are read from memory seldom, few enough that activations, 12 KiB a token between
/// the matrices of a feed-forward layer of 3,072, stay in a cache. From 256 to 1,024 measured alike, 4,096 worse.
const BUDGET: usize = 1024;

/// How matrices are multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// In float32.
    F32,
    /// Weights of the layers in 8 bits, activations in 8 bits with a scale for each row. The rest is float32.
    Int8,
}

/// An encoder with its weights packed; all devices of a process share one.
pub struct CpuEncoder {
    encoder: Arc<Encoder>,
    precision: Precision,
    layers: Vec<trunk::PackedLayer>,
    heads: Vec<pooling::PackedHead>,
}

impl CpuEncoder {
    /// Packs the weights.
    ///
    /// # Errors
    /// When they do not fit together.
    pub fn new(encoder: Arc<Encoder>, precision: Precision) -> Result<CpuEncoder, DeviceError> {
        let layers =
            encoder.layers.iter().map(|layer| trunk::PackedLayer::new(layer, precision)).collect::<Result<_, _>>()?;
        let heads = encoder.heads.iter().map(pooling::PackedHead::new).collect::<Result<_, _>>()?;
        Ok(CpuEncoder { encoder, precision, layers, heads })
    }
}

/// One core of the CPU.
pub struct CpuDevice {
    encoder: Arc<CpuEncoder>,
    room: trunk::Room,
    features: Option<Vec<f32>>,
}

impl CpuDevice {
    /// A device that uses shared weights.
    ///
    /// # Errors
    /// None so far; devices of other kinds have some.
    pub fn new(encoder: Arc<CpuEncoder>) -> Result<CpuDevice, DeviceError> {
        Ok(CpuDevice { encoder, room: trunk::Room::default(), features: None })
    }

    fn check(&self, batch: &Batch) -> Result<(), DeviceError> {
        let config = &self.encoder.encoder.config;
        let refuse = |why: String| Err(DeviceError(why));
        if batch.ids.len() > self.budget() {
            return refuse(format!("a batch has {} tokens; at most {} are taken", batch.ids.len(), self.budget()));
        }
        let ends = &batch.boundaries;
        let fits = match ends.last() {
            None => batch.ids.is_empty() && batch.is_empty(),
            Some(last) => ends[0] == 0 && *last as usize == batch.ids.len() && ends.len() == batch.len() + 1,
        };
        if !fits || ends.windows(2).any(|ends| ends[0] > ends[1]) {
            return refuse("the boundaries of a batch do not fit its ids".to_owned());
        }
        if let Some(ends) = ends.windows(2).find(|ends| (ends[1] - ends[0]) as usize > config.max_tokens) {
            let n = ends[1] - ends[0];
            return refuse(format!("a sequence has {n} tokens; the encoder takes {}", config.max_tokens));
        }
        match batch.ids.iter().find(|id| **id as usize >= config.n_words) {
            Some(id) => {
                refuse(format!("id {id} is beyond the vocabulary of {}; is it another model's?", config.n_words))
            }
            None => Ok(()),
        }
    }
}

impl Device for CpuDevice {
    fn name(&self) -> String {
        let vectors = match gemm::width() {
            48 => "avx512",
            24 => "avx2",
            _ if cfg!(target_arch = "aarch64") => "neon",
            _ => "no wide vectors",
        };
        match self.encoder.precision {
            Precision::F32 => format!("CPU (float32, {vectors})"),
            Precision::Int8 if gemm_int8::is_fast() => "CPU (int8, avx512-vnni)".to_owned(),
            Precision::Int8 => format!("CPU (int8 without instructions for it, {vectors})"),
        }
    }

    fn budget(&self) -> usize {
        BUDGET.max(self.encoder.encoder.config.max_tokens)
    }

    fn depth(&self) -> usize {
        1
    }

    fn start(&mut self, batch: &Batch) -> Result<(), DeviceError> {
        if self.features.is_some() {
            return Err(DeviceError("a batch is under way already".to_owned()));
        }
        self.check(batch)?;
        trunk::run(&self.encoder, batch, &mut self.room);
        self.features = Some(pooling::features(&self.encoder.heads, batch, &self.room.hidden));
        Ok(())
    }

    fn finish(&mut self) -> Result<Vec<f32>, DeviceError> {
        self.features.take().ok_or_else(|| DeviceError("no batch is under way".to_owned()))
    }
}
