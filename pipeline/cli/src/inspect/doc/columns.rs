//! A sheet as text: columns beside each other, with cuts in colour, or marked as `[-…-] {step: reason}`.

use super::sheet::{Bit, Cut, Line, Sheet};

const CUT: &str = "\u{1b}[9;31m";
const NEW: &str = "\u{1b}[32m";
const WHY: &str = "\u{1b}[2m";
const OFF: &str = "\u{1b}[0m";
const BETWEEN: &str = " | ";

/// A stretch of a cell in one colour.
type Styled = (&'static str, String);

/// The lines to print.
pub fn text(sheet: &Sheet, width: usize, in_colour: bool) -> String {
    let mut heads = vec!["extracted", "left"];
    if sheet.has_page {
        heads.insert(0, "page");
    } else {
        heads[0] = "text";
    }
    let n = heads.len();
    let w = (width.saturating_sub(BETWEEN.len() * (n - 1)) / n).max(12);
    let mut out = String::new();
    let mut row = |cells: Vec<Vec<Styled>>| {
        let cells: Vec<Vec<Vec<Styled>>> = cells.into_iter().map(|cell| wrapped(cell, w)).collect();
        for line in 0..cells.iter().map(Vec::len).max().unwrap_or(0).max(1) {
            let mut shown = String::new();
            for (number, cell) in cells.iter().enumerate() {
                if number > 0 {
                    shown.push_str(BETWEEN);
                }
                let bits = cell.get(line).map_or(&[][..], Vec::as_slice);
                let mut used = 0;
                for (style, text) in bits {
                    used += text.chars().count();
                    match in_colour && !style.is_empty() {
                        true => shown.push_str(&format!("{style}{text}{OFF}")),
                        false => shown.push_str(text),
                    }
                }
                shown.push_str(&" ".repeat(w.saturating_sub(used)));
            }
            out.push_str(shown.trim_end());
            out.push('\n');
        }
    };
    row(heads.iter().map(|head| vec![("", (*head).to_owned())]).collect());
    row(heads.iter().map(|_| vec![("", "-".repeat(w))]).collect());
    for (at, line) in sheet.lines.iter().enumerate() {
        let next = sheet.lines.get(at + 1);
        let mut cells = Vec::new();
        if sheet.has_page {
            cells.push(page(line, next, in_colour));
        }
        cells.push(bits(line.extracted.as_deref().unwrap_or_default(), in_colour));
        cells.push(vec![("", line.left.clone().unwrap_or_default())]);
        row(cells);
    }
    sheet.notes.iter().for_each(|note| out.push_str(&format!("note: {note}\n")));
    out
}

/// A line of the page; why it was not taken is said once for all lines that follow each other.
fn page(line: &Line, next: Option<&Line>, in_colour: bool) -> Vec<Styled> {
    let Some(bit) = &line.page else { return Vec::new() };
    let goes_on = next.and_then(|next| next.page.as_ref()).is_some_and(|next| next.cut == bit.cut);
    let mut cell = bits(std::slice::from_ref(bit), in_colour);
    if goes_on && bit.cut.is_some() {
        cell.pop();
    }
    cell
}

fn bits(bits: &[Bit], in_colour: bool) -> Vec<Styled> {
    let mut cell = Vec::new();
    for bit in bits {
        let Some(Cut { step, reason, now }) = &bit.cut else {
            cell.push(("", bit.text.clone()));
            continue;
        };
        if !bit.text.is_empty() {
            cell.push((CUT, if in_colour { bit.text.clone() } else { format!("[-{}-]", bit.text) }));
        }
        if !now.is_empty() {
            cell.push((NEW, if in_colour { now.clone() } else { format!("{{+{now}+}}") }));
        }
        cell.push((WHY, format!(" {{{step}: {reason}}}")));
    }
    cell
}

/// The lines of a cell, each at most `w` characters, broken at a blank where there is one.
fn wrapped(cell: Vec<Styled>, w: usize) -> Vec<Vec<Styled>> {
    let all: Vec<(&'static str, char)> =
        cell.iter().flat_map(|(style, text)| text.chars().map(|c| (*style, if c == '\t' { ' ' } else { c }))).collect();
    let mut lines = Vec::new();
    let mut rest = &all[..];
    while !rest.is_empty() {
        let mut end = rest.len().min(w);
        if end < rest.len()
            && let Some(blank) = rest[..end].iter().rposition(|(_, c)| *c == ' ').filter(|blank| *blank > w / 3)
        {
            end = blank + 1;
        }
        let mut line: Vec<Styled> = Vec::new();
        for (style, c) in &rest[..end] {
            match line.last_mut().filter(|(last, _)| last == style) {
                Some((_, text)) => text.push(*c),
                None => line.push((style, c.to_string())),
            }
        }
        lines.push(line);
        rest = &rest[end..];
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let cut = |step: &str, now: &str| Some(Cut { step: step.into(), reason: "r".into(), now: now.into() });
        let bit = |text: &str, cut| Bit { text: text.into(), cut };
        let menu = |text: &str| Line { page: Some(bit(text, cut("main", ""))), ..Line::default() };
        let both = Line {
            page: Some(bit("a b", None)),
            extracted: Some(vec![bit("a ", None), bit("b", cut("line", ""))]),
            left: Some("a ".into()),
        };
        Sheet { has_page: true, lines: vec![menu("Home"), menu("Next"), both], notes: vec!["n".into()] }
    }

    #[test]
    fn cuts_are_marked_without_colours() {
        let text = text(&sheet(), 96, false);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("page ") && lines[0].ends_with("| left"), "{text}");
        assert_eq!(lines[2].replace('|', "").trim(), "[-Home-]");
        assert_eq!(lines[3].split(" | ").next().unwrap().trim(), "[-Next-] {main: r}");
        assert_eq!(lines[4].split(" | ").map(str::trim).collect::<Vec<_>>(), ["a b", "a [-b-] {line: r}", "a"]);
        assert_eq!(lines.last(), Some(&"note: n"));
    }

    #[test]
    fn colours_take_no_room_and_long_lines_are_wrapped() {
        let coloured = text(&sheet(), 96, true);
        assert!(coloured.contains("\u{1b}[9;31mHome\u{1b}[0m") && !coloured.contains("[-"), "{coloured}");
        let long = Line { left: Some("word ".repeat(20)), ..Line::default() };
        let sheet = Sheet { has_page: false, lines: vec![long], notes: Vec::new() };
        let text = text(&sheet, 43, false);
        assert!(text.lines().all(|line| line.chars().count() <= 43), "{text}");
        assert_eq!(text.matches("word").count(), 20, "{text}");
    }
}
