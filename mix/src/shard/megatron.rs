//! Megatron's indexed dataset: `.bin` holds token ids, `.idx` where every piece begins.
//!
//! Layout of `.idx` (Megatron-LM, `megatron/core/datasets/indexed_dataset.py`): `MMIDIDX\0\0`, u64 version 1, u8 dtype
//! code, u64 number of sequences, u64 length of the document index, then i32 lengths, i64 byte pointers and the i64
//! document index (number of documents + 1). All little-endian. We write one sequence and one document for every piece.

use std::io::{self, Write};

pub(super) const MAGIC: &[u8; 9] = b"MMIDIDX\0\0";
pub(super) const VERSION: u64 = 1;

/// Megatron stores ids as u16 below this vocabulary size, else as i32 (it has no u32).
const U16_VOCAB_LIMIT: u32 = 65_500;

/// How ids are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// Two bytes, unsigned.
    U16,
    /// Four bytes, signed.
    I32,
}

impl Dtype {
    /// The type of a code in an index, if it is one of ours.
    pub fn of_code(code: u8) -> Option<Dtype> {
        [Dtype::U16, Dtype::I32].into_iter().find(|dtype| dtype.code() == code)
    }

    /// The narrowest type that Megatron uses for a vocabulary.
    pub fn for_vocab(vocab_size: u32) -> Dtype {
        if vocab_size < U16_VOCAB_LIMIT { Dtype::U16 } else { Dtype::I32 }
    }

    /// The code in the index.
    pub fn code(self) -> u8 {
        match self {
            Dtype::U16 => 8,
            Dtype::I32 => 4,
        }
    }

    /// Bytes of one id.
    pub fn bytes(self) -> usize {
        match self {
            Dtype::U16 => 2,
            Dtype::I32 => 4,
        }
    }

    /// The largest id; one less than a power of two.
    fn max(self) -> u32 {
        match self {
            Dtype::U16 => u32::from(u16::MAX),
            Dtype::I32 => i32::MAX as u32,
        }
    }

    /// The type of a name of numpy's, if it is one of ours.
    pub fn of_name(name: &str) -> Option<Dtype> {
        [Dtype::U16, Dtype::I32].into_iter().find(|dtype| dtype.name() == name)
    }

    /// The name numpy gives it.
    pub fn name(self) -> &'static str {
        match self {
            Dtype::U16 => "uint16",
            Dtype::I32 => "int32",
        }
    }
}

/// Bytes that are gathered before they go to the file.
const BLOCK: usize = 1 << 20;

/// Writes `.bin` as pieces come and remembers their lengths for `.idx`.
pub struct Writer<W> {
    bin: W,
    dtype: Dtype,
    lengths: Vec<i32>,
    n_tokens: u64,
    buffer: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Starts a shard.
    pub fn new(bin: W, dtype: Dtype) -> Writer<W> {
        Writer { bin, dtype, lengths: Vec::new(), n_tokens: 0, buffer: Vec::with_capacity(BLOCK) }
    }

    /// Appends one piece: a document, or a fragment of one.
    ///
    /// # Errors
    /// When an id does not fit the type, the piece is longer than Megatron can say, or the file cannot be written.
    pub fn piece(&mut self, ids: &[u32]) -> io::Result<()> {
        self.piece_of(&[ids])
    }

    /// Appends one piece that is given in several runs of ids, such as begin token, document and end token.
    ///
    /// # Errors
    /// As [`Writer::piece`].
    pub fn piece_of(&mut self, runs: &[&[u32]]) -> io::Result<()> {
        let n_ids: usize = runs.iter().map(|run| run.len()).sum();
        let length = i32::try_from(n_ids).map_err(|_| invalid("a piece of more than 2^31 tokens"))?;
        let n_block = BLOCK / self.dtype.bytes();
        for ids in runs.iter().flat_map(|run| run.chunks(n_block)) {
            self.append(ids)?;
        }
        self.lengths.push(length);
        self.n_tokens += n_ids as u64;
        Ok(())
    }

    /// Tokens so far.
    pub fn n_tokens(&self) -> u64 {
        self.n_tokens
    }

    /// Pieces so far.
    pub fn n_pieces(&self) -> u64 {
        self.lengths.len() as u64
    }

    /// At most one block of ids. Loops without branches, so that the compiler makes wide copies of them.
    fn append(&mut self, ids: &[u32]) -> io::Result<()> {
        // The bits that any id has set: an id is too large exactly when a bit beyond the type is among them.
        if ids.iter().fold(0, |bits, id| bits | id) > self.dtype.max() {
            return Err(invalid("a token id beyond the vocabulary"));
        }
        let bytes = ids.len() * self.dtype.bytes();
        if self.buffer.len() + bytes > BLOCK {
            self.bin.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        let start = self.buffer.len();
        self.buffer.resize(start + bytes, 0);
        let room = &mut self.buffer[start..];
        match self.dtype {
            Dtype::U16 => {
                for (room, id) in room.as_chunks_mut::<2>().0.iter_mut().zip(ids) {
                    *room = (*id as u16).to_le_bytes();
                }
            }
            Dtype::I32 => {
                for (room, id) in room.as_chunks_mut::<4>().0.iter_mut().zip(ids) {
                    *room = id.to_le_bytes();
                }
            }
        }
        Ok(())
    }

    /// Writes the index and gives back the `.bin`.
    ///
    /// # Errors
    /// When one of the files cannot be written.
    pub fn finish(mut self, index: &mut impl Write) -> io::Result<W> {
        self.bin.write_all(&self.buffer)?;
        self.bin.flush()?;
        let n = self.lengths.len() as u64;
        let mut header = Vec::from(MAGIC);
        header.extend(VERSION.to_le_bytes());
        header.push(self.dtype.code());
        header.extend([n, n + 1].iter().flat_map(|n| n.to_le_bytes()));
        index.write_all(&header)?;
        write_numbers(index, self.lengths.iter().map(|length| length.to_le_bytes()))?;
        let mut end = 0i64;
        let pointers = self.lengths.iter().map(|length| {
            let pointer = end;
            end += i64::from(*length) * self.dtype.bytes() as i64;
            pointer.to_le_bytes()
        });
        write_numbers(index, pointers)?;
        write_numbers(index, (0..=n as i64).map(i64::to_le_bytes))?;
        Ok(self.bin)
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// Writes numbers in large blocks.
pub(super) fn write_numbers<const N: usize>(
    out: &mut impl Write,
    numbers: impl Iterator<Item = [u8; N]>,
) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(BLOCK);
    for number in numbers {
        if buffer.len() + N > BLOCK {
            out.write_all(&buffer)?;
            buffer.clear();
        }
        buffer.extend_from_slice(&number);
    }
    out.write_all(&buffer)
}

/// Bytes of an index of `n_pieces` pieces.
pub fn index_bytes(n_pieces: u64) -> u64 {
    n_pieces.saturating_mul(4 + 8 + 8).saturating_add(34 + 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_megatrons() {
        let mut writer = Writer::new(Vec::new(), Dtype::U16);
        writer.piece(&[1, 2]).unwrap();
        writer.piece(&[3]).unwrap();
        let mut index = Vec::new();
        assert_eq!(writer.finish(&mut index).unwrap(), [1, 0, 2, 0, 3, 0]);
        assert_eq!(index.len() as u64, index_bytes(2));
        assert_eq!(&index[..9], MAGIC);
        assert_eq!(index[9..17], 1u64.to_le_bytes());
        assert_eq!(index[17], 8);
        assert_eq!(index[18..34], [2u64.to_le_bytes(), 3u64.to_le_bytes()].concat());
        assert_eq!(index[34..42], [2i32.to_le_bytes(), 1i32.to_le_bytes()].concat(), "lengths");
        assert_eq!(index[42..58], [0i64.to_le_bytes(), 4i64.to_le_bytes()].concat(), "pointers");
        assert_eq!(index[58..], [0i64.to_le_bytes(), 1i64.to_le_bytes(), 2i64.to_le_bytes()].concat(), "documents");
    }

    #[test]
    fn small_vocabularies_take_two_bytes() {
        assert_eq!((Dtype::for_vocab(50_257), Dtype::for_vocab(65_499)), (Dtype::U16, Dtype::U16));
        assert_eq!((Dtype::for_vocab(65_500), Dtype::for_vocab(128_256)), (Dtype::I32, Dtype::I32));
    }

    #[test]
    fn an_id_that_does_not_fit_is_refused() {
        assert!(Writer::new(Vec::new(), Dtype::U16).piece(&[65_536]).is_err());
        assert!(Writer::new(Vec::new(), Dtype::I32).piece(&[1 << 31]).is_err());
    }

    /// Blocks, runs and pieces end at different places; the file does not show it.
    #[test]
    fn pieces_of_any_size_and_in_any_runs_are_the_same_bytes() {
        let ids: Vec<u32> = (0..3_000_000u32).map(|id| id * 7 % 65_499).collect();
        for dtype in [Dtype::U16, Dtype::I32] {
            let expected: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()[..dtype.bytes()].to_vec()).collect();
            let (mut whole, mut parted) = (Writer::new(Vec::new(), dtype), Writer::new(Vec::new(), dtype));
            whole.piece(&ids).unwrap();
            for ids in ids.chunks(70_001) {
                parted.piece_of(&[&ids[..1], &[], &ids[1..ids.len() - 1], &ids[ids.len() - 1..]]).unwrap();
            }
            assert_eq!((parted.n_pieces(), parted.n_tokens()), (43, 3_000_000));
            let (mut index, mut parted_index) = (Vec::new(), Vec::new());
            assert!(whole.finish(&mut index).unwrap() == expected);
            assert!(parted.finish(&mut parted_index).unwrap() == expected);
            assert_eq!((index.len() as u64, parted_index.len() as u64), (index_bytes(1), index_bytes(43)));
        }
    }
}
