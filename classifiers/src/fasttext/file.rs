//! Writes the parts of a model file, version 12, as [`super::Model`] reads them.

use super::args::{LossName, MAGIC, SUPERVISED};
use super::model::LABEL_PREFIX;
use super::train::Options;

/// The version of the format that is written.
const VERSION: i32 = 12;

/// What fastText writes for what has no meaning for a classifier: the window of words, negatives, the rate of updates and the
/// threshold of sampling.
const WINDOW: i32 = 5;
const NEGATIVES: i32 = 5;
const UPDATE_RATE: i32 = 100;
const SAMPLING: f64 = 1e-4;

/// A number as the format has it; what is larger than the format allows was refused before.
fn int(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn ints(out: &mut Vec<u8>, values: &[i32]) {
    values.iter().for_each(|value| out.extend(value.to_le_bytes()));
}

fn longs(out: &mut Vec<u8>, values: &[i64]) {
    values.iter().for_each(|value| out.extend(value.to_le_bytes()));
}

/// Floats one after the other.
pub(super) fn floats(out: &mut Vec<u8>, values: &[f32]) {
    values.iter().for_each(|value| out.extend(value.to_le_bytes()));
}

/// Magic number, version and arguments.
pub(super) fn head(out: &mut Vec<u8>, options: &Options) {
    let loss = match options.loss {
        LossName::HierarchicalSoftmax => 1,
        LossName::NegativeSampling => 2,
        LossName::Softmax => 3,
        LossName::OneVsAll => 4,
    };
    ints(out, &[MAGIC, VERSION, int(options.dim as u64), WINDOW, int(options.epochs.into())]);
    ints(out, &[int(options.min_count), NEGATIVES, int(options.word_ngrams as u64), loss, SUPERVISED]);
    ints(out, &[int(options.n_buckets().into()), int(options.min_chars as u64), int(options.max_chars as u64)]);
    ints(out, &[UPDATE_RATE]);
    out.extend(SAMPLING.to_le_bytes());
}

/// Words, labels, and the rows of the n-grams that are left, by bucket, if not all are.
pub(super) fn dictionary(
    out: &mut Vec<u8>,
    words: &[(Vec<u8>, u64)],
    labels: &[(Vec<u8>, u64)],
    n_tokens: u64,
    kept_buckets: Option<&[u32]>,
) {
    let (n_words, n_labels) = (words.len() as u64, labels.len() as u64);
    ints(out, &[int(n_words + n_labels), int(n_words), int(n_labels)]);
    longs(out, &[n_tokens.cast_signed(), kept_buckets.map_or(-1, |kept| kept.len() as i64)]);
    for (prefix, kind, entries) in [("", 0, words), (LABEL_PREFIX, 1, labels)] {
        for (word, count) in entries {
            out.extend(prefix.as_bytes());
            out.extend(word);
            out.push(0);
            longs(out, &[count.cast_signed()]);
            out.push(kind);
        }
    }
    for (row, bucket) in kept_buckets.unwrap_or_default().iter().enumerate() {
        ints(out, &[int((*bucket).into()), int(row as u64)]);
    }
}

/// A dense matrix.
pub(super) fn dense(out: &mut Vec<u8>, values: &[f32], columns: usize) {
    longs(out, &[(values.len() / columns) as i64, columns as i64]);
    floats(out, values);
}

/// The codes and centroids of a product quantiser.
pub(super) struct Codes<'a> {
    /// Rows of the matrix.
    pub(super) n_rows: usize,
    /// Floats in a row.
    pub(super) columns: usize,
    /// Floats in a part of a row.
    pub(super) width: usize,
    /// One byte for each part of each row.
    pub(super) codes: &'a [u8],
    /// Centroids, part after part.
    pub(super) centroids: &'a [f32],
}

/// A quantised matrix, with the quantised lengths of its rows if they were taken out.
pub(super) fn quantized(out: &mut Vec<u8>, rows: &Codes<'_>, norms: Option<&Codes<'_>>) {
    out.push(u8::from(norms.is_some()));
    longs(out, &[rows.n_rows as i64, rows.columns as i64]);
    ints(out, &[int(rows.codes.len() as u64)]);
    out.extend(rows.codes);
    quantizer(out, rows);
    if let Some(norms) = norms {
        out.extend(norms.codes);
        quantizer(out, norms);
    }
}

fn quantizer(out: &mut Vec<u8>, codes: &Codes<'_>) {
    let n_parts = codes.columns.div_ceil(codes.width);
    let last = codes.columns - (n_parts - 1) * codes.width;
    ints(out, &[codes.columns, n_parts, codes.width, last].map(|number| int(number as u64)));
    floats(out, codes.centroids);
}
