//! Phases with their fingerprints: what a recipe comes to, before anything runs.

mod estimate;
mod explain;
mod like;
mod phases;
pub(crate) mod record;
mod tasks;

pub(crate) use estimate::content;
pub use estimate::{PhaseEstimate, Prices, estimate};
pub use explain::{explain, human_bytes};
pub use like::estimate_like;
pub use record::{PhaseRecord, RunRecord};
pub use tasks::TaskList;

use crate::exchange;
use crate::run::RunError;
use crate::spec::{Spec, StepSpec};
use phases::Phases;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokenmill_store::{Inputs, Phase, SharedAssets, Store};

/// The phases of a run, in order.
pub struct Plan {
    /// Name of the run.
    pub name: String,
    /// The recipe with every default written out.
    pub resolved: String,
    /// Bytes that sorting may hold in memory, over all threads of a process.
    pub memory: u64,
    /// Each reads what some of those before it have committed.
    pub phases: Vec<PlannedPhase>,
}

/// What a phase reads: the name of the input, and the number of the phase that makes it.
pub type PhaseInputs = Vec<(String, usize)>;

/// A phase with its identity.
pub struct PlannedPhase {
    /// Digest of everything besides the inputs that can change its output, and of the phases it reads.
    pub fingerprint: String,
    /// Folder in the run directory.
    pub folder: String,
    /// What it does.
    pub phase: Box<dyn Phase>,
    /// What it reads: the name of the input, and the number of the phase that makes it.
    pub inputs: PhaseInputs,
    /// The steps it runs, for people; empty for phases of another kind.
    pub steps: Vec<StepSpec>,
    /// What else there is to say of it, for people.
    pub notes: Vec<String>,
    /// What the sketches of every exchange follow from that settles on this phase, by step.
    pub sketches: BTreeMap<String, String>,
}

impl Plan {
    /// Plans a recipe; nothing is read but the digests of assets, the files of steps that combine scores, and the manifests
    /// of earlier runs that steps are settled against.
    ///
    /// # Errors
    /// When an asset is unknown, a section refuses its parameters, or an earlier run is not what a step needs.
    pub fn new(spec: &Spec, assets: &Arc<dyn SharedAssets>) -> Result<Plan, RunError> {
        crate::chain::check_reading(spec, &**assets)?;
        let (spec, notes) = exchange::pin(spec, &**assets)?;
        let spec = &spec;
        let mut phases = Phases::with_notes(notes);
        phases.blocks(spec, assets)?;
        phases.section(spec, assets)?;
        let memory = spec.memory;
        Ok(Plan { name: spec.name.clone(), resolved: spec.to_toml(), memory, phases: phases.planned })
    }

    /// A plan of phases that no recipe has laid out: each with what it reads, as the name of the input and the number of
    /// the phase that makes it.
    pub fn of_phases(name: String, resolved: String, memory: u64, phases: Vec<(Box<dyn Phase>, PhaseInputs)>) -> Plan {
        let mut planned = Phases::default();
        for (phase, inputs) in phases {
            planned.add(phase, inputs, Vec::new());
        }
        Plan { name, resolved, memory, phases: planned.planned }
    }

    /// What phase `at` reads, each manifest as `manifest` gives it.
    pub fn inputs<'a>(
        &self,
        at: usize,
        store: &'a dyn Store,
        manifest: impl Fn(Inputs<'a>, &str, usize) -> Inputs<'a>,
    ) -> Inputs<'a> {
        let names = self.phases.get(at).into_iter().flat_map(|planned| &planned.inputs);
        names.fold(Inputs::new(store), |inputs, (name, from)| manifest(inputs, name, *from))
    }
}
