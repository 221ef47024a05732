//! What lies in a run directory and belongs to nothing: leftovers of killed attempts, and phases that the plan has
//! forgotten.
//!
//! Only phase folders are looked at, and in them every commit and manifest is taken at its word, also in folders that
//! `plan.json` does not name any more: an older recipe may be run again and finds its work there. The records of attempts
//! go with their phase.

use crate::plan::RunRecord;
use crate::run::ATTEMPTS;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;
use tokenmill_store::commit::{parse, read_manifest};
use tokenmill_store::keeper::Kept;
use tokenmill_store::takedown::Takedowns;
use tokenmill_store::{Commit, Keeper, StoreError};

/// Why an object is not needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// No commit names it.
    Orphan,
    /// `plan.json` does not name its phase.
    Stale,
}

/// An object that is not needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Garbage {
    /// The object as it was listed.
    pub object: Kept,
    /// Why it is not needed.
    pub why: Why,
}

/// What was found in a run directory.
#[derive(Debug, Default)]
pub struct Found {
    /// What can go, in an order in which it may go one by one.
    pub garbage: Vec<Garbage>,
    /// Objects that belong to nothing but are too young to be judged: a running task may be about to commit them.
    pub n_young: usize,
    /// Objects of phases that `plan.json` does not name, other than orphans, and their bytes.
    pub stale: (usize, u64),
}

/// Looks for objects that were last written before `cutoff` and that nothing needs. `with_stale` also gives up phases that
/// `plan.json` does not name.
///
/// # Errors
/// When the store fails, there is no run, or a commit cannot be read: what it names would be taken for garbage.
pub fn find(store: &dyn Keeper, cutoff: SystemTime, with_stale: bool) -> Result<Found, StoreError> {
    let record = RunRecord::read(&store)?;
    let objects = phase_objects(store)?;
    let live = live(store, &objects)?;
    // A phase is given up as a whole or not at all: a manifest must not outlive what it names.
    let fresh: BTreeSet<String> = objects
        .iter()
        .filter(|object| object.modified >= cutoff)
        .map(|object| folder(&object.key).to_owned())
        .collect();
    let mut found = Found::default();
    for object in objects {
        let is_planned = record.phases.iter().any(|phase| phase.folder == folder(&object.key));
        let why = match (is_planned, live.contains(&object.key)) {
            (true, true) => continue,
            (false, true) => {
                found.stale = (found.stale.0 + 1, found.stale.1 + object.bytes);
                Why::Stale
            }
            (_, false) => Why::Orphan,
        };
        let is_old = match why {
            Why::Stale => !fresh.contains(folder(&object.key)),
            Why::Orphan => object.modified < cutoff,
        };
        match (why, is_old) {
            (Why::Stale, _) if !with_stale => {}
            (_, true) => found.garbage.push(Garbage { object, why }),
            (_, false) => found.n_young += 1,
        }
    }
    // Commits go before what they name. The other way round, a deletion that is cut short would leave commits of objects
    // that are gone, and a later run would believe them.
    found.garbage.sort_by_key(|garbage| (!is_record(&garbage.object.key), garbage.object.key.clone()));
    Ok(found)
}

/// Deletes an object, unless it has been written again since it was listed. Says whether it was deleted.
///
/// # Errors
/// When the store fails.
pub fn delete(store: &dyn Keeper, object: &Kept) -> Result<bool, StoreError> {
    // Where one request tells milliseconds, another may tell whole seconds.
    match store.modified(&object.key)? {
        Some(modified) if modified > object.modified => Ok(false),
        Some(_) | None => store.delete(&object.key).map(|()| true),
    }
}

/// Everything in phase folders.
fn phase_objects(store: &dyn Keeper) -> Result<Vec<Kept>, StoreError> {
    let mut listing = store.list("");
    let mut objects = Vec::new();
    while let Some(page) = listing.page()? {
        objects.extend(page.into_iter().filter(|kept| is_phase(folder(&kept.key))));
    }
    objects.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(objects)
}

/// The keys that are records themselves, or that a manifest or commit names.
fn live(store: &dyn Keeper, objects: &[Kept]) -> Result<BTreeSet<String>, StoreError> {
    let mut live = BTreeSet::new();
    let mut in_manifests = BTreeSet::new();
    let mut keep = |commit: Commit| live.extend(commit.objects.into_values().map(|object| object.key));
    let keys = || objects.iter().map(|object| object.key.as_str()).filter(|key| is_record(key));
    for key in keys().filter(|key| is_named(key, "manifest-")) {
        for commit in read_manifest(&store, key)?.unwrap_or_default().parts {
            in_manifests.insert(tokenmill_store::commit::commit_key(folder(key), &commit.task));
            keep(commit);
        }
    }
    // A phase that has not ended, or was planned again with other tasks, has commits outside its manifest. What a take-down
    // has put into the place of a commit is needed, and what only the older one names is not.
    let takedowns = Takedowns::read(&store)?;
    let mut revised: BTreeMap<&str, BTreeMap<String, Commit>> = BTreeMap::new();
    for key in keys().filter(|key| is_commit(key) && !in_manifests.contains(*key)) {
        let revised = match revised.entry(folder(key)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let folder = *unknown.key();
                unknown.insert(takedowns.revised(&store, folder)?)
            }
        };
        let commit: Commit = parse(key, &store.read(key)?)?;
        keep(revised.remove(&commit.task).unwrap_or(commit));
    }
    live.extend(keys().map(str::to_owned));
    Ok(live)
}

/// The phase folder that a key lies in; the records of attempts have one of the same name in theirs.
fn folder(key: &str) -> &str {
    key.strip_prefix(ATTEMPTS).unwrap_or(key).split('/').next().unwrap_or_default()
}

/// Whether a folder has the name of a phase: `p1-map-0123456789ab`.
fn is_phase(folder: &str) -> bool {
    let Some((number, rest)) = folder.strip_prefix('p').and_then(|rest| rest.split_once('-')) else { return false };
    let Some((name, fingerprint)) = rest.rsplit_once('-') else { return false };
    let is_hex = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    number.parse::<u32>().is_ok() && !name.is_empty() && is_hex(fingerprint)
}

/// Whether an object is a record of the engine and not a table of a phase.
fn is_record(key: &str) -> bool {
    is_commit(key) || is_named(key, "manifest-") || is_named(key, "tasks-") || key.starts_with(ATTEMPTS)
}

fn is_commit(key: &str) -> bool {
    key.split('/').nth(1) == Some("commit")
}

/// Whether the file directly below the phase folder begins so.
fn is_named(key: &str, start: &str) -> bool {
    key.split_once('/').is_some_and(|(_, rest)| rest.starts_with(start) && !rest.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::PhaseRecord;
    use std::time::Duration;
    use tokenmill_store::commit::{write_commit, write_manifest};
    use tokenmill_store::{LocalStore, Manifest, ObjectRef, Store};

    const PHASE: &str = "p1-map-0123456789ab";
    const OLD_PHASE: &str = "p1-map-ba9876543210";

    fn commit(store: &LocalStore, phase: &str, task: &str) -> Commit {
        let key = format!("{phase}/docs/{task}.parquet");
        store.put(&key, b"docs").unwrap();
        let object = ObjectRef { key, bytes: 4, rows: 1, digest: String::new() };
        let objects = [("docs".to_owned(), object)].into();
        let commit = Commit {
            task: task.into(),
            label: task.into(),
            objects,
            tally: serde_json::json!({}),
            requests: tokenmill_store::Requests::default(),
        };
        write_commit(store, phase, &commit).unwrap();
        commit
    }

    /// A run with a finished task, a committed one, an orphan in each phase, and a phase the plan has forgotten.
    fn run(folder: &std::path::Path) -> LocalStore {
        let store = LocalStore::open(folder).unwrap();
        let phase = PhaseRecord {
            name: "map".into(),
            folder: PHASE.into(),
            fingerprint: String::new(),
            inputs: Default::default(),
            tasks: None,
            manifest: None,
            sketches: Default::default(),
        };
        RunRecord { name: "x".into(), phases: vec![phase] }.write(&store).unwrap();
        let part = commit(&store, PHASE, "a");
        commit(&store, PHASE, "b");
        write_manifest(
            &store,
            &format!("{PHASE}/manifest-1.json"),
            &Manifest { phase: PHASE.into(), parts: vec![part] },
        )
        .unwrap();
        commit(&store, OLD_PHASE, "c");
        let attempts = [PHASE, OLD_PHASE].map(|phase| format!("{ATTEMPTS}{phase}/a.json"));
        attempts.iter().for_each(|key| store.put(key, b"{}").unwrap());
        for key in [&format!("{PHASE}/docs/orphan"), &format!("{OLD_PHASE}/docs/orphan"), "notes/mine.txt"] {
            store.put(key, b"?").unwrap();
        }
        store
    }

    fn keys(found: &Found) -> Vec<(&str, Why)> {
        found.garbage.iter().map(|garbage| (garbage.object.key.as_str(), garbage.why)).collect()
    }

    #[test]
    fn only_what_nothing_names_is_garbage() {
        let folder = tempfile::tempdir().unwrap();
        let store = run(folder.path());
        let found = find(&store, far_future(), false).unwrap();
        let orphans = [PHASE, OLD_PHASE].map(|phase| format!("{phase}/docs/orphan"));
        assert_eq!(keys(&found), [(orphans[0].as_str(), Why::Orphan), (orphans[1].as_str(), Why::Orphan)]);
        assert_eq!((found.n_young, found.stale), (0, (3, found.stale.1)));
        let young = find(&store, SystemTime::UNIX_EPOCH, true).unwrap();
        assert_eq!((young.garbage.len(), young.n_young), (0, 5));
    }

    #[test]
    fn commits_of_stale_phases_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let store = run(folder.path());
        let found = find(&store, far_future(), true).unwrap();
        let first = format!("{OLD_PHASE}/commit/c.json");
        let attempt = format!("{ATTEMPTS}{OLD_PHASE}/a.json");
        assert_eq!(keys(&found)[..2], [(attempt.as_str(), Why::Stale), (first.as_str(), Why::Stale)]);
        assert_eq!(found.garbage.len(), 5);
        for garbage in &found.garbage {
            assert!(delete(&store, &garbage.object).unwrap());
        }
        assert!(find(&store, far_future(), true).unwrap().garbage.is_empty());
        for kept in [
            format!("{ATTEMPTS}{PHASE}/a.json"),
            format!("{PHASE}/docs/a.parquet"),
            format!("{PHASE}/docs/b.parquet"),
            "notes/mine.txt".into(),
        ] {
            assert!(store.head(&kept).unwrap().is_some(), "{kept}");
        }
    }

    #[test]
    fn what_was_written_again_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = run(folder.path());
        let found = find(&store, far_future(), false).unwrap();
        let object = Kept { modified: SystemTime::UNIX_EPOCH, ..found.garbage[0].object.clone() };
        assert!(!delete(&store, &object).unwrap());
        assert!(store.head(&object.key).unwrap().is_some());
    }

    #[test]
    fn an_unreadable_commit_stops_everything() {
        let folder = tempfile::tempdir().unwrap();
        let store = run(folder.path());
        store.put(&format!("{PHASE}/commit/torn.json"), b"{").unwrap();
        assert!(find(&store, far_future(), false).is_err());
    }

    #[test]
    fn phases_are_told_from_other_folders() {
        for (folder, is) in [
            (PHASE, true),
            ("p12-tokens-0123456789ab", true),
            ("notes", false),
            ("p1-map", false),
            ("p-map-0123456789ab", false),
        ] {
            assert_eq!(is_phase(folder), is, "{folder}");
        }
    }

    fn far_future() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40)
    }
}
