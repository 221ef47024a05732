//! Encoders on NVIDIA GPUs: bf16 matrices by cublasLt, everything else by kernels of our own, found and loaded at run time.
//!
//! | room | what it does |
//! |---|---|
//! | `probe` | which GPUs there are, or why none |
//! | `driver` | memory, streams, events and kernels of the CUDA driver, freed when dropped |
//! | `gemm` | matrices by cublasLt, one algorithm whatever the batch |
//! | `layout` | what a batch looks like on the device: ids, positions, tiles of the attention |
//! | `weights` | the model in device memory |
//! | `forward` | the kernels of a batch, in their order |
//! | `device` | three batches under way: copying in, computing, copying out |
//!
//! A sequence's features do not depend on what else is in its batch: every kernel works on a row, or on a sequence, in an
//! order of its own, and a matrix product uses the same algorithm for every number of rows.

mod device;
mod driver;
mod forward;
mod gemm;
mod layout;
mod probe;
mod weights;

pub use device::{CudaDevice, Options};
pub use probe::{Found, probe};

#[cfg(test)]
mod fresh;
