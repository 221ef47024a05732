//! From ids to the last hidden states of a packed batch.

use super::attention::{Attend, AttentionRoom};
use super::linear::{Linear, Then};
use super::memory::Rows;
use super::norm::Normalise;
use super::quantise::Quantised;
use super::{CpuEncoder, Precision};
use crate::batcher::Batch;
use crate::device::DeviceError;
use crate::encoder::Layer;
use rten_simd::SimdOp;

/// The matrices of a layer.
pub struct PackedLayer {
    qkv: Linear,
    attention_out: Linear,
    up: Linear,
    down: Linear,
}

impl PackedLayer {
    /// Packs the matrices.
    ///
    /// # Errors
    /// When one cannot be.
    pub fn new(layer: &Layer, precision: Precision) -> Result<PackedLayer, DeviceError> {
        let pack = |dense| Linear::new(dense, precision);
        Ok(PackedLayer {
            qkv: pack(&layer.qkv)?,
            attention_out: pack(&layer.attention_out)?,
            up: pack(&layer.up)?,
            down: pack(&layer.down)?,
        })
    }
}

/// Room for activations, kept from batch to batch.
#[derive(Default)]
pub struct Room {
    /// The hidden states, a row for each token.
    pub hidden: Rows<f32>,
    qkv: Rows<f32>,
    context: Rows<f32>,
    between: Rows<f32>,
    bytes: Quantised,
    attention: AttentionRoom,
}

/// Runs the trunk; the batch has been checked.
pub fn run(encoder: &CpuEncoder, batch: &Batch, room: &mut Room) {
    let config = &encoder.encoder.config;
    let n_tokens = batch.ids.len();
    embed(encoder, batch, &mut room.hidden);
    let Room { hidden, qkv, context, between, bytes, attention } = room;
    context.reshape(n_tokens, config.hidden);
    for (packed, layer) in encoder.layers.iter().zip(&encoder.encoder.layers) {
        packed.qkv.apply(hidden, n_tokens, bytes, Then::Write, qkv);
        for ends in batch.boundaries.windows(2) {
            let (begin, n) = (ends[0] as usize, (ends[1] - ends[0]) as usize);
            let (n_heads, head_size) = (config.n_heads, config.head_size());
            Attend { qkv, begin, n, n_heads, head_size, room: attention, out: context }.dispatch();
        }
        packed.attention_out.apply(context, n_tokens, bytes, Then::Add, hidden);
        let epsilon = config.epsilon;
        Normalise { rows: hidden, n_rows: n_tokens, norm: &layer.attention_norm, epsilon }.dispatch();
        packed.up.apply(hidden, n_tokens, bytes, Then::Activate(config.activation), between);
        packed.down.apply(between, n_tokens, bytes, Then::Add, hidden);
        Normalise { rows: hidden, n_rows: n_tokens, norm: &layer.output_norm, epsilon }.dispatch();
    }
}

/// Sums of words and positions, normalised.
fn embed(encoder: &CpuEncoder, batch: &Batch, out: &mut Rows<f32>) {
    let (config, embeddings) = (&encoder.encoder.config, &encoder.encoder.embeddings);
    out.reshape(batch.ids.len(), config.hidden);
    for ends in batch.boundaries.windows(2) {
        let tokens = ends[0] as usize..ends[1] as usize;
        let positions = embeddings.positions.chunks_exact(config.hidden);
        for (at, position) in tokens.zip(positions) {
            let word = &embeddings.words[batch.ids[at] as usize * config.hidden..][..config.hidden];
            let sums = word.iter().zip(position);
            out.row_mut(at).iter_mut().zip(sums).for_each(|(out, (word, position))| *out = word + position);
        }
    }
    let n_rows = batch.ids.len();
    Normalise { rows: out, n_rows, norm: &embeddings.norm, epsilon: config.epsilon }.dispatch();
}
