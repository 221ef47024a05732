//! The bounds a reader puts on sizes that an untrusted file claims.

/// Limits of a [`WarcReader`](super::WarcReader) and of [`http::response`](super::http::response).
///
/// Reaching one never fails the file: what fits is kept and a note says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one record's block that are kept; the rest is skipped and the record marked truncated.
    pub max_record: usize,
    /// Bytes of one header block, record or HTTP, up to its blank line.
    pub max_header_bytes: usize,
    /// Fields of one header block; further ones are dropped with a note.
    pub max_headers: usize,
    /// Bytes of an HTTP body after each decoding step.
    pub max_body: usize,
    /// Stacked content encodings that are undone.
    pub max_encodings: usize,
    /// Bytes of compressed input held at once. A gzip member that fits is inflated in one call; a larger one is
    /// streamed. At least [`Limits::MIN_WINDOW`] is used.
    pub window: usize,
    /// Whether block and payload digests are recomputed.
    pub verify_digests: bool,
}

impl Limits {
    /// The least window: it must hold a whole zstd block and its neighbour for the search after damage.
    pub const MIN_WINDOW: usize = 512 << 10;

    pub(super) fn window(&self) -> usize {
        self.window.max(Limits::MIN_WINDOW)
    }

    /// Bytes of text that the largest acceptable record and its header take.
    pub(super) fn max_text(&self) -> usize {
        self.max_record.saturating_add(self.max_header_bytes).saturating_add(64 << 10)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_record: 64 << 20,
            max_header_bytes: 256 << 10,
            max_headers: 1_000,
            max_body: 64 << 20,
            max_encodings: 4,
            window: 16 << 20,
            verify_digests: true,
        }
    }
}
