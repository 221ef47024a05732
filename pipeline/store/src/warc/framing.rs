//! Where does a record's block end? The declared length is believed only if what follows it looks right.
//!
//! Order of trust: a record start or a separator right behind the declared end; then the next record start that can be
//! found; then the end of the compressed member; then the declared length.

use std::io::{self, Read};

use super::arc;
use super::limits::Limits;
use super::record::Truncation;
use super::start::{self, At, Find, Flavour};
use super::stream::{Pulled, Stream};

/// Line ends behind a block that are looked through for the next record.
const MAX_SEPARATOR: usize = 64;
/// Stray bytes in place of a separator that do not make the declared length wrong.
const STRAY: usize = 8;

/// A record's extent in the waiting text, which begins with the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    /// End of the block; it begins behind the header.
    pub block_end: usize,
    /// Bytes of text that belong to this record, at least up to `block_end`.
    pub taken: usize,
    /// Bytes of the block behind `taken` that are to be skipped.
    pub skip: u64,
    /// The declared length is missing or is not where the record ends.
    pub mismatch: bool,
    pub truncated: Option<Truncation>,
    /// The record touches damage: only its digest can prove that it is whole.
    pub suspect: bool,
}

impl Frame {
    fn exact(block_end: usize) -> Self {
        Frame { block_end, taken: block_end, skip: 0, mismatch: false, truncated: None, suspect: false }
    }
}

/// Finds the extent of the record at the front of the stream. `head` is the length of its header. None means that
/// damage took the end of the block.
pub(super) fn frame<R: Read>(
    stream: &mut Stream<R>,
    flavour: Flavour,
    head: usize,
    declared: Option<u64>,
    limits: &Limits,
) -> io::Result<Option<Frame>> {
    let most = head.saturating_add(limits.max_record);
    let want = declared.map(|length| length.saturating_add(head as u64));
    let mut wall = None;
    if let Some(end) = want.and_then(|want| usize::try_from(want).ok()).filter(|&end| end <= most) {
        while stream.len() < end && wall.is_none() {
            match stream.pull_within(flavour)? {
                Pulled::More => {}
                Pulled::Wall(at) => wall = Some(at),
                Pulled::Stop => break,
            }
        }
        if wall.is_none() && stream.len() >= end {
            match follows(stream, flavour, end)? {
                Follows::Record => return Ok(Some(Frame::exact(end))),
                Follows::Damage => return Ok(Some(Frame { suspect: true, ..Frame::exact(end) })),
                Follows::Block => {}
            }
        }
    }
    let search = Search { flavour, head, want, most };
    search.run(stream, wall)
}

/// What stands behind a declared end.
enum Follows {
    /// A record, a separator, the end of the member or of the file: the length is right.
    Record,
    /// The same, but the member turns out to be damaged.
    Damage,
    /// Something else: the length is wrong.
    Block,
}

fn follows<R: Read>(stream: &mut Stream<R>, flavour: Flavour, end: usize) -> io::Result<Follows> {
    let mut at = end;
    loop {
        let bytes = stream.bytes();
        at += bytes[at..].iter().take_while(|&&b| b == b'\r' || b == b'\n').count();
        if at < bytes.len() {
            let n_lines = bytes[end..at].iter().filter(|&&b| b == b'\n').count();
            if (flavour == Flavour::Warc && n_lines >= 2) || at - end >= MAX_SEPARATOR {
                return Ok(Follows::Record);
            }
            if flavour == Flavour::Arc {
                // At a line start a URL is enough, even if its line turns out to be damaged. Within a line only a
                // whole URL line counts, because it may be the rest of one.
                let line_start = at > end || bytes[..at].ends_with(b"\n");
                match (line_start, arc::begins_url(&bytes[at..])) {
                    (true, true) => return Ok(Follows::Record),
                    (false, false) => return Ok(Follows::Block),
                    _ => {}
                }
            }
            match start::at(&bytes[at..], Some(flavour)) {
                At::Record(_) => return Ok(Follows::Record),
                At::Nothing => return Ok(Follows::Block),
                At::Short => {
                    if !stream.pull()? {
                        return Ok(Follows::Block);
                    }
                }
            }
        } else if stream.at_member_end() || at - end >= MAX_SEPARATOR {
            return Ok(Follows::Record);
        } else if !stream.pull()? {
            return Ok(if stream.is_broken() { Follows::Damage } else { Follows::Record });
        }
    }
}

/// The search for the end of a block whose declared length cannot be right.
struct Search {
    flavour: Flavour,
    head: usize,
    /// Declared end.
    want: Option<u64>,
    /// End of the largest block that is kept.
    most: usize,
}

impl Search {
    fn run<R: Read>(&self, stream: &mut Stream<R>, mut wall: Option<usize>) -> io::Result<Option<Frame>> {
        let mut from = self.head;
        loop {
            let until = wall.unwrap_or(stream.len());
            match start::find(&stream.bytes()[..until], from, Some(self.flavour)) {
                Find::At(at) => return Ok(Some(self.ended_by_record(stream.bytes(), at))),
                Find::None { resume } => from = resume.max(self.head),
            }
            if let Some(at) = wall {
                return Ok(Some(self.ended_by_record(stream.bytes(), at)));
            }
            if stream.len() >= self.most {
                return Ok(Some(self.beyond_limit()));
            }
            match stream.pull_within(self.flavour)? {
                Pulled::More => {}
                Pulled::Wall(at) => wall = Some(at),
                Pulled::Stop => return Ok(self.ended_by_stop(stream)),
            }
        }
    }

    /// The next record starts at `at`.
    fn ended_by_record(&self, bytes: &[u8], at: usize) -> Frame {
        let natural = at - self.separator(&bytes[..at]);
        // Within the separator, or followed by a few bytes that are no separator: the length is right.
        let believed = self
            .declared_end()
            .filter(|&want| (natural..=at).contains(&want) || (natural == at && want < at && at - want <= STRAY));
        let end = believed.unwrap_or(natural);
        let truncated = (end > self.most).then_some(Truncation::RecordLimit);
        Frame { taken: at, mismatch: believed.is_none(), truncated, ..Frame::exact(end.min(self.most)) }
    }

    /// No end within the largest block.
    fn beyond_limit(&self) -> Frame {
        match self.declared_end().filter(|&want| want <= self.most) {
            Some(want) => Frame { mismatch: true, ..Frame::exact(want) },
            None => Frame {
                skip: self.want.map_or(u64::MAX, |want| want - self.most as u64),
                mismatch: self.want.is_none(),
                truncated: Some(Truncation::RecordLimit),
                ..Frame::exact(self.most)
            },
        }
    }

    /// The text stops before another record.
    fn ended_by_stop<R: Read>(&self, stream: &Stream<R>) -> Option<Frame> {
        let len = stream.len();
        let want = self.declared_end().filter(|&want| want <= len);
        if stream.is_broken() {
            // All of the block is there, and something else before the damage.
            return want.map(|want| Frame { taken: len, mismatch: true, suspect: true, ..Frame::exact(want) });
        }
        if stream.at_member_end() || self.want.is_none() {
            let block_end = len - self.separator(stream.bytes());
            let cut = self.want.is_some_and(|want| want > len as u64);
            let truncated = cut.then_some(Truncation::EndOfInput);
            return Some(Frame { taken: len, mismatch: true, truncated, ..Frame::exact(block_end) });
        }
        Some(match want {
            Some(want) => Frame { mismatch: true, ..Frame::exact(want) },
            None => Frame { mismatch: true, truncated: Some(Truncation::EndOfInput), ..Frame::exact(len) },
        })
    }

    fn declared_end(&self) -> Option<usize> {
        self.want.and_then(|want| usize::try_from(want).ok())
    }

    /// Bytes of separator at the end of a text that holds header and block.
    fn separator(&self, text: &[u8]) -> usize {
        let block = &text[self.head.min(text.len())..];
        let ends: &[&[u8]] = match self.flavour {
            Flavour::Warc => &[b"\r\n\r\n", b"\n\n"],
            Flavour::Arc => &[b"\n"],
        };
        ends.iter().find(|end| block.ends_with(end)).map_or(0, |end| end.len())
    }
}
