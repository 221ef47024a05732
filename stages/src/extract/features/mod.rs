//! What is measured of each block before it is decided about: the block, its neighbours, the containers around it, the
//! blocks that play the same role, and the page.
//!
//! A row is a list of numbers whose names stand beside the expressions that give them, so that a model file can be read.
//! Trees only compare, so nothing is scaled. All sums are of letters, so that they do not depend on how a language
//! parts words.

mod around;
mod block;
mod context;
mod cues;
mod page;
mod role;

pub use context::{CONTEXT_NAMES, Context};

use super::blocks::Outline;
use super::rules::{Ruled, Sums};
use around::Around;
use cues::Cues;
use page::Page;
use role::Roles;

/// Declares a row: names and the values that belong to them.
macro_rules! row {
    ($(#[$doc:meta])* $names:ident, $(#[$doc_fn:meta])* $fill:ident, $item:ident : $type:ty { $($name:literal: $value:expr,)+ }) => {
        $(#[$doc])*
        pub const $names: &[&str] = &[$($name),+];

        $(#[$doc_fn])*
        pub(super) fn $fill($item: &$type, row: &mut Vec<f32>) {
            $(row.push($value);)+
        }
    };
}
use row;

/// What stands below "related articles" is one of them if so much of it is a link.
const MIN_LISTED_LINK_DENSITY: f32 = 0.5;

/// The measures of one page.
#[derive(Debug)]
pub struct Features<'a> {
    outline: &'a Outline,
    ruled: Ruled<'a>,
    /// Sums over all blocks, hidden ones included.
    sums: Sums,
    around: Vec<Around>,
    roles: Roles,
    cues: Vec<Cues>,
    /// For each block, the heading before it.
    heading: Vec<Option<u32>>,
    /// For each block, the next heading after it, or the end.
    next_heading: Vec<u32>,
    /// For each block, how many blocks away the nearest prose before and after it is.
    prose_before: Vec<u32>,
    prose_after: Vec<u32>,
    /// The first `h1` outside of the frame.
    title: Option<u32>,
    /// The innermost containers that hold more than a half, and more than four fifths, of the prose.
    cores: [(u32, u32); 2],
    page: Page,
}

/// Names of the numbers of the row of a block, in order.
pub fn names() -> Vec<&'static str> {
    [block::BLOCK_NAMES, page::PAGE_NAMES].concat()
}

/// As [`names`], with those of the second look.
pub fn names_in_context() -> Vec<&'static str> {
    [block::BLOCK_NAMES, page::PAGE_NAMES, CONTEXT_NAMES].concat()
}

impl<'a> Features<'a> {
    /// Measures a page.
    pub fn new(outline: &'a Outline, ruled: Ruled<'a>) -> Self {
        let mut sums = Sums::default();
        sums.fill(outline, |_| true);
        let around = around::read(outline, &sums);
        let page = Page::new(outline, &sums, ruled);
        let (heading, next_heading) = block::headings(outline);
        let (prose_before, prose_after) = block::prose_distances(outline);
        Features {
            roles: Roles::new(outline, ruled.keep),
            cues: cues::read(outline),
            title: block::title(outline, ruled.in_frame),
            cores: [around::core(outline, &sums, 1, 2), around::core(outline, &sums, 4, 5)],
            outline,
            ruled,
            sums,
            around,
            heading,
            next_heading,
            prose_before,
            prose_after,
            page,
        }
    }

    /// Appends the row of a block.
    pub fn push_row(&self, index: usize, row: &mut Vec<f32>) {
        block::push_block(&block::At::new(self, index), row);
        page::push_page(&self.page, row);
    }

    /// Whether a block cannot be main content by what it says: a line that leads to another page, a list of such lines
    /// under their heading, a line of the site to its readers, the credit of a picture.
    pub fn is_aside(&self, index: usize) -> bool {
        let of = |index: usize| (&self.outline.blocks[index], self.outline.text_of(&self.outline.blocks[index]));
        let (block, text) = of(index);
        let is_listed = |heading: u32| {
            let (heading, text) = of(heading as usize);
            block.link_density() > MIN_LISTED_LINK_DENSITY && cues::leads_away(heading, text)
        };
        cues::is_aside(block, text) || self.heading[index].is_some_and(is_listed)
    }

    /// The first `h1` outside of the frame.
    pub fn title(&self) -> Option<usize> {
        self.title.map(|title| title as usize)
    }
}

fn flag(is_so: bool) -> f32 {
    f32::from(u8::from(is_so))
}

fn share(part: u32, whole: u32) -> f32 {
    part as f32 / whole.max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::super::decide::Decision;
    use super::super::{Mode, Scratch, extract};
    use super::*;

    #[test]
    fn rows_have_a_number_for_every_name() {
        let mut scratch = Scratch::default();
        extract(
            "<h1>t</h1><ul><li>a<li>b<li>c</ul><p>A sentence.</p>",
            Mode::MainText(Decision::default()),
            &mut scratch,
        );
        let features = Features::new(scratch.outline(), scratch.ruled());
        let mut row = Vec::new();
        features.push_row(0, &mut row);
        assert_eq!(row.len(), names().len());
        let mut sorted = names();
        sorted.sort_unstable();
        assert!(sorted.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
