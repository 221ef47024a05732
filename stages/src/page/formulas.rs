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
    /// Characters in them, delimiters included; of a formula on several lines, those of the trimmed lines.
    pub n_chars: usize,
    /// Mathematical symbols of Unicode outside of them, such as `≤` and `∑`.
    pub n_symbols: usize,
}

impl Formulas {
    /// Reads a text once; work is linear, because what opens and does not close within a limit is passed over, and no byte is
    /// searched twice in vain for one delimiter.
    pub(super) fn of(text: &str) -> Formulas {
        let mut found = Formulas { n_symbols: count_symbols(text.as_bytes()), ..Formulas::default() };
        let (mut from, mut none_before) = (0, NoneBefore::default());
        while let Some(at) = memchr::memchr2(b'$', b'\\', &text.as_bytes()[from..]).map(|at| from + at) {
            match formula_at(text, at, &mut none_before) {
                Some(end) => {
                    found.n += 1;
                    found.n_chars += text[at..end].split('\n').map(|line| n_chars(line.trim())).sum::<usize>();
                    from = end;
                }
                None => from = at + 1,
            }
        }
        found
    }
}

/// What opens a formula and what closes it.
const DELIMITERS: [(&[u8], &[u8]); 4] = [(b"$$", b"$$"), (b"\\(", b"\\)"), (b"\\[", b"\\]"), (b"\\begin{", b"\\end{")];

/// For each of [`DELIMITERS`], the place before which none of its closing ones begins, seen from where the search stands.
type NoneBefore = [usize; DELIMITERS.len()];

/// The end of the formula that begins at byte `at`, if one does.
fn formula_at(text: &str, at: usize, none_before: &mut NoneBefore) -> Option<usize> {
    let rest = &text.as_bytes()[at..];
    let mut closing = |kind: usize| {
        let ((open, close), none_before) = (DELIMITERS[kind], &mut none_before[kind]);
        let (start, end) = ((at + open.len()).max(*none_before), at + rest.len().min(MAX_DISPLAY));
        let found = text.as_bytes().get(start..end).and_then(|body| memmem::find(body, close));
        if found.is_none() {
            *none_before = start.max((end + 1).saturating_sub(close.len()));
        }
        Some(start + found? + close.len())
    };
    match rest {
        [b'$', b'$', ..] => closing(0),
        [b'\\', b'(', ..] => closing(1),
        [b'\\', b'[', ..] => closing(2),
        [b'\\', b'b', ..] if rest.starts_with(b"\\begin{") => closing(3),
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
    use tokenmill_core::hash::hash64;

    fn formulas(text: &str) -> (usize, usize, usize) {
        let Formulas { n, n_chars, n_symbols } = Formulas::of(text);
        (n, n_chars, n_symbols)
    }

    #[test]
    fn delimiters_make_formulas() {
        for (text, expected) in [
            ("Let $x$ be $x^2+1$.", (2, 10, 0)),
            ("so $$\na = b\n$$ holds", (1, 9, 0)),
            ("$$\n\n   a = b \r\n$$", (1, 9, 0)),
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

    /// What has been searched in vain changes nothing.
    #[test]
    fn random_texts_have_the_formulas_that_a_search_without_memory_finds() {
        const PIECES: [&str; 12] =
            ["$$", "$", "\\(", "\\)", "\\[", "\\]", "\\begin{", "\\end{", "\\", "a^2", " ", "\n"];
        let mut n_found = 0;
        for seed in 0..3_000u64 {
            let random = |at: u64| hash64(seed, &at.to_le_bytes());
            let mut text = String::new();
            for at in 0..random(0) % 30 {
                text += PIECES[(random(at + 1) % PIECES.len() as u64) as usize];
                // Some delimiters are out of reach of each other.
                if random(at + 100) % 20 == 0 {
                    text += &" ".repeat(MAX_DISPLAY - random(at + 200) as usize % 40);
                }
            }
            let (mut from, mut n) = (0, 0);
            while let Some(at) = text[from..].find(['$', '\\']).map(|at| from + at) {
                let end = formula_at(&text, at, &mut NoneBefore::default());
                n += usize::from(end.is_some());
                from = end.unwrap_or(at + 1);
            }
            assert_eq!(formulas(&text).0, n, "{text:?}");
            n_found += n;
        }
        assert!(n_found > 1_000, "{n_found}");
    }
}
