//! Earlier runs that an exchange step is settled against: what it has kept there counts as kept already.
//!
//! Nothing of such a run is read but small rows that its phases have committed: the sketches of its documents, what was
//! decided about them, and for similar documents the larger sketches that a phase of its own has kept. So its text may be
//! gone. Tasks that read them open the store of that run; what they write goes to the store of their own.

mod owners;
mod pin;
mod standing;

pub use owners::{AGAINST, OWN, Owners, earlier_run, own, rows_of_earlier};
pub use pin::{Pinned, pin};
pub use standing::{Kept, Standing, StandingPart};

use super::FORMAT;
use crate::spec::{StepSpec, canonical_steps};
use serde_json::{Value, json};
use tokenmill_core::exchange::MAY_DIFFER;
use tokenmill_core::hash::digest_hex;
use tokenmill_core::{Assets, BuildError};
use tokenmill_store::location::open_standing;
use tokenmill_store::{Store, StoreError};

/// The earlier runs of one step.
#[derive(Clone)]
pub struct Against {
    step: StepSpec,
    identity: String,
    /// In the order in which the recipe names them: of several twins that of the first run is named.
    pub runs: Vec<Pinned>,
}

impl Against {
    /// The earlier runs that a step names; they must be pinned.
    ///
    /// # Errors
    /// When they are not, or an asset has no known digest.
    pub fn of(step: &StepSpec, assets: &dyn Assets) -> Result<Against, BuildError> {
        let runs: Vec<Pinned> =
            step.params.texts(tokenmill_core::exchange::AGAINST.name).iter().map(|run| Pinned::parse(run)).collect();
        if let Some(run) = runs.iter().find(|run| run.digest.is_none()) {
            return Err(BuildError::new(format!("step `{}`: nobody has looked into `{}` yet", step.name, run.uri)));
        }
        Ok(Against { step: step.clone(), identity: identity(step, assets)?, runs })
    }

    /// What goes into the fingerprint of a phase that reads them; null without any.
    pub fn spec(&self) -> Value {
        match self.runs.is_empty() {
            true => Value::Null,
            false => self.runs.iter().map(|run| run.digest.as_deref().unwrap_or_default()).collect::<Vec<_>>().into(),
        }
    }

    /// Reads their manifests.
    ///
    /// # Errors
    /// When one has changed since it was pinned, or a store fails.
    pub fn read(&self) -> Result<Vec<Standing>, StoreError> {
        self.runs.iter().map(|run| Standing::read_pinned(run, &self.step, &self.identity)).collect()
    }
}

/// What two runs must have in common for a step of one to be settled against that of the other.
///
/// # Errors
/// When an asset has no known digest.
pub fn identity(step: &StepSpec, assets: &dyn Assets) -> Result<String, BuildError> {
    let mut canonical = canonical_steps(std::slice::from_ref(step), assets)?;
    if let Some(step) = canonical.pointer_mut("/0").and_then(Value::as_object_mut) {
        step.remove("name");
        let by_lang =
            step.get_mut("lang").and_then(Value::as_object_mut).into_iter().flat_map(|lang| lang.values_mut());
        by_lang.for_each(forget);
        step.get_mut("params").into_iter().for_each(forget);
    }
    Ok(digest_hex(json!({"format": FORMAT, "step": canonical}).to_string().as_bytes()))
}

/// Takes out of some parameters those by which two runs may differ.
fn forget(params: &mut Value) {
    if let Some(params) = params.as_object_mut() {
        params.retain(|name, _| !MAY_DIFFER.contains(&name.as_str()));
    }
}

/// The store of an earlier run.
///
/// # Errors
/// When the run is gone, or the store fails.
pub fn open(uri: &str) -> Result<Box<dyn Store>, StoreError> {
    open_standing(uri, crate::plan::record::PLAN)
}
