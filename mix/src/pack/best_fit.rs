//! Best-fit decreasing: the longest document first, each into the fullest sequence that has room for it.
//!
//! What is longer than the context is cut first: its full fragments are sequences of their own, and the rest is packed.
//! Sequences come in the order of the documents that opened them, and pieces of a sequence in the order of documents,
//! so the place of a document in the shard has nothing to do with its length.

use super::capacities::Capacities;
use super::{Long, Packed, Piece};

/// No sequence.
const NOWHERE: u32 = u32::MAX;

/// Packs documents into sequences of at most `context` tokens.
pub fn best_fit(lengths: &[u64], context: u32, long: Long) -> Packed {
    let n_truncated = match long {
        Long::Fragment => 0,
        Long::Truncate => lengths.iter().map(|length| length.saturating_sub(u64::from(context))).sum(),
    };
    let cuts = Cuts { lengths, context, long };
    let bins = cuts.choose();
    let n_full: u64 = (0..lengths.len()).map(|document| cuts.of(document).0).sum();
    let n_bins = n_full as usize + bins.openers.len();
    // The number of each bin in the shard follows from where its opener stands.
    let mut numbers = vec![0u32; bins.openers.len()];
    let mut next = 0;
    for document in 0..lengths.len() {
        next += cuts.of(document).0 as usize;
        if let Some(bin) = bins.opened_by(document) {
            numbers[bin as usize] = next as u32;
            next += 1;
        }
    }
    let mut ends = vec![0u32; n_bins.max(1)];
    let mut offsets = vec![0u64; n_bins + 1];
    let mut n_pieces = 0usize;
    cuts.each_piece(&bins, &numbers, |piece, bin| {
        ends[bin] += 1;
        n_pieces += 1;
        if let Some(tokens) = offsets.get_mut(bin + 1) {
            *tokens += u64::from(piece.len);
        }
    });
    for bin in 0..n_bins {
        offsets[bin + 1] += offsets[bin];
    }
    // From counts to the place of the first piece of each bin.
    let mut first = 0;
    for end in &mut ends {
        first += std::mem::replace(end, first);
    }
    let mut pieces = vec![Piece::default(); n_pieces];
    cuts.each_piece(&bins, &numbers, |piece, bin| {
        pieces[ends[bin] as usize] = piece;
        ends[bin] += 1;
    });
    Packed { pieces, offsets, n_truncated }
}

/// Where the rests of documents go.
struct Bins {
    /// By document: the bin of what is shorter than the context, or [`NOWHERE`].
    of: Vec<u32>,
    /// By bin: the document that opened it, which is the longest in it.
    openers: Vec<u32>,
}

impl Bins {
    fn opened_by(&self, document: usize) -> Option<u32> {
        let bin = self.of[document];
        (bin != NOWHERE && self.openers[bin as usize] as usize == document).then_some(bin)
    }
}

/// How documents are cut.
#[derive(Clone, Copy)]
struct Cuts<'a> {
    lengths: &'a [u64],
    context: u32,
    long: Long,
}

impl Cuts<'_> {
    /// Fragments of exactly `context` tokens, and the tokens of what remains.
    fn of(&self, document: usize) -> (u64, u32) {
        let (length, context) = (self.lengths[document], u64::from(self.context));
        match self.long {
            _ if length < context => (0, length as u32),
            Long::Fragment => (length / context, (length % context) as u32),
            Long::Truncate => (1, 0),
        }
    }

    fn choose(&self) -> Bins {
        let (order, ends) = self.by_length();
        let mut bins = Bins { of: vec![NOWHERE; self.lengths.len()], openers: Vec::new() };
        let mut open = Capacities::new(self.context);
        let mut end = order.len();
        for length in (1..self.context).rev() {
            let start = ends[length as usize - 1] as usize;
            for document in &order[start..end] {
                let (bin, free) = open.take(length).unwrap_or_else(|| {
                    bins.openers.push(*document);
                    (bins.openers.len() as u32 - 1, self.context)
                });
                bins.of[*document as usize] = bin;
                open.put(bin, free - length);
            }
            end = start;
        }
        bins
    }

    /// The documents with a rest, by its length and then as [`spread`] goes; and the end of every length in that.
    fn by_length(&self) -> (Vec<u32>, Vec<u32>) {
        let mut ends = vec![0u32; self.context as usize];
        for document in 0..self.lengths.len() {
            let rest = self.of(document).1;
            ends[rest as usize] += u32::from(rest > 0);
        }
        let mut n = 0;
        for end in &mut ends {
            n += std::mem::replace(end, n);
        }
        let mut order = vec![0u32; n as usize];
        for document in spread(self.lengths.len()) {
            let rest = self.of(document).1;
            if rest > 0 {
                let place = &mut ends[rest as usize];
                order[*place as usize] = document as u32;
                *place += 1;
            }
        }
        (order, ends)
    }

    /// Every piece with the number of its bin, in the order of documents. Empty documents go where the piece before went.
    fn each_piece(&self, bins: &Bins, numbers: &[u32], mut each: impl FnMut(Piece, usize)) {
        let (mut next, mut last) = (0, 0);
        for document in 0..self.lengths.len() {
            let (n_full, rest) = self.of(document);
            let piece = |start, len| Piece { document: document as u32, start, len };
            for fragment in 0..n_full {
                each(piece(fragment * u64::from(self.context), self.context), next);
                last = next;
                next += 1;
            }
            if rest > 0 {
                last = numbers[bins.of[document] as usize] as usize;
                next += usize::from(bins.opened_by(document).is_some());
            }
            if rest > 0 || n_full == 0 {
                each(piece(n_full * u64::from(self.context), rest), last);
            }
        }
    }
}

/// The numbers below `n`, each once, in steps of about `n` divided by the golden ratio: however many come first, they are
/// spread evenly. In shuffled order, sequences that are opened late, and so get the shortest documents, would lie together.
fn spread(n: usize) -> impl Iterator<Item = usize> {
    let mut step = (n as u64 * 618_034 / 1_000_000) as usize;
    while step > 0 && !coprime(step, n) {
        step -= 1;
    }
    let mut at = 0;
    (0..n).map(move |_| {
        let number = at;
        at = (at + step) % n;
        number
    })
}

fn coprime(mut a: usize, mut b: usize) -> bool {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a == 1
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_number_is_visited_once() {
        for n in (0..300).chain([1 << 16, 99_991, 100_000]) {
            let mut numbers: Vec<usize> = super::spread(n).collect();
            numbers.sort_unstable();
            assert!(numbers.into_iter().eq(0..n));
        }
    }
}
