//! Shares sorted into a few bins, in which trees look for places to split.

/// Bins of a group, at most.
pub const BINS: usize = 32;

/// Mixes with the bins of their shares.
#[derive(Clone, Debug)]
pub struct Bins {
    groups: usize,
    /// For each group the limits between bins; a share up to the first is in bin 0.
    limits: Vec<Vec<f64>>,
    codes: Vec<u8>,
}

impl Bins {
    /// Sorts mixes into bins that hold about as many different shares each.
    pub fn new(groups: usize, mixes: &[Vec<f64>]) -> Bins {
        let limits: Vec<Vec<f64>> = (0..groups).map(|group| limits(mixes, group)).collect();
        let code = |mix: &Vec<f64>| -> Vec<u8> {
            let of = |(share, limits): (&f64, &Vec<f64>)| limits.partition_point(|limit| limit < share) as u8;
            mix.iter().zip(&limits).map(of).collect()
        };
        let codes = mixes.iter().flat_map(code).collect();
        Bins { groups, limits, codes }
    }

    /// The bins of a mix, group by group.
    pub fn row(&self, row: usize) -> &[u8] {
        &self.codes[row * self.groups..(row + 1) * self.groups]
    }

    /// How many groups there are.
    pub const fn groups(&self) -> usize {
        self.groups
    }

    /// The limits between the bins of a group.
    pub fn limits(&self, group: usize) -> &[f64] {
        &self.limits[group]
    }
}

fn limits(mixes: &[Vec<f64>], group: usize) -> Vec<f64> {
    let mut shares: Vec<f64> = mixes.iter().map(|mix| mix[group]).collect();
    shares.sort_by(f64::total_cmp);
    // Often most shares are 0; they are one bin, and the others are shared out by the rest.
    let zero = shares.partition_point(|share| *share <= 0.0);
    let above = &shares[zero..];
    let mut cuts: Vec<f64> = above.first().filter(|_| zero > 0).map(|share| share / 2.0).into_iter().collect();
    for bin in 1..BINS - 1 {
        let at = bin * above.len() / (BINS - 1);
        if at > 0 && above[at - 1] < above[at] {
            cuts.push(f64::midpoint(above[at - 1], above[at]));
        }
    }
    cuts.dedup();
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_apart_from_little() {
        let mixes: Vec<Vec<f64>> = (0..100).map(|i| vec![f64::from(i32::max(0, i - 50)) / 100.0, 1.0]).collect();
        let bins = Bins::new(2, &mixes);
        assert!(bins.limits(0).is_sorted() && bins.limits(0).len() < BINS);
        assert!(bins.limits(1).is_empty());
        assert_eq!((bins.row(50)[0], bins.row(51)[0]), (0, 1));
        assert_eq!(usize::from(bins.row(99)[0]), bins.limits(0).len());
        assert_eq!(bins.groups(), 2);
    }
}
