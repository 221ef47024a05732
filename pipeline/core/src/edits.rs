//! Edits: spans to cut or replace, each with a reason; the new text is written once, from left to right.

/// One edit of a text: bytes `start..end` become `replacement`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// First byte, on a character boundary.
    pub start: usize,
    /// One past the last byte, on a character boundary.
    pub end: usize,
    /// What stands there instead; empty for a cut.
    pub replacement: String,
    /// Why; snake_case, completes "cut because …".
    pub reason: &'static str,
}

/// The edits of one step to one document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits(Vec<Span>);

impl Edits {
    /// Forgets all spans and keeps the buffer.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Cuts bytes `start..end`.
    pub fn cut(&mut self, start: usize, end: usize, reason: &'static str) {
        self.replace(start, end, "", reason);
    }

    /// Replaces bytes `start..end`.
    pub fn replace(&mut self, start: usize, end: usize, replacement: &str, reason: &'static str) {
        self.0.push(Span { start, end, replacement: replacement.to_owned(), reason });
    }

    /// Whether the text stays as it is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The spans, in the order they were given.
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    /// Writes the edited text into `out` and leaves in `self` the spans that took effect, from left to right.
    ///
    /// Where spans overlap, the one that starts first wins, then the longer, then the one given first. Spans that leave
    /// the text, are reversed, or do not fall on character boundaries have no effect.
    pub fn apply(&mut self, text: &str, out: &mut String) {
        self.0.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
        out.clear();
        let mut done = 0;
        self.0.retain(|span| {
            let fits = span.start >= done
                && span.start <= span.end
                && text.is_char_boundary(span.start)
                && text.is_char_boundary(span.end);
            if fits {
                out.push_str(&text[done..span.start]);
                out.push_str(&span.replacement);
                done = span.end;
            }
            fits
        });
        out.push_str(&text[done..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::hash64;

    fn applied(text: &str, spans: &[(usize, usize, &str)]) -> String {
        let mut edits = Edits::default();
        spans.iter().for_each(|(start, end, with)| edits.replace(*start, *end, with, "test"));
        let mut out = String::new();
        edits.apply(text, &mut out);
        out
    }

    #[test]
    fn cuts_and_replaces() {
        assert_eq!(applied("one two three", &[(4, 7, "2"), (0, 4, "")]), "2 three");
        assert_eq!(applied("abc", &[]), "abc");
        assert_eq!(applied("abc", &[(3, 3, "!")]), "abc!");
    }

    #[test]
    fn overlaps_and_bad_spans_have_no_effect() {
        assert_eq!(applied("abcdef", &[(1, 3, "X"), (2, 5, "Y")]), "aXdef");
        assert_eq!(applied("é", &[(1, 2, "X")]), "é");
        assert_eq!(applied("abc", &[(2, 9, "X"), (2, 1, "X")]), "abc");
    }

    #[test]
    fn random_cuts_leave_a_subsequence_and_account_for_every_byte() {
        for seed in 0..200u64 {
            let text: String = (0..60).map(|i| char::from(b'a' + (hash64(seed, &[i]) % 26) as u8)).collect();
            let mut edits = Edits::default();
            for i in 0..8u8 {
                let start = (hash64(seed, &[i, 1]) % 60) as usize;
                edits.cut(start, (start + (hash64(seed, &[i, 2]) % 9) as usize).min(60), "test");
            }
            let mut out = String::new();
            edits.apply(&text, &mut out);
            let cut: usize = edits.spans().iter().map(|span| span.end - span.start).sum();
            assert_eq!(out.len() + cut, text.len());
            let mut rest = text.chars();
            assert!(out.chars().all(|c| rest.any(|other| other == c)));
        }
    }
}
