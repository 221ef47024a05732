//! The small `.ftz` file: fewer rows, and each row as codes (Joulin et al., "FastText.zip", 2016).

use super::kmeans::Centroids;
use super::options::TrainError;
use super::random::Random;
use super::trained::Trained;
use super::weights::dot;
use crate::fasttext::file::{self, Codes};
use crate::fasttext::quantizer::N_CENTROIDS;
use crate::fasttext::tokens::END_OF_LINE;

/// The seed of the quantiser; fastText's.
const SEED: u64 = 1234;
/// Floats in a part of a decision.
const OUTPUT_WIDTH: usize = 2;

/// What becomes of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantization {
    /// Features that are kept, those with the longest rows; `None` for all.
    pub n_kept: Option<usize>,
    /// Floats in a part of a row, each of which becomes one byte; at least 1. fastText's default is 2.
    pub width: usize,
    /// Whether the lengths of rows are quantised apart, in one more byte a row.
    pub norms: bool,
    /// Whether decisions are quantised, too, which takes 256 labels.
    pub output: bool,
}

impl Default for Quantization {
    fn default() -> Quantization {
        Quantization { n_kept: None, width: 2, norms: false, output: false }
    }
}

impl Quantization {
    /// Checks what can be checked without a model.
    ///
    /// # Errors
    /// When the width is 0, or too few features would be left.
    pub fn check(&self) -> Result<(), TrainError> {
        if self.width == 0 {
            return Err(TrainError::Quantize("a part of a row must have one float or more: raise `width`".to_owned()));
        }
        if self.n_kept.is_some_and(|n| n < N_CENTROIDS) {
            return Err(TrainError::Quantize(format!(
                "`features` must be at least {N_CENTROIDS}, to learn codes from"
            )));
        }
        Ok(())
    }
}

impl Trained {
    /// The `.ftz` file.
    ///
    /// # Errors
    /// When there are fewer than 256 rows to learn the codes from, or the width is 0.
    pub fn to_ftz(&self, how: &Quantization) -> Result<Vec<u8>, TrainError> {
        how.check()?;
        let dim = self.weights.dim;
        let (n_words, n_rows) = (self.words.len(), self.weights.input.len() / dim);
        let mut random = Random::new(SEED);
        let mut out = Vec::new();
        file::head(&mut out, &self.options);
        let input = match how.n_kept.filter(|n| *n < n_rows) {
            None => {
                file::dictionary(&mut out, &self.words, &self.labels, self.n_tokens, None);
                self.weights.input.clone()
            }
            Some(n_kept) => {
                let (mut words, ngrams): (Vec<u32>, Vec<u32>) =
                    self.longest_rows(n_kept).into_iter().partition(|row| (*row as usize) < n_words);
                words.sort_unstable();
                let kept: Vec<(Vec<u8>, u64)> = words.iter().map(|row| self.words[*row as usize].clone()).collect();
                let buckets: Vec<u32> = ngrams.iter().map(|row| row - n_words as u32).collect();
                file::dictionary(&mut out, &kept, &self.labels, self.n_tokens, Some(&buckets));
                words.iter().chain(&ngrams).flat_map(|row| self.weights.feature(*row)).copied().collect()
            }
        };
        out.push(1);
        write(&mut out, input, dim, how.width, how.norms, &mut random)?;
        out.push(u8::from(how.output));
        if how.output {
            write(&mut out, self.weights.output.clone(), dim, OUTPUT_WIDTH, how.norms, &mut random)?;
        } else {
            file::dense(&mut out, &self.weights.output, dim);
        }
        Ok(out)
    }

    /// The features with the longest rows, the longest first; the end of the line comes before all.
    fn longest_rows(&self, n: usize) -> Vec<u32> {
        let n_rows = (self.weights.input.len() / self.weights.dim) as u32;
        let end_of_line = self.words.iter().position(|(word, _)| word == END_OF_LINE);
        let length = |row: u32| match end_of_line == Some(row as usize) {
            true => f32::INFINITY,
            false => dot(self.weights.feature(row), self.weights.feature(row)),
        };
        let mut rows: Vec<(f32, u32)> = (0..n_rows).map(|row| (length(row), row)).collect();
        rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        rows.into_iter().take(n).map(|(_, row)| row).collect()
    }
}

/// Quantises a matrix and writes it.
fn write(
    out: &mut Vec<u8>,
    mut values: Vec<f32>,
    columns: usize,
    width: usize,
    norms: bool,
    random: &mut Random,
) -> Result<(), TrainError> {
    let n_rows = values.len() / columns;
    if n_rows < N_CENTROIDS {
        let what = format!("`{n_rows}` rows are too few: codes are learned from `{N_CENTROIDS}` or more");
        return Err(TrainError::Quantize(what));
    }
    let width = width.min(columns);
    let mut lengths = Vec::new();
    if norms {
        for row in values.chunks_exact_mut(columns) {
            let length = libm::sqrtf(dot(row, row));
            lengths.push(length);
            if length > 0.0 {
                row.iter_mut().for_each(|value| *value /= length);
            }
        }
    }
    if n_rows.saturating_mul(columns.div_ceil(width)) > i32::MAX as usize {
        return Err(TrainError::Quantize("there are more codes than the format can count: raise `width`".to_owned()));
    }
    let (codes, centroids) = quantize(&values, columns, width, random);
    let rows = Codes { n_rows, columns, width, codes: &codes, centroids: &centroids };
    if norms {
        let (codes, centroids) = quantize(&lengths, 1, 1, random);
        file::quantized(
            out,
            &rows,
            Some(&Codes { n_rows, columns: 1, width: 1, codes: &codes, centroids: &centroids }),
        );
    } else {
        file::quantized(out, &rows, None);
    }
    Ok(())
}

/// The codes of all rows, and the centroids.
fn quantize(values: &[f32], columns: usize, width: usize, random: &mut Random) -> (Vec<u8>, Vec<f32>) {
    let n_parts = columns.div_ceil(width);
    let mut codes = vec![0; values.len() / columns * n_parts];
    let mut centroids = Vec::with_capacity(N_CENTROIDS * columns);
    for part in 0..n_parts {
        let place = part * width..((part + 1) * width).min(columns);
        let points = || values.chunks_exact(columns).map(|row| &row[place.clone()]);
        let learned = Centroids::learn(points(), place.len(), random);
        let mine = codes.chunks_exact_mut(n_parts).filter_map(|codes| codes.get_mut(part));
        mine.zip(points()).for_each(|(code, point)| *code = learned.nearest(point));
        centroids.extend(learned.rows());
    }
    (codes, centroids)
}
