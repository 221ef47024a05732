//! A text with all that was cut of it and put into it: edits one after the other, told in places of the text they began with.

use std::ops::Range;
use tokenmill_core::edits::Span;

/// A text and what became of each of its bytes.
pub struct Trail {
    /// The text before any edit.
    base: String,
    /// From left to right; together their ranges are the whole text.
    pieces: Vec<Piece>,
}

/// A stretch of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Bytes of the text as it was; empty for what was put in.
    pub was: Range<usize>,
    /// What became of it; `None` when it stayed.
    pub edit: Option<Made>,
}

/// An edit of a stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// What stands there instead; empty for a cut.
    pub now: String,
    /// The step.
    pub step: String,
    /// Why, as the step says it.
    pub reason: String,
    /// Whether what stood there must not be shown.
    pub conceals: bool,
}

impl Trail {
    /// A text that nobody has edited.
    pub fn new(base: String) -> Trail {
        let pieces = if base.is_empty() { Vec::new() } else { vec![Piece { was: 0..base.len(), edit: None }] };
        Trail { base, pieces }
    }

    /// The text before any edit.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// What became of it.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The text after all edits.
    pub fn now(&self) -> String {
        self.pieces.iter().map(|piece| self.text_of(piece)).collect()
    }

    fn text_of<'a>(&'a self, piece: &'a Piece) -> &'a str {
        match &piece.edit {
            Some(made) => &made.now,
            None => self.base.get(piece.was.clone()).unwrap_or_default(),
        }
    }

    /// Makes the edits of a step: spans of the text as it is now, from left to right, that do not overlap.
    pub fn edit(&mut self, step: &str, spans: &[Span], conceals: bool) {
        let mut out: Vec<Piece> = Vec::with_capacity(self.pieces.len() + 2 * spans.len());
        let made = |span: &Span, begins: bool| Made {
            now: if begins { span.replacement.clone() } else { String::new() },
            step: step.to_owned(),
            reason: span.reason.to_owned(),
            conceals,
        };
        let mut spans = spans.iter().peekable();
        let (mut start, mut base_end) = (0, 0);
        for piece in std::mem::take(&mut self.pieces) {
            let length = match &piece.edit {
                Some(made) => made.now.len(),
                None => piece.was.len(),
            };
            let end = start + length;
            base_end = piece.was.end;
            let mut at = start;
            // What is left of a stretch that was edited before; it stays one piece.
            let mut left = String::new();
            let mut concealed = false;
            while let Some(span) = spans.peek().filter(|span| span.start < end) {
                let (from, to) = (span.start.max(at), span.end.min(end));
                let begins = span.start >= start;
                match &piece.edit {
                    None => {
                        let place = |at: usize| piece.was.start + (at - start);
                        if from > at {
                            out.push(Piece { was: place(at)..place(from), edit: None });
                        }
                        out.push(Piece { was: place(from)..place(to), edit: Some(made(span, begins)) });
                    }
                    Some(before) => {
                        left.push_str(before.now.get(at - start..from - start).unwrap_or_default());
                        left.push_str(if begins { &span.replacement } else { "" });
                        concealed |= conceals;
                    }
                }
                at = to;
                if span.end > end {
                    break;
                }
                spans.next();
            }
            match piece.edit {
                None if at < end => out.push(Piece { was: piece.was.start + (at - start)..piece.was.end, edit: None }),
                None => {}
                Some(before) => {
                    left.push_str(before.now.get(at - start..).unwrap_or_default());
                    let edit = Made { now: left, conceals: before.conceals || concealed, ..before };
                    out.push(Piece { was: piece.was, edit: Some(edit) });
                }
            }
            start = end;
        }
        // What is put in behind the end.
        for span in spans.filter(|span| span.start >= start) {
            out.push(Piece { was: base_end..base_end, edit: Some(made(span, true)) });
        }
        self.pieces = out;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::Edits;
    use tokenmill_core::hash::hash64;

    fn edited(trail: &mut Trail, step: &str, spans: &[(usize, usize, &str)]) -> String {
        let mut edits = Edits::default();
        spans.iter().for_each(|(start, end, with)| edits.replace(*start, *end, with, "why"));
        let mut out = String::new();
        edits.apply(&trail.now(), &mut out);
        trail.edit(step, edits.spans(), false);
        out
    }

    #[test]
    fn edits_one_after_the_other_are_told_in_places_of_the_first_text() {
        let mut trail = Trail::new("one two three four".to_owned());
        assert_eq!(edited(&mut trail, "a", &[(4, 8, "")]), trail.now());
        assert_eq!(edited(&mut trail, "b", &[(4, 9, "3"), (14, 14, "!")]), trail.now());
        assert_eq!(trail.now(), "one 3 four!");
        let told: Vec<(&str, Option<(&str, &str)>)> = trail
            .pieces()
            .iter()
            .map(|piece| {
                let edit = piece.edit.as_ref().map(|made| (made.step.as_str(), made.now.as_str()));
                (&trail.base()[piece.was.clone()], edit)
            })
            .collect();
        let expected = [
            ("one ", None),
            ("two ", Some(("a", ""))),
            ("three", Some(("b", "3"))),
            (" four", None),
            ("", Some(("b", "!"))),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn whatever_is_edited_the_trail_ends_with_the_edited_text_and_tells_of_every_byte() {
        for seed in 0..300u64 {
            let dice = |a: u8, b: u8, n: u64| (hash64(seed, &[a, b]) % n) as usize;
            let base: String = (0..40).map(|at| ["a", "é", "\n", "日"][dice(at, 99, 4)]).collect();
            let mut trail = Trail::new(base.clone());
            for step in 0..4u8 {
                let now = trail.now();
                let spans: Vec<(usize, usize, &str)> = (0..5u8)
                    .map(|span| {
                        let start = dice(step, span, now.len() as u64 + 1);
                        (start, start + dice(step, span + 50, 12), ["", "", "x", "yy"][dice(step, span + 80, 4)])
                    })
                    .collect();
                assert_eq!(edited(&mut trail, "s", &spans), trail.now(), "seed {seed}");
            }
            let mut end = 0;
            for piece in trail.pieces() {
                assert_eq!(piece.was.start, end, "seed {seed}");
                end = piece.was.end;
            }
            assert_eq!(end, base.len(), "seed {seed}");
        }
    }
}
