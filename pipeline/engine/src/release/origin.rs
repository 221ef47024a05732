//! The run that a release is made of: its documents part by part, and where their metrics and tokens are.

use crate::plan::{PhaseRecord, RunRecord};
use crate::tally::Tally;
use std::collections::BTreeMap;
use tokenmill_core::DocId;
use tokenmill_store::measured::{self, Row};
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Manifest, ObjectRef, Part, Store, StoreError};

/// How the phase is called that counts tokens, and how its tables: the engine does not know it.
#[derive(Clone, Copy, Debug)]
pub struct TokenNames {
    /// Name of the phase.
    pub phase: &'static str,
    /// What the names of its tables begin with; they have the columns `id` and `n_tokens`.
    pub table: &'static str,
}

/// A run whose documents can be released.
pub struct Origin<'a> {
    /// Its store.
    pub store: &'a dyn Store,
    /// Its name.
    pub name: String,
    /// The phases that have ended, in order.
    pub phases: Vec<PhaseSum>,
    /// Number of the phase that has stored the documents.
    pub docs: usize,
    /// Number of the phase that has counted tokens, if there is one.
    pub tokens: Option<usize>,
    /// The documents, in the order in which they are released.
    pub parts: Vec<OriginPart>,
    manifests: Vec<Manifest>,
}

/// A phase and the sums of what its tasks have counted.
pub struct PhaseSum {
    /// Its record.
    pub record: PhaseRecord,
    /// The sum of the tallies of a phase that walks documents.
    pub tally: Option<Tally>,
    /// The sums of the counts of any other phase.
    pub sums: BTreeMap<String, u64>,
    /// Its tasks.
    pub n_parts: usize,
}

/// A part of the documents.
pub struct OriginPart {
    /// What its task has read.
    pub label: String,
    /// The crawl that its input says it is of, such as `CC-MAIN-2024-33`, or empty.
    pub dump: String,
    /// Its documents.
    pub docs: ObjectRef,
    ledger: Option<String>,
    /// Number of the phase and of the part in it, of all that have measured these documents.
    measured: Vec<(usize, usize)>,
    tokens: Vec<String>,
}

/// What is known of a document without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its id.
    pub id: DocId,
    /// Number of its language in [`PartRows::langs`].
    pub lang: usize,
    /// Bytes of its text.
    pub bytes: u64,
}

/// The documents of a part, in the order of its table.
#[derive(Debug, Default)]
pub struct PartRows {
    /// The languages that occur.
    pub langs: Vec<String>,
    /// One for every document.
    pub rows: Vec<Known>,
}

impl<'a> Origin<'a> {
    /// Opens a run.
    ///
    /// # Errors
    /// When its documents are not all there yet, or the store fails.
    pub fn open(store: &'a dyn Store, names: TokenNames) -> Result<Origin<'a>, StoreError> {
        let record = RunRecord::read(store)?;
        let (mut phases, mut manifests) = (Vec::new(), Vec::new());
        let mut dumps = BTreeMap::new();
        let last_map = record.phases.iter().rposition(|phase| phase.name == "map");
        for (number, phase) in record.phases.into_iter().enumerate() {
            let Some(mut manifest) = phase.read_manifest(store)? else {
                if last_map.is_some_and(|last| number <= last) {
                    return Err(StoreError::Refused {
                        what: format!("`{}` of the run `{}` has not ended", phase.folder, record.name),
                        hint: "run `tokenmill run` again: what has been done is not done again".to_owned(),
                    });
                }
                break;
            };
            phases.push(sum_up(phase, &manifest, &mut dumps)?);
            // The counts of a hundred thousand tasks need not be kept.
            manifest.parts.iter_mut().for_each(|part| part.tally = serde_json::Value::Null);
            manifests.push(manifest);
        }
        let has_docs = |manifest: &Manifest| manifest.parts.iter().any(|part: &Part| part.objects.contains_key("docs"));
        let docs = manifests.iter().rposition(has_docs).ok_or_else(|| StoreError::Refused {
            what: format!("the run `{}` has stored no documents", record.name),
            hint: "a release is made of the run of a recipe, not of a mix".to_owned(),
        })?;
        let tokens = phases.iter().rposition(|phase| phase.record.name == names.phase);
        let mut origin = Origin { store, name: record.name, phases, docs, tokens, parts: Vec::new(), manifests };
        origin.parts = origin.find_parts(names, &dumps)?;
        Ok(origin)
    }

    fn find_parts(&self, names: TokenNames, dumps: &BTreeMap<String, String>) -> Result<Vec<OriginPart>, StoreError> {
        let by_label = |manifest: &'_ Manifest| -> BTreeMap<String, usize> {
            manifest.parts.iter().enumerate().map(|(at, part)| (part.label.clone(), at)).collect()
        };
        let places: Vec<_> = self.manifests.iter().map(by_label).collect();
        let mut parts = Vec::with_capacity(self.manifests[self.docs].parts.len());
        for part in &self.manifests[self.docs].parts {
            let docs = part.objects.get("docs").cloned();
            let docs = docs.ok_or_else(|| StoreError::corrupt(&part.task, "the part has no documents"))?;
            let there = |phase: usize| places[phase].get(&part.label).map(|at| (phase, *at));
            let has_metrics = |(phase, at): &(usize, usize)| {
                let objects = &self.manifests[*phase].parts[*at].objects;
                objects.contains_key("metrics") && objects.contains_key("ledger")
            };
            let tables = self.tokens.and_then(there).map(|(phase, at)| &self.manifests[phase].parts[at].objects);
            let tables = tables.into_iter().flatten().filter(|(name, _)| name.starts_with(names.table));
            parts.push(OriginPart {
                label: part.label.clone(),
                dump: dumps.get(&part.label).cloned().unwrap_or_default(),
                docs,
                ledger: part.objects.get("ledger").map(|object| object.key.clone()),
                measured: (0..=self.docs).filter_map(there).filter(has_metrics).collect(),
                tokens: tables.map(|(_, object)| object.key.clone()).collect(),
            });
        }
        Ok(parts)
    }

    /// The documents of a part, without reading them: what the ledger says of those that it has kept.
    ///
    /// # Errors
    /// When a table is missing or damaged, or they do not belong together.
    pub fn rows(&self, part: &OriginPart) -> Result<PartRows, StoreError> {
        let mut found = PartRows::default();
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        let (key, columns): (&str, &[&str]) = match &part.ledger {
            Some(ledger) => (ledger, &["id", "kept", "lang", "bytes"]),
            None => (&part.docs.key, &["id", "lang", "text"]),
        };
        for batch in Batches::open(self.store, key, columns)? {
            let batch = batch?;
            let columns = Columns(&batch);
            let langs = columns.text("lang")?;
            let (kept, bytes, texts) = match part.ledger {
                Some(_) => (Some(columns.bool("kept")?), columns.u32("bytes")?, None),
                None => (None, &[][..], Some(columns.text("text")?)),
            };
            for (at, id) in columns.ids("id")?.into_iter().enumerate() {
                if kept.is_some_and(|kept| !kept.value(at)) {
                    continue;
                }
                let lang = match numbers.get(langs.value(at)) {
                    Some(number) => *number,
                    None => {
                        numbers.insert(langs.value(at).to_owned(), found.langs.len());
                        found.langs.push(langs.value(at).to_owned());
                        found.langs.len() - 1
                    }
                };
                let length = texts.map_or_else(|| u64::from(bytes[at]), |texts| texts.value(at).len() as u64);
                found.rows.push(Known { id, lang, bytes: length });
            }
        }
        if found.rows.len() as u64 != part.docs.rows {
            let why = format!("{} documents, and the ledger has kept {}", part.docs.rows, found.rows.len());
            return Err(StoreError::corrupt(self.store.display(&part.docs.key), why));
        }
        Ok(found)
    }

    /// How many tokens each document of a part has; empty when nobody has counted.
    ///
    /// # Errors
    /// When a table is missing or damaged.
    pub fn token_counts(&self, part: &OriginPart) -> Result<BTreeMap<DocId, u32>, StoreError> {
        let mut counts = BTreeMap::new();
        for key in &part.tokens {
            for batch in Batches::open(self.store, key, &["id", "n_tokens"])? {
                let batch = batch?;
                let columns = Columns(&batch);
                counts.extend(columns.ids("id")?.into_iter().zip(columns.u32("n_tokens")?.iter().copied()));
            }
        }
        Ok(counts)
    }

    /// What steps have measured of the documents of a part.
    ///
    /// # Errors
    /// When a table is missing or damaged.
    pub fn metrics(&self, part: &OriginPart, names: &[String]) -> Result<BTreeMap<DocId, Row>, StoreError> {
        let alone = |&(phase, at): &(usize, usize)| {
            let manifest = &self.manifests[phase];
            Manifest { phase: manifest.phase.clone(), parts: vec![manifest.parts[at].clone()] }
        };
        let manifests: Vec<Manifest> = part.measured.iter().map(alone).collect();
        measured::of_part(self.store, &manifests, &part.label, names)
    }

    /// Adds up metrics that are counts, over the documents of a part that the phase which has measured them has kept.
    ///
    /// # Errors
    /// When a table is missing or damaged.
    pub fn sums(&self, part: &OriginPart, names: &[String]) -> Result<Vec<u64>, StoreError> {
        let mut sums = vec![0u64; names.len()];
        for &(phase, at) in part.measured.iter().filter(|_| !names.is_empty()) {
            let objects = &self.manifests[phase].parts[at].objects;
            let (ledger, metrics) = (&objects["ledger"].key, &objects["metrics"].key);
            let there = Batches::open(self.store, metrics, &[])?.columns();
            let known: Vec<&str> =
                names.iter().map(String::as_str).filter(|name| there.iter().any(|c| c == name)).collect();
            if known.is_empty() {
                continue;
            }
            let mut kept = Vec::new();
            for batch in Batches::open(self.store, ledger, &["kept"])? {
                kept.extend(Columns(&batch?).bool("kept")?.iter().map(Option::unwrap_or_default));
            }
            let mut row = 0;
            for batch in Batches::open(self.store, metrics, &known)? {
                let batch = batch?;
                for (sum, name) in sums.iter_mut().zip(names).filter(|(_, name)| known.contains(&name.as_str())) {
                    let values = Columns(&batch).f32(name)?.iter().enumerate();
                    let counted = values.filter(|(at, _)| kept.get(row + at).copied().unwrap_or(false));
                    // A float holds counts up to 2^24 exactly, and no document has more.
                    *sum += counted.filter_map(|(_, value)| value).map(|value| value.max(0.0) as u64).sum::<u64>();
                }
                row += batch.num_rows();
            }
        }
        Ok(sums)
    }

    /// The key of the manifest of a phase, which names all that it has written.
    pub fn manifest_key(&self, phase: usize) -> &str {
        self.phases.get(phase).and_then(|phase| phase.record.manifest.as_deref()).unwrap_or_default()
    }
}

/// Adds up the tallies of a phase, and notes the crawls that its inputs are of.
fn sum_up(
    record: PhaseRecord,
    manifest: &Manifest,
    dumps: &mut BTreeMap<String, String>,
) -> Result<PhaseSum, StoreError> {
    let (mut tally, mut sums) = (Tally::default(), BTreeMap::<String, u64>::new());
    for part in &manifest.parts {
        if part.objects.contains_key("ledger") {
            let one: Tally =
                serde_json::from_value(part.tally.clone()).map_err(|error| StoreError::corrupt(&part.task, error))?;
            if let Some(dump) = one.input.as_ref().and_then(|input| dump_of(&input.uri)) {
                dumps.entry(part.label.clone()).or_insert_with(|| dump.to_owned());
            }
            tally.add(&one);
        } else {
            for (key, value) in part.tally.as_object().into_iter().flatten() {
                *sums.entry(key.clone()).or_default() += value.as_u64().unwrap_or(0);
            }
        }
    }
    sums.retain(|_, sum| *sum > 0);
    let tally = (!tally.steps.is_empty()).then_some(tally);
    Ok(PhaseSum { record, tally, sums, n_parts: manifest.parts.len() })
}

/// The crawl in an address such as `…/crawl-data/CC-MAIN-2024-33/segments/…`: a folder of that name, not a file, whose
/// names hold a moment instead.
fn dump_of(uri: &str) -> Option<&str> {
    let (folders, _) = uri.rsplit_once('/')?;
    folders.split('/').find(|folder| {
        let year_and_week = folder.strip_prefix("CC-MAIN-").map(|rest| rest.as_bytes());
        matches!(year_and_week, Some([a, b, c, d, b'-', e, f]) if [a, b, c, d, e, f].iter().all(|c| c.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::dump_of;

    #[test]
    fn crawls_are_known_by_their_folders() {
        let uri = "s3://commoncrawl/crawl-data/CC-MAIN-2024-33/segments/1/warc/CC-MAIN-20240802234508-00000.warc.gz";
        assert_eq!(dump_of(uri), Some("CC-MAIN-2024-33"));
        for other in ["crawl/part-1.warc.gz", "CC-MAIN-2024-33", "a/CC-MAIN-2024-xx/b", "/x/CC-MAIN-2024-333/b"] {
            assert_eq!(dump_of(other), None, "{other}");
        }
    }
}
