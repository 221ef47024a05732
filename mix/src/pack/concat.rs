//! Documents end to end, and documents each on their own: the two methods that keep the shuffled order.

use super::{Long, MAX_PIECE, Packed, Piece};

/// Documents end to end; a sequence begins every `context` tokens, wherever that falls.
pub fn concat(lengths: &[u64], context: u64, long: Long) -> Packed {
    let mut packed = Packed { pieces: Vec::with_capacity(lengths.len()), ..Packed::default() };
    let mut n_tokens = 0;
    for (document, length) in lengths.iter().enumerate() {
        let kept = match long {
            Long::Fragment => *length,
            Long::Truncate => *length.min(&context),
        };
        packed.n_truncated += length - kept;
        n_tokens += kept;
        cut(document as u32, kept, MAX_PIECE, |piece| packed.pieces.push(piece));
    }
    let n_sequences = n_tokens.div_ceil(context);
    packed.offsets = (0..n_sequences).map(|sequence| sequence * context).collect();
    packed.offsets.push(n_tokens);
    packed
}

/// One sequence for each document or fragment of at most `limit` tokens.
pub fn none(lengths: &[u64], limit: u64, long: Long) -> Packed {
    let mut packed = Packed { pieces: Vec::with_capacity(lengths.len()), offsets: vec![0], n_truncated: 0 };
    let mut n_tokens = 0;
    for (document, length) in lengths.iter().enumerate() {
        let kept = match long {
            Long::Fragment => *length,
            Long::Truncate => *length.min(&limit),
        };
        packed.n_truncated += length - kept;
        cut(document as u32, kept, limit, |piece| {
            packed.pieces.push(piece);
            n_tokens += u64::from(piece.len);
            if piece.len > 0 {
                packed.offsets.push(n_tokens);
            }
        });
    }
    packed
}

/// Cuts `length` tokens into pieces of `limit` and a rest; an empty document is one empty piece.
fn cut(document: u32, length: u64, limit: u64, mut each: impl FnMut(Piece)) {
    let mut start = 0;
    loop {
        let len = (length - start).min(limit);
        each(Piece { document, start, len: len as u32 });
        start += len;
        if start >= length {
            return;
        }
    }
}
