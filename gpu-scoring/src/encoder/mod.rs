//! Encoders: what is read from a Hugging Face folder, checked, and held in one form for every device.
//!
//! | room | what it does |
//! |---|---|
//! | `config` | `config.json`: architecture, sizes, heads |
//! | `tensors` | `model.safetensors`: named tensors as float32, with limits |
//! | `weights` | the weights of trunk and heads, by layer |
//! | `names` | what the architectures call their tensors |
//! | `heads` | from pooled features to named scores |

mod config;
mod heads;
mod names;
mod tensors;
mod weights;

pub use config::{Activation, Config, Family};
pub use heads::{Head, HeadActivation, HeadKind, Output, Pooling};
pub use weights::{Dense, Embeddings, Encoder, Layer, Norm};
