//! Recipe, phases with fingerprints, inputs and assets.

use super::plan::Run;
use crate::inspect::report::data::{AssetFacts, InputFacts, Lineage, PhaseFacts};
use crate::inspect::report::text::shown;
use crate::retune::RESOLVED;
use tokenmill_engine::Tally;
use tokenmill_store::assets::Assets;
use tokenmill_store::{Store, StoreError};

/// Inputs that are listed.
const MOST_INPUTS: usize = 500;
const NAME_CHARS: usize = 200;
/// Characters of the recipe: far more than any has, but a list of paths may be long.
const RECIPE_CHARS: usize = 400_000;

/// Where everything comes from.
pub fn lineage(store: &dyn Store, run: &Run, assets: &Assets) -> Result<Lineage, StoreError> {
    let recipe = match store.read(RESOLVED) {
        Ok(recipe) => shown(&String::from_utf8_lossy(&recipe), RECIPE_CHARS),
        Err(StoreError::Missing(_)) => String::new(),
        Err(error) => return Err(error),
    };
    let (n_inputs, inputs) = inputs(run)?;
    Ok(Lineage { recipe, phases: phases(run), n_inputs, inputs, assets: asset_facts(run, assets) })
}

fn phases(run: &Run) -> Vec<PhaseFacts> {
    let folders: Vec<&str> = run.record.phases.iter().map(|phase| phase.folder.as_str()).collect();
    let facts = |(at, phase): (usize, &tokenmill_engine::plan::PhaseRecord)| {
        let manifest = run.manifests.get(at);
        let objects = || manifest.iter().flat_map(|manifest| &manifest.parts).flat_map(|part| part.objects.values());
        let reads = phase.inputs.iter().filter_map(|(name, at)| Some(format!("{name} of {}", folders.get(*at)?)));
        PhaseFacts {
            folder: phase.folder.clone(),
            fingerprint: phase.fingerprint.clone(),
            reads: reads.collect(),
            n_tasks: phase.tasks.as_ref().map(|tasks| tasks.n_tasks),
            is_finished: manifest.is_some(),
            n_objects: objects().count() as u64,
            bytes: objects().map(|object| object.bytes).sum(),
            manifest: phase.manifest.clone().unwrap_or_default(),
        }
    };
    run.record.phases.iter().enumerate().map(facts).collect()
}

fn inputs(run: &Run) -> Result<(usize, Vec<InputFacts>), StoreError> {
    let Some(first) = run.phases.first() else { return Ok((0, Vec::new())) };
    let parts = &run.manifests[first.manifest].parts;
    let input = |part: &tokenmill_store::Part| {
        let tally: Tally =
            serde_json::from_value(part.tally.clone()).map_err(|error| StoreError::corrupt(&part.task, error))?;
        let version = tally.input.as_ref().map(|input| input.version.clone());
        let digest = tally.input_digest.clone().map(|digest| format!("xxh3 {digest}")).or(version);
        Ok((shown(&part.label, NAME_CHARS), tally.input_bytes, shown(&digest.unwrap_or_default(), NAME_CHARS)))
    };
    let inputs = parts.iter().take(MOST_INPUTS).map(input).collect::<Result<_, StoreError>>()?;
    Ok((parts.len(), inputs))
}

fn asset_facts(run: &Run, assets: &Assets) -> Vec<AssetFacts> {
    let Some(spec) = &run.spec else { return Vec::new() };
    let section = spec.section.as_ref();
    let tokenizer = section.map(|(section, params)| (section.name.to_owned(), params.text("tokenizer").to_owned()));
    let names = spec.asset_names().into_iter().chain(tokenizer.filter(|(_, name)| !name.is_empty()));
    let facts = |(user, name): (String, String)| {
        // A vocabulary may be given as `kind=file`.
        let known = assets.known(name.split_once('=').map_or(name.as_str(), |(_, file)| file));
        let or_none = |text: Option<&String>| text.cloned().unwrap_or_default();
        AssetFacts {
            user,
            kind: or_none(known.map(|asset| &asset.kind)),
            licence: or_none(known.map(|asset| &asset.licence)),
            sha256: or_none(known.map(|asset| &asset.sha256)),
            name: shown(&name, NAME_CHARS),
        }
    };
    names.map(facts).collect()
}
