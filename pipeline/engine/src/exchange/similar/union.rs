//! Connected documents: a bit for every document, and a union-find over those whose bit is set.

/// Bits of a block, for which one count is kept: a cache line.
const BLOCK: u64 = 512;

/// Which documents have a pair; the others cost one bit each.
pub struct Marks {
    words: Vec<u64>,
    n_marked: u64,
}

impl Marks {
    /// No document of `n` is marked.
    pub fn new(n: u64) -> Marks {
        Marks { words: vec![0; n.div_ceil(64) as usize], n_marked: 0 }
    }

    /// Bytes that this many documents take, with the counts of [`Union`].
    pub fn bytes(n: u64) -> u64 {
        n.div_ceil(64) * 8 + n.div_ceil(BLOCK) * 8
    }

    /// Marks a document; a number that is too large is ignored and answered with false.
    pub fn mark(&mut self, at: u64) -> bool {
        let Some(word) = self.words.get_mut((at / 64) as usize) else { return false };
        self.n_marked += u64::from(*word >> (at % 64) & 1 == 0);
        *word |= 1 << (at % 64);
        true
    }

    /// Documents that are marked.
    pub fn n_marked(&self) -> u64 {
        self.n_marked
    }
}

/// Which marked documents are connected.
pub struct Union {
    words: Vec<u64>,
    /// Marked documents before each block.
    before: Vec<u64>,
    parents: Vec<u32>,
}

impl Union {
    /// Every marked document is alone; `None` when there are more than four bytes can number.
    pub fn new(marks: Marks) -> Option<Union> {
        let n = u32::try_from(marks.n_marked).ok()?;
        let mut before = Vec::with_capacity(marks.words.len().div_ceil((BLOCK / 64) as usize));
        let mut sum = 0;
        for block in marks.words.chunks((BLOCK / 64) as usize) {
            before.push(sum);
            sum += block.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
        }
        Some(Union { words: marks.words, before, parents: (0..n).collect() })
    }

    /// The number of a marked document among the marked ones.
    fn index(&self, at: u64) -> u32 {
        let (word, block) = ((at / 64) as usize, (at / BLOCK) as usize);
        let first = block * (BLOCK / 64) as usize;
        let whole: u64 = self.words[first..word].iter().map(|word| u64::from(word.count_ones())).sum();
        let part = self.words[word] & ((1 << (at % 64)) - 1);
        (self.before[block] + whole + u64::from(part.count_ones())) as u32
    }

    fn root(&mut self, mut at: u32) -> u32 {
        while self.parents[at as usize] != at {
            let parent = self.parents[at as usize];
            self.parents[at as usize] = self.parents[parent as usize];
            at = parent;
        }
        at
    }

    /// Connects two marked documents.
    pub fn join(&mut self, a: u64, b: u64) {
        let (a, b) = (self.index(a), self.index(b));
        let (a, b) = (self.root(a), self.root(b));
        // The smaller number is the root, so the order of the pairs does not matter.
        self.parents[a.max(b) as usize] = a.min(b);
    }

    /// All marked documents in order, each with the number of the first one that it is connected with.
    pub fn clusters(mut self) -> impl Iterator<Item = (u64, u32)> {
        let words = std::mem::take(&mut self.words);
        let marked = words.into_iter().enumerate().flat_map(|(word, mut bits)| {
            std::iter::from_fn(move || {
                let bit = (bits != 0).then(|| bits.trailing_zeros())?;
                bits &= bits - 1;
                Some(word as u64 * 64 + u64::from(bit))
            })
        });
        marked.zip(0..).map(move |(at, index)| (at, self.root(index)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_connected_has_one_number_in_any_order() {
        let edges = [(5, 900), (900, 70_000), (3, 63), (64, 3), (512, 513), (5, 70_000)];
        let clusters = |edges: &[(u64, u64)]| {
            let mut marks = Marks::new(70_001);
            assert!(edges.iter().all(|(a, b)| marks.mark(*a) && marks.mark(*b)));
            assert!(!marks.mark(71_000));
            assert_eq!(marks.n_marked(), 8);
            let mut union = Union::new(marks).unwrap();
            edges.iter().for_each(|(a, b)| union.join(*a, *b));
            union.clusters().collect::<Vec<_>>()
        };
        let expected = [(3, 0), (5, 1), (63, 0), (64, 0), (512, 4), (513, 4), (900, 1), (70_000, 1)];
        assert_eq!(clusters(&edges), expected);
        let mut reversed = edges;
        reversed.reverse();
        assert_eq!(clusters(&reversed), expected);
    }

    #[test]
    fn no_pairs_are_no_clusters() {
        assert_eq!(Union::new(Marks::new(1_000)).unwrap().clusters().count(), 0);
        assert_eq!(Union::new(Marks::new(0)).unwrap().clusters().count(), 0);
    }
}
