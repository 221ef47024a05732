//! Lays out the phases of a recipe: a map phase for every block, those of every exchange, then the sections.

use super::PlannedPhase;
use crate::exchange::bounds::Sizes;
use crate::exchange::{self, From};
use crate::map::MapPhase;
use crate::pipe::PipePhase;
use crate::spec::{Spec, StepSpec, canonical_params};
use serde_json::json;
use std::sync::Arc;
use tokenmill_core::BuildError;
use tokenmill_core::catalog::Shape;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::phase::DOCS;
use tokenmill_store::{Phase, SharedAssets};

/// The phases so far.
#[derive(Default)]
pub struct Phases(pub Vec<PlannedPhase>);

impl Phases {
    /// Adds a phase and says which number it has.
    fn add(&mut self, phase: Box<dyn Phase>, inputs: Vec<(String, usize)>, steps: Vec<StepSpec>) -> usize {
        let spec = phase.spec();
        self.add_as(phase, &spec, inputs, steps)
    }

    /// As [`Phases::add`], with more than the phase's own spec in the fingerprint.
    fn add_as(
        &mut self,
        phase: Box<dyn Phase>,
        spec: &str,
        inputs: Vec<(String, usize)>,
        steps: Vec<StepSpec>,
    ) -> usize {
        let mut identity = format!("{}\0{spec}", phase.name());
        for (name, from) in &inputs {
            identity.push_str(&format!("\0{name}\0{}", self.0[*from].fingerprint));
        }
        let fingerprint = digest_hex(identity.as_bytes());
        let number = self.0.len();
        let folder = format!("p{}-{}-{}", number + 1, phase.name(), &fingerprint[..12]);
        self.0.push(PlannedPhase { fingerprint, folder, phase, inputs, steps, notes: Vec::new() });
        number
    }

    /// The map phases and exchanges of all blocks.
    pub fn blocks(&mut self, spec: &Spec, assets: &Arc<dyn SharedAssets>) -> Result<(), BuildError> {
        let mut docs: Vec<(String, usize)> = Vec::new();
        let mut decided: Vec<(String, usize)> = Vec::new();
        for (index, block) in spec.blocks.iter().enumerate() {
            let map = MapPhase::new(spec, index, assets.clone())?;
            let steps = map.steps();
            let inputs = docs.iter().cloned().chain(std::mem::take(&mut decided)).collect();
            let map = self.add(Box::new(map), inputs, steps);
            docs = vec![(DOCS.to_owned(), map)];
            let mut earlier: Vec<String> = Vec::new();
            for step in &block.exchanges {
                if step.entry.shape == Shape::Pipe {
                    let pipe = PipePhase::new(step, assets.clone())?;
                    let notes = pipe.notes();
                    let number = self.add(Box::new(pipe), docs.clone(), vec![step.clone()]);
                    self.0[number].notes = notes;
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

    /// The phases of one exchange; says which number the last has.
    fn exchange(
        &mut self,
        spec: &Spec,
        step: &StepSpec,
        earlier: &[String],
        (map, is_scan): (usize, bool),
        decided: &[(String, usize)],
        assets: &Arc<dyn SharedAssets>,
    ) -> Result<usize, BuildError> {
        let first = self.0.len();
        let source = is_scan.then_some(&spec.source);
        for (place, made) in
            exchange::steps(step, earlier, spec.seed, source, Sizes::default(), &**assets)?.into_iter().enumerate()
        {
            let inputs = made.inputs.into_iter().map(|(name, from)| match from {
                From::Map => (name.to_owned(), map),
                From::Step(step) => (name.to_owned(), first + step),
            });
            // Who is alive is settled by the shuffle; what follows it need not ask again.
            let decided = decided.iter().filter(|_| place == 0).cloned();
            let number = self.add(made.phase, inputs.chain(decided).collect(), Vec::new());
            self.0[number].notes = made.notes;
        }
        Ok(self.0.len() - 1)
    }

    /// The phases of the sections, each of which reads the one before it.
    pub fn sections(&mut self, spec: &Spec, assets: &Arc<dyn SharedAssets>) -> Result<(), BuildError> {
        for (section, params) in &spec.sections {
            let asset_names =
                section.asset_params.iter().map(|param| params.text(param)).filter(|name| !name.is_empty());
            let digests = asset_names.map(|name| assets.digest(name)).collect::<Result<Vec<_>, _>>()?;
            for phase in (section.build)(params, spec.seed, assets.clone())? {
                let text = json!({"params": canonical_params(params), "assets": digests, "seed": spec.seed, "phase": phase.spec()});
                // The steps always end with a map phase, and every phase of a section gives documents out.
                let before = self.0.len().saturating_sub(1);
                self.add_as(phase, &text.to_string(), vec![(DOCS.to_owned(), before)], Vec::new());
            }
        }
        Ok(())
    }
}
