//! Packs sequences into batches by a budget of tokens, without padding.
//!
//! A batch is one row of ids with the boundaries of its sequences beside it (`cu_seqlens` of flash attention), so its
//! cost follows from its tokens, not from the longest sequence in it.

/// Sequences laid end to end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The ids of all sequences.
    pub ids: Vec<u32>,
    /// Where each sequence begins, and at last where the row ends: one more than there are sequences.
    pub boundaries: Vec<u32>,
    /// Whose each sequence is, as it was said when it was put in.
    pub places: Vec<usize>,
}

impl Batch {
    /// Number of sequences.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is no sequence.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn push(&mut self, place: usize, sequence: &[u32]) {
        if self.boundaries.is_empty() {
            self.boundaries.push(0);
        }
        self.ids.extend_from_slice(sequence);
        self.boundaries.push(u32::try_from(self.ids.len()).unwrap_or(u32::MAX));
        self.places.push(place);
    }
}

/// Packs sequences in the order in which they come.
#[derive(Debug)]
pub struct Packer {
    open: Batch,
    budget: usize,
}

impl Packer {
    /// Batches of at most so many tokens, but for a sequence that alone has more.
    pub fn new(budget: usize) -> Packer {
        Packer { open: Batch::default(), budget }
    }

    /// Adds a sequence; gives the batch out that it does not fit into any more. What is in a batch depends on the sequences
    /// and the budget alone, so the same documents make the same batches on any machine.
    pub fn push(&mut self, place: usize, sequence: &[u32]) -> Option<Batch> {
        let is_full = !self.open.is_empty() && self.open.ids.len() + sequence.len() > self.budget;
        let full = is_full.then(|| std::mem::take(&mut self.open));
        self.open.push(place, sequence);
        full
    }

    /// The batch that is open, if there is anything in it.
    pub fn flush(&mut self) -> Option<Batch> {
        (!self.open.is_empty()).then(|| std::mem::take(&mut self.open))
    }
}

/// Packs all sequences; `places` of the batches are their numbers.
pub fn pack(sequences: &[Vec<u32>], budget: usize) -> Vec<Batch> {
    let mut packer = Packer::new(budget);
    let mut batches: Vec<Batch> =
        sequences.iter().enumerate().filter_map(|(place, sequence)| packer.push(place, sequence)).collect();
    batches.extend(packer.flush());
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_keep_the_budget_and_every_sequence() {
        let lengths = [3, 3, 5, 1, 20, 0];
        let sequences: Vec<Vec<u32>> = lengths.iter().enumerate().map(|(at, n)| vec![at as u32; *n]).collect();
        let batches = pack(&sequences, 8);
        let shape: Vec<_> = batches.iter().map(|batch| (batch.places.clone(), batch.boundaries.clone())).collect();
        let expected =
            [(vec![0, 1], vec![0, 3, 6]), (vec![2, 3], vec![0, 5, 6]), (vec![4], vec![0, 20]), (vec![5], vec![0, 0])];
        assert_eq!(shape, expected, "a sequence beyond the budget stands alone");
        assert_eq!(batches[1].ids, [2, 2, 2, 2, 2, 3]);
        assert!(pack(&[], 8).is_empty());
    }
}
