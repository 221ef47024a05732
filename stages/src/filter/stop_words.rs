//! Finds the words of a short list in a text, whatever their case and the punctuation around them.

use tokenmill_core::{BuildError, Doc};

/// One bit of a `u128` for each word.
const MAX_WORDS: usize = 128;

/// Bytes of one word in lower case; a longer word of a text is not in the list.
const MAX_BYTES: usize = 32;

/// A word in lower case as numbers, filled up with zeros: cheaper to compare than bytes.
type Folded = [u64; MAX_BYTES / 8];

/// A list of words, sorted.
pub(crate) struct StopWords {
    words: Vec<Folded>,
    /// For each word, which words have its first byte and its length, as bits.
    alike: Vec<u128>,
    wanted: Wanted,
}

/// What can be told of a listed word at a glance; most words of a text are none by that alone.
#[derive(Clone, Copy)]
struct Wanted {
    /// For each first byte, in either case, lengths in bytes as bits.
    lengths: [u64; 256],
}

impl Wanted {
    const NONE: Wanted = Wanted { lengths: [0; 256] };
    const ANY: Wanted = Wanted { lengths: [u64::MAX; 256] };

    /// The lengths of wanted words that begin like this one.
    #[inline]
    fn lengths(&self, word: &[u8]) -> u64 {
        word.first().map_or(0, |first| self.lengths[usize::from(*first)])
    }

    fn admits(&self, word: &[u8]) -> bool {
        word.len() <= MAX_BYTES && (self.lengths(word) >> word.len()) & 1 == 1
    }

    /// Tells most ASCII words from listed ones by their first byte and their length, without a branch that is hard to foresee.
    #[inline]
    fn may_be_listed(&self, word: &[u8]) -> bool {
        let ([first, ..], [.., before_last, last]) = (word, word) else { return true };
        let [first, before_last, last] = [first, before_last, last].map(|byte| usize::from(*byte));
        // One odd byte at the end is trimmed here, more of them are looked at closely.
        let len = (word.len() - usize::from(ODD[last])) as u32;
        let fits = (self.lengths[first] >> (len & 63)) as u8 & 1;
        (fits | ODD[first] | (ODD[last] & ODD[before_last])) != 0
    }

    fn set(&mut self, word: &Folded, admit: bool) {
        let (first, len) = first_and_len(word);
        for first in [first.to_ascii_lowercase(), first.to_ascii_uppercase()] {
            let lengths = &mut self.lengths[usize::from(first)];
            *lengths = *lengths & !(1 << len) | u64::from(admit) << len;
        }
    }
}

/// 1 for bytes at the end of a word that may have to be trimmed or folded: all but ASCII letters and digits.
const ODD: [u8; 256] = {
    let mut table = [1; 256];
    let mut byte = 0u8;
    while byte < 128 {
        table[byte as usize] = !byte.is_ascii_alphanumeric() as u8;
        byte += 1;
    }
    table
};

impl StopWords {
    /// From a parameter of the step.
    ///
    /// # Errors
    /// When there are more than 128 words, or one is empty, too long, or could never be found in a text.
    pub(crate) fn new(param: &str, list: &[String]) -> Result<StopWords, BuildError> {
        let mut words = Vec::with_capacity(list.len());
        for word in list {
            let mut buffer = [0; MAX_BYTES];
            match fold(word, &Wanted::ANY, &mut buffer) {
                Some(len) if len > 0 && !word.contains(char::is_whitespace) => words.push(as_numbers(&buffer)),
                _ => {
                    return Err(BuildError::new(format!("`{param}`: `{word}` is no word to look for"))
                        .hint(format!("give single words with letters, of at most {MAX_BYTES} bytes")));
                }
            }
        }
        words.sort_unstable();
        words.dedup();
        if words.len() > MAX_WORDS {
            return Err(BuildError::new(format!("`{param}` holds {} words", words.len()))
                .hint(format!("give at most {MAX_WORDS} words, the most frequent ones")));
        }
        let mut wanted = Wanted::NONE;
        words.iter().for_each(|word| wanted.set(word, true));
        let is_alike = |word, other| first_and_len(word) == first_and_len(other);
        let bits = |word| (0..words.len()).filter(|at| is_alike(word, &words[*at])).fold(0, |bits, at| bits | 1 << at);
        let alike = words.iter().map(bits).collect();
        Ok(StopWords { words, alike, wanted })
    }

    /// How many different words of the list the document holds.
    pub(crate) fn n_distinct(&self, doc: &Doc<'_>) -> u32 {
        let text = doc.text();
        let mut seen = 0u128;
        // What has been seen is not wanted again.
        let mut wanted = self.wanted;
        for word in doc.words() {
            let bytes = text.as_bytes().get(word.start as usize..word.end as usize).unwrap_or_default();
            let is_ascii = word.n_chars as usize == bytes.len();
            if (!is_ascii || wanted.may_be_listed(bytes))
                && let Some(at) = self.find(word.of(text))
            {
                seen |= 1 << at;
                if self.alike[at] & !seen == 0 {
                    wanted.set(&self.words[at], false);
                }
            }
        }
        seen.count_ones()
    }

    fn find(&self, word: &str) -> Option<usize> {
        let mut buffer = [0; MAX_BYTES];
        fold(word, &self.wanted, &mut buffer)?;
        self.words.binary_search(&as_numbers(&buffer)).ok()
    }
}

/// Writes `word` in lower case, without what is not alphanumeric at its ends, and returns its length; `None` when
/// there is no room for it or it is not wanted.
fn fold(word: &str, wanted: &Wanted, buffer: &mut [u8; MAX_BYTES]) -> Option<usize> {
    let ascii = trim_ascii(word.as_bytes());
    if ascii.is_ascii() {
        if !wanted.admits(ascii) {
            return None;
        }
        buffer.iter_mut().zip(ascii).for_each(|(slot, byte)| *slot = byte.to_ascii_lowercase());
        return Some(ascii.len());
    }
    let mut len = 0;
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    for c in word.chars().flat_map(char::to_lowercase) {
        c.encode_utf8(buffer.get_mut(len..len + c.len_utf8())?);
        len += c.len_utf8();
        if wanted.lengths(buffer) == 0 {
            return None;
        }
    }
    wanted.admits(&buffer[..len]).then_some(len)
}

/// The first byte of a folded word, and its length.
fn first_and_len(word: &Folded) -> (u8, u32) {
    let n_zeros = |number: &u64| number.leading_zeros() / 8;
    let at = word.iter().rposition(|number| *number != 0).unwrap_or(0);
    (word[0] as u8, 8 * (at as u32 + 1) - n_zeros(&word[at]))
}

fn as_numbers(buffer: &[u8; MAX_BYTES]) -> Folded {
    let mut numbers = Folded::default();
    for (number, bytes) in numbers.iter_mut().zip(buffer.as_chunks().0) {
        *number = u64::from_le_bytes(*bytes);
    }
    numbers
}

/// The bytes without ASCII ones at the ends that are not alphanumeric.
fn trim_ascii(mut bytes: &[u8]) -> &[u8] {
    let goes = |byte: &u8| byte.is_ascii() && !byte.is_ascii_alphanumeric();
    while let [first, rest @ ..] = bytes
        && goes(first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && goes(last)
    {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::{Analysis, Document};

    fn list(words: &[&str]) -> Result<StopWords, BuildError> {
        StopWords::new("stop_words", &words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    fn n_distinct(words: &[&str], text: &str) -> u32 {
        let document = Document { text: text.to_owned(), ..Document::default() };
        let analysis = Analysis::default();
        list(words).unwrap().n_distinct(&Doc::new(&document, &analysis))
    }

    #[test]
    fn case_and_punctuation_do_not_matter() {
        assert_eq!(n_distinct(&["the", "of", "that"], "\"The end (of) THE day.\" Thatch, other offer"), 2);
        assert_eq!(n_distinct(&["être", "И"], "ÊTRE ou ne pas «être», и снег"), 2);
        assert_eq!(n_distinct(&["the"], ""), 0);
        // The Kelvin sign is a k in lower case.
        assert_eq!(n_distinct(&["take", "a", "to"], "TA\u{212a}E (a) to\u{201d}"), 3);
        assert_eq!(n_distinct(&["of", "to"], "OF. 'to', -of"), 2);
        assert_eq!(n_distinct(&["the", "a"], "thea atthe tha the.re"), 0);
    }

    #[test]
    fn long_words_are_passed_over() {
        let text = format!("{} ¿the? {}", "x".repeat(33), "é".repeat(400));
        assert_eq!(n_distinct(&["the"], &text), 1);
    }

    #[test]
    fn lists_that_cannot_work_are_errors() {
        let too_many: Vec<String> = (0..129).map(|i| format!("w{i}")).collect();
        assert!(StopWords::new("stop_words", &too_many).is_err());
        assert!(StopWords::new("stop_words", &too_many[..128]).is_ok());
        for word in ["", "--", "two words", &"x".repeat(33)] {
            assert!(list(&[word]).is_err(), "{word}");
        }
    }
}
