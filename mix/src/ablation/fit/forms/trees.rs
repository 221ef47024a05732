//! Gradient-boosted regression trees of our own: small trees, each fitted to what those before it left over.
//!
//! As LightGBM does it (Ke et al. 2017): shares in bins, the leaf with the best split grows first, every tree sees a part of
//! the rows and counts only in part. How many trees there are is decided inside the runs that are fitted.

use super::super::random::Random;
use super::bins::{BINS, Bins};
use serde::{Deserialize, Serialize};

/// Trees, at most.
const MAX_TREES: usize = 300;

/// Leaves of a tree, at most.
const LEAVES: usize = 8;

/// How much of a tree counts.
const RATE: f64 = 0.08;

/// Share of the rows that a tree sees.
const SEEN: f64 = 0.8;

/// What is added to the weight of a leaf, so that small ones say less.
const CALM: f64 = 1.0;

/// Parts of the runs that are held out in turn to decide on the number of trees.
const PARTS: usize = 4;

/// Rounds without a gain after which no more are tried.
const PATIENCE: usize = 30;

/// A fork, or a leaf if it has no group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Node {
    group: Option<usize>,
    /// Shares up to this go left.
    limit: f64,
    /// The bin of the limit.
    bin: u8,
    left: usize,
    right: usize,
    value: f64,
}

/// Fitted trees; the prediction is their sum.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trees(Vec<Vec<Node>>);

/// Where to split a leaf.
#[derive(Clone, Copy)]
struct Split {
    gain: f64,
    group: usize,
    bin: usize,
}

/// A leaf that may still grow.
struct Leaf {
    node: usize,
    rows: Vec<usize>,
    split: Option<Split>,
}

/// What trees are grown from.
struct Ground<'a> {
    bins: &'a Bins,
    weights: &'a [f64],
    /// Rows of a leaf, at least.
    least: usize,
}

/// Trees while they grow, with what is still left to explain of every row.
struct Grove<'a> {
    ground: &'a Ground<'a>,
    rows: Vec<usize>,
    left: Vec<f64>,
    random: Random,
    trees: Trees,
}

impl Trees {
    /// Fits losses that have a mean of 0; with as many trees as are told, or as many as predict held-out parts of them best.
    pub fn fit(mixes: &[Vec<f64>], values: &[f64], weights: &[f64], rounds: Option<usize>, seed: u64) -> Trees {
        let bins = Bins::new(mixes.first().map_or(0, Vec::len), mixes);
        let ground = Ground { bins: &bins, weights, least: (mixes.len() / 40).clamp(3, 10) };
        let all = |job: u64| Grove::new(&ground, (0..mixes.len()).collect(), values, Random::of(seed, job));
        let rounds = rounds.unwrap_or_else(|| ground.rounds(values, seed));
        let mut grove = all(0);
        (0..rounds).for_each(|_| grove.grow());
        grove.trees
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether these are trees of so many groups, which end.
    pub fn fits(&self, groups: usize) -> bool {
        let sound = |(tree, at): (&Vec<Node>, usize)| match tree[at].group {
            Some(group) => {
                group < groups && [tree[at].left, tree[at].right].iter().all(|next| at < *next && *next < tree.len())
            }
            None => true,
        };
        self.0.iter().all(|tree| !tree.is_empty() && (0..tree.len()).all(|at| sound((tree, at))))
    }

    /// The loss of a mix.
    pub fn value(&self, mix: &[f64]) -> f64 {
        let low = |node: &Node, group: usize| mix.get(group).is_none_or(|share| *share <= node.limit);
        self.0.iter().map(|tree| walk(tree, low)).sum()
    }
}

/// The value of the leaf at which one arrives.
fn walk(tree: &[Node], low: impl Fn(&Node, usize) -> bool) -> f64 {
    let mut node = &tree[0];
    // Children come after their parents, so this ends.
    while let Some(group) = node.group {
        node = &tree[if low(node, group) { node.left } else { node.right }];
    }
    node.value
}

impl Ground<'_> {
    /// The number of trees with which held-out parts of the rows are predicted best.
    fn rounds(&self, values: &[f64], seed: u64) -> usize {
        let n = values.len();
        if n < 2 * PARTS {
            return 0;
        }
        let mut part = vec![0; n];
        Random::of(seed, 1).order(n).into_iter().enumerate().for_each(|(i, row)| part[row] = i % PARTS);
        let grove = |out: usize| {
            let rows = (0..n).filter(|row| part[*row] != out).collect();
            Grove::new(self, rows, values, Random::of(seed, 2 + out as u64))
        };
        let mut groves: Vec<Grove<'_>> = (0..PARTS).map(grove).collect();
        let error = |groves: &[Grove<'_>]| -> f64 {
            (0..n).map(|row| self.weights[row] * groves[part[row]].left[row].powi(2)).sum()
        };
        let (mut best, mut least) = (0, error(&groves));
        for round in 1..=MAX_TREES {
            groves.iter_mut().for_each(Grove::grow);
            let error = error(&groves);
            if error < least {
                (best, least) = (round, error);
            }
            if round > best + PATIENCE {
                break;
            }
        }
        best
    }

    /// The best split of some rows.
    fn split(&self, rows: &[usize], left: &[f64]) -> Option<Split> {
        if rows.len() < 2 * self.least {
            return None;
        }
        let mut cells = vec![(0.0f64, 0.0f64, 0usize); self.bins.groups() * BINS];
        let (mut sum, mut weight) = (0.0, 0.0);
        for row in rows {
            let (w, wy) = (self.weights[*row], self.weights[*row] * left[*row]);
            (sum, weight) = (sum + wy, weight + w);
            for (cells, code) in cells.chunks_exact_mut(BINS).zip(self.bins.row(*row)) {
                let cell = &mut cells[usize::from(*code)];
                *cell = (cell.0 + wy, cell.1 + w, cell.2 + 1);
            }
        }
        let score = |sum: f64, weight: f64| sum * sum / (weight + CALM);
        let whole = score(sum, weight);
        let mut best: Option<Split> = None;
        for (group, cells) in cells.chunks_exact(BINS).enumerate() {
            let (mut low, mut low_weight, mut count) = (0.0, 0.0, 0);
            for (bin, cell) in cells[..self.bins.limits(group).len()].iter().enumerate() {
                (low, low_weight, count) = (low + cell.0, low_weight + cell.1, count + cell.2);
                if cell.2 == 0 || count < self.least || rows.len() - count < self.least {
                    continue;
                }
                let gain = score(low, low_weight) + score(sum - low, weight - low_weight) - whole;
                if gain > best.map_or(1e-9, |best| best.gain) {
                    best = Some(Split { gain, group, bin });
                }
            }
        }
        best
    }
}

impl<'a> Grove<'a> {
    fn new(ground: &'a Ground<'a>, rows: Vec<usize>, values: &[f64], random: Random) -> Grove<'a> {
        Grove { ground, rows, left: values.to_vec(), random, trees: Trees::default() }
    }

    /// Adds a tree.
    fn grow(&mut self) {
        let seen: Vec<usize> = self.rows.iter().copied().filter(|_| self.random.uniform() < SEEN).collect();
        let mut nodes = Vec::with_capacity(2 * LEAVES);
        let mut leaves = vec![self.leaf(&mut nodes, seen)];
        while leaves.len() < LEAVES {
            let gain = |leaf: &Leaf| leaf.split.map_or(0.0, |split| split.gain);
            let best = (0..leaves.len()).max_by(|a, b| gain(&leaves[*a]).total_cmp(&gain(&leaves[*b])));
            let Some((index, split)) = best.and_then(|index| leaves[index].split.map(|split| (index, split))) else {
                break;
            };
            let leaf = leaves.swap_remove(index);
            let low = |row: &usize| usize::from(self.ground.bins.row(*row)[split.group]) <= split.bin;
            let (low, high) = leaf.rows.into_iter().partition(low);
            let (low, high) = (self.leaf(&mut nodes, low), self.leaf(&mut nodes, high));
            let node = &mut nodes[leaf.node];
            node.group = Some(split.group);
            node.limit = self.ground.bins.limits(split.group)[split.bin];
            node.bin = split.bin as u8;
            (node.left, node.right) = (low.node, high.node);
            leaves.extend([low, high]);
        }
        for (row, left) in self.left.iter_mut().enumerate() {
            let codes = self.ground.bins.row(row);
            *left -= walk(&nodes, |node, group| codes[group] <= node.bin);
        }
        self.trees.0.push(nodes);
    }

    fn leaf(&self, nodes: &mut Vec<Node>, rows: Vec<usize>) -> Leaf {
        let weight: f64 = rows.iter().map(|row| self.ground.weights[*row]).sum();
        let sum: f64 = rows.iter().map(|row| self.ground.weights[*row] * self.left[*row]).sum();
        nodes.push(Node { group: None, limit: 0.0, bin: 0, left: 0, right: 0, value: RATE * sum / (weight + CALM) });
        Leaf { node: nodes.len() - 1, split: self.ground.split(&rows, &self.left), rows }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::rank::pearson;
    use super::*;

    /// Mixes of three groups, and a step with a slope.
    fn made(n: usize, seed: u64) -> (Vec<Vec<f64>>, Vec<f64>) {
        let mut random = Random::new(seed);
        let mixes: Vec<Vec<f64>> = (0..n).map(|_| random.dirichlet(&[0.7; 3])).collect();
        let value = |mix: &Vec<f64>| mix[1] + if mix[0] > 0.3 { 1.0 } else { 0.0 } - 1.0;
        let values = mixes.iter().map(value).collect();
        (mixes, values)
    }

    #[test]
    fn steps_are_found() {
        let (mixes, values) = made(400, 1);
        let trees = Trees::fit(&mixes, &values, &[1.0; 400], None, 5);
        assert!(trees.len() > 20, "{}", trees.len());
        let (mixes, values) = made(200, 2);
        let predicted: Vec<f64> = mixes.iter().map(|mix| trees.value(mix)).collect();
        assert!(pearson(&predicted, &values) > 0.98, "{}", pearson(&predicted, &values));
    }

    #[test]
    fn noise_grows_hardly_any_tree() {
        let (mixes, _) = made(200, 3);
        let mut random = Random::new(4);
        let noise: Vec<f64> = (0..200).map(|_| random.normal()).collect();
        let trees = Trees::fit(&mixes, &noise, &[1.0; 200], None, 5);
        assert!(trees.len() < 12, "{}", trees.len());
        assert_eq!(trees, Trees::fit(&mixes, &noise, &[1.0; 200], None, 5));
        assert_eq!(Trees::fit(&mixes, &noise, &[1.0; 200], Some(3), 5).len(), 3);
        assert!(Trees::fit(&mixes[..5], &noise[..5], &[1.0; 5], None, 5).is_empty());
    }
}
