//! Lines of a gzip, zstd or plain stream, with a limit on their length.

use crate::StoreError;
use flate2::read::MultiGzDecoder;
use std::io::{self, BufRead, BufReader, Cursor, Read};

/// One line of a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// The bytes before the line feed.
    Bytes(&'a [u8]),
    /// Longer than the limit; it was skipped.
    TooLong(u64),
}

/// Undoes gzip (all members) or zstd (all frames), told by the first bytes; anything else passes through.
///
/// # Errors
/// When the first bytes cannot be read or a decoder cannot start.
pub fn decompress(mut input: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let mut magic = Vec::with_capacity(4);
    input.by_ref().take(4).read_to_end(&mut magic)?;
    let is_gzip = magic.starts_with(&[0x1f, 0x8b]);
    let is_zstd = magic == [0x28, 0xb5, 0x2f, 0xfd]
        || (magic.len() == 4 && magic[0] >> 4 == 5 && magic[1..] == [0x2a, 0x4d, 0x18]);
    let whole = Cursor::new(magic).chain(input);
    Ok(match (is_gzip, is_zstd) {
        (true, _) => Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, whole))),
        (_, true) => Box::new(zstd::stream::read::Decoder::new(whole)?),
        _ => Box::new(whole),
    })
}

/// Reads lines into one reused buffer.
pub struct LineReader {
    input: BufReader<Box<dyn Read + Send>>,
    name: String,
    line: Vec<u8>,
    limit: usize,
}

impl LineReader {
    /// Lines of at most `limit` bytes.
    ///
    /// # Errors
    /// When the start of the stream cannot be read.
    pub fn new(input: impl Read + Send + 'static, name: &str, limit: usize) -> Result<LineReader, StoreError> {
        let input = decompress(input).map_err(StoreError::io("read", name))?;
        let input = BufReader::with_capacity(1 << 16, input);
        Ok(LineReader { input, name: name.to_owned(), line: Vec::new(), limit })
    }

    /// The next line, or `None` at the end.
    ///
    /// # Errors
    /// When the stream cannot be read or its compression is damaged.
    pub fn next_line(&mut self) -> Result<Option<Line<'_>>, StoreError> {
        self.line.clear();
        let read = |this: &mut LineReader| -> io::Result<Option<u64>> {
            let mut limited = this.input.by_ref().take(this.limit as u64 + 1);
            limited.read_until(b'\n', &mut this.line)?;
            if this.line.len() <= this.limit || this.line.last() == Some(&b'\n') {
                return Ok(None);
            }
            let skipped = this.line.len() as u64 + skip_line(&mut this.input)?;
            Ok(Some(skipped))
        };
        match read(self).map_err(|error| StoreError::decode(&self.name, error))? {
            Some(skipped) => Ok(Some(Line::TooLong(skipped))),
            None if self.line.is_empty() => Ok(None),
            None => Ok(Some(Line::Bytes(self.line.strip_suffix(b"\n").unwrap_or(&self.line)))),
        }
    }

    /// Passes over the next line that holds anything; says how many lines that were, with the empty ones before it, or `None`
    /// at the end.
    ///
    /// # Errors
    /// As [`LineReader::next_line`].
    pub fn skip_filled(&mut self) -> Result<Option<u64>, StoreError> {
        let mut n_lines = 0;
        while let Some(line) = self.next_line()? {
            n_lines += 1;
            if !matches!(line, Line::Bytes(bytes) if bytes.trim_ascii().is_empty()) {
                return Ok(Some(n_lines));
            }
        }
        Ok(None)
    }
}

/// Reads past the next line feed without keeping anything; says how many bytes that were.
fn skip_line(input: &mut impl BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = input.fill_buf()?;
        let (n, done) = match memchr::memchr(b'\n', buffer) {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(n);
        skipped += n as u64;
        if done {
            return Ok(skipped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn lines(bytes: Vec<u8>) -> Vec<String> {
        let mut reader = LineReader::new(Cursor::new(bytes), "test", 8).unwrap();
        let mut out = Vec::new();
        while let Some(line) = reader.next_line().unwrap() {
            out.push(match line {
                Line::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Line::TooLong(n) => format!("too long {n}"),
            });
        }
        out
    }

    #[test]
    fn reads_lines_whatever_the_compression() {
        let plain = b"one\n\n12345678\n123456789\nlast".to_vec();
        let expected = ["one", "", "12345678", "too long 10", "last"];
        assert_eq!(lines(plain.clone()), expected);
        let mut gzip = Vec::new();
        for half in [&plain[..7], &plain[7..]] {
            let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            member.write_all(half).unwrap();
            gzip.extend(member.finish().unwrap());
        }
        assert_eq!(lines(gzip), expected, "several members");
        assert_eq!(lines(zstd::encode_all(&plain[..], 3).unwrap()), expected);
        assert!(lines(Vec::new()).is_empty());
    }

    #[test]
    fn a_cut_gzip_stream_is_an_error() {
        let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        member.write_all(b"one\ntwo\n").unwrap();
        let mut bytes = member.finish().unwrap();
        bytes.truncate(bytes.len() - 9);
        let mut reader = LineReader::new(Cursor::new(bytes), "test", 8).unwrap();
        assert!((0..3).any(|_| reader.next_line().is_err()));
    }
}
