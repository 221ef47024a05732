//! The binary tree of hierarchical softmax: a Huffman tree over the label counts, searched for the best leaves.

use super::ModelError;
use super::kbest::KBest;
use super::loss::log;
use super::matrix::Matrix;

/// The count of a node that does not exist yet; real counts are below it.
const NOT_BUILT: i64 = 1_000_000_000_000_000;

/// Leaves are the labels, in order; node `n_labels + i` decides with row `i` of the output matrix.
pub(super) struct Tree {
    n_labels: usize,
    /// Left and right child of each inner node.
    children: Vec<(u32, u32)>,
}

impl Tree {
    /// Builds the tree as the library does at load: from the two rarest nodes upwards, given counts that fall from
    /// label to label. The file holds counts only, so ties must be broken in the same way.
    pub(super) fn build(counts: &[i64]) -> Result<Tree, ModelError> {
        if let Some(count) = counts.iter().find(|count| !(0..NOT_BUILT).contains(*count)) {
            return Err(ModelError::damaged("the dictionary", format!("a label occurs `{count}` times")));
        }
        let n_labels = counts.len();
        let mut weights = counts.to_vec();
        let mut children = Vec::with_capacity(n_labels.saturating_sub(1));
        // Labels are taken from the rarest, which is the last, and inner nodes in the order they were made.
        let mut labels_left = n_labels;
        let mut next_inner = n_labels;
        while children.len() + 1 < n_labels {
            let mut take = || {
                let inner = weights.get(next_inner).copied().unwrap_or(NOT_BUILT);
                if labels_left > 0 && weights[labels_left - 1] < inner {
                    labels_left -= 1;
                    labels_left
                } else {
                    next_inner += 1;
                    next_inner - 1
                }
            };
            let (left, right) = (take(), take());
            children.push((left as u32, right as u32));
            weights.push(weights[left].saturating_add(weights[right]));
        }
        Ok(Tree { n_labels, children })
    }

    /// For each label, the rows that decide about it, from the leaf to the root, and whether the way goes right.
    pub(super) fn paths(&self) -> Vec<Vec<(u32, bool)>> {
        let mut above = vec![None; self.n_labels + self.children.len()];
        for (row, (left, right)) in self.children.iter().enumerate() {
            above[*left as usize] = Some((row as u32, false));
            above[*right as usize] = Some((row as u32, true));
        }
        let path = |label: usize| std::iter::successors(above[label], |(row, _)| above[self.n_labels + *row as usize]);
        (0..self.n_labels).map(|label| path(label).collect()).collect()
    }

    /// Number of rows of the output matrix that decide.
    pub(super) fn n_decisions(&self) -> usize {
        self.children.len()
    }

    /// Offers every label whose log-probability is not below `least`, left to right, leaving out subtrees that cannot
    /// do better than the candidates so far. `stack` is a buffer.
    pub(super) fn search(
        &self,
        output: &Matrix,
        hidden: &[f32],
        least: f32,
        stack: &mut Vec<(u32, f32)>,
        best: &mut KBest,
    ) {
        stack.clear();
        stack.push(((self.n_labels + self.children.len() - 1) as u32, 0.0));
        while let Some((node, score)) = stack.pop() {
            if score < least || best.is_hopeless(score) {
                continue;
            }
            let Some(decision) = (node as usize).checked_sub(self.n_labels) else {
                best.offer(score, node);
                continue;
            };
            let (left, right) = self.children[decision];
            let to_right = 1.0 / (1.0 + exp(-output.dot_row(decision, hidden)));
            stack.push((right, score + log(to_right)));
            stack.push((left, score + log((1.0 - f64::from(to_right)) as f32)));
        }
    }
}

/// `exp` in single precision, correctly rounded but for rare cases.
fn exp(x: f32) -> f32 {
    libm::exp(f64::from(x)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_the_huffman_tree() {
        // 5 3 2 1: (1, 2) > 3, which ties with label 1; the tie goes to the inner node.
        let tree = Tree::build(&[5, 3, 2, 1]).unwrap();
        assert_eq!(tree.children, [(3, 2), (4, 1), (0, 5)]);
        assert_eq!(tree.n_decisions(), 3);
    }

    #[test]
    fn paths_lead_from_the_leaf_to_the_root() {
        let tree = Tree::build(&[5, 3, 2, 1]).unwrap();
        let left_and_right = [vec![(2, false)], vec![(1, true), (2, true)]];
        assert_eq!(tree.paths()[..2], left_and_right);
        assert_eq!(
            tree.paths()[2..],
            [vec![(0, true), (1, false), (2, true)], vec![(0, false), (1, false), (2, true)]]
        );
    }

    #[test]
    fn one_label_needs_no_decision() {
        let tree = Tree::build(&[7]).unwrap();
        let matrix = Matrix::Dense { columns: 1, values: vec![0.0] };
        let mut best = KBest::default();
        best.start(5);
        tree.search(&matrix, &[1.0], f32::NEG_INFINITY, &mut Vec::new(), &mut best);
        assert_eq!(best.sorted(), [(0.0, 0)]);
    }

    #[test]
    fn any_order_of_counts_gives_a_tree_of_all_labels() {
        for counts in [vec![1, 2, 3, 4, 5], vec![0; 9], vec![NOT_BUILT - 1; 5], vec![9, 0, 9, 0]] {
            let tree = Tree::build(&counts).unwrap();
            let mut seen: Vec<u32> = tree.children.iter().flat_map(|(left, right)| [*left, *right]).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..2 * counts.len() as u32 - 2).collect::<Vec<_>>(), "{counts:?}");
        }
    }

    #[test]
    fn refuses_impossible_counts() {
        assert!(Tree::build(&[-1, 2]).is_err());
        assert!(Tree::build(&[NOT_BUILT, 2]).is_err());
    }

    #[test]
    fn probabilities_of_the_leaves_sum_to_one() {
        let tree = Tree::build(&[5, 3, 2, 1]).unwrap();
        let matrix = Matrix::Dense { columns: 1, values: vec![0.3, -1.2, 2.0] };
        let mut best = KBest::default();
        best.start(4);
        tree.search(&matrix, &[0.7], f32::NEG_INFINITY, &mut Vec::new(), &mut best);
        let sum: f32 = best.sorted().iter().map(|(score, _)| score.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-3, "{sum}");
    }
}
