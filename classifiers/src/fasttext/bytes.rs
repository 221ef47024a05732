//! A bounded little-endian reader over the bytes of a model file.

use super::ModelError;

/// Reads from the front of a slice; every read names the part of the file, for messages.
pub(super) struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Bytes<'a> {
        Bytes { rest: bytes }
    }

    /// The next `count * size` bytes, checked against what is left before anything is allocated.
    pub(super) fn take(&mut self, count: u64, size: u64, part: &'static str) -> Result<&'a [u8], ModelError> {
        let left = self.rest.len();
        let needed = count.saturating_mul(size);
        let taken = usize::try_from(needed).ok().and_then(|needed| self.rest.split_at_checked(needed));
        let (head, tail) = taken.ok_or(ModelError::Truncated { part, needed, left })?;
        self.rest = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self, part: &'static str) -> Result<[u8; N], ModelError> {
        let head = self.take(N as u64, 1, part)?;
        head.try_into().map_err(|_| ModelError::Truncated { part, needed: N as u64, left: head.len() })
    }

    pub(super) fn u8(&mut self, part: &'static str) -> Result<u8, ModelError> {
        self.array::<1>(part).map(|[byte]| byte)
    }

    pub(super) fn i32(&mut self, part: &'static str) -> Result<i32, ModelError> {
        self.array(part).map(i32::from_le_bytes)
    }

    pub(super) fn i64(&mut self, part: &'static str) -> Result<i64, ModelError> {
        self.array(part).map(i64::from_le_bytes)
    }

    pub(super) fn f64(&mut self, part: &'static str) -> Result<f64, ModelError> {
        self.array(part).map(f64::from_le_bytes)
    }

    /// A C++ `bool`.
    pub(super) fn flag(&mut self, part: &'static str) -> Result<bool, ModelError> {
        match self.u8(part)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(ModelError::damaged(part, format!("a flag is `{other}`, neither 0 nor 1"))),
        }
    }

    /// A 64-bit size that must not be negative.
    pub(super) fn size(&mut self, part: &'static str) -> Result<u64, ModelError> {
        let size = self.i64(part)?;
        u64::try_from(size).map_err(|_| ModelError::damaged(part, format!("a size is `{size}`")))
    }

    /// `count` finite 32-bit floats.
    pub(super) fn floats(&mut self, count: u64, part: &'static str) -> Result<Vec<f32>, ModelError> {
        let bytes = self.take(count, 4, part)?;
        let floats: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        match floats.iter().find(|value| !value.is_finite()) {
            Some(value) => Err(ModelError::damaged(part, format!("a weight is `{value}`; train the model again"))),
            None => Ok(floats),
        }
    }

    /// Bytes up to the next NUL, which is consumed.
    pub(super) fn c_string(&mut self, part: &'static str) -> Result<&'a [u8], ModelError> {
        let left = self.rest.len();
        let end = memchr::memchr(0, self.rest);
        let end = end.ok_or(ModelError::Truncated { part, needed: left as u64 + 1, left })?;
        let word = self.take(end as u64, 1, part)?;
        self.u8(part)?;
        Ok(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_checked_before_they_are_believed() {
        let mut bytes = Bytes::new(&[1, 0, 0, 0, 9]);
        assert_eq!(bytes.i32("head").unwrap(), 1);
        let error = bytes.floats(u64::MAX, "rows").unwrap_err();
        assert_eq!(error, ModelError::Truncated { part: "rows", needed: u64::MAX, left: 1 });
        assert_eq!(bytes.u8("tail").unwrap(), 9);
        assert!(bytes.u8("tail").is_err());
    }

    #[test]
    fn flags_sizes_and_weights_are_validated() {
        assert!(Bytes::new(&[2]).flag("x").is_err());
        assert!(Bytes::new(&(-1i64).to_le_bytes()).size("x").is_err());
        assert!(Bytes::new(&f32::NAN.to_le_bytes()).floats(1, "x").is_err());
        assert_eq!(Bytes::new(&1.5f32.to_le_bytes()).floats(1, "x").unwrap(), [1.5]);
    }

    #[test]
    fn strings_end_at_nul() {
        let mut bytes = Bytes::new(b"ab\0c");
        assert_eq!(bytes.c_string("word").unwrap(), b"ab");
        assert!(bytes.c_string("word").is_err());
    }
}
