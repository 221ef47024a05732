//! Cuts whole lines so that what is left reads as if they had never been there.

use tokenmill_core::Edits;
use tokenmill_core::numbers::share;
use tokenmill_core::text::lines::Line;
use tokenmill_core::text::n_chars;

/// Cuts the lines at `cut` (ascending indexes) with their line feeds, all for one reason; neighbours become one span.
///
/// Where the cut lines stood between blank lines, or at an end of the text, the blank lines after them go too, so
/// that no gap grows. A text whose last lines are cut does not end in a line feed it did not have.
pub(crate) fn cut_lines(text: &str, lines: &[Line], cut: &[usize], edits: &mut Edits, reason: &'static str) {
    cut_lines_for(text, lines, cut.iter().map(|at| (*at, reason)), edits);
}

/// The share of the characters of all trimmed lines that is in the lines at `cut`.
pub(crate) fn char_share(text: &str, lines: &[Line], cut: &[usize]) -> f32 {
    let chars = |line: &Line| n_chars(line.trimmed(text));
    // Most documents lose nothing, and need not be counted.
    if cut.is_empty() {
        0.0
    } else {
        share(cut.iter().map(|at| chars(&lines[*at])).sum(), lines.iter().map(chars).sum())
    }
}

/// As [`cut_lines`], each line for a reason of its own; neighbours become one span where they share it.
pub(crate) fn cut_lines_for(
    text: &str,
    lines: &[Line],
    cut: impl Iterator<Item = (usize, &'static str)> + Clone,
    edits: &mut Edits,
) {
    let mut rest = cut.peekable();
    while let Some((first, mut reason)) = rest.next() {
        let next = end_of_run(lines, first, rest.clone().map(|(at, _)| at));
        let (mut start, end) = match lines.get(next) {
            Some(line) => (lines[first].start as usize, line.start as usize),
            // The line feed before goes instead of the one after, which may not exist.
            None => {
                let keeps_feed = text.ends_with('\n') || first == 0;
                (lines[first].start as usize - usize::from(!keeps_feed), text.len())
            }
        };
        while let Some((at, other)) = rest.next_if(|(at, _)| *at < next) {
            if other != reason {
                edits.cut(start, lines[at].start as usize, reason);
                (start, reason) = (lines[at].start as usize, other);
            }
        }
        edits.cut(start, end, reason);
    }
}

/// The first line that stays after the cut line `first`; `rest` are the cut lines after it.
fn end_of_run(lines: &[Line], first: usize, rest: impl Iterator<Item = usize>) -> usize {
    let mut rest = rest.peekable();
    let mut next = first + 1;
    let after_gap = first == 0 || lines[first - 1].is_blank();
    loop {
        let is_cut = rest.next_if_eq(&next).is_some();
        let closes_gap = after_gap && lines.get(next).is_some_and(Line::is_blank);
        if !is_cut && !closes_gap {
            return next;
        }
        next += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::text::lines::split_lines;

    /// Cuts the lines that hold an x.
    fn without_x(text: &str) -> String {
        let (mut lines, mut edits, mut out) = (Vec::new(), Edits::default(), String::new());
        split_lines(text, &mut lines);
        let cut: Vec<_> = (0..lines.len()).filter(|at| lines[*at].of(text).contains('x')).collect();
        cut_lines(text, &lines, &cut, &mut edits, "test");
        edits.apply(text, &mut out);
        out
    }

    #[test]
    fn lines_go_with_their_line_feeds() {
        for (text, left) in [
            ("a\nx\nb", "a\nb"),
            ("x\nx\na\n", "a\n"),
            ("a\nx", "a"),
            ("a\nx\n", "a\n"),
            ("a\nx\nx\nb\nx", "a\nb"),
            ("x", ""),
            ("x\n", ""),
            ("a\r\nx\r\nb", "a\r\nb"),
            ("a\nb", "a\nb"),
        ] {
            assert_eq!(without_x(text), left, "{text:?}");
        }
    }

    #[test]
    fn gaps_do_not_grow() {
        for (text, left) in [
            ("a\n\nx\n\nb", "a\n\nb"),
            ("a\n\nx\n\nx\n\n\nb", "a\n\nb"),
            ("x\n\na", "a"),
            ("a\nx\n\nb", "a\n\nb"),
            ("a\n\nx\nb", "a\n\nb"),
        ] {
            assert_eq!(without_x(text), left, "{text:?}");
        }
    }

    #[test]
    fn spans_end_where_the_reason_changes() {
        let text = "a\nx\nx\ny\n\nb\nx\ny";
        let (mut lines, mut edits, mut out) = (Vec::new(), Edits::default(), String::new());
        split_lines(text, &mut lines);
        let reason = |line: &Line| match line.of(text) {
            "x" => Some("is_x"),
            "y" => Some("is_y"),
            _ => None,
        };
        let cut = (0..lines.len()).filter_map(|at| Some((at, reason(&lines[at])?)));
        cut_lines_for(text, &lines, cut, &mut edits);
        edits.apply(text, &mut out);
        assert_eq!(out, "a\n\nb");
        let spans: Vec<_> = edits.spans().iter().map(|span| (span.start, span.end, span.reason)).collect();
        assert_eq!(spans, [(2, 6, "is_x"), (6, 8, "is_y"), (10, 13, "is_x"), (13, 14, "is_y")]);
    }
}
