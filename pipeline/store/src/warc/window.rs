//! A growing look-ahead window over a byte stream that knows its place in the file.

use std::io::{self, ErrorKind, Read};

/// Free room offered to each call of `read`.
const READ: usize = 256 << 10;

/// Bytes of the input that are read and not consumed yet, at most `max` of them (and what one read brings more).
pub(super) struct Window<R> {
    input: R,
    buf: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    ended: bool,
    max: usize,
}

impl<R: Read> Window<R> {
    pub fn new(input: R, max: usize) -> Self {
        Window { input, buf: Vec::new(), start: 0, end: 0, offset: 0, ended: false, max }
    }

    /// What is held, first byte first.
    pub fn bytes(&self) -> &[u8] {
        &self.buf[self.start..self.end]
    }

    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Place of the first held byte in the file.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    pub fn is_full(&self) -> bool {
        self.len() >= self.max
    }

    /// Makes room when the window is full by dropping all but the last half of it.
    pub fn keep_half(&mut self) -> usize {
        let drop = if self.is_full() { self.len() - self.max / 2 } else { 0 };
        self.consume(drop);
        drop
    }

    /// Whether everything that is not held was consumed: the input has no more.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Reads until `want` bytes (or the maximum) are held or the input ends.
    pub fn fill(&mut self, want: usize) -> io::Result<()> {
        let want = want.min(self.max);
        while self.len() < want && !self.ended {
            self.make_room();
            match self.input.read(&mut self.buf[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(n) => self.end += n.min(self.buf.len() - self.end),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Drops the first `n` held bytes.
    pub fn consume(&mut self, n: usize) {
        let n = n.min(self.len());
        self.start += n;
        self.offset += n as u64;
    }

    /// Drops `n` bytes, reading those that are not held yet.
    pub fn skip(&mut self, mut n: u64) -> io::Result<()> {
        loop {
            let now = usize::try_from(n).unwrap_or(usize::MAX).min(self.len());
            self.consume(now);
            n -= now as u64;
            if n == 0 || (self.ended && self.len() == 0) {
                return Ok(());
            }
            self.fill(1)?;
        }
    }

    /// Makes at least `READ` bytes of free room at the end. Bytes move only when at least as many were consumed since,
    /// so moving costs a constant per byte however the window is used.
    fn make_room(&mut self) {
        let held = self.len();
        if self.start >= held {
            self.buf.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, held);
        }
        if self.buf.len() - self.end < READ {
            let grown = (self.buf.len() * 2).min(self.max * 2 + READ).max(self.end + READ);
            self.buf.resize(grown, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one to seven bytes a call, with an interruption now and then.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            if self.1.is_multiple_of(5) {
                return Err(ErrorKind::Interrupted.into());
            }
            let n = (self.1 % 7 + 1).min(self.0.len()).min(buf.len());
            buf[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    #[test]
    fn bytes_come_out_in_order_whatever_the_reads_give() {
        let data: Vec<u8> = (0..20_000u32).map(|i| (i * 7 % 251) as u8).collect();
        let mut window = Window::new(Drip(&data, 0), 64);
        let mut seen = Vec::new();
        for step in 1.. {
            window.fill(step % 60 + 1).unwrap();
            assert_eq!(window.offset(), seen.len() as u64);
            if window.len() == 0 {
                break;
            }
            let n = window.len().min(step % 11 + 1);
            seen.extend_from_slice(&window.bytes()[..n]);
            window.consume(n);
        }
        assert_eq!(seen, data);
        assert!(window.ended());
    }

    #[test]
    fn skip_passes_bytes_that_were_never_held() {
        let data = vec![1u8; 3 * READ];
        let mut window = Window::new(&data[..], 100);
        window.skip(2 * READ as u64 + 5).unwrap();
        assert_eq!(window.offset(), 2 * READ as u64 + 5);
        window.skip(u64::MAX).unwrap();
        assert_eq!(window.offset(), data.len() as u64);
    }

    #[test]
    fn the_buffer_stays_bounded() {
        let mut window = Window::new(io::repeat(7).take(50 << 20), 1 << 20);
        while !window.ended() {
            window.fill(1 << 20).unwrap();
            window.consume(1000);
            if window.is_full() {
                window.consume(window.len() / 2);
            }
        }
        assert!(window.buf.len() <= (2 << 20) + READ, "{}", window.buf.len());
    }
}
