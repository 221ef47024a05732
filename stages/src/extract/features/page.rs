//! The numbers of a whole page.

use super::super::blocks::{Block, BlockKind, Container, Outline};
use super::super::dom::Tag;
use super::super::hints::Hints;
use super::super::landmarks::Landmark;
use super::super::rules::{Ruled, Sums, Weight};
use super::share;

/// Longest block that is looked at for a price, in letters.
const MAX_PRICE_LETTERS: u32 = 40;

/// What a page is made of.
#[derive(Clone, Debug, Default)]
pub struct Page {
    all: Weight,
    /// What the rules keep.
    ruled: Weight,
    n_blocks: u32,
    kinds: [u32; BlockKind::COUNT],
    longest: u32,
    prices: u32,
    n_prose: u32,
    hidden: u32,
    shown_prose: u32,
    main: u32,
    article: u32,
    articles: u32,
    forms: u32,
    comments: u32,
    metadata: u32,
    controls: u32,
}

impl Page {
    /// Measures a page.
    pub fn new(outline: &Outline, sums: &Sums, ruled: Ruled<'_>) -> Page {
        let mut page = Page { all: sums.all(), n_blocks: outline.blocks.len() as u32, ..Page::default() };
        let mut kept = Sums::default();
        kept.fill(outline, |index| ruled.keep[index]);
        page.ruled = kept.all();
        for block in &outline.blocks {
            page.count(block, outline);
        }
        for container in &outline.containers {
            page.look(container, sums.of(container).letters);
        }
        page
    }

    fn count(&mut self, block: &Block, outline: &Outline) {
        self.kinds[block.kind as usize] += 1;
        self.longest = self.longest.max(block.letters);
        let may_be_price = block.letters < MAX_PRICE_LETTERS && block.n_digits > 0;
        self.prices += u32::from(may_be_price && outline.text_of(block).contains(['$', '€', '£', '¥', '₹']));
        self.n_prose += u32::from(block.is_prose());
        if outline.is_hidden(block) {
            self.hidden += block.letters;
        } else if block.is_prose() {
            self.shown_prose += block.letters;
        }
    }

    fn look(&mut self, container: &Container, letters: u32) {
        match container.landmark {
            Landmark::Main => self.main = self.main.max(letters),
            Landmark::Article => {
                self.articles += 1;
                self.article = self.article.max(letters);
            }
            _ => {}
        }
        self.forms += u32::from(container.tag == Tag::Form);
        self.comments += u32::from(container.hints.any(Hints::COMMENTS));
        self.metadata += u32::from(container.hints.any(Hints::METADATA));
        self.controls += u32::from(container.hints.any(Hints::CONTROL));
    }

    fn kind(&self, kind: BlockKind) -> f32 {
        share(self.kinds[kind as usize], self.n_blocks)
    }
}

super::row! {
    /// Names of the numbers of a page.
    PAGE_NAMES,
    /// Appends the numbers of a page.
    push_page, page: Page {
        "page.letters": page.all.letters as f32,
        "page.blocks": page.n_blocks as f32,
        "page.link": page.all.link_density(),
        "page.prose": page.all.prose_share(),
        "page.prose_letters": page.all.prose as f32,
        "page.prose_blocks": page.n_prose as f32,
        "page.shown_prose": page.shown_prose as f32,
        "page.hidden": share(page.hidden, page.all.letters),
        "page.rules": share(page.ruled.letters, page.all.letters),
        "page.rules_letters": page.ruled.letters as f32,
        "page.rules_link": page.ruled.link_density(),
        "page.rules_prose": page.ruled.prose_share(),
        "page.main": share(page.main, page.all.letters),
        "page.article": share(page.article, page.all.letters),
        "page.articles": page.articles as f32,
        "page.headings": page.kind(BlockKind::Heading),
        "page.paragraphs": page.kind(BlockKind::Paragraph),
        "page.items": page.kind(BlockKind::Item),
        "page.cells": page.kind(BlockKind::Cell),
        "page.longest": page.longest as f32,
        "page.prices": page.prices as f32,
        "page.comments": page.comments as f32,
        "page.metadata": page.metadata as f32,
        "page.controls": page.controls as f32,
        "page.forms": page.forms as f32,
    }
}
