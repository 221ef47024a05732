//! The compiled kernels are those of the sources: `kernels/encoder.lock` has the digests of both.

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The files in the order of the lock, as the compiler saw them.
const FILES: [(&str, &[u8]); 5] = [
    ("attention.cuh", include_bytes!("../../kernels/attention.cuh")),
    ("encoder.cu", include_bytes!("../../kernels/encoder.cu")),
    ("rows.cuh", include_bytes!("../../kernels/rows.cuh")),
    ("warp.cuh", include_bytes!("../../kernels/warp.cuh")),
    ("encoder.fatbin", include_bytes!("../../kernels/encoder.fatbin")),
];

const LOCK: &str = include_str!("../../kernels/encoder.lock");

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[test]
fn the_kernels_are_compiled_from_these_sources() {
    let listed: Vec<&str> = LOCK.lines().filter(|line| !line.starts_with('#')).collect();
    let found: Vec<String> = FILES.iter().map(|(name, bytes)| format!("{name} {}", digest(bytes))).collect();
    assert_eq!(listed, found, "run `cargo xtask cuda`");
    assert!(LOCK.contains("nvcc 13.0"));
    assert!(FILES[4].1.len() < 500_000, "the program carries the kernels");
}
