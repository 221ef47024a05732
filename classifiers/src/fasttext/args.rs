//! The head of a model file: which features it uses and how it was trained.

use super::ModelError;
use super::bytes::Bytes;

/// First four bytes of every model file, little-endian.
pub(super) const MAGIC: i32 = 793_712_314;
/// `model` of a classifier; 1 and 2 are word vectors.
pub(super) const SUPERVISED: i32 = 3;
/// Longest n-gram that we accept, in characters or words. The library sets no limit, its default is 6; the limit
/// keeps the work linear in the length of a text, whatever the file says.
const LONGEST_NGRAM: i32 = 64;
/// Largest number of buckets that we accept; the library's default is 2,000,000.
const MOST_BUCKETS: i32 = 1 << 28;

/// How the output layer turns sums into probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossName {
    /// A binary tree of logistic decisions, built from the label counts.
    HierarchicalSoftmax,
    /// One logistic decision per label, trained with sampled negatives.
    NegativeSampling,
    /// One distribution over all labels.
    Softmax,
    /// One logistic decision per label; probabilities do not sum to one.
    OneVsAll,
}

/// The arguments that inference needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Args {
    /// Length of a row.
    pub(super) dim: usize,
    /// Longest word n-gram; 1 means words only.
    pub(super) word_ngrams: usize,
    /// Output layer.
    pub(super) loss: LossName,
    /// Number of buckets that n-grams are hashed into.
    pub(super) bucket: u32,
    /// Shortest character n-gram.
    pub(super) min_chars: usize,
    /// Longest character n-gram; 0 means none.
    pub(super) max_chars: usize,
}

impl Args {
    /// Reads magic number, version and arguments.
    pub(super) fn read(bytes: &mut Bytes<'_>) -> Result<Args, ModelError> {
        const PART: &str = "the head of the model";
        if bytes.i32(PART)? != MAGIC {
            return Err(ModelError::Magic { expected: MAGIC });
        }
        let version = bytes.i32(PART)?;
        if !(11..=12).contains(&version) {
            return Err(ModelError::Version { found: version });
        }
        let mut next = |low: i32, high: i32, name: &str| {
            let value = bytes.i32(PART)?;
            let fits = (low..=high).contains(&value);
            fits.then_some(value).ok_or_else(|| {
                ModelError::damaged(PART, format!("`{name}` is `{value}`, expected `{low}` to `{high}`"))
            })
        };
        let dim = next(1, i32::MAX, "dim")?;
        for name in ["ws", "epoch", "minCount", "neg"] {
            next(i32::MIN, i32::MAX, name)?;
        }
        let word_ngrams = next(0, LONGEST_NGRAM, "wordNgrams")?;
        let loss = match next(1, 4, "loss")? {
            1 => LossName::HierarchicalSoftmax,
            2 => LossName::NegativeSampling,
            3 => LossName::Softmax,
            _ => LossName::OneVsAll,
        };
        if next(1, SUPERVISED, "model")? != SUPERVISED {
            return Err(ModelError::NotSupervised);
        }
        let bucket = next(0, MOST_BUCKETS, "bucket")?;
        let min_chars = next(0, i32::MAX, "minn")?;
        let max_chars = next(0, LONGEST_NGRAM, "maxn")?;
        next(i32::MIN, i32::MAX, "lrUpdateRate")?;
        bytes.f64(PART)?;
        // Classifiers of version 11 were trained without character n-grams, whatever `maxn` says.
        let max_chars = if version == 11 { 0 } else { max_chars };
        let args = Args {
            dim: dim as usize,
            word_ngrams: word_ngrams as usize,
            loss,
            bucket: bucket as u32,
            min_chars: min_chars as usize,
            max_chars: max_chars as usize,
        };
        if args.uses_ngrams() && args.bucket == 0 {
            return Err(ModelError::damaged(PART, "it uses n-grams, but `bucket` is `0`"));
        }
        Ok(args)
    }

    /// Whether any feature is hashed into a bucket.
    pub(super) fn uses_ngrams(&self) -> bool {
        self.max_chars > 0 || self.word_ngrams > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A head with one argument replaced; `at` counts 32-bit fields from the magic number.
    fn head(at: usize, value: i32) -> Vec<u8> {
        let mut fields = [MAGIC, 12, 16, 5, 5, 1, 5, 2, 1, SUPERVISED, 2_000_000, 2, 4, 100];
        fields[at] = value;
        fields.iter().flat_map(|field| field.to_le_bytes()).chain(1e-4f64.to_le_bytes()).collect()
    }

    fn read(at: usize, value: i32) -> Result<Args, ModelError> {
        Args::read(&mut Bytes::new(&head(at, value)))
    }

    #[test]
    fn reads_a_head() {
        let args = read(1, 12).unwrap();
        assert_eq!((args.dim, args.word_ngrams, args.bucket), (16, 2, 2_000_000));
        assert_eq!((args.min_chars, args.max_chars, args.loss), (2, 4, LossName::HierarchicalSoftmax));
    }

    #[test]
    fn version_eleven_has_no_character_ngrams() {
        assert_eq!(read(1, 11).unwrap().max_chars, 0);
    }

    #[test]
    fn refuses_other_files_and_odd_arguments() {
        assert!(matches!(read(0, 7), Err(ModelError::Magic { .. })));
        assert_eq!(read(1, 13).unwrap_err(), ModelError::Version { found: 13 });
        assert_eq!(read(9, 1).unwrap_err(), ModelError::NotSupervised);
        for (at, value) in [(2, 0), (7, 65), (8, 5), (9, 4), (10, -1), (10, 0), (11, -1), (12, i32::MAX)] {
            let error = read(at, value).unwrap_err();
            assert!(matches!(error, ModelError::Damaged { .. }), "field {at} = {value}: {error}");
        }
        let whole = head(1, 12);
        for end in 0..whole.len() {
            assert!(Args::read(&mut Bytes::new(&whole[..end])).is_err());
        }
    }
}
