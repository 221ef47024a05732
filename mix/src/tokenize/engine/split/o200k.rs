//! The pattern of o200k: words end where lower case turns into upper case, with their contraction attached.

use super::runs::n_ascii_lower;
use super::{Splitter, Tables, contraction};
use crate::tokenize::engine::class::{LETTER, LOWER, NEWLINE, NOT_SYMBOL, NUMBER, SPACE, UPPER};

/// With `U` for `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`, `W` for `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`, `X` for `[^\r\n\p{L}\p{N}]` and
/// `C` for `(?i:'s|'t|'re|'ve|'m|'ll|'d)`:
/// `X?U*W+C?|X?U+W*C?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
#[derive(Clone, Copy)]
pub struct O200k(pub Tables);

impl Splitter for O200k {
    #[inline(always)]
    fn end(&self, bytes: &[u8], at: usize) -> usize {
        let tables = self.0;
        let from = at + usize::from(bytes.get(at) == Some(&b' '));
        let n = n_ascii_lower(bytes, from);
        if n > 0 {
            return self.with_contraction(bytes, self.lower(bytes, from + n));
        }
        let (class, n_bytes) = tables.classes.at(bytes, at);
        if class & LETTER != 0 {
            return self.with_contraction(bytes, self.word(bytes, at).either(at));
        }
        if class & NUMBER != 0 {
            return tables.three_numbers(bytes, at, n_bytes);
        }
        if class & NEWLINE != 0 {
            return tables.spaces(bytes, at, true);
        }
        // A symbol, a mark, or white space on the line.
        let next = at + n_bytes;
        let (next_class, n_next) = tables.classes.at(bytes, next);
        if next_class & (UPPER | LOWER) != 0 || class & UPPER != 0 {
            let word = self.word(bytes, next);
            // A mark may be `X`, but also the only character that ends a word.
            let end = if class & UPPER != 0 { word.lower.unwrap_or_else(|| self.word(bytes, at).either(at)) } else { word.either(at) };
            if end > at {
                return self.with_contraction(bytes, end);
            }
        }
        if class & SPACE == 0 {
            return self.symbols(bytes, next);
        }
        if bytes.get(at) == Some(&b' ') && next_class & NOT_SYMBOL == 0 && n_next > 0 {
            return self.symbols(bytes, next + n_next);
        }
        tables.spaces(bytes, at, true)
    }
}

/// Ends of a word without what may stand before it.
struct Word {
    /// End of `U*W+`.
    lower: Option<usize>,
    /// End of `U+W*`, of use only where `U*W+` fails.
    upper: Option<usize>,
}

impl Word {
    #[inline(always)]
    fn either(&self, otherwise: usize) -> usize {
        self.lower.or(self.upper).unwrap_or(otherwise)
    }
}

impl O200k {
    #[inline(always)]
    fn word(&self, bytes: &[u8], at: usize) -> Word {
        let classes = self.0.classes;
        let (mut end, mut after_lower) = (at, None);
        let class = loop {
            let (class, n_bytes) = classes.at(bytes, end);
            if class & UPPER == 0 {
                break class;
            }
            end += n_bytes;
            if class & LOWER != 0 {
                after_lower = Some(end);
            }
        };
        if class & LOWER != 0 {
            return Word { lower: Some(self.lower(bytes, end)), upper: None };
        }
        // `U*` gives characters back until the last of them can be `W`.
        Word { lower: after_lower, upper: (end > at).then_some(end) }
    }

    #[inline(always)]
    fn lower(&self, bytes: &[u8], mut at: usize) -> usize {
        loop {
            let n = n_ascii_lower(bytes, at);
            at += n;
            if n == 8 {
                continue;
            }
            match bytes.get(at) {
                Some(&byte) if byte >= 0x80 => match self.0.classes.foreign(bytes, at, byte) {
                    (class, n_bytes) if class & LOWER != 0 => at += n_bytes,
                    _ => return at,
                },
                _ => return at,
            }
        }
    }

    #[inline(always)]
    fn with_contraction(&self, bytes: &[u8], end: usize) -> usize {
        end + contraction(bytes, end, true)
    }

    #[inline(always)]
    fn symbols(&self, bytes: &[u8], at: usize) -> usize {
        let mut end = self.0.symbols(bytes, at);
        while matches!(bytes.get(end), Some(b'\r' | b'\n' | b'/')) {
            end += 1;
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_like_pattern, pieces};
    use super::*;

    const PATTERN: &str = concat!(
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|",
        r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+",
    );

    #[test]
    fn known_pieces() {
        assert_eq!(
            pieces(&O200k(Tables::shared()), "camelCaseXMLHttp I'LL 中A中文 .//\n  12"),
            ["camel", "Case", "XMLHttp", " I'LL", " 中A中文", " .//\n", " ", " ", "12"]
        );
        assert_eq!(pieces(&O200k(Tables::shared()), "é.\u{301}AB"), ["é", ".\u{301}", "AB"]);
    }

    #[test]
    fn random_texts_are_split_as_the_pattern_does() {
        assert_like_pattern(&O200k(Tables::shared()), PATTERN, true, false);
    }
}
