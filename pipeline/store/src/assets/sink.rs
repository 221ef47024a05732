//! Where fetched bytes go: a temporary file, a digest and a limit, all at once.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::{self, Write};

/// Counts and digests what is written through it, and refuses more than the limit.
pub(super) struct Sink<'a, W> {
    inner: W,
    hasher: Sha256,
    written: u64,
    limit: u64,
    on_bytes: &'a dyn Fn(u64),
}

impl<'a, W: Write> Sink<'a, W> {
    pub(super) fn new(inner: W, limit: u64, on_bytes: &'a dyn Fn(u64)) -> Sink<'a, W> {
        Sink { inner, hasher: Sha256::new(), written: 0, limit, on_bytes }
    }

    /// Number of bytes and their sha256.
    pub(super) fn finish(self) -> (u64, String) {
        (self.written, hex(&self.hasher.finalize()))
    }
}

impl<W: Write> Write for Sink<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written + bytes.len() as u64 > self.limit {
            return Err(io::Error::other(format!("it has more than the `{}` bytes expected", self.limit)));
        }
        let n = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        self.written += n as u64;
        (self.on_bytes)(self.written);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Sha256 of bytes in memory.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn counts_digests_and_limits() {
        let seen = Cell::new(0);
        let on_bytes = |n| seen.set(n);
        let mut out = Vec::new();
        let mut sink = Sink::new(&mut out, 3, &on_bytes);
        sink.write_all(b"ab").unwrap();
        sink.write_all(b"c").unwrap();
        assert!(sink.write_all(b"d").is_err());
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sink.finish(), (3, expected.to_owned()));
        assert_eq!((seen.get(), sha256(b"abc").as_str()), (3, expected));
    }
}
