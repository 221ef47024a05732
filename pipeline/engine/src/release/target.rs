//! Where a release goes: begun once, gone on with after a kill, and never mixed with anything else.
//!
//! `.release/plan.json` says which release the folder is for, and there is a record beside it for every file that is
//! complete. When all are, `release.json` takes their place.

use super::manifest::{FileRecord, MANIFEST, Manifest, OtherFile};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use tokenmill_core::hash::Digester;
use tokenmill_store::{Created, Keeper, Spool, StoreError, commit};

/// The folder of what is needed until a release is complete.
pub const FOLDER: &str = ".release";

/// Says which release the folder is for.
pub const PLAN: &str = ".release/plan.json";

/// What may be in the folder of a new release: what a store needs, what a clone of a repository of the Hub has, and what a
/// release leaves that dies as it begins.
pub const ALLOWED: [&str; 4] = [".tmp", ".git", ".gitattributes", FOLDER];

/// A release being made.
pub struct Target<'a> {
    store: &'a dyn Keeper,
    identity: Value,
    /// The release, where it was complete once.
    pub standing: Option<Manifest>,
}

impl<'a> Target<'a> {
    /// Begins a release, or goes on with it.
    ///
    /// # Errors
    /// When there is anything else in the store, or the store fails.
    pub fn begin(store: &'a dyn Keeper, identity: Value) -> Result<Target<'a>, StoreError> {
        if let Some(content) = read(store, MANIFEST)? {
            let manifest: Manifest = commit::parse(&store.display(MANIFEST), &content)?;
            same(store, &manifest.identity, &identity)?;
            return Ok(Target { store, identity, standing: Some(manifest) });
        }
        let plan = commit::to_json(&identity)?;
        if read(store, PLAN)?.is_none() && !is_empty(store)? {
            return Err(not_empty(store.display("").trim_end_matches('/')));
        }
        if let Created::Lost(standing) = store.create(PLAN, &plan)? {
            same(store, &commit::parse(&store.display(PLAN), &standing)?, &identity)?;
        }
        Ok(Target { store, identity, standing: None })
    }

    /// The record of a data file that is complete and has its digest; `None` when it must be made.
    ///
    /// # Errors
    /// When the store fails.
    pub fn finished(&self, name: &str) -> Result<Option<FileRecord>, StoreError> {
        let record = match &self.standing {
            Some(manifest) => manifest.files.iter().find(|file| file.name == name).cloned(),
            None => match read(self.store, &record_key(name))? {
                Some(content) => Some(commit::parse(&self.store.display(&record_key(name)), &content)?),
                None => None,
            },
        };
        match record {
            Some(record) if self.holds(name, record.bytes, &record.xxh3)? => Ok(Some(record)),
            _ => Ok(None),
        }
    }

    /// Whether an object has the size and the xxh3-128.
    fn holds(&self, name: &str, bytes: u64, xxh3: &str) -> Result<bool, StoreError> {
        if self.store.head(name)?.is_none_or(|meta| meta.bytes != bytes) {
            return Ok(false);
        }
        let (mut stream, mut digest, mut buffer) = (self.store.stream(name)?, Digester::new(), vec![0; 1 << 18]);
        loop {
            let n = stream.read(&mut buffer).map_err(StoreError::io("read", self.store.display(name)))?;
            if n == 0 {
                return Ok(digest.hex() == xxh3);
            }
            digest.update(&buffer[..n]);
        }
    }

    /// Notes that a data file is complete.
    ///
    /// # Errors
    /// When it was complete before with another content, or the store fails.
    pub fn finish(&self, record: &FileRecord) -> Result<(), StoreError> {
        let before = match &self.standing {
            Some(manifest) => manifest.files.iter().find(|file| file.name == record.name).cloned(),
            None => match self.store.create(&record_key(&record.name), &commit::to_json(record)?)? {
                Created::Won => None,
                Created::Lost(standing) => Some(commit::parse(&record_key(&record.name), &standing)?),
            },
        };
        match before {
            Some(before) if before != *record => {
                Err(StoreError::NotDeterministic { key: self.store.display(&record.name) })
            }
            _ => Ok(()),
        }
    }

    /// Writes a file that holds no documents, unless it stands there. One that somebody has edited since the release was
    /// complete is left as it is, and told of by `false`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(OtherFile, bool), StoreError> {
        let made = self.standing.as_ref().and_then(|manifest| manifest.others.iter().find(|file| file.name == name));
        let there = read(self.store, name)?;
        let is_edited = match (made, &there) {
            (Some(made), Some(there)) => tokenmill_core::hash::digest_hex(there) != made.xxh3 && there != content,
            _ => false,
        };
        let kept = there.as_deref().filter(|there| is_edited || *there == content);
        let mut spool = Spool::public(self.store)?;
        spool.write_all(kept.unwrap_or(content)).map_err(StoreError::io("write", name))?;
        let sealed = spool.seal()?;
        let sha256 = sealed.sha256().unwrap_or_default().to_owned();
        let (bytes, xxh3) = match kept {
            Some(kept) => (kept.len() as u64, tokenmill_core::hash::digest_hex(kept)),
            None => {
                let object = sealed.store_as(self.store, name.to_owned())?;
                (object.bytes, object.digest)
            }
        };
        Ok((OtherFile { name: name.to_owned(), bytes, sha256, xxh3 }, !is_edited))
    }

    /// Writes the manifest, and removes what was needed until now.
    ///
    /// # Errors
    /// When the store fails.
    pub fn end(&self, manifest: &Manifest) -> Result<(), StoreError> {
        let content = commit::to_json(manifest)?;
        if read(self.store, MANIFEST)?.as_deref() != Some(&content[..]) {
            let mut spool = Spool::public(self.store)?;
            spool.write_all(&content).map_err(StoreError::io("write", MANIFEST))?;
            spool.store_as(self.store, MANIFEST.to_owned())?;
        }
        for file in &manifest.files {
            self.store.delete(&record_key(&file.name))?;
        }
        self.store.delete(PLAN)?;
        match self.store.sweep(FOLDER) {
            Ok(()) | Err(StoreError::Missing(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What the release is.
    pub fn identity(&self) -> &Value {
        &self.identity
    }
}

/// The refusal of a place that holds something else.
pub fn not_empty(place: &str) -> StoreError {
    StoreError::Refused {
        what: format!("`{place}` is not empty, and holds no release"),
        hint: "give a new folder or prefix; nothing that stands there is touched".to_owned(),
    }
}

fn record_key(name: &str) -> String {
    format!("{FOLDER}/{}.json", name.replace('/', "__"))
}

fn read(store: &dyn Keeper, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
    match store.read(key) {
        Ok(content) => Ok(Some(content)),
        Err(StoreError::Missing(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_empty(store: &dyn Keeper) -> Result<bool, StoreError> {
    let mut listing = store.list("");
    while let Some(page) = listing.page()? {
        let is_other = |key: &str| !ALLOWED.contains(&key.split('/').next().unwrap_or_default());
        if page.iter().any(|kept| is_other(&kept.key)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Refuses another release, and says in what it differs.
fn same(store: &dyn Keeper, there: &Value, wanted: &Value) -> Result<(), StoreError> {
    if there == wanted {
        return Ok(());
    }
    let fields = |value: &Value| -> BTreeMap<String, Value> {
        value.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let (there, wanted) = (fields(there), fields(wanted));
    let keys: std::collections::BTreeSet<&String> = there.keys().chain(wanted.keys()).collect();
    let differ = keys.into_iter().filter(|key| there.get(*key) != wanted.get(*key));
    let shown = |value: Option<&Value>| {
        let text = value.map_or_else(|| "none".to_owned(), Value::to_string);
        super::escape::plain(&text, 60)
    };
    let differ: Vec<String> =
        differ.map(|key| format!("{key} is {}, not {}", shown(there.get(key)), shown(wanted.get(key)))).collect();
    let place = store.display("");
    Err(StoreError::Refused {
        what: format!("`{}` holds another release: {}", place.trim_end_matches('/'), differ.join("; ")),
        hint: "give a new folder or prefix; nothing that stands there is touched".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::file::Held;
    use serde_json::json;
    use tokenmill_store::{LocalStore, Store};

    fn record(store: &LocalStore, name: &str, content: &[u8]) -> FileRecord {
        let mut spool = Spool::public(store).unwrap();
        spool.write_all(content).unwrap();
        let object = spool.store_as(store, name.to_owned()).unwrap();
        FileRecord {
            name: name.to_owned(),
            config: "default".into(),
            bytes: object.bytes,
            sha256: String::new(),
            xxh3: object.digest,
            memory_bytes: 0,
            held: Held::default(),
        }
    }

    fn manifest(target: &Target<'_>, files: Vec<FileRecord>, others: Vec<OtherFile>) -> Manifest {
        let run = super::super::manifest::Sum { n_documents: 0, text_bytes: 0, ids: String::new() };
        let identity = target.identity().clone();
        Manifest { version: 1, identity, run, files_hold: Held::default(), files, others }
    }

    #[test]
    fn a_release_is_begun_gone_on_with_and_ended() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::open(folder.path()).unwrap();
        let target = Target::begin(&store, json!({"size": 1})).unwrap();
        assert_eq!(target.finished("data/a").unwrap(), None);
        let file = record(&store, "data/a", b"abc");
        target.finish(&file).unwrap();
        // The same again is fine, something else is an alarm.
        let again = Target::begin(&store, json!({"size": 1})).unwrap();
        assert_eq!(again.finished("data/a").unwrap(), Some(file.clone()));
        again.finish(&file).unwrap();
        let other = FileRecord { bytes: 9, ..file.clone() };
        assert!(matches!(again.finish(&other), Err(StoreError::NotDeterministic { .. })));
        store.put("data/a", b"abd").unwrap();
        assert_eq!(again.finished("data/a").unwrap(), None, "damage is found");
        store.put("data/a", b"abc").unwrap();
        let (card, _) = again.write("README.md", b"# x").unwrap();
        again.end(&manifest(&again, vec![file.clone()], vec![card])).unwrap();
        assert!(!folder.path().join(FOLDER).exists());
        // Complete, it is checked, and what people have written stays.
        let third = Target::begin(&store, json!({"size": 1})).unwrap();
        assert_eq!(third.finished("data/a").unwrap(), Some(file));
        assert!(third.write("README.md", b"# y").unwrap().1, "nobody has edited it");
        store.put("README.md", b"# mine").unwrap();
        assert!(!third.write("README.md", b"# y").unwrap().1);
        assert_eq!(store.read("README.md").unwrap(), b"# mine");
    }

    #[test]
    fn anything_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::open(folder.path()).unwrap();
        store.put("data/mine.parquet", b"x").unwrap();
        let error = |identity| Target::begin(&store, identity).map(drop).unwrap_err().to_string();
        assert!(error(json!({})).contains("is not empty"));
        store.delete("data/mine.parquet").unwrap();
        store.put(".gitattributes", b"x").unwrap();
        Target::begin(&store, json!({"size": 1, "by": "none"})).unwrap();
        let refusal = error(json!({"size": 2, "by": "none"}));
        assert!(refusal.contains("size is 1, not 2") && !refusal.contains("by is"), "{refusal}");
    }
}
