//! Take-downs: documents that a run must not hold any more, and the commits that stand instead of those that held them.
//!
//! `takedown/00001.json` and so on are created one after the other, and each is one commit: what it says holds at once, and what
//! was written before it is nothing. A record has no text: hashes of ids, URLs and domains say what must not come back, and
//! a list for every phase folder has the commits of the tasks whose objects were written anew. Whoever reads a manifest gets those
//! commits; the objects that only the older ones name are garbage.

use crate::commit::{parse, to_json};
use crate::{Commit, Created, Manifest, ObjectRef, Part, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tokenmill_core::DocId;
use tokenmill_core::hash::{digest_hex, hash128};
use tokenmill_core::text::host_of;

/// The folder of take-downs.
pub const FOLDER: &str = "takedown";

/// Completes "removed because …" for a document that was taken down.
pub const FORGOTTEN: &str = "forgotten";

/// Where a revised commit says what its objects and counts were before any take-down.
const WAS: &str = "was";

/// What must not be in a run: hashes only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// Documents.
    pub ids: BTreeSet<DocId>,
    /// xxh3-128 of places, see [`place_of`].
    pub urls: BTreeSet<String>,
    /// xxh3-128 of domains; all hosts below them count.
    pub domains: BTreeSet<String>,
}

/// One take-down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Takedown {
    /// What the user wants to remember it by.
    pub note: String,
    /// What must not come back.
    #[serde(flatten)]
    pub forgotten: Forgotten,
    /// The key of the revised commits, by phase folder.
    pub phases: BTreeMap<String, String>,
}

/// All take-downs of a run, in order.
#[derive(Clone, Debug, Default)]
pub struct Takedowns {
    /// In the order in which they were made.
    pub list: Vec<Takedown>,
    all: Forgotten,
}

/// A URL as take-downs see it: without scheme, `www.`, fragment and a slash at the end, the host in lower case. Wider than the
/// URL as captured, so that a page does not come back under another spelling.
pub fn place_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let host = host.to_ascii_lowercase();
    format!("{}{}", host.strip_prefix("www.").unwrap_or(&host), path.trim_end_matches('/'))
}

/// The hash of a place or of a domain.
pub fn hash_of(text: &str) -> String {
    format!("{:032x}", hash128(text.as_bytes()))
}

impl Forgotten {
    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.urls.is_empty() && self.domains.is_empty()
    }

    /// Whether a URL was taken down, by itself or with its domain.
    pub fn has_url(&self, url: &str) -> bool {
        if url.is_empty() || (self.urls.is_empty() && self.domains.is_empty()) {
            return false;
        }
        if self.urls.contains(&hash_of(&place_of(url))) {
            return true;
        }
        self.has_host(host_of(url))
    }

    /// Whether the domain of a host was taken down, or one above it.
    pub fn has_host(&self, host: &str) -> bool {
        if self.domains.is_empty() {
            return false;
        }
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let mut rest = host.as_str();
        while !rest.is_empty() {
            if self.domains.contains(&hash_of(rest)) {
                return true;
            }
            rest = rest.split_once('.').map_or("", |(_, rest)| rest);
        }
        false
    }

    /// Whether all that `other` names is named here.
    pub fn covers(&self, other: &Forgotten) -> bool {
        other.ids.is_subset(&self.ids) && other.urls.is_subset(&self.urls) && other.domains.is_subset(&self.domains)
    }

    fn add(&mut self, other: &Forgotten) {
        self.ids.extend(&other.ids);
        self.urls.extend(other.urls.iter().cloned());
        self.domains.extend(other.domains.iter().cloned());
    }
}

fn key(number: usize) -> String {
    format!("{FOLDER}/{number:05}.json")
}

impl Takedowns {
    /// Reads all take-downs of a run; where there are none that is one request.
    ///
    /// # Errors
    /// When the store fails or a record is unreadable.
    pub fn read(store: &dyn Store) -> Result<Takedowns, StoreError> {
        let mut found = Takedowns::default();
        loop {
            let key = key(found.list.len() + 1);
            match store.read(&key) {
                Ok(content) => {
                    let takedown: Takedown = parse(&key, &content)?;
                    found.all.add(&takedown.forgotten);
                    found.list.push(takedown);
                }
                Err(StoreError::Missing(_)) => return Ok(found),
                Err(error) => return Err(error),
            }
        }
    }

    /// All that must not be in the run.
    pub fn forgotten(&self) -> &Forgotten {
        &self.all
    }

    /// Whether a document must not be in the run.
    pub fn has(&self, id: DocId, url: &str) -> bool {
        !self.list.is_empty() && (self.all.ids.contains(&id) || self.all.has_url(url))
    }

    /// The commits that stand instead of others in a phase folder, by task.
    ///
    /// # Errors
    /// When a list is missing or unreadable.
    pub fn revised(&self, store: &dyn Store, folder: &str) -> Result<BTreeMap<String, Commit>, StoreError> {
        let mut revised = BTreeMap::new();
        for key in self.list.iter().filter_map(|takedown| takedown.phases.get(folder)) {
            let commits: Vec<Commit> = parse(key, &store.read(key)?)?;
            revised.extend(commits.into_iter().map(|commit| (commit.task.clone(), commit)));
        }
        Ok(revised)
    }

    /// The manifest with the commits that stand now.
    ///
    /// # Errors
    /// As [`Takedowns::revised`].
    pub fn revise(&self, store: &dyn Store, mut manifest: Manifest) -> Result<Manifest, StoreError> {
        let mut revised = self.revised(store, &manifest.phase)?;
        for part in &mut manifest.parts {
            if let Some(commit) = revised.remove(&part.task) {
                *part = commit;
            }
        }
        Ok(manifest)
    }

    /// Commits one more take-down, with the revised commits of every phase folder.
    ///
    /// # Errors
    /// When the store fails, or somebody else has made one meanwhile.
    pub fn add(
        &self,
        store: &dyn Store,
        note: &str,
        forgotten: &Forgotten,
        revised: &BTreeMap<String, Vec<Commit>>,
    ) -> Result<(), StoreError> {
        let number = self.list.len() + 1;
        let mut phases = BTreeMap::new();
        for (folder, commits) in revised.iter().filter(|(_, commits)| !commits.is_empty()) {
            let list = to_json(commits)?;
            let key = format!("{FOLDER}/{number:05}-{folder}-{}.json", digest_hex(&list));
            // Nobody reads it before the record names it.
            store.put(&key, &list)?;
            phases.insert(folder.clone(), key);
        }
        let takedown = Takedown { note: note.to_owned(), forgotten: forgotten.clone(), phases };
        let content = to_json(&takedown)?;
        match store.create(&key(number), &content)? {
            Created::Lost(standing) if standing != content => Err(StoreError::Refused {
                what: "somebody else has made a take-down in this run at the same time".to_owned(),
                hint: "do it again: it goes on from what stands now".to_owned(),
            }),
            Created::Won | Created::Lost(_) => Ok(()),
        }
    }
}

/// The manifest as it stands after all take-downs of its run.
///
/// # Errors
/// When the store fails or a take-down is unreadable.
pub fn standing(store: &dyn Store, manifest: Manifest) -> Result<Manifest, StoreError> {
    let takedowns = Takedowns::read(store)?;
    if takedowns.list.is_empty() { Ok(manifest) } else { takedowns.revise(store, manifest) }
}

/// A commit with other objects, which remembers those of before any take-down, and its counts: identities follow from these, so
/// that nothing is done again because a document is gone.
pub fn revise_commit(part: &Part, objects: BTreeMap<String, ObjectRef>, mut tally: Value) -> Commit {
    let counts: serde_json::Map<String, Value> = part.tally.as_object().cloned().unwrap_or_default();
    let counts: serde_json::Map<String, Value> = counts.into_iter().filter(|(_, count)| count.is_u64()).collect();
    let mut was = part.tally.get(WAS).cloned().unwrap_or_else(|| json!({"objects": {}, "counts": counts}));
    for (table, object) in &objects {
        if let Some(before) = part.objects.get(table).filter(|before| *before != object)
            && let Some(known) = was.get_mut("objects").and_then(Value::as_object_mut)
            && !known.contains_key(table)
        {
            known.insert(table.clone(), json!(before));
        }
    }
    tally[WAS] = was;
    Commit { objects, tally, ..part.clone() }
}

/// The object that a part had before any take-down: its name and digest are what tasks are known by.
pub fn original(part: &Part, table: &str) -> Option<ObjectRef> {
    let before = part.tally.get(WAS).and_then(|was| was.get("objects")?.get(table));
    let before = before.and_then(|before| serde_json::from_value(before.clone()).ok());
    before.or_else(|| part.objects.get(table).cloned())
}

/// A count of a part before any take-down.
pub fn original_count(part: &Part, name: &str) -> Option<u64> {
    let before = part.tally.get(WAS).and_then(|was| was.get("counts")?.get(name)?.as_u64());
    before.or_else(|| part.tally.get(name)?.as_u64())
}

/// Something that a document has left, or has been in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Phase folder.
    pub phase: String,
    /// What the task has read.
    pub part: String,
    /// Table or kind of file.
    pub table: String,
    /// Key of the object.
    pub object: String,
    /// The document.
    pub id: DocId,
    /// Where in the object.
    pub place: String,
    /// Whether it stays, because it is hashes only.
    pub stays: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemStore;

    #[test]
    fn spellings_of_a_page_are_one_place() {
        for url in ["http://A.example/x", "https://www.a.example/x/", "https://a.example/x#top"] {
            assert_eq!(place_of(url), "a.example/x", "{url}");
        }
        assert_ne!(place_of("http://a.example/x?y=1"), place_of("http://a.example/x"));
        assert_eq!(place_of("http://a.example/"), place_of("http://a.example"));
    }

    #[test]
    fn domains_count_for_all_hosts_below_them() {
        let forgotten = Forgotten { domains: [hash_of("b.example")].into(), ..Forgotten::default() };
        for (url, is) in [
            ("http://b.example/x", true),
            ("http://a.B.example:80/", true),
            ("http://bb.example/", false),
            ("http://example/", false),
            ("", false),
        ] {
            assert_eq!(forgotten.has_url(url), is, "{url}");
        }
    }

    #[test]
    fn the_last_take_down_stands_and_remembers_what_was_first() {
        let store = MemStore::new().unwrap();
        let object = |digest: &str| ObjectRef { key: digest.into(), bytes: 1, rows: 1, digest: digest.into() };
        let part = Commit {
            task: "t".into(),
            label: "l".into(),
            objects: [("docs".to_owned(), object("a"))].into(),
            tally: json!({"n_out": 3}),
            requests: crate::Requests::default(),
        };
        let manifest = Manifest { phase: "p".into(), parts: vec![part.clone()] };
        assert_eq!(standing(&store, manifest.clone()).unwrap(), manifest);
        let mut now = part;
        for (n, digest) in [(2, "b"), (1, "c")] {
            now = revise_commit(
                &now,
                [("docs".to_owned(), object(digest))].into(),
                json!({"n_out": n, WAS: now.tally.get(WAS)}),
            );
            let takedowns = Takedowns::read(&store).unwrap();
            let forgotten = Forgotten { ids: [DocId(n)].into(), ..Forgotten::default() };
            takedowns.add(&store, "why", &forgotten, &[("p".to_owned(), vec![now.clone()])].into()).unwrap();
            // The same once more is the same.
            takedowns.add(&store, "why", &forgotten, &[("p".to_owned(), vec![now.clone()])].into()).unwrap();
            assert!(takedowns.add(&store, "other", &forgotten, &BTreeMap::new()).is_err());
        }
        let stands = standing(&store, manifest).unwrap();
        assert_eq!(stands.parts[0].objects["docs"], object("c"));
        assert_eq!(original(&stands.parts[0], "docs"), Some(object("a")));
        assert_eq!(original_count(&stands.parts[0], "n_out"), Some(3));
        assert!(
            Takedowns::read(&store).unwrap().has(DocId(2), "") && !Takedowns::read(&store).unwrap().has(DocId(3), "")
        );
    }
}
