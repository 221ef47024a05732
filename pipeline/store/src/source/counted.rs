//! A stream that counts and digests what is read through it.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use tokenmill_core::hash::Digester;

/// A stream that counts and digests what is read through it.
pub struct Counted {
    file: Box<dyn Read + Send>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    bytes: u64,
    digest: Digester,
    ended: bool,
}

/// A handle on the counts of a stream that somebody else reads.
#[derive(Clone)]
pub struct Counts(Arc<Mutex<State>>);

impl Counted {
    /// A stream over anything, for tests and nested inputs.
    pub fn new(file: impl Read + Send + 'static) -> Counted {
        Counted { file: Box::new(file), state: Arc::default() }
    }

    /// A handle on the counts.
    pub fn counts(&self) -> Counts {
        Counts(self.state.clone())
    }
}

impl Counts {
    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }

    /// The digest, once the stream has ended.
    pub fn digest(&self) -> Option<String> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.ended.then(|| state.digest.hex())
    }
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(out)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.bytes += n as u64;
        state.digest.update(&out[..n]);
        state.ended |= n == 0 && !out.is_empty();
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_known_at_the_end_only() {
        let mut stream = Counted::new(&b"abc"[..]);
        let counts = stream.counts();
        let mut buffer = [0; 3];
        stream.read_exact(&mut buffer).unwrap();
        assert_eq!((counts.bytes(), counts.digest()), (3, None));
        assert_eq!(stream.read(&mut buffer).unwrap(), 0);
        assert_eq!(counts.digest(), Some(tokenmill_core::hash::digest_hex(b"abc")));
    }
}
