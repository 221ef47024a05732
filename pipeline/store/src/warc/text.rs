//! Decompressed bytes that wait to be cut into records, and the places in the file they came from.

use std::collections::VecDeque;

/// Members remembered at once. Only a record spread over more members than this loses precision of later offsets.
const MAX_ORIGINS: usize = 4_096;

/// Where a stretch of text came from.
#[derive(Clone, Copy)]
struct Origin {
    /// Position in the text, counted from the beginning of the file's text.
    at: u64,
    /// Place in the file.
    offset: u64,
    /// Whether text and file advance together (no compression).
    linear: bool,
}

/// The text buffer. It restarts at its front whenever everything was taken, so a file with one record a member is
/// never copied: each member is inflated to the same place.
#[derive(Default)]
pub(super) struct Text {
    buf: Vec<u8>,
    start: usize,
    end: usize,
    taken: u64,
    origins: VecDeque<Origin>,
}

impl Text {
    /// What waits, first byte first.
    pub fn bytes(&self) -> &[u8] {
        &self.buf[self.start..self.end]
    }

    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Notes that the bytes appended next begin a member at this place of the file.
    pub fn begin(&mut self, offset: u64, linear: bool) {
        let at = self.taken + self.len() as u64;
        if self.origins.back().is_some_and(|last| last.at == at) {
            self.origins.pop_back();
        }
        if self.origins.len() >= MAX_ORIGINS {
            self.origins.remove(1);
        }
        self.origins.push_back(Origin { at, offset, linear });
    }

    /// Place in the file of the first waiting byte: of the byte itself without compression, else of its member.
    pub fn offset(&self) -> u64 {
        match self.origins.front() {
            Some(origin) if origin.linear => origin.offset + (self.taken - origin.at),
            Some(origin) => origin.offset,
            None => 0,
        }
    }

    /// At least `room` writable bytes behind the text; what is written there must be [`commit`](Text::commit)ted.
    pub fn spare(&mut self, room: usize) -> &mut [u8] {
        let held = self.len();
        // Moving pays only when more was taken than is left, so the cost is constant per byte.
        if self.start >= held && self.start > 0 && (held == 0 || self.buf.len() - self.end < room) {
            self.buf.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, held);
        }
        if self.buf.len() - self.end < room {
            let grown = (self.buf.len() * 2).max(self.end + room);
            self.buf.resize(grown, 0);
        }
        &mut self.buf[self.end..]
    }

    /// Adds the first `n` bytes of the spare room to the text.
    pub fn commit(&mut self, n: usize) {
        self.end = (self.end + n).min(self.buf.len());
    }

    /// Takes the first `n` bytes away.
    pub fn advance(&mut self, n: usize) {
        let n = n.min(self.len());
        self.start += n;
        self.taken += n as u64;
        while self.origins.get(1).is_some_and(|next| next.at <= self.taken) {
            self.origins.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(text: &mut Text, bytes: &[u8]) {
        text.spare(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        text.commit(bytes.len());
    }

    #[test]
    fn offsets_follow_the_members() {
        let mut text = Text::default();
        text.begin(0, false);
        append(&mut text, b"abc");
        text.begin(100, false);
        append(&mut text, b"def");
        assert_eq!(text.offset(), 0);
        text.advance(2);
        assert_eq!((text.bytes(), text.offset()), (&b"cdef"[..], 0));
        text.advance(1);
        assert_eq!((text.bytes(), text.offset()), (&b"def"[..], 100));
        text.advance(3);
        text.begin(200, true);
        append(&mut text, b"ghi");
        text.advance(1);
        assert_eq!((text.bytes(), text.offset()), (&b"hi"[..], 201));
    }

    #[test]
    fn an_emptied_text_is_refilled_in_place() {
        let mut text = Text::default();
        for _ in 0..100 {
            append(&mut text, &[7; 1000]);
            text.advance(1000);
        }
        assert!(text.buf.len() <= 2000, "{}", text.buf.len());
    }

    #[test]
    fn the_list_of_members_is_bounded() {
        let mut text = Text::default();
        for member in 0..10_000 {
            text.begin(member, false);
            append(&mut text, b"x");
        }
        assert_eq!(text.origins.len(), MAX_ORIGINS);
        assert_eq!(text.offset(), 0);
        text.advance(9_999);
        assert_eq!(text.offset(), 9_999);
    }
}
