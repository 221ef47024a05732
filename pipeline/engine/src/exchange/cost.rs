//! What the phases of exchanges cost, for estimates. Sizes are of rows; seconds are from `docs/benchmarks`.
//!
//! Of equal keys: `exchange.md`, "From URLs to decisions", 6 million keys. Of similar documents and of lines: `dedup.md`,
//! "Cost", "At scale" and "Lines", 10^9 bytes of text.

use super::SHUFFLED;
use super::bounds::{MAX_REDUCERS, MAX_SHUFFLES, Sizes};
use crate::map::reading;
use crate::spec::SourceSpec;
use tokenmill_core::exchange::Kind;
use tokenmill_store::Cost;
use tokenmill_store::cost::{Amount, Requested, Tasks};

/// Bytes that a map phase writes for an exchange, and the CPU seconds that it takes for that.
pub fn sketch(kind: Kind) -> (Amount, Amount) {
    match kind {
        Kind::Similar => (Amount::per_document(188.0), Amount::per_byte(3.87e-9)),
        Kind::Lines => (Amount::per_byte(0.13), Amount::per_byte(3.41e-9)),
        _ => (Amount::per_document(44.0), Amount::per_document(1.07e-6)),
    }
}

fn shuffle(read: Amount, written: Amount, core_seconds: Amount, tables: f64) -> Cost {
    let tasks = Tasks::PerBytes { bytes: Sizes::default().shuffle as f64, at_most: MAX_SHUFFLES };
    let requested = Requested::Parts(tables);
    Cost { read, written, core_seconds, tasks, requested, sorts: true, ..Cost::default() }
}

/// Rows of 44 bytes become rows of 48.
pub fn shuffle_equal() -> Cost {
    shuffle(Amount::per_document(44.0), Amount::per_document(48.0), Amount::per_document(0.31e-6), 1.0)
}

/// 14 keys of a document.
pub fn shuffle_similar() -> Cost {
    shuffle(Amount::per_document(188.0), Amount::per_document(224.0), Amount::per_byte(0.69e-9), 2.0)
}

/// Rows of 28 bytes for every line, in a run over 64 MB of made-up text.
pub fn shuffle_lines() -> Cost {
    shuffle(Amount::per_byte(0.13), Amount::per_byte(0.22), Amount::per_byte(0.71e-9), 2.0)
}

/// A task for a range of keys.
fn settle(read: Amount, written: Amount, core_seconds: Amount) -> Cost {
    let tasks = Tasks::PerBytes { bytes: Sizes::default().reducer as f64, at_most: MAX_REDUCERS };
    Cost { read, written, core_seconds, tasks, requested: Requested::Ranges(1.0), sorts: true, ..Cost::default() }
}

/// With decisions about every second document: a group has one about each of its documents.
pub fn settle_equal() -> Cost {
    settle(Amount::per_document(48.0), Amount::per_document(24.0), Amount::per_document(0.49e-6))
}

/// Pairs of documents that share a key.
pub fn pair() -> Cost {
    settle(Amount::per_document(224.0), Amount::per_document(4.4), Amount::per_byte(0.63e-9))
}

/// The one task that joins pairs; it reads them twice, and holds a bit for each document and four bytes for the third that
/// has a pair.
pub fn cluster() -> Cost {
    let (read, written) = (Amount::per_document(8.8), Amount::per_document(5.4));
    let core_seconds = Amount::per_byte(0.02e-9);
    let (tasks, requested) = (Tasks::One, Requested::Ranges(2.0));
    let (memory_share, memory_at_most) = ((0.125 + 0.34 * 4.0) / 8.8, f64::INFINITY);
    Cost { read, written, core_seconds, tasks, requested, memory_share, memory_at_most, ..Cost::default() }
}

/// Documents that have a pair are read again, from their source where no phase has stored them.
pub fn detail(source: Option<&SourceSpec>) -> Cost {
    let (written, core_seconds) = (Amount::per_document(909.0), Amount::per_byte(3.57e-9));
    let reading = source.map(|_| reading(false));
    let (read, tasks) = match source {
        Some(_) => (Amount::NONE, Tasks::As(SHUFFLED)),
        None => (Cost::default().read, Tasks::As(SHUFFLED)),
    };
    Cost { reading, read, written, core_seconds, tasks, sorts: true, ..Cost::default() }
}

/// Candidates are compared.
pub fn verify() -> Cost {
    settle(Amount::per_document(909.0), Amount::per_document(22.5), Amount::per_byte(1.83e-9))
}

/// Lines are counted.
pub fn count() -> Cost {
    settle(Amount::per_byte(0.22), Amount::per_byte(0.001), Amount::per_byte(0.43e-9))
}

/// Decisions go back to their parts.
fn home_of(read: Amount, written: Amount, core_seconds: Amount) -> Cost {
    let (tasks, requested) = (Tasks::As(SHUFFLED), Requested::Ranges(1.0));
    Cost { read, written, core_seconds, tasks, requested, sorts: true, ..Cost::default() }
}

/// About documents.
pub fn home() -> Cost {
    home_of(Amount::per_document(24.0), Amount::per_document(22.0), Amount::per_document(0.32e-6))
}

/// About lines, which are found again in what was shuffled.
pub fn home_lines() -> Cost {
    home_of(Amount::per_byte(0.22), Amount::per_document(30.0), Amount::per_byte(0.11e-9))
}
