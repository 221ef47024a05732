//! Models that several stages have in common: a step with other limits for every language still has one model.

use crate::fasttext::Model;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokenmill_core::{Assets, BuildError};

/// The model of an asset, read once for as long as anybody uses it.
///
/// # Errors
/// When the asset is not to be had, or is no model.
pub fn model(name: &str, assets: &dyn Assets) -> Result<Arc<Model>, BuildError> {
    static IN_USE: Mutex<Vec<(String, Weak<Model>)>> = Mutex::new(Vec::new());
    let digest = assets.digest(name)?;
    let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
    in_use.retain(|(_, model)| model.strong_count() > 0);
    if let Some(model) = in_use.iter().find(|(known, _)| *known == digest).and_then(|(_, model)| model.upgrade()) {
        return Ok(model);
    }
    let model = Model::from_bytes(&assets.bytes(name)?);
    let model = Arc::new(model.map_err(|error| BuildError::new(format!("model `{name}`: {error}")))?);
    in_use.push((digest, Arc::downgrade(&model)));
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::assets::MemoryAssets;

    #[test]
    fn one_content_is_read_once() {
        let bytes: &[u8] = include_bytes!("../tests/fixtures/softmax.ftz");
        let assets = MemoryAssets([("a".to_owned(), bytes.into()), ("b".to_owned(), bytes.into())].into());
        let (first, second) = (model("a", &assets).unwrap(), model("b", &assets).unwrap());
        assert!(Arc::ptr_eq(&first, &second));
        assert!(model("c", &assets).is_err());
    }
}
