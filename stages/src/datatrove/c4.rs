//! What datatrove's `C4QualityFilter` decides about a line, and about the page by its lines.

use super::chars::DECIMAL;
use super::facts::FACTS;
use super::lines::{is_space, split_lines, strip};
use super::sentences::n_sentences;
use tokenmill_core::text::n_chars;

/// What a line may end in, unless it ends in three dots.
const ENDS: [char; 5] = ['.', '?', '!', '"', '\''];

/// A line with one of these is dropped, whatever its case.
const POLICIES: [&str; 6] =
    ["terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"];

/// The filter's parameters that C4's users change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// `filter_no_terminal_punct`: lines must end in punctuation.
    pub needs_punctuation: bool,
    /// `min_words_per_line`.
    pub min_words: usize,
    /// `max_word_length`, in characters.
    pub max_word_chars: usize,
    /// `min_num_sentences`.
    pub min_sentences: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { needs_punctuation: true, min_words: 3, max_word_chars: 1_000, min_sentences: 5 }
    }
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays and has so many sentences.
    Kept(usize),
    /// It goes, and the reason.
    Cut(&'static str),
    /// The whole page goes, and the reason.
    PageRemoved(&'static str),
}

/// Judges a line without white space at its ends; `clean` is room for the line without citations, which is what stays.
pub fn judge_line(line: &str, options: &Options, clean: &mut String) -> Fate {
    clean.clear();
    let mut n_words = 0;
    for word in line.split(is_space).filter(|word| !word.is_empty()) {
        n_words += 1;
        if n_chars(word) > options.max_word_chars {
            return Fate::Cut("word_too_long");
        }
    }
    without_citations(line, clean);
    if options.needs_punctuation && (!clean.ends_with(ENDS) || clean.ends_with("...")) {
        return Fate::Cut("no_terminal_punctuation");
    }
    if n_words < options.min_words {
        return Fate::Cut("too_few_words");
    }
    let has = |phrase: &str| holds(clean, phrase);
    if has("lorem ipsum") {
        Fate::PageRemoved("lorem_ipsum")
    } else if has("javascript") {
        Fate::Cut("javascript")
    } else if clean.contains('{') {
        Fate::PageRemoved("curly_bracket")
    } else if POLICIES.into_iter().any(has) {
        Fate::Cut("policy")
    } else {
        Fate::Kept(n_sentences(clean))
    }
}

/// Why the page goes, if it does. The lines behind one that decides are not read.
pub fn judge_page(text: &str, options: &Options) -> Option<&'static str> {
    let mut clean = String::new();
    let mut n_sentences = 0;
    for line in split_lines(text) {
        match judge_line(strip(line), options, &mut clean) {
            Fate::Kept(n) => n_sentences += n,
            Fate::Cut(_) => {}
            Fate::PageRemoved(reason) => return Some(reason),
        }
    }
    (n_sentences < options.min_sentences).then_some("too_few_sentences")
}

/// Copies a line without `[edit]`, `[citation needed]` and numbers in brackets, of which there may be none: `[]`.
fn without_citations(line: &str, clean: &mut String) {
    let mut rest = line;
    while let Some(at) = memchr::memchr(b'[', rest.as_bytes()) {
        let inside = &rest[at + 1..];
        let number = inside.find(|c| FACTS.chars.of(c) & DECIMAL == 0).filter(|end| inside[*end..].starts_with(']'));
        let named = ["edit]", "citation needed]"].into_iter().find(|name| inside.starts_with(name));
        clean.push_str(&rest[..at]);
        match number.map(|end| end + 1).or(named.map(str::len)) {
            Some(len) => rest = &inside[len..],
            None => {
                clean.push('[');
                rest = inside;
            }
        }
    }
    clean.push_str(rest);
}

/// Whether a line holds a phrase of small ASCII letters, whatever the line's case. One capital beyond ASCII has a small
/// letter within: the Kelvin sign.
fn holds(line: &str, phrase: &str) -> bool {
    let first = phrase.as_bytes().first().map_or(0, |byte| *byte);
    let starts = memchr::memchr2_iter(first, first.to_ascii_uppercase(), line.as_bytes());
    let small = |c: char| if c == '\u{212a}' { 'k' } else { c.to_ascii_lowercase() };
    starts.into_iter().any(|at| {
        let mut chars = line[at..].chars().map(small);
        phrase.chars().all(|wanted| chars.next() == Some(wanted))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_or_cut() {
        let any_end = Options { needs_punctuation: false, ..Options::default() };
        for (line, strict, lax) in [
            ("It goes. It stays.", Fate::Kept(2), Fate::Kept(2)),
            ("It has no end", Fate::Cut("no_terminal_punctuation"), Fate::Kept(1)),
            ("It trails off...", Fate::Cut("no_terminal_punctuation"), Fate::Kept(1)),
            ("It ends so.[1][][٣][edit]", Fate::Kept(1), Fate::Kept(1)),
            ("It ends so.[x]", Fate::Cut("no_terminal_punctuation"), Fate::Kept(1)),
            ("Two words.", Fate::Cut("too_few_words"), Fate::Cut("too_few_words")),
            ("Now enable JavaScript!", Fate::Cut("javascript"), Fate::Cut("javascript")),
            ("We use cooKies here.", Fate::Cut("policy"), Fate::Cut("policy")),
            ("Such { a brace.", Fate::PageRemoved("curly_bracket"), Fate::PageRemoved("curly_bracket")),
            ("Here: Lorem Ipsum.", Fate::PageRemoved("lorem_ipsum"), Fate::PageRemoved("lorem_ipsum")),
        ] {
            let mut clean = String::new();
            assert_eq!(judge_line(line, &Options::default(), &mut clean), strict, "{line}");
            assert_eq!(judge_line(line, &any_end, &mut clean), lax, "{line}");
        }
        let long = format!("a {} b.", "x".repeat(1_001));
        assert_eq!(judge_line(&long, &any_end, &mut String::new()), Fate::Cut("word_too_long"));
    }

    #[test]
    fn citations_are_left_out() {
        for (line, expected) in [
            ("a[1]b[23]c[]d[edit]e[citation needed]f", "abcdef"),
            ("a[x] [1 [[2]] [", "a[x] [1 [] ["),
            ("[edits] [citation  needed]", "[edits] [citation  needed]"),
        ] {
            let mut clean = String::new();
            without_citations(line, &mut clean);
            assert_eq!(clean, expected);
        }
    }
}
