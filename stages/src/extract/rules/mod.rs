//! The rules: the main content is what is not the frame of the site, inside `main` if there is one, and,
//! on pages of prose, without lists of links.

mod frame;
mod sums;

pub use sums::{Sums, Weight};

use super::blocks::{Block, BlockKind, Outline};
use super::landmarks::Landmark;

/// A `main` element is taken at its word if it holds this share of the letters outside the frame.
const MIN_MAIN_SHARE: f32 = 0.2;
/// A page with this share of prose is about that prose, and its lists of links lead elsewhere. Below it the page is
/// itself a list (of products, threads, results), and links are its content.
const MIN_PROSE_SHARE: f32 = 0.4;
/// On pages of prose: a single `article` with this share of the letters, and that many, is all there is.
const MIN_ARTICLE_SHARE: f32 = 0.5;
const MIN_ARTICLE_LETTERS: u32 = 1_500;
/// On pages of prose: a container of two blocks or more is a list of links above this density, if it holds no more
/// than this share of the letters.
const MAX_LIST_LINK_DENSITY: f32 = 0.5;
const MAX_LIST_SHARE: f32 = 0.2;
/// On pages of prose: a short block is a link, rather than a sentence with one, above this density.
const MAX_BLOCK_LINK_DENSITY: f32 = 0.7;
const MAX_LINK_LETTERS: u32 = 60;

/// What the rules say of a page.
#[derive(Clone, Copy, Debug)]
pub struct Ruled<'a> {
    /// For each block, whether they keep it.
    pub keep: &'a [bool],
    /// For each container, whether they take it for a part of the frame.
    pub in_frame: &'a [bool],
}

/// The rules; they keep their buffers from page to page.
#[derive(Debug, Default)]
pub struct Rules {
    keep: Vec<bool>,
    in_frame: Vec<bool>,
    sums: Sums,
}

impl Rules {
    /// What they said of the page selected from last.
    pub fn ruled(&self) -> Ruled<'_> {
        Ruled { keep: &self.keep, in_frame: &self.in_frame }
    }

    /// Forgets the page selected from last.
    pub fn forget(&mut self) {
        self.keep.clear();
        self.in_frame.clear();
    }

    /// Keeps the blocks of the main content.
    pub fn select(&mut self, outline: &Outline) {
        self.sums.fill(outline, |index| !outline.is_hidden(&outline.blocks[index]));
        frame::mark(outline, &self.sums, &mut self.in_frame);
        self.keep.clear();
        self.keep.extend(outline.blocks.iter().map(|block| !self.in_frame[block.container as usize]));
        self.narrow_to_main(outline);
        if self.prose_share(outline) >= MIN_PROSE_SHARE {
            self.drop_link_lists(outline);
            self.narrow_to_article(outline);
        }
    }

    /// Drops what is outside of the `main` element with the most text.
    fn narrow_to_main(&mut self, outline: &Outline) {
        self.sums.fill(outline, |index| self.keep[index]);
        let mains = outline.containers.iter().filter(|container| container.landmark == Landmark::Main);
        let weighed = mains.map(|main| (self.sums.of(main).letters, main));
        // The first of equals, so that the result does not depend on how ties are broken by a library.
        let Some((letters, main)) = weighed.reduce(|best, next| if next.0 > best.0 { next } else { best }) else {
            return;
        };
        if letters as f32 >= MIN_MAIN_SHARE * self.sums.all().letters as f32 && letters > 0 {
            self.narrow(main.first_block, main.end_block);
        }
    }

    /// Drops what is outside of the only article.
    fn narrow_to_article(&mut self, outline: &Outline) {
        self.sums.fill(outline, |index| self.keep[index]);
        let mut articles = outline.containers.iter().filter(|container| container.landmark == Landmark::Article);
        let Some(first) = articles.next() else { return };
        let letters = self.sums.of(first).letters;
        let is_only = articles.all(|article| article.first_block < first.end_block);
        let is_most = letters as f32 >= MIN_ARTICLE_SHARE * self.sums.all().letters as f32;
        if is_only && is_most && letters >= MIN_ARTICLE_LETTERS {
            self.narrow(first.first_block, first.end_block);
        }
    }

    fn narrow(&mut self, first: u32, end: u32) {
        self.keep[..first as usize].fill(false);
        self.keep[end as usize..].fill(false);
    }

    fn prose_share(&self, outline: &Outline) -> f32 {
        let (mut letters, mut prose) = (0u64, 0u64);
        for (block, _) in outline.blocks.iter().zip(&self.keep).filter(|(_, keep)| **keep) {
            letters += u64::from(block.letters);
            prose += if block.is_prose() { u64::from(block.letters) } else { 0 };
        }
        prose as f32 / letters.max(1) as f32
    }

    fn drop_link_lists(&mut self, outline: &Outline) {
        self.sums.fill(outline, |index| self.keep[index]);
        let total = self.sums.all().letters.max(1) as f32;
        let containers = &outline.containers;
        let mut is_list = vec![false; containers.len()];
        for (index, container) in containers.iter().enumerate().skip(1) {
            let (first, end) = (container.first_block, container.end_block);
            is_list[index] = is_list[container.parent as usize]
                || end - first >= 2
                    && container.landmark != Landmark::Main
                    && self.sums.between(first, end).link_density() > MAX_LIST_LINK_DENSITY
                    && (self.sums.between(first, end).letters as f32) < MAX_LIST_SHARE * total;
        }
        for (block, keep) in outline.blocks.iter().zip(&mut self.keep) {
            *keep &= !is_list[block.container as usize] && !is_link(block);
        }
    }
}

fn is_link(block: &Block) -> bool {
    let may_be_link = matches!(block.kind, BlockKind::Plain | BlockKind::Item | BlockKind::Paragraph | BlockKind::Cell);
    may_be_link && block.letters < MAX_LINK_LETTERS && block.link_density() > MAX_BLOCK_LINK_DENSITY
}

#[cfg(test)]
mod tests {
    use super::super::decide::Decision;
    use super::super::{Mode, Scratch, extract};

    fn main_text(html: &str) -> String {
        let mode = Mode::MainText(Decision::Rules);
        extract(html, mode, &mut Scratch::default()).text
    }

    fn paragraph(n_sentences: usize) -> String {
        "This is a sentence of a paragraph of prose. ".repeat(n_sentences).trim().to_owned()
    }

    #[test]
    fn the_main_element_is_taken_at_its_word_unless_it_is_empty() {
        let text = paragraph(5);
        assert_eq!(main_text(&format!("<p>before</p><main><p>{text}</p></main><p>after</p>")), text);
        assert_eq!(main_text(&format!("<main></main><p>{text}</p>")), text);
        assert_eq!(main_text(&format!("<main>Loading</main><p>{text}</p>")), format!("Loading\n\n{text}"));
        assert_eq!(main_text(&format!("<main>a</main><main><p>{text}</p></main>")), text);
    }

    #[test]
    fn link_lists_go_from_prose_and_stay_on_lists() {
        let links = "<ul><li><a href=a>The first page</a></li><li><a href=b>Another page</a></li></ul>";
        let text = paragraph(12);
        assert_eq!(main_text(&format!("<div><p>{text}</p></div>{links}<p><a href=c>More</a></p>")), text);
        assert_eq!(main_text(&format!("<h2>Pages</h2>{links}")), "Pages\n\nThe first page\nAnother page");
    }

    #[test]
    fn a_sentence_with_a_link_stays() {
        let text = paragraph(6);
        let html = format!("<p>{text}</p><p>It is told in <a href=x>a report</a>.</p>");
        assert_eq!(main_text(&html), format!("{text}\n\nIt is told in a report."));
    }

    #[test]
    fn the_only_article_is_all_of_a_page_of_prose() {
        let text = paragraph(50);
        assert_eq!(main_text(&format!("<p>teaser</p><article><p>{text}</p></article>")), text);
        let two = format!("<article><p>{text}</p></article>").repeat(2);
        assert_eq!(main_text(&format!("<p>teaser</p>{two}")), format!("teaser\n\n{text}\n\n{text}"));
    }
}
