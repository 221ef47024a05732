//! Decides which blocks are the main content: what is not the frame of the site, inside `main` if there is one, and,
//! on pages of prose, without lists of links.

use super::blocks::{Block, BlockKind, Outline};
use super::frame::{self, Sums};
use super::landmarks::Landmark;

/// A `main` element is taken at its word if it holds this share of the letters outside the frame.
const MIN_MAIN_SHARE: f32 = 0.2;
/// A block with fewer letters, or more of them in links, or without the end of a sentence, is not prose.
const MIN_PROSE_LETTERS: u32 = 60;
const MAX_PROSE_LINK_DENSITY: f32 = 0.3;
/// A page with this share of prose is about that prose, and its lists of links lead elsewhere. Below it the page is
/// itself a list (of products, threads, results), and links are its content.
const MIN_PROSE_SHARE: f32 = 0.4;
/// On pages of prose: a container of two blocks or more is a list of links above this density, if it holds no more
/// than this share of the letters.
const MAX_LIST_LINK_DENSITY: f32 = 0.5;
const MAX_LIST_SHARE: f32 = 0.2;
/// On pages of prose: a short block is a link, rather than a sentence with one, above this density.
const MAX_BLOCK_LINK_DENSITY: f32 = 0.7;
const MAX_LINK_LETTERS: u32 = 60;

/// Chooses blocks; keeps its buffers from page to page.
#[derive(Debug, Default)]
pub struct Selector {
    keep: Vec<bool>,
    in_frame: Vec<bool>,
    sums: Sums,
}

impl Selector {
    /// For each block of the outline chosen from last, whether it is kept.
    pub fn kept(&self) -> &[bool] {
        &self.keep
    }

    /// Keeps every block.
    pub fn select_all(&mut self, outline: &Outline) {
        self.keep.clear();
        self.keep.resize(outline.blocks.len(), true);
    }

    /// Keeps the blocks of the main content.
    pub fn select_main(&mut self, outline: &Outline) {
        self.sums.fill(outline, |_| true);
        frame::mark(outline, &self.sums, &mut self.in_frame);
        self.keep.clear();
        self.keep.extend(outline.blocks.iter().map(|block| !self.in_frame[block.container as usize]));
        self.narrow_to_main(outline);
        if self.prose_share(outline) >= MIN_PROSE_SHARE {
            self.drop_link_lists(outline);
        }
    }

    /// Drops what is outside of the `main` element with the most text.
    fn narrow_to_main(&mut self, outline: &Outline) {
        self.sums.fill(outline, |index| self.keep[index]);
        let mains = outline.containers.iter().filter(|container| container.landmark == Landmark::Main);
        let weighed = mains.map(|main| (self.sums.letters(main.first_block, main.end_block), main));
        // The first of equals, so that the result does not depend on how ties are broken by a library.
        let Some((letters, main)) = weighed.reduce(|best, next| if next.0 > best.0 { next } else { best }) else {
            return;
        };
        if letters as f32 >= MIN_MAIN_SHARE * self.sums.total() as f32 && letters > 0 {
            self.keep[..main.first_block as usize].fill(false);
            self.keep[main.end_block as usize..].fill(false);
        }
    }

    fn prose_share(&self, outline: &Outline) -> f32 {
        let (mut letters, mut prose) = (0u64, 0u64);
        for (block, _) in outline.blocks.iter().zip(&self.keep).filter(|(_, keep)| **keep) {
            letters += u64::from(block.letters);
            prose += if is_prose(block) { u64::from(block.letters) } else { 0 };
        }
        prose as f32 / letters.max(1) as f32
    }

    fn drop_link_lists(&mut self, outline: &Outline) {
        self.sums.fill(outline, |index| self.keep[index]);
        let total = self.sums.total().max(1) as f32;
        let containers = &outline.containers;
        let mut is_list = vec![false; containers.len()];
        for (index, container) in containers.iter().enumerate().skip(1) {
            let (first, end) = (container.first_block, container.end_block);
            is_list[index] = is_list[container.parent as usize]
                || end - first >= 2
                    && container.landmark != Landmark::Main
                    && self.sums.link_density(first, end) > MAX_LIST_LINK_DENSITY
                    && (self.sums.letters(first, end) as f32) < MAX_LIST_SHARE * total;
        }
        for (block, keep) in outline.blocks.iter().zip(&mut self.keep) {
            *keep &= !is_list[block.container as usize] && !is_link(block);
        }
    }
}

fn is_prose(block: &Block) -> bool {
    block.letters >= MIN_PROSE_LETTERS && block.n_stops > 0 && block.link_density() < MAX_PROSE_LINK_DENSITY
}

fn is_link(block: &Block) -> bool {
    let may_be_link = matches!(block.kind, BlockKind::Plain | BlockKind::Item | BlockKind::Paragraph | BlockKind::Cell);
    may_be_link && block.letters < MAX_LINK_LETTERS && block.link_density() > MAX_BLOCK_LINK_DENSITY
}
