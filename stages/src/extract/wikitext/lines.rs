//! Second reading: line by line to blocks of text.

use super::inline::{Flow, Inline};
use super::piece::{self, GAP, Piece};
use super::table;
use super::tidy::tidy;
use crate::extract::text::Join;

/// Tables within the cells of tables, at most; those further in are left out.
pub const MAX_TABLES: usize = 6;
/// Marks at the beginning of a list item that count.
const MAX_MARKS: usize = 16;

/// What a block of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// A heading of a level, 1 to 6.
    Heading(u8),
    /// A paragraph.
    Paragraph,
    /// An item of a list.
    Item,
    /// A cell, or the caption of a table.
    Cell,
    /// A listing, or a formula on a line of its own.
    Apart,
}

/// A block: a range of the text, and what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it is.
    pub kind: BlockKind,
    /// What separates it from the block before.
    pub join: Join,
}

/// All blocks of a page.
#[derive(Debug, Default)]
pub struct Blocks {
    /// Their text, one after another.
    pub text: String,
    /// What it is made of.
    pub blocks: Vec<Block>,
}

/// Writes blocks.
pub struct Writer<'p> {
    /// Text of all blocks, and of the open one at the end.
    pub text: String,
    /// What marks stand for.
    pub pieces: &'p [Piece],
    pub(super) blocks: Vec<Block>,
    has_tables: bool,
    open: Option<(usize, BlockKind, Join)>,
    /// The break that blocks that turned out to be empty have left.
    owed: Join,
    depth: usize,
}

impl<'p> Writer<'p> {
    /// A writer; tables are left out if they are not wanted.
    pub fn new(pieces: &'p [Piece], has_tables: bool) -> Writer<'p> {
        let (text, blocks) = (String::new(), Vec::new());
        Writer { text, pieces, blocks, has_tables, open: None, owed: Join::Cell, depth: 0 }
    }

    /// The blocks.
    pub fn finish(mut self) -> Blocks {
        self.close();
        Blocks { text: self.text, blocks: self.blocks }
    }

    /// Where the open block begins.
    pub fn line_start(&self) -> usize {
        self.open.map_or(self.text.len(), |(start, ..)| start)
    }

    /// Begins a block; one that is open ends.
    pub fn begin(&mut self, kind: BlockKind, join: Join) {
        self.close();
        self.open = Some((self.text.len(), kind, join));
    }

    /// Ends the open block, and begins another of its kind.
    pub fn renew(&mut self, join: Join) {
        let kind = self.open.map_or(BlockKind::Paragraph, |(_, kind, _)| kind);
        self.begin(kind, join);
    }

    /// Ends the open block; one without text is none.
    pub fn close(&mut self) {
        let Some((start, kind, join)) = self.open.take() else { return };
        if self.text[start..].contains(GAP) {
            let tidied = tidy(&self.text[start..]);
            self.text.truncate(start);
            self.text.push_str(&tidied);
        }
        self.text.truncate(start + self.text[start..].trim_end().len());
        // Lines that were broken off at the start of the block.
        let lead = self.text[start..].len() - self.text[start..].trim_start_matches('\n').len();
        self.push(start + lead, kind, join);
    }

    fn push(&mut self, start: usize, kind: BlockKind, join: Join) {
        let join = join.max(self.owed);
        let end = self.text.len();
        let has_text = self.text[start..].chars().any(|letter| !letter.is_whitespace());
        if !has_text {
            self.text.truncate(start);
            self.owed = join;
            return;
        }
        self.owed = Join::Cell;
        self.blocks.push(Block { start, end, kind, join });
    }

    /// Writes a text on lines of its own, in the midst of the open block.
    pub fn set_apart(&mut self, text: &str, join: Join) {
        let kind = self.open.map_or(BlockKind::Paragraph, |(_, kind, _)| kind);
        self.close();
        let start = self.text.len();
        // Marks that a listing or formula holds itself.
        self.text.extend(text.chars().filter(|letter| matches!(letter, '\t' | '\n') || !letter.is_control()));
        self.push(start, BlockKind::Apart, join);
        self.begin(kind, join);
    }

    /// Reads text within the open block.
    pub fn inline(&mut self, source: &str, flow: Flow) {
        Inline::new(self, flow).read(source);
    }

    /// Reads lines to blocks.
    pub fn read(&mut self, source: &str) {
        let lines: Vec<&str> = source.split('\n').collect();
        let mut state = State::default();
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            let trimmed = line.trim();
            if let Some(attributes) = table::opening(trimmed) {
                self.end(&mut state);
                let (len, inner, behind) = table::extent(&lines[at..]);
                if self.has_tables && self.depth < MAX_TABLES && !table::is_box(attributes) {
                    self.depth += 1;
                    table::read(self, inner);
                    self.depth -= 1;
                }
                at += len;
                if !behind.is_empty() {
                    self.line(behind, behind, &mut state);
                }
                continue;
            }
            self.line(line, trimmed, &mut state);
            at += 1;
        }
        self.end(&mut state);
    }

    fn line(&mut self, line: &str, trimmed: &str, state: &mut State) {
        let bare = trimmed.trim_matches([GAP, ' ']);
        let first = bare.bytes().next();
        match first {
            None => self.end(state),
            Some(b'=') if heading(bare).is_some() => {
                self.end(state);
                let Some((level, text)) = heading(bare) else { return };
                self.begin(BlockKind::Heading(level), Join::Paragraph);
                self.inline(text, Flow::OneLine);
                self.close();
            }
            Some(b'*' | b'#' | b':' | b';') if !line.starts_with(' ') => self.item(bare, state),
            Some(b'-') if bare.starts_with("----") => self.end(state),
            // What is left of a table or a template that is not whole.
            Some(b'|') if bare.contains('=') || bare.len() <= 2 => self.end(state),
            Some(b'|' | b'!') if bare.starts_with("|-") || bare.starts_with("|}") => self.end(state),
            _ if line.starts_with(' ') && !bare.starts_with('<') && !state.is_verse => {
                if state.part != Part::Verbatim {
                    self.end(state);
                    state.part = Part::Verbatim;
                }
                state.push(line.strip_prefix(' ').unwrap_or(line));
            }
            _ => {
                if state.part != Part::Paragraph {
                    self.end(state);
                    state.part = Part::Paragraph;
                }
                state.push(bare);
                state.is_verse = (state.is_verse || bare.contains("<poem")) && !bare.contains("</poem");
            }
        }
    }

    /// An item of a list.
    fn item(&mut self, line: &str, state: &mut State) {
        if state.part != Part::List {
            self.end(state);
            state.part = Part::List;
        }
        let all = line.bytes().take_while(|byte| b"*#:;".contains(byte)).count();
        let marks = &line.as_bytes()[..all.min(MAX_MARKS)];
        let number = state.number(marks);
        let text = line[all..].trim();
        let join = if state.has_item { Join::Line } else { Join::Paragraph };
        if marks.iter().all(|mark| *mark == b':') && self.formula(text, join) {
            state.has_item = true;
            return;
        }
        let n_before = self.blocks.len();
        let (term, definition) = match marks.last() {
            Some(b';') => definition(text),
            _ => (text, None),
        };
        self.begin(BlockKind::Item, join);
        let start = self.text.len();
        self.inline(term, Flow::Running);
        let is_one = self.blocks.len() == n_before;
        if let (Some(number), true) =
            (number, is_one && self.text[start..].chars().any(|letter| !letter.is_whitespace() && letter != GAP))
        {
            self.text.insert_str(start, &format!("{number}. "));
        }
        self.close();
        if let Some(definition) = definition {
            self.begin(BlockKind::Item, Join::Line);
            self.inline(definition, Flow::Running);
            self.close();
        }
        state.has_item |= self.blocks.len() > n_before;
    }

    /// A formula that is all of an indented line stands on a line of its own; with the punctuation behind it.
    fn formula(&mut self, text: &str, join: Join) -> bool {
        let Some((Piece::Math(tex, _), len)) = piece::at(text, self.pieces) else { return false };
        let behind = text[len..].trim();
        if behind.len() > 1 || tex.contains('\n') && tex.contains('%') {
            return false;
        }
        self.close();
        let start = self.text.len();
        let tex = tex.split_whitespace().collect::<Vec<_>>().join(" ");
        self.text.push_str(&format!("$${tex}$${behind}"));
        self.push(start, BlockKind::Apart, join);
        true
    }

    /// Ends a paragraph, a list, or lines that stand as they are.
    fn end(&mut self, state: &mut State) {
        let flow = match state.part {
            Part::Verbatim => Flow::Verbatim,
            _ => Flow::Running,
        };
        if !state.raw.is_empty() {
            self.begin(BlockKind::Paragraph, Join::Paragraph);
            let raw = std::mem::take(&mut state.raw);
            self.inline(&raw, flow);
            self.close();
        }
        let is_verse = state.is_verse;
        *state = State { is_verse, ..State::default() };
    }
}

/// What lines are being gathered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    None,
    Paragraph,
    List,
    Verbatim,
}

#[derive(Default)]
struct State {
    part: Part,
    /// The lines so far.
    raw: String,
    /// Whether the list has an item with text.
    has_item: bool,
    /// Whether line ends stay: within `<poem>`.
    is_verse: bool,
    marks: Vec<u8>,
    /// The number of the last item on each level.
    numbers: Vec<u32>,
}

impl State {
    fn push(&mut self, line: &str) {
        if !self.raw.is_empty() {
            self.raw.push('\n');
        }
        self.raw.push_str(line);
    }

    /// The number of an item, if its list has numbers.
    fn number(&mut self, marks: &[u8]) -> Option<u32> {
        let same = self.marks.iter().zip(marks).take_while(|(one, other)| one == other).count();
        self.numbers.truncate(same);
        if same == marks.len() {
            if let Some(last) = self.numbers.last_mut() {
                *last = last.saturating_add(1);
            }
        } else {
            self.numbers.resize(marks.len(), 1);
        }
        self.marks.clear();
        self.marks.extend_from_slice(marks);
        (marks.last() == Some(&b'#')).then(|| self.numbers.last().copied().unwrap_or(1))
    }
}

/// `== Text ==`
fn heading(line: &str) -> Option<(u8, &str)> {
    let marks = line.bytes().take_while(|byte| *byte == b'=').count();
    let end = line.bytes().rev().take_while(|byte| *byte == b'=').count();
    let level = marks.min(end).min(6);
    if level == 0 || marks == line.len() || line.len() <= 2 * level {
        return None;
    }
    let text = line[level..line.len() - level].trim();
    (!text.is_empty()).then_some((level as u8, text))
}

/// `term : definition`
fn definition(text: &str) -> (&str, Option<&str>) {
    match text.split_once(" : ").or_else(|| text.split_once(": ")) {
        Some((term, definition)) => (term, Some(definition)),
        None => (text, None),
    }
}
