//! Measures writing to and reading from object storage: `cargo xtask bench exchange` runs it against a gateway.
//!
//!     s3_speed s3://BUCKET/PREFIX N_FILES MEGABYTES
//!
//! Writes and reads files one after the other and prints one JSON object with seconds of the clock and of CPU time.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a measuring program")]

use std::error::Error;
use std::io::Write;
use std::time::Instant;
use tokenmill_store::{Spool, open_store};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [uri, n_files, megabytes] = arguments.as_slice() else { return Err("usage: see the source".into()) };
    let (n_files, megabytes): (u64, u64) = (n_files.parse()?, megabytes.parse()?);
    let store = open_store(uri)?;
    let block: Vec<u8> = (0..1_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let (mut keys, mut write_seconds) = (Vec::new(), 0.0);
    for number in 0..n_files {
        let mut spool = Spool::create(&*store)?;
        spool.write_all(&number.to_le_bytes())?;
        for _ in 0..megabytes {
            spool.write_all(&block)?;
        }
        // What is measured is storing a finished file.
        let started = Instant::now();
        keys.push(spool.store(&*store, "speed", "bin")?.key);
        write_seconds += started.elapsed().as_secs_f64();
    }
    let started = Instant::now();
    for key in &keys {
        std::io::copy(&mut store.stream(key)?, &mut std::io::sink())?;
    }
    let read_seconds = started.elapsed().as_secs_f64();
    let bytes = n_files * (megabytes * 1_000_000 + 8);
    println!("{}", serde_json::json!({"bytes": bytes, "write_seconds": write_seconds, "read_seconds": read_seconds}));
    Ok(())
}
