//! What is around a block: the containers it is inside of, from the outermost to its own.

use super::super::blocks::{Container, Outline};
use super::super::dom::Tag;
use super::super::hints::Hints;
use super::super::rules::Sums;

/// Siblings of one tag and class that make a template repeated.
const MIN_REPEATS: u32 = 3;

/// Elements whose presence around a block is a number of its own.
const TAGS: [Tag; 8] =
    [Tag::Nav, Tag::Footer, Tag::Main, Tag::Article, Tag::Figure, Tag::Form, Tag::Header, Tag::Aside];

/// What holds for everything inside a container, unless a container further in says otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around {
    /// Containers around.
    pub depth: u32,
    /// The nearest container around that holds more blocks; the page is its own.
    pub wider: u32,
    /// Bits of [`TAGS`].
    tags: u8,
    /// For each hint of the frame, the share of the letters of the page in the innermost container that has it.
    hinted: [f32; Hints::FRAME.len()],
    /// Share of the letters of the page in the innermost container that hides itself.
    pub hidden_share: f32,
    /// Whether the container itself is repeated.
    pub is_repeated: bool,
    /// How often the innermost repeated container is there.
    pub repeats: u32,
    /// Share of the letters of the page in all of them.
    pub repeats_share: f32,
}

impl Around {
    /// Whether an element of this kind is around; one of [`TAGS`].
    pub fn has(&self, tag: Tag) -> bool {
        TAGS.iter().position(|&known| known == tag).is_some_and(|bit| self.tags & 1 << bit != 0)
    }

    /// Share of the innermost container with a hint; 0 without one.
    pub fn hinted(&self, hint: Hints) -> f32 {
        self.hinted[hint.bit()]
    }
}

/// For each container of the page, what is around its content.
pub fn read(outline: &Outline, sums: &Sums) -> Vec<Around> {
    let total = sums.all().letters;
    let repeated = repeated(outline, sums);
    let mut all: Vec<Around> = Vec::with_capacity(outline.containers.len());
    for (index, container) in outline.containers.iter().enumerate() {
        let mut around = all.get(container.parent as usize).copied().unwrap_or_default();
        let part = super::share(sums.of(container).letters, total);
        if index > 0 {
            let parent = &outline.containers[container.parent as usize];
            let is_same = (parent.first_block, parent.end_block) == (container.first_block, container.end_block);
            around.depth += 1;
            around.wider = if is_same { around.wider } else { container.parent };
        }
        if let Some(bit) = TAGS.iter().position(|&tag| tag == container.tag) {
            around.tags |= 1 << bit;
        }
        for hint in container.hints.and(Hints::FRAME).iter() {
            // A hint on an empty share is still a hint.
            around.hinted[hint.bit()] = part.max(f32::MIN_POSITIVE);
        }
        if container.hides {
            around.hidden_share = part;
        }
        let (repeats, letters) = repeated[index];
        around.is_repeated = repeats >= MIN_REPEATS;
        if around.is_repeated {
            (around.repeats, around.repeats_share) = (repeats, super::share(letters, total));
        }
        all.push(around);
    }
    all
}

/// For each container, how many siblings of its tag and class it has, itself included, and the letters in all of them.
/// Paragraphs, headings and the parts of a table are repeated by nature.
fn repeated(outline: &Outline, sums: &Sums) -> Vec<(u32, u32)> {
    let containers = &outline.containers;
    let is_template = |container: &Container| {
        container.end_block > container.first_block
            && container.tag.heading().is_none()
            && !matches!(container.tag, Tag::P | Tag::Tr | Tag::Td | Tag::Th)
    };
    let mut order: Vec<(u32, u32, u32)> = (1..)
        .zip(&containers[1..])
        .filter(|(_, container)| is_template(container))
        .map(|(index, container)| (container.parent, container.signature, index))
        .collect();
    order.sort_unstable();
    let mut found = vec![(0, 0); containers.len()];
    for group in order.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let letters = group.iter().map(|&(.., index)| sums.of(&containers[index as usize]).letters).sum();
        for &(.., index) in group {
            found[index as usize] = (group.len() as u32, letters);
        }
    }
    found
}

/// The blocks of the innermost container that holds more than `part / whole` of the prose of the page; `part` is at least
/// half of `whole`, so that there is only one such chain of containers. All blocks of a page without prose.
pub fn core(outline: &Outline, sums: &Sums, part: u64, whole: u64) -> (u32, u32) {
    let prose = u64::from(sums.all().prose);
    let holds = |container: &&Container| u64::from(sums.of(container).prose) * whole > part * prose;
    let core = outline.containers.iter().rev().find(holds);
    core.map_or((0, outline.blocks.len() as u32), |core| (core.first_block, core.end_block))
}
