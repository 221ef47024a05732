//! The letters and digits of a URL: in words, and without what stands between them.

use super::percent;
use tokenmill_core::text::is_mark;

/// Stands where a word cannot go on: the parts of a path, and names and values of a query.
const BREAK: u8 = b'/';

/// Bytes of a text that is squeezed the short way.
const MAX_PLAIN: usize = 1 << 16;

/// Bytes of any text that are looked at; in lower case they may become three times as many.
const MAX_UNICODE: usize = 1 << 30;

/// What is left of an ASCII byte: letters and digits in lower case are larger than [`BREAK`], and all else is dropped.
const LEFT: [u8; 256] = left();
const DROPPED: u8 = 0;

const fn left() -> [u8; 256] {
    let mut left = [DROPPED; 256];
    let mut byte = 0;
    while byte < 256 {
        let ascii = byte as u8;
        left[byte] = match ascii {
            b'/' | b'?' | b'&' | b'=' | b';' => BREAK,
            _ if ascii.is_ascii_alphanumeric() => ascii.to_ascii_lowercase(),
            _ => DROPPED,
        };
        byte += 1;
    }
    left
}

/// A text in lower case of which only letters and digits are left, and a `/` in place of each of `/ ? & = ;`.
///
/// So `a.b/Big-Cat%20s?x` is `ab/bigcats/x`, and its words are `a`, `b`, `big`, `cat`, `s` and `x`. Escapes are read as
/// what they stand for; bytes that are no UTF-8 are left out.
#[derive(Default)]
pub(super) struct Squeezed {
    /// What is left, and behind it room.
    text: Vec<u8>,
    n_bytes: usize,
    /// Where words begin and end in the text, in turns, and behind that room.
    bounds: Vec<u32>,
    n_bounds: usize,
    /// The text with its escapes undone.
    unescaped: Vec<u8>,
}

impl Squeezed {
    /// What is left of the text.
    pub(super) fn text(&self) -> &[u8] {
        self.text.get(..self.n_bytes).unwrap_or_default()
    }

    /// Runs of letters and digits in the original text, in order.
    pub(super) fn words(&self) -> impl Iterator<Item = &[u8]> {
        let bounds = self.bounds.get(..self.n_bounds).unwrap_or_default();
        bounds.chunks_exact(2).filter_map(|word| self.text.get(word[0] as usize..word[1] as usize))
    }

    /// Squeezes another text.
    pub(super) fn squeeze(&mut self, url: &str) {
        if url.len() < MAX_PLAIN && url.is_ascii() && memchr::memchr(b'%', url.as_bytes()).is_none() {
            self.squeeze_plain(url.as_bytes());
        } else {
            self.squeeze_unicode(url.as_bytes());
        }
    }

    /// The usual case. What a byte is cannot be foreseen, so nothing branches on it: everything is written, and what was
    /// not wanted is written over.
    fn squeeze_plain(&mut self, url: &[u8]) {
        if self.text.len() <= url.len() {
            self.text.resize(url.len() + 1, 0);
        }
        if self.bounds.len() <= url.len() + 1 {
            self.bounds.resize(url.len() + 2, 0);
        }
        let (text, bounds) = (self.text.as_mut_slice(), self.bounds.as_mut_slice());
        let (mut n_bytes, mut n_bounds, mut was_letter) = (0, 0, false);
        for byte in url {
            let left = LEFT[usize::from(*byte)];
            let is_letter = left > BREAK;
            text[n_bytes] = left;
            bounds[n_bounds] = n_bytes as u32;
            n_bounds += usize::from(is_letter != was_letter);
            n_bytes += usize::from(left != DROPPED);
            was_letter = is_letter;
        }
        bounds[n_bounds] = n_bytes as u32;
        (self.n_bytes, self.n_bounds) = (n_bytes, n_bounds + usize::from(was_letter));
    }

    /// The same for text with escapes and with other letters than those of ASCII.
    fn squeeze_unicode(&mut self, url: &[u8]) {
        let url = &url[..url.len().min(MAX_UNICODE)];
        self.unescaped.clear();
        percent::decode(url, &mut self.unescaped);
        self.text.clear();
        self.bounds.clear();
        let mut was_letter = false;
        let chunks = self.unescaped.utf8_chunks();
        for c in chunks.flat_map(|chunk| chunk.valid().chars().chain(in_place_of_invalid(&chunk))) {
            let is_letter = is_part_of_word(c);
            if is_letter != was_letter {
                self.bounds.push(self.text.len() as u32);
                was_letter = is_letter;
            }
            if is_letter {
                for lower in c.to_lowercase() {
                    self.text.extend_from_slice(lower.encode_utf8(&mut [0; 4]).as_bytes());
                }
            } else if c.is_ascii() && LEFT[c as usize] == BREAK {
                self.text.push(BREAK);
            }
        }
        if was_letter {
            self.bounds.push(self.text.len() as u32);
        }
        (self.n_bytes, self.n_bounds) = (self.text.len(), self.bounds.len());
    }
}

/// One character in place of bytes that are no UTF-8.
fn in_place_of_invalid(chunk: &std::str::Utf8Chunk<'_>) -> Option<char> {
    (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER)
}

/// Letters, digits, and the marks without which many scripts fall apart.
fn is_part_of_word(c: char) -> bool {
    c.is_alphanumeric() || is_mark(c)
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

    /// The two ways agree on what both can read.
    #[test]
    fn one_way_squeezes_like_the_other() {
        let mut state = 1;
        for _ in 0..5_000 {
            let url: String = (0..12)
                .map(|_| {
                    state = tokenmill_core::hash::hash64(4, &u64::to_le_bytes(state));
                    ["a", "Bc", "~", "_", "D", "4", "-", "/", "?", ".", "=", " "][(state % 12) as usize]
                })
                .collect();
            let mut ways = [Squeezed::default(), Squeezed::default()];
            ways[0].squeeze_plain(url.as_bytes());
            ways[1].squeeze_unicode(url.as_bytes());
            assert_eq!(ways[0].text(), ways[1].text(), "{url}");
            assert!(ways[0].words().eq(ways[1].words()), "{url}");
        }
    }
}
