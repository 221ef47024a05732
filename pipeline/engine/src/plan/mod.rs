//! Phases with their fingerprints: what a recipe comes to, before anything runs.

mod explain;
pub(crate) mod record;

pub use explain::{explain, human_bytes};
pub use record::{PhaseRecord, RunRecord, TaskList};

use crate::map::MapPhase;
use crate::spec::{Spec, canonical_params};
use serde_json::json;
use std::sync::Arc;
use tokenmill_core::BuildError;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::{Phase, SharedAssets};

/// The phases of a run, in order.
pub struct Plan {
    /// Name of the run.
    pub name: String,
    /// The recipe with every default written out.
    pub resolved: String,
    /// Each reads what the one before committed.
    pub phases: Vec<PlannedPhase>,
}

/// A phase with its identity.
pub struct PlannedPhase {
    /// Digest of everything besides the inputs that can change its output, and of the phases before it.
    pub fingerprint: String,
    /// Folder in the run directory.
    pub folder: String,
    /// What it does.
    pub phase: Box<dyn Phase>,
}

impl Plan {
    /// Plans a recipe; nothing is read but the digests of assets.
    ///
    /// # Errors
    /// When an asset is unknown or a section refuses its parameters.
    pub fn new(spec: &Spec, assets: &Arc<dyn SharedAssets>) -> Result<Plan, BuildError> {
        let mut phases: Vec<(Box<dyn Phase>, String)> = Vec::new();
        for index in 0..spec.maps.len() {
            let phase = MapPhase::new(spec, index, assets.clone())?;
            let text = phase.spec();
            phases.push((Box::new(phase), text));
        }
        for (section, params) in &spec.sections {
            let asset_names =
                section.asset_params.iter().map(|param| params.text(param)).filter(|name| !name.is_empty());
            let digests = asset_names.map(|name| assets.digest(name)).collect::<Result<Vec<_>, _>>()?;
            for phase in (section.build)(params, spec.seed, assets.clone())? {
                let text = json!({"params": canonical_params(params), "assets": digests, "seed": spec.seed, "phase": phase.spec()});
                phases.push((phase, text.to_string()));
            }
        }
        let mut upstream = String::new();
        let mut planned = Vec::with_capacity(phases.len());
        for (number, (phase, text)) in phases.into_iter().enumerate() {
            let fingerprint = digest_hex(format!("{}\0{text}\0{upstream}", phase.name()).as_bytes());
            upstream.clone_from(&fingerprint);
            let folder = format!("p{}-{}-{}", number + 1, phase.name(), &fingerprint[..12]);
            planned.push(PlannedPhase { fingerprint, folder, phase });
        }
        Ok(Plan { name: spec.name.clone(), resolved: spec.to_toml(), phases: planned })
    }
}
