//! Some records of a crawl file as a source: an index has said where they are, and nothing else is read.

use super::input::object;
use super::warc::{Row, counted_kind};
use super::{Event, Input, Item, Refusal, SplitReader};
use crate::ranges::are_read_at_once;
use crate::warc::{self, Limits, Notes, Truncation, WarcReader, WarcRecord};
use crate::{Object, ObjectRef, Requests, Rows, Store, StoreError};
use bytes::{Buf, Bytes, buf::Reader};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use tokenmill_core::hash::hash64;
use tokenmill_core::{DocId, Record};

/// Which records of an input are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picked {
    /// Object of the run that lists them, with those of other inputs.
    pub object: ObjectRef,
    /// First row of this input.
    pub start: u64,
    /// Rows of this input, in the order of their offsets.
    pub n_rows: u64,
    /// xxh3-128 of those rows.
    pub digest: String,
    /// Bytes between two records that are rather read than asked around.
    pub gap: u64,
    /// Reads that these records take.
    pub n_reads: u64,
    /// Bytes of those reads.
    pub bytes_read: u64,
}

/// Width of a row: offset, length, id, hash of the URL, hash of the digest.
pub const PICK: usize = 8 + 8 + 16 + 8 + 8;

/// One record: where it is, and what tells that it is the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    /// Place of its first byte in the file.
    pub offset: u64,
    /// Bytes, as they lie in the file.
    pub length: u64,
    /// Id of its row in the index.
    pub id: DocId,
    /// xxh3-64 of the URL that the index gives.
    pub url_hash: u64,
    /// What [`digest_key`] makes of the digest that the index gives; 0 without one.
    pub digest: u64,
}

impl Pick {
    /// The row.
    pub fn to_bytes(self) -> [u8; PICK] {
        let mut row = [0; PICK];
        row[..8].copy_from_slice(&self.offset.to_be_bytes());
        row[8..16].copy_from_slice(&self.length.to_be_bytes());
        row[16..32].copy_from_slice(&self.id.to_bytes());
        row[32..40].copy_from_slice(&self.url_hash.to_be_bytes());
        row[40..].copy_from_slice(&self.digest.to_be_bytes());
        row
    }

    /// Inverse of [`Pick::to_bytes`].
    pub fn of_bytes(row: &[u8; PICK]) -> Pick {
        let number =
            |at: usize| row.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |chunk| u64::from_be_bytes(*chunk));
        let id = DocId(u128::from(number(16)) << 64 | u128::from(number(24)));
        Pick { offset: number(0), length: number(8), id, url_hash: number(32), digest: number(40) }
    }

    /// Where it lies.
    pub fn range(&self) -> Range<u64> {
        self.offset..self.offset.saturating_add(self.length)
    }

    /// Whether a record is the one that the index means: by its id, its digest or its URL. Indexes may write URLs in another way
    /// than the records, so one of the three is enough.
    fn means(&self, record: &WarcRecord<'_>) -> bool {
        let is_url = || record.target_uri().is_some_and(|url| hash64(0, url.as_bytes()) == self.url_hash);
        let is_digest = || self.digest != 0 && record.payload_digest().is_some_and(|d| digest_key(&d) == self.digest);
        let is_id = || record.record_id().is_some_and(|id| DocId::from_record_id(&id) == self.id);
        is_url() || is_digest() || is_id()
    }
}

/// A number for a payload digest, with or without `sha1:` before it and in any case.
pub fn digest_key(digest: &str) -> u64 {
    let digest = digest.trim().to_ascii_uppercase();
    hash64(0, digest.strip_prefix("SHA1:").unwrap_or(&digest).as_bytes())
}

/// Some records that were read at once.
struct Span {
    picks: VecDeque<Pick>,
    start: u64,
    /// Absent where the range leaves the file.
    bytes: Option<Bytes>,
}

/// Reads the picked records of one file, in the order of their offsets.
pub struct PickedSplit {
    spans: Receiver<Result<Span, StoreError>>,
    span: Span,
    reader: Option<WarcReader<Reader<Bytes>>>,
    limits: Limits,
    name: String,
    file_bytes: u64,
    row: Row,
    requests: Requests,
}

impl PickedSplit {
    /// Reads what `picked` lists in `store` of `input`. The next span is fetched while one is read.
    ///
    /// # Errors
    /// When the list or the file is missing.
    pub fn open(store: &dyn Store, input: &Input, picked: &Picked) -> Result<PickedSplit, StoreError> {
        let end = picked.start.saturating_add(picked.n_rows);
        let rows = Rows::<PICK>::open_range(store, &picked.object, picked.start..end)?;
        let (object, gap) = (object(input)?, picked.gap);
        let (sender, spans) = sync_channel(1);
        let fetch = move || fetch(&*object, rows, gap, &sender);
        let started = std::thread::Builder::new().name("read-ahead".to_owned()).spawn(fetch);
        started.map_err(StoreError::io("read ahead in", &input.uri))?;
        Ok(PickedSplit {
            spans,
            span: Span { picks: VecDeque::new(), start: 0, bytes: None },
            reader: None,
            limits: Limits::default(),
            name: input.name.clone(),
            file_bytes: input.bytes,
            row: Row::default(),
            requests: Requests::default(),
        })
    }

    /// The next record with its bytes, or `None` for one that lies outside the file.
    fn next_pick(&mut self) -> Result<Option<(Pick, Option<Bytes>)>, StoreError> {
        loop {
            if let Some(pick) = self.span.picks.pop_front() {
                let (start, range) = (self.span.start, pick.range());
                let bytes = self.span.bytes.as_ref();
                return Ok(Some((
                    pick,
                    bytes.map(|bytes| bytes.slice((range.start - start) as usize..(range.end - start) as usize)),
                )));
            }
            // The channel is closed behind the last one.
            let Ok(span) = self.spans.recv() else { return Ok(None) };
            self.span = span?;
            if let Some(bytes) = &self.span.bytes {
                self.requests.get += 1;
                self.requests.bytes_read += bytes.len() as u64;
            }
        }
    }
}

/// Sends span after span until there are no more rows, one fails, or nobody listens any more.
fn fetch(object: &dyn Object, rows: Rows<PICK>, gap: u64, sender: &SyncSender<Result<Span, StoreError>>) {
    let read = |range: &Range<u64>, picks: VecDeque<Pick>| {
        Ok(Span { picks, start: range.start, bytes: Some(object.read_at(range.clone())?) })
    };
    let mut open: Option<(Range<u64>, VecDeque<Pick>)> = None;
    for row in rows {
        let pick = match row {
            Ok(row) => Pick::of_bytes(&row),
            Err(error) => return drop(sender.send(Err(error))),
        };
        let range = pick.range();
        let is_outside = range.is_empty() || range.end > object.bytes();
        match &mut open {
            Some((span, picks)) if !is_outside && are_read_at_once(span, &range, gap) => {
                span.end = span.end.max(range.end);
                picks.push_back(pick);
            }
            _ => {
                let done = if is_outside { open.take() } else { open.replace((range, VecDeque::from([pick]))) };
                let done = done.map(|(range, picks)| read(&range, picks));
                let outside =
                    is_outside.then(|| Ok(Span { picks: VecDeque::from([pick]), start: pick.offset, bytes: None }));
                for span in done.into_iter().chain(outside) {
                    let is_last = span.is_err();
                    if sender.send(span).is_err() || is_last {
                        return;
                    }
                }
            }
        }
    }
    if let Some((range, picks)) = open {
        let _ = sender.send(read(&range, picks));
    }
}

/// The row of a record that cannot be read.
fn refused(pick: Pick, reason: &'static str, evidence: String) -> Event<'static> {
    let refusal = Refusal { url_hash: Some(pick.url_hash), ..Refusal::because(reason, evidence) };
    Event::Document(Item { record: Record::EMPTY, id: pick.id, refusal: Some(refusal), notes: Notes::default() })
}

impl SplitReader for PickedSplit {
    fn next(&mut self) -> Result<Option<Event<'_>>, StoreError> {
        self.row.clear();
        let Some((pick, bytes)) = self.next_pick()? else { return Ok(None) };
        let place = format!("{} bytes from {}", pick.length, pick.offset);
        let Some(bytes) = bytes else {
            return Ok(Some(refused(pick, "range_outside_file", format!("{place}; it has {}", self.file_bytes))));
        };
        let reader = self.reader.insert(WarcReader::new(bytes.reader(), self.limits.clone()));
        let item = reader.next().map_err(|error| StoreError::io("read", &self.name)(error.source))?;
        let mut record = match item {
            None => return Ok(Some(refused(pick, "range_without_record", place))),
            Some(warc::Item::Damaged(damage)) => {
                return Ok(Some(refused(pick, damage.reason, format!("{place}: {}", damage.detail))));
            }
            Some(warc::Item::Record(record)) => record,
        };
        // Where the file itself ends there, the record is as whole as any reader finds it.
        if record.truncated == Some(Truncation::EndOfInput) && pick.range().end < self.file_bytes {
            return Ok(Some(refused(pick, "range_cuts_record", place)));
        }
        if let Some(kind) = counted_kind(record.kind) {
            return Ok(Some(refused(pick, "not_a_response", format!("{place}: {kind}"))));
        }
        if !pick.means(&record) {
            let found = record.target_uri().unwrap_or_default();
            return Ok(Some(refused(pick, "not_as_indexed", format!("{place}: a record of `{found}`"))));
        }
        record.offset += pick.offset;
        Ok(Some(self.row.event(record, &self.limits, &self.name)))
    }

    fn bytes_read(&self) -> u64 {
        self.requests.bytes_read
    }

    fn digest(&self) -> Option<String> {
        None
    }

    fn requests(&self) -> Option<Requests> {
        Some(self.requests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemStore, Spool};
    use std::io::Write;

    fn record(kind: &str, url: &str, body: &str) -> Vec<u8> {
        let block = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>{body}</p>");
        let head = format!(
            "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{body}>\r\nWARC-Target-URI: {url}\r\n\
             Content-Type: application/http\r\nContent-Length: {}\r\n\r\n",
            block.len()
        );
        let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        member.write_all(format!("{head}{block}\r\n\r\n").as_bytes()).unwrap();
        member.finish().unwrap()
    }

    fn pick(offset: usize, length: usize, url: &str) -> Pick {
        let (offset, length) = (offset as u64, length as u64);
        Pick { offset, length, id: DocId(u128::from(offset)), url_hash: hash64(0, url.as_bytes()), digest: 0 }
    }

    /// What is said of picks of a file that holds these records, and what that has cost.
    fn read(records: &[Vec<u8>], picks: &[Pick], gap: u64) -> (Vec<String>, Requests) {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().write_all(&records.concat()).unwrap();
        let store = MemStore::new().unwrap();
        let mut spool = Spool::create(&store).unwrap();
        picks.iter().for_each(|pick| spool.write_all(&pick.to_bytes()).unwrap());
        let n_rows = picks.len() as u64;
        let object = ObjectRef { rows: n_rows, ..spool.store(&store, "t", "rows").unwrap() };
        let picked = Picked { object, start: 0, n_rows, digest: String::new(), gap, n_reads: 0, bytes_read: 0 };
        let input = super::super::find(&file.path().display().to_string()).unwrap();
        let mut split = PickedSplit::open(&store, &input, &picked).unwrap();
        let mut said = Vec::new();
        while let Some(Event::Document(item)) = split.next().unwrap() {
            let refused = item.refusal.as_ref().map_or("read", |refusal| refusal.reason);
            assert_eq!(item.refusal.is_some(), item.refusal.and_then(|refusal| refusal.url_hash).is_some());
            said.push(format!("{refused} {}", item.record.url));
        }
        (said, split.requests().unwrap())
    }

    #[test]
    fn only_what_was_picked_is_read() {
        let records: Vec<Vec<u8>> = (0..9).map(|n| record("response", &format!("http://a/{n}"), "x")).collect();
        let at = |n: usize| records[..n].iter().map(Vec::len).sum::<usize>();
        let wanted = [1, 2, 5, 8];
        let picks: Vec<Pick> =
            wanted.iter().map(|n| pick(at(*n), records[*n].len(), &format!("http://a/{n}"))).collect();
        let (said, requests) = read(&records, &picks, 0);
        assert_eq!(said, wanted.map(|n| format!("read http://a/{n}")));
        let bytes: usize = wanted.iter().map(|n| records[*n].len()).sum();
        assert_eq!((requests.get, requests.bytes_read), (3, bytes as u64), "neighbours are read at once");
        let (said, requests) = read(&records, &picks, 1 << 20);
        assert_eq!(said.len(), 4);
        assert_eq!((requests.get, requests.bytes_read), (1, (at(9) - at(1)) as u64));
    }

    #[test]
    fn a_wrong_range_is_a_row_with_a_reason() {
        let request = record("request", "http://a/0", "q");
        let records = [request, record("response", "http://a/1", "r"), record("response", "http://a/2", "s")];
        let at = |n: usize| records[..n].iter().map(Vec::len).sum::<usize>();
        let length = |n: usize| records[n].len();
        let mut picks = [
            pick(0, length(0), "http://a/0"),
            pick(at(1), length(1), "http://a/1"),
            pick(at(1), length(1) / 2, "http://a/1"),
            pick(at(1), length(1), "http://b/"),
            pick(at(2) + 3, length(2) - 3, "http://a/2"),
            pick(at(2), length(2) + 1, "http://a/2"),
            pick(at(2), 0, "http://a/2"),
            pick(usize::MAX, 7, "http://a/2"),
        ];
        picks[3].id = DocId::from_record_id("urn:uuid:other");
        let (said, _) = read(&records, &picks, 0);
        let reasons: Vec<&str> = said.iter().map(|said| said.split(' ').next().unwrap()).collect();
        assert_eq!(reasons[0], "not_a_response");
        assert_eq!(said[1], "read http://a/1");
        assert!(!reasons[2].is_empty() && reasons[2] != "read", "{said:?}");
        assert_eq!(reasons[3], "not_as_indexed");
        assert!(reasons[4] != "read", "{said:?}");
        assert_eq!(reasons[5..], ["range_outside_file"; 3]);
        // An index that writes the URL in another way but knows the id.
        picks[3].id = DocId::from_record_id("urn:uuid:r");
        assert_eq!(read(&records, &picks[3..4], 0).0, ["read http://a/1"]);
    }

    #[test]
    fn rows_and_digests_are_read_back() {
        let pick = Pick { offset: 1, length: 2, id: DocId(u128::MAX - 9), url_hash: 3, digest: u64::MAX };
        assert_eq!(Pick::of_bytes(&pick.to_bytes()), pick);
        assert_eq!(digest_key("sha1:abc2"), digest_key("ABC2"));
        assert_ne!(digest_key("md5:abc2"), digest_key("ABC2"));
    }
}
