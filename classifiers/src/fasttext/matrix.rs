//! The two weight matrices: dense rows, or product-quantised rows with an optional quantised norm.

use super::ModelError;
use super::bytes::Bytes;
use super::quantizer::Quantizer;

/// Quantised input rows are unpacked at load when all of them fit in this many bytes; larger ones are unpacked row by
/// row when they are used.
const UNPACK_LIMIT: usize = 256 << 20;

/// A matrix whose rows can be added and multiplied.
pub(super) enum Matrix {
    /// Row after row.
    Dense { columns: usize, values: Vec<f32> },
    /// Codes and centroids.
    Quantized { rows: usize, codes: Vec<u8>, quantizer: Quantizer, norms: Option<Norms> },
}

/// The length of each quantised row, itself quantised.
pub(super) struct Norms {
    codes: Vec<u8>,
    quantizer: Quantizer,
}

impl Matrix {
    /// Reads a matrix of `columns` columns.
    pub(super) fn read(
        bytes: &mut Bytes<'_>,
        quantized: bool,
        columns: usize,
        part: &'static str,
    ) -> Result<Matrix, ModelError> {
        let has_norms = quantized && bytes.flag(part)?;
        let (rows, dim) = (bytes.size(part)?, bytes.size(part)?);
        if dim != columns as u64 {
            return Err(ModelError::damaged(part, format!("rows have `{dim}` columns, the model has `{columns}`")));
        }
        if !quantized {
            return Ok(Matrix::Dense { columns, values: bytes.floats(rows.saturating_mul(dim), part)? });
        }
        let n_codes = bytes.i32(part)?;
        let bad_codes = || ModelError::damaged(part, format!("`{n_codes}` codes for `{rows}` rows"));
        let codes = bytes.take(u64::try_from(n_codes).map_err(|_| bad_codes())?, 1, part)?.to_vec();
        let quantizer = Quantizer::read(bytes, dim, part)?;
        if rows.checked_mul(quantizer.n_parts() as u64) != Some(codes.len() as u64) {
            return Err(bad_codes());
        }
        let norms = match has_norms {
            true => {
                Some(Norms { codes: bytes.take(rows, 1, part)?.to_vec(), quantizer: Quantizer::read(bytes, 1, part)? })
            }
            false => None,
        };
        Ok(Matrix::Quantized { rows: rows as usize, codes, quantizer, norms })
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        match self {
            Matrix::Dense { columns, values } => values.len() / columns,
            Matrix::Quantized { rows, .. } => *rows,
        }
    }

    /// The same rows, dense, when they are only going to be added and are few enough.
    ///
    /// Addition rounds `norm * centroid` before it adds, so the products can be stored; a dot product multiplies by
    /// the norm at its end, so a matrix that is multiplied must stay as it is.
    pub(super) fn unpacked_for_adding(self, columns: usize) -> Matrix {
        let Some(n_values) = self.rows().checked_mul(columns).filter(|n| *n <= UNPACK_LIMIT / 4) else { return self };
        if let Matrix::Dense { .. } = self {
            return self;
        }
        let mut values = vec![0.0; n_values];
        values.chunks_exact_mut(columns).enumerate().for_each(|(row, sum)| self.add_row(row, sum));
        Matrix::Dense { columns, values }
    }

    /// `sum += row`, element by element.
    #[inline]
    pub(super) fn add_row(&self, row: usize, sum: &mut [f32]) {
        match self {
            Matrix::Dense { columns, values } => {
                let weights = &values[row * columns..(row + 1) * columns];
                sum.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
            }
            Matrix::Quantized { quantizer, norms, .. } => {
                let norm = norms.as_ref().map_or(1.0, |norms| norms.of(row));
                let weights = self.codes_of(row).iter().enumerate();
                let weights = weights.flat_map(|(part, code)| quantizer.centroid(part, *code));
                sum.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += norm * weight);
            }
        }
    }

    /// The dot product of a row and `vector`, summed from left to right.
    #[inline]
    pub(super) fn dot_row(&self, row: usize, vector: &[f32]) -> f32 {
        match self {
            Matrix::Dense { columns, values } => {
                let weights = &values[row * columns..(row + 1) * columns];
                weights.iter().zip(vector).fold(0.0, |sum, (weight, value)| sum + weight * value)
            }
            Matrix::Quantized { quantizer, norms, .. } => {
                let weights = self.codes_of(row).iter().enumerate();
                let weights = weights.flat_map(|(part, code)| quantizer.centroid(part, *code));
                let sum = vector.iter().zip(weights).fold(0.0, |sum, (value, weight)| sum + value * weight);
                sum * norms.as_ref().map_or(1.0, |norms| norms.of(row))
            }
        }
    }

    fn codes_of(&self, row: usize) -> &[u8] {
        match self {
            Matrix::Dense { .. } => &[],
            Matrix::Quantized { codes, quantizer, .. } => {
                &codes[row * quantizer.n_parts()..(row + 1) * quantizer.n_parts()]
            }
        }
    }
}

impl Norms {
    fn of(&self, row: usize) -> f32 {
        self.quantizer.centroid(0, self.codes[row])[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dense(rows: i64, columns: i64, values: &[f32]) -> Vec<u8> {
        let sizes = [rows, columns].into_iter().flat_map(i64::to_le_bytes);
        sizes.chain(values.iter().flat_map(|value| value.to_le_bytes())).collect()
    }

    /// Two rows of three columns in parts of two and one; centroid `c` of the first part is `(c, -c)`, of the second
    /// `10 c`; row 0 has codes 1 and 2 and norm 4, row 1 codes 3 and 4 and norm 5.
    fn quantized(norms: bool) -> Vec<u8> {
        let mut file = vec![u8::from(norms)];
        file.extend([2i64, 3].into_iter().flat_map(i64::to_le_bytes));
        file.extend(4i32.to_le_bytes());
        file.extend([1, 2, 3, 4]);
        file.extend([3i32, 2, 2, 1].into_iter().flat_map(i32::to_le_bytes));
        file.extend((0..256).flat_map(|c| [c as f32, -(c as f32)]).flat_map(f32::to_le_bytes));
        file.extend((0..256).flat_map(|c| (10.0 * c as f32).to_le_bytes()));
        if norms {
            file.extend([4, 5]);
            file.extend([1i32, 1, 1, 1].into_iter().flat_map(i32::to_le_bytes));
            file.extend((0..256).flat_map(|c| (c as f32).to_le_bytes()));
        }
        file
    }

    fn read(file: &[u8], quantized: bool, columns: usize) -> Result<Matrix, ModelError> {
        Matrix::read(&mut Bytes::new(file), quantized, columns, "rows")
    }

    #[test]
    fn dense_rows_add_and_multiply() {
        let matrix = read(&dense(2, 2, &[1.0, 2.0, 3.0, 4.0]), false, 2).unwrap();
        let mut sum = [10.0, 20.0];
        matrix.add_row(1, &mut sum);
        assert_eq!((matrix.rows(), sum, matrix.dot_row(0, &[5.0, 6.0])), (2, [13.0, 24.0], 17.0));
    }

    #[test]
    fn quantized_rows_are_scaled_by_their_norm() {
        for (norms, scale) in [(true, [4.0, 5.0]), (false, [1.0, 1.0])] {
            let matrix = read(&quantized(norms), true, 3).unwrap();
            let mut sum = [0.0; 3];
            matrix.add_row(0, &mut sum);
            assert_eq!(sum, [scale[0], -scale[0], 20.0 * scale[0]]);
            assert_eq!(matrix.dot_row(1, &[1.0, 2.0, 1.0]), 37.0 * scale[1]);
            let unpacked = matrix.unpacked_for_adding(3);
            assert!(matches!(unpacked, Matrix::Dense { .. }));
            unpacked.add_row(1, &mut sum);
            assert_eq!(sum[2], 20.0 * scale[0] + 40.0 * scale[1]);
        }
    }

    #[test]
    fn refuses_wrong_sizes() {
        assert!(read(&dense(2, 3, &[0.0; 6]), false, 2).is_err());
        assert!(read(&dense(-1, 2, &[]), false, 2).is_err());
        assert!(read(&dense(i64::MAX, 2, &[0.0; 4]), false, 2).is_err());
        let good = quantized(true);
        assert!(read(&good, true, 3).is_ok());
        for end in 0..good.len() {
            assert!(read(&good[..end], true, 3).is_err(), "cut at {end}");
        }
        let mut bad = good;
        bad[17] = 5;
        assert!(read(&bad, true, 3).is_err());
    }
}
