//! The bytes of a dump: whatever its compression, with limits, and on from the next whole stream after damage.

use crate::source::decompress;
use bzip2::bufread::BzDecoder;
use std::io::{self, BufRead, Cursor, Read};
use std::mem::replace;

/// Bytes between two pieces of markup, at most: what one step of the XML reader may need in memory.
pub(super) const MAX_EVENT: usize = 32 << 20;

/// The bytes that begin every bzip2 stream, behind `BZh` and a digit: those of its first block.
const BLOCK: &[u8] = b"1AY&SY";
/// Bytes before them.
const BEFORE_BLOCK: usize = 4;

/// Bytes read at once, compressed and plain.
const PACKED: usize = 1 << 16;
const PLAIN: usize = 1 << 18;

/// Compressed bytes that are kept behind those read. A decoder that has lost its way notices at the end of a block, of at most
/// 900 kB, and may have read beyond the beginning of the next stream by then.
const KEPT: usize = 2 << 20;

/// A buffer over a reader in which one can search for what is to come.
struct Window<R> {
    inner: R,
    buffer: Vec<u8>,
    /// What of the buffer has not been read yet.
    start: usize,
    end: usize,
    /// From where a search may begin that goes back.
    back: usize,
    /// Bytes read at once.
    step: usize,
    /// Bytes kept behind those read.
    kept: usize,
}

impl<R: Read> Window<R> {
    fn new(inner: R, step: usize, kept: usize) -> Window<R> {
        Window { inner, buffer: vec![0; step + 2 * kept], start: 0, end: 0, back: 0, step, kept }
    }

    /// Forgets what was read; a search that goes back begins behind the byte that comes next.
    fn mark(&mut self) {
        self.back = self.start + 1;
    }

    /// Goes back as far as possible, but not to a mark.
    fn rewind(&mut self) {
        self.start = self.back.min(self.end);
    }

    /// Reads some more; the number of bytes.
    fn more(&mut self, kept: usize) -> io::Result<usize> {
        if self.end + self.step > self.buffer.len() {
            let moved = self.end - kept.min(self.end);
            self.buffer.copy_within(moved..self.end, 0);
            self.end -= moved;
            self.start = self.start.saturating_sub(moved);
            self.back = self.back.saturating_sub(moved);
        }
        let to = (self.end + self.step).min(self.buffer.len());
        let n = self.inner.read(&mut self.buffer[self.end..to])?;
        self.end += n;
        Ok(n)
    }

    /// Goes on to where `found` finds something among the bytes that come; it looks at `overlap` bytes before each new
    /// part again. False when there is nothing up to the end.
    fn skip_to(&mut self, overlap: usize, found: &dyn Fn(&[u8]) -> Option<usize>) -> io::Result<bool> {
        loop {
            if let Some(at) = found(&self.buffer[self.start..self.end]) {
                self.start += at;
                return Ok(true);
            }
            self.start = self.start.max(self.end.saturating_sub(overlap));
            if self.more(overlap.max(self.kept))? == 0 {
                self.start = self.end;
                return Ok(false);
            }
        }
    }
}

impl<R: Read> Read for Window<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(out)?;
        self.consume(n);
        Ok(n)
    }
}

impl<R: Read> BufRead for Window<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.more(self.kept)?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, n: usize) {
        self.start = (self.start + n).min(self.end);
    }
}

type Packed = Window<Box<dyn Read + Send>>;

/// What undoes the compression.
enum Decoder {
    Bzip2(Box<BzDecoder<Packed>>),
    Other(Box<dyn Read + Send>),
    Ended,
}

/// The plain bytes of a dump.
pub(super) struct Unpacked {
    plain: Window<Watched>,
    /// Bytes that may still be read before the limit is set anew.
    left: usize,
}

/// A decoder, and whether it has failed.
struct Watched {
    decoder: Decoder,
    has_failed: bool,
}

impl Read for Watched {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = loop {
            match &mut self.decoder {
                Decoder::Bzip2(decoder) => match decoder.read(out) {
                    Ok(0) if !out.is_empty() => {}
                    read => break read,
                },
                Decoder::Other(decoder) => break decoder.read(out),
                Decoder::Ended => break Ok(0),
            }
            if let Err(error) = self.end_stream() {
                break Err(error);
            }
        };
        self.has_failed |= read.is_err();
        read
    }
}

impl Watched {
    /// Ends a stream of bzip2, and begins the next one if there is one.
    fn end_stream(&mut self) -> io::Result<()> {
        if let Decoder::Bzip2(decoder) = replace(&mut self.decoder, Decoder::Ended) {
            let mut packed = decoder.into_inner();
            if !packed.fill_buf()?.is_empty() {
                self.decoder = bzip2(packed);
            }
        }
        Ok(())
    }
}

/// A decoder of the stream that begins here.
fn bzip2(mut packed: Packed) -> Decoder {
    packed.mark();
    Decoder::Bzip2(Box::new(BzDecoder::new(packed)))
}

impl Unpacked {
    /// Undoes the compression that the first bytes tell: bzip2, gzip, zstd or none.
    pub(super) fn new(mut input: Box<dyn Read + Send>) -> io::Result<Unpacked> {
        let mut magic = Vec::with_capacity(4);
        input.by_ref().take(4).read_to_end(&mut magic)?;
        let is_bzip2 = magic.starts_with(b"BZh");
        let whole = Cursor::new(magic).chain(input);
        let decoder = if is_bzip2 {
            bzip2(Window::new(Box::new(whole), PACKED, KEPT))
        } else {
            Decoder::Other(decompress(whole)?)
        };
        Ok(Unpacked::of(decoder, PLAIN))
    }

    /// Nothing.
    pub(super) fn ended() -> Unpacked {
        Unpacked::of(Decoder::Ended, 0)
    }

    fn of(decoder: Decoder, size: usize) -> Unpacked {
        Unpacked { plain: Window::new(Watched { decoder, has_failed: false }, size, 0), left: MAX_EVENT }
    }

    /// Allows another step of the XML reader.
    pub(super) fn allow(&mut self) {
        self.left = MAX_EVENT;
    }

    /// Goes on, after damage, to the next place where `mark` stands. What has no such place is read to its end. Streams
    /// of bzip2 stand for themselves: when one is damaged, the next can be read.
    ///
    /// # Errors
    /// When the machine fails; damage on the way is passed over.
    pub(super) fn resume(&mut self, mark: &[u8]) -> io::Result<bool> {
        self.allow();
        loop {
            if replace(&mut self.plain.inner.has_failed, false) && !self.next_stream()? {
                return Ok(false);
            }
            let found = |bytes: &[u8]| memchr::memmem::find(bytes, mark);
            match self.plain.skip_to(mark.len().saturating_sub(1), &found) {
                Err(error) if is_damage(&error) => {}
                found => return found,
            }
        }
    }

    /// Goes on to the next stream of bzip2; false if there is none, or the compression is another.
    fn next_stream(&mut self) -> io::Result<bool> {
        let watched = &mut self.plain.inner;
        let Decoder::Bzip2(decoder) = replace(&mut watched.decoder, Decoder::Ended) else { return Ok(false) };
        (self.plain.start, self.plain.end) = (0, 0);
        let mut packed = decoder.into_inner();
        packed.rewind();
        let found = packed.skip_to(BEFORE_BLOCK + BLOCK.len() - 1, &stream_start)?;
        if found {
            watched.decoder = bzip2(packed);
        }
        Ok(found)
    }
}

/// Whether an error tells of the data, not of the machine that read them.
pub(super) fn is_damage(error: &io::Error) -> bool {
    !error.get_ref().is_some_and(|inner| inner.is::<crate::StoreError>())
        && matches!(
            error.kind(),
            io::ErrorKind::InvalidData
                | io::ErrorKind::InvalidInput
                | io::ErrorKind::UnexpectedEof
                | io::ErrorKind::Other
        )
}

/// Where a stream of bzip2 begins.
fn stream_start(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(bytes, BLOCK).find_map(|at| {
        let start = at.checked_sub(BEFORE_BLOCK)?;
        (bytes[start..].starts_with(b"BZh") && bytes[at - 1].is_ascii_digit()).then_some(start)
    })
}

impl Read for Unpacked {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(out)?;
        self.consume(n);
        Ok(n)
    }
}

/// Gives up when too much is asked for in one step.
impl BufRead for Unpacked {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            let what = format!("there is no markup in {} MiB", MAX_EVENT >> 20);
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        self.plain.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.left = self.left.saturating_sub(n);
        self.plain.consume(n);
    }
}
