//! Reads studies, and lays out their phases on the runs of their sources.

use crate::failure::Failure;
use crate::house::{read_recipe, read_text, run_folder};
use crate::mix;
use std::path::PathBuf;
use tokenmill_core::BuildError;
use tokenmill_engine::{Plan, Spec, Text};
use tokenmill_mix::ablation::{Place, Study, study_phases};
use tokenmill_store::location::Location;
use tokenmill_store::{StoreError, source};

/// Bytes that sorting may take; no phase of a study sorts out of core.
const MEMORY: u64 = 1 << 30;

/// Whether a file is a study.
pub fn is_study(content: &str) -> bool {
    content.parse::<toml::Table>().is_ok_and(|table| table.contains_key("study"))
}

/// Parses a study that has been read.
pub fn parse(text: &Text) -> Result<Study, Failure> {
    let template = |path: &str| {
        let hint = "templates to start from are in `configs/trainers/`";
        let content =
            source::read(path).map_err(|error| BuildError::new(format!("the trainer: {error}")).hint(hint))?;
        String::from_utf8(content).map_err(|_| BuildError::new(format!("`{path}` is no UTF-8 text")))
    };
    Ok(Study::parse(&text.content, &text.name, &template)?)
}

/// Reads a study.
pub fn read(path: &str) -> Result<Study, Failure> {
    parse(&read_text(path, "study")?)
}

/// The run directory of a study.
pub fn folder(study: &Study) -> String {
    study.folder()
}

/// The recipes of a study's sources that have one.
pub fn recipes(study: &Study) -> Result<Vec<Spec>, Failure> {
    let recipes = study.sources.iter().filter_map(|source| source.recipe.as_ref());
    recipes.map(|(recipe, sets)| read_recipe(recipe, sets)).collect()
}

/// The study with the run directories of its recipes in place of them.
pub fn located(study: &Study) -> Result<Study, Failure> {
    let mut study = study.clone();
    for source in &mut study.sources {
        if let Some((recipe, sets)) = source.recipe.take() {
            source.source.run = run_folder(&read_recipe(&recipe, &sets)?);
        }
    }
    Ok(study)
}

/// The phases of a study; its sources must be there.
pub fn plan(study: &Study) -> Result<Plan, Failure> {
    let study = located(study)?;
    let stores = mix::stores(&study.pool()).map_err(|failure| {
        failure.hint("`tokenmill ablate run` runs the recipes of a study first; a `run` must have ended")
    })?;
    let phases = study_phases(&study, stores, place(&study)?)?;
    Ok(Plan::of_phases(study.name.clone(), study.to_toml(), MEMORY, phases))
}

/// Where this machine trains: beside the run, if that is a folder of this machine.
fn place(study: &Study) -> Result<Place, Failure> {
    let own = study.folder();
    let folder = match &study.trainer.folder {
        Some(folder) => PathBuf::from(folder),
        None if Location::is_local(&own) => PathBuf::from(own).join("work"),
        None => std::env::temp_dir().join("tokenmill-ablate").join(&study.name),
    };
    let made = std::fs::create_dir_all(&folder).and_then(|()| folder.canonicalize());
    let folder = made.map_err(StoreError::io("create", folder.display()))?;
    let program = std::env::current_exe().map_err(StoreError::io("find", "this program"))?;
    Ok(Place { folder, program })
}
