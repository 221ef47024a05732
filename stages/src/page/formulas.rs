//! Finds formulas in a text: LaTeX between its delimiters, and the mathematical symbols of Unicode.

use memchr::memmem;
use tokenmill_core::text::n_chars;

/// Bytes that a formula between single dollars has, at most; between other delimiters twenty times as many.
const MAX_INLINE: usize = 400;
const MAX_DISPLAY: usize = 20 * MAX_INLINE;

/// The formulas of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Formulas {
    /// Pieces of LaTeX between delimiters.
    pub n: usize,
    /// Characters in them, delimiters included.
    pub n_chars: usize,
    /// Mathematical symbols of Unicode outside of them, such as `≤` and `∑`.
    pub n_symbols: usize,
}

impl Formulas {
    /// Reads a text once; work is linear, because what opens and does not close within a limit is passed over.
    pub(super) fn of(text: &str) -> Formulas {
        let mut found = Formulas { n_symbols: count_symbols(text.as_bytes()), ..Formulas::default() };
        let mut from = 0;
        while let Some(at) = memchr::memchr2(b'$', b'\\', &text.as_bytes()[from..]).map(|at| from + at) {
            match formula_at(text, at) {
                Some(end) => {
                    found.n += 1;
                    found.n_chars += n_chars(&text[at..end]);
                    from = end;
                }
                None => from = at + 1,
            }
        }
        found
    }
}

/// The end of the formula that begins at byte `at`, if one does.
fn formula_at(text: &str, at: usize) -> Option<usize> {
    let rest = &text.as_bytes()[at..];
    let closing = |open: &[u8], close: &[u8]| {
        let body = &rest[open.len()..rest.len().min(MAX_DISPLAY)];
        Some(at + open.len() + memmem::find(body, close)? + close.len())
    };
    match rest {
        [b'$', b'$', ..] => closing(b"$$", b"$$"),
        [b'\\', b'(', ..] => closing(b"\\(", b"\\)"),
        [b'\\', b'[', ..] => closing(b"\\[", b"\\]"),
        [b'\\', b'b', ..] if rest.starts_with(b"\\begin{") => closing(b"\\begin{", b"\\end{"),
        [b'$', first, ..] if !first.is_ascii_whitespace() => inline(rest).map(|n| at + n),
        _ => None,
    }
}

/// The length of `$…$` on one line, unless it looks like two prices.
fn inline(rest: &[u8]) -> Option<usize> {
    let body = &rest[1..rest.len().min(MAX_INLINE)];
    let end = memchr::memchr2(b'$', b'\n', body)?;
    let body = &body[..end];
    let is_closed = rest[1 + end] == b'$' && !body.last()?.is_ascii_whitespace();
    let is_variable = matches!(body, [letter] if letter.is_ascii_alphabetic());
    let is_formula =
        is_variable || body.iter().any(|byte| matches!(byte, b'\\' | b'^' | b'_' | b'=' | b'<' | b'>' | b'{'));
    (is_closed && is_formula).then_some(end + 2)
}

/// Characters of the blocks Mathematical Operators (U+2200..U+22FF), Miscellaneous Mathematical Symbols-A (U+27C0..U+27EF) and
/// Supplemental Mathematical Operators (U+2A00..U+2AFF), and mathematical letters (U+1D400..U+1D7FF), by their first bytes.
fn count_symbols(bytes: &[u8]) -> usize {
    let mut n = 0;
    for at in memchr::memchr2_iter(0xe2, 0xf0, bytes) {
        n += match &bytes[at..] {
            [0xe2, 0x88..=0x8b, ..] | [0xe2, 0x9f, 0x80..=0xaf, ..] | [0xe2, 0xa8..=0xab, ..] => 1,
            [0xf0, 0x9d, 0x90..=0x9f, ..] => 1,
            _ => 0,
        };
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formulas(text: &str) -> (usize, usize, usize) {
        let Formulas { n, n_chars, n_symbols } = Formulas::of(text);
        (n, n_chars, n_symbols)
    }

    #[test]
    fn delimiters_make_formulas() {
        for (text, expected) in [
            ("Let $x$ be $x^2+1$.", (2, 10, 0)),
            ("so $$\na = b\n$$ holds", (1, 11, 0)),
            (r"\(a\) and \[b\]", (2, 10, 0)),
            (r"\begin{align} é \end{align}", (1, 21, 0)),
            ("from $5 to $10 and $20", (0, 0, 0)),
            ("$ a = b $ and $a = b", (0, 0, 0)),
            ("a ≤ b, ∑ 𝑥 → ⟨x⟩", (0, 0, 5)),
            ("$a = é$", (1, 7, 0)),
            (r"\new\begin", (0, 0, 0)),
            ("", (0, 0, 0)),
        ] {
            assert_eq!(formulas(text), expected, "{text}");
        }
    }

    #[test]
    fn what_never_closes_costs_no_more_than_its_limit() {
        assert_eq!(formulas(&"$$ a ".repeat(100_001)).0, 50_000);
        assert_eq!(formulas(&"\\[ a ".repeat(200_000)), (0, 0, 0));
    }
}
