//! A text as the validators see it: its bytes with what stands around a place, each look bounded.

use super::clues::{self, Clues};
use super::phone::plan::{self, Plan};
use std::cell::Cell;

/// A text under search.
pub(super) struct Site<'a> {
    /// The text.
    pub bytes: &'a [u8],
    /// Its language, two letters in lower case, or empty.
    pub lang: &'a str,
    /// The numbering plan that numbers without a country code belong to, when the recipe names it.
    pub plan: Option<&'static Plan>,
    /// The plans of the regions in which the language is mostly spoken.
    pub plans: &'static [&'static Plan],
    /// Whether texts stand without quotes: not so in the languages of programs, where such a word is a name.
    pub has_bare_texts: bool,
    /// End of what was found last.
    pub done: Cell<usize>,
    text: &'a str,
    clues: Cell<Option<(usize, Clues)>>,
}

/// Languages of files, as `code.language` calls them behind `x-`, in which texts stand without quotes.
const BARE_TEXTS: [&str; 10] =
    ["batchfile", "csv", "dockerfile", "fish", "http", "ini", "makefile", "nginx", "shell", "yaml"];

/// Bytes that are looked at to tell whether a place lies in a URL.
const MAX_URL: usize = 256;

impl<'a> Site<'a> {
    /// A text in a language (its label may have a script or region behind `-` or `_`).
    pub(super) fn new(text: &'a str, lang: &'a str, plan: Option<&'static Plan>) -> Site<'a> {
        let has_bare_texts = lang.strip_prefix("x-").is_none_or(|language| BARE_TEXTS.contains(&language));
        let lang = lang.split(['-', '_']).next().unwrap_or("");
        Site {
            bytes: text.as_bytes(),
            lang,
            has_bare_texts,
            plan,
            plans: plan::of_language(lang),
            done: Cell::new(0),
            text,
            clues: Cell::new(None),
        }
    }

    /// The byte at a place; 0 outside the text.
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// The byte before a place; 0 at the start.
    pub(super) fn byte_before(&self, at: usize) -> u8 {
        if at == 0 { 0 } else { self.byte(at - 1) }
    }

    /// The bytes of a range, as far as it lies in the text.
    pub(super) fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        let end = end.min(self.bytes.len());
        self.bytes.get(start.min(end)..end).unwrap_or_default()
    }

    /// The character that ends at a place.
    pub(super) fn char_before(&self, at: usize) -> Option<char> {
        self.text.get(..at)?.chars().next_back()
    }

    /// The character that starts at a place.
    pub(super) fn char_at(&self, at: usize) -> Option<char> {
        self.text.get(at..)?.chars().next()
    }

    /// Whether no word goes on before this place.
    pub(super) fn opens(&self, at: usize) -> bool {
        let byte = self.byte_before(at);
        if byte < 0x80 { !is_word_byte(byte) } else { !self.char_before(at).is_some_and(is_word) }
    }

    /// Whether no word goes on at this place.
    pub(super) fn closes(&self, at: usize) -> bool {
        let byte = self.byte(at);
        if byte < 0x80 { !is_word_byte(byte) } else { !self.char_at(at).is_some_and(is_word) }
    }

    /// Whether a number may start here: no word before, and no number that goes on, as `12-` or `3.` would be.
    pub(super) fn opens_number(&self, at: usize) -> bool {
        let before = self.byte_before(at);
        let joined = matches!(before, b'-' | b'.' | b',' | b'/' | b':' | b'+' | b'\'')
            && at >= 2
            && self.byte(at - 2).is_ascii_digit();
        self.opens(at) && !joined && !matches!(before, b'$' | b'#' | b'=' | b'&' | b'%')
    }

    /// Whether a number may end here: no word after, and no number that goes on.
    pub(super) fn closes_number(&self, at: usize) -> bool {
        let joined = matches!(self.byte(at), b'-' | b'.' | b',' | b'/' | b':') && self.byte(at + 1).is_ascii_digit();
        self.closes(at) && !joined && !matches!(self.byte(at), b'%' | b'=' | b'$' | b'@')
    }

    /// What the words before a place say.
    pub(super) fn clues(&self, at: usize) -> Clues {
        if let Some((known_at, known)) = self.clues.get()
            && known_at == at
        {
            return known;
        }
        let found = clues::before(self.bytes, at);
        self.clues.set(Some((at, found)));
        found
    }

    /// Whether a place lies in a URL, where numbers are ids of pages; links that hold a telephone number apart.
    pub(super) fn in_url(&self, at: usize) -> bool {
        let window = self.slice(at.saturating_sub(MAX_URL), at);
        let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'<' | b'>' | b'\'' | b'(');
        let start = window.iter().rposition(is_end).map_or(0, |end| end + 1);
        let token = &window[start..];
        let holds = |part: &str| memchr::memmem::find(token, part.as_bytes()).is_some();
        (holds("://") || token.starts_with(b"www.")) && !holds("wa.me/") && !holds("phone=")
    }
}

/// Whether a character belongs to a word, in scripts that part words. In the others, from Thai to Chinese, a number stands
/// right between letters.
pub(super) fn is_word(c: char) -> bool {
    c == '_' || (c < '\u{e00}' && c.is_alphanumeric())
}

fn is_word_byte(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}
