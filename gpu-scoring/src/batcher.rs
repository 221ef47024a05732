//! Packs sequences into batches by a token budget, without padding, and puts results back in the order of the input.
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
    /// Place of each sequence in the input.
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

/// Packs sequences in the order they come: a batch is closed when the next sequence would exceed `budget` tokens.
///
/// Sequences longer than `max_tokens` are cut there. The batches depend on the sequences and the two limits alone, so
/// the same documents give the same batches on any machine.
pub fn pack(sequences: &[Vec<u32>], budget: usize, max_tokens: usize) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut open = Batch::default();
    for (place, sequence) in sequences.iter().enumerate() {
        let sequence = &sequence[..sequence.len().min(max_tokens)];
        if !open.is_empty() && open.ids.len() + sequence.len() > budget {
            batches.push(std::mem::take(&mut open));
        }
        open.push(place, sequence);
    }
    if !open.is_empty() {
        batches.push(open);
    }
    batches
}

/// One result per sequence, in the order of the input; `None` where no batch had the sequence.
pub fn restore<T>(batches: &[Batch], results: Vec<Vec<T>>) -> Vec<Option<T>> {
    let n_sequences = batches.iter().flat_map(|batch| &batch.places).max().map_or(0, |last| last + 1);
    let mut restored: Vec<Option<T>> = (0..n_sequences).map(|_| None).collect();
    for (batch, results) in batches.iter().zip(results) {
        for (place, result) in batch.places.iter().zip(results) {
            restored[*place] = Some(result);
        }
    }
    restored
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequences(lengths: &[usize]) -> Vec<Vec<u32>> {
        lengths.iter().enumerate().map(|(at, length)| vec![at as u32; *length]).collect()
    }

    #[test]
    fn batches_keep_the_budget_and_every_sequence() {
        let batches = pack(&sequences(&[3, 3, 5, 1, 20, 0]), 8, 10);
        let shape: Vec<_> = batches.iter().map(|batch| (batch.places.clone(), batch.boundaries.clone())).collect();
        let expected =
            [(vec![0, 1], vec![0, 3, 6]), (vec![2, 3], vec![0, 5, 6]), (vec![4], vec![0, 10]), (vec![5], vec![0, 0])];
        assert_eq!(shape, expected, "a sequence beyond the budget stands alone");
        assert_eq!(batches[1].ids, [2, 2, 2, 2, 2, 3]);
        assert!(pack(&[], 8, 10).is_empty());
    }

    #[test]
    fn results_come_back_in_order() {
        let batches = pack(&sequences(&[4, 4, 4]), 8, 8);
        let results = batches.iter().map(|batch| batch.places.iter().map(|place| place * 10).collect()).collect();
        assert_eq!(restore(&batches, results), [Some(0), Some(10), Some(20)]);
        assert_eq!(restore::<u8>(&batches, vec![]), [None, None, None]);
    }
}
