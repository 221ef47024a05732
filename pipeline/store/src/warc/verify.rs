//! Whether a record is what its digests say.

use super::chunked;
use super::digest::{self, DigestCheck};
use super::http;
use super::limits::Limits;
use super::notes::{Note, Notes};
use super::record::{RecordKind, WarcRecord};

/// Recomputes the digests that a record carries. The payload digest of a revisit is of content stored elsewhere, and
/// that of a truncated capture may be of the whole; neither is checked.
pub(super) fn digests(record: &WarcRecord<'_>, limits: &Limits) -> Notes {
    let mut notes = Notes::default();
    let block = record.header("WARC-Block-Digest").map(|digest| digest::check(&digest, record.block));
    note(&mut notes, block, Note::BlockDigestMismatch);
    if record.kind != RecordKind::Revisit && record.truncated.is_none() {
        let payload = record.header("WARC-Payload-Digest").map(|digest| payload(record, &digest, limits));
        note(&mut notes, payload, Note::PayloadDigestMismatch);
    }
    notes
}

/// Writers disagree on whether the payload is with or without its transfer encoding: either will do.
fn payload(record: &WarcRecord<'_>, digest: &[u8], limits: &Limits) -> DigestCheck {
    let stored = record.payload();
    let check = digest::check(digest, stored);
    if check != DigestCheck::Mismatch || !record.is_http() || !http::is_chunked(record.block, limits) {
        return check;
    }
    digest::check(digest, &chunked::join(stored, limits.max_record).0)
}

fn note(notes: &mut Notes, check: Option<DigestCheck>, mismatch: Note) {
    match check {
        Some(DigestCheck::Mismatch) => notes.add(mismatch),
        Some(DigestCheck::Unknown) => notes.add(Note::DigestUnknown),
        Some(DigestCheck::Match) | None => {}
    }
}
