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
    wanted: Wanted,
}

/// What can be told of a listed word at a glance; most words of a text are none by that alone.
#[derive(Clone, Copy)]
struct Wanted {
    /// For the low six bits of first bytes, lengths in bytes as bits.
    lengths: [u64; 64],
}

impl Wanted {
    const NONE: Wanted = Wanted { lengths: [0; 64] };
    const ANY: Wanted = Wanted { lengths: [u64::MAX; 64] };

    /// The place of a word by its first byte.
    #[inline]
    fn initial(word: &[u8]) -> usize {
        usize::from(word.first().map_or(0, u8::to_ascii_lowercase) & 63)
    }

    #[inline]
    fn admits(&self, word: &[u8]) -> bool {
        word.len() <= MAX_BYTES && (self.lengths[Wanted::initial(word)] >> word.len()) & 1 == 1
    }

    fn admits_start(&self, word: &[u8]) -> bool {
        self.lengths[Wanted::initial(word)] != 0
    }

    fn admit(&mut self, word: &[u8]) {
        self.lengths[Wanted::initial(word)] |= 1 << word.len();
    }
}

impl StopWords {
    /// From a parameter of the step.
    ///
    /// # Errors
    /// When there are more than 128 words, or one is empty, too long, or could never be found in a text.
    pub(crate) fn new(param: &str, list: &[String]) -> Result<StopWords, BuildError> {
        let mut words = Vec::with_capacity(list.len());
        let mut wanted = Wanted::NONE;
        for word in list {
            let mut buffer = [0; MAX_BYTES];
            match fold(word, &Wanted::ANY, &mut buffer) {
                Some(len) if len > 0 && !word.contains(char::is_whitespace) => {
                    wanted.admit(&buffer[..len]);
                    words.push(as_numbers(&buffer));
                }
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
        Ok(StopWords { words, wanted })
    }

    /// How many different words of the list the document holds.
    pub(crate) fn n_distinct(&self, doc: &Doc<'_>) -> u32 {
        let text = doc.text();
        let mut seen = 0u128;
        for word in doc.words() {
            let bytes = text.as_bytes().get(word.start as usize..word.end as usize).unwrap_or_default();
            if self.may_be_listed(bytes)
                && let Some(at) = self.find(word.of(text))
            {
                seen |= 1 << at;
            }
        }
        seen.count_ones()
    }

    /// Most words are told from listed ones by their first byte and their length.
    #[inline]
    fn may_be_listed(&self, word: &[u8]) -> bool {
        let ([first, ..], [.., last]) = (word, word) else { return false };
        if !first.is_ascii_alphanumeric() {
            // There may be something to trim or to fold.
            return !first.is_ascii() || self.wanted.admits(trim_ascii(word)) || !word.is_ascii();
        }
        let lengths = self.wanted.lengths[Wanted::initial(word)];
        lengths != 0 && (!last.is_ascii_alphanumeric() || (lengths >> (word.len() & 63)) & 1 == 1 || !word.is_ascii())
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
        if len == 0 && !wanted.admits_start(buffer) {
            return None;
        }
        len += c.len_utf8();
    }
    wanted.admits(&buffer[..len]).then_some(len)
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
