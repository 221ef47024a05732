//! A writer that takes the sha256 of what passes through it.

use sha2::{Digest, Sha256};
use std::io::{self, Write};

/// Passes bytes on and digests them.
pub struct Sha256Writer<W> {
    inner: W,
    digest: Sha256,
}

impl<W: Write> Sha256Writer<W> {
    /// Starts an empty digest in front of `inner`.
    pub fn new(inner: W) -> Sha256Writer<W> {
        Sha256Writer { inner, digest: Sha256::new() }
    }

    /// What bytes are passed to.
    pub fn inner(&self) -> &W {
        &self.inner
    }

    /// What bytes were passed to, and the sha256 of all of them in 64 lower-case hexadecimal digits.
    pub fn finish(self) -> (W, String) {
        (self.inner, hex(&self.digest.finalize()))
    }
}

impl<W: Write> Write for Sha256Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.digest.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The sha256 of `parts`, one after the other, in 64 lower-case hexadecimal digits.
pub fn sha256_hex(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    parts.iter().for_each(|part| digest.update(part));
    hex(&digest.finalize())
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a few bytes at a time, as a pipe may.
    struct Slow(Vec<u8>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.extend(&bytes[..bytes.len().min(3)]);
            Ok(bytes.len().min(3))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn only_what_was_taken_is_digested() {
        let mut writer = Sha256Writer::new(Slow(Vec::new()));
        writer.write_all(b"The quick brown fox ").unwrap();
        writer.write_all(b"jumps over the lazy dog").unwrap();
        let expected = "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592";
        let (slow, digest) = writer.finish();
        assert_eq!((slow.0.len(), digest.as_str()), (43, expected));
        assert_eq!(sha256_hex(&[b"The quick brown ", b"", b"fox jumps over the lazy dog"]), expected);
    }
}
