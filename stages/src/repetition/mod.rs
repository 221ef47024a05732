//! How much of a text is said more than once: lines, paragraphs and word n-grams.

pub(crate) mod counter;
mod lines;
mod ngrams;
mod twice;

pub(crate) use counter::Counter;
use lines::Repeats;
use ngrams::{NGrams, Shares};
use std::cell::RefCell;
use std::ops::Range;
use tokenmill_core::{Default, Doc, Param};

/// Buffers that one thread uses for one document after the other.
#[derive(Default)]
struct Scratch {
    counter: Counter,
    ngrams: NGrams,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// A parameter that limits a share of what is said more than once.
pub(crate) const fn at_most(name: &'static str, limit: f64, about: &'static str) -> Param {
    Param { name, default: Default::Limit(limit), about }
}

/// Repeated lines and paragraphs of a document.
pub(crate) fn of_lines(doc: &Doc<'_>) -> Repeats {
    SCRATCH.with_borrow_mut(|scratch| lines::repeats(doc.text(), doc.lines(), &mut scratch.counter))
}

/// Repeated word n-grams of a document.
pub(crate) fn of_ngrams(doc: &Doc<'_>) -> Shares {
    let (words, hashes) = (doc.words(), doc.word_hashes());
    SCRATCH.with_borrow_mut(|scratch| scratch.ngrams.shares(words, hashes, &mut scratch.counter))
}

/// For n-grams of 5 to 10 words that occur more than once within the words `range` of a document, the share of their
/// characters that the grams cover.
pub(crate) fn of_words(doc: &Doc<'_>, range: Range<usize>) -> [f32; 6] {
    let (Some(words), Some(hashes)) = (doc.words().get(range.clone()), doc.word_hashes().get(range)) else {
        return [0.0; 6];
    };
    SCRATCH.with_borrow_mut(|scratch| scratch.ngrams.duplicate(words, hashes, &mut scratch.counter))
}
