//! Tables: rows of short cells on one line with tabs between them, longer cells as lines; boxes beside the text go.

use super::inline::Flow;
use super::lines::{BlockKind, Writer};
use super::piece::GAP;
use crate::extract::text::Join;

/// Longest cell, in bytes of text, of a row that is written as one line; as in pages of the web.
const MAX_CELL_BYTES: usize = 200;

/// Names in the class of a table that is a box beside the text, or navigation.
const BOXES: &[&str] = &[
    "infobox",
    "navbox",
    "sidebar",
    "metadata",
    "mbox",
    "ambox",
    "tmbox",
    "toccolours",
    "noprint",
    "vcard",
    "vevent",
    "biota",
    "taxobox",
    "float-right",
    "floatright",
    "rightbox",
    "toc",
    "succession",
    "wikitable-nav",
    "infobox_v2",
    "infobox_v3",
    "sinottico",
    "tableau_navigation",
    "navigation",
    "nomobile",
];

/// The attributes of a table that begins with a line.
pub fn opening(line: &str) -> Option<&str> {
    line.trim_start_matches([':', ' ', GAP]).strip_prefix("{|")
}

/// Whether the attributes are those of a box.
pub fn is_box(attributes: &str) -> bool {
    let lower = attributes.to_ascii_lowercase();
    let class = lower.split_once("class").map_or("", |(_, rest)| rest);
    let end = class.find("style").unwrap_or(class.len());
    let mut names =
        class[..end].split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-' && letter != '_');
    let is_hidden = lower.contains("display:none") || lower.contains("display: none");
    is_hidden || names.any(|name| BOXES.contains(&name) || name.starts_with("infobox") || name.starts_with("navbox"))
}

/// How many of the lines belong to the table that begins with the first of them, the lines inside, and what stands behind
/// its end. A table that is not
/// closed ends before the next section, or with the page.
pub fn extent<'a>(lines: &'a [&'a str]) -> (usize, &'a [&'a str], &'a str) {
    let mut depth = 0usize;
    for (at, line) in lines.iter().enumerate() {
        let line = line.trim();
        if opening(line).is_some() {
            depth += 1;
        } else if let Some(behind) = line.strip_prefix("|}") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return (at + 1, &lines[1..at], behind.trim_start_matches(['}', ' ', GAP]));
            }
        } else if line.starts_with("==") && line.ends_with("==") && line.as_bytes().get(2) != Some(&b'=') {
            return (at, &lines[1..at], "");
        }
    }
    (lines.len(), lines.get(1..).unwrap_or(&[]), "")
}

/// A cell as it is gathered.
struct Cell {
    raw: String,
}

/// Reads the lines of a table to blocks.
pub fn read(writer: &mut Writer<'_>, lines: &[&str]) {
    let (mut row, mut depth): (Vec<Cell>, usize) = (Vec::new(), 0);
    let mut is_first = true;
    let mut flush = |row: &mut Vec<Cell>, writer: &mut Writer<'_>| {
        let n_before = writer.blocks.len();
        write(writer, row, if is_first { Join::Paragraph } else { Join::Line });
        is_first &= writer.blocks.len() == n_before;
        row.clear();
    };
    for line in lines {
        let trimmed = line.trim_start();
        let is_inner = depth > 0;
        if opening(trimmed).is_some() {
            depth += 1;
        } else if trimmed.starts_with("|}") {
            depth = depth.saturating_sub(1);
        }
        if is_inner || depth > 0 || !trimmed.starts_with(['|', '!']) {
            if let Some(cell) = row.last_mut() {
                cell.raw.push('\n');
                cell.raw.push_str(line);
            }
            continue;
        }
        if trimmed.starts_with("|-") {
            flush(&mut row, writer);
        } else if let Some(caption) = trimmed.strip_prefix("|+") {
            flush(&mut row, writer);
            row.push(Cell { raw: without_attributes(caption).to_owned() });
            flush(&mut row, writer);
        } else {
            cells(trimmed, &mut row);
        }
    }
    flush(&mut row, writer);
}

/// The cells of one line.
fn cells(line: &str, row: &mut Vec<Cell>) {
    let is_head = line.starts_with('!');
    let rest = &line[1..];
    let mut from = 0;
    let bytes = rest.as_bytes();
    let mut at = 0;
    while at + 1 < bytes.len() {
        let is_bar =
            bytes[at] == b'|' && bytes[at + 1] == b'|' || is_head && bytes[at] == b'!' && bytes[at + 1] == b'!';
        if is_bar {
            row.push(Cell { raw: without_attributes(&rest[from..at]).to_owned() });
            at += 2;
            from = at;
        } else {
            at += 1;
        }
    }
    row.push(Cell { raw: without_attributes(&rest[from..]).to_owned() });
}

/// A cell without `style="…" |` before it.
fn without_attributes(cell: &str) -> &str {
    match cell.split_once('|') {
        Some((before, after)) => {
            let before = before.trim_matches([' ', GAP]);
            let is_word = before.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if before.contains('=') || is_word && before.len() < 10 { after } else { cell }
        }
        None => cell,
    }
}

/// Writes a row.
fn write(writer: &mut Writer<'_>, row: &[Cell], join: Join) {
    let is_plain = |cell: &Cell| !cell.raw.trim_matches(['\n', ' ', GAP]).contains('\n');
    let n_before = writer.blocks.len();
    if row.iter().all(is_plain) {
        for cell in row {
            let join = if writer.blocks.len() == n_before { join } else { Join::Cell };
            writer.begin(BlockKind::Cell, join);
            // A list of one item.
            writer.inline(cell.raw.trim().trim_start_matches(['*', '#']), Flow::OneLine);
            writer.close();
        }
        let blocks = &mut writer.blocks[n_before..];
        if blocks.iter().any(|block| block.end - block.start > MAX_CELL_BYTES) {
            blocks.iter_mut().skip(1).for_each(|block| block.join = Join::Line);
        }
        return;
    }
    for cell in row {
        let from = writer.blocks.len();
        if is_plain(cell) {
            writer.begin(BlockKind::Cell, Join::Line);
            writer.inline(cell.raw.trim(), Flow::OneLine);
            writer.close();
        } else {
            writer.read(&cell.raw);
        }
        for (at, block) in writer.blocks[from..].iter_mut().enumerate() {
            if block.kind == BlockKind::Paragraph {
                block.kind = BlockKind::Cell;
            }
            if at == 0 {
                block.join = if from == n_before { join } else { Join::Line };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_known_by_their_class() {
        assert!(is_box(" class=\"infobox vcard\""));
        assert!(is_box("class=navbox style=\"x\""));
        assert!(is_box(" style=\"display:none\""));
        assert!(!is_box(" class=\"wikitable sortable\""));
        assert!(!is_box(" class=\"wikitable\" style=\"float-right\""));
    }

    #[test]
    fn tables_end_where_they_are_closed_or_at_a_section() {
        let lines = ["{|", "| a", "{|", "| b", "|}", "|}", "c"];
        assert_eq!(extent(&lines), (6, &lines[1..5], ""));
        let open = ["{|", "| a", "== b ==", "c"];
        assert_eq!(extent(&open), (2, &open[1..2], ""));
        assert_eq!(extent(&open[..2]), (2, &open[1..2], ""));
        assert_eq!(extent(&["{|", "|} a"]), (2, &[][..], "a"));
    }

    #[test]
    fn attributes_of_cells_go() {
        assert_eq!(without_attributes("style=\"x\" | a|b"), " a|b");
        assert_eq!(without_attributes("nowrap| a"), " a");
        assert_eq!(without_attributes(" | a"), " a");
        assert_eq!(without_attributes(" a sentence | b"), " a sentence | b");
    }
}
