//! The choice with the highest expected F1, given the probability of each block.
//!
//! With probabilities that mean what they say, the best set of a given size are the likeliest blocks, and F1 is highest
//! at some size: keep what is likelier than half of the F1 that can be expected (Lipton, Elkan and Naryanaswamy, 2014).
//! So a page that is hard to tell is cut generously, and a clear one at one half.

/// What was chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Chosen {
    /// Expected F1.
    pub f1: f32,
    /// Expected letters of main content on the page.
    pub letters: f32,
}

/// Fills `keep` from probabilities and letters of the blocks.
pub fn choose(probabilities: &[f32], letters: &[u32], keep: &mut Vec<bool>) -> Chosen {
    keep.clear();
    keep.resize(probabilities.len(), false);
    let mut order: Vec<u32> = (0..probabilities.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| {
        probabilities[b as usize].total_cmp(&probabilities[a as usize]).then_with(|| a.cmp(&b))
    });
    let weight = |index: u32| f64::from(letters[index as usize]);
    let likely = |index: u32| weight(index) * f64::from(probabilities[index as usize]);
    let expected: f64 = order.iter().map(|&index| likely(index)).sum();
    let (mut kept, mut right, mut best) = (0.0, 0.0, (0.0, 0));
    for (size, &index) in order.iter().enumerate() {
        kept += weight(index);
        right += likely(index);
        let f1 = 2.0 * right / f64::max(kept + expected, 1.0);
        if f1 > best.0 {
            best = (f1, size + 1);
        }
    }
    for &index in &order[..best.1] {
        keep[index as usize] = true;
    }
    Chosen { f1: best.0 as f32, letters: expected as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(probabilities: &[f32], letters: &[u32]) -> (Vec<bool>, Chosen) {
        let mut keep = vec![true];
        let chosen = choose(probabilities, letters, &mut keep);
        (keep, chosen)
    }

    #[test]
    fn a_clear_page_is_cut_at_one_half() {
        let (keep, chosen) = kept(&[1.0, 0.6, 0.4, 0.0], &[100, 10, 10, 100]);
        assert_eq!(keep, [true, true, false, false]);
        assert!(chosen.f1 > 0.9);
    }

    #[test]
    fn a_page_that_is_hard_to_tell_is_cut_generously() {
        let (keep, chosen) = kept(&[0.3, 0.3, 0.3, 0.02], &[10, 10, 10, 10]);
        assert_eq!(keep, [true, true, true, false]);
        assert!(chosen.f1 < 0.5);
        assert_eq!(chosen.letters.round(), 9.0);
    }

    #[test]
    fn no_choice_is_better_than_any() {
        for size in 1..=4u32 {
            let probabilities = [0.9, 0.2, 0.55, 0.35];
            let letters = [5, 40, 12, 9];
            let (_, chosen) = kept(&probabilities, &letters);
            let expected: f32 = (0..4).map(|at| probabilities[at] * letters[at] as f32).sum();
            for set in (0u32..16).filter(|set| set.count_ones() == size) {
                let inside = |at: &usize| set & 1 << at != 0;
                let sizes: f32 = (0..4).filter(inside).map(|at| letters[at] as f32).sum();
                let right: f32 = (0..4).filter(inside).map(|at| probabilities[at] * letters[at] as f32).sum();
                assert!(2.0 * right / (sizes + expected) <= chosen.f1 + 1e-6);
            }
        }
    }

    #[test]
    fn nothing_can_be_chosen_from_nothing() {
        assert_eq!(kept(&[], &[]), (vec![], Chosen::default()));
        assert_eq!(kept(&[0.0], &[5]).0, [false]);
    }
}
