//! The k best labels, in the order in which the library returns them even when scores tie.
//!
//! Ties are common: logistic losses round to a table of 512 values. The library keeps its candidates in a heap made
//! with `std::push_heap`, `std::pop_heap` and `std::sort_heap`; which of several equal labels survives, and in which
//! order, follows from the steps of those three, so they are repeated here as GNU's C++ library takes them.

/// A score and a label; a heap with the *worst* candidate in front.
#[derive(Clone, Debug, Default)]
pub(super) struct KBest {
    heap: Vec<(f32, u32)>,
    k: usize,
}

impl KBest {
    /// Starts over, with room for `k` candidates.
    pub(super) fn start(&mut self, k: usize) {
        self.heap.clear();
        self.k = k;
    }

    /// Whether a candidate with this score has no chance any more.
    #[inline]
    pub(super) fn is_hopeless(&self, score: f32) -> bool {
        self.heap.len() >= self.k && self.heap.first().is_none_or(|worst| score < worst.0)
    }

    /// Takes a candidate, and lets go of the worst when there are too many.
    pub(super) fn offer(&mut self, score: f32, label: u32) {
        if self.is_hopeless(score) {
            return;
        }
        let hole = self.heap.len();
        self.heap.push((score, label));
        sift_up(&mut self.heap, hole, (score, label));
        if self.heap.len() > self.k {
            pop(&mut self.heap);
            self.heap.pop();
        }
    }

    /// The candidates, best first.
    pub(super) fn sorted(&mut self) -> &[(f32, u32)] {
        for end in (2..=self.heap.len()).rev() {
            pop(&mut self.heap[..end]);
        }
        &self.heap
    }
}

/// The order of the heap: the front is the element that no other goes before, the one with the lowest score.
fn before(a: (f32, u32), b: (f32, u32)) -> bool {
    a.0 > b.0
}

/// Moves `value` from `hole` towards the front.
fn sift_up(heap: &mut [(f32, u32)], mut hole: usize, value: (f32, u32)) {
    while hole > 0 {
        let parent = (hole - 1) / 2;
        if !before(heap[parent], value) {
            break;
        }
        heap[hole] = heap[parent];
        hole = parent;
    }
    heap[hole] = value;
}

/// Moves the front to the end and mends the rest: the hole sinks to a leaf, then the old last element rises from it.
fn pop(heap: &mut [(f32, u32)]) {
    let Some((last, rest)) = heap.split_last_mut().filter(|(_, rest)| !rest.is_empty()) else { return };
    let value = std::mem::replace(last, rest[0]);
    let mut hole = 0;
    while 2 * hole + 2 < rest.len() {
        let right = 2 * hole + 2;
        let child = if before(rest[right], rest[right - 1]) { right - 1 } else { right };
        rest[hole] = rest[child];
        hole = child;
    }
    if 2 * hole + 2 == rest.len() {
        rest[hole] = rest[2 * hole + 1];
        hole = 2 * hole + 1;
    }
    sift_up(rest, hole, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(scores: &[f32], k: usize) -> Vec<u32> {
        let mut best = KBest::default();
        best.start(k);
        scores.iter().enumerate().for_each(|(label, score)| best.offer(*score, label as u32));
        best.sorted().iter().map(|(_, label)| *label).collect()
    }

    #[test]
    fn keeps_the_best_in_order() {
        let scores: Vec<f32> = (0..100u32).map(|i| ((i * 37) % 101) as f32).collect();
        let mut expected: Vec<u32> = (0..100).collect();
        expected.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]));
        for k in [1, 2, 3, 10, 99, 100, 1000] {
            assert_eq!(best(&scores, k), expected[..k.min(100)], "k = {k}");
        }
        assert!(best(&scores, 0).is_empty());
        assert!(best(&[], 3).is_empty());
    }

    #[test]
    fn ties_come_out_as_the_library_gives_them() {
        // Recorded from a C++ program with the three heap functions of GNU's library.
        assert_eq!(best(&[1.0; 5], 3), TIES_5_3);
        assert_eq!(best(&[1.0; 8], 8), TIES_8_8);
        assert_eq!(best(&[0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0], 4), TIES_MIXED);
        let mut state = 1u32;
        let long: Vec<f32> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            ((state >> 16) % 5) as f32
        })
        .take(200)
        .collect();
        assert_eq!(best(&long, 7), TIES_LONG);
    }

    const TIES_5_3: [u32; 3] = [4, 1, 3];
    const TIES_8_8: [u32; 8] = [3, 1, 4, 7, 5, 6, 2, 0];
    const TIES_MIXED: [u32; 4] = [3, 5, 1, 6];
    const TIES_LONG: [u32; 7] = [4, 25, 20, 199, 10, 187, 181];
}
