//! Two texts side by side: lines that are equal are counted, lines that differ are shown from a little before the first
//! difference.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Lines that are shown of a pair at most.
const MOST_LINES: usize = 12;
/// Lines of a text that are compared: the rest of a longer one is counted as one.
const MOST_COMPARED: usize = 2_000;
/// Characters before the first difference.
const BEFORE: usize = 20;

/// The width of one column.
pub fn column(width: usize) -> usize {
    (width.saturating_sub(7) / 2).max(20)
}

/// The lines to print.
pub fn by_side(left: &str, right: &str, width: usize) -> Vec<String> {
    let (left, right): (Vec<&str>, Vec<&str>) =
        (left.lines().take(MOST_COMPARED).collect(), right.lines().take(MOST_COMPARED).collect());
    let w = column(width);
    let mut out = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &left, &right) {
        if out.len() >= MOST_LINES {
            out.push("…".to_owned());
            break;
        }
        match op {
            DiffOp::Equal { len, .. } => out.push(format!("= {len} equal line{}", if len == 1 { "" } else { "s" })),
            DiffOp::Delete { old_index, old_len, .. } => {
                out.extend(left[old_index..old_index + old_len].iter().map(|line| row(line, "", w)));
            }
            DiffOp::Insert { new_index, new_len, .. } => {
                out.extend(right[new_index..new_index + new_len].iter().map(|line| row("", line, w)));
            }
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                for at in 0..old_len.max(new_len) {
                    let line = |lines: &[&'_ str], index: usize, len: usize| {
                        if at < len { lines[index + at].to_owned() } else { String::new() }
                    };
                    out.push(row(&line(&left, old_index, old_len), &line(&right, new_index, new_len), w));
                }
            }
        }
    }
    if out.len() > MOST_LINES {
        out.truncate(MOST_LINES);
        out.push("…".to_owned());
    }
    out
}

/// Two lines, from a little before their first difference.
fn row(left: &str, right: &str, w: usize) -> String {
    let n_equal = left.chars().zip(right.chars()).take_while(|(a, b)| a == b).count();
    let skip = if n_equal + BEFORE > w / 2 { n_equal.saturating_sub(BEFORE) } else { 0 };
    let cut = |line: &str| {
        let mark = if skip > 0 && !line.is_empty() { "…" } else { "" };
        let shown: String = mark.chars().chain(line.chars().skip(skip).map(visible)).take(w).collect();
        shown
    };
    let (left, right) = (cut(left), cut(right));
    format!("{left:<w$} | {right}")
}

/// A character as it may be printed: what a page brings must not steer a terminal.
fn visible(c: char) -> char {
    if c.is_control() { '\u{fffd}' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lines_are_counted_and_others_shown() {
        let lines = by_side("a\nb\nthe same start and then left", "a\nb\nthe same start and then right\nmore", 60);
        assert_eq!(lines[0], "= 2 equal lines");
        assert_eq!(lines[1], "…same start and then left  | …same start and then right");
        assert_eq!(lines[2], "                           | more");
    }

    #[test]
    fn long_differences_are_cut_and_controls_are_not_printed() {
        let many = (0..100).map(|n| format!("line {n}\n")).collect::<String>();
        let lines = by_side(&many, "\u{1b}[2J", 80);
        assert_eq!(lines.len(), MOST_LINES + 1);
        assert!(lines[0].ends_with("\u{fffd}[2J"), "{:?}", lines[0]);
    }
}
