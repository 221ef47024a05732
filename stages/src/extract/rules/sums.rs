//! Sums over the blocks before each position, so that any container is weighed at once.

use super::super::blocks::{Block, Container, Outline};

/// What a run of blocks weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Letters.
    pub letters: u32,
    /// Letters inside links.
    pub link: u32,
    /// Letters of blocks of prose.
    pub prose: u32,
    /// Marks that end a sentence.
    pub stops: u32,
}

impl Weight {
    fn of(block: &Block) -> Weight {
        Weight {
            letters: block.letters,
            link: (block.letters as f32 * block.link_density()) as u32,
            prose: if block.is_prose() { block.letters } else { 0 },
            stops: block.n_stops,
        }
    }

    fn plus(self, other: Weight) -> Weight {
        Weight {
            letters: self.letters + other.letters,
            link: self.link + other.link,
            prose: self.prose + other.prose,
            stops: self.stops + other.stops,
        }
    }

    fn minus(self, other: Weight) -> Weight {
        Weight {
            letters: self.letters - other.letters,
            link: self.link - other.link,
            prose: self.prose - other.prose,
            stops: self.stops - other.stops,
        }
    }

    /// Share of the letters that is inside links.
    pub fn link_density(self) -> f32 {
        self.link as f32 / self.letters.max(1) as f32
    }

    /// Share of the letters that is in blocks of prose.
    pub fn prose_share(self) -> f32 {
        self.prose as f32 / self.letters.max(1) as f32
    }

    /// Ends of sentences for each letter.
    pub fn stop_density(self) -> f32 {
        self.stops as f32 / self.letters.max(1) as f32
    }
}

/// The sums.
#[derive(Debug, Default)]
pub struct Sums {
    before: Vec<Weight>,
}

impl Sums {
    /// Adds up the blocks for which `counts` holds.
    pub fn fill(&mut self, outline: &Outline, counts: impl Fn(usize) -> bool) {
        self.before.clear();
        let mut sum = Weight::default();
        self.before.push(sum);
        for (index, block) in outline.blocks.iter().enumerate() {
            if counts(index) {
                sum = sum.plus(Weight::of(block));
            }
            self.before.push(sum);
        }
    }

    /// What the blocks `first..end` weigh.
    pub fn between(&self, first: u32, end: u32) -> Weight {
        self.before[end as usize].minus(self.before[first as usize])
    }

    /// What a container weighs.
    pub fn of(&self, container: &Container) -> Weight {
        self.between(container.first_block, container.end_block)
    }

    /// What all blocks weigh.
    pub fn all(&self) -> Weight {
        self.before.last().copied().unwrap_or_default()
    }
}
