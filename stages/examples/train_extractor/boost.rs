//! Gradient boosting of oblivious trees on the logistic loss, with second derivatives (Friedman, 2001; Chen and Guestrin,
//! 2016), over histograms. The same rows give the same forest, at any number of threads.

use tokenmill_core::hash::{hash64, mix64};
use tokenmill_stages::extract::decide::forest::{Forest, Split, Tree};

/// Values of a feature are sorted into this many bins.
const N_BINS: usize = 64;

/// How to boost.
#[derive(Clone, Copy)]
pub struct Options {
    /// Number of trees.
    pub trees: usize,
    /// Questions of a tree.
    pub depth: usize,
    /// What a tree counts.
    pub rate: f32,
    /// Weight of the prior that a leaf says nothing.
    pub prior: f32,
    /// Share of the rows, and of the features, that a tree sees.
    pub rows: f32,
    pub features: f32,
}

/// Rows to learn from.
#[derive(Default)]
pub struct Table {
    /// Numbers of a row.
    pub width: usize,
    /// Rows, one after the other.
    pub numbers: Vec<f32>,
    /// Whether each is to be kept, and what it counts.
    pub labels: Vec<bool>,
    pub weights: Vec<f32>,
}

/// A feature in bins: the limits between them, and the bin of each row.
struct Column {
    limits: Vec<f32>,
    bins: Vec<u8>,
}

/// Learns a forest.
pub fn boost(table: &Table, options: Options) -> Forest {
    let n_rows = table.labels.len();
    let columns = parallel(table.width, |feature| column(table, feature));
    let (mut kept, mut all) = (0.0f64, 0.0f64);
    for (&label, &weight) in table.labels.iter().zip(&table.weights) {
        all += f64::from(weight);
        kept += if label { f64::from(weight) } else { 0.0 };
    }
    let bias = libm::log(kept / (all - kept)) as f32;
    let mut logits = vec![bias; n_rows];
    let mut trees = Vec::new();
    for number in 0..options.trees as u64 {
        let is_drawn = |what: u64, index: usize, share: f32| {
            let draw = hash64(mix64(number, what), &(index as u64).to_le_bytes());
            ((draw >> 40) as f32) < share * (1u64 << 24) as f32
        };
        let drawn: Vec<u32> = (0..n_rows as u32).filter(|&row| is_drawn(0, row as usize, options.rows)).collect();
        let features: Vec<usize> = (0..table.width).filter(|&at| is_drawn(1, at, options.features)).collect();
        let slopes: Vec<(f32, f32)> = drawn
            .iter()
            .map(|&row| {
                let row = row as usize;
                let probability = 1.0 / (1.0 + libm::expf(-logits[row]));
                let wanted = f32::from(u8::from(table.labels[row]));
                let weight = table.weights[row];
                (weight * (wanted - probability), weight * probability * (1.0 - probability))
            })
            .collect();
        let tree = grow(&columns, &features, &drawn, &slopes, options);
        for (row, logit) in logits.iter_mut().enumerate() {
            *logit += tree.value(&table.numbers[row * table.width..][..table.width]);
        }
        trees.push(tree);
    }
    Forest::new(bias, trees)
}

/// A question, and how much better it makes the tree.
#[derive(Clone, Copy)]
struct Candidate {
    gain: f64,
    feature: usize,
    bin: usize,
}

fn grow(columns: &[Column], features: &[usize], drawn: &[u32], slopes: &[(f32, f32)], options: Options) -> Tree {
    let mut leaf_of = vec![0u8; drawn.len()];
    let mut splits = Vec::new();
    for depth in 0..options.depth {
        let candidates = parallel(features.len(), |at| {
            best_split(&columns[features[at]], features[at], drawn, slopes, &leaf_of, 1 << depth, options.prior)
        });
        // The first of equals, in the order of features.
        let best =
            candidates.into_iter().flatten().reduce(|best, next| if next.gain > best.gain { next } else { best });
        let Some(best) = best.filter(|best| best.gain > 0.0) else { break };
        let column = &columns[best.feature];
        for (leaf, &row) in leaf_of.iter_mut().zip(drawn) {
            *leaf |= u8::from(column.bins[row as usize] as usize > best.bin) << depth;
        }
        splits.push(Split { feature: best.feature as u16, above: column.limits[best.bin] });
    }
    let mut sums = vec![(0.0f64, 0.0f64); 1 << splits.len()];
    for (&leaf, &(slope, bend)) in leaf_of.iter().zip(slopes) {
        let sum = &mut sums[leaf as usize];
        *sum = (sum.0 + f64::from(slope), sum.1 + f64::from(bend));
    }
    let value = |&(slope, bend): &(f64, f64)| {
        // Four digits are more than the data can tell, and keep the file readable.
        let value = f64::from(options.rate) * slope / (bend + f64::from(options.prior));
        ((value * 1e4).round() / 1e4) as f32
    };
    Tree { splits, leaves: sums.iter().map(value).collect() }
}

fn best_split(
    column: &Column,
    feature: usize,
    drawn: &[u32],
    slopes: &[(f32, f32)],
    leaf_of: &[u8],
    n_leaves: usize,
    prior: f32,
) -> Option<Candidate> {
    let mut sums = vec![(0.0f64, 0.0f64); n_leaves * N_BINS];
    for ((&row, &(slope, bend)), &leaf) in drawn.iter().zip(slopes).zip(leaf_of) {
        let sum = &mut sums[leaf as usize * N_BINS + column.bins[row as usize] as usize];
        *sum = (sum.0 + f64::from(slope), sum.1 + f64::from(bend));
    }
    let worth = |(slope, bend): (f64, f64)| slope * slope / (bend + f64::from(prior));
    let leaves: Vec<(f64, f64)> =
        sums.chunks(N_BINS).map(|bins| bins.iter().fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1))).collect();
    let before: f64 = leaves.iter().map(|&leaf| worth(leaf)).sum();
    let mut below = vec![(0.0, 0.0); n_leaves];
    let mut best: Option<Candidate> = None;
    for bin in 0..column.limits.len() {
        let mut after = 0.0;
        for (leaf, below) in below.iter_mut().enumerate() {
            let sum = sums[leaf * N_BINS + bin];
            *below = (below.0 + sum.0, below.1 + sum.1);
            let above = (leaves[leaf].0 - below.0, leaves[leaf].1 - below.1);
            after += worth(*below) + worth(above);
        }
        let gain = after - before;
        if best.is_none_or(|best| gain > best.gain) {
            best = Some(Candidate { gain, feature, bin });
        }
    }
    best
}

/// Sorts the values of a feature into bins that hold about the same number of rows.
fn column(table: &Table, feature: usize) -> Column {
    let values: Vec<f32> = table.numbers.iter().skip(feature).step_by(table.width).copied().collect();
    let mut sorted = values.clone();
    sorted.sort_unstable_by(f32::total_cmp);
    let mut limits: Vec<f32> = Vec::new();
    for bin in 1..N_BINS {
        let below = sorted[(sorted.len() * bin / N_BINS).min(sorted.len() - 1)];
        if let Some(&above) = sorted[sorted.partition_point(|&value| value <= below)..].first() {
            // Few digits, and still between the two: the file is to be read.
            let limit = between(below, above);
            if limits.last() != Some(&limit) {
                limits.push(limit);
            }
        }
    }
    let bins = values.iter().map(|&value| limits.partition_point(|&limit| value > limit) as u8).collect();
    Column { limits, bins }
}

/// The number with the fewest decimals that is not below the one and below the other.
fn between(low: f32, high: f32) -> f32 {
    let middle = (f64::from(low) + f64::from(high)) / 2.0;
    let decimals = (0..9).map(|digits| 10f64.powi(digits)).map(|scale| ((middle * scale).round() / scale) as f32);
    decimals.into_iter().find(|&rounded| low <= rounded && rounded < high).unwrap_or(low)
}

/// The results for `0..n`, in order, worked out by all processors.
fn parallel<T: Send>(n: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from).min(n.max(1));
    let mut parts: Vec<Vec<(usize, T)>> = std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..n_threads)
            .map(|thread| scope.spawn(move || (thread..n).step_by(n_threads).map(|at| (at, work(at))).collect()))
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let mut all: Vec<(usize, T)> = parts.iter_mut().flat_map(std::mem::take).collect();
    all.sort_unstable_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: Options = Options { trees: 30, depth: 3, rate: 0.3, prior: 1.0, rows: 0.8, features: 1.0 };

    /// Rows of three numbers; to be kept if exactly one of the first two is high.
    fn table() -> Table {
        let mut table = Table { width: 3, ..Table::default() };
        for row in 0..4_000u64 {
            let number = |which: u64| (hash64(which, &row.to_le_bytes()) % 100) as f32;
            table.numbers.extend([number(1), number(2), number(3)]);
            table.labels.push((number(1) > 50.0) != (number(2) > 50.0));
            table.weights.push(1.0);
        }
        table
    }

    #[test]
    fn what_takes_two_numbers_is_learned_the_same_each_time() {
        let table = table();
        let forest = boost(&table, OPTIONS);
        let right =
            table.numbers.chunks(3).zip(&table.labels).filter(|(row, label)| (forest.logit(row) > 0.0) == **label);
        assert!(right.count() > 3_900);
        assert_eq!(boost(&table, OPTIONS), forest);
        let names = ["a", "b", "c"];
        let text = forest.to_text("a test", &names);
        assert_eq!(Forest::parse(&text, &names).unwrap(), forest, "the file is the forest");
    }

    #[test]
    fn limits_have_few_digits_and_part_what_they_should() {
        for (low, high, limit) in [(1.0, 2.0, 1.5), (0.1, 0.2, 0.15), (3.0, 10.0, 7.0), (0.0, 1e-4, 0.0)] {
            assert_eq!(between(low, high), limit);
        }
        // Neighbours in the format have nothing between them.
        assert_eq!(between(1.0, 1.0f32.next_up()), 1.0);
    }
}
