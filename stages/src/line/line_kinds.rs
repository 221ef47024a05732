//! Lines that say nothing: mostly capitals, nothing but digits, nothing but counters.

use tokenmill_core::text::n_chars;
use tokenmill_core::text::words::Word;

/// Whether more than `max` of a line's characters are capitals.
pub(super) fn is_mostly_uppercase(line: &str, max: f32) -> bool {
    let bytes = line.as_bytes();
    // More characters that are no capitals than this settle it; in most lines the first half has them.
    let enough = (1.0 - max) * bytes.len() as f32;
    let mut n_others = 0;
    for chunk in bytes.as_chunks::<16>().0 {
        if !chunk.is_ascii() {
            break;
        }
        n_others += chunk.iter().filter(|byte| !byte.is_ascii_uppercase()).count();
        if n_others as f32 > enough {
            return false;
        }
    }
    let n_upper = if line.is_ascii() {
        bytes.iter().filter(|byte| byte.is_ascii_uppercase()).count()
    } else {
        line.chars().filter(|c| c.is_uppercase()).count()
    };
    n_upper as f32 > max * n_chars(line) as f32
}

/// Whether a line has nothing but digits and white space.
pub(super) fn is_numeric(line: &str) -> bool {
    line.chars().all(|c| c.is_numeric() || c.is_whitespace())
}

/// What pages count: likes, views, shares.
pub(super) struct Counters(Vec<String>);

impl Counters {
    /// From words; case does not matter.
    pub(super) fn new(words: &[String]) -> Counters {
        let mut words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
        words.sort_unstable();
        Counters(words)
    }

    /// Whether a line has nothing but numbers, each followed by what it counts: `3 likes`, `1.2K views · 12 comments`.
    pub(super) fn are_all_of(&self, text: &str, words: &[Word]) -> bool {
        let words = words.iter().map(|word| word.of(text).trim_matches(|c: char| !c.is_alphanumeric()));
        let mut words = words.filter(|word| !word.is_empty());
        let mut n_counters = 0;
        while let Some(number) = words.next() {
            if !is_amount(number) || !words.next().is_some_and(|word| self.holds(word)) {
                return false;
            }
            n_counters += 1;
        }
        n_counters > 0
    }

    fn holds(&self, word: &str) -> bool {
        // Longer words are on nobody's list, and need no copy.
        word.len() <= 64 && self.0.binary_search(&word.to_lowercase()).is_ok()
    }
}

/// Whether a word is a number as pages shorten it: `3`, `1,234`, `1.2K`, `5M`.
fn is_amount(word: &str) -> bool {
    let digits = word.strip_suffix(['k', 'K', 'm', 'M', 'b', 'B']).unwrap_or(word);
    digits.starts_with(|c: char| c.is_ascii_digit()) && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b','))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::text::words::split_words;

    #[test]
    fn capitals() {
        for (line, expected) in [
            ("ABCd", true),
            ("ABcd", false),
            ("BUY NOW", true),
            ("A B C D", true),
            ("A 1 B 2", false),
            ("ЛЕТО", true),
            ("ЛЕто", false),
            ("ÄÖ straße", false),
            ("漢字漢字", false),
            ("ÉTÉ 1", true),
        ] {
            assert_eq!(is_mostly_uppercase(line, 0.5), expected, "{line}");
        }
    }

    #[test]
    fn numbers() {
        assert!(is_numeric("1 2 3") && is_numeric("٣"));
        assert!(!is_numeric("1,2") && !is_numeric("3 a"));
    }

    #[test]
    fn counters() {
        let counters = Counters::new(&["Likes".to_owned(), "views".to_owned()]);
        let all = |text: &str| {
            let mut words = Vec::new();
            split_words(text, &mut words);
            counters.are_all_of(text, &words)
        };
        for text in ["3 likes", "1,234 LIKES!", "(12.5K views) · 3 likes", "• 5M  views"] {
            assert!(all(text), "{text}");
        }
        for text in ["likes", "3", "3 likes 4", "about 3 likes", "3 cats", "x3 likes", "", "· ·", "3 · views likes"]
        {
            assert!(!all(text), "{text}");
        }
    }
}
