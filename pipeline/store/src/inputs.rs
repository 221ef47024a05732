//! What a phase reads: the manifests of earlier phases, by name.

use crate::commit::read_manifest;
use crate::{Manifest, Store, StoreError};
use std::sync::{Arc, OnceLock};

/// Manifests by name. Each is read when it is first asked for, because most tasks need none: what a task reads stands in
/// its own work.
pub struct Inputs<'a> {
    store: Option<&'a dyn Store>,
    slots: Vec<Slot>,
}

struct Slot {
    name: String,
    /// Key of the manifest; unused once it is here.
    key: String,
    manifest: OnceLock<Arc<Manifest>>,
}

impl<'a> Inputs<'a> {
    /// No inputs, as for the first phase of a run.
    pub fn none() -> Inputs<'a> {
        Inputs { store: None, slots: Vec::new() }
    }

    /// No inputs yet; manifests are read from `store`.
    pub fn new(store: &'a dyn Store) -> Inputs<'a> {
        Inputs { store: Some(store), slots: Vec::new() }
    }

    /// Adds a manifest that is at hand.
    #[must_use]
    pub fn with(mut self, name: &str, manifest: Arc<Manifest>) -> Inputs<'a> {
        self.slots.push(Slot { name: name.to_owned(), key: String::new(), manifest: OnceLock::from(manifest) });
        self
    }

    /// Adds a manifest that is to be read from `key`.
    #[must_use]
    pub fn with_key(mut self, name: &str, key: &str) -> Inputs<'a> {
        self.slots.push(Slot { name: name.to_owned(), key: key.to_owned(), manifest: OnceLock::new() });
        self
    }

    /// The store of the run.
    ///
    /// # Errors
    /// When there are no inputs.
    pub fn store(&self) -> Result<&'a dyn Store, StoreError> {
        self.store.ok_or_else(|| StoreError::Usage("the phase reads nothing".into()))
    }

    /// The names of all inputs, in the order in which they were added.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.slots.iter().map(|slot| slot.name.as_str())
    }

    /// The manifest of that name.
    ///
    /// # Errors
    /// When the phase has no such input, it has not ended, or the store fails.
    pub fn get(&self, name: &str) -> Result<&Manifest, StoreError> {
        let slot = self.slots.iter().find(|slot| slot.name == name);
        let slot = slot.ok_or_else(|| StoreError::Usage(format!("the phase needs `{name}` from a phase before it")))?;
        if let Some(manifest) = slot.manifest.get() {
            return Ok(manifest);
        }
        let manifest = self.store.map(|store| read_manifest(store, &slot.key)).transpose()?.flatten();
        let manifest = manifest.ok_or_else(|| StoreError::Usage(format!("`{}` is not there yet", slot.key)))?;
        Ok(slot.manifest.get_or_init(|| Arc::new(manifest)))
    }
}
