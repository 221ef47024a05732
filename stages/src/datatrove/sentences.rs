//! spaCy's sentences: one ends behind a word that is `.`, `!`, `?` or the like, and the punctuation that follows it.

use super::chars::{PUNCTUATION, SENTENCE_END};
use super::facts::FACTS;
use super::words::{Token, split};
use std::cell::RefCell;
use tokenmill_core::text::words::{Word, split_words};

thread_local! {
    static SCRATCH: RefCell<(Vec<Word>, Vec<Token>)> = RefCell::default();
}

/// The number of sentences of a text, at least one.
pub fn n_sentences(text: &str) -> usize {
    SCRATCH.with_borrow_mut(|(words, tokens)| {
        words.clear();
        split_words(text, words);
        split(text, words, tokens);
        count(text, tokens)
    })
}

fn count(text: &str, tokens: &[Token]) -> usize {
    let chars = &FACTS.chars;
    let (mut n_starts, mut has_ended, mut done) = (1, false, 0);
    for token in tokens {
        // White space is a token unless it is one space. It begins a sentence as a word does.
        let gap = text.get(done..token.start as usize).unwrap_or("");
        let word = token.of(text);
        let is_end = token.n_chars == 1 && chars.is(word.chars().next(), SENTENCE_END);
        let goes_on = is_end || word.chars().all(|c| chars.of(c) & PUNCTUATION != 0);
        if has_ended && (!matches!(gap, "" | " ") || !goes_on) {
            n_starts += 1;
            has_ended = false;
        }
        has_ended |= is_end;
        done = token.end as usize;
    }
    let rest = text.get(done..).unwrap_or("");
    n_starts + usize::from(has_ended && !matches!(rest, "" | " "))
}
