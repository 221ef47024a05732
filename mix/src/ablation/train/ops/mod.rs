//! Parts of the model for which candle has only chains of small operations: each is one pass here, with its gradient.

mod attention;
mod head;
mod lanes;
mod norm;
mod rotary;
mod swiglu;
#[cfg(test)]
mod tests;

pub(super) use attention::Attention;
pub(super) use head::{HeadLoss, head_loss};
pub(super) use norm::RmsNorm;
pub(super) use rotary::Rotary;
pub(super) use swiglu::SwiGlu;

use candle_core::{CpuStorage, Device, Error, InplaceOp1, Layout, Result, Shape, Storage, Tensor};
use std::cell::RefCell;

/// The numbers of an operand; it must lie end to end.
fn floats<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let (start, end) = layout.contiguous_offsets().ok_or(Error::RequiresContiguous { op: "trainer" })?;
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// Lets `work` read the numbers of a tensor, without a copy where they lie end to end.
pub(super) fn read<T>(tensor: &Tensor, work: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => work(floats(storage, layout)?),
        _ => Err(Error::Msg("the trainer runs on the processor only".to_owned())),
    }
}

/// Lets `work` change the numbers of a tensor that nothing else uses.
fn change(tensor: &Tensor, work: impl FnOnce(&mut [f32])) -> Result<()> {
    tensor.inplace_op1(&Change(RefCell::new(Some(work))))
}

struct Change<F>(RefCell<Option<F>>);

impl<F: FnOnce(&mut [f32])> InplaceOp1 for Change<F> {
    fn name(&self) -> &'static str {
        "change"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (start, end) = layout.contiguous_offsets().ok_or(Error::RequiresContiguous { op: "change" })?;
        if let (CpuStorage::F32(numbers), Some(work)) = (storage, self.0.take()) {
            work(&mut numbers[start..end]);
        }
        Ok(())
    }
}

fn tensor(numbers: Vec<f32>, shape: impl Into<Shape>) -> Result<Tensor> {
    Tensor::from_vec(numbers, shape.into(), &Device::Cpu)
}
