//! Cuts whole lines so that what is left reads as if they had never been there.

use tokenmill_core::Edits;
use tokenmill_core::text::lines::Line;

/// Cuts the lines at `cut` (ascending indexes) with their line feeds; neighbours become one span.
///
/// Where the cut lines stood between blank lines, or at an end of the text, the blank lines after them go too, so
/// that no gap grows. A text whose last lines are cut does not end in a line feed it did not have.
pub(crate) fn cut_lines(text: &str, lines: &[Line], cut: &[usize], edits: &mut Edits, reason: &'static str) {
    let mut rest = cut.iter().copied().peekable();
    while let Some(first) = rest.next() {
        let mut next = first + 1;
        let after_gap = first == 0 || lines[first - 1].is_blank();
        loop {
            let is_cut = rest.next_if_eq(&next).is_some();
            let closes_gap = after_gap && lines.get(next).is_some_and(Line::is_blank);
            if !is_cut && !closes_gap {
                break;
            }
            next += 1;
        }
        match lines.get(next) {
            Some(line) => edits.cut(lines[first].start as usize, line.start as usize, reason),
            // The line feed before goes instead of the one after, which may not exist.
            None => {
                let keeps_feed = text.ends_with('\n') || first == 0;
                let start = lines[first].start as usize - usize::from(!keeps_feed);
                edits.cut(start, text.len(), reason);
            }
        }
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
}
