//! Counts the phrases of a list in a text: whole words where words are spaced, parts of the text where they are not.
//!
//! Words are hashed as the text is read; only a hash that ends a phrase of the list is looked at closely. Phrases of
//! scripts without spaces go into one automaton.

use aho_corasick::{AhoCorasick, Input, MatchKind};
use std::ops::Range;
use tokenmill_core::BuildError;
use unicode_general_category::{GeneralCategory, get_general_category};

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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Spaced {
    last_word: u64,
    /// Negative, so that the longest phrase comes first.
    minus_n_words: i32,
    phrase: u32,
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
            let n_words = folded.split_whitespace().count();
            if n_words == 0 || n_words > MAX_WORDS || folded.len() > MAX_BYTES || phrase.contains('\n') {
                return Err(BuildError::new(format!("`{}` is no phrase to look for", phrase.escape_debug())).hint(
                    format!("give phrases of at most {MAX_WORDS} words and {MAX_BYTES} bytes, each on one line"),
                ));
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
                let mut words = 0;
                let mut last_word = 0;
                self.read_words(phrase, |hash, _, _| {
                    words += 1;
                    last_word = hash;
                });
                self.by_last_word.push(Spaced { last_word, minus_n_words: -words, phrase: at });
                let bit = last_word >> (64 - FILTER_BITS);
                self.filter[(bit >> 6) as usize] |= 1 << (bit & 63);
            } else {
                // The automaton folds ASCII; other letters are looked for as written in either case.
                patterns.push((phrase.clone(), at));
                let upper = phrase.to_uppercase();
                if upper.bytes().any(|byte| !byte.is_ascii()) && upper != *phrase {
                    patterns.push((upper, at));
                }
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

    /// Shows every phrase that the text holds, by its number, as often as it does.
    ///
    /// Of phrases that end at the same word the longest counts, and parts that overlap one before them do not.
    pub(super) fn find(&self, text: &str, mut see: impl FnMut(u32)) {
        if !self.by_last_word.is_empty() {
            // Where the last words began; a phrase has no more of them.
            let mut starts = [0; MAX_WORDS];
            let mut n_words = 0;
            self.read_words(text, |hash, start, end| {
                starts[n_words % MAX_WORDS] = start;
                n_words += 1;
                let bit = hash >> (64 - FILTER_BITS);
                if (self.filter[(bit >> 6) as usize] >> (bit & 63)) & 1 == 1 {
                    let start_of = |n: usize| (n <= n_words).then(|| starts[(n_words - n) % MAX_WORDS]);
                    if let Some(phrase) = self.ending_at(text, hash, end, start_of) {
                        see(phrase);
                    }
                }
            });
        }
        let Some(parts) = &self.parts else { return };
        let mut from = 0;
        while let Some(found) = parts.find(Input::new(text).range(from..)) {
            let fits = self.is_bounded(text, found.range());
            if fits && let Some(phrase) = self.parts_of.get(found.pattern().as_usize()) {
                see(*phrase);
            }
            let next = || text.ceil_char_boundary(found.start() + 1);
            from = if fits { found.end() } else { next() };
        }
    }

    /// The longest phrase whose last word has this hash and ends at byte `end`; `start_of(n)` is where the last n words
    /// begin.
    fn ending_at(&self, text: &str, hash: u64, end: usize, start_of: impl Fn(usize) -> Option<usize>) -> Option<u32> {
        let first = self.by_last_word.partition_point(|spaced| spaced.last_word < hash);
        let candidates = self.by_last_word[first..].iter().take_while(|spaced| spaced.last_word == hash);
        let is_here = |spaced: &&Spaced| {
            let start = start_of(spaced.minus_n_words.unsigned_abs() as usize);
            start.is_some_and(|start| is_phrase(&text[start..end], &self.phrases[spaced.phrase as usize]))
        };
        candidates.into_iter().find(is_here).map(|spaced| spaced.phrase)
    }

    /// Whether a phrase is found by its words: it has no letter of a script without spaces, and letters or digits at both
    /// ends.
    fn is_spaced(&self, phrase: &str) -> bool {
        let at_ends = [phrase.chars().next(), phrase.chars().next_back()];
        self.bounds != Bounds::Never
            && at_ends.into_iter().flatten().all(|c| self.is_word_char(c))
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

    /// Shows the hash in lower case, the start and the end of each word of `text`.
    #[inline]
    fn read_words(&self, text: &str, mut see: impl FnMut(u64, usize, usize)) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let (start, mut state) = (at, 0);
            loop {
                while let Some(folded @ 2..) = bytes.get(at).map(|byte| FOLDED[*byte as usize]) {
                    state = push(state, u64::from(folded));
                    at += 1;
                }
                if bytes.get(at).is_none_or(u8::is_ascii) {
                    break;
                }
                let Some(c) = text[at..].chars().next().filter(|c| self.is_word_char(*c)) else { break };
                state = c.to_lowercase().fold(state, |state, c| push(state, u64::from(c)));
                at += c.len_utf8();
            }
            if at > start {
                see(finish(state), start, at);
            }
            at += bytes.get(at).map_or(1, |byte| utf8_len(*byte));
        }
    }
}

/// ASCII letters in lower case and digits; 0 for other ASCII characters, 1 for bytes beyond.
const FOLDED: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let c = byte as u8;
        table[byte] = if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { !c.is_ascii() as u8 };
        byte += 1;
    }
    table
};

/// A hash that costs two cycles for a character; it only has to tell most words apart, since what it finds is compared.
fn push(state: u64, c: u64) -> u64 {
    state.rotate_left(5) ^ c
}

fn finish(state: u64) -> u64 {
    state.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Bytes of the character that begins with this byte.
fn utf8_len(first: u8) -> usize {
    match first {
        0..0xc0 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    }
}

/// A phrase in lower case, with single spaces for white space and none at its ends.
fn fold(phrase: &str) -> String {
    phrase.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
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
        if !c.to_lowercase().all(|c| rest.next() == Some(c)) {
            return false;
        }
    }
    rest.next().is_none()
}

/// Whether `c` is a letter of a script that is written without spaces: Thai, Lao, Burmese, Khmer, kana, Han.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0xe00..=0xeff | 0x1000..=0x109f | 0x1780..=0x17ff
        | 0x3005..=0x3007 | 0x3041..=0x30ff | 0x31f0..=0x31ff
        | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0xff66..=0xff9f
        | 0x1b000..=0x1b16f | 0x20000..=0x3ffff)
        && c != '・'
}

/// Whether `c` is a mark that belongs to the letter before it.
fn is_mark(c: char) -> bool {
    use GeneralCategory::{EnclosingMark, NonspacingMark, SpacingMark};
    c >= '\u{300}' && matches!(get_general_category(c), EnclosingMark | NonspacingMark | SpacingMark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::hash::hash64;

    fn lexicon(bounds: Bounds, phrases: &[&str]) -> Lexicon {
        let owned = |list: &[&str]| list.iter().map(|phrase| (*phrase).to_owned()).collect::<Vec<_>>();
        Lexicon::new(bounds, &owned(phrases), &owned(&["Allowed"])).unwrap()
    }

    fn found(bounds: Bounds, phrases: &[&str], text: &str) -> Vec<String> {
        let lexicon = lexicon(bounds, phrases);
        let mut found = Vec::new();
        lexicon.find(text, |phrase| found.push(lexicon.phrases[phrase as usize].clone()));
        found
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
        for phrase in ["", "  ", "a\nb", &"x".repeat(257), &"a ".repeat(17)] {
            assert!(new(phrase).is_err(), "{phrase:?}");
        }
        assert!(new(&"a ".repeat(16)).is_ok());
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
            let mut expected = 0;
            let mut done = 0;
            for (start, _) in lower.char_indices() {
                if start < done || !lower[start..].starts_with(&wanted) {
                    continue;
                }
                let end = start + wanted.len();
                let cuts = |inside: Option<char>, outside: Option<char>| {
                    inside.is_some_and(is_word) && outside.is_some_and(is_word)
                };
                let before = cuts(wanted.chars().next(), lower[..start].chars().next_back());
                if !before && !cuts(wanted.chars().next_back(), lower[end..].chars().next()) {
                    expected += 1;
                    // Phrases of words may share words; parts do not overlap.
                    let spaced = !wanted.contains('漢')
                        && wanted.chars().next().is_some_and(is_word)
                        && wanted.chars().next_back().is_some_and(is_word);
                    done = if spaced { 0 } else { end };
                }
            }
            assert_eq!(found(Bounds::Auto, &[&phrase], &text).len(), expected, "{phrase:?} in {text:?}");
        }
    }
}
