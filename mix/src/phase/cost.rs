//! What the phases of tokens and shards cost, for estimates: `docs/benchmarks/tokens.md`, "Encoding", "Shuffle and shards"
//! and "15T tokens".

use tokenmill_store::Cost;
use tokenmill_store::cost::{Amount, DOCS_BYTES, Reading, Requested, TEXT_OF_A_DOCUMENT, Tasks};

/// Bytes of text of a token.
const TEXT: f64 = 3.73;

/// Bytes of a token store for each byte of text: 25 TB for 56 TB.
const STORE_BYTES: f64 = 0.446;

/// Bytes that `scatter` and `shards` write for each byte of text: four for a token, and a little.
const IDS_BYTES: f64 = 4.05 / TEXT;

/// Encoding at the cold speed of all kinds of text, and the table.
pub fn tokens() -> Cost {
    let core_seconds = Amount::per_byte(1.0 / 107.1e6 + 12.66 / (500e6 * TEXT));
    let (read, written) = (Amount::per_byte(DOCS_BYTES), Amount::per_byte(STORE_BYTES));
    // A vocabulary with what is remembered of words, and the rows of one table.
    Cost { read, written, core_seconds, objects: 2.0, memory: 300e6, ..Cost::default() }
}

/// Counting what the sources of a mix have; it reads no token.
pub fn weigh() -> Cost {
    let (read, written) = (Amount::per_byte(0.02 * STORE_BYTES), Amount::per_document(0.1));
    let document_bytes = TEXT_OF_A_DOCUMENT * STORE_BYTES;
    let reading = Reading { packed: 1.0, document_bytes, text_share: 1.0 / STORE_BYTES, seconds: 0.0 };
    let core_seconds = Amount::per_document(0.24 / 499_091.0);
    Cost { reading: Some(reading), read, written, core_seconds, memory: 20e6, ..Cost::default() }
}

/// A task that reads and writes next to nothing.
pub fn small() -> Cost {
    let requested = Requested::Ranges(1.0);
    Cost { read: Amount::NONE, core_seconds: Amount::NONE, tasks: Tasks::One, requested, ..Cost::default() }
}

/// Its memory is twice the bytes of an object of at most `chunk_bytes`.
pub fn scatter(chunk_bytes: u64) -> Cost {
    let (read, written) = (Amount::per_byte(STORE_BYTES), Amount::per_byte(IDS_BYTES));
    let core_seconds = Amount::per_byte(14.26 / (500e6 * TEXT));
    let (memory_share, memory_at_most) = (2.0 * IDS_BYTES / STORE_BYTES, 2.0 * chunk_bytes as f64);
    let requested = Requested::Parts(12.0);
    let objects = 2.0;
    Cost { read, written, core_seconds, objects, requested, memory_share, memory_at_most, ..Cost::default() }
}

/// Its memory is 1.9 times the ids of a shard.
pub fn shards(shard_tokens: u64) -> Cost {
    let (read, written) = (Amount::per_byte(IDS_BYTES), Amount::per_byte(IDS_BYTES));
    let core_seconds = Amount::per_byte(5.57 / (500e6 * TEXT));
    let (memory_share, memory_at_most) = (1.9, 1.9 * 4.0 * shard_tokens as f64);
    let tasks = Tasks::PerText { bytes: shard_tokens as f64 * TEXT };
    let requested = Requested::Ranges(2.0);
    Cost {
        read,
        written,
        core_seconds,
        tasks,
        requested,
        objects: 5.0,
        memory_share,
        memory_at_most,
        ..Cost::default()
    }
}
