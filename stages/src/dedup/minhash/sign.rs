//! Signatures: the minima of many hash functions over the shingles of a document, several lanes at a time.
//!
//! Function i is `((x ^ c_i) * a_i) mod 2^32` with an odd `a_i`: a bijection of 32 bits that costs three instructions on
//! eight lanes. Shingles are well-mixed hashes already, so no more is needed for minima that behave as those of random
//! functions do, which a test compares with the curve.

use super::preset::Scheme;
use tokenmill_core::hash::hash64;

/// Functions that are computed side by side; the minima of a block stay in registers.
const LANES: usize = 32;

/// The functions of a block.
#[derive(Clone, Debug)]
struct Block {
    flips: [u32; LANES],
    factors: [u32; LANES],
}

/// Computes the keys of documents.
#[derive(Clone, Debug)]
pub struct Signer {
    scheme: Scheme,
    blocks: Vec<Block>,
    seed: u64,
}

impl Signer {
    /// The functions follow from the seed.
    pub fn new(scheme: Scheme, seed: u64) -> Signer {
        let number = |function: usize, what: u64| hash64(seed ^ what, &(function as u64).to_le_bytes()) as u32;
        let block = |first: usize| Block {
            flips: std::array::from_fn(|lane| number(first + lane, 0x666c_6970)),
            factors: std::array::from_fn(|lane| number(first + lane, 0x6661_6374) | 1),
        };
        let blocks = (0..scheme.bands * scheme.rows).step_by(LANES).map(block).collect();
        Signer { scheme, blocks, seed }
    }

    /// Adds the keys of a document with these shingles, none if there are none. `salt` keeps documents apart that must not
    /// meet.
    pub fn keys(&self, shingles: &[u32], salt: u64, keys: &mut Vec<u64>) {
        if shingles.is_empty() {
            return;
        }
        let mut minima = Vec::with_capacity(self.blocks.len() * LANES * size_of::<u32>());
        for block in &self.blocks {
            let lowest = block.minima(shingles);
            minima.extend(lowest.iter().flat_map(|minimum| minimum.to_le_bytes()));
        }
        let bands = minima.chunks_exact(self.scheme.rows * size_of::<u32>()).take(self.scheme.bands);
        for (band, minima) in (0u64..).zip(bands) {
            keys.push(hash64(self.seed ^ salt ^ band.wrapping_mul(0x9e37_79b9_7f4a_7c15), minima));
        }
    }
}

impl Block {
    fn minima(&self, shingles: &[u32]) -> [u32; LANES] {
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx512f") {
                // SAFETY: the processor has the instructions that the function is compiled for.
                return unsafe { self.minima_avx512(shingles) };
            }
            if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has the instructions that the function is compiled for.
                return unsafe { self.minima_avx2(shingles) };
            }
        }
        self.minima_anywhere(shingles)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn minima_avx512(&self, shingles: &[u32]) -> [u32; LANES] {
        self.minima_anywhere(shingles)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn minima_avx2(&self, shingles: &[u32]) -> [u32; LANES] {
        self.minima_anywhere(shingles)
    }

    /// The same loop for all processors: the compiler makes vectors of it as wide as it may.
    #[inline(always)]
    fn minima_anywhere(&self, shingles: &[u32]) -> [u32; LANES] {
        let mut minima = [u32::MAX; LANES];
        for shingle in shingles {
            for ((minimum, flip), factor) in minima.iter_mut().zip(&self.flips).zip(&self.factors) {
                *minimum = (*minimum).min((shingle ^ flip).wrapping_mul(*factor));
            }
        }
        minima
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dedup::minhash::shingles::{Shingles, Unit};

    const SCHEME: Scheme = Scheme { bands: 14, rows: 8, shingles: Shingles { unit: Unit::Word, n: 5 } };

    fn set(seed: u64, n: u32) -> Vec<u32> {
        (0..n).map(|at| hash64(seed, &at.to_le_bytes()) as u32).collect()
    }

    #[test]
    fn every_processor_computes_the_same() {
        let signer = Signer::new(SCHEME, 7);
        for n in [1, 2, 31, 500] {
            let shingles = set(3, n);
            for block in &signer.blocks {
                let expected = block.minima_anywhere(&shingles);
                assert_eq!(block.minima(&shingles), expected);
                #[cfg(target_arch = "x86_64")]
                {
                    if std::arch::is_x86_feature_detected!("avx512f") {
                        // SAFETY: as above.
                        assert_eq!(unsafe { block.minima_avx512(&shingles) }, expected);
                    }
                    if std::arch::is_x86_feature_detected!("avx2") {
                        // SAFETY: as above.
                        assert_eq!(unsafe { block.minima_avx2(&shingles) }, expected);
                    }
                }
            }
        }
    }

    #[test]
    fn pairs_meet_as_often_as_the_curve_says() {
        const PAIRS: u64 = 3_000;
        let signer = Signer::new(SCHEME, 1);
        for similarity in [0.5, 0.7, 0.8, 0.9] {
            // n shared shingles and m more on each side: n / (n + 2 m).
            let n = 200u32;
            let m = (f64::from(n) * (1.0 - similarity) / (2.0 * similarity)).round() as u32;
            let exact = f64::from(n) / f64::from(n + 2 * m);
            let met = (0..PAIRS).filter(|pair| {
                let keys = |side: u64| {
                    let mut keys = Vec::new();
                    signer.keys(&[set(3 * pair, n), set(3 * pair + side, m)].concat(), 0, &mut keys);
                    keys
                };
                keys(1).iter().zip(keys(2)).any(|(a, b)| *a == b)
            });
            let (share, expected) = (met.count() as f64 / PAIRS as f64, SCHEME.probability(exact));
            // Four standard deviations.
            let tolerance = 4.0 * (expected * (1.0 - expected) / PAIRS as f64).sqrt() + 0.002;
            assert!((share - expected).abs() < tolerance, "{exact:.3}: {share:.4}, by the curve {expected:.4}");
        }
    }

    #[test]
    fn keys_are_as_many_as_bands_and_differ_by_salt() {
        let signer = Signer::new(SCHEME, 1);
        let keys = |salt| {
            let mut keys = Vec::new();
            signer.keys(&set(1, 9), salt, &mut keys);
            keys
        };
        assert_eq!(keys(0).len(), 14);
        assert!(keys(0).iter().all(|key| !keys(1).contains(key)));
        let mut none = Vec::new();
        signer.keys(&[], 0, &mut none);
        assert!(none.is_empty());
    }

    #[test]
    fn keys_are_frozen() {
        let mut keys = Vec::new();
        Signer::new(SCHEME, 0).keys(&set(1, 50), 0, &mut keys);
        assert_eq!(keys[..2], FROZEN);
    }

    const FROZEN: [u64; 2] = [9_967_036_865_196_865_361, 9_132_456_270_203_648_673];
}
