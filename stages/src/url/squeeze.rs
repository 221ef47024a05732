//! The letters and digits of a URL: in words, and without what stands between them.

use unicode_general_category::{GeneralCategory, get_general_category};

/// Stands where a word cannot go on: the parts of a path, and names and values of a query.
const BREAK: u8 = b'/';

/// What a byte of a URL is; letters and digits are themselves, in lower case.
const CLASSES: [u8; 256] = classes();
const JOINER: u8 = 0;
const ESCAPE: u8 = 1;
const NOT_ASCII: u8 = 2;

const fn classes() -> [u8; 256] {
    let mut classes = [JOINER; 256];
    let mut byte = 0;
    while byte < 256 {
        let ascii = byte as u8;
        classes[byte] = match ascii {
            b'/' | b'?' | b'&' | b'=' | b';' => BREAK,
            b'%' => ESCAPE,
            128.. => NOT_ASCII,
            _ if ascii.is_ascii_alphanumeric() => ascii.to_ascii_lowercase(),
            _ => JOINER,
        };
        byte += 1;
    }
    classes
}

/// A text in lower case of which only letters and digits are left, and a `/` in place of each of `/ ? & = ;`.
///
/// So `a.b/Big-Cat%20s?x` is `ab/bigcats/x`, and its words are `a`, `b`, `big`, `cat`, `s` and `x`. Escapes are read as
/// what they stand for; bytes that are no UTF-8 are left out.
#[derive(Default)]
pub(super) struct Squeezed {
    text: Vec<u8>,
    /// Where the words lie in the text.
    words: Vec<(u32, u32)>,
    /// The text with its escapes undone, where that took more than one look.
    unescaped: Vec<u8>,
}

impl Squeezed {
    /// What is left of the text.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Runs of letters and digits in the original text, in order.
    pub(super) fn words(&self) -> impl Iterator<Item = &[u8]> {
        self.words.iter().map(|(start, end)| &self.text[*start as usize..*end as usize])
    }

    /// Squeezes the first `u32::MAX` bytes of another text.
    pub(super) fn squeeze(&mut self, url: &str) {
        self.text.clear();
        self.words.clear();
        let url = url.as_bytes();
        let url = &url[..url.len().min(u32::MAX as usize)];
        let mut start = 0;
        let mut at = 0;
        while let Some(byte) = url.get(at) {
            at += 1;
            let mut class = CLASSES[usize::from(*byte)];
            if class == ESCAPE {
                class = JOINER;
                if let Some(escaped) = super::percent::escaped_byte(&url[at..]) {
                    at += 2;
                    // A percent sign that was escaped begins no other escape.
                    class = if escaped == b'%' { JOINER } else { CLASSES[usize::from(escaped)] };
                }
            }
            match class {
                NOT_ASCII => return self.squeeze_unicode(url),
                JOINER => start = self.end_word(start),
                BREAK => {
                    self.end_word(start);
                    self.text.push(BREAK);
                    start = self.text.len();
                }
                letter => self.text.push(letter),
            }
        }
        self.end_word(start);
    }

    /// Notes the word that began at `start`, and says where the next one begins.
    fn end_word(&mut self, start: usize) -> usize {
        let end = self.text.len();
        if start < end {
            self.words.push((start as u32, end as u32));
        }
        end
    }

    /// The same for text that has other letters than those of ASCII.
    fn squeeze_unicode(&mut self, url: &[u8]) {
        self.text.clear();
        self.words.clear();
        self.unescaped.clear();
        let mut rest = url;
        while let Some(at) = memchr::memchr(b'%', rest) {
            self.unescaped.extend_from_slice(&rest[..at]);
            rest = &rest[at + 1..];
            match super::percent::escaped_byte(rest) {
                Some(byte) => {
                    self.unescaped.push(byte);
                    rest = &rest[2..];
                }
                None => self.unescaped.push(b'%'),
            }
        }
        self.unescaped.extend_from_slice(rest);
        let unescaped = std::mem::take(&mut self.unescaped);
        let mut start = 0;
        for c in unescaped.utf8_chunks().flat_map(|chunk| chunk.valid().chars().chain(has_invalid(&chunk))) {
            if is_part_of_word(c) {
                for lower in c.to_lowercase() {
                    self.text.extend_from_slice(lower.encode_utf8(&mut [0; 4]).as_bytes());
                }
                continue;
            }
            start = self.end_word(start);
            if c.is_ascii() && CLASSES[c as usize] == BREAK {
                self.text.push(BREAK);
                start += 1;
            }
        }
        self.end_word(start);
        self.unescaped = unescaped;
    }
}

/// One character in place of bytes that are no UTF-8.
fn has_invalid(chunk: &std::str::Utf8Chunk<'_>) -> Option<char> {
    (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER)
}

/// Letters, digits, and the marks without which many scripts fall apart.
fn is_part_of_word(c: char) -> bool {
    use GeneralCategory::{EnclosingMark, NonspacingMark, SpacingMark};
    c.is_alphanumeric()
        || (!c.is_ascii() && matches!(get_general_category(c), NonspacingMark | SpacingMark | EnclosingMark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squeezed(url: &str) -> (String, String) {
        let mut squeezed = Squeezed::default();
        squeezed.squeeze("left/over");
        squeezed.squeeze(url);
        let words: Vec<&str> = squeezed.words().map(|word| str::from_utf8(word).unwrap()).collect();
        (String::from_utf8(squeezed.text().to_vec()).unwrap(), words.join(" "))
    }

    #[test]
    fn letters_and_digits_are_left() {
        for (url, text, words) in [
            ("a.b/Big-Cat%20s?x", "ab/bigcats/x", "a b big cat s x"),
            ("%63a%74/%2Fd%2", "cat//d2", "cat d 2"),
            ("%2541%", "41", "41"),
            ("a+b_c~d=e&f;g", "abcd/e/f/g", "a b c d e f g"),
            ("Ä/%C3%A4-é", "ä/äé", "ä ä é"),
            ("a%FFb\u{fffd}c", "abc", "a b c"),
            ("%zzé%", "zzé", "zzé"),
            ("हिन्दी.漢字", "हिन्दी漢字", "हिन्दी 漢字"),
            ("İ%2fé", "i\u{307}/é", "i\u{307} é"),
            ("//", "//", ""),
            ("", "", ""),
        ] {
            assert_eq!(squeezed(url), (text.to_owned(), words.to_owned()), "{url}");
        }
    }

    /// The two ways agree where both can go.
    #[test]
    fn one_way_squeezes_like_the_other() {
        let mut state = 1;
        for _ in 0..5_000 {
            let url: String = (0..12)
                .map(|_| {
                    state = tokenmill_core::hash::hash64(4, &u64::to_le_bytes(state));
                    ["a", "Bc", "%", "%2f", "%41", "4", "-", "/", "?", "%25", "=", " "][(state % 12) as usize]
                })
                .collect();
            let mut ways = [Squeezed::default(), Squeezed::default()];
            ways[0].squeeze(&url);
            ways[1].squeeze_unicode(url.as_bytes());
            assert_eq!(ways[0].text, ways[1].text, "{url}");
            assert_eq!(ways[0].words, ways[1].words, "{url}");
        }
    }
}
