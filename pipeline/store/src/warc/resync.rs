//! Finding the next good member or frame after a damaged one.
//!
//! A magic number alone proves nothing: compressed data holds every four bytes sooner or later. A place counts only if
//! what decompresses from it begins like a record.

use std::io::{self, Read};

use memchr::memmem;

use super::start::{self, At};
use super::window::Window;

/// Input looked at in one go.
const STEP: usize = 256 << 10;
/// Probed bytes that are always allowed, and per byte of file passed. Together they keep a file full of false magic
/// numbers linear.
const FREE_EFFORT: u64 = 64 << 20;
const EFFORT_PER_BYTE: u64 = 16;

/// Whether the decompressed bytes after a magic number look right.
pub(super) trait Probe {
    /// Bytes of input a probe may need.
    const LOOKAHEAD: usize;

    /// First bytes of every member or frame.
    fn magic(&self) -> &'static [u8];

    /// Up to some kilobytes of text from the member at the start of `bytes`, or None if it is none. `effort` grows by
    /// the bytes worked on.
    fn text(&mut self, bytes: &[u8], effort: &mut u64) -> Option<&[u8]>;
}

/// Where to search, and how much of it was done.
#[derive(Default)]
pub(super) struct Resync {
    /// Place in the file where the last failure came to light. The search after a failure goes back into what the
    /// failed member seemed to cover, because a cut member swallows the start of its neighbour, but never behind an
    /// earlier failure: each byte is covered twice at most.
    floor: u64,
    /// Place where the next search begins.
    from: u64,
    effort: u64,
    passed: u64,
}

/// What a member must begin with to count as found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    Record,
    /// Anything: files compressed in blocks have members that begin within a record.
    Text,
}

impl Resync {
    /// Notes that the member at `start` turned out to be damaged at `failed`.
    pub fn failed(&mut self, start: u64, failed: u64) {
        self.from = self.floor.max(start + 1);
        self.floor = self.floor.max(failed);
    }

    /// Moves the window to the next good member, or to the end of the input. Only if none that begins with a record is
    /// in all that the window can hold, any member will do.
    pub fn run<R: Read, P: Probe>(&mut self, window: &mut Window<R>, probe: &mut P) -> io::Result<()> {
        window.skip(self.from.saturating_sub(window.offset()))?;
        let mut done = 0;
        loop {
            window.fill(done + STEP + P::LOOKAHEAD)?;
            let bytes = window.bytes();
            // Close to the end of what is held a probe may see too little.
            let sure = if window.ended() { bytes.len() } else { bytes.len().saturating_sub(P::LOOKAHEAD) };
            let mut found = self.find(&bytes[done..], sure - done, Begins::Record, probe).map(|at| done + at);
            let last = window.ended() || window.is_full();
            if found.is_none() && last {
                found = self.find(bytes, sure, Begins::Text, probe);
            }
            match found {
                Some(at) => window.consume(at),
                None if last => {
                    self.passed += sure as u64;
                    window.consume(sure);
                    done = 0;
                }
                None => done = sure,
            }
            if found.is_some() || (window.ended() && window.len() == 0) {
                return Ok(());
            }
        }
    }

    /// Index before `until` of the first good member in the bytes.
    pub fn find<P: Probe>(&mut self, bytes: &[u8], until: usize, begins: Begins, probe: &mut P) -> Option<usize> {
        let magic = probe.magic();
        let mut at = 0;
        while at < until {
            at += memmem::find(&bytes[at..], magic)?;
            if at >= until {
                return None;
            }
            if self.effort < FREE_EFFORT + (self.passed + at as u64) * EFFORT_PER_BYTE {
                let near = &bytes[at..bytes.len().min(at + P::LOOKAHEAD)];
                let text = probe.text(near, &mut self.effort);
                if text.is_some_and(|text| if begins == Begins::Text { !text.is_empty() } else { begins_record(text) })
                {
                    return Some(at);
                }
            }
            at += 1;
        }
        None
    }
}

/// Whether a text begins with a record, line ends before it aside.
fn begins_record(text: &[u8]) -> bool {
    let blank = text.iter().take_while(|&&b| b == b'\r' || b == b'\n').count();
    matches!(start::at(&text[blank..], None), At::Record(_))
}
