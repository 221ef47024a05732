//! What only the program knows of a recipe, for the card: the assets that it names, and what none of its stages does.

use crate::failure::Failure;
use std::sync::Arc;
use tokenmill_engine::plan::RunRecord;
use tokenmill_engine::release::AssetFact;
use tokenmill_engine::{Plan, Spec};
use tokenmill_store::assets::Assets;
use tokenmill_store::{SharedAssets, Store};

/// What a card says when no step of a recipe has a name that begins so.
const ABSENT: [(&[&str], &str); 3] = [
    (
        &["safety.", "url.blocklist"],
        "No step of the recipe removes adult or otherwise unsafe pages by a list or a model.",
    ),
    (&["decon."], "No step of the recipe looks for benchmarks in the texts, so some may be in there."),
    (
        &["filter.opt_out"],
        "No step of the recipe removes pages whose tags ask machines to stay away; the table above counts them.",
    ),
];

/// What the recipe does not do, in sentences.
pub fn limits(spec: &Spec) -> Vec<String> {
    let has = |family: &&str| spec.steps().any(|step| step.entry.name.starts_with(*family));
    let absent = ABSENT.iter().filter(|(families, _)| !families.iter().any(&has));
    absent.map(|(_, sentence)| (*sentence).to_owned()).collect()
}

/// What is known of the models, lists and vocabularies that the recipe names.
pub fn assets(
    store: &dyn Store,
    spec: &Spec,
    assets: &Assets,
    mut names: Vec<(String, String)>,
) -> Result<Vec<AssetFact>, Failure> {
    // A vocabulary is the business of the section that counts tokens, and no asset in the eyes of the engine.
    let tokenizer =
        spec.section.as_ref().map(|(section, params)| (section.name.to_owned(), params.text("tokenizer").to_owned()));
    names.extend(tokenizer.filter(|(_, name)| !name.is_empty()));
    let is_proven = !names.is_empty() && is_same_plan(store, spec)?;
    let fact = |(user, name): (String, String)| {
        // A vocabulary may be given as `kind=file`.
        let content = name.split_once('=').map_or(name.as_str(), |(_, file)| file);
        let known = assets.known(content);
        AssetFact {
            user,
            kind: known.map(|asset| asset.kind.clone()).unwrap_or_default(),
            licence: known.map(|asset| asset.licence.clone()).unwrap_or_default(),
            sha256: assets.sha256(content).ok(),
            is_proven: is_proven || known.is_some(),
            name,
        }
    };
    Ok(names.into_iter().map(fact).collect())
}

/// Whether the recipe with the files that it names now has the fingerprints of the run: then their contents are those that
/// it was made with.
fn is_same_plan(store: &dyn Store, spec: &Spec) -> Result<bool, Failure> {
    let shared: Arc<dyn SharedAssets> = crate::house::shared_assets()?;
    let Ok(plan) = Plan::new(spec, &shared) else { return Ok(false) };
    let record = RunRecord::read(store)?;
    let is_same = |(planned, phase): (&tokenmill_engine::plan::PlannedPhase, &tokenmill_engine::plan::PhaseRecord)| {
        planned.fingerprint == phase.fingerprint
    };
    Ok(plan.phases.len() == record.phases.len() && plan.phases.iter().zip(&record.phases).all(is_same))
}
