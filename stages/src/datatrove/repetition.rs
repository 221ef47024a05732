//! What datatrove's `GopherRepetitionFilter` measures: copies of paragraphs and lines, frequent and repeated n-grams.

use super::lines::strip;
use super::words::{Token, with_tokens};
use crate::repetition::Counter;
use std::cell::RefCell;
use tokenmill_core::Doc;
use tokenmill_core::hash::hash64;
use tokenmill_core::numbers::share;
use tokenmill_core::text::n_chars;
use tokenmill_core::text::ngrams::extend;
use tokenmill_core::text::normal::mix;

/// Shares of one text; those of characters are parts of all characters of the text, white space included.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Repetition {
    /// Copies among the paragraphs, which stand between two line feeds or more.
    pub duplicate_paragraphs: f32,
    /// Characters in these copies.
    pub duplicate_paragraph_chars: f32,
    /// Copies among the lines; before the first and behind the last line feed is a line, too, if an empty one.
    pub duplicate_lines: f32,
    /// Characters in these copies.
    pub duplicate_line_chars: f32,
    /// For 2 to 4 tokens, the length of the most frequent gram, with spaces between the tokens, times how often it
    /// occurs, be it once. Of equally frequent ones the first is meant.
    pub top: [f32; 3],
    /// For 5 to 10 tokens, the length of all grams, without spaces, that have been read before, where the reading goes
    /// on behind such a gram. Grams are equal when they spell the same.
    pub duplicate: [f32; 6],
}

const TOP_SIZES: std::ops::RangeInclusive<usize> = 2..=4;
const DUPLICATE_SIZES: std::ops::RangeInclusive<usize> = 5..=10;

/// Base of the polynomials in the bytes of a word: an odd constant with well mixed bits.
const BASE: u64 = 0xd6e8_feb8_6659_fd93;

/// Buffers that one thread uses for one document after the other.
#[derive(Default)]
struct Scratch {
    counter: Counter,
    /// Of every token a polynomial in its bytes, and what a polynomial before it is multiplied by.
    spelled: Vec<(u64, u64)>,
    /// Characters in all tokens before the i-th.
    chars_before: Vec<u32>,
    grams: Vec<Gram>,
    joined: Vec<u64>,
}

#[derive(Clone, Copy)]
struct Gram {
    hash: u64,
    start: u32,
    place: u32,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Measures what the filter measures; `None` for a text without a character, which it calls empty.
pub fn repetition(doc: &Doc<'_>) -> Option<Repetition> {
    let text = doc.text();
    if text.is_empty() {
        return None;
    }
    let n_all = doc.shape().n_chars;
    SCRATCH.with_borrow_mut(|scratch| {
        let paragraphs = copies(strip(text), 2, &mut scratch.counter);
        let lines = copies(text, 1, &mut scratch.counter);
        let mut found = Repetition {
            duplicate_paragraphs: share(paragraphs.n_copies, paragraphs.n_all),
            duplicate_paragraph_chars: share(paragraphs.n_copy_chars, n_all),
            duplicate_lines: share(lines.n_copies, lines.n_all),
            duplicate_line_chars: share(lines.n_copy_chars, n_all),
            ..Repetition::default()
        };
        with_tokens(doc, |tokens| {
            scratch.spell(text, tokens);
            scratch.top(&mut found.top, n_all);
            scratch.duplicate(&mut found.duplicate, n_all);
        });
        Some(found)
    })
}

/// Pieces of a text, and the copies after the first among them.
#[derive(Default)]
struct Copies {
    n_all: usize,
    n_copies: usize,
    n_copy_chars: usize,
}

/// Splits at runs of at least `n_feeds` line feeds.
fn copies(text: &str, n_feeds: usize, counter: &mut Counter) -> Copies {
    counter.clear(1 + memchr::memchr_iter(b'\n', text.as_bytes()).count());
    let mut found = Copies::default();
    let mut rest = Some(text);
    while let Some(text) = rest {
        let (piece, after) = split_once(text, n_feeds);
        let place = counter.add(hash64(0, piece.as_bytes()));
        found.n_all += 1;
        if counter.count(place) > 1 {
            found.n_copies += 1;
            found.n_copy_chars += n_chars(piece);
        }
        rest = after;
    }
    found
}

fn split_once(text: &str, n_feeds: usize) -> (&str, Option<&str>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'\n', &bytes[from..]) {
        let start = from + at;
        let n = bytes[start..].iter().take_while(|byte| **byte == b'\n').count();
        if n >= n_feeds {
            return (&text[..start], Some(&text[start + n..]));
        }
        from = start + n;
    }
    (text, None)
}

impl Scratch {
    fn spell(&mut self, text: &str, tokens: &[Token]) {
        self.spelled.clear();
        self.chars_before.clear();
        self.chars_before.push(0);
        let mut n_chars = 0;
        for token in tokens {
            let spell = |(sum, factor): (u64, u64), byte: u8| {
                (sum.wrapping_mul(BASE).wrapping_add(u64::from(byte) + 1), factor.wrapping_mul(BASE))
            };
            self.spelled.push(token.of(text).bytes().fold((0, 1), spell));
            n_chars += token.n_chars;
            self.chars_before.push(n_chars);
        }
    }

    /// Characters in tokens `from..to`.
    fn n_chars(&self, from: usize, to: usize) -> usize {
        (self.chars_before[to] - self.chars_before[from]) as usize
    }

    /// A gram occurs twice only if its first and its last tokens but one do, so only these are looked at.
    fn top(&mut self, top: &mut [f32; 3], n_all: usize) {
        self.grams.clear();
        let words = self.spelled.iter().zip(0..);
        self.grams.extend(words.map(|((sum, _), start)| Gram { hash: mix(*sum), start, place: 0 }));
        for n in TOP_SIZES {
            if self.spelled.len() < n {
                return;
            }
            let mut n_grown = 0;
            for at in 1..self.grams.len() {
                let gram = self.grams[at - 1];
                if self.grams[at].start == gram.start + 1 {
                    let next = self.spelled[gram.start as usize + n - 1].0;
                    self.grams[n_grown] = Gram { hash: extend(gram.hash, mix(next)), ..gram };
                    n_grown += 1;
                }
            }
            self.grams.truncate(n_grown);
            self.counter.clear(self.grams.len());
            self.grams.iter_mut().for_each(|gram| gram.place = self.counter.add(mix(gram.hash)));
            let counter = &self.counter;
            self.grams.retain(|gram| counter.count(gram.place) > 1);
            let (mut start, mut count) = (0, 1);
            for gram in &self.grams {
                if counter.count(gram.place) > count {
                    (start, count) = (gram.start as usize, counter.count(gram.place));
                }
            }
            let length = self.n_chars(start, start + n) + n - 1;
            top[n - TOP_SIZES.start()] = share(length * count as usize, n_all);
        }
    }

    fn duplicate(&mut self, duplicate: &mut [f32; 6], n_all: usize) {
        self.joined.clear();
        self.joined.extend(self.spelled.iter().map(|(sum, _)| *sum));
        for n in 2..=*DUPLICATE_SIZES.end() {
            if self.spelled.len() < n {
                return;
            }
            // Each gram grows by the token behind it, and the last has none.
            self.joined.pop();
            for (sum, (next, factor)) in self.joined.iter_mut().zip(&self.spelled[n - 1..]) {
                *sum = sum.wrapping_mul(*factor).wrapping_add(*next);
            }
            if let Some(at) = n.checked_sub(*DUPLICATE_SIZES.start()) {
                duplicate[at] = share(self.n_read_before(n), n_all);
            }
        }
    }

    /// Characters of the grams of `n` tokens that have been read before.
    fn n_read_before(&mut self, n: usize) -> usize {
        self.counter.clear(self.joined.len());
        let (mut at, mut sum) = (0, 0);
        while let Some(gram) = self.joined.get(at) {
            let place = self.counter.add(mix(*gram));
            let is_new = self.counter.count(place) == 1;
            sum += if is_new { 0 } else { self.n_chars(at, at + n) };
            at += if is_new { 1 } else { n };
        }
        sum
    }
}
