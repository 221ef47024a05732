//! What an earlier run has left of a step, found from its manifests.

use super::Pinned;
use crate::exchange::decisions::AT_HOME;
use crate::exchange::similar::{KEPT, Place};
use crate::exchange::{Decided, SKETCHED, by_part, decided, keys_table, object, sketch_table};
use crate::plan::record::{RESOLVED, RunRecord};
use crate::spec::StepSpec;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tokenmill_core::catalog::Shape;
use tokenmill_core::exchange::{AGAINST, Kind, MAY_DIFFER};
use tokenmill_core::hash::Digester;
use tokenmill_store::{Manifest, ObjectRef, Store, StoreError};

/// What an earlier run has left of one step.
pub struct Standing {
    /// Digest of everything that is read: another one when a document, a decision or a sketch is another.
    pub digest: String,
    /// The parts of the map phase that wrote the sketches.
    pub parts: Vec<StandingPart>,
    /// Documents that took part in the step, also those it has removed.
    pub n_documents: u64,
    /// Bytes of sketches and decisions.
    pub bytes: u64,
    /// Bytes of larger sketches.
    pub bytes_kept: u64,
    /// The runs that the step was itself settled against.
    pub against: Vec<Pinned>,
}

/// One part.
pub struct StandingPart {
    /// Key of its task.
    pub part: String,
    /// What it has read, for people.
    pub label: String,
    /// The tables that a shuffle reads.
    pub tables: Vec<ObjectRef>,
    /// Rows of the part.
    pub n_rows: u64,
    /// Decisions that say which of its documents are shipped.
    pub decided: Vec<Decided>,
    /// The larger sketches of what was kept, of an exchange of similar documents.
    pub kept: Option<Kept>,
}

/// Where the larger sketches of a part are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The object that holds them, with those of other parts.
    pub object: ObjectRef,
    /// First byte.
    pub start: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Standing {
    /// Reads the manifests of the run in `uri`, as far as they are about the step that has the name of `step`.
    ///
    /// # Errors
    /// When there is no such run or step, it has not ended, or its parameters are others.
    pub fn read(uri: &str, step: &StepSpec, identity: &str) -> Result<Standing, StoreError> {
        let refuse = |what: String, hint: String| StoreError::Refused { what, hint };
        let store = super::open(uri).map_err(|error| match error {
            StoreError::Missing(_) => refuse(
                format!("`{uri}` is no run directory: it holds no `plan.json`"),
                "`against` takes the directories of earlier runs, `<run.root>/<run.name>`".to_owned(),
            ),
            other => other,
        })?;
        let record = RunRecord::read(&*store)?;
        let resolved = resolved_step(&*store, &step.name)?;
        let name = &step.name;
        let number = |phase: &str| record.phases.iter().position(|planned| planned.name == phase);
        let shuffle = number(&format!("shuffle-{name}")).and_then(|at| record.phases.get(at)).ok_or_else(|| {
            refuse(
                format!("the run `{uri}` has no step `{name}` that could be settled against"),
                "a step is settled against the one of the same name; give it that name with `name`".to_owned(),
            )
        })?;
        let phase = |at: Option<usize>| -> Result<Manifest, StoreError> {
            let planned = at.and_then(|at| record.phases.get(at));
            let manifest = planned.map(|planned| planned.read_manifest(&*store)).transpose()?.flatten();
            manifest.ok_or_else(|| {
                refuse(
                    format!("the run `{uri}` has not ended: what its step `{name}` keeps is not known yet"),
                    format!("run its recipe to the end; `tokenmill status {uri}` shows how far it is"),
                )
            })
        };
        let map = shuffle.inputs.get(SKETCHED).copied();
        let known = map.and_then(|map| record.phases.get(map)).and_then(|map| map.sketches.get(name));
        let known = known.ok_or_else(|| {
            refuse(
                format!("the run `{uri}` does not say how its step `{name}` was set"),
                "it was planned by an older version: run its recipe once more, nothing is done anew".to_owned(),
            )
        })?;
        if known.as_str() != identity {
            return Err(refuse(
                format!("the step `{name}` of `{uri}` {}", how_it_differs(step, &resolved)),
                format!(
                    "only {} may differ",
                    MAY_DIFFER.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
                ),
            ));
        }
        let map = phase(map)?;
        let is_similar = step.entry.shape == Shape::Exchange(Kind::Similar);
        let mut decisions = Vec::new();
        for (input, from) in &shuffle.inputs {
            if input.starts_with(&decided("")) {
                decisions.push(by_part(&phase(Some(*from))?)?);
            }
        }
        // What a step has removed still connects similar documents, so only the larger sketches tell who was kept.
        let mut kept = BTreeMap::new();
        if is_similar {
            let keep = number(&format!("keep-{name}")).ok_or_else(|| {
                refuse(
                    format!("the run `{uri}` has kept no sketches of its step `{name}`"),
                    "add `keep_sketches = 1024` to that step and run its recipe again: only one phase is done"
                        .to_owned(),
                )
            })?;
            kept = kept_by_part(&phase(Some(keep))?)?;
        } else {
            decisions.push(by_part(&phase(number(&format!("home-{name}")))?)?);
        }
        let tables = match is_similar {
            true => vec![sketch_table(name), keys_table(name)],
            false => vec![sketch_table(name)],
        };
        let missing = |part: &str| StoreError::corrupt(part, format!("`{uri}` has decided nothing about this part"));
        let part = |part: &tokenmill_store::Part| {
            let tables = tables.iter().map(|table| object(part, table).cloned()).collect::<Result<Vec<_>, _>>()?;
            let decided = decisions.iter().map(|decided| decided.get(&part.task).cloned()).collect::<Option<Vec<_>>>();
            let kept = kept.get(&part.task).cloned();
            if is_similar && kept.is_none() {
                return Err(missing(&part.task));
            }
            let decided = decided.ok_or_else(|| missing(&part.task))?;
            let (n_rows, label) = (Place::n_rows(part)?, format!("{uri}: {}", part.label));
            Ok(StandingPart { part: part.task.clone(), label, tables, n_rows, decided, kept })
        };
        let parts = map.parts.iter().map(part).collect::<Result<Vec<_>, StoreError>>()?;
        let against = resolved.get(AGAINST.name).and_then(toml::Value::as_array).into_iter().flatten();
        let against = against.filter_map(toml::Value::as_str).map(Pinned::parse).collect();
        Ok(Standing::of(parts, against))
    }

    fn of(parts: Vec<StandingPart>, against: Vec<Pinned>) -> Standing {
        let (mut digest, mut n_documents, mut bytes, mut bytes_kept) = (Digester::new(), 0, 0, 0);
        for part in &parts {
            let tables = part.tables.iter().map(|table| table.digest.as_str());
            let decided = part.decided.iter().map(|decided| decided.digest.as_str());
            let kept = part.kept.iter().map(|kept| format!("{} {} {}", kept.object.digest, kept.start, kept.bytes));
            let kept: Vec<String> = kept.collect();
            let said: Vec<&str> = tables.chain(decided).chain(kept.iter().map(String::as_str)).collect();
            digest.update(format!("{}\0{}\0{}\n", part.part, part.n_rows, said.join("\0")).as_bytes());
            n_documents += part.tables.first().map_or(0, |table| table.rows);
            bytes += part.tables.iter().map(|table| table.bytes).sum::<u64>();
            bytes += part.decided.iter().map(|decided| decided.n_rows * AT_HOME as u64).sum::<u64>();
            bytes_kept += part.kept.as_ref().map_or(0, |kept| kept.bytes);
        }
        Standing { digest: digest.hex(), parts, n_documents, bytes, bytes_kept, against }
    }

    /// As [`Standing::read`], and what is found must be what was pinned.
    ///
    /// # Errors
    /// When it is not.
    pub fn read_pinned(pinned: &Pinned, step: &StepSpec, identity: &str) -> Result<Standing, StoreError> {
        let standing = Standing::read(&pinned.uri, step, identity)?;
        match pinned.digest.as_ref() == Some(&standing.digest) {
            true => Ok(standing),
            false => Err(StoreError::Refused {
                what: format!("`{}` has changed since this run was planned against it", pinned.uri),
                hint: "run the recipe again: what depends on it is done anew".to_owned(),
            }),
        }
    }
}

/// Where the phase that keeps larger sketches has put those of every part.
fn kept_by_part(manifest: &Manifest) -> Result<BTreeMap<String, Kept>, StoreError> {
    #[derive(Deserialize)]
    struct PartKept {
        part: String,
        start: u64,
        bytes: u64,
    }
    let mut found = BTreeMap::new();
    for task in &manifest.parts {
        let object = object(task, KEPT)?;
        let parts = task.tally.get("parts").cloned().unwrap_or_default();
        let parts: Vec<PartKept> =
            serde_json::from_value(parts).map_err(|error| StoreError::corrupt(&task.task, error))?;
        let kept = |PartKept { part, start, bytes }| (part, Kept { object: object.clone(), start, bytes });
        found.extend(parts.into_iter().map(kept));
    }
    Ok(found)
}

/// The table of a step in the resolved recipe of a run.
fn resolved_step(store: &dyn Store, name: &str) -> Result<toml::Table, StoreError> {
    let text = store.read(RESOLVED)?;
    let text = std::str::from_utf8(&text).map_err(|error| StoreError::corrupt(RESOLVED, error))?;
    let recipe: toml::Table = text.parse().map_err(|error| StoreError::corrupt(RESOLVED, error))?;
    let steps = recipe.get("step").and_then(toml::Value::as_array).into_iter().flatten();
    let step =
        steps.filter_map(toml::Value::as_table).find(|step| step.get("name").is_some_and(|n| n.as_str() == Some(name)));
    Ok(step.cloned().unwrap_or_default())
}

/// In which parameters a step differs from that of an earlier run.
fn how_it_differs(step: &StepSpec, theirs: &toml::Table) -> String {
    let stage = theirs.get("use").and_then(toml::Value::as_str).unwrap_or_default();
    if stage != step.entry.name {
        return format!("is `{stage}`, and here it is `{}`", step.entry.name);
    }
    let params = step.params.iter().filter(|(name, _)| !MAY_DIFFER.contains(name));
    let differ = params.filter_map(|(name, value)| {
        let (ours, theirs) = (value.to_toml(), theirs.get(name)?);
        (ours != *theirs).then(|| format!("`{name}` was `{theirs}` and is `{ours}` here"))
    });
    let differ: Vec<String> = differ.collect();
    match differ.is_empty() {
        true => {
            "was settled in another way: its `when`, its parameters for languages or its version are others".to_owned()
        }
        false => format!("has other parameters: {}", differ.join(", ")),
    }
}
