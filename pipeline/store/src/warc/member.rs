//! One gzip member inflated in one call by libdeflate: the only unsafe room of the reader.
//!
//! The safe crate over libdeflate does not tell how many bytes of the input a member took, and without that the next
//! member cannot be found; `libdeflate_gzip_decompress_ex` tells.

use std::ptr::NonNull;

use libdeflate_sys::{
    libdeflate_alloc_decompressor, libdeflate_decompressor, libdeflate_free_decompressor,
    libdeflate_gzip_decompress_ex, libdeflate_result_LIBDEFLATE_INSUFFICIENT_SPACE,
    libdeflate_result_LIBDEFLATE_SUCCESS,
};

/// What came of one call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inflated {
    /// A whole member: bytes of input it took and bytes of output it gave; checksum and length are right.
    Whole { read: usize, written: usize },
    /// The output does not fit.
    OutputFull,
    /// The member is damaged, or its end is not in the input (libdeflate does not tell which).
    Unreadable,
}

/// A reusable decompressor.
pub(super) struct Inflater(NonNull<libdeflate_decompressor>);

// SAFETY: the decompressor is plain memory owned by this value alone; libdeflate keeps no thread-local state.
unsafe impl Send for Inflater {}

impl Inflater {
    /// None when memory is short.
    pub fn new() -> Option<Self> {
        // SAFETY: takes nothing; gives null or a decompressor that we own.
        NonNull::new(unsafe { libdeflate_alloc_decompressor() }).map(Inflater)
    }

    /// Inflates the gzip member at the start of `input` to the start of `output`.
    pub fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Inflated {
        let (mut read, mut written) = (0usize, 0usize);
        // SAFETY: the decompressor is live and used by nobody else (`&mut self`). Both buffers are valid for the
        // lengths given, initialised, and cannot overlap (`&` and `&mut`). libdeflate reads at most `input.len()`
        // bytes, writes at most `output.len()` bytes, and stores through the two pointers to locals.
        let result = unsafe {
            libdeflate_gzip_decompress_ex(
                self.0.as_ptr(),
                input.as_ptr().cast(),
                input.len(),
                output.as_mut_ptr().cast(),
                output.len(),
                &raw mut read,
                &raw mut written,
            )
        };
        // Checked although libdeflate promises it: everything after this line is safe code and relies on nothing.
        let fits = read <= input.len() && written <= output.len();
        #[expect(non_upper_case_globals, reason = "names of the C interface")]
        match result {
            libdeflate_result_LIBDEFLATE_SUCCESS if fits => Inflated::Whole { read, written },
            libdeflate_result_LIBDEFLATE_INSUFFICIENT_SPACE => Inflated::OutputFull,
            _ => Inflated::Unreadable,
        }
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        // SAFETY: allocated by `libdeflate_alloc_decompressor`, freed once, not used afterwards.
        unsafe { libdeflate_free_decompressor(self.0.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warc::testing::gzip;

    #[test]
    fn the_length_taken_leads_to_the_next_member() {
        let mut two = gzip(b"first");
        let first = two.len();
        two.extend(gzip(b"second one"));
        let mut inflater = Inflater::new().unwrap();
        let mut out = [0; 64];
        assert_eq!(inflater.inflate(&two, &mut out), Inflated::Whole { read: first, written: 5 });
        let rest = two.len() - first;
        assert_eq!(inflater.inflate(&two[first..], &mut out), Inflated::Whole { read: rest, written: 10 });
        assert_eq!(&out[..10], b"second one");
    }

    #[test]
    fn bad_members_are_told_from_small_buffers() {
        let member = gzip(&[b'x'; 1000]);
        let mut inflater = Inflater::new().unwrap();
        let mut out = [0; 2000];
        assert_eq!(inflater.inflate(&member, &mut out[..999]), Inflated::OutputFull);
        for cut in 0..member.len() {
            assert_eq!(inflater.inflate(&member[..cut], &mut out), Inflated::Unreadable, "cut at {cut}");
        }
        let mut wrong = member.clone();
        let crc = wrong.len() - 8;
        wrong[crc] ^= 1;
        assert_eq!(inflater.inflate(&wrong, &mut out), Inflated::Unreadable);
        assert_eq!(inflater.inflate(&[], &mut []), Inflated::Unreadable);
    }
}
