//! Product quantisation: a row is a list of codes, each naming one of 256 centroids for its part of the row.
//!
//! Jégou, Douze and Schmid, "Product Quantization for Nearest Neighbor Search", 2011, as stored by fastText.

use super::ModelError;
use super::bytes::Bytes;

/// Centroids of each part; a code is one byte.
pub(super) const N_CENTROIDS: usize = 256;

/// The centroids of all parts of a row.
pub(super) struct Quantizer {
    /// Floats in each part but the last.
    width: usize,
    /// Floats in the last part.
    last_width: usize,
    n_parts: usize,
    centroids: Vec<f32>,
}

impl Quantizer {
    /// Reads the centroids of rows with `dim` floats.
    pub(super) fn read(bytes: &mut Bytes<'_>, dim: u64, part: &'static str) -> Result<Quantizer, ModelError> {
        let fields = [bytes.i32(part)?, bytes.i32(part)?, bytes.i32(part)?, bytes.i32(part)?];
        let bad = || ModelError::damaged(part, format!("a quantiser of {fields:?} does not fit rows of `{dim}`"));
        let [Ok(dim_here), Ok(n_parts), Ok(width), Ok(last_width)] = fields.map(u64::try_from) else {
            return Err(bad());
        };
        // All parts but the last are of equal width, the last is not wider, and together they make a row.
        let whole = n_parts.checked_sub(1).map(|whole| whole * width + last_width);
        if dim_here != dim || whole != Some(dim) || last_width == 0 || last_width > width {
            return Err(bad());
        }
        let centroids = bytes.floats(dim.saturating_mul(N_CENTROIDS as u64), part)?;
        Ok(Quantizer { width: width as usize, last_width: last_width as usize, n_parts: n_parts as usize, centroids })
    }

    /// Codes per row.
    pub(super) fn n_parts(&self) -> usize {
        self.n_parts
    }

    /// The centroid that `code` names in part `part` of a row.
    #[inline]
    pub(super) fn centroid(&self, part: usize, code: u8) -> &[f32] {
        let width = if part + 1 == self.n_parts { self.last_width } else { self.width };
        let start = part * N_CENTROIDS * self.width + code as usize * width;
        &self.centroids[start..start + width]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: [i32; 4], dim: u64) -> Result<Quantizer, ModelError> {
        let floats = (0..dim * 256).flat_map(|i| (i as f32).to_le_bytes());
        let file: Vec<u8> = fields.iter().flat_map(|field| field.to_le_bytes()).chain(floats).collect();
        Quantizer::read(&mut Bytes::new(&file), dim, "rows")
    }

    #[test]
    fn the_last_part_may_be_narrower() {
        let quantizer = read([5, 3, 2, 1], 5).unwrap();
        assert_eq!(quantizer.n_parts(), 3);
        assert_eq!(quantizer.centroid(0, 0), [0.0, 1.0]);
        assert_eq!(quantizer.centroid(1, 255), [1022.0, 1023.0]);
        assert_eq!(quantizer.centroid(2, 255), [1279.0]);
    }

    #[test]
    fn refuses_parts_that_do_not_make_a_row() {
        for fields in
            [[5, 3, 2, 2], [5, 2, 2, 1], [4, 3, 2, 1], [5, 0, 2, 1], [5, 3, 1, 3], [5, -1, 2, 1], [5, 6, 1, 0]]
        {
            assert!(read(fields, 5).is_err(), "{fields:?}");
        }
    }
}
