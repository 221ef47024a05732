//! Finds the words of a short list in a text, whatever their case and the punctuation around them.

use tokenmill_core::{BuildError, Doc};

/// One bit of a `u128` for each word.
const MAX_WORDS: usize = 128;

/// Bytes of one word in lower case; a longer word of a text is not in the list.
const MAX_BYTES: usize = 32;

/// A list of lower-case words, sorted.
pub(crate) struct StopWords {
    words: Vec<Box<[u8]>>,
    /// Byte lengths that occur, as bits.
    lengths: u64,
}

impl StopWords {
    /// From a parameter of the step.
    ///
    /// # Errors
    /// When there are more than 128 words, or one is empty, too long, or could never be found in a text.
    pub(crate) fn new(param: &str, list: &[String]) -> Result<StopWords, BuildError> {
        let mut words: Vec<Box<[u8]>> = Vec::with_capacity(list.len());
        for word in list {
            let mut buffer = [0; MAX_BYTES];
            match fold(word, &mut buffer) {
                Some(len) if len > 0 && !word.contains(char::is_whitespace) => words.push(Box::from(&buffer[..len])),
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
        let lengths = words.iter().fold(0, |bits, word| bits | 1 << word.len());
        Ok(StopWords { words, lengths })
    }

    /// How many different words of the list the document holds.
    pub(crate) fn n_distinct(&self, doc: &Doc<'_>) -> u32 {
        let found = doc.words().iter().filter_map(|word| self.find(doc.word(word)));
        found.fold(0u128, |seen, at| seen | 1 << at).count_ones()
    }

    fn find(&self, word: &str) -> Option<usize> {
        let mut buffer = [0; MAX_BYTES];
        let len = fold(word, &mut buffer)?;
        if self.lengths & (1 << len) == 0 {
            return None;
        }
        self.words.binary_search_by(|listed| (**listed).cmp(&buffer[..len])).ok()
    }
}

/// Writes `word` in lower case, without what is not alphanumeric at its ends; `None` when there is no room for it.
fn fold(word: &str, buffer: &mut [u8; MAX_BYTES]) -> Option<usize> {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    if word.is_ascii() {
        let room = buffer.get_mut(..word.len())?;
        room.copy_from_slice(word.as_bytes());
        room.make_ascii_lowercase();
        return Some(word.len());
    }
    let mut len = 0;
    for c in word.chars().flat_map(char::to_lowercase) {
        c.encode_utf8(buffer.get_mut(len..len + c.len_utf8())?);
        len += c.len_utf8();
    }
    Some(len)
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
        let text = format!("{} the {}", "x".repeat(33), "é".repeat(400));
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
