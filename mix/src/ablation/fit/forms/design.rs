//! Mixes as fits read them: only the groups that are there, with the logarithms of their shares.

/// Mixes, in rows.
#[derive(Clone, Debug)]
pub struct Design {
    groups: usize,
    starts: Vec<usize>,
    entries: Vec<Share>,
}

/// A group in a mix.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// The group.
    pub group: usize,
    /// Its share, above 0.
    pub share: f64,
    /// The natural logarithm of that.
    pub ln: f64,
}

impl Design {
    /// Takes mixes, each with a share for every one of the groups.
    pub fn new<'a>(groups: usize, mixes: impl IntoIterator<Item = &'a [f64]>) -> Design {
        let mut design = Design { groups, starts: vec![0], entries: Vec::new() };
        for mix in mixes {
            let there = mix.iter().enumerate().filter(|(_, share)| **share > 0.0);
            design.entries.extend(there.map(|(group, share)| Share { group, share: *share, ln: share.ln() }));
            design.starts.push(design.entries.len());
        }
        design
    }

    /// How many groups there are.
    pub const fn groups(&self) -> usize {
        self.groups
    }

    /// How many mixes there are.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is no mix.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The groups in a mix, in their order.
    pub fn row(&self, row: usize) -> &[Share] {
        &self.entries[self.starts[row]..self.starts[row + 1]]
    }

    /// The share of every group in a mix.
    pub fn dense(&self, row: usize) -> Vec<f64> {
        let mut mix = vec![0.0; self.groups];
        self.row(row).iter().for_each(|entry| mix[entry.group] = entry.share);
        mix
    }
}
