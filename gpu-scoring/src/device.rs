//! What runs an encoder over batches: a core of the CPU, or a GPU.

use crate::batcher::Batch;

/// A device with a model on it. It belongs to one thread.
pub trait Device {
    /// What it is, for people: `CPU (float32, avx512)`, `GPU 0: NVIDIA H100 80GB HBM3`.
    fn name(&self) -> String;

    /// Tokens of a batch that keeps it busy; batches of more are refused.
    fn budget(&self) -> usize;

    /// Batches that may be under way at once: more than one where copying and computing overlap.
    fn depth(&self) -> usize;

    /// Seconds that it has computed, where it clocks itself.
    fn busy_seconds(&self) -> Option<f64> {
        None
    }

    /// Starts a batch; at most [`Device::depth`] are under way.
    ///
    /// # Errors
    /// When the device fails.
    fn start(&mut self, batch: &Batch) -> Result<(), DeviceError>;

    /// Waits for the oldest batch under way: the features of its sequences in their order, `Encoder::n_features` of each,
    /// those of the first head first. An empty sequence gets zeros.
    ///
    /// # Errors
    /// When the device fails, or nothing is under way.
    fn finish(&mut self) -> Result<Vec<f32>, DeviceError>;
}

/// Why a device does no more work. The message says what to do next, where anything can be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DeviceError(pub String);
