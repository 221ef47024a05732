//! What datatrove's `C4QualityFilter` leaves of a page, line by line.

use super::chars::DECIMAL;
use super::facts::FACTS;
use super::lines::{is_space, line_ranges, strip};
use super::sentences::n_sentences;
use std::ops::Range;
use tokenmill_core::Edits;
use tokenmill_core::text::n_chars;

/// What a line may end in, unless it ends in three dots.
const ENDS: [char; 5] = ['.', '?', '!', '"', '\''];

/// A line with one of these is dropped, whatever its case.
const POLICIES: [&str; 6] =
    ["terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"];

/// The filter's parameters that concern lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// `filter_no_terminal_punct`: lines must end in punctuation.
    pub needs_punctuation: bool,
    /// `remove_citations`.
    pub without_citations: bool,
    /// `min_words_per_line`.
    pub min_words: usize,
    /// `max_word_length`, in characters.
    pub max_word_chars: usize,
    /// `filter_lorem_ipsum`: a line with these words removes the page.
    pub lorem_ipsum: bool,
    /// `filter_curly_bracket`: a line with a `{` removes the page.
    pub curly_bracket: bool,
}

/// What the filter counts on a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Why the page goes because of one of its lines. The lines behind it are not read.
    pub removed: Option<&'static str>,
    /// Lines that are cut.
    pub n_lines_cut: usize,
    /// Citations that are cut from lines that stay.
    pub n_citations_cut: usize,
    /// Sentences in the lines that stay; by default datatrove removes a page with less than 5.
    pub n_sentences: usize,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It stays and has so many sentences.
    Kept(usize),
    /// It goes, and the reason.
    Cut(&'static str),
    /// The whole page goes, and the reason.
    PageRemoved(&'static str),
}

/// Judges a line without white space at its ends; `clean` is room for the line without citations.
fn judge_line(line: &str, options: &Options, citations: &[Range<usize>], clean: &mut String) -> Fate {
    let mut n_words = 0;
    for word in line.split(is_space).filter(|word| !word.is_empty()) {
        n_words += 1;
        if word.len() > options.max_word_chars && n_chars(word) > options.max_word_chars {
            return Fate::Cut("word_too_long");
        }
    }
    clean.clear();
    let mut done = 0;
    for citation in citations {
        clean.push_str(&line[done..citation.start]);
        done = citation.end;
    }
    clean.push_str(&line[done..]);
    if options.needs_punctuation && (!clean.ends_with(ENDS) || clean.ends_with("...")) {
        return Fate::Cut("no_terminal_punctuation");
    }
    if n_words < options.min_words {
        return Fate::Cut("too_few_words");
    }
    let has = |phrase: &str| holds(clean, phrase);
    if options.lorem_ipsum && has("lorem ipsum") {
        Fate::PageRemoved("lorem_ipsum")
    } else if has("javascript") {
        Fate::Cut("policy_notice")
    } else if options.curly_bracket && clean.contains('{') {
        Fate::PageRemoved("curly_bracket")
    } else if POLICIES.into_iter().any(has) {
        Fate::Cut("policy_notice")
    } else {
        Fate::Kept(n_sentences(clean))
    }
}

/// Judges all lines of a page; `edits` make of the text what the filter makes of it, unless the page goes.
pub fn edit_page(text: &str, options: &Options, edits: &mut Edits) -> Page {
    let mut page = Page::default();
    let (mut clean, mut citations, mut left) = (String::new(), Vec::new(), Left::default());
    for (start, end, next) in line_ranges(text) {
        let line = strip(&text[start..end]);
        let from = start + text[start..end].find(|c| !is_space(c)).unwrap_or(0);
        citations.clear();
        if options.without_citations {
            find_citations(line, &mut citations);
        }
        match judge_line(line, options, &citations, &mut clean) {
            Fate::PageRemoved(reason) => return Page { removed: Some(reason), ..page },
            Fate::Cut(reason) => {
                page.n_lines_cut += 1;
                left.spans.push((start..next, "", reason));
            }
            Fate::Kept(n) => {
                page.n_sentences += n;
                page.n_citations_cut += citations.len();
                left.keep(text, start, from..from + line.len(), next, &citations);
            }
        }
    }
    left.write(text, edits);
    page
}

/// What is left of a page: spans that go or become a line feed, from left to right.
#[derive(Default)]
struct Left {
    spans: Vec<(Range<usize>, &'static str, &'static str)>,
    /// The end of the last line that stays: it becomes a line feed when another follows.
    open_end: Option<usize>,
    /// The first byte that is no white space, and the one behind the last.
    text: Option<(usize, usize)>,
}

impl Left {
    /// Keeps a line that begins at `start`, has its text at `line`, and is followed by what begins at `next`.
    fn keep(&mut self, text: &str, start: usize, line: Range<usize>, next: usize, citations: &[Range<usize>]) {
        if let Some((_, replacement, _)) = self.open_end.and_then(|at| self.spans.get_mut(at)) {
            *replacement = "\n";
        }
        self.spans.push((start..line.start, "", "white_space"));
        let mut done = line.start;
        let ranges = citations.iter().map(|range| line.start + range.start..line.start + range.end);
        for citation in ranges.chain(std::iter::once(line.end..line.end)) {
            let piece = &text[done..citation.start];
            let (before, behind) = (piece.trim_start_matches(is_space), piece.trim_end_matches(is_space));
            if !before.is_empty() {
                let (first, _) = self.text.unwrap_or((citation.start - before.len(), 0));
                self.text = Some((first, done + behind.len()));
            }
            done = citation.end;
            self.spans.push((citation, "", "reference_marker"));
        }
        self.open_end = Some(self.spans.len());
        self.spans.push((line.end..next, "", "white_space"));
    }

    /// Writes the edits; at the ends of the text white space goes, too.
    fn write(self, text: &str, edits: &mut Edits) {
        let (first, last) = self.text.unwrap_or((text.len(), text.len()));
        let mut cut_outside = |from: usize, to: usize| {
            for (from, to) in [(from, to.min(first)), (from.max(last), to)] {
                if from < to {
                    edits.cut(from, to, "white_space");
                }
            }
        };
        let mut done = 0;
        for (range, ..) in &self.spans {
            cut_outside(done, range.start);
            done = range.end;
        }
        cut_outside(done, text.len());
        for (range, replacement, reason) in self.spans {
            let replacement = if range.start < first || range.start >= last { "" } else { replacement };
            if text[range.clone()] != *replacement {
                edits.replace(range.start, range.end, replacement, reason);
            }
        }
    }
}

/// Finds `[edit]`, `[citation needed]` and numbers in brackets, of which there may be none: `[]`.
fn find_citations(line: &str, citations: &mut Vec<Range<usize>>) {
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'[', &line.as_bytes()[from..]).map(|at| from + at) {
        let inside = &line[at + 1..];
        let number = inside.find(|c| FACTS.chars.of(c) & DECIMAL == 0).filter(|end| inside[*end..].starts_with(']'));
        let named = ["edit]", "citation needed]"].into_iter().find(|name| inside.starts_with(name));
        from = at + 1;
        if let Some(len) = number.map(|end| end + 1).or(named.map(str::len)) {
            from += len;
            citations.push(at..from);
        }
    }
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
    use super::super::tests::DEFAULTS;
    use super::*;

    fn fate(line: &str, options: &Options) -> Fate {
        let mut citations = Vec::new();
        find_citations(line, &mut citations);
        judge_line(line, options, &citations, &mut String::new())
    }

    #[test]
    fn lines_are_kept_or_cut() {
        let any_end = Options { needs_punctuation: false, ..DEFAULTS };
        for (line, strict, lax) in [
            ("It goes. It stays.", Fate::Kept(2), Fate::Kept(2)),
            ("It has no end", Fate::Cut("no_terminal_punctuation"), Fate::Kept(1)),
            ("It trails off...", Fate::Cut("no_terminal_punctuation"), Fate::Kept(1)),
            ("It ends so.[1][][٣][edit]", Fate::Kept(1), Fate::Kept(1)),
            ("It ends so.[x]", Fate::Cut("no_terminal_punctuation"), Fate::Kept(1)),
            ("Two words.", Fate::Cut("too_few_words"), Fate::Cut("too_few_words")),
            ("Now enable JavaScript!", Fate::Cut("policy_notice"), Fate::Cut("policy_notice")),
            ("We use coo\u{212a}ies here.", Fate::Cut("policy_notice"), Fate::Cut("policy_notice")),
            ("Such { a brace.", Fate::PageRemoved("curly_bracket"), Fate::PageRemoved("curly_bracket")),
            ("Here: Lorem Ipsum.", Fate::PageRemoved("lorem_ipsum"), Fate::PageRemoved("lorem_ipsum")),
        ] {
            assert_eq!(fate(line, &DEFAULTS), strict, "{line}");
            assert_eq!(fate(line, &any_end), lax, "{line}");
        }
        let long = format!("a {} b.", "x".repeat(1_001));
        assert_eq!(fate(&long, &any_end), Fate::Cut("word_too_long"));
    }

    #[test]
    fn citations_are_found() {
        for (line, expected) in [
            ("a[1]b[23]c[]d[edit]e[citation needed]f", "[1] [23] [] [edit] [citation needed]"),
            ("a[x] [1 [[2]] [", "[2]"),
            ("[edits] [citation  needed]", ""),
        ] {
            let mut citations = Vec::new();
            find_citations(line, &mut citations);
            let found: Vec<_> = citations.into_iter().map(|range| &line[range]).collect();
            assert_eq!(found.join(" "), expected);
        }
    }
}
