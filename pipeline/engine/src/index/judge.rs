//! `index`: reads files of an index, judges every row, and gives out the wanted ones: by URL where only one capture of each shall
//! stay, else by crawl file.

use super::FORMAT;
use super::buckets::{self, BUCKETS, bucket_of, counts_of};
use super::ledger::{Judged, Ledger, METRICS, url_hash};
use super::rows::{BY_FILE, BY_URL, LOCATED, Located, NAMES, WANTED, Wanted};
use super::spec::{IndexSpec, Key, main_language};
use crate::exchange::bounds::MAX_SHUFFLES;
use crate::exchange::ranges::join;
use crate::spec::SourceSpec;
use serde_json::json;
use std::collections::BTreeSet;
use std::io::Write;
use tokenmill_core::DocId;
use tokenmill_core::hash::{digest_hex, hash128};
use tokenmill_core::ledger::Removal;
use tokenmill_core::text::site_of;
use tokenmill_store::sort::Sorter;
use tokenmill_store::sort::records::RecordSorter;
use tokenmill_store::source::{IndexReader, IndexRow, Input, Pick, digest_key, expand_lists, is_below};
use tokenmill_store::{Inputs, Outcome, Phase, Requests, StoreError, Task, TaskContext};

/// Bytes of a record in its file, at most: it is fetched as a whole. Common Crawl cuts payloads at 5 MiB.
const MAX_RECORD: u64 = 64 << 20;

/// Names of crawl files that a task remembers to have written; one that is written twice does no harm.
const MAX_SEEN: usize = 1 << 18;

/// Judges an index.
pub struct IndexPhase {
    paths: Vec<String>,
    base: String,
    index: IndexSpec,
}

impl IndexPhase {
    /// Judges the index that `source` names.
    pub fn new(source: &SourceSpec, index: &IndexSpec) -> IndexPhase {
        IndexPhase { paths: source.paths.clone(), base: source.base.clone(), index: index.clone() }
    }
}

impl Phase for IndexPhase {
    fn name(&self) -> &str {
        "index"
    }

    fn spec(&self) -> String {
        json!({"format": FORMAT, "index": self.index.canonical()}).to_string()
    }

    fn tasks(&self, fingerprint: &str, _: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let mut inputs = expand_lists(&self.paths, &self.base)?;
        inputs.retain(|input| self.index.reads(&input.uri));
        if inputs.is_empty() {
            let subsets = self.index.subsets.join("`, `");
            return Err(StoreError::Usage(format!("no index file is in one of the partitions `subset={subsets}`")));
        }
        // One task per file, unless there are so many that what they ship would be too many objects for those that follow.
        let n_files = inputs.len().div_ceil(MAX_SHUFFLES as usize);
        let task = |inputs: &[Input]| {
            let identity: Vec<String> = inputs.iter().map(Input::identity).collect();
            let label = match inputs {
                [first, .., last] => format!("{} … {}", first.name, last.name),
                inputs => inputs.first().map_or(String::new(), |input| input.name.clone()),
            };
            Task {
                key: digest_hex(format!("{fingerprint}\0{}", identity.join("\0")).as_bytes()),
                label,
                bytes: inputs.iter().map(|input| input.bytes).sum(),
                work: json!({"inputs": inputs}),
            }
        };
        Ok(inputs.chunks(n_files).map(task).collect())
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let inputs: Vec<Input> = serde_json::from_value(task.work.get("inputs").cloned().unwrap_or_default())
            .map_err(|error| StoreError::corrupt(&task.label, error))?;
        let mut ledger = Ledger::create(context, &task.label, "index", METRICS)?;
        let mut kept = Kept::new(self.index.unique, context);
        let (mut requests, mut row) = (Requests::default(), IndexRow::default());
        for input in &inputs {
            input.must_be_unchanged()?;
            let mut reader = IndexReader::open(input, self.index.unique == Key::Surt, &self.index.needed())?;
            let mut reported = 0;
            while reader.next(&mut row)? {
                self.row(&row, input, &mut ledger, &mut kept)?;
                let read = reader.requests().bytes_read;
                context.advance(read - reported);
                reported = read;
            }
            requests.add(&Requests { head: 1, ..reader.requests() });
            context.advance(input.bytes.saturating_sub(reported));
        }
        ledger.tally.input_bytes = requests.bytes_read;
        let mut outcome = ledger.finish(context, &task.label)?;
        outcome.requests = requests;
        kept.finish(context, &mut outcome)?;
        Ok(outcome)
    }

    fn forecast(&self) -> String {
        "judges the index: one task per file".to_owned()
    }
}

impl IndexPhase {
    fn row(&self, row: &IndexRow, input: &Input, ledger: &mut Ledger, kept: &mut Kept) -> Result<(), StoreError> {
        let place = place(row);
        let removal = match &place {
            Err(removal) => Some((0, removal.clone())),
            Ok(_) => self.index.judge(row).map(|removal| (1, removal)),
        };
        let id = match (&place, row.record_id.is_empty()) {
            (_, false) => DocId::from_record_id(&row.record_id),
            (Ok((offset, _)), true) => DocId::from_position(&row.file, *offset),
            (Err(_), true) => DocId::from_position(&input.name, u64::from(ledger.row)),
        };
        let url_hash = url_hash(&row.url);
        if let (Ok((offset, length)), None) = (&place, &removal) {
            let digest = if row.digest.is_empty() { 0 } else { digest_key(&row.digest) };
            let pick = Pick { offset: *offset, length: *length, id, url_hash, digest };
            kept.add(row, pick)?;
        }
        let bytes = row.length.and_then(|length| u64::try_from(length).ok()).unwrap_or(0);
        let (lang, host) = (main_language(&row.languages), &site_of(&row.url));
        let judged = Judged { id, url_hash, bytes, lang, host, removal };
        let text = |text: &'_ str| Some(text.to_owned()).filter(|text| !text.is_empty());
        ledger.add(&judged, |line| {
            let line = line.f32_or_null(row.status.map(|n| n as f32)).f32_or_null(row.length.map(|n| n as f32));
            let line = line.text_or_null(text(&row.mime).as_deref()).text_or_null(text(&row.languages).as_deref());
            let line = line.text_or_null(text(&row.truncated).as_deref()).text_or_null(text(&row.file).as_deref());
            line.text_or_null(row.offset.map(|offset| offset.to_string()).as_deref()).end()
        })
    }
}

/// Offset and length of the record, or why the row leads nowhere.
fn place(row: &IndexRow) -> Result<(u64, u64), Removal> {
    let removed = |reason: &str, evidence: String| Removal {
        step: "read".to_owned(),
        reason: reason.to_owned(),
        evidence: Some(evidence).filter(|evidence| !evidence.is_empty()),
        ..Removal::default()
    };
    if !is_below(&row.file) {
        return Err(removed("index_without_file", row.file.chars().take(200).collect()));
    }
    let number = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
    match (number(row.offset), number(row.length)) {
        (Some(_), Some(length)) if length > MAX_RECORD => Err(Removal {
            metric: "length".to_owned(),
            value: Some(length as f32),
            limit: Some(MAX_RECORD as f32),
            ..removed("index_record_too_long", String::new())
        }),
        (Some(offset), Some(length)) if length > 0 => Ok((offset, length)),
        _ => Err(removed("index_without_range", format!("offset {:?}, length {:?}", row.offset, row.length))),
    }
}

/// The wanted rows of a task.
struct Kept {
    unique: Key,
    by_url: Sorter<WANTED>,
    by_file: Sorter<LOCATED>,
    names: RecordSorter<16>,
    seen: BTreeSet<u128>,
}

impl Kept {
    fn new(unique: Key, context: &TaskContext<'_>) -> Kept {
        let (scratch, memory) = (context.store.scratch(), context.memory);
        Kept {
            unique,
            by_url: Sorter::new(scratch, memory / 4 * 3),
            by_file: Sorter::new(scratch, memory / 4 * 3),
            names: RecordSorter::new(scratch, memory / 8),
            seen: BTreeSet::new(),
        }
    }

    fn add(&mut self, row: &IndexRow, pick: Pick) -> Result<(), StoreError> {
        let file = hash128(row.file.as_bytes());
        if self.seen.len() >= MAX_SEEN {
            self.seen.clear();
        }
        if self.seen.insert(file) {
            self.names.push(file.to_be_bytes(), row.file.as_bytes())?;
        }
        let located = Located { file, pick };
        let key = match self.unique {
            Key::Off => return self.by_file.push(located.to_bytes()),
            Key::Url => hash128(row.url.as_bytes()),
            // A row whose canonical form is missing is a page of its own.
            Key::Surt if row.surt.is_empty() => hash128(row.url.as_bytes()),
            Key::Surt => hash128(row.surt.as_bytes()),
        };
        self.by_url.push(Wanted { key, time: row.time, located }.to_bytes())
    }

    fn finish(self, context: &TaskContext<'_>, outcome: &mut Outcome) -> Result<(), StoreError> {
        match self.unique {
            Key::Off => buckets::store(context, self.by_file, BY_FILE, outcome)?,
            Key::Url | Key::Surt => buckets::store(context, self.by_url, BY_URL, outcome)?,
        };
        let (mut spool, mut counts, mut n) = (context.spool()?, vec![0u64; BUCKETS as usize], 0);
        let mut names = self.names.finish()?;
        while let Some(record) = names.next_record()? {
            counts[bucket_of(record.get(4..).unwrap_or_default())] += record.len() as u64;
            n += 1;
            spool.write_all(record).map_err(StoreError::io("write", NAMES))?;
        }
        outcome.objects.insert(NAMES.to_owned(), context.keep(spool, NAMES, "records", n)?);
        outcome.tally[counts_of(NAMES)] = join(&counts).into();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_lead_nowhere_say_why() {
        let row = |file: &str, offset, length| IndexRow { file: file.into(), offset, length, ..IndexRow::default() };
        assert_eq!(place(&row("a/b.warc.gz", Some(0), Some(9))), Ok((0, 9)));
        for (row, reason) in [
            (row("", Some(0), Some(9)), "index_without_file"),
            (row("/etc/passwd", Some(0), Some(9)), "index_without_file"),
            (row("a/../../b", Some(0), Some(9)), "index_without_file"),
            (row("http://elsewhere/x", Some(0), Some(9)), "index_without_file"),
            (row("a", None, Some(9)), "index_without_range"),
            (row("a", Some(-1), Some(9)), "index_without_range"),
            (row("a", Some(1), Some(0)), "index_without_range"),
            (row("a", Some(1), Some(1 << 40)), "index_record_too_long"),
        ] {
            assert_eq!(place(&row).unwrap_err().reason, reason, "{row:?}");
        }
    }
}
