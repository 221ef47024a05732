//! `.samples`: where every training sequence of a shard begins.
//!
//! Headerless little-endian u64 token offsets into the `.bin`, one more than there are sequences: sequence `i` is
//! `bin[offset[i]..offset[i + 1]]`, at most `context` tokens, and no sequence is empty.

use super::megatron::write_numbers;
use std::io::{self, Write};

/// Writes the offsets of all sequences and the end of the last.
///
/// # Errors
/// When the file cannot be written.
pub fn write(out: &mut impl Write, offsets: &[u64]) -> io::Result<()> {
    write_numbers(out, offsets.iter().map(|offset| offset.to_le_bytes()))
}

/// Bytes of the file of `n_sequences` sequences.
pub fn file_bytes(n_sequences: u64) -> u64 {
    n_sequences.saturating_add(1).saturating_mul(8)
}

/// Reads the offsets back.
///
/// # Errors
/// When the file is cut off, does not begin at 0, or an offset is not larger than the one before it.
pub fn read(file: &[u8]) -> Result<Vec<u64>, String> {
    let (words, rest) = file.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(format!("the file has `{}` bytes, which are no whole number of offsets", file.len()));
    }
    let offsets: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
    match offsets.first() {
        None => return Err("the file is empty".to_owned()),
        Some(0) => {}
        Some(first) => return Err(format!("the first sequence begins at token `{first}`")),
    }
    match offsets.windows(2).position(|pair| pair[0] >= pair[1]) {
        Some(sequence) => Err(format!("sequence `{sequence}` has no tokens")),
        None => Ok(offsets),
    }
}

/// Checks the offsets against the pieces of the shard.
///
/// `context` is the largest length of a sequence, 0 for no limit; `cuts_pieces` whether a piece may go on in the next
/// sequence, as it may when documents were packed end to end.
///
/// # Errors
/// Says which sequence is wrong.
pub fn check(offsets: &[u64], pieces: &[u32], context: u64, cuts_pieces: bool) -> Result<(), String> {
    let n_tokens: u64 = pieces.iter().map(|length| u64::from(*length)).sum();
    let end = offsets.last().copied();
    if end != Some(n_tokens) {
        return Err(format!("the sequences end at token `{}`, the shard at `{n_tokens}`", end.unwrap_or(0)));
    }
    let too_long = |pair: &[u64]| context > 0 && pair[1].saturating_sub(pair[0]) > context;
    if let Some(sequence) = offsets.windows(2).position(too_long) {
        return Err(format!("sequence `{sequence}` is longer than the context of `{context}` tokens"));
    }
    let inside = if cuts_pieces { None } else { Sequences::new(offsets, pieces).find(|sequence| sequence.goes_on) };
    match inside {
        Some(sequence) => Err(format!("sequence `{}` begins inside a piece", sequence.number)),
        None => Ok(()),
    }
}

/// One training sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Its number in the shard.
    pub number: usize,
    /// First token in the `.bin`.
    pub start: u64,
    /// Tokens.
    pub length: u64,
    /// Whether it begins inside a piece.
    pub goes_on: bool,
    /// Where its parts of pieces begin, and where the last ends; tokens from the beginning of the sequence.
    pub cu_seqlens: Vec<u64>,
}

/// Walks through the sequences of a shard.
pub struct Sequences<'a> {
    offsets: &'a [u64],
    pieces: &'a [u32],
    number: usize,
    /// The next piece, and where it begins.
    piece: usize,
    piece_start: u64,
}

impl<'a> Sequences<'a> {
    /// Offsets as [`read`] gives them, and the lengths of all pieces.
    pub fn new(offsets: &'a [u64], pieces: &'a [u32]) -> Sequences<'a> {
        Sequences { offsets, pieces, number: 0, piece: 0, piece_start: 0 }
    }
}

impl Iterator for Sequences<'_> {
    type Item = Sequence;

    fn next(&mut self) -> Option<Sequence> {
        let (start, end) = (*self.offsets.get(self.number)?, *self.offsets.get(self.number + 1)?);
        let mut cu_seqlens = vec![0];
        let mut begins_here = false;
        while let Some(length) = self.pieces.get(self.piece).filter(|_| self.piece_start < end) {
            if *length > 0 && self.piece_start == start {
                begins_here = true;
            } else if *length > 0 && self.piece_start > start {
                cu_seqlens.push(self.piece_start - start);
            }
            self.piece_start += u64::from(*length);
            self.piece += 1;
        }
        cu_seqlens.push(end - start);
        self.number += 1;
        Some(Sequence { number: self.number - 1, start, length: end - start, goes_on: !begins_here, cu_seqlens })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_round_trip() {
        for offsets in [vec![0], vec![0, 5], vec![0, 5, 1 << 40]] {
            let mut file = Vec::new();
            write(&mut file, &offsets).unwrap();
            assert_eq!(file.len() as u64, file_bytes(offsets.len() as u64 - 1));
            assert_eq!(read(&file).unwrap(), offsets);
        }
        assert!(read(&[]).is_err() && read(&[0; 9]).is_err() && read(&[0; 16]).is_err() && read(&[1; 8]).is_err());
    }

    #[test]
    fn pieces_inside_sequences() {
        let pieces = [3, 0, 7, 2, 0];
        let found: Vec<_> = Sequences::new(&[0, 4, 8, 12], &pieces).map(|s| (s.goes_on, s.cu_seqlens)).collect();
        assert_eq!(found, [(false, vec![0, 3, 4]), (true, vec![0, 4]), (true, vec![0, 2, 4])]);
        let found: Vec<_> = Sequences::new(&[0, 10, 12], &pieces).map(|s| (s.goes_on, s.cu_seqlens)).collect();
        assert_eq!(found, [(false, vec![0, 3, 10]), (false, vec![0, 2])]);
    }

    #[test]
    fn what_does_not_fit_the_pieces_is_found() {
        let pieces = [3, 0, 7, 2, 0];
        assert_eq!(check(&[0, 10, 12], &pieces, 10, false), Ok(()));
        assert_eq!(check(&[0, 4, 8, 12], &pieces, 4, true), Ok(()));
        assert_eq!(check(&[0, 12], &pieces, 0, false), Ok(()));
        assert!(check(&[0, 10, 12], &pieces, 9, false).unwrap_err().contains("sequence `0` is longer"));
        assert!(check(&[0, 4, 12], &pieces, 0, false).unwrap_err().contains("sequence `1` begins inside"));
        assert!(check(&[0, 10], &pieces, 0, false).is_err() && check(&[], &pieces, 0, true).is_err());
    }
}
