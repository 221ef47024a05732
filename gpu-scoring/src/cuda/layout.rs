//! What a batch looks like on the device: ids, positions, boundaries and tiles of the attention in one piece of memory, and
//! the number of rows that matrices are padded to.

use crate::batcher::Batch;
use crate::device::DeviceError;

/// Tokens of a batch at most: 132 tiles of 128 rows, one for each multiprocessor of an H100.
pub const BUDGET: usize = 16_896;
/// Rows are padded to a multiple of this: 11 tiles of 128 rows.
pub const ROWS_STEP: usize = 1_408;
/// How many numbers of rows there are.
pub const N_BUCKETS: usize = BUDGET / ROWS_STEP;
/// Queries of a large and of a small tile of the attention.
const LARGE: u32 = 128;
const SMALL: u32 = 64;

/// The place among the numbers of rows for at least one and at most [`BUDGET`] rows.
pub fn bucket(n_rows: usize) -> usize {
    n_rows.div_ceil(ROWS_STEP).clamp(1, N_BUCKETS) - 1
}

/// The rows of a place.
pub fn rows(bucket: usize) -> usize {
    (bucket + 1) * ROWS_STEP
}

/// A tile of the attention: row of its first query, row of the result for it, first row of its sequence, rows of that.
type Tile = [u32; 4];

/// A batch as numbers, ready to be copied.
#[derive(Debug, Default)]
pub struct Layout {
    /// Tokens.
    pub n_tokens: usize,
    /// Sequences that are not empty.
    pub n_sequences: usize,
    /// Whether each sequence of the batch has tokens.
    pub is_there: Vec<bool>,
    /// Tiles of 128 and of 64 queries, and those of the first queries alone, one for each sequence.
    pub n_tiles: [usize; 3],
    /// Where positions, boundaries and the three lists of tiles begin; ids do at 0.
    pub positions: usize,
    /// See above.
    pub boundaries: usize,
    /// See above.
    pub tiles: [usize; 3],
    /// Numbers altogether.
    pub n_numbers: usize,
}

/// Numbers of a layout at most: an id, a position, a boundary, a tile and a tile of a first query for every token.
pub const MAX_NUMBERS: usize = 11 * BUDGET + 32;

impl Layout {
    /// Writes a batch into `numbers`, which has room for [`MAX_NUMBERS`].
    ///
    /// # Errors
    /// When the batch is too large, contradicts itself, or has an id or a length that the model does not know.
    pub fn write(batch: &Batch, n_words: usize, max_tokens: usize, numbers: &mut [u32]) -> Result<Layout, DeviceError> {
        let refuse = |why: String| Err(DeviceError(format!("a batch for a GPU {why}")));
        let n_tokens = batch.ids.len();
        if n_tokens > BUDGET {
            return refuse(format!("has {n_tokens} tokens; at most {BUDGET} are taken"));
        }
        if let Some(id) = batch.ids.iter().find(|id| **id as usize >= n_words) {
            return refuse(format!("has the id {id}; the model has {n_words} words"));
        }
        let mut layout = Layout { n_tokens, ..Layout::default() };
        let (mut positions, mut boundaries) = (Vec::with_capacity(n_tokens), vec![0]);
        let mut tiles: [Vec<Tile>; 3] = Default::default();
        for (from, to) in batch.boundaries.iter().zip(batch.boundaries.iter().skip(1)) {
            if from > to || positions.len() != *from as usize {
                return refuse(format!("has a sequence from {from} to {to}"));
            }
            let length = to - from;
            if length as usize > max_tokens {
                return refuse(format!("has a sequence of {length} tokens; the model takes {max_tokens}"));
            }
            layout.is_there.push(length > 0);
            if length > 0 {
                positions.extend(0..length);
                tiles[2].push([*from, boundaries.len() as u32 - 1, *from, length]);
                boundaries.push(*to);
                cut(*from, length, &mut tiles);
            }
        }
        if positions.len() != n_tokens {
            return refuse(format!("has {n_tokens} ids and boundaries for {}", positions.len()));
        }
        layout.n_sequences = boundaries.len() - 1;
        layout.n_tiles = [tiles[0].len(), tiles[1].len(), tiles[2].len()];

        let mut end = 0;
        let mut place = |part: &[u32]| -> Result<usize, DeviceError> {
            let from = end;
            // Every part begins at a multiple of 16 bytes.
            end = (from + part.len()).next_multiple_of(4);
            let to = numbers.get_mut(from..from + part.len());
            to.ok_or_else(|| DeviceError("a batch does not fit into the memory for it".to_owned()))?
                .copy_from_slice(part);
            Ok(from)
        };
        place(&batch.ids)?;
        layout.positions = place(&positions)?;
        layout.boundaries = place(&boundaries)?;
        for (at, list) in layout.tiles.iter_mut().zip(&tiles) {
            *at = place(list.as_flattened())?;
        }
        layout.n_numbers = end;
        Ok(layout)
    }
}

/// Cuts a sequence into large tiles, and a small one where at most [`SMALL`] queries are left.
fn cut(from: u32, length: u32, tiles: &mut [Vec<Tile>; 3]) {
    let mut done = 0;
    while done < length {
        let list = usize::from(length - done <= SMALL);
        tiles[list].push([from + done, from + done, from, length]);
        done += LARGE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batcher::pack;

    #[test]
    fn rows_are_padded_to_few_numbers() {
        assert_eq!((bucket(1), bucket(1_408), bucket(1_409), bucket(BUDGET)), (0, 0, 1, 11));
        assert!((1..=BUDGET).all(|n| rows(bucket(n)) >= n && rows(bucket(n)) - n < ROWS_STEP));
        assert_eq!(N_BUCKETS * ROWS_STEP, BUDGET);
    }

    #[test]
    fn every_query_is_in_one_tile() {
        let lengths = [1, 0, 63, 64, 65, 127, 128, 129, 192, 193, 256, 512, 0];
        let sequences: Vec<Vec<u32>> = lengths.iter().map(|n| vec![7; *n]).collect();
        let batch = &pack(&sequences, BUDGET)[0];
        let mut numbers = vec![u32::MAX; MAX_NUMBERS];
        let layout = Layout::write(batch, 8, 512, &mut numbers).unwrap();
        assert_eq!(layout.n_sequences, 11);
        assert_eq!(layout.is_there, lengths.map(|n| n > 0));
        let boundaries = &numbers[layout.boundaries..=layout.boundaries + 11];
        assert_eq!((boundaries[0], boundaries[1], boundaries[2], boundaries[11]), (0, 1, 64, layout.n_tokens as u32));
        let mut times = vec![0; layout.n_tokens];
        for (list, most) in [(0, LARGE), (1, SMALL)] {
            let tiles = numbers[layout.tiles[list]..][..4 * layout.n_tiles[list]].as_chunks::<4>().0;
            for [query, out, start, length] in tiles {
                assert_eq!(query, out);
                assert!(boundaries.windows(2).any(|ends| ends[0] == *start && ends[1] == start + length));
                let n = (start + length - query).min(most);
                assert!(n > 0);
                (*query..query + n).for_each(|row| times[row as usize] += 1);
            }
        }
        assert!(times.iter().all(|times| *times == 1));
        let firsts = numbers[layout.tiles[2]..][..4 * layout.n_tiles[2]].as_chunks::<4>().0;
        for (at, [query, out, start, length]) in firsts.iter().enumerate() {
            assert_eq!((*query, *out, *length), (*start, at as u32, boundaries[at + 1] - boundaries[at]));
        }
        assert_eq!(numbers[layout.positions + 1], 0);
        assert_eq!(numbers[layout.positions + 63], 62);
        assert!(layout.tiles.iter().all(|at| at % 4 == 0));
    }

    #[test]
    fn the_largest_batch_fits_and_larger_ones_are_refused() {
        let mut numbers = vec![0; MAX_NUMBERS];
        let batch =
            |lengths: Vec<usize>| pack(&lengths.iter().map(|n| vec![0; *n]).collect::<Vec<_>>(), usize::MAX)[0].clone();
        let ones = Layout::write(&batch(vec![1; BUDGET]), 1, 512, &mut numbers).unwrap();
        assert!(ones.n_numbers <= MAX_NUMBERS && ones.n_sequences == BUDGET);
        let mut write = |batch: &Batch| Layout::write(batch, 1, 512, &mut numbers);
        assert!(write(&batch(vec![1; BUDGET + 1])).unwrap_err().0.contains("16897 tokens"));
        assert!(write(&batch(vec![513])).unwrap_err().0.contains("513 tokens"));
        let mut wrong = batch(vec![3, 4]);
        wrong.ids[2] = 1;
        assert!(write(&wrong).unwrap_err().0.contains("the id 1"));
        let mut wrong = batch(vec![3, 4]);
        wrong.boundaries[1] = 9;
        assert!(write(&wrong).unwrap_err().0.contains("from 9 to 7"));
        wrong.boundaries = vec![0, 3];
        assert!(write(&wrong).unwrap_err().0.contains("boundaries for 3"));
        assert_eq!(write(&Batch::default()).unwrap().n_sequences, 0);
        assert_eq!(write(&batch(vec![0, 0])).unwrap().is_there, [false, false]);
    }
}
