//! What datatrove's `FineWebQualityFilter` measures.

use super::chars::TERMINAL;
use super::facts::FACTS;
use super::lines::strip;
use super::words::with_tokens;
use crate::repetition::Counter;
use std::cell::RefCell;
use tokenmill_core::Doc;
use tokenmill_core::hash::hash64;
use tokenmill_core::numbers::share;
use tokenmill_core::text::n_chars;

/// Shares of one text. Lines stand between line feeds, are not trimmed, and do not count when they are blank.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FineWeb {
    /// Lines that end in terminal punctuation of any script; white space behind it hides it. Removed below 0.12.
    pub punctuated_lines: f32,
    /// Lines of at most so many characters as the filter says, by default 30. Removed above 0.67.
    pub short_lines: f32,
    /// Characters in copies of lines, by all characters but line feeds. Removed above 0.01.
    pub duplicate_line_chars: f32,
    /// Line feeds by tokens. Removed above 0.3.
    pub line_feeds_per_word: f32,
}

thread_local! {
    static COUNTER: RefCell<Counter> = RefCell::default();
}

/// Measures what the filter measures; `None` for a text without a line that is not blank, which it calls empty.
///
/// `short_line` is the filter's `short_line_length`.
pub fn fineweb(doc: &Doc<'_>, short_line: usize) -> Option<FineWeb> {
    let text = doc.text();
    let (mut n_lines, mut n_punctuated, mut n_short, mut n_copy_chars) = (0, 0, 0, 0);
    COUNTER.with_borrow_mut(|counter| {
        counter.clear(doc.lines().len());
        for line in doc.lines().iter().map(|line| line.of(text)).filter(|line| !strip(line).is_empty()) {
            let n_line_chars = n_chars(line);
            let place = counter.add(hash64(0, line.as_bytes()));
            n_lines += 1;
            n_punctuated += usize::from(FACTS.chars.is(line.chars().next_back(), TERMINAL));
            n_short += usize::from(n_line_chars <= short_line);
            n_copy_chars += if counter.count(place) > 1 { n_line_chars } else { 0 };
        }
    });
    let n_feeds = memchr::memchr_iter(b'\n', text.as_bytes()).count();
    (n_lines > 0).then(|| FineWeb {
        punctuated_lines: share(n_punctuated, n_lines),
        short_lines: share(n_short, n_lines),
        duplicate_line_chars: share(n_copy_chars, doc.shape().n_chars - n_feeds),
        line_feeds_per_word: share(n_feeds, with_tokens(doc, <[_]>::len)),
    })
}
