//! The words by which texts are compared with benchmarks: normal words, without those that only label.

use std::sync::LazyLock;
use tokenmill_core::text::normal::{hash_normal_words, locate_normal_words};

/// Words that only label a question or a choice, besides the letters a to z. They are left out of items and documents, so
/// that a choice is the same with `B)` before it and without.
const LABELS: &str =
    "question questions answer answers choice choices option options passage context solution explanation";

/// English words that say little; a run of words that holds hardly any others is found in texts of every kind.
const FUNCTION_WORDS: &str = "about after again all also am an and any are as at be because been before being between both but by \
can could did do does doing don down during each few for from had has have having he her here hers him his how if in into is \
it its just ll may me might more most must my no not now of on one only or other our out over own re same shall she should \
so some such than that the their them then there these they this those through to too two up us ve very was we were what \
when where which while who whom whose why will with would yes you your";

/// Hashes of a fixed list of words.
pub(super) struct WordSet {
    /// One bit for each value of the highest twelve bits: tells at a glance of nearly all other words.
    glance: [u64; 64],
    hashes: Vec<u64>,
}

impl WordSet {
    fn new(list: &str) -> WordSet {
        let mut set = WordSet { glance: [0; 64], hashes: Vec::new() };
        hash_normal_words(list, &mut set.hashes);
        set.hashes.sort_unstable();
        set.hashes.iter().for_each(|hash| set.glance[(hash >> 58) as usize] |= 1 << (hash >> 52 & 63));
        set
    }

    /// Whether the word of this hash is in the list.
    #[inline]
    pub(super) fn has(&self, hash: u64) -> bool {
        self.glance[(hash >> 58) as usize] >> (hash >> 52 & 63) & 1 == 1 && self.hashes.binary_search(&hash).is_ok()
    }
}

/// The words that are left out.
pub(super) static LABEL_SET: LazyLock<WordSet> = LazyLock::new(|| {
    let letters = ('a'..='z').flat_map(|letter| [' ', letter]).collect::<String>();
    WordSet::new(&(LABELS.to_owned() + &letters))
});

static FUNCTION_SET: LazyLock<WordSet> = LazyLock::new(|| WordSet::new(FUNCTION_WORDS));

/// One word of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ItemWord {
    /// Its hash (`normal_words/v1`).
    pub hash: u64,
    /// Whether it has a letter and is no function word of English.
    pub is_telling: bool,
}

/// The words of a text of an item.
pub(super) fn item_words(text: &str) -> Vec<ItemWord> {
    let (mut hashes, mut ranges) = (Vec::new(), Vec::new());
    hash_normal_words(text, &mut hashes);
    locate_normal_words(text, &mut ranges);
    let word = |(hash, range): (u64, std::ops::Range<usize>)| {
        let has_letter = text[range].chars().any(char::is_alphabetic);
        ItemWord { hash, is_telling: has_letter && !FUNCTION_SET.has(hash) }
    };
    hashes.into_iter().zip(ranges).filter(|(hash, _)| !LABEL_SET.has(*hash)).map(word).collect()
}

/// Whether a line begins with a label and a colon, as in `Question 3:`.
pub(super) fn begins_with_label(line: &str) -> bool {
    let Some((label, _)) = line.split_once(':') else { return false };
    let label = label.trim_matches(|c: char| !c.is_alphabetic()).to_lowercase();
    LABELS.split(' ').any(|listed| listed == label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_left_out_and_function_words_say_little() {
        let words = item_words("Question 3: Is it a B) shark, or 17 Haie?\nAnswer: C");
        let telling: Vec<bool> = words.iter().map(|word| word.is_telling).collect();
        // 3 is it shark or 17 haie
        assert_eq!(telling, [false, false, false, true, false, false, true]);
        assert_eq!(words[3], item_words("SHARK")[0]);
    }

    #[test]
    fn lines_with_labels() {
        for (line, expected) in [
            ("Question: why", true),
            ("**Answer 12**: because", true),
            ("PASSAGE:", true),
            ("Answer me", false),
            ("The question: why", false),
            ("Re: question", false),
            ("", false),
        ] {
            assert_eq!(begins_with_label(line), expected, "{line}");
        }
    }
}
