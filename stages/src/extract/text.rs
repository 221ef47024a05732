//! Writes text the way a page shows it: white space collapsed, invisible characters dropped.

/// Appends page text to a growing line, collapsing white space across calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Collapser {
    /// White space was seen and is owed if more text follows on the line.
    space_owed: bool,
}

impl Collapser {
    /// Forgets owed white space; call at the start of a block.
    pub fn reset(&mut self) {
        self.space_owed = false;
    }

    /// Owes a space before whatever comes next.
    pub fn owe_space(&mut self) {
        self.space_owed = true;
    }

    /// Appends `text`. `line_start` is where the block begins in `out`: no space is written there, nor after a line
    /// break.
    ///
    /// Runs of white space (ASCII, no-break and the Unicode space separators) become one space. Soft hyphens,
    /// zero-width spaces, word joiners, byte order marks and control characters vanish; joiners stay, since Indic
    /// scripts, Persian and emoji need them.
    pub fn push(&mut self, out: &mut String, line_start: usize, text: &str) {
        let bytes = text.as_bytes();
        let mut run = 0;
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            let (is_space, length) = match byte {
                b'!'..=b'~' => {
                    at += 1;
                    continue;
                }
                // The common single space inside a run is copied with it.
                b' ' if at > run && bytes.get(at + 1).is_some_and(u8::is_ascii_graphic) => {
                    at += 2;
                    continue;
                }
                b' ' | b'\t' | b'\n' | b'\x0c' | b'\r' => (true, 1),
                0..=0x1f | 0x7f => (false, 1),
                _ => match special(&bytes[at..]) {
                    Some(found) => found,
                    None => {
                        at += 1;
                        continue;
                    }
                },
            };
            self.push_run(out, line_start, &text[run..at]);
            self.space_owed |= is_space;
            at += length;
            run = at;
        }
        self.push_run(out, line_start, &text[run..]);
    }

    fn push_run(&mut self, out: &mut String, line_start: usize, run: &str) {
        if run.is_empty() {
            return;
        }
        if self.space_owed && out.len() > line_start && !out.ends_with('\n') {
            out.push(' ');
        }
        self.space_owed = false;
        out.push_str(run);
    }

    /// Ends the line inside a block.
    pub fn line_break(&mut self, out: &mut String) {
        out.push('\n');
        self.space_owed = false;
    }
}

/// Non-ASCII characters that are not copied: whether they count as white space, and their length.
fn special(bytes: &[u8]) -> Option<(bool, usize)> {
    match *bytes {
        // NEL and no-break space; other C1 controls and the soft hyphen.
        [0xC2, 0x85 | 0xA0, ..] => Some((true, 2)),
        [0xC2, 0x80..=0x9F | 0xAD, ..] => Some((false, 2)),
        // U+1680
        [0xE1, 0x9A, 0x80, ..] => Some((true, 3)),
        // U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F
        [0xE2, 0x80, 0x80..=0x8A | 0xA8 | 0xA9 | 0xAF, ..] | [0xE2, 0x81, 0x9F, ..] => Some((true, 3)),
        // U+200B, U+2060
        [0xE2, 0x80, 0x8B, ..] | [0xE2, 0x81, 0xA0, ..] => Some((false, 3)),
        // U+3000
        [0xE3, 0x80, 0x80, ..] => Some((true, 3)),
        // U+FEFF
        [0xEF, 0xBB, 0xBF, ..] => Some((false, 3)),
        _ => None,
    }
}

/// What separates a block from the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Join {
    /// Next cell of the same table row.
    Cell,
    /// Next line.
    #[default]
    Line,
    /// A blank line.
    Paragraph,
}

impl Join {
    /// The separator itself.
    pub fn separator(self) -> &'static str {
        match self {
            Join::Cell => "\t",
            Join::Line => "\n",
            Join::Paragraph => "\n\n",
        }
    }
}

/// Joins blocks to the final text. A block that follows dropped ones takes the strongest break among them, so that
/// nothing is fused across a gap.
#[derive(Debug, Default)]
pub struct Emitter {
    skipped: Option<Join>,
}

impl Emitter {
    /// Appends a kept block.
    pub fn keep(&mut self, out: &mut String, join: Join, text: &str) {
        let join = self.skipped.take().map_or(join, |skipped| skipped.max(join));
        if !out.is_empty() {
            out.push_str(join.separator());
        }
        out.push_str(text);
    }

    /// Notes a block that was dropped.
    pub fn skip(&mut self, join: Join) {
        self.skipped = Some(self.skipped.unwrap_or(Join::Line).max(join));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collapsed(parts: &[&str]) -> String {
        let mut out = String::from("before");
        let start = out.len();
        let mut collapser = Collapser::default();
        for part in parts {
            collapser.push(&mut out, start, part);
        }
        out.split_off(start)
    }

    #[test]
    fn white_space_collapses_within_and_across_calls() {
        assert_eq!(collapsed(&["  a  b\n\t c ", " d", "e  "]), "a b c de");
        assert_eq!(collapsed(&["a\u{a0}b", "\u{3000}c\u{2009}d"]), "a b c d");
        assert_eq!(collapsed(&["   ", "\n"]), "");
    }

    #[test]
    fn invisible_characters_vanish_and_joiners_stay() {
        assert_eq!(collapsed(&["so\u{ad}ft ze\u{200b}ro \u{feff}b\u{0}c\u{7f}"]), "soft zero bc");
        assert_eq!(collapsed(&["می\u{200c}شود 👩\u{200d}💻"]), "می\u{200c}شود 👩\u{200d}💻");
    }

    #[test]
    fn other_scripts_are_copied_whole() {
        let text = "日本語の文 — “quoted” … ½ é\u{2060}";
        assert_eq!(collapsed(&[text]), "日本語の文 — “quoted” … ½ é");
    }

    #[test]
    fn a_line_break_swallows_white_space_around_it() {
        let mut out = String::new();
        let mut collapser = Collapser::default();
        collapser.push(&mut out, 0, "a ");
        collapser.line_break(&mut out);
        collapser.push(&mut out, 0, " b");
        assert_eq!(out, "a\nb");
    }

    #[test]
    fn a_gap_takes_the_strongest_break() {
        let mut out = String::new();
        let mut emitter = Emitter::default();
        emitter.keep(&mut out, Join::Paragraph, "a");
        emitter.keep(&mut out, Join::Cell, "b");
        emitter.skip(Join::Cell);
        emitter.keep(&mut out, Join::Cell, "c");
        emitter.skip(Join::Paragraph);
        emitter.keep(&mut out, Join::Line, "d");
        assert_eq!(out, "a\tb\nc\n\nd");
    }
}
