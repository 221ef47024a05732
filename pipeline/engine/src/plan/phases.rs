//! Lays out the phases of a recipe: a map phase for every block, those of every exchange, then those of the section.

use super::PlannedPhase;
use crate::exchange::bounds::Sizes;
use crate::exchange::{self, From};
use crate::index::{self, LOCATED};
use crate::map::MapPhase;
use crate::pipe::PipePhase;
use crate::score::ScorePhase;
use crate::spec::{Spec, StepSpec};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokenmill_core::BuildError;
use tokenmill_core::catalog::Shape;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::phase::{DOCS, MEASURED};
use tokenmill_store::{Phase, SharedAssets};

/// The phases so far.
#[derive(Default)]
pub struct Phases {
    /// In order.
    pub planned: Vec<PlannedPhase>,
    /// The numbers of those that walk documents through steps, and so leave metrics.
    maps: Vec<usize>,
    /// What there is to say of the earlier runs of a step, by its name.
    notes: BTreeMap<String, Vec<String>>,
}

impl Phases {
    /// No phases yet, and what there is to say of earlier runs.
    pub fn with_notes(notes: BTreeMap<String, Vec<String>>) -> Phases {
        Phases { notes, ..Phases::default() }
    }

    /// Adds a phase and says which number it has.
    pub fn add(&mut self, phase: Box<dyn Phase>, inputs: Vec<(String, usize)>, steps: Vec<StepSpec>) -> usize {
        let mut identity = format!("{}\0{}", phase.name(), phase.spec());
        for (name, from) in &inputs {
            identity.push_str(&format!("\0{name}\0{}", self.planned[*from].fingerprint));
        }
        let fingerprint = digest_hex(identity.as_bytes());
        let number = self.planned.len();
        let folder = format!("p{}-{}-{}", number + 1, phase.name(), &fingerprint[..12]);
        let (notes, sketches) = (Vec::new(), BTreeMap::new());
        self.planned.push(PlannedPhase { fingerprint, folder, phase, inputs, steps, notes, sketches });
        number
    }

    /// The map phases and exchanges of all blocks.
    pub fn blocks(&mut self, spec: &Spec, assets: &Arc<dyn SharedAssets>) -> Result<(), BuildError> {
        let mut docs = self.index(spec);
        let mut decided: Vec<(String, usize)> = Vec::new();
        for (index, block) in spec.blocks.iter().enumerate() {
            let map = MapPhase::new(spec, index, assets.clone())?;
            let steps = map.steps();
            let inputs = docs.iter().cloned().chain(std::mem::take(&mut decided)).collect();
            let map = self.add(Box::new(map), inputs, steps);
            self.maps.push(map);
            for step in block.exchanges.iter().filter(|step| step.entry.shape.exchange().is_some()) {
                let identity = exchange::identity(step, &**assets)?;
                self.planned[map].sketches.insert(step.name.clone(), identity);
            }
            docs = vec![(DOCS.to_owned(), map)];
            let mut earlier: Vec<String> = Vec::new();
            for step in &block.exchanges {
                if step.entry.shape == Shape::Score {
                    let score = ScorePhase::new(step, &spec.device, assets.clone())?;
                    let number = self.add(Box::new(score), docs.clone(), vec![step.clone()]);
                    decided.push((exchange::decided(&step.name), number));
                    continue;
                }
                if step.entry.shape == Shape::Pipe {
                    let pipe = PipePhase::new(step, assets.clone())?;
                    let notes = pipe.notes();
                    let number = self.add(Box::new(pipe), docs.clone(), vec![step.clone()]);
                    self.planned[number].notes = notes;
                    decided.push((exchange::decided(&step.name), number));
                    continue;
                }
                let home = self.exchange(spec, step, &earlier, (map, block.is_scan), &decided, assets)?;
                decided.push((exchange::decided(&step.name), home));
                earlier.push(step.name.clone());
            }
        }
        Ok(())
    }

    /// The phases that judge an index, where the source has one; gives the input of the map phase that they lead to.
    fn index(&mut self, spec: &Spec) -> Vec<(String, usize)> {
        let first = self.planned.len();
        for (phase, inputs, notes) in index::phases(spec) {
            let inputs = inputs.into_iter().map(|(name, place)| (name.to_owned(), first + place));
            let number = self.add(phase, inputs.collect(), Vec::new());
            self.planned[number].notes = notes;
        }
        let last = self.planned.len().checked_sub(1).filter(|last| *last >= first);
        last.map(|last| (LOCATED.to_owned(), last)).into_iter().collect()
    }

    /// The phases of one exchange; says which number the one has that brings the decisions home.
    fn exchange(
        &mut self,
        spec: &Spec,
        step: &StepSpec,
        earlier: &[String],
        (map, is_scan): (usize, bool),
        decided: &[(String, usize)],
        assets: &Arc<dyn SharedAssets>,
    ) -> Result<usize, BuildError> {
        let first = self.planned.len();
        let source = is_scan.then_some(&spec.source);
        let mut home = first;
        for made in exchange::steps(step, earlier, spec.seed, source, Sizes::default(), &**assets)? {
            let inputs = made.inputs.into_iter().map(|(name, from)| match from {
                From::Map => (name, map),
                From::Step(step) => (name, first + step),
            });
            // Who is alive is settled by the shuffle; what follows it need not ask again.
            let decided = decided.iter().filter(|_| made.reads_earlier).cloned();
            let number = self.add(made.phase, inputs.chain(decided).collect(), Vec::new());
            self.planned[number].notes = made.notes;
            if number == first {
                self.planned[number].notes.extend(self.notes.remove(&step.name).unwrap_or_default());
            }
            if made.is_home {
                home = number;
            }
        }
        Ok(home)
    }

    /// The phases of the section, each of which reads the one before it; the first also what steps have measured, where
    /// the section asks for that.
    pub fn section(&mut self, spec: &Spec, assets: &Arc<dyn SharedAssets>) -> Result<(), BuildError> {
        let Some((section, params)) = &spec.section else { return Ok(()) };
        let measures = section.metric_params.iter().any(|(param, _)| !params.texts(param).is_empty());
        for (place, phase) in (section.build)(params, spec.seed, assets.clone())?.into_iter().enumerate() {
            // The steps always end with a map phase, and every phase of a section gives documents out.
            let mut inputs = vec![(DOCS.to_owned(), self.planned.len().saturating_sub(1))];
            if place == 0 && measures {
                inputs.extend(self.maps.iter().map(|map| (format!("{MEASURED}{map}"), *map)));
            }
            self.add(phase, inputs, Vec::new());
        }
        Ok(())
    }
}
