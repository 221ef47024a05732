//! Which blocks people kept: the words of the page are aligned with the words of the truth, and a block counts as kept as
//! far as its words stand together in the truth.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Words of a block may be spread in the truth over this much more than their number.
const SPREAD: f64 = 1.3;
const SPREAD_WORDS: usize = 2;

/// For each block, the share of its words that are in the truth.
pub fn align(blocks: &[Vec<u32>], truth: &[u32]) -> Vec<f32> {
    let page: Vec<u32> = blocks.iter().flatten().copied().collect();
    let mut matched = vec![None; page.len()];
    for op in capture_diff_slices(Algorithm::Patience, &page, truth) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            for at in 0..len {
                matched[old_index + at] = Some(new_index + at);
            }
        }
    }
    let mut rest = matched.as_slice();
    blocks
        .iter()
        .map(|block| {
            let (own, after) = rest.split_at(block.len());
            rest = after;
            together(own)
        })
        .collect()
}

/// Share of the words that have matches within a stretch of the truth not much longer than the block.
fn together(matched: &[Option<usize>]) -> f32 {
    let positions: Vec<usize> = matched.iter().flatten().copied().collect();
    let spread = (matched.len() as f64 * SPREAD) as usize + SPREAD_WORDS;
    let (mut first, mut best) = (0, 0);
    for end in 0..positions.len() {
        while positions[end] - positions[first] >= spread {
            first += 1;
        }
        best = best.max(end + 1 - first);
    }
    best as f32 / matched.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_counts_as_far_as_its_words_stand_together_in_the_truth() {
        let truth = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];
        let blocks = [vec![100, 101], vec![1, 2, 3], vec![4, 102], vec![], vec![5, 6, 7, 103], vec![8, 14]];
        assert_eq!(align(&blocks, &truth), [0.0, 1.0, 0.5, 0.0, 0.75, 0.5]);
    }
}
