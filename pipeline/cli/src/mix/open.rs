//! Reads mixes, opens the token stores they name, and finds the shards of a run.

use crate::ablate;
use crate::failure::Failure;
use crate::house::{open_run, read_text};
use tokenmill_engine::plan::RunRecord;
use tokenmill_engine::{Plan, Text};
use tokenmill_mix::plan::Mix;
use tokenmill_mix::shard::dataset::Dataset;
use tokenmill_mix::{INDEX_PHASE, TOKENS_PHASE, TokenStore, mix_phases};
use tokenmill_store::location::open_standing;
use tokenmill_store::{Manifest, Store, StoreError};

/// Bytes that sorting may take; no phase of a mix sorts out of core.
const MEMORY: u64 = 1 << 30;

/// The mix or recipe of a run, with every default written out.
const RESOLVED: &str = "config.resolved.toml";

/// Whether a file is a mix, and not a recipe.
pub fn is_mix(content: &str) -> bool {
    content.parse::<toml::Table>().is_ok_and(|table| table.contains_key("mix"))
}

/// Parses a mix that has been read.
pub fn parse(text: &Text) -> Result<Mix, Failure> {
    Ok(Mix::parse(&text.content, &text.name)?)
}

/// Reads a mix.
pub fn read(path: &str) -> Result<Mix, Failure> {
    parse(&read_text(path, "mix")?)
}

/// The run directory of a mix.
pub fn folder(mix: &Mix) -> String {
    format!("{}/{}", mix.root.trim_end_matches('/'), mix.name)
}

/// The phases of a mix, on the token stores that it names.
pub fn plan(mix: &Mix) -> Result<Plan, Failure> {
    check_folder(&folder(mix))?;
    let phases = mix_phases(mix, stores(mix)?)?;
    Ok(Plan::of_phases(mix.name.clone(), mix.to_toml(), MEMORY, phases))
}

/// Makes sure that the run directory is not that of a recipe, whose record would be overwritten.
fn check_folder(folder: &str) -> Result<(), Failure> {
    let store = match open_standing(folder, RESOLVED) {
        Err(StoreError::Missing(_)) => return Ok(()),
        store => store?,
    };
    if is_mix(&String::from_utf8_lossy(&store.read(RESOLVED)?)) {
        return Ok(());
    }
    Err(Failure::usage(format!("`{folder}`, the run directory of the mix, holds the run of a recipe"))
        .hint("give the mix another `mix.name` or `mix.root`"))
}

/// Opens the token stores that a mix names, and compares their columns with those that it asks for.
pub fn stores(mix: &Mix) -> Result<Vec<TokenStore>, Failure> {
    let mut stores = Vec::new();
    for source in &mix.sources {
        let store = open_run(&source.run)?;
        let manifest = manifest(&*store, &source.run, TOKENS_PHASE)?.ok_or_else(|| {
            let (name, run) = (&source.name, &source.run);
            Failure::usage(format!("the run `{run}` of source `{name}` has no token store"))
                .hint("add `[tokens]` to its recipe and run it again; only that phase is done anew")
        })?;
        let store = TokenStore { name: source.name.clone(), run: source.run.clone(), store, manifest };
        let (scores, labels) = store.columns()?;
        let [scores, labels] = [&scores, &labels].map(|names| names.iter().map(String::as_str).collect::<Vec<_>>());
        mix.check_columns(&source.name, &scores, &labels)?;
        stores.push(store);
    }
    Ok(stores)
}

/// What a phase of a run has committed; `None` when the run has no such phase.
pub fn manifest(store: &dyn Store, run: &str, phase: &str) -> Result<Option<Manifest>, Failure> {
    let record = RunRecord::read(store)?;
    let Some(planned) = record.phases.iter().rev().find(|planned| planned.name == phase) else { return Ok(None) };
    let manifest = planned.read_manifest(store)?;
    let manifest = manifest.ok_or_else(|| {
        Failure::usage(format!("the run `{run}` has not ended: its phase `{phase}` is not done"))
            .hint(format!("run its recipe to the end; `tokenmill status {run}` shows how far it is"))
    })?;
    Ok(Some(manifest))
}

/// A run with shards.
pub struct Shards {
    /// The run directory.
    pub folder: String,
    /// Its store.
    pub store: Box<dyn Store>,
    /// The manifest of its shards.
    pub dataset: Dataset,
}

impl Shards {
    /// Opens the run that is given as a run directory, or as the file of a mix.
    pub fn open(target: &str) -> Result<Shards, Failure> {
        let folder = if target.ends_with(".toml") { folder(&read(target)?) } else { target.to_owned() };
        let store = open_run(&folder)?;
        let dataset = dataset(&*store, &folder)?;
        Ok(Shards { folder, store, dataset })
    }

    /// The mix that the shards were made by, also where that is part of a study; `None` when a recipe has made them.
    pub fn mix(&self) -> Result<Option<Mix>, Failure> {
        let content = String::from_utf8(self.store.read(RESOLVED)?);
        let content = content.map_err(|error| Failure::usage(format!("`{RESOLVED}`: {error}")))?;
        let text = Text { name: self.store.display(RESOLVED), content };
        match &text.content {
            content if is_mix(content) => parse(&text).map(Some),
            content if ablate::is_study(content) => Ok(Some(ablate::parse(&text)?.pool())),
            _ => Ok(None),
        }
    }
}

/// The manifest of the shards of a run.
pub fn dataset(store: &dyn Store, run: &str) -> Result<Dataset, Failure> {
    let index = manifest(store, run, INDEX_PHASE)?;
    let object = index.as_ref().and_then(|index| index.parts.first()?.objects.get("dataset"));
    let object = object.ok_or_else(|| {
        Failure::usage(format!("the run `{run}` has no shards"))
            .hint("shards are made by `tokenmill mix run`, or by a recipe with `[shards]`")
    })?;
    Ok(Dataset::read(store, &object.key)?)
}
