//! Decides which blocks of a page are its main content: [rules](super::rules) first, by what elements declare themselves to be and
//! are called, then a model that has seen what people keep ([`model`]), which weighs the rules among much else.

mod domain;
pub mod expect;
pub mod forest;
pub mod model;

pub use domain::Domain;

use super::blocks::Outline;
use super::rules::{Ruled, Rules};
use model::Model;

/// Pages that show fewer letters are decided by the rules alone: there is too little to weigh.
pub const MIN_WEIGHED_LETTERS: u64 = 400;
/// So are pages with more blocks, whose numbers would take too much memory: they are data dumps or made to hurt.
pub const MAX_WEIGHED_BLOCKS: usize = 100_000;
/// A page on which less F1 than this can be expected, of fewer letters than this, has no main content: it is a notice
/// of the server, or a frame without a picture.
const MIN_EXPECTED_F1: f32 = 1.0 / 3.0;
const MIN_EXPECTED_LETTERS: f32 = 500.0;
/// The same where the rules find nothing outside of the frame.
const MIN_EXPECTED_F1_AGAINST_RULES: f32 = 0.5;
/// Fewer letters behind one fold stay hidden.
const MIN_HIDDEN_LETTERS: u32 = 100;

/// Who has the last word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decision {
    /// The model, on pages with enough text.
    #[default]
    Learned,
    /// The rules.
    Rules,
}

/// Chooses blocks; keeps its buffers from page to page.
#[derive(Debug, Default)]
pub struct Decider {
    rules: Rules,
    probabilities: Vec<f32>,
    keep: Vec<bool>,
    confidence: Option<f32>,
    domain: Domain,
}

impl Decider {
    /// For each block of the outline chosen from last, whether it is kept.
    pub fn kept(&self) -> &[bool] {
        &self.keep
    }

    /// For each block, the probability that it is main content; empty if the rules decided.
    pub fn probabilities(&self) -> &[f32] {
        &self.probabilities
    }

    /// Expected F1 of the choice; `None` if the rules decided.
    pub fn confidence(&self) -> Option<f32> {
        self.confidence
    }

    /// How the page was read.
    pub fn domain(&self) -> Domain {
        self.domain
    }

    /// What the rules said.
    pub fn ruled(&self) -> Ruled<'_> {
        self.rules.ruled()
    }

    /// Keeps every block that is shown.
    pub fn keep_all(&mut self, outline: &Outline) {
        self.forget();
        self.rules.forget();
        self.keep.extend(outline.blocks.iter().map(|block| !outline.is_hidden(block)));
    }

    /// Keeps the blocks of the main content.
    pub fn keep_main(&mut self, outline: &Outline, decision: Decision) {
        self.forget();
        self.rules.select(outline);
        let can_be_weighed = outline.n_letters() >= MIN_WEIGHED_LETTERS && outline.blocks.len() <= MAX_WEIGHED_BLOCKS;
        if decision == Decision::Rules || !can_be_weighed {
            self.keep.extend_from_slice(self.rules.ruled().keep);
            return;
        }
        Model::shipped().weigh(outline, self.rules.ruled(), &mut self.probabilities);
        let conclusion = conclude(outline, self.rules.ruled(), &mut self.probabilities, &mut self.keep);
        self.confidence = Some(conclusion.expected_f1);
        self.domain = conclusion.domain;
    }

    fn forget(&mut self) {
        self.keep.clear();
        self.probabilities.clear();
        self.confidence = None;
        self.domain = Domain::General;
    }
}

/// What a choice of blocks is expected to be worth, and how the page was read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conclusion {
    /// Expected F1.
    pub expected_f1: f32,
    /// What the page is about.
    pub domain: Domain,
}

/// Fills `keep` from the probabilities of the blocks: the choice with the highest expected F1, nothing if that is too
/// low, and on pages of code and mathematics what must not be lost.
pub fn conclude(outline: &Outline, ruled: Ruled<'_>, probabilities: &mut [f32], keep: &mut Vec<bool>) -> Conclusion {
    veto_hidden(outline, probabilities);
    let letters: Vec<u32> = outline.blocks.iter().map(|block| block.letters).collect();
    let chosen = expect::choose(probabilities, &letters, keep);
    let mut domain = Domain::General;
    let is_ruled_empty = !ruled.keep.contains(&true);
    let enough = if is_ruled_empty { MIN_EXPECTED_F1_AGAINST_RULES } else { MIN_EXPECTED_F1 };
    if chosen.f1 < enough && chosen.letters < MIN_EXPECTED_LETTERS {
        keep.fill(false);
    } else {
        domain = Domain::of(outline, ruled);
        domain.complete(outline, ruled, keep);
    }
    Conclusion { expected_f1: chosen.f1, domain }
}

/// What is hidden can be main content only if it is long enough to be a part of it that unfolds; a line is not.
fn veto_hidden(outline: &Outline, probabilities: &mut [f32]) {
    let mut outermost: Vec<usize> = Vec::with_capacity(outline.containers.len());
    for (index, container) in outline.containers.iter().enumerate() {
        let parent = container.parent as usize;
        let is_inner = index > 0 && container.is_hidden && outline.containers[parent].is_hidden;
        outermost.push(if is_inner { outermost[parent] } else { index });
    }
    let mut hidden = vec![0u32; outline.containers.len()];
    for block in outline.blocks.iter().filter(|block| outline.is_hidden(block)) {
        hidden[outermost[block.container as usize]] += block.letters;
    }
    for (block, probability) in outline.blocks.iter().zip(probabilities) {
        if outline.is_hidden(block) && hidden[outermost[block.container as usize]] < MIN_HIDDEN_LETTERS {
            *probability = 0.0;
        }
    }
}
