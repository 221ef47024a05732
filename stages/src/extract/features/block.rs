//! The numbers of one block.

use super::super::blocks::{Block, BlockKind, Container, Outline};
use super::super::dom::Tag;
use super::super::hints::Hints;
use super::super::rules::Weight;
use super::around::Around;
use super::role::Role;
use super::{Features, flag, share};

/// Distance of what is not there.
const FAR: u32 = 999;
/// Containers looked at from a block outwards, each holding more blocks than the one before.
pub(super) const LEVELS: usize = 4;

/// A block in its place.
pub struct At<'a> {
    features: &'a Features<'a>,
    index: usize,
    block: &'a Block,
    container: &'a Container,
    around: &'a Around,
    role: Role,
    levels: [(u32, Weight); LEVELS],
}

impl<'a> At<'a> {
    /// Looks at a block.
    pub fn new(features: &'a Features<'a>, index: usize) -> At<'a> {
        let block = &features.outline.blocks[index];
        At {
            features,
            index,
            block,
            container: &features.outline.containers[block.container as usize],
            around: &features.around[block.container as usize],
            role: features.roles.of(index),
            levels: levels(features, block.container).map(|level| {
                let container = &features.outline.containers[level as usize];
                (container.end_block - container.first_block, features.sums.of(container))
            }),
        }
    }

    fn total(&self) -> u32 {
        self.features.sums.all().letters
    }

    fn letters_before(&self) -> u32 {
        self.features.sums.between(0, self.index as u32).letters
    }

    fn neighbour(&self, offset: isize) -> Option<(usize, &Block)> {
        let index = self.index.checked_add_signed(offset)?;
        Some((index, self.features.outline.blocks.get(index)?))
    }

    /// What the rules say of a neighbour; -1 at the ends of the page.
    fn is_neighbour_kept(&self, offset: isize) -> f32 {
        self.neighbour(offset).map_or(-1.0, |(index, _)| flag(self.features.ruled.keep[index]))
    }

    fn heading(&self) -> Option<(u32, &Block)> {
        let index = self.features.heading[self.index]?;
        Some((index, &self.features.outline.blocks[index as usize]))
    }

    /// Letters from the heading above, or from this block if it is one, to the next heading.
    fn section(&self) -> u32 {
        let is_heading = self.block.kind == BlockKind::Heading;
        let first = if is_heading { self.index as u32 } else { self.features.heading[self.index].unwrap_or(0) };
        self.features.sums.between(first, self.features.next_heading[self.index]).letters
    }

    /// Blocks to a core, negative before it, 0 inside.
    fn to_core(&self, core: usize) -> f32 {
        let (first, end) = self.features.cores[core];
        let index = self.index as u32;
        if index < first {
            -((first - index) as f32)
        } else if index >= end {
            (index - end + 1) as f32
        } else {
            0.0
        }
    }
}

super::row! {
    /// Names of the numbers of a block.
    BLOCK_NAMES,
    /// Appends the numbers of a block.
    push_block, at: At<'_> {
        "kind": at.block.kind as u8 as f32,
        "letters": at.block.letters as f32,
        "link_density": at.block.link_density(),
        "stop_density": share(at.block.n_stops, at.block.letters),
        "ends_sentence": flag(at.block.ends_sentence),
        "digits": share(at.block.n_digits, at.block.letters),
        "capitals": share(at.block.n_capitals, at.block.letters),
        "formulas": share(at.block.n_formulas, at.block.letters),
        "cue.more": flag(at.features.cues[at.index].more),
        "cue.notice": flag(at.features.cues[at.index].notice),
        "cue.credit": flag(at.features.cues[at.index].credit),
        "copies": at.features.roles.copies(at.index) as f32,
        "rules.keep": flag(at.features.ruled.keep[at.index]),
        "rules.frame": flag(at.features.ruled.in_frame[at.block.container as usize]),
        "position": share(at.letters_before(), at.total()),
        "position.blocks": share(at.index as u32, at.features.outline.blocks.len() as u32),
        "letters_before": at.letters_before() as f32,
        "letters_after": (at.total() - at.letters_before()) as f32,
        "after_title": at.features.title.map_or(0.0, |title| at.index as f32 - title as f32),
        "tag": at.container.tag as u8 as f32,
        "depth": at.around.depth as f32,
        "in.nav": flag(at.around.has(Tag::Nav)),
        "in.footer": flag(at.around.has(Tag::Footer)),
        "in.header": flag(at.around.has(Tag::Header)),
        "in.aside": flag(at.around.has(Tag::Aside)),
        "in.main": flag(at.around.has(Tag::Main)),
        "in.article": flag(at.around.has(Tag::Article)),
        "in.figure": flag(at.around.has(Tag::Figure)),
        "in.form": flag(at.around.has(Tag::Form)),
        "hidden": at.around.hidden_share,
        "named.navigation": at.around.hinted(Hints::NAVIGATION),
        "named.footer": at.around.hinted(Hints::FOOTER),
        "named.header": at.around.hinted(Hints::HEADER),
        "named.sidebar": at.around.hinted(Hints::SIDEBAR),
        "named.comments": at.around.hinted(Hints::COMMENTS),
        "named.related": at.around.hinted(Hints::RELATED),
        "named.popup": at.around.hinted(Hints::POPUP),
        "named.metadata": at.around.hinted(Hints::METADATA),
        "named.control": at.around.hinted(Hints::CONTROL),
        "repeats": at.around.repeats as f32,
        "repeats.share": at.around.repeats_share,
        "role.blocks": at.role.blocks as f32,
        "role.share": share(at.role.letters, at.total()),
        "role.link": share(at.role.link, at.role.letters),
        "role.prose": share(at.role.prose, at.role.letters),
        "role.mean": share(at.role.letters, at.role.blocks),
        "role.rules": share(at.role.ruled, at.role.letters),
        "own.link": at.levels[0].1.link_density(),
        "own.share": share(at.levels[0].1.letters, at.total()),
        "around1.share": share(at.levels[1].1.letters, at.total()),
        "around1.blocks": at.levels[1].0 as f32,
        "around1.link": at.levels[1].1.link_density(),
        "around1.prose": at.levels[1].1.prose_share(),
        "around2.share": share(at.levels[2].1.letters, at.total()),
        "around2.blocks": at.levels[2].0 as f32,
        "around2.link": at.levels[2].1.link_density(),
        "around2.prose": at.levels[2].1.prose_share(),
        "around2.stops": at.levels[2].1.stop_density(),
        "around3.share": share(at.levels[3].1.letters, at.total()),
        "around3.blocks": at.levels[3].0 as f32,
        "around3.link": at.levels[3].1.link_density(),
        "around3.prose": at.levels[3].1.prose_share(),
        "around3.stops": at.levels[3].1.stop_density(),
        "core.half": at.to_core(0),
        "core.most": at.to_core(1),
        "before2.rules": at.is_neighbour_kept(-2),
        "before1.rules": at.is_neighbour_kept(-1),
        "after1.rules": at.is_neighbour_kept(1),
        "after2.rules": at.is_neighbour_kept(2),
        "after1.kind": at.neighbour(1).map_or(-1.0, |(_, block)| block.kind as u8 as f32),
        "after1.letters": at.neighbour(1).map_or(-1.0, |(_, block)| block.letters as f32),
        "prose_before": at.features.prose_before[at.index] as f32,
        "prose_after": at.features.prose_after[at.index] as f32,
        "heading.distance": at.heading().map_or(-1.0, |(index, _)| (at.index - index as usize) as f32),
        "heading.letters": at.heading().map_or(-1.0, |(_, heading)| heading.letters as f32),
        "heading.rules": at.heading().map_or(-1.0, |(index, _)| flag(at.features.ruled.keep[index as usize])),
        "heading.more": at.heading().map_or(-1.0, |(index, _)| flag(at.features.cues[index as usize].more)),
        "heading.level": at.heading().map_or(-1.0, |(_, heading)| {
            f32::from(at.features.outline.containers[heading.container as usize].tag.heading().unwrap_or(0))
        }),
        "section": at.section() as f32,
    }
}

/// The container of a block and those around it, leaving out what holds the same blocks as the one before.
pub(super) fn levels(features: &Features<'_>, container: u32) -> [u32; LEVELS] {
    let mut levels = [container; LEVELS];
    for level in 1..LEVELS {
        levels[level] = features.around[levels[level - 1] as usize].wider;
    }
    levels
}

/// For each block, the last heading before it and the first one after it.
pub(super) fn headings(outline: &Outline) -> (Vec<Option<u32>>, Vec<u32>) {
    let is_heading = |block: &Block| block.kind == BlockKind::Heading;
    let mut last = None;
    let before = (0..).zip(&outline.blocks).map(|(index, block)| {
        let before = last;
        last = if is_heading(block) { Some(index) } else { last };
        before
    });
    let before = before.collect();
    let mut next = outline.blocks.len() as u32;
    let mut after = vec![next; outline.blocks.len()];
    for (index, block) in outline.blocks.iter().enumerate().rev() {
        after[index] = next;
        next = if is_heading(block) { index as u32 } else { next };
    }
    (before, after)
}

/// For each block, how many blocks away the nearest prose before it and after it is.
pub(super) fn prose_distances(outline: &Outline) -> (Vec<u32>, Vec<u32>) {
    let mut distance = FAR;
    let mut step = |block: &Block| {
        let before = distance;
        distance = if block.is_prose() { 1 } else { FAR.min(distance + 1) };
        before
    };
    let before = outline.blocks.iter().map(&mut step).collect();
    distance = FAR;
    let mut step = |block: &Block| {
        let before = distance;
        distance = if block.is_prose() { 1 } else { FAR.min(distance + 1) };
        before
    };
    let mut after: Vec<u32> = outline.blocks.iter().rev().map(&mut step).collect();
    after.reverse();
    (before, after)
}

/// The first `h1` outside of the frame.
pub(super) fn title(outline: &Outline, in_frame: &[bool]) -> Option<u32> {
    let is_title = |block: &Block| {
        block.kind == BlockKind::Heading
            && outline.containers[block.container as usize].tag == Tag::H1
            && !in_frame[block.container as usize]
    };
    outline.blocks.iter().position(is_title).map(|index| index as u32)
}
