//! Small manners of output: tables, counts, and an end of the pipe that is not an error.

use std::fmt::Write;

/// Ends the program quietly when the reader of its output has gone, as `head` does.
pub fn quiet_broken_pipes() {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.to_string().contains("Broken pipe") {
            std::process::exit(0);
        }
        previous(info);
    }));
}

/// A table in plain text: the first column to the left, all others to the right.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut out = String::new();
    let mut line = |cells: Vec<&str>| {
        let mut text = String::new();
        for (at, cell) in cells.iter().enumerate() {
            let pad = " ".repeat(widths[at].saturating_sub(cell.chars().count()));
            // Writing to a String cannot fail.
            let _ = if at == 0 { write!(text, "{cell}{pad}") } else { write!(text, "  {pad}{cell}") };
        }
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(head.to_vec());
    rows.iter().for_each(|row| line(row.iter().map(String::as_str).collect()));
    out
}

/// A count with thin groups of three: `12 345`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// A share: `12.50 %`.
pub fn percent(n: u64, all: u64) -> String {
    format!("{:.2} %", if all == 0 { 0.0 } else { 100.0 * n as f64 / all as f64 })
}

/// A text in which nothing commands a terminal: what is crawled may hold colours, bells and worse.
pub fn plain(value: &str) -> String {
    value.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// The first characters of a value, on one line, as [`plain`] text.
pub fn shortened(value: &str, n_chars: usize) -> String {
    let mut out: String = value.chars().take(n_chars).collect();
    if out.len() < value.len() {
        out.push('…');
    }
    plain(&out.replace('\t', " ")).replace('\n', " ⏎ ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1 000", "1 234 567"]);
    }

    #[test]
    fn nothing_commands_the_terminal() {
        assert_eq!(shortened("a\tb\n\u{1b}[31mc\u{9b}d", 9), "a b ⏎ \u{fffd}[31m…");
        assert_eq!(plain("\u{7}é\n"), "\u{fffd}é\n");
    }

    #[test]
    fn columns_line_up() {
        let rows = [vec!["a".to_owned(), "1".to_owned()], vec!["bcd".to_owned(), "200".to_owned()]];
        assert_eq!(table(&["step", "in"], &rows), "step   in\na       1\nbcd   200\n");
    }
}
