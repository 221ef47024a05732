//! A page as blocks of text with features, inside the containers they came from.

use super::dom::{Dom, NodeId, Tag};
use super::hints::Hints;
use super::landmarks::Landmark;
use super::text::Join;
use super::walk::{Walker, WalkerBuffers};

/// A block with fewer letters, or more of them in links, or without the end of a sentence, is not prose.
const MIN_PROSE_LETTERS: u32 = 60;
const MAX_PROSE_LINK_DENSITY: f32 = 0.3;

/// A page hides most of itself if it hides this many letters of prose, and this many times what it shows; what holds a
/// fair part of them is shown.
const MIN_REVEALED_LETTERS: u64 = 500;
const MIN_REVEALED_GAIN: u64 = 2;
const MIN_REVEALED_PART: u64 = 4;

/// What a block of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// Text of a paragraph element.
    Paragraph,
    /// Text of any other element.
    Plain,
    /// A heading.
    Heading,
    /// A list item, or a term or definition.
    Item,
    /// A table cell.
    Cell,
    /// Caption of a figure or table.
    Caption,
    /// A code listing, verbatim.
    Code,
    /// A formula on its own line.
    Formula,
}

impl BlockKind {
    /// Number of kinds.
    pub const COUNT: usize = BlockKind::Formula as usize + 1;

    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            BlockKind::Paragraph => "paragraph",
            BlockKind::Plain => "text",
            BlockKind::Heading => "heading",
            BlockKind::Item => "item",
            BlockKind::Cell => "cell",
            BlockKind::Caption => "caption",
            BlockKind::Code => "code",
            BlockKind::Formula => "formula",
        }
    }
}

/// A run of text that no block element interrupts.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// Byte range in [`Outline::text`].
    pub start: u32,
    /// End of the range.
    pub end: u32,
    /// Index of the innermost container.
    pub container: u32,
    /// What it is.
    pub kind: BlockKind,
    /// What separates it from the block before.
    pub join: Join,
    /// Whether the text has more than one line.
    pub has_line_break: bool,
    /// Characters other than white space; an ideograph, kana or hangul syllable counts as two.
    pub letters: u32,
    /// Words separated by white space.
    pub words: u32,
    /// Bytes of text inside links.
    pub link_bytes: u32,
    /// Number of links.
    pub n_links: u32,
    /// Marks that end a sentence.
    pub n_stops: u32,
    /// Commas of any script.
    pub n_commas: u32,
    /// Formulas, and commands of TeX that stand in the text.
    pub n_formulas: u32,
    /// Decimal digits of ASCII.
    pub n_digits: u32,
    /// Capital letters of ASCII.
    pub n_capitals: u32,
    /// Whether the last letter ends a sentence.
    pub ends_sentence: bool,
}

impl Block {
    /// Bytes of text.
    pub fn len(&self) -> u32 {
        self.end - self.start
    }

    /// Whether there is no text; never so for a block of an outline.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether it reads like a sentence or more of running text.
    pub fn is_prose(&self) -> bool {
        self.letters >= MIN_PROSE_LETTERS && self.n_stops > 0 && self.link_density() < MAX_PROSE_LINK_DENSITY
    }

    /// Share of the text inside links.
    pub fn link_density(&self) -> f32 {
        self.link_bytes.min(self.len()) as f32 / self.len().max(1) as f32
    }
}

/// A block element, as far as it holds text. Its blocks are `first_block..end_block`, so containers nest as intervals.
#[derive(Clone, Copy, Debug)]
pub struct Container {
    /// Index of the container around it; the outermost is its own.
    pub parent: u32,
    /// The element.
    pub tag: Tag,
    /// Hints of its own names.
    pub hints: Hints,
    /// What it declares itself to be.
    pub landmark: Landmark,
    /// First block inside.
    pub first_block: u32,
    /// End of the blocks inside.
    pub end_block: u32,
    /// The element in the tree.
    pub node: NodeId,
    /// Whether an attribute or its style hides it until a script shows it.
    pub hides: bool,
    /// Whether it or one around it is hidden.
    pub is_hidden: bool,
    /// Equal for elements of one tag and one `class`: what a template repeats.
    pub signature: u32,
}

/// The text of a page and its structure.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// Text of all blocks, one after the other.
    pub text: String,
    /// Blocks in reading order.
    pub blocks: Vec<Block>,
    /// Containers in document order, each after the one around it.
    pub containers: Vec<Container>,
    buffers: WalkerBuffers,
}

impl Outline {
    /// Reads a page in one pass over its tree.
    pub fn read(&mut self, dom: &Dom) {
        self.text.clear();
        self.blocks.clear();
        self.containers.clear();
        let mut buffers = std::mem::take(&mut self.buffers);
        Walker::new(dom, self, &mut buffers).walk();
        self.buffers = buffers;
        self.spread();
        self.reveal();
    }

    /// Bytes of the buffers.
    pub fn memory_bytes(&self) -> usize {
        self.text.capacity()
            + self.blocks.capacity() * size_of::<Block>()
            + self.containers.capacity() * size_of::<Container>()
    }

    /// Gives buffers back that an ordinary page does not need.
    pub fn shrink_to(&mut self, bytes: usize) {
        if self.memory_bytes() > bytes {
            *self = Outline::default();
        }
    }

    /// Letters of the blocks that are shown.
    pub fn n_letters(&self) -> u64 {
        self.blocks.iter().filter(|block| !self.is_hidden(block)).map(|block| u64::from(block.letters)).sum()
    }

    /// Whether a block is not shown until a script shows it.
    pub fn is_hidden(&self, block: &Block) -> bool {
        self.containers[block.container as usize].is_hidden
    }

    /// Takes for shown what is hidden on a page that hides most of itself: a script shows it once it is loaded.
    fn reveal(&mut self) {
        let (mut shown, mut hidden) = (0u64, 0u64);
        for block in self.blocks.iter().filter(|block| block.is_prose()) {
            *(if self.is_hidden(block) { &mut hidden } else { &mut shown }) += u64::from(block.letters);
        }
        if hidden < MIN_REVEALED_LETTERS || hidden < MIN_REVEALED_GAIN * shown {
            return;
        }
        for index in 1..self.containers.len() {
            let container = self.containers[index];
            if !container.is_hidden || self.containers[container.parent as usize].is_hidden {
                continue;
            }
            let inside = &self.blocks[container.first_block as usize..container.end_block as usize];
            let prose: u64 = inside.iter().filter(|block| block.is_prose()).map(|block| u64::from(block.letters)).sum();
            self.containers[index].hides &= prose * MIN_REVEALED_PART < hidden;
        }
        self.spread();
    }

    /// What is inside of something hidden is hidden.
    fn spread(&mut self) {
        for index in 1..self.containers.len() {
            let container = self.containers[index];
            let is_hidden = container.hides || self.containers[container.parent as usize].is_hidden;
            self.containers[index].is_hidden = is_hidden;
        }
    }

    /// Text of a block.
    pub fn text_of(&self, block: &Block) -> &str {
        &self.text[block.start as usize..block.end as usize]
    }
}

impl Block {
    /// A block of the text from `start` on, with its counts; the rest is filled in by the walk.
    pub(super) fn measured(start: usize, text: &str, container: u32, kind: BlockKind) -> Block {
        let mut block = Block {
            start: start as u32,
            end: (start + text.len()) as u32,
            container,
            kind,
            join: Join::Line,
            has_line_break: false,
            letters: 0,
            words: 0,
            link_bytes: 0,
            n_links: 0,
            n_stops: 0,
            n_commas: 0,
            n_formulas: 0,
            n_digits: 0,
            n_capitals: 0,
            ends_sentence: false,
        };
        block.count(text);
        block
    }

    fn count(&mut self, text: &str) {
        let mut in_word = false;
        for letter in text.chars() {
            if letter.is_ascii_whitespace() {
                self.has_line_break |= letter == '\n';
                in_word = false;
                continue;
            }
            self.ends_sentence = false;
            self.words += u32::from(!in_word);
            in_word = true;
            let is_wide = ('\u{3040}'..='\u{d7a3}').contains(&letter);
            self.letters += 1 + u32::from(is_wide);
            match letter {
                '.' | '!' | '?' | '。' | '！' | '？' | '؟' | '।' | '…' | '։' | '።' => {
                    self.n_stops += 1;
                    self.ends_sentence = true;
                }
                ',' | '，' | '、' | '،' | ';' | '؛' => self.n_commas += 1,
                '\\' => self.n_formulas += 1,
                '0'..='9' => self.n_digits += 1,
                'A'..='Z' => self.n_capitals += 1,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(html: &str) -> Outline {
        let mut dom = Dom::default();
        dom.parse(html);
        let mut outline = Outline::default();
        outline.read(&dom);
        outline
    }

    #[test]
    fn containers_nest_as_intervals_of_blocks() {
        let outline = outline("<body><div><p>a<p>b</div><ul><li>c<li>d</ul>e<section></section>");
        let n_blocks = outline.blocks.len() as u32;
        assert_eq!(n_blocks, 5);
        for (index, container) in outline.containers.iter().enumerate().skip(1) {
            let parent = &outline.containers[container.parent as usize];
            assert!((container.parent as usize) < index);
            assert!(parent.first_block <= container.first_block && container.end_block <= parent.end_block);
        }
        for (index, block) in (0..).zip(&outline.blocks) {
            let container = &outline.containers[block.container as usize];
            assert!((container.first_block..container.end_block).contains(&index));
        }
        assert_eq!(outline.containers[0].end_block, n_blocks);
    }

    #[test]
    fn features_are_counted() {
        let outline = outline("<p>One, two <a href=x>three four</a>. Five!<p>日本。");
        let block = &outline.blocks[0];
        assert_eq!((block.words, block.n_links, block.n_stops, block.n_commas), (5, 1, 2, 1));
        assert_eq!(block.link_bytes, " three four".len() as u32);
        assert_eq!(outline.blocks[1].letters, 2 * 2 + 1);
        assert_eq!(outline.blocks[1].link_density(), 0.0);
    }

    #[test]
    fn blocks_inside_a_link_are_all_link() {
        let outline = outline("<a href=x><div>card title</div><p>and text</p></a><p>after</p>");
        let densities: Vec<f32> = outline.blocks.iter().map(Block::link_density).collect();
        assert_eq!(densities, [1.0, 1.0, 0.0]);
    }
}
