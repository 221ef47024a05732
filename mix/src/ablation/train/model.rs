//! The model: a decoder-only transformer with RMSNorm, rotary positions and SwiGLU, without biases.

use super::error::TrainError;
use super::job::{Job, ModelShape};
use super::ops::{Attention, HeadLoss, RmsNorm, Rotary, SwiGlu, head_loss, read};
use super::random::Random;
use candle_core::{Device, Result, Tensor, Var};
use std::sync::Arc;

/// Standard deviation of the embedding and the head at the start.
const DEVIATION: f64 = 0.02;

/// The same inside blocks, times the root of how many numbers are summed: 0.02 at a width of 625, and more in narrow
/// models, where 0.02 cost about 0.1 nats after 300,000 tokens.
const INNER: f64 = 0.5;

/// All weights, in a fixed order.
pub(super) struct Model {
    pub(super) weights: Vec<Weight>,
    shape: ModelShape,
    context: usize,
    rotary: Arc<Rotary>,
}

/// One tensor of weights.
pub(super) struct Weight {
    /// Name in a checkpoint.
    pub(super) name: String,
    pub(super) var: Var,
    /// Whether it is a norm, which does not decay.
    pub(super) is_norm: bool,
}

/// Weights of a block.
const BLOCK: usize = 6;

impl Model {
    /// A model before training. Every tensor has random numbers of its own, so that one more layer leaves the others.
    pub(super) fn new(job: &Job) -> std::result::Result<Model, TrainError> {
        let shape = job.model;
        let mut weights = Vec::new();
        let mut add = |name: String, dims: &[usize], deviation: Option<f64>| -> Result<()> {
            let n = dims.iter().product();
            let numbers = match deviation {
                Some(deviation) => Random::new(job.seed, &format!("weight {name}")).normal(n, deviation),
                None => vec![1.0; n],
            };
            let var = Var::from_vec(numbers, dims, &Device::Cpu)?;
            weights.push(Weight { name, var, is_norm: deviation.is_none() });
            Ok(())
        };
        let ModelShape { hidden, vocab, .. } = shape;
        let inner = |width: usize| Some(INNER / (width as f64).sqrt());
        // Each block adds to the same sum twice.
        let out = |width: usize| Some(INNER / (width as f64 * 2.0 * shape.layers as f64).sqrt());
        add("embedding".to_owned(), &[vocab, hidden], Some(DEVIATION))?;
        for layer in 0..shape.layers {
            let name = |part: &str| format!("layers.{layer}.{part}");
            add(name("attention_norm"), &[hidden], None)?;
            add(name("attention_in"), &[hidden, 3 * hidden], inner(hidden))?;
            add(name("attention_out"), &[hidden, hidden], out(hidden))?;
            add(name("ffn_norm"), &[hidden], None)?;
            add(name("ffn_in"), &[hidden, 2 * shape.ffn()], inner(hidden))?;
            add(name("ffn_out"), &[shape.ffn(), hidden], out(shape.ffn()))?;
        }
        add("norm".to_owned(), &[hidden], None)?;
        if !shape.tied {
            add("head".to_owned(), &[vocab, hidden], Some(DEVIATION))?;
        }
        let rotary = Arc::new(Rotary::new(job.context, hidden / shape.heads));
        Ok(Model { weights, shape, context: job.context, rotary })
    }

    /// All parameters, and those outside of the embedding and the head.
    pub(super) fn n_parameters(&self) -> (usize, usize) {
        let count = |weights: &[Weight]| weights.iter().map(|weight| weight.var.elem_count()).sum();
        (count(&self.weights), count(&self.weights[1..BLOCK * self.shape.layers + 2]))
    }

    /// The loss of a batch.
    pub(super) fn loss(&self, inputs: &[u32], targets: &[u32]) -> Result<HeadLoss> {
        head_loss(&self.hidden(inputs)?, self.head(), targets, false)
    }

    /// The mean loss of a batch and its gradient for every tensor of weights.
    pub(super) fn gradients(&self, inputs: &[u32], targets: &[u32]) -> Result<(f64, Vec<Tensor>)> {
        let hidden = self.hidden(inputs)?;
        let loss = head_loss(&hidden, self.head(), targets, true)?;
        let Some((d_hidden, d_head)) = loss.gradients else { return Ok((loss.sum, Vec::new())) };
        // The gradient of this sum at the hidden state is the one that the head has found.
        let mut found = (hidden * d_hidden)?.sum_all()?.backward()?;
        let mut gradients = Vec::with_capacity(self.weights.len());
        for weight in &self.weights {
            let below = found.remove(&weight.var);
            gradients.push(match (below, weight.var.id() == self.head().id()) {
                (Some(below), true) => (below + &d_head)?,
                (Some(below), false) => below,
                (None, true) => d_head.clone(),
                (None, false) => weight.var.zeros_like()?,
            });
        }
        Ok((loss.sum / targets.len() as f64, gradients))
    }

    /// The last hidden state of every token.
    fn hidden(&self, inputs: &[u32]) -> Result<Tensor> {
        let var = |number: usize| self.weights[number].var.as_tensor();
        let ids = Tensor::from_slice(inputs, inputs.len(), &Device::Cpu)?;
        let mut x = var(0).index_select(&ids, 0)?;
        for layer in 0..self.shape.layers {
            let part = |number: usize| var(1 + layer * BLOCK + number);
            let attention = Attention::new(self.context, self.shape.heads, self.rotary.clone());
            let row = x.apply_op2(part(0), RmsNorm)?.matmul(part(1))?;
            x = (x + row.apply_op1(attention)?.matmul(part(2))?)?;
            let row = x.apply_op2(part(3), RmsNorm)?.matmul(part(4))?;
            x = (x + row.apply_op1(SwiGlu)?.matmul(part(5))?)?;
        }
        x.apply_op2(var(1 + self.shape.layers * BLOCK), RmsNorm)
    }

    fn head(&self) -> &Tensor {
        let head = if self.shape.tied { self.weights.first() } else { self.weights.last() };
        head.map(|weight| weight.var.as_tensor()).unwrap_or_else(|| self.weights[0].var.as_tensor())
    }
}

/// The numbers of a tensor.
pub(super) fn numbers(tensor: &Tensor) -> Result<Vec<f32>> {
    read(tensor, |numbers| Ok(numbers.to_vec()))
}
