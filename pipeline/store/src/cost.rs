//! What phases cost, as ratios to the documents and the text that reach them: for estimates, which decide nothing.
//!
//! Every figure is from a page below `docs/benchmarks` and names it. A part of a run that has ended says more than all
//! of them; see `tokenmill plan --like`.

/// Something that grows with documents and with bytes of text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Amount {
    /// For each document.
    pub document: f64,
    /// For each byte of text.
    pub byte: f64,
}

impl Amount {
    /// Nothing.
    pub const NONE: Amount = Amount { document: 0.0, byte: 0.0 };

    /// So much for each document.
    pub const fn per_document(document: f64) -> Amount {
        Amount { document, byte: 0.0 }
    }

    /// So much for each byte of text.
    pub const fn per_byte(byte: f64) -> Amount {
        Amount { document: 0.0, byte }
    }

    /// The sum of two.
    #[must_use]
    pub fn and(self, other: Amount) -> Amount {
        Amount { document: self.document + other.document, byte: self.byte + other.byte }
    }

    /// What it comes to.
    pub fn of(self, documents: f64, text_bytes: f64) -> f64 {
        self.document * documents + self.byte * text_bytes
    }
}

/// What an input file holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Bytes of content in a byte of a packed file: gzip, Zstandard, bzip2, Parquet. A file that is not packed has one.
    pub packed: f64,
    /// Bytes of content that bring one document.
    pub document_bytes: f64,
    /// Bytes of text in a byte of content.
    pub text_share: f64,
    /// CPU seconds for each byte of content, before there is text.
    pub seconds: f64,
}

/// How many tasks a phase has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tasks {
    /// One for every input file, or for what became of it.
    PerPart,
    /// One for so many bytes that it reads, at most so many; and no more than there are parts.
    PerBytes {
        /// Bytes.
        bytes: f64,
        /// The most there are.
        at_most: u64,
    },
    /// One for so many bytes of text.
    PerText {
        /// Bytes.
        bytes: f64,
    },
    /// As many as the phase that makes this input.
    As(&'static str),
    /// One.
    One,
}

/// How a phase reads, which is what requests follow from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Requested {
    /// What every part holds, with so many requests for each, and one more for every 8 MiB.
    Parts(f64),
    /// Every task so many ranges of what every task of its input has written.
    Ranges(f64),
}

/// The cost of a phase.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// How input files are read, for phases that read them; else it reads what phases before it have left.
    pub reading: Option<Reading>,
    /// Bytes that are read, beside input files.
    pub read: Amount,
    /// Bytes that are written.
    pub written: Amount,
    /// CPU seconds.
    pub core_seconds: Amount,
    /// Seconds of a GPU.
    pub gpu_seconds: Amount,
    /// How many tasks it has.
    pub tasks: Tasks,
    /// How they read.
    pub requested: Requested,
    /// Objects that a task writes.
    pub objects: f64,
    /// Bytes of memory that a task takes, beside what every process does.
    pub memory: f64,
    /// Bytes of memory for each byte that a task reads, at most [`Cost::memory_at_most`].
    pub memory_share: f64,
    /// See [`Cost::memory_share`].
    pub memory_at_most: f64,
    /// Whether it sorts in what `run.memory` allows it, and spills what is more.
    pub sorts: bool,
}

/// Bytes of memory of a process before it does anything: `tokenmill run` on `tests/recipes/mini.toml` peaks at 67 MB, with
/// the model of the extraction.
pub const BASE_MEMORY: f64 = 80e6;

/// Bytes of a table of documents for each byte of text: 0.40 and 0.42 in runs over 413 real pages and over 64 MB of made-up
/// text; `docs/benchmarks/dedup.md` has the corpora.
pub const DOCS_BYTES: f64 = 0.42;

/// Requests that reading a table of documents takes, beside one for every 8 MiB: its end, and its columns.
pub const DOCS_REQUESTS: f64 = 15.0;

/// Bytes of the ledger, the metrics and the rest that a map phase writes for each document, in the same runs.
pub const LEDGER_BYTES: f64 = 130.0;

/// Bytes of text of a document: `docs/benchmarks/dedup.md`, "At scale".
pub const TEXT_OF_A_DOCUMENT: f64 = 4_006.0;

impl Default for Cost {
    /// Reads documents and does next to nothing: a phase of which nothing is known.
    fn default() -> Cost {
        Cost {
            reading: None,
            read: Amount::per_byte(DOCS_BYTES),
            written: Amount::NONE,
            core_seconds: Amount::per_byte(1.8e-9),
            gpu_seconds: Amount::NONE,
            tasks: Tasks::PerPart,
            requested: Requested::Parts(DOCS_REQUESTS),
            objects: 1.0,
            memory: 0.0,
            memory_share: 0.0,
            memory_at_most: 0.0,
            sorts: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Amount;

    #[test]
    fn amounts_add_up() {
        let sum = Amount::per_document(2.0).and(Amount::per_byte(0.5));
        assert_eq!((sum.of(10.0, 100.0), Amount::NONE.of(10.0, 100.0)), (70.0, 0.0));
    }
}
