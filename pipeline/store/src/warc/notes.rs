//! What was odd about a record or its HTTP body although it could be read.

/// One oddity. Its name is stable and fit for a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// The declared length is missing or is not where the record ends.
    LengthMismatch,
    /// The block does not hash to `WARC-Block-Digest`.
    BlockDigestMismatch,
    /// The payload does not hash to `WARC-Payload-Digest`, neither as stored nor with chunks joined.
    PayloadDigestMismatch,
    /// A digest is written in a way or with an algorithm that is not understood.
    DigestUnknown,
    /// The compressed member is damaged; the block digest proves that this record is not.
    MemberDamaged,
    /// A header line has no colon.
    HeaderMalformed,
    /// Header fields past the limit were dropped.
    HeadersDropped,
    /// The block does not begin with an HTTP head; the whole block is the body.
    HttpHeadMissing,
    /// The HTTP head has no blank line at its end.
    HttpHeadUnterminated,
    /// The body is said to be chunked and is not.
    NotChunked,
    /// Chunk sizes do not fit the chunks; they were found by looking for the next size line.
    ChunkSizesWrong,
    /// The last chunk is missing or short.
    ChunksTruncated,
    /// The body is not in the content encoding that the header names and was left as it is.
    NotEncoded,
    /// The encoded body is cut or damaged; what could be decoded is there.
    EncodingDamaged,
    /// A content encoding that is not understood was left undecoded.
    EncodingUnknown,
    /// The body was compressed although no header says so.
    EncodingUndeclared,
    /// The decoded body is larger than the limit and was cut.
    BodyCapped,
}

impl Note {
    /// Every note, in the order of [`Notes::iter`].
    pub const ALL: [Note; 17] = [
        Note::LengthMismatch,
        Note::BlockDigestMismatch,
        Note::PayloadDigestMismatch,
        Note::DigestUnknown,
        Note::MemberDamaged,
        Note::HeaderMalformed,
        Note::HeadersDropped,
        Note::HttpHeadMissing,
        Note::HttpHeadUnterminated,
        Note::NotChunked,
        Note::ChunkSizesWrong,
        Note::ChunksTruncated,
        Note::NotEncoded,
        Note::EncodingDamaged,
        Note::EncodingUnknown,
        Note::EncodingUndeclared,
        Note::BodyCapped,
    ];

    /// Stable name in snake case.
    pub fn name(self) -> &'static str {
        match self {
            Note::LengthMismatch => "length_mismatch",
            Note::BlockDigestMismatch => "block_digest_mismatch",
            Note::PayloadDigestMismatch => "payload_digest_mismatch",
            Note::DigestUnknown => "digest_unknown",
            Note::MemberDamaged => "member_damaged",
            Note::HeaderMalformed => "header_malformed",
            Note::HeadersDropped => "headers_dropped",
            Note::HttpHeadMissing => "http_head_missing",
            Note::HttpHeadUnterminated => "http_head_unterminated",
            Note::NotChunked => "not_chunked",
            Note::ChunkSizesWrong => "chunk_sizes_wrong",
            Note::ChunksTruncated => "chunks_truncated",
            Note::NotEncoded => "not_encoded",
            Note::EncodingDamaged => "encoding_damaged",
            Note::EncodingUnknown => "encoding_unknown",
            Note::EncodingUndeclared => "encoding_undeclared",
            Note::BodyCapped => "body_capped",
        }
    }

    fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// A set of [`Note`]s.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Notes(u32);

impl Notes {
    /// Adds a note.
    pub fn add(&mut self, note: Note) {
        self.0 |= note.bit();
    }

    /// Adds a note if the condition holds.
    pub(super) fn add_if(&mut self, condition: bool, note: Note) {
        if condition {
            self.add(note);
        }
    }

    /// Adds all notes of another set.
    pub fn merge(&mut self, other: Notes) {
        self.0 |= other.0;
    }

    /// Whether the note was made.
    pub fn contains(self, note: Note) -> bool {
        self.0 & note.bit() != 0
    }

    /// Whether nothing was odd.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The notes made, in a fixed order.
    pub fn iter(self) -> impl Iterator<Item = Note> {
        Note::ALL.into_iter().filter(move |&note| self.contains(note))
    }
}

impl std::fmt::Debug for Notes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter().map(Note::name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_added_and_nothing_else() {
        for one in Note::ALL {
            let mut notes = Notes::default();
            assert!(notes.is_empty());
            notes.add(one);
            assert_eq!(notes.iter().collect::<Vec<_>>(), [one]);
        }
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<_> = Note::ALL.iter().map(|note| note.name()).collect();
        assert_eq!(names.len(), Note::ALL.len());
    }
}
