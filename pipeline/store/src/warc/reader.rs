//! The reader: cuts the text of a file into records and accounts for every byte that is none.

use std::io::{self, Read};

use super::arc;
use super::digest::{self, DigestCheck};
use super::fields::{self, Block, End, Field, Headers};
use super::framing::{self, Frame};
use super::limits::Limits;
use super::notes::{Note, Notes};
use super::record::{Head, RecordKind, Truncation, WarcRecord};
use super::start::{self, At, Find, Flavour};
use super::stream::{Damage, Pulled, Stream};
use super::verify;

/// The input could not be read. What is wrong with its content is never an error but a [`Damage`] or a note.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the crawl file near byte {offset}: {source}")]
pub struct ReadError {
    /// Place in the file of the record at hand.
    pub offset: u64,
    /// The cause.
    pub source: io::Error,
}

/// What a file consists of.
#[derive(Debug)]
pub enum Item<'a> {
    /// A record, maybe with notes.
    Record(WarcRecord<'a>),
    /// A stretch that gave no record.
    Damaged(Damage),
}

/// Reads WARC, WET, WAT and ARC files: plain, gzip (one or many members) or zstd. The format is told from the bytes.
///
/// Damage costs the record it is in: reading goes on with the next one.
///
/// ```
/// use tokenmill_store::warc::{Item, Limits, WarcReader};
///
/// let file = b"WARC/1.0\r\nWARC-Type: resource\r\nContent-Length: 5\r\n\r\nhello\r\n\r\n";
/// let mut reader = WarcReader::new(&file[..], Limits::default());
/// let Some(Item::Record(record)) = reader.next()? else { return Ok(()) };
/// assert_eq!(record.block, b"hello");
/// # Ok::<(), tokenmill_store::warc::ReadError>(())
/// ```
pub struct WarcReader<R> {
    stream: Stream<R>,
    limits: Limits,
    flavour: Option<Flavour>,
    /// Fields of the record at hand; kept to be used again.
    fields: Vec<Field>,
    /// Bytes of text that the last item took.
    taken: usize,
    /// Bytes of an oversized block that follow them.
    skip: u64,
    /// The record that the present stop damaged could be proved whole.
    salvaged: bool,
    /// The record that the present stop damaged.
    lost: Option<String>,
}

/// A record found at the front of the text.
struct Found {
    flavour: Flavour,
    /// Bytes of the version line or URL line.
    first_line: usize,
    head: usize,
    declared: Option<u64>,
    frame: Frame,
    notes: Notes,
}

/// Outcome of one step.
enum Step {
    Again,
    End,
    Damaged(Damage),
    Record(Found),
}

impl<R: Read> WarcReader<R> {
    /// A reader over a whole file.
    pub fn new(input: R, limits: Limits) -> Self {
        WarcReader {
            stream: Stream::new(input, &limits),
            limits,
            flavour: None,
            fields: Vec::new(),
            taken: 0,
            skip: 0,
            salvaged: false,
            lost: None,
        }
    }

    /// The next record or damage, None at the end of the file. Not an [`Iterator`], because a record borrows the
    /// reader's buffer.
    ///
    /// # Errors
    /// Only when the input fails; the call may be repeated.
    #[expect(clippy::should_implement_trait, reason = "a lending iterator cannot implement Iterator")]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, ReadError> {
        loop {
            let step = self.step().map_err(|source| ReadError { offset: self.stream.offset(), source })?;
            match step {
                Step::Again => {}
                Step::End => return Ok(None),
                Step::Damaged(damage) => return Ok(Some(Item::Damaged(damage))),
                Step::Record(found) => return Ok(Some(Item::Record(self.record(found)))),
            }
        }
    }

    fn step(&mut self) -> io::Result<Step> {
        self.stream.advance(std::mem::take(&mut self.taken));
        if self.skip > 0 {
            self.skip_block()?;
        }
        if !self.skip_line_ends()? {
            return self.pass_stop();
        }
        loop {
            match start::at(self.stream.bytes(), self.flavour) {
                At::Record(Flavour::Warc) => return self.warc_record(),
                At::Record(Flavour::Arc) => return self.arc_record(),
                At::Nothing => break,
                At::Short if !self.stream.pull()? => break,
                At::Short => {}
            }
        }
        self.unreadable("not_a_record", "no record starts here")
    }

    /// Skips line ends before a record. False at a stop.
    fn skip_line_ends(&mut self) -> io::Result<bool> {
        loop {
            let bytes = self.stream.bytes();
            let n = bytes.iter().take_while(|&&b| b == b'\r' || b == b'\n').count();
            let more = n < bytes.len();
            self.stream.advance(n);
            if more {
                return Ok(true);
            }
            if !self.stream.pull()? {
                return Ok(false);
            }
        }
    }

    /// Skips the rest of an oversized block. A record start without doubt ends it early: a length that large may lie.
    fn skip_block(&mut self) -> io::Result<()> {
        let flavour = self.flavour.unwrap_or(Flavour::Warc);
        while self.skip > 0 {
            let until = usize::try_from(self.skip).unwrap_or(usize::MAX).min(self.stream.len());
            let (n, ends) = match start::find(self.stream.bytes(), 0, self.flavour) {
                Find::At(at) if at < until => (at, true),
                Find::At(_) => (until, false),
                Find::None { resume } => (resume.min(until), false),
            };
            self.stream.advance(n);
            self.skip -= n as u64;
            if ends {
                self.skip = 0;
            }
            if self.skip == 0 {
                break;
            }
            match self.stream.pull_within(flavour)? {
                Pulled::More => {}
                Pulled::Wall(at) => {
                    self.stream.advance(at);
                    self.skip = 0;
                }
                Pulled::Stop => {
                    let rest = usize::try_from(self.skip).unwrap_or(usize::MAX).min(self.stream.len());
                    self.stream.advance(rest);
                    self.skip = 0;
                }
            }
        }
        Ok(())
    }

    fn pass_stop(&mut self) -> io::Result<Step> {
        let Some(mut damage) = self.stream.pass_stop()? else { return Ok(Step::End) };
        if let Some(lost) = self.lost.take() {
            damage.detail = format!("{}; {lost}", damage.detail);
        }
        Ok(if std::mem::take(&mut self.salvaged) { Step::Again } else { Step::Damaged(damage) })
    }

    /// Goes on to the next record start and reports what lies before it.
    fn unreadable(&mut self, reason: &'static str, why: &str) -> io::Result<Step> {
        let mut damage = Damage::new(self.stream.offset(), reason, String::new());
        let seen = &self.stream.bytes()[..self.stream.len().min(32)];
        damage.detail = format!("{why}: `{}`", seen.escape_ascii());
        let mut from = 1.min(self.stream.len());
        loop {
            let (n, found) = match start::find(self.stream.bytes(), from, self.flavour) {
                Find::At(at) => (at, true),
                Find::None { resume } => (resume.max(from), false),
            };
            self.stream.advance(n);
            damage.bytes_skipped += n as u64;
            if found {
                return Ok(Step::Damaged(damage));
            }
            from = 0;
            match self.stream.pull_within(self.flavour.unwrap_or(Flavour::Warc))? {
                Pulled::More => {}
                Pulled::Wall(at) => {
                    self.stream.advance(at);
                    damage.bytes_skipped += at as u64;
                    return Ok(Step::Damaged(damage));
                }
                // One damage is reported once.
                Pulled::Stop if self.stream.is_broken() => return Ok(self.lose("text before it")),
                Pulled::Stop => {
                    damage.bytes_skipped += self.stream.len() as u64;
                    self.stream.advance(self.stream.len());
                    return Ok(Step::Damaged(damage));
                }
            }
        }
    }

    fn warc_record(&mut self) -> io::Result<Step> {
        let mut notes = Notes::default();
        let mut wall = None;
        let (first_line, head) = loop {
            let bytes = &self.stream.bytes()[..wall.unwrap_or(self.stream.len())];
            let first_line = memchr::memchr(b'\n', &bytes[..bytes.len().min(self.limits.max_header_bytes)]);
            let end = match first_line {
                Some(line) => {
                    let parsed = fields::parse(&bytes[line + 1..], &self.limits, Block::Record, &mut self.fields);
                    notes = Notes::default();
                    notes.add_if(parsed.malformed, Note::HeaderMalformed);
                    notes.add_if(parsed.dropped, Note::HeadersDropped);
                    parsed.end
                }
                None if bytes.len() >= self.limits.max_header_bytes => End::TooLong,
                None => End::Incomplete,
            };
            match (end, first_line) {
                (End::Complete(length), Some(line)) => break (line + 1, line + 1 + length),
                (End::Incomplete, _) if wall.is_none() => {}
                (End::Incomplete, _) if self.stream.is_broken() => return Ok(self.lose("a record header")),
                (End::Incomplete | End::Interrupted, _) => {
                    return self.unreadable("record_header_cut", "the header has no end");
                }
                _ => return self.unreadable("record_header_too_long", "the header has no end"),
            }
            // Twice as much each time, so that a header in many pieces is not read often.
            let goal = bytes.len() * 2;
            while self.stream.len() < goal && wall.is_none() {
                wall = match self.stream.pull_within(Flavour::Warc)? {
                    Pulled::More => None,
                    Pulled::Wall(at) => Some(at),
                    Pulled::Stop => Some(self.stream.len()),
                };
            }
        };
        let headers = Headers::new(&self.stream.bytes()[first_line..head], &self.fields[..]);
        let declared = headers.get("Content-Length").and_then(|raw| std::str::from_utf8(&raw).ok()?.parse().ok());
        self.framed(Flavour::Warc, first_line, head, declared, notes)
    }

    fn arc_record(&mut self) -> io::Result<Step> {
        let bytes = self.stream.bytes();
        let line = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
        let declared = arc::parse(&bytes[..line]).and_then(|line| line.length);
        let head = (line + 1).min(bytes.len());
        self.framed(Flavour::Arc, head, head, declared, Notes::default())
    }

    fn framed(
        &mut self,
        flavour: Flavour,
        first_line: usize,
        head: usize,
        declared: Option<u64>,
        mut notes: Notes,
    ) -> io::Result<Step> {
        self.flavour.get_or_insert(flavour);
        let Some(frame) = framing::frame(&mut self.stream, flavour, head, declared, &self.limits)? else {
            return Ok(self.lose("the record in it"));
        };
        if frame.suspect {
            let block = &self.stream.bytes()[head..frame.block_end];
            let headers = Headers::new(&self.stream.bytes()[first_line..head], &self.fields[..]);
            let digest = headers.get("WARC-Block-Digest").filter(|_| flavour == Flavour::Warc);
            if digest.is_none_or(|digest| digest::check(&digest, block) != DigestCheck::Match) {
                return Ok(self.lose("the record in it"));
            }
            notes.add(Note::MemberDamaged);
            self.salvaged = true;
        }
        notes.add_if(frame.mismatch, Note::LengthMismatch);
        self.taken = frame.taken;
        self.skip = frame.skip;
        Ok(Step::Record(Found { flavour, first_line, head, declared, frame, notes }))
    }

    /// Gives up the record at the front, which the stop behind it damaged.
    fn lose(&mut self, what: &str) -> Step {
        let bytes = self.stream.bytes();
        let lines = || bytes[..bytes.len().min(self.limits.max_header_bytes)].split(|&b| b == b'\n');
        let field = |name: &[u8]| {
            lines().find(|line| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))
        };
        let named = field(b"WARC-Target-URI:").or_else(|| field(b"WARC-Record-ID:")).or_else(|| lines().next());
        let seen = named.unwrap_or_default().trim_ascii();
        self.lost = Some(format!("{what} is lost: `{}`", seen[..seen.len().min(200)].escape_ascii()));
        self.taken = self.stream.len();
        Step::Again
    }

    fn record(&self, found: Found) -> WarcRecord<'_> {
        let bytes = self.stream.bytes();
        let block = &bytes[found.head..found.frame.block_end];
        let (head, kind, stated) = match found.flavour {
            Flavour::Warc => {
                let headers = Headers::new(&bytes[found.first_line..found.head], &self.fields[..]);
                let kind = headers.get("WARC-Type").map_or(RecordKind::Unknown, |name| RecordKind::of(&name));
                let stated = headers.get("WARC-Truncated").map(|why| Truncation::of(&why));
                (Head::Warc(headers), kind, stated)
            }
            Flavour::Arc => match arc::parse(bytes[..found.head].trim_ascii_end()) {
                Some(line) if line.is_file_header() => (Head::Arc(line), RecordKind::ArcHeader, None),
                Some(line) => (Head::Arc(line), RecordKind::Response, None),
                None => (Head::Warc(Headers::none()), RecordKind::Unknown, None),
            },
        };
        let mut record = WarcRecord {
            offset: self.stream.offset(),
            kind,
            block,
            declared_length: found.declared,
            truncated: found.frame.truncated.or(stated),
            notes: found.notes,
            head,
        };
        if self.limits.verify_digests && found.frame.truncated.is_none() {
            let notes = verify::digests(&record, &self.limits);
            record.notes.merge(notes);
        }
        record
    }
}
