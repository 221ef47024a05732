//! One shard after the other: files against digests, index and sequences against pieces, pieces against documents.

use super::pieces::{Around, Row, documents, end, ids, kept_at_most};
use super::sums::{Sums, Use};
use super::{Problems, finding};
use crate::pack::Packing;
use crate::phase::forget::blank_content;
use crate::shard::dataset::{Dataset, Shard, TrainingPhase};
use crate::shard::megatron::Dtype;
use crate::shard::read::piece_lengths;
use crate::shard::samples;
use crate::shard::sha256::sha256_hex;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use tokenmill_core::DocId;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::takedown::Takedowns;
use tokenmill_store::{ObjectRef, Store, StoreError};

/// What was found in shards.
pub struct Found {
    /// All uses of documents.
    pub sums: Sums,
    /// Pieces.
    pub n_pieces: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Uses of documents that were taken down: their ids are overwritten, and no token store has them any more.
    pub forgotten: Vec<Forgotten>,
    /// Shards that cannot be looked into, as training phase and number.
    pub damaged: BTreeSet<(u32, u64)>,
}

/// A use of a document that was taken down.
pub struct Forgotten {
    training: u32,
    epoch: u32,
    id: DocId,
    group: String,
    content: u64,
    n_tokens: u64,
}

impl Forgotten {
    /// The use.
    pub fn it(&self) -> Use<'_> {
        let Forgotten { training, epoch, id, ref group, content, n_tokens } = *self;
        Use { training, epoch, id, group, content, n_tokens }
    }
}

/// Checks all shards of a dataset. `progress` is told how many documents have been checked.
pub fn check(
    run: &dyn Store,
    dataset: &Dataset,
    problems: &mut Problems,
    progress: &mut dyn FnMut(u64),
) -> Result<Found, StoreError> {
    let takedowns = Takedowns::read(run)?;
    let gone = &takedowns.forgotten().ids;
    let (forgotten, damaged) = (Vec::new(), BTreeSet::new());
    let mut found = Found { sums: Sums::new(dataset), n_pieces: 0, bytes: 0, forgotten, damaged };
    for (training, phase) in dataset.phases.iter().enumerate() {
        let mut groups: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        let mut n_truncated = 0;
        let before = problems.count();
        for (number, shard) in phase.shards.iter().enumerate() {
            let place = format!("phase `{}` shard {number}", phase.name);
            let mut one = One {
                run,
                dataset,
                phase,
                shard,
                place,
                training: training as u32,
                number: number as u64,
                gone,
                problems,
            };
            one.check(&mut found, &mut groups, &mut n_truncated)?;
            progress(shard.n_documents);
        }
        // What is missing in a shard would be said twice.
        if problems.count() == before {
            compare(phase, &groups, n_truncated, problems);
        }
    }
    Ok(found)
}

/// Compares what the manifest says of a phase with what is in its shards.
fn compare(phase: &TrainingPhase, groups: &BTreeMap<String, (u64, u64)>, n_truncated: u64, problems: &mut Problems) {
    if n_truncated != phase.n_truncated {
        let stated = phase.n_truncated;
        problems
            .add(format!("phase `{}`: `{n_truncated}` tokens were cut off, the manifest says `{stated}`", phase.name));
    }
    let stated = phase.groups.iter().map(|group| (group.name.clone(), (group.n_documents, group.n_tokens)));
    let stated: BTreeMap<String, (u64, u64)> = stated.collect();
    for name in stated.keys().chain(groups.keys().filter(|name| !stated.contains_key(*name))) {
        let of = |groups: &BTreeMap<String, (u64, u64)>| groups.get(name).copied().unwrap_or_default();
        let ((documents, tokens), (n_documents, n_tokens)) = (of(groups), of(&stated));
        if (documents, tokens) != (n_documents, n_tokens) {
            problems.add(format!(
                "phase `{}`, group `{name}`: `{documents}` documents with `{tokens}` tokens are in the shards, the \
                 manifest says `{n_documents}` with `{n_tokens}`",
                phase.name
            ));
        }
    }
}

/// The rows of the table of pieces of a shard, and the names of their groups.
#[derive(Default)]
pub struct Pieces {
    pub rows: Vec<Row>,
    pub groups: Vec<String>,
    numbers: BTreeMap<String, u32>,
}

impl Pieces {
    /// Reads the table.
    pub fn read(run: &dyn Store, shard: &Shard) -> Result<Pieces, StoreError> {
        let (mut pieces, mut at) = (Pieces::default(), 0u64);
        for batch in Batches::open(run, &shard.pieces.key, &[])? {
            let batch = batch?;
            let columns = Columns(&batch);
            let (ids, groups, epochs) = (columns.ids("id")?, columns.text("group")?, columns.u32("epoch")?);
            let (starts, lens) = (columns.u64("start")?, columns.u32("n_tokens")?);
            let (documents, contents) = (columns.u64("n_document")?, columns.u64("content")?);
            for (row, id) in ids.into_iter().enumerate() {
                let (group, len) = (pieces.group(groups.value(row)), lens[row]);
                let (epoch, start, n_document, content) = (epochs[row], starts[row], documents[row], contents[row]);
                pieces.rows.push(Row { id, group, epoch, start, len, n_document, content, at });
                at = at.saturating_add(u64::from(len));
            }
        }
        Ok(pieces)
    }

    /// The number of a group among those of the shard.
    fn group(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.groups.len() as u32;
        self.groups.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }
}

/// One use of a document, from one of its rows.
pub fn use_of<'a>(training: u32, row: &Row, groups: &'a [String]) -> Use<'a> {
    let group = groups.get(row.group as usize).map_or("", String::as_str);
    Use { training, epoch: row.epoch, id: row.id, group, content: row.content, n_tokens: row.n_document }
}

/// A shard that is being checked.
struct One<'a> {
    run: &'a dyn Store,
    dataset: &'a Dataset,
    phase: &'a TrainingPhase,
    shard: &'a Shard,
    /// How messages call it.
    place: String,
    training: u32,
    number: u64,
    /// Documents that were taken down.
    gone: &'a BTreeSet<DocId>,
    problems: &'a mut Problems,
}

/// The files of a shard, as they should be.
struct Files {
    bin: Bytes,
    lengths: Vec<u32>,
    pieces: Pieces,
}

impl One<'_> {
    fn problem(&mut self, why: impl std::fmt::Display) {
        self.problems.add(format!("{}: {why}", self.place));
    }

    fn check(
        &mut self,
        found: &mut Found,
        groups: &mut BTreeMap<String, (u64, u64)>,
        n_truncated: &mut u64,
    ) -> Result<(), StoreError> {
        let Some(mut files) = self.files(found)? else {
            found.damaged.insert((self.training, self.number));
            return Ok(());
        };
        let rows = &mut files.pieces.rows;
        found.n_pieces += rows.len() as u64;
        if rows.len() != files.lengths.len() || rows.iter().zip(&files.lengths).any(|(row, len)| row.len != *len) {
            self.problem("the index and the table of pieces do not have the same pieces");
        }
        let names = &files.pieces.groups;
        for row in rows.iter() {
            let name = names.get(row.group as usize).map_or("", String::as_str);
            let (n_documents, n_tokens) = (u64::from(row.start == 0), u64::from(row.len));
            match groups.get_mut(name) {
                Some(group) => *group = (group.0 + n_documents, group.1 + n_tokens),
                None => {
                    groups.insert(name.to_owned(), (n_documents, n_tokens));
                }
            }
        }
        let mut document =
            Document { one: self, bin: &files.bin, names, n_documents: 0, n_truncated: 0, ids: Vec::new() };
        documents(rows, |pieces| document.check(pieces, &mut found.sums, &mut found.forgotten));
        let (n_documents, truncated) = (document.n_documents, document.n_truncated);
        *n_truncated += truncated;
        let stated = self.shard.n_documents;
        if n_documents != stated {
            self.problem(format_args!("it has `{n_documents}` documents, the manifest says `{stated}`"));
        }
        Ok(())
    }

    /// The files, unless one of them is not what it should be.
    fn files(&mut self, found: &mut Found) -> Result<Option<Files>, StoreError> {
        let shard = self.shard;
        let Shard { bin, idx, samples, pieces, sha256, .. } = shard;
        found.bytes += bin.bytes + idx.bytes + samples.bytes + pieces.bytes;
        let bin = self.file("bin", bin, Some(&sha256.bin))?;
        let idx = self.file("idx", idx, Some(&sha256.idx))?;
        let samples = self.file("samples", samples, Some(&sha256.samples))?;
        // The table is read again by those who know Parquet, once it is known to be what was written.
        let table = self.file("pieces", pieces, None)?;
        let (Some(bin), Some(idx), Some(samples), Some(_)) = (bin, idx, samples, table) else { return Ok(None) };
        let (dtype, lengths) = match piece_lengths(&idx) {
            Ok(read) => read,
            Err(why) => {
                self.problem(format_args!("`{}`: {why}", self.shard.idx.key));
                return Ok(None);
            }
        };
        if dtype.name() != self.dataset.dtype {
            self.problem(format_args!("the index says `{}`, the manifest `{}`", dtype.name(), self.dataset.dtype));
        }
        let cuts_pieces = self.dataset.packing == Packing::Concat;
        let offsets = samples::read(&samples);
        let sound = offsets.and_then(|offsets| {
            samples::check(&offsets, &lengths, self.phase.context, cuts_pieces).map(|()| offsets.len() as u64 - 1)
        });
        match sound {
            Err(why) => self.problem(format_args!("`{}`: {why}", self.shard.samples.key)),
            Ok(n) => self.same("sequences", n, self.shard.n_sequences),
        }
        self.same("pieces", lengths.len() as u64, self.shard.n_pieces);
        self.same("tokens", lengths.iter().map(|len| u64::from(*len)).sum(), self.shard.n_tokens);
        match finding(Pieces::read(self.run, self.shard))? {
            Ok(pieces) => Ok(Some(Files { bin, lengths, pieces })),
            Err(why) => {
                self.problem(why);
                Ok(None)
            }
        }
    }

    fn same(&mut self, what: &str, found: u64, stated: u64) {
        if found != stated {
            self.problem(format_args!("it has `{found}` {what}, the manifest says `{stated}`"));
        }
    }

    /// A file, if it is the one that was committed.
    fn file(&mut self, what: &str, object: &ObjectRef, sha256: Option<&str>) -> Result<Option<Bytes>, StoreError> {
        // Asked for by its size, so that a damaged file cannot be larger in memory than it may be.
        let read = self.run.open_committed(&object.key, object.bytes);
        let content = match finding(
            read.and_then(|file| if object.bytes == 0 { Ok(Bytes::new()) } else { file.read_at(0..object.bytes) }),
        )? {
            Ok(content) => content,
            Err(why) => {
                self.problem(format_args!("{what}: {why}"));
                return Ok(None);
            }
        };
        let wrong = if digest_hex(&content) != object.digest {
            "has other content than was committed"
        } else if sha256.is_some_and(|sha256| sha256_hex(&[&content[..]]) != *sha256) {
            "does not have the sha256 of the manifest"
        } else {
            return Ok(Some(content));
        };
        self.problem(format_args!("{what} {wrong}: `{}`", object.key));
        Ok(None)
    }
}

/// Checks the documents of a shard.
struct Document<'a, 'b> {
    one: &'a mut One<'b>,
    bin: &'a [u8],
    names: &'a [String],
    n_documents: u64,
    n_truncated: u64,
    ids: Vec<u8>,
}

impl Document<'_, '_> {
    fn check(&mut self, pieces: Result<&[&Row], &Row>, sums: &mut Sums, forgotten: &mut Vec<Forgotten>) {
        let (rows, first) = match pieces {
            Ok(rows) => match rows.first() {
                Some(first) => (rows, *first),
                None => return,
            },
            Err(row) => {
                self.one.problem(format_args!("document {}: not all of its pieces are there", row.id));
                return;
            }
        };
        self.n_documents += 1;
        let it = use_of(self.one.training, first, self.names);
        sums.add_in(&it, self.one.number);
        let card = &self.one.dataset.tokenizer;
        let n_around = Around { bos: card.bos, eos: card.eos }.n_tokens();
        if self.one.gone.contains(&it.id) && it.content == blank_content(card, it.n_tokens.saturating_sub(n_around)) {
            let Use { training, epoch, id, group, content, n_tokens } = it;
            forgotten.push(Forgotten { training, epoch, id, group: group.to_owned(), content, n_tokens });
        }
        let (dataset, phase) = (self.one.dataset, self.one.phase);
        let place = it.shard(dataset.seed, phase.shards.len() as u64);
        if place != self.one.number {
            self.one.problem(format_args!("document {} belongs into shard {place}", first.id));
        }
        let expected = first.n_document.min(kept_at_most(dataset.packing, dataset.long, phase.context));
        self.n_truncated += first.n_document - expected;
        match end(rows) {
            Some(end) if end == expected => {}
            Some(end) => {
                let id = first.id;
                self.one.problem(format_args!("document {id}: `{end}` of `{expected}` tokens are there"));
                return;
            }
            None => {
                self.one.problem(format_args!("document {}: its pieces do not follow each other", first.id));
                return;
            }
        }
        self.ids.clear();
        let dtype = Dtype::of_name(&dataset.dtype);
        let is_there = |row: &&Row| dtype.is_some_and(|dtype| ids(self.bin, dtype, row, &mut self.ids));
        if !rows.iter().all(is_there) {
            self.one.problem(format_args!("document {}: a piece lies behind the end of the shard", first.id));
            return;
        }
        let around = Around { bos: dataset.tokenizer.bos, eos: dataset.tokenizer.eos };
        if expected == 0 && first.n_document > 0 {
            return;
        }
        if let Err(why) = around.check(&self.ids, expected == first.n_document, first.content) {
            self.one.problem(format_args!("document {}: {why}", first.id));
        }
    }
}
