//! What became of every document in two runs: the ledgers of both, joined by document, out of core.

use std::collections::{BTreeMap, BTreeSet};
use tokenmill_core::DocId;
use tokenmill_core::exchange::DUPLICATE_RECORD;
use tokenmill_core::hash::hash64;
use tokenmill_store::sort::records::{LENGTH, RecordSorter};
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Manifest, Part, Store, StoreError};

/// One of the two runs.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// Where it is.
    pub store: &'a dyn Store,
    /// Its phases that have ended, in order.
    pub manifests: &'a [Manifest],
}

/// What became of a document in a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ended {
    /// Whether the last phase kept it.
    pub kept: bool,
    /// Step that removed it, or empty.
    pub step: String,
    /// Reason, or empty.
    pub reason: String,
    /// Metric that was judged, or empty.
    pub metric: String,
    /// Its value.
    pub value: Option<f32>,
    /// The limit that applied.
    pub limit: Option<f32>,
    /// Language in the end.
    pub lang: String,
    /// Bytes of text when the verdict fell.
    pub bytes: u64,
    /// The phase of its last row, by its place among the manifests.
    pub phase: usize,
    /// The part of that phase.
    pub part: usize,
    /// Hash of the text of a kept document, where texts are compared: equal for equal texts.
    pub text: Option<u64>,
}

/// Hands out every document of either run once, in the order of ids, with what became of it in each. Sorting takes `memory`
/// bytes. Texts are read and hashed if `texts` says so; parts that both runs have are not.
///
/// # Errors
/// When a store fails or a table is damaged.
pub fn join<E: From<StoreError>>(
    sides: [Side<'_>; 2],
    memory: u64,
    texts: bool,
    mut each: impl FnMut(DocId, [Option<Ended>; 2]) -> Result<(), E>,
) -> Result<(), E> {
    let mut sorter = RecordSorter::<16>::new(sides[0].store.scratch(), memory);
    let mut names = Names::default();
    let docs =
        sides.map(|side| last_phase(side.manifests).map_or_else(BTreeSet::new, |last| digests(&side.manifests[last])));
    let shared: BTreeSet<&str> = docs[0].intersection(&docs[1]).map(String::as_str).collect();
    for (number, side) in (0u8..).zip(sides) {
        let Some(last) = last_phase(side.manifests) else { continue };
        for (phase, manifest) in side.manifests.iter().enumerate().take(last + 1) {
            for (part, committed) in manifest.parts.iter().enumerate() {
                if !committed.objects.contains_key("ledger") {
                    continue;
                }
                let hashes = texts && phase == last;
                rows(side.store, committed, phase == last, hashes.then_some(&shared), |id, ended| {
                    let ended = Ended { phase, part, ..ended };
                    sorter.push(id.to_bytes(), &names.encode(number, &ended))
                })?;
            }
        }
    }
    let mut records = sorter.finish()?;
    let mut hand: Option<(DocId, [Option<Ended>; 2])> = None;
    while let Some(record) = records.next_record()? {
        let (Some(id), Some((number, ended))) = (
            record.get(LENGTH..LENGTH + 16).and_then(DocId::from_bytes),
            record.get(LENGTH + 16..).and_then(|rest| names.decode(rest)),
        ) else {
            return Err(StoreError::corrupt("the sorted ledgers", "a record is damaged").into());
        };
        if hand.as_ref().is_none_or(|(of, _)| *of != id)
            && let Some((of, both)) = hand.replace((id, [None, None]))
        {
            each(of, both)?;
        }
        if let Some(place) = hand.as_mut().and_then(|(_, both)| both.get_mut(usize::from(number)))
            && place.as_ref().is_none_or(|before| outranks(&ended, before))
        {
            *place = Some(ended);
        }
    }
    match hand {
        Some((of, both)) => each(of, both),
        None => Ok(()),
    }
}

/// Whether a row tells more of a document than another: a record that was read twice has two.
fn outranks(row: &Ended, other: &Ended) -> bool {
    let rank = |row: &Ended| (row.kept, row.reason != DUPLICATE_RECORD, row.phase, std::cmp::Reverse(row.part));
    rank(row) > rank(other)
}

/// The last phase that judges documents.
fn last_phase(manifests: &[Manifest]) -> Option<usize> {
    manifests.iter().rposition(|manifest| manifest.parts.iter().any(|part| part.objects.contains_key("ledger")))
}

fn digests(manifest: &Manifest) -> BTreeSet<String> {
    manifest.parts.iter().filter_map(|part| part.objects.get("docs")).map(|docs| docs.digest.clone()).collect()
}

/// Hands out the rows of a part that no later phase has: all of the last phase, else those of removed documents.
fn rows(
    store: &dyn Store,
    part: &Part,
    is_last: bool,
    shared: Option<&BTreeSet<&str>>,
    mut each: impl FnMut(DocId, Ended) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut texts = match (part.objects.get("docs"), shared) {
        (Some(docs), Some(shared)) if shared.contains(docs.digest.as_str()) => Texts::Equal,
        (Some(docs), Some(_)) => Texts::open(store, &docs.key)?,
        _ => Texts::Unknown,
    };
    let columns = ["id", "kept", "step", "reason", "metric", "value", "limit", "bytes", "lang"];
    for batch in Batches::open(store, &part.objects["ledger"].key, &columns)? {
        let batch = batch?;
        let columns = Columns(&batch);
        let (ids, kept, bytes) = (columns.ids("id")?, columns.bool("kept")?, columns.u32("bytes")?);
        let [step, reason, metric, lang] =
            [columns.text("step")?, columns.text("reason")?, columns.text("metric")?, columns.text("lang")?];
        let (values, limits) = (columns.f32("value")?, columns.f32("limit")?);
        for (row, id) in ids.into_iter().enumerate() {
            let kept = kept.value(row);
            if kept && !is_last {
                continue;
            }
            let number = |array: &arrow::array::Float32Array| {
                arrow::array::Array::is_valid(array, row).then(|| array.value(row))
            };
            each(
                id,
                Ended {
                    kept,
                    step: step.value(row).to_owned(),
                    reason: reason.value(row).to_owned(),
                    metric: metric.value(row).to_owned(),
                    value: number(values),
                    limit: number(limits),
                    lang: lang.value(row).to_owned(),
                    bytes: u64::from(bytes[row]),
                    text: if kept { texts.next(id)? } else { None },
                    ..Ended::default()
                },
            )?;
        }
    }
    Ok(())
}

/// The texts of a part, beside the rows of its ledger.
enum Texts {
    /// Nobody asks.
    Unknown,
    /// Both runs have this very part.
    Equal,
    /// They are read.
    Read { batches: Batches, hashes: std::vec::IntoIter<(DocId, u64)> },
}

impl Texts {
    fn open(store: &dyn Store, key: &str) -> Result<Texts, StoreError> {
        Ok(Texts::Read { batches: Batches::open(store, key, &["id", "text"])?, hashes: Vec::new().into_iter() })
    }

    /// The hash of the text of the next kept document, which must be `id`.
    fn next(&mut self, id: DocId) -> Result<Option<u64>, StoreError> {
        let (batches, hashes) = match self {
            Texts::Unknown => return Ok(None),
            Texts::Equal => return Ok(Some(0)),
            Texts::Read { batches, hashes } => (batches, hashes),
        };
        loop {
            match hashes.next() {
                Some((of, hash)) if of == id => return Ok(Some(hash)),
                Some(_) => return Err(StoreError::corrupt("docs", format!("`{id}` is not where its ledger has it"))),
                None => {}
            }
            let Some(batch) = batches.next().transpose()? else {
                return Err(StoreError::corrupt("docs", format!("`{id}` was kept and is not there")));
            };
            let columns = Columns(&batch);
            let texts = columns.text("text")?;
            let read = columns.ids("id")?.into_iter().enumerate();
            *hashes =
                read.map(|(row, id)| (id, hash64(0, texts.value(row).as_bytes()))).collect::<Vec<_>>().into_iter();
        }
    }
}

/// Bytes of an encoded row.
const WIDTH: usize = 49;

/// The names that rows have, written once.
#[derive(Default)]
struct Names {
    numbers: BTreeMap<String, u32>,
    names: Vec<String>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    fn encode(&mut self, side: u8, ended: &Ended) -> [u8; WIDTH] {
        let flags = u8::from(ended.kept)
            | u8::from(ended.value.is_some()) << 1
            | u8::from(ended.limit.is_some()) << 2
            | u8::from(ended.text.is_some()) << 3
            | side << 4;
        let names =
            [&ended.step, &ended.reason, &ended.metric, &ended.lang].map(|name| self.number(name).to_le_bytes());
        let numbers = [ended.value, ended.limit].map(|number| number.unwrap_or(0.0).to_le_bytes());
        let mut out = [0; WIDTH];
        let places = [ended.phase as u32, ended.part as u32].map(u32::to_le_bytes);
        let long = [ended.bytes, ended.text.unwrap_or(0)].map(u64::to_le_bytes);
        let fields = names.iter().chain(&numbers).chain(&places).flatten().chain(long.iter().flatten());
        for (place, byte) in out.iter_mut().zip(std::iter::once(&flags).chain(fields)) {
            *place = *byte;
        }
        out
    }

    fn decode(&self, record: &[u8]) -> Option<(u8, Ended)> {
        let (flags, rest) = record.split_first()?;
        let short = |at: usize| rest.get(4 * at..4 * at + 4).and_then(|bytes| bytes.try_into().ok());
        let name = |at: usize| short(at).and_then(|bytes| self.names.get(u32::from_le_bytes(bytes) as usize)).cloned();
        let long = |at: usize| rest.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
        let has = |bit: u8| flags & (1 << bit) != 0;
        let ended = Ended {
            kept: has(0),
            step: name(0)?,
            reason: name(1)?,
            metric: name(2)?,
            lang: name(3)?,
            value: short(4).map(f32::from_le_bytes).filter(|_| has(1)),
            limit: short(5).map(f32::from_le_bytes).filter(|_| has(2)),
            phase: u32::from_le_bytes(short(6)?) as usize,
            part: u32::from_le_bytes(short(7)?) as usize,
            bytes: long(32)?,
            text: Some(long(40)?).filter(|_| has(3)),
        };
        Some((flags >> 4, ended))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::schema::{DOCS, LEDGER};
    use tokenmill_store::table::{Field, Table};
    use tokenmill_store::{MemStore, Spool};

    #[test]
    fn rows_are_encoded_and_decoded() {
        let mut names = Names::default();
        let full = Ended {
            kept: false,
            step: "s".into(),
            reason: "r".into(),
            metric: "m".into(),
            value: Some(-1.5),
            limit: Some(f32::MAX),
            lang: "en".into(),
            bytes: u64::MAX,
            phase: 3,
            part: 70_000,
            text: Some(u64::MAX - 1),
        };
        for ended in [full, Ended { kept: true, ..Ended::default() }] {
            for side in [0, 1] {
                let record = names.encode(side, &ended);
                assert_eq!(names.decode(&record), Some((side, ended.clone())));
                assert_eq!(names.decode(&record[..WIDTH - 1]), None);
            }
        }
    }

    /// Documents by number: kept with a text, or removed for a reason.
    fn run(store: &MemStore, documents: &[(u32, Result<&str, &str>)]) -> Manifest {
        let mut ledger = Table::new(Spool::create(store).unwrap(), Field::of(LEDGER));
        let mut docs = Table::new(Spool::create(store).unwrap(), Field::of(DOCS));
        for (row, (id, said)) in (0u32..).zip(documents) {
            let id = DocId(u128::from(*id));
            let reason = said.err().unwrap_or_default();
            let line = ledger.row().id(id).u64(0).text("p").u32(row).bool(said.is_ok()).text("").text(reason).text("");
            line.f32_or_null(None)
                .f32_or_null(None)
                .u32(1)
                .text_or_null(None)
                .text("en")
                .text("")
                .text("")
                .end()
                .unwrap();
            if let Ok(text) = said {
                let line = docs.row().id(id).u32(row).text("").text("").text("").text("").text("").text("").text("");
                line.bool(false).text("").text("").text("").text("").text(text).end().unwrap();
            }
        }
        let mut part = Part {
            task: "t".into(),
            label: "p".into(),
            objects: BTreeMap::new(),
            tally: Default::default(),
            requests: Default::default(),
        };
        for (name, table) in [("ledger", ledger), ("docs", docs)] {
            let object = table.finish().unwrap().0.store(store, name, "parquet").unwrap();
            part.objects.insert(name.to_owned(), object);
        }
        Manifest { phase: "p1-map".into(), parts: vec![part] }
    }

    #[test]
    fn every_document_comes_once_with_both_verdicts() {
        let store = MemStore::new().unwrap();
        let a = [run(
            &store,
            &[(5, Ok("same")), (1, Err("short")), (2, Ok("x")), (2, Err(DUPLICATE_RECORD)), (9, Err("r"))],
        )];
        let b = [run(&store, &[(5, Ok("same")), (1, Ok("back")), (2, Ok("y")), (7, Ok("new"))])];
        let sides = [&a, &b].map(|manifests| Side { store: &store, manifests });
        let mut seen = Vec::new();
        let brief = |ended: &Option<Ended>| ended.as_ref().map(|ended| (ended.kept, ended.reason.clone()));
        join(sides, 0, true, |id, both| {
            let same = both.iter().flatten().map(|ended| ended.text).collect::<Vec<_>>();
            let same = same.len() == 2 && same[0].is_some() && same[0] == same[1];
            seen.push((id.0, both.each_ref().map(brief), same));
            Ok::<_, StoreError>(())
        })
        .unwrap();
        let (kept, gone) = (|| Some((true, String::new())), |why: &str| Some((false, why.to_owned())));
        let expected = [
            (1, [gone("short"), kept()], false),
            (2, [kept(), kept()], false),
            (5, [kept(), kept()], true),
            (7, [None, kept()], false),
            (9, [gone("r"), None], false),
        ];
        assert_eq!(seen, expected);
        // A run is like itself, and its texts are not even read.
        let sides = [&a, &a].map(|manifests| Side { store: &store, manifests });
        join(sides, 0, true, |_, [one, other]| {
            assert_eq!(one, other);
            Ok::<_, StoreError>(())
        })
        .unwrap();
    }
}
