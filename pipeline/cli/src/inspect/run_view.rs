//! A run as somebody looks at it: its recipe, the phases that have ended, and which steps each of them has taken.

use super::mask::Mask;
use crate::failure::Failure;
use crate::house::{assets, open_run};
use crate::retune::recipe_of_run;
use tokenmill_engine::Spec;
use tokenmill_engine::plan::{PhaseRecord, RunRecord};
use tokenmill_engine::spec::StepSpec;
use tokenmill_store::{Manifest, Store};

/// A run, open for reading.
pub struct View {
    /// Where it is.
    pub store: Box<dyn Store>,
    /// Its recipe.
    pub spec: Spec,
    /// All phases as planned.
    pub record: RunRecord,
    /// The phases that have ended, in order.
    pub manifests: Vec<Manifest>,
    /// What its recipe redacts.
    pub mask: Mask,
}

impl View {
    /// Opens a run of a recipe.
    ///
    /// # Errors
    /// When it is no run, no phase of it has ended, or its recipe cannot be read.
    pub fn open(folder: &str) -> Result<View, Failure> {
        let store = open_run(folder)?;
        let content = store.read(crate::retune::RESOLVED)?;
        if crate::mix::open::is_mix(&String::from_utf8_lossy(&content)) {
            return Err(Failure::usage(format!("`{folder}` is the run of a mix, which has no documents of its own"))
                .hint("name one of the runs that it mixes, or look at its shards with `tokenmill inspect tokens`"));
        }
        let spec = recipe_of_run(&*store, &[])?;
        let record = RunRecord::read(&*store)?;
        let manifests = super::manifests(&*store)?;
        let mask = Mask::of(&spec, &assets()?)?;
        Ok(View { store, spec, record, manifests, mask })
    }

    /// The steps that a phase has walked its documents through; none for phases of another kind.
    pub fn steps(&self, folder: &str) -> Vec<StepSpec> {
        self.block(folder).map(|block| self.spec.chain(block)).unwrap_or_default()
    }

    /// The block of the recipe that a map phase has done.
    pub fn block(&self, folder: &str) -> Option<usize> {
        let walks = |phase: &&PhaseRecord| ["map", "scan"].contains(&phase.name.as_str());
        let block = self.record.phases.iter().filter(walks).position(|phase| phase.folder == folder);
        block.filter(|block| *block < self.spec.blocks.len())
    }

    /// A phase as planned.
    pub fn planned(&self, folder: &str) -> Option<&PhaseRecord> {
        self.record.phases.iter().find(|phase| phase.folder == folder)
    }

    /// The first phase that has not ended.
    pub fn unfinished(&self) -> Option<&PhaseRecord> {
        self.record.phases.get(self.manifests.len())
    }
}
