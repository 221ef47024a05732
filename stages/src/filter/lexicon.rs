//! Counts the phrases of a list in a text: whole words where words are spaced, parts of the text where they are not.
//!
//! Words are looked up by the hashes of the document's normal words, which cost nothing where a stage before has used them;
//! only a text that seems to hold a phrase of several words is read again. Phrases of scripts without spaces go into one
//! automaton.

use aho_corasick::{AhoCorasick, Input, MatchKind};
use std::ops::Range;
use tokenmill_core::hash::mix64;
use tokenmill_core::text::is_mark;
use tokenmill_core::text::normal::hash_normal_words;
use tokenmill_core::text::segment::is_unspaced;
use tokenmill_core::{BuildError, Doc};

/// Phrases of all lists together.
const MAX_PHRASES: usize = 100_000;

/// Bytes of one phrase.
const MAX_BYTES: usize = 256;

/// Words of one phrase.
const MAX_WORDS: usize = 16;

/// Bits of the table by which most words are told from the last words of phrases.
const FILTER_BITS: u32 = 16;

/// Where phrases may be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bounds {
    /// As whole words; next to letters of a script without spaces anywhere.
    Auto,
    /// Anywhere, even inside words.
    Never,
    /// As whole words only, also in scripts without spaces.
    Always,
}

/// A list of phrases, ready to be counted.
pub(super) struct Lexicon {
    bounds: Bounds,
    /// In lower case, with single spaces; sorted.
    phrases: Vec<String>,
    /// Phrases that are found by their last word, sorted by it and then the longest first.
    by_last_word: Vec<Spaced>,
    /// A bit for the first bits of every hash in `by_last_word`.
    filter: Vec<u64>,
    /// Phrases that are found anywhere; the pattern is an index into `parts_of`.
    parts: Option<AhoCorasick>,
    parts_of: Vec<u32>,
}

/// A phrase of whole words.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Spaced {
    last_word: u64,
    /// Negative, so that the longest phrase comes first.
    minus_n_words: isize,
    phrase: u32,
    /// All words, the last one last.
    words: Vec<u64>,
    /// Whether it is one word and nothing else, so that its hash tells all.
    is_plain: bool,
}

impl Lexicon {
    /// From phrases, of which those in `allowed` are left out.
    ///
    /// # Errors
    /// When there are too many phrases, or one is blank, too long, or on several lines.
    pub(super) fn new(bounds: Bounds, phrases: &[String], allowed: &[String]) -> Result<Lexicon, BuildError> {
        let allowed: Vec<String> = allowed.iter().map(|phrase| fold(phrase)).collect();
        let mut folded: Vec<String> = phrases.iter().map(|phrase| fold(phrase)).collect();
        for (phrase, folded) in phrases.iter().zip(&folded) {
            if folded.is_empty() || folded.len() > MAX_BYTES || phrase.contains('\n') {
                return Err(no_phrase(phrase));
            }
        }
        folded.retain(|phrase| !allowed.contains(phrase));
        folded.sort_unstable();
        folded.dedup();
        if folded.len() > MAX_PHRASES {
            return Err(BuildError::new(format!("there are {} phrases to look for", folded.len()))
                .hint(format!("give at most {MAX_PHRASES}")));
        }
        let mut lexicon = Lexicon {
            bounds,
            phrases: folded,
            by_last_word: Vec::new(),
            filter: vec![0; 1 << (FILTER_BITS - 6)],
            parts: None,
            parts_of: Vec::new(),
        };
        lexicon.sort_phrases()?;
        Ok(lexicon)
    }

    /// Decides of each phrase how it is found.
    fn sort_phrases(&mut self) -> Result<(), BuildError> {
        let mut patterns = Vec::new();
        for (at, phrase) in (0u32..).zip(&self.phrases) {
            if self.is_spaced(phrase) {
                for spelling in std::iter::once(phrase.clone()).chain(with_final_sigma(phrase)) {
                    let mut words = Vec::new();
                    self.read_words(&spelling, |hash, _, _| words.push(hash));
                    if words.len() > MAX_WORDS {
                        return Err(no_phrase(phrase));
                    }
                    let Some(last_word) = words.last().copied() else { continue };
                    let minus_n_words = -words.len().cast_signed();
                    let is_plain = phrase.chars().all(|c| self.is_word_char(c));
                    self.by_last_word.push(Spaced { last_word, minus_n_words, phrase: at, words, is_plain });
                    let bit = last_word >> (64 - FILTER_BITS);
                    self.filter[(bit >> 6) as usize] |= 1 << (bit & 63);
                }
            } else {
                // The automaton folds ASCII; other letters are looked for as written in either case.
                let upper = phrase.to_uppercase();
                let is_other = upper.bytes().any(|byte| !byte.is_ascii()) && upper != *phrase;
                patterns.push((phrase.clone(), at));
                patterns.extend(with_final_sigma(phrase).map(|spelling| (spelling, at)));
                patterns.extend(is_other.then_some((upper, at)));
            }
        }
        self.by_last_word.sort_unstable();
        if !patterns.is_empty() {
            let mut builder = AhoCorasick::builder();
            builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest);
            let parts = builder.build(patterns.iter().map(|(pattern, _)| pattern));
            self.parts = Some(parts.map_err(|error| BuildError::new(format!("phrases cannot be compiled: {error}")))?);
            self.parts_of = patterns.into_iter().map(|(_, phrase)| phrase).collect();
        }
        Ok(())
    }

    /// Adds every phrase that the text holds, by its number, as often as it does.
    ///
    /// Of phrases that end at the same word the longest counts, and parts that overlap one before them do not.
    pub(super) fn find(&self, doc: &Doc<'_>, found: &mut Vec<u32>) {
        let text = doc.text();
        if !self.by_last_word.is_empty() && (self.bounds == Bounds::Always || !self.find_plain(doc, found)) {
            self.find_words(text, found);
        }
        let Some(parts) = &self.parts else { return };
        let mut from = 0;
        while let Some(part) = parts.find(Input::new(text).range(from..)) {
            let fits = self.is_bounded(text, part.range());
            if fits && let Some(phrase) = self.parts_of.get(part.pattern().as_usize()) {
                found.push(*phrase);
            }
            let next = || text.ceil_char_boundary(part.start() + 1);
            from = if fits { part.end() } else { next() };
        }
    }

    /// Adds the phrases of one word; false, and nothing is added, when there seem to be others.
    fn find_plain(&self, doc: &Doc<'_>, found: &mut Vec<u32>) -> bool {
        let words = doc.normal_words();
        for (at, word) in words.iter().enumerate() {
            let ends_here = |spaced: &&Spaced| words[..=at].ends_with(&spaced.words);
            if let Some(spaced) = self.ending_with(*word).iter().find(ends_here) {
                if !spaced.is_plain {
                    found.clear();
                    return false;
                }
                found.push(spaced.phrase);
            }
        }
        true
    }

    /// Adds the phrases of whole words, each compared with the text.
    fn find_words(&self, text: &str, found: &mut Vec<u32>) {
        // Where the last words began; a phrase has no more of them.
        let mut starts = [0; MAX_WORDS];
        let mut n_words = 0;
        self.read_words(text, |word, start, end| {
            starts[n_words % MAX_WORDS] = start;
            n_words += 1;
            let is_here = |spaced: &&Spaced| {
                let n = spaced.words.len();
                n <= n_words
                    && is_phrase(&text[starts[(n_words - n) % MAX_WORDS]..end], &self.phrases[spaced.phrase as usize])
            };
            found.extend(self.ending_with(word).iter().find(is_here).map(|spaced| spaced.phrase));
        });
    }

    /// The phrases whose last word has this hash, the longest first.
    #[inline]
    fn ending_with(&self, word: u64) -> &[Spaced] {
        let bit = word >> (64 - FILTER_BITS);
        if (self.filter[(bit >> 6) as usize] >> (bit & 63)) & 1 == 0 {
            return &[];
        }
        let from = &self.by_last_word[self.by_last_word.partition_point(|spaced| spaced.last_word < word)..];
        &from[..from.partition_point(|spaced| spaced.last_word == word)]
    }

    /// Whether a phrase is found by its words: it has no letter of a script without spaces, and begins and ends with a word.
    fn is_spaced(&self, phrase: &str) -> bool {
        self.bounds != Bounds::Never
            && phrase.starts_with(|c| self.is_word_char(c) && !is_mark(c))
            && phrase.ends_with(|c| self.is_word_char(c))
            && (self.bounds == Bounds::Always || !phrase.chars().any(is_unspaced))
    }

    /// Whether `c` belongs to a word that has an end.
    fn is_word_char(&self, c: char) -> bool {
        if c.is_ascii() {
            return c.is_ascii_alphanumeric();
        }
        (c.is_alphanumeric() || is_mark(c)) && (self.bounds == Bounds::Always || !is_unspaced(c))
    }

    /// Whether a found part stops where its words do: at an end that is no letter, or at one beside which there is none.
    fn is_bounded(&self, text: &str, found: Range<usize>) -> bool {
        let cuts_a_word = |inside: Option<char>, outside: Option<char>| {
            inside.is_some_and(|c| self.is_word_char(c)) && outside.is_some_and(|c| self.is_word_char(c))
        };
        let phrase = &text[found.clone()];
        self.bounds == Bounds::Never
            || !(cuts_a_word(phrase.chars().next(), text[..found.start].chars().next_back())
                || cuts_a_word(phrase.chars().next_back(), text[found.end..].chars().next()))
    }

    /// Shows the hash, the start and the end of each word of `text`; where scripts have spaces, these are its normal words.
    fn read_words(&self, text: &str, mut see: impl FnMut(u64, usize, usize)) {
        let mut hashes = Vec::new();
        let mut end = 0;
        while let Some(start) = text[end..].find(|c| self.is_word_char(c) && !is_mark(c)).map(|at| end + at) {
            end = text[start..].find(|c| !self.is_word_char(c)).map_or(text.len(), |at| start + at);
            hashes.clear();
            hash_normal_words(&text[start..end], &mut hashes);
            if let Some(hash) = hashes.iter().copied().reduce(mix64) {
                see(hash, start, end);
            }
        }
    }
}

fn no_phrase(phrase: &str) -> BuildError {
    BuildError::new(format!("`{}` is no phrase to look for", phrase.escape_debug()))
        .hint(format!("give phrases of at most {MAX_WORDS} words and {MAX_BYTES} bytes, each on one line"))
}

/// A phrase in lower case, with single spaces for white space and none at its ends.
fn fold(phrase: &str) -> String {
    phrase.split_whitespace().collect::<Vec<_>>().join(" ").chars().flat_map(lower).collect()
}

/// A character in lower case, of which the Greek sigma has but one here.
fn lower(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase().map(|c| if c == 'ς' { 'σ' } else { c })
}

/// The spelling of a folded phrase in which every sigma at the end of a word is a final one, if it has such. Normal words keep
/// both: in a text in capitals the last sigma is like the others.
fn with_final_sigma(phrase: &str) -> Option<String> {
    let mut chars = phrase.chars().peekable();
    let mut spelling = String::with_capacity(phrase.len());
    while let Some(c) = chars.next() {
        let is_final = c == 'σ' && chars.peek().is_none_or(|next| !next.is_alphanumeric() && !is_mark(*next));
        spelling.push(if is_final { 'ς' } else { c });
    }
    (spelling != phrase).then_some(spelling)
}

/// Whether a piece of text on one line is `phrase`, which has been folded.
fn is_phrase(piece: &str, phrase: &str) -> bool {
    let mut rest = phrase.chars();
    let mut in_space = false;
    for c in piece.chars() {
        if c.is_whitespace() {
            if c == '\n' || (!in_space && rest.next() != Some(' ')) {
                return false;
            }
            in_space = true;
            continue;
        }
        in_space = false;
        if !lower(c).all(|c| rest.next() == Some(c)) {
            return false;
        }
    }
    rest.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::hash::hash64;
    use tokenmill_core::{Analysis, Document};

    fn lexicon(bounds: Bounds, phrases: &[&str]) -> Lexicon {
        let owned = |list: &[&str]| list.iter().map(|phrase| (*phrase).to_owned()).collect::<Vec<_>>();
        Lexicon::new(bounds, &owned(phrases), &owned(&["Allowed"])).unwrap()
    }

    fn found(bounds: Bounds, phrases: &[&str], text: &str) -> Vec<String> {
        let lexicon = lexicon(bounds, phrases);
        let (document, analysis) = (Document { text: text.to_owned(), ..Document::default() }, Analysis::default());
        let (mut found, mut slowly) = (Vec::new(), Vec::new());
        lexicon.find(&Doc::new(&document, &analysis), &mut found);
        if bounds == Bounds::Auto {
            lexicon.find_words(text, &mut slowly);
            assert_eq!(found[..slowly.len()], slowly, "{text}");
        }
        found.iter().map(|phrase| lexicon.phrases[*phrase as usize].clone()).collect()
    }

    #[test]
    fn whole_words_in_any_case() {
        let list = ["heck", "Dang it", "g-spot", "s&m", "бля", "allowed"];
        for (text, expected) in [
            ("HECK, what the heck-of-a check", vec!["heck", "heck"]),
            ("dang  it! dang-it dang\nit dangit", vec!["dang it"]),
            ("G-Spot g spot S&M S & M s m's", vec!["g-spot", "s&m"]),
            ("БЛЯ бляха", vec!["бля"]),
            ("allowed", vec![]),
            ("heckö öheck he\u{301}ck", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(found(Bounds::Auto, &list, text), expected, "{text}");
        }
        assert_eq!(found(Bounds::Auto, &["a", "b a", "c b a"], "b a c b a b\u{1}a"), ["b a", "c b a", "a"]);
    }

    #[test]
    fn scripts_without_spaces() {
        let list = ["性交", "xx", "ＳＭ女王", "sm女王", "ควย", "🖕"];
        for (text, expected) in [
            ("他们性交易", vec!["性交"]),
            ("xxビデオ xxx", vec!["xx"]),
            ("SM女王様 prism女王", vec!["sm女王"]),
            ("หัวควยจริง", vec!["ควย"]),
            ("no🖕no", vec!["🖕"]),
        ] {
            assert_eq!(found(Bounds::Auto, &list, text), expected, "{text}");
        }
        assert_eq!(found(Bounds::Always, &list, "他们性交易 性交"), ["性交"]);
        assert_eq!(found(Bounds::Never, &["heck", "ÄH"], "checker Äh ähm"), ["heck", "äh", "äh"]);
    }

    #[test]
    fn phrases_that_cannot_be_found_are_errors() {
        let new = |phrase: &str| Lexicon::new(Bounds::Auto, &[phrase.to_owned()], &[]);
        for phrase in ["", "  ", "a\nb", &"x".repeat(257), &"a ".repeat(17), "a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q"] {
            assert!(new(phrase).is_err(), "{phrase:?}");
        }
        assert!(new(&"a ".repeat(16)).is_ok());
    }

    #[test]
    fn greek_is_found_in_either_case() {
        for list in ["ΜΑΛΑΚΑΣ", "μαλακας", "μαλακασ"] {
            let text = "ΜΑΛΑΚΑΣ, μαλακας Μαλακας μαλακαςα μαλακ";
            assert_eq!(found(Bounds::Auto, &[list], text), ["μαλακασ"; 3]);
            assert_eq!(found(Bounds::Never, &[list], text).len(), 3);
        }
        let text = "ΤΗΣ ΜΑΛΑΚΑΣ! της μαλακας της  Μαλακας";
        assert_eq!(found(Bounds::Auto, &["της μαλακας"], text).len(), 3);
    }

    /// One phrase after the other, character by character.
    #[test]
    fn random_texts_hold_what_a_slow_search_finds() {
        const CHARS: [char; 8] = ['a', 'B', 'ß', ' ', ' ', '-', '漢', '\u{301}'];
        let random = |seed: u64, n: u64| -> String {
            let at = |i: u64| (hash64(seed, &i.to_le_bytes()) % CHARS.len() as u64) as usize;
            (0..n).map(|i| CHARS[at(i)]).collect()
        };
        let is_word = |c: char| (c.is_alphanumeric() && c != '漢') || c == '\u{301}';
        let mut n_found = 0;
        for seed in 0..2_000u64 {
            let phrase = random(seed + 10_000, 1 + seed % 4);
            let text = random(seed, 40);
            if fold(&phrase).is_empty() {
                continue;
            }
            let (lower, wanted) = (text.to_lowercase(), fold(&phrase));
            if !lower.split(' ').all(|word| wanted.split(' ').count() == 1 || !word.is_empty()) {
                continue;
            }
            let is_spaced = !wanted.contains('漢')
                && wanted.starts_with(|c| is_word(c) && c != '\u{301}')
                && wanted.ends_with(is_word);
            // A mark belongs to a word only behind another character of it.
            let in_word = |before: &str| before.trim_end_matches('\u{301}').ends_with(is_word);
            let (mut expected, mut done) = (0, 0);
            for (start, _) in lower.char_indices() {
                if start < done || !lower[start..].starts_with(&wanted) {
                    continue;
                }
                let (before, after) = (&lower[..start], &lower[start + wanted.len()..]);
                let touches_before = if is_spaced { in_word(before) } else { before.ends_with(is_word) };
                let cut_before = touches_before && wanted.starts_with(is_word);
                let cut_after = wanted.ends_with(is_word) && after.starts_with(is_word);
                if !cut_before && !cut_after {
                    n_found += 1;
                    expected += 1;
                    // Phrases of words may share words; parts do not overlap.
                    done = if is_spaced { 0 } else { start + wanted.len() };
                }
            }
            assert_eq!(found(Bounds::Auto, &[&phrase], &text).len(), expected, "{phrase:?} in {text:?}");
        }
        assert!(n_found > 1_000, "{n_found}");
    }
}
