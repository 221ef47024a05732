//! spaCy's English words: white space apart, a word is stripped of affixes, kept whole as an exception or a URL, or
//! split by what stands inside it.

use super::chars::{LETTER, SYMBOL};
use super::exceptions::Exception;
use super::facts::{FACTS, Facts};
use super::merge::MERGES;
use super::url::is_url;
use crate::buffer::{KEPT, give_back};
use std::cell::RefCell;
use tokenmill_core::Doc;
use tokenmill_core::hash::hash64;
use tokenmill_core::text::words::Word;

/// One word of the tokenizer; white space is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Unicode scalar values.
    pub n_chars: u32,
    /// Whether there is a letter (`str.isalpha` of Python).
    pub has_letter: bool,
    /// Whether all characters are punctuation to datatrove.
    pub is_symbol: bool,
}

impl Token {
    /// The bytes of the token in the text it was split from.
    pub fn of<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// Buffers of one thread, and what was split last: several steps ask for the same text.
#[derive(Default)]
struct Last {
    hash: u64,
    n_bytes: usize,
    tokens: Vec<Token>,
}

thread_local! {
    static LAST: RefCell<Last> = RefCell::default();
}

/// Hands over the tokens of a document.
pub fn with_tokens<T>(doc: &Doc<'_>, use_them: impl FnOnce(&[Token]) -> T) -> T {
    LAST.with_borrow_mut(|last| {
        let (hash, n_bytes) = (hash64(0, doc.text().as_bytes()), doc.text().len());
        if (last.hash, last.n_bytes) != (hash, n_bytes) || n_bytes == 0 {
            // Should splitting fail half-way, nobody must find what is left.
            last.n_bytes = 0;
            split(doc.text(), doc.words(), &mut last.tokens);
            (last.hash, last.n_bytes) = (hash, n_bytes);
        }
        use_them(&last.tokens)
    })
}

/// Splits a text, of which the `words/v2` are given, into `tokens`, from left to right.
pub(super) fn split(text: &str, words: &[Word], tokens: &mut Vec<Token>) {
    let facts = &*FACTS;
    give_back(tokens, words.len(), KEPT);
    tokens.clear();
    let mut splitter = Splitter { facts, text, tokens, with_exceptions: true };
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let (start, mut end) = (word.start as usize, word.end);
        // Words that touch are of a script without spaces, and spaCy splits at white space.
        while let Some(next) = words.next_if(|next| next.start == end) {
            end = next.end;
        }
        let piece = word.of(text);
        let is_ascii = end - word.start == word.n_chars;
        let end = end as usize;
        if is_ascii && piece.bytes().fold(true, |all, b| all & b.is_ascii_alphabetic()) {
            match facts.exceptions.get(piece) {
                Some(exception) => splitter.parts(exception, start),
                None => splitter.tokens.push(Token {
                    start: word.start,
                    end: word.end,
                    n_chars: word.n_chars,
                    has_letter: true,
                    is_symbol: false,
                }),
            }
            continue;
        }
        // Four control characters are white space in Python and not in Unicode.
        let mut from = start;
        for at in (start..=end).filter(|at| *at == end || (0x1c..=0x1f).contains(&text.as_bytes()[*at])) {
            splitter.word(from, at);
            from = at + 1;
        }
    }
    MERGES.apply(text, facts, tokens);
}

/// Splits one word without the list of exceptions.
pub(super) fn split_by_rules(facts: &Facts, word: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    Splitter { facts, text: word, tokens: &mut tokens, with_exceptions: false }.word(0, word.len());
    tokens
}

/// Adds tokens of one text.
pub(super) struct Splitter<'a> {
    pub facts: &'a Facts,
    pub text: &'a str,
    pub tokens: &'a mut Vec<Token>,
    pub with_exceptions: bool,
}

impl<'a> Splitter<'a> {
    fn exception(&self, start: usize, end: usize) -> Option<&'a Exception> {
        if !self.with_exceptions || start == end {
            return None;
        }
        self.facts.exceptions.get(&self.text[start..end])
    }

    /// Splits the bytes `start..end`, which hold no white space.
    fn word(&mut self, mut start: usize, mut end: usize) {
        // What is split off at the end is known from right to left: it stays here until the middle is done.
        let mut few = [0u32; 8];
        let (mut n_few, mut many, whole_end) = (0, Vec::new(), end);
        while start < end && self.exception(start, end).is_none() {
            let prefix = self.facts.prefix(&self.text[start..end]);
            if prefix > 0 && self.exception(start + prefix, end).is_some() {
                self.push(start, start + prefix);
                start += prefix;
                break;
            }
            let suffix = self.facts.suffix(&self.text[start + prefix..end]);
            let is_last = suffix > 0 && self.exception(start, end - suffix).is_some();
            if prefix > 0 && !is_last {
                self.push(start, start + prefix);
                start += prefix;
            }
            if suffix > 0 {
                end -= suffix;
                match few.get_mut(n_few) {
                    Some(slot) => (*slot, n_few) = (end as u32, n_few + 1),
                    None => many.push(end as u32),
                }
            }
            if is_last || prefix + suffix == 0 {
                break;
            }
        }
        self.middle(start, end);
        let mut starts = many.into_iter().rev().chain(few[..n_few].iter().rev().copied()).peekable();
        while let Some(start) = starts.next() {
            self.push(start as usize, starts.peek().map_or(whole_end, |next| *next as usize));
        }
    }

    /// Splits what is left without affixes.
    fn middle(&mut self, start: usize, end: usize) {
        if start == end {
            return;
        }
        if let Some(exception) = self.exception(start, end) {
            return self.parts(exception, start);
        }
        let word = &self.text[start..end];
        let (mut done, mut at) = (0, 0);
        let mut is_first = true;
        while let Some((from, to)) = self.facts.infix(word, at) {
            if is_first && is_url(&self.facts.chars, word) {
                break;
            }
            is_first = false;
            at = to;
            // What stands at the very start does not split.
            if from == 0 {
                continue;
            }
            if from > done {
                self.push(start + done, start + from);
            }
            self.push(start + from, start + to);
            done = to;
        }
        if done < word.len() {
            self.push(start + done, end);
        }
    }

    /// Adds the parts of an exception.
    pub(super) fn parts(&mut self, exception: &Exception, start: usize) {
        let mut from = start;
        for len in exception.parts() {
            self.push(from, from + len);
            from += len;
        }
    }

    fn push(&mut self, start: usize, end: usize) {
        let mut token = Token { start: start as u32, end: end as u32, n_chars: 0, has_letter: false, is_symbol: true };
        for c in self.text[start..end].chars() {
            let bits = self.facts.chars.of(c);
            token.n_chars += 1;
            token.has_letter |= bits & LETTER != 0;
            token.is_symbol &= bits & SYMBOL != 0;
        }
        self.tokens.push(token);
    }
}
