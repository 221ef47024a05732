//! Keeps all that a later job needs to go on: weights, moments, and how far every group was read.

use super::adam::{Adam, Moments};
use super::error::TrainError;
use super::feed::Feed;
use super::files;
use super::job::Job;
use super::model::{Model, numbers};
use candle_core::safetensors::SliceSafetensors;
use candle_core::{Device, Tensor};
use std::path::Path;

/// Writes a checkpoint. The same state gives the same bytes.
pub(super) fn save(path: &Path, job: &Job, model: &Model, adam: &Adam, feed: &Feed) -> Result<(), TrainError> {
    let mut tensors = vec![("step".to_owned(), Tensor::new(adam.step as i64, &Device::Cpu)?)];
    for (weight, moments) in model.weights.iter().zip(&adam.moments) {
        let shape = weight.var.shape();
        for (kind, numbers) in [("first", &moments.first), ("second", &moments.second)] {
            let moment = Tensor::from_slice(numbers, shape, &Device::Cpu)?;
            tensors.push((format!("moments.{kind}.{}", weight.name), moment));
        }
        tensors.push((format!("model.{}", weight.name), weight.var.as_tensor().clone()));
    }
    tensors.push(("seed".to_owned(), Tensor::new(job.seed.cast_signed(), &Device::Cpu)?));
    for stream in feed.streams() {
        let place = [stream.at() as i64, stream.n_sequences() as i64];
        tensors.push((format!("place.{}", stream.group()), Tensor::new(&place, &Device::Cpu)?));
    }
    let bytes =
        safetensors::serialize(tensors, None).map_err(|error| TrainError::checkpoint(path, error.to_string()))?;
    files::write(path, &bytes)
}

/// Goes to where a checkpoint was made. A job of the same seed reads on where that one stood in every group, unless the group
/// has other tokens now; one of another seed begins at a place of its own, so that anneals of several seeds differ.
pub(super) fn load(path: &Path, job: &Job, model: &Model, adam: &mut Adam, feed: &mut Feed) -> Result<(), TrainError> {
    let bytes = files::read(path)?;
    let damaged = |error: candle_core::Error| {
        TrainError::checkpoint(path, format!("it is not one of ours, or damaged ({error}); train it again"))
    };
    let tensors = SliceSafetensors::new(&bytes).map_err(damaged)?;
    let get = |name: &str| tensors.load(name, &Device::Cpu).map_err(damaged);
    adam.step = get("step")?.to_scalar::<i64>().map_err(damaged)?.max(0) as u64;
    for (weight, moments) in model.weights.iter().zip(&mut adam.moments) {
        let shaped = |kind: &str| -> Result<Tensor, TrainError> {
            let found = get(&format!("{kind}.{}", weight.name))?;
            if found.shape() == weight.var.shape() {
                return Ok(found);
            }
            let (is, wanted) = (found.dims(), weight.var.dims());
            let problem = format!("`{}` has the shape {is:?}, the job's model {wanted:?}", weight.name);
            Err(TrainError::checkpoint(path, problem + "; take the `model` that it was trained with"))
        };
        weight.var.set(&shaped("model")?).map_err(damaged)?;
        *moments = Moments { first: numbers(&shaped("moments.first")?)?, second: numbers(&shaped("moments.second")?)? };
    }
    if get("seed")?.to_scalar::<i64>().map_err(damaged)? != job.seed.cast_signed() {
        return Ok(());
    }
    for stream in feed.streams_mut() {
        // A group that is new in this job has no place yet.
        let Ok(place) = tensors.load(&format!("place.{}", stream.group()), &Device::Cpu) else { continue };
        if let [at, n_sequences] = place.to_vec1::<i64>().map_err(damaged)?[..]
            && n_sequences as u64 == stream.n_sequences()
        {
            stream.go_to(at as u64);
        }
    }
    Ok(())
}
