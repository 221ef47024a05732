//! `model.safetensors`: tensors by name, as float32.

use safetensors::{Dtype, SafeTensors};
use std::sync::Arc;
use tokenmill_core::BuildError;

/// An open file.
pub struct Tensors<'a> {
    file: SafeTensors<'a>,
    name: &'a str,
}

impl<'a> Tensors<'a> {
    /// Reads the header; `name` is what messages call the file.
    ///
    /// # Errors
    /// When it is no safetensors file, or one that claims what it does not hold.
    pub fn open(bytes: &'a Arc<[u8]>, name: &'a str) -> Result<Tensors<'a>, BuildError> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| {
            let hint = "a PyTorch file is turned into one by `save_pretrained(…, safe_serialization=True)`";
            BuildError::new(format!("`{name}` is no safetensors file: {error}")).hint(hint)
        })?;
        Ok(Tensors { file, name })
    }

    /// Whether there is a tensor of that name.
    pub fn has(&self, name: &str) -> bool {
        self.file.tensor(name).is_ok()
    }

    /// The names of all tensors, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names = self.file.names();
        names.sort_unstable();
        names
    }

    /// The number of rows of a tensor; 0 when there is none.
    pub fn rows(&self, name: &str) -> usize {
        self.file.tensor(name).ok().and_then(|tensor| tensor.shape().first().copied()).unwrap_or(0)
    }

    /// A tensor of that shape, row by row.
    ///
    /// # Errors
    /// When it is missing, has another shape, is of a type that is no number of up to 32 bits, or holds what is no number.
    pub fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, BuildError> {
        let refuse = |why: String| BuildError::new(format!("`{}`: tensor `{name}` {why}", self.name));
        let tensor = self.file.tensor(name).map_err(|_| {
            let some: Vec<String> = self.names().iter().take(4).map(|name| format!("`{name}`")).collect();
            refuse("is missing".to_owned()).hint(format!("the file begins with {}", some.join(", ")))
        })?;
        if tensor.shape() != shape {
            return Err(refuse(format!("has shape {:?}; `config.json` says {shape:?}", tensor.shape())));
        }
        let bytes = tensor.data();
        let values: Vec<f32> = match tensor.dtype() {
            Dtype::F32 => bytes.as_chunks().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect(),
            Dtype::F16 => bytes.as_chunks().0.iter().map(|chunk| half::f16::from_le_bytes(*chunk).to_f32()).collect(),
            Dtype::BF16 => bytes.as_chunks().0.iter().map(|chunk| half::bf16::from_le_bytes(*chunk).to_f32()).collect(),
            other => return Err(refuse(format!("is of type {other:?}")).hint("F32, F16 and BF16 are supported")),
        };
        match values.iter().position(|value| !value.is_finite()) {
            Some(at) => Err(refuse(format!("holds `{}` at {at}", values[at]))),
            None => Ok(values),
        }
    }
}
