//! Blocks that play the same role: a template gives them the same tags and classes all the way from the root.
//! Whoever keeps one of them should think twice before dropping the others.

use tokenmill_core::hash::{hash64, mix64};

use super::super::blocks::Outline;

/// What all blocks of one role have together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Role {
    /// How many there are.
    pub blocks: u32,
    /// Their letters.
    pub letters: u32,
    /// Their letters in links.
    pub link: u32,
    /// Their letters of prose.
    pub prose: u32,
    /// Their letters that the rules keep.
    pub ruled: u32,
}

/// The roles of a page.
#[derive(Debug)]
pub struct Roles {
    roles: Vec<Role>,
    /// Role of each block.
    of_block: Vec<u32>,
    /// How often the text of each block is on the page.
    copies: Vec<u32>,
}

impl Roles {
    /// Finds the roles.
    pub fn new(outline: &Outline, keep: &[bool]) -> Roles {
        let mut paths: Vec<u64> = Vec::with_capacity(outline.containers.len());
        for container in &outline.containers {
            let around = paths.get(container.parent as usize).copied().unwrap_or(0);
            paths.push(mix64(around, u64::from(container.signature)));
        }
        let (of_block, n_roles) = groups(outline.blocks.iter().map(|block| paths[block.container as usize]));
        let mut roles = vec![Role::default(); n_roles];
        for ((block, &role), &is_kept) in outline.blocks.iter().zip(&of_block).zip(keep) {
            let role = &mut roles[role as usize];
            role.blocks += 1;
            role.letters += block.letters;
            role.link += (block.letters as f32 * block.link_density()) as u32;
            role.prose += if block.is_prose() { block.letters } else { 0 };
            role.ruled += if is_kept { block.letters } else { 0 };
        }
        let texts = outline.blocks.iter().map(|block| hash64(0, outline.text_of(block).as_bytes()));
        let (text, n_texts) = groups(texts);
        let mut counts = vec![0; n_texts];
        text.iter().for_each(|&text| counts[text as usize] += 1);
        let copies = text.iter().map(|&text| counts[text as usize]).collect();
        Roles { roles, of_block, copies }
    }

    /// The role of a block.
    pub fn of(&self, block: usize) -> Role {
        self.roles[self.of_block[block] as usize]
    }

    /// How often the text of a block is on the page.
    pub fn copies(&self, block: usize) -> u32 {
        self.copies[block]
    }

    /// Mean of a number over the blocks of each role, weighed by their letters, for each block.
    pub fn means(&self, outline: &Outline, number: &[f32]) -> Vec<f32> {
        let mut sums = vec![(0.0, 0.0); self.roles.len()];
        for ((block, &role), number) in outline.blocks.iter().zip(&self.of_block).zip(number) {
            let sum = &mut sums[role as usize];
            let weight = 1.0 + block.letters as f32;
            *sum = (sum.0 + weight * number, sum.1 + weight);
        }
        self.of_block.iter().map(|&role| sums[role as usize].0 / sums[role as usize].1).collect()
    }
}

/// Numbers equal keys alike, from 0 on: the number of each item, and how many there are.
fn groups(keys: impl Iterator<Item = u64>) -> (Vec<u32>, usize) {
    let mut order: Vec<(u64, u32)> = keys.zip(0..).collect();
    order.sort_unstable();
    let mut of_item = vec![0; order.len()];
    let mut n_groups = 0;
    for group in order.chunk_by(|a, b| a.0 == b.0) {
        for &(_, item) in group {
            of_item[item as usize] = n_groups;
        }
        n_groups += 1;
    }
    (of_item, n_groups as usize)
}
