//! Builders of files for the tests of the reader.

use std::io::Write;

/// One gzip member.
pub(super) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A WARC record with its separator.
pub(super) fn record(kind: &str, uri: &str, extra: &str, block: &[u8]) -> Vec<u8> {
    let n = block.len();
    let head = format!("WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {uri}\r\n{extra}Content-Length: {n}\r\n\r\n");
    [head.as_bytes(), block, b"\r\n\r\n"].concat()
}

/// An HTTP response.
pub(super) fn http(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{body}").into_bytes()
}

/// Numbers that look random and are the same in every run (xorshift64).
pub(super) struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 8
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}
