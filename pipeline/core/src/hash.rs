//! Frozen hashing: every hash that reaches an object name, an id or a decision is xxh3, pinned by golden vectors.
//!
//! xxh3 is specified at <https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>. The vectors in the tests
//! are part of the data format: if one of them ever changes, every stored id and every sample changes with it.

use xxhash_rust::xxh3;

/// 64-bit xxh3 of `bytes` under `seed`.
#[inline]
pub fn hash64(seed: u64, bytes: &[u8]) -> u64 {
    xxh3::xxh3_64_with_seed(bytes, seed)
}

/// 128-bit xxh3 of `bytes`, seed 0.
pub fn hash128(bytes: &[u8]) -> u128 {
    xxh3::xxh3_128(bytes)
}

/// Mixes two 64-bit values into one; not symmetric.
pub fn mix64(a: u64, b: u64) -> u64 {
    let mut bytes = [0u8; 16];
    bytes[..8].copy_from_slice(&a.to_le_bytes());
    bytes[8..].copy_from_slice(&b.to_le_bytes());
    hash64(0, &bytes)
}

/// Whether a document belongs to a sample of the given `rate` (0 to 1): `hash(seed, purpose, id) < rate`.
///
/// The answer depends on data only, so a sample is the same at any thread count and in any order of tasks.
pub fn sampled(seed: u64, purpose: &str, id: u128, rate: f64) -> bool {
    if rate >= 1.0 {
        return true;
    }
    let key = hash64(mix64(seed, hash64(0, purpose.as_bytes())), &id.to_le_bytes());
    // 53 bits are exactly representable, so the comparison is the same on every machine.
    ((key >> 11) as f64) < rate * (1u64 << 53) as f64
}

/// A running 128-bit digest of a stream, as used for the names of objects.
#[derive(Default)]
pub struct Digester(xxh3::Xxh3);

impl Digester {
    /// Starts an empty digest.
    pub fn new() -> Digester {
        Digester(xxh3::Xxh3::new())
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of everything added, as 32 lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        format!("{:032x}", self.0.digest128())
    }
}

/// The digest of `bytes` as 32 lower-case hexadecimal digits.
pub fn digest_hex(bytes: &[u8]) -> String {
    format!("{:032x}", hash128(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_vectors() {
        assert_eq!(hash64(0, b""), 0x2d06_8005_38d3_94c2);
        assert_eq!(hash128(b""), 0x99aa_06d3_0147_98d8_6001_c324_468d_497f);
        assert_eq!(format!("{:016x}", hash64(0, b"tokenmill")), GOLDEN_64);
        assert_eq!(digest_hex(b"tokenmill"), GOLDEN_128);
        assert_eq!(format!("{:016x}", mix64(1, 2)), GOLDEN_MIX);
    }

    const GOLDEN_64: &str = "04d1ad308626f563";
    const GOLDEN_128: &str = "1acc2a6d8595318eb04888611cca627b";
    const GOLDEN_MIX: &str = "07ee86c281446bef";

    #[test]
    fn streaming_equals_one_shot() {
        let bytes: Vec<u8> = (0..10_000u32).map(|i| (i % 251) as u8).collect();
        let mut digester = Digester::new();
        bytes.chunks(77).for_each(|chunk| digester.update(chunk));
        assert_eq!(digester.hex(), digest_hex(&bytes));
    }

    #[test]
    fn a_sample_has_about_its_rate_and_grows_with_it() {
        let hits = |rate| (0..20_000u128).filter(|id| sampled(7, "removed", *id, rate)).collect::<Vec<_>>();
        let (small, large) = (hits(0.1), hits(0.3));
        assert!((1_800..2_200).contains(&small.len()), "{}", small.len());
        assert!(small.iter().all(|id| large.contains(id)));
        assert!(hits(0.0).is_empty());
    }
}
