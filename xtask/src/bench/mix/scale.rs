//! What 15T tokens come to, computed from the measured figures and the bounds of the phases.

use super::{number, phase};
use crate::bench::dedup::page::grouped;
use serde_json::Value;
use std::fmt::Write;

/// Tokens, and those of a document.
const TOKENS: f64 = 15e12;
const DOCUMENT: f64 = 1_000.0;

/// Tokens of a shard: as recipes have it, and as so many tokens want it.
const SHARD_TOKENS: [f64; 3] = [64e6, 256e6, 1e9];

/// The bounds of `mix/src/phase/scatter.rs` and `sources.rs`: tasks that scatter, if parts are small beside what one of them
/// reads (there are twice as many at most), and bytes of what they write at once.
const SCATTERS: f64 = 2_048.0;
const RANGE: f64 = (256u64 << 10) as f64;
const MIN_CHUNK: f64 = (256u64 << 20) as f64;
const MAX_CHUNK: f64 = (4u64 << 30) as f64;

/// Bytes of a part of an upload, in `pipeline/store/src/s3/upload.rs`.
const PART: f64 = (16u64 << 20) as f64;

/// List price of S3 Standard in us-east-1 for a request, in dollars: GET and PUT.
const GET: f64 = 0.000_000_4;
const PUT: f64 = 0.000_005;

/// What a run with shards of one size takes.
#[derive(Debug, PartialEq)]
struct Scale {
    n_shards: f64,
    /// Bytes of an object of the scatter, and how many there are.
    chunk: f64,
    n_objects: f64,
    /// Requests for ranges, and bytes of one on average.
    n_gets: f64,
    range: f64,
    /// Requests that write.
    n_puts: f64,
}

/// Requests for a file of this size.
fn puts(bytes: f64) -> f64 {
    if bytes <= PART { 1.0 } else { (bytes / PART).ceil() + 2.0 }
}

impl Scale {
    /// `beside` is what a document takes in the other files of a shard, in bytes.
    fn new(shard_tokens: f64, beside: f64) -> Scale {
        let n_shards = (TOKENS / shard_tokens).ceil();
        let chunk = (n_shards * RANGE).clamp(MIN_CHUNK, MAX_CHUNK);
        let bytes = TOKENS * 4.0;
        let n_objects = SCATTERS * (bytes / SCATTERS / chunk).ceil();
        // A shard asks every object where its part is, and for the part; and reads the layout.
        let n_gets = n_shards * (2.0 * n_objects + 1.0);
        // Three files beside the `.bin`, and a commit; a task of the scatter also writes the layout and a commit.
        let of_shard = puts(shard_tokens * 4.0) + 3.0 * puts(beside * shard_tokens / DOCUMENT / 3.0) + 1.0;
        let n_puts = n_objects * puts(bytes / n_objects) + 2.0 * SCATTERS + n_shards * of_shard;
        Scale { n_shards, chunk, n_objects, n_gets, range: bytes / n_objects / n_shards, n_puts }
    }
}

/// The section; `encoding` has what `cargo xtask bench tokens` has measured.
pub fn section(run: &Value, encoding: &Value) -> String {
    let (n_documents, n_tokens) = (number(run, "/store/n_documents").max(1.0), number(run, "/store/n_tokens").max(1.0));
    let documents = TOKENS / DOCUMENT;
    let (rate, bytes_per_token) = (number(encoding, "/cold"), number(encoding, "/bytes_per_token"));
    let text = TOKENS * bytes_per_token;
    let stored = number(run, "/store/bytes") / n_tokens * TOKENS;
    let seconds = |name: &str| number(phase(run, name), "/seconds");
    let written = |name: &str| number(phase(run, name), "/bytes") / n_tokens * TOKENS / 1e12;
    let mut out = format!(
        "\n### 15T tokens\n\nComputed from the figures above: {TOKENS:e} tokens, {DOCUMENT} for a document, so {documents:.1e} \
         documents and {:.0} TB of text. Encoding is taken at the cold speed of the corpus [above](#encoding), {rate:.0} MB per \
         CPU-second and {bytes_per_token:.2} bytes of a token. Seconds grow with tokens, those of `weigh` with documents; `cuts` is \
         one task, which reads the slices of the order (of 1,024) at which phases begin and end.\n\n\
         | phase | core-hours | TB written |\n|---|---|---|\n",
        text / 1e12
    );
    let per_token = |seconds: f64| seconds / n_tokens * TOKENS / 3600.0;
    let rows = [
        ("`tokens`: encoding", text / 1e6 / rate.max(1e-9) / 3600.0, None),
        ("`tokens`: writing the token store", per_token(number(run, "/store/write_seconds")), Some(stored / 1e12)),
        ("`weigh`", seconds("weigh") / n_documents * documents / 3600.0, None),
        ("`scatter`", per_token(seconds("scatter")), Some(written("scatter"))),
        ("`shards`", per_token(seconds("shards")), Some(written("shards"))),
    ];
    let mut hours = 0.0;
    // Writing to a String cannot fail, here and below.
    for (name, core_hours, terabytes) in rows {
        hours += core_hours;
        let terabytes = terabytes.map(|terabytes| format!(" {terabytes:.1}")).unwrap_or_default();
        let _ = writeln!(out, "| {name} | {core_hours:.0} |{terabytes} |");
    }
    let _ = writeln!(out, "| all | **{hours:.0}** | |");
    out += &memory(run);
    out
}

/// Objects, requests and memory by the size of shards.
fn memory(run: &Value) -> String {
    let scatter = phase(run, "scatter");
    let object = number(scatter, "/uses_bytes") / number(scatter, "/n_uses").max(1.0);
    let of_chunk = number(scatter, "/peak_bytes") / object.max(1.0);
    let (n_shards, n_tokens) = (number(run, "/dataset/n_shards").max(1.0), number(run, "/dataset/n_tokens").max(1.0));
    let of_shard = number(phase(run, "shards"), "/peak_bytes") / (n_tokens * 4.0 / n_shards);
    let n_documents = number(run, "/dataset/n_documents").max(1.0);
    let beside = (number(phase(run, "shards"), "/bytes") - n_tokens * 4.0).max(0.0) / n_documents;
    let mut out = format!(
        "\n{} tasks scatter, or up to twice as many. A task writes an object whenever it has so many bytes that every shard \
         finds {:.0} KiB in it, but no less than {:.0} MiB and no more than {:.0} GiB; then a shard asks each object twice: where its \
         part is, and for the part. Memory is the measured peak of a task, {of_chunk:.1} times the bytes of an object for `scatter` \
         and {of_shard:.1} times the ids of a shard for `shards`, at these sizes. Dollars are the list price of S3 Standard in \
         us-east-1, ${:.4} for 1,000 GETs and ${:.3} for 1,000 PUTs, for `scatter` and `shards`; reading the token store is not \
         in it.\n\n\
         | tokens of a shard | shards | objects of `scatter` | memory of its task, GB | ranges read, millions | KiB of a range | \
         memory of a task of `shards`, GB | files of shards | GETs, $ | PUTs, $ |\n|---|---|---|---|---|---|---|---|---|---|\n",
        grouped(SCATTERS as u64),
        RANGE / 1024.0,
        MIN_CHUNK / f64::from(1 << 20),
        MAX_CHUNK / f64::from(1 << 30),
        GET * 1000.0,
        PUT * 1000.0
    );
    for shard_tokens in SHARD_TOKENS {
        let scale = Scale::new(shard_tokens, beside);
        let _ = writeln!(
            out,
            "| {:.0}M | {} | {} | {:.1} | {:.0} | {:.0} | {:.1} | {} | {:.0} | {:.0} |",
            shard_tokens / 1e6,
            grouped(scale.n_shards as u64),
            grouped(scale.n_objects as u64),
            scale.chunk * of_chunk / 1e9,
            scale.n_gets / 1e6,
            scale.range / 1024.0,
            shard_tokens * 4.0 * of_shard / 1e9,
            grouped(4 * scale.n_shards as u64),
            scale.n_gets * GET,
            scale.n_puts * PUT
        );
    }
    out += "\nWhat grows fastest is the number of ranges, shards times objects: with few tokens in a shard they become small, and \
            requests cost more than what they bring. So large runs want large shards: `shard_tokens = \"1B\"`.\n";
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_ranges_follow_from_the_bounds() {
        let large = Scale::new(1e9, 0.0);
        assert_eq!((large.n_shards, large.chunk), (15_000.0, 15_000.0 * RANGE));
        // 29.3 GB a task, 3.93 GB an object.
        assert_eq!((large.n_objects, large.n_gets), (2_048.0 * 8.0, 15_000.0 * (2.0 * 16_384.0 + 1.0)));
        assert!((large.range - 60e12 / 16_384.0 / 15_000.0).abs() < 1.0);
        let small = Scale::new(64e6, 0.0);
        assert_eq!((small.n_shards, small.chunk, small.n_objects), (234_375.0, MAX_CHUNK, 2_048.0 * 7.0));
        assert!(small.range < RANGE / 10.0);
    }

    #[test]
    fn files_in_parts_cost_two_requests_more() {
        assert_eq!([puts(1.0), puts(PART), puts(PART + 1.0)], [1.0, 1.0, 4.0]);
    }

    #[test]
    fn core_hours_grow_with_tokens_and_documents() {
        let encoding = serde_json::json!({"cold": 100.0, "bytes_per_token": 4.0});
        let text = section(&crate::bench::mix::tests::run(), &encoding);
        // 60 TB of text at 100 MB/s; 0.02 s for a million tokens; 0.001 s for a thousand documents.
        assert!(text.contains("| `tokens`: encoding | 167 | |"), "{text}");
        assert!(text.contains("| `tokens`: writing the token store | 83 | 37.5 |"), "{text}");
        assert!(text.contains("| `weigh` | 4 | |") && text.contains("| `scatter` | 42 | 60.9 |"), "{text}");
        assert!(text.contains("| `shards` | 83 | 60.6 |") && text.contains("| all | **379** | |"), "{text}");
        // A task of `scatter` takes 1.5 times an object, one of `shards` 3 times the ids.
        assert!(text.contains("| 1000M | 15,000 | 16,384 | 5.9 | 492 | 238 | 12.0 | 60,000 | 197 |"), "{text}");
    }
}
