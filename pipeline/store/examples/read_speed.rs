//! How fast crawl files are read, and the limit: plain inflation of the same bytes.
//!
//! `cargo run --release -p tokenmill-store --example read_speed -- FILE.warc.gz…` prints one JSON object with CPU
//! seconds of inflation alone (zlib-rs, checksums on), of reading records, and the bytes and records that came out.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a measuring program")]

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::time::Instant;
use tokenmill_store::warc::{Item, Limits, WarcReader};

fn main() -> io::Result<()> {
    let (mut inflate, mut read, mut bytes, mut records) = (0.0, 0.0, 0u64, 0u64);
    for path in std::env::args().skip(1) {
        let mut file = Vec::new();
        File::open(&path)?.read_to_end(&mut file)?;
        let started = Instant::now();
        let mut decoder = flate2::bufread::MultiGzDecoder::new(&file[..]);
        bytes += io::copy(&mut decoder, &mut io::sink()).unwrap_or(0);
        inflate += started.elapsed().as_secs_f64();
        let started = Instant::now();
        let limits = Limits { verify_digests: false, ..Limits::default() };
        let mut reader = WarcReader::new(Cursor::new(&file), limits);
        while let Some(item) = reader.next().map_err(|error| error.source)? {
            records += u64::from(matches!(item, Item::Record(_)));
        }
        read += started.elapsed().as_secs_f64();
    }
    println!(r#"{{"inflate_seconds": {inflate}, "read_seconds": {read}, "bytes": {bytes}, "records": {records}}}"#);
    Ok(())
}
