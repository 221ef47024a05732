//! What stands within a line: emphasis, external links, HTML, entities, pieces.

use super::lines::Writer;
use super::link;
use super::piece::{self, GAP, OPEN, Piece};
use crate::extract::raised;
use crate::extract::text::{Collapser, Join};

/// How text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// White space collapses, and tags of blocks begin new ones.
    Running,
    /// The same, but line ends of the source stay.
    Verse,
    /// As it stands there.
    Verbatim,
    /// In one line, whatever is in it.
    OneLine,
}

/// Longest magic word, in bytes.
const MAX_WORD: usize = 60;
/// Longest entity, in bytes.
const MAX_ENTITY: usize = 34;
/// Longest tag.
const MAX_TAG: usize = 1024;
/// How far ahead the end of a hidden element is looked for.
const MAX_HIDDEN: usize = 4096;

/// Elements that are marks of text, or of nothing a text has.
const INLINE: &[&str] = &[
    "b",
    "i",
    "u",
    "s",
    "em",
    "strong",
    "span",
    "small",
    "big",
    "font",
    "code",
    "tt",
    "kbd",
    "samp",
    "var",
    "abbr",
    "acronym",
    "cite",
    "dfn",
    "del",
    "ins",
    "strike",
    "q",
    "mark",
    "bdi",
    "bdo",
    "ruby",
    "rb",
    "rp",
    "rt",
    "time",
    "data",
    "wbr",
    "a",
    "nowiki",
    "noinclude",
    "onlyinclude",
    "includeonly",
    "ref",
    "poem",
    "img",
    "label",
    "translate",
    "tvar",
    "languages",
    "inputbox",
    "gallery",
    "math",
    "nobr",
    "references",
    "section",
    "hiero",
    "templatestyles",
    "timeline",
    "source",
    "syntaxhighlight",
    "imagemap",
    "ce",
    "chem",
    "score",
    "pre",
    "indicator",
    "mapframe",
    "maplink",
    "graph",
];
/// Elements that begin and end paragraphs.
const PARAGRAPHS: &[&str] = &[
    "p",
    "div",
    "blockquote",
    "center",
    "table",
    "ul",
    "ol",
    "dl",
    "hr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "caption",
    "section",
    "article",
    "aside",
    "header",
    "footer",
    "figure",
    "tbody",
    "thead",
    "tfoot",
];
/// Elements that begin and end lines.
const LINES: &[&str] = &["br", "li", "dt", "dd", "tr", "figcaption"];
/// Elements that are set off by a tab in their line.
const CELLS: &[&str] = &["td", "th"];

/// Bytes at which something other than plain text can begin.
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let bytes = b"'[]<&_\x01\x03\n";
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
};

/// Reads one run of text.
pub struct Inline<'w, 'p> {
    writer: &'w mut Writer<'p>,
    collapser: Collapser,
    flow: Flow,
    /// Open `<sup>` and `<sub>`: whether raised, and where the content begins in the text.
    scripts: Vec<(bool, usize)>,
}

/// Scripts within each other, at most.
const MAX_SCRIPTS: usize = 4;

impl<'w, 'p> Inline<'w, 'p> {
    /// A reader that writes into the open block.
    pub fn new(writer: &'w mut Writer<'p>, flow: Flow) -> Inline<'w, 'p> {
        Inline { writer, collapser: Collapser::default(), flow, scripts: Vec::new() }
    }

    /// Reads everything.
    pub fn read(mut self, source: &str) {
        let bytes = source.as_bytes();
        let mut at = 0;
        // Where the bracket of the external link ends that is being read.
        let mut link_end = None;
        // The next `]`; looked for once only.
        let mut next_bracket = 0;
        while at < bytes.len() {
            let len = bytes[at..].iter().position(|byte| SPECIAL[*byte as usize]).unwrap_or(bytes.len() - at);
            self.plain(&source[at..at + len]);
            at += len;
            let Some(byte) = bytes.get(at) else { break };
            let rest = &source[at..];
            at += match byte {
                b'\'' => self.quotes(rest),
                b'[' if link::is_address(&rest[1..]) => {
                    if next_bracket <= at {
                        next_bracket = memchr::memchr(b']', &bytes[at..]).map_or(bytes.len(), |found| at + found);
                    }
                    if next_bracket < bytes.len() && !rest[..next_bracket - at].contains('\n') {
                        link_end = Some(next_bracket);
                        label(&source[at..next_bracket])
                    } else {
                        self.plain("[");
                        1
                    }
                }
                b']' if link_end == Some(at) => {
                    link_end = None;
                    1
                }
                b'<' => self.tag(rest),
                b'&' => self.entity(rest),
                b'_' => self.magic_word(rest),
                1 => self.piece(rest),
                3 => {
                    self.writer.text.push(GAP);
                    1
                }
                b'\n' => {
                    match self.flow {
                        Flow::Running | Flow::OneLine => self.collapser.owe_space(),
                        Flow::Verse => self.line_break(),
                        Flow::Verbatim => self.writer.text.push('\n'),
                    }
                    1
                }
                _ => {
                    self.plain(&rest[..1]);
                    1
                }
            };
        }
    }

    fn plain(&mut self, text: &str) {
        match self.flow {
            Flow::Verbatim => {
                self.writer.text.extend(text.chars().filter(|letter| *letter == '\t' || !letter.is_control()))
            }
            _ => {
                let start = self.writer.line_start();
                self.collapser.push(&mut self.writer.text, start, text);
            }
        }
    }

    fn line_break(&mut self) {
        match self.flow {
            Flow::OneLine => self.collapser.owe_space(),
            _ => {
                let kept = self.writer.text.trim_end_matches([' ', GAP]).len().max(self.writer.line_start());
                self.writer.text.truncate(kept);
                self.collapser.line_break(&mut self.writer.text);
            }
        }
    }

    /// Two are italics, three bold, five both; one, and what is more than five, is text.
    fn quotes(&mut self, rest: &str) -> usize {
        let run = rest.bytes().take_while(|byte| *byte == b'\'').count();
        let shown = match run {
            1 => 1,
            2 | 3 | 5 => 0,
            4 => 1,
            more => more - 5,
        };
        self.plain(&rest[..shown]);
        run
    }

    fn tag(&mut self, rest: &str) -> usize {
        let inner = &rest[1..];
        let (inner, is_end) = match inner.strip_prefix('/') {
            Some(inner) => (inner, true),
            None => (inner, false),
        };
        let len = inner.bytes().take(16).take_while(u8::is_ascii_alphanumeric).count();
        let name = inner[..len].to_ascii_lowercase();
        let known = |names: &[&str]| names.contains(&name.as_str());
        let is_known = len > 0
            && (known(INLINE) || known(LINES) || known(PARAGRAPHS) || known(CELLS) || matches!(&*name, "sup" | "sub"));
        let window = &rest.as_bytes()[..rest.len().min(MAX_TAG)];
        let Some(end) = is_known.then(|| memchr::memchr(b'>', window)).flatten() else {
            self.plain("<");
            return 1;
        };
        let attributes = &rest[1 + len..end.max(1 + len)];
        let behind = end + 1;
        if !is_end && attributes.contains("display") && attributes.contains("none") {
            return behind + hidden(&rest[behind..], &name);
        }
        match name.as_str() {
            "sup" | "sub" => self.script(name == "sup", is_end),
            "poem" => {
                self.flow = match self.flow {
                    Flow::Running if !is_end => Flow::Verse,
                    Flow::Verse if is_end => Flow::Running,
                    flow => flow,
                };
                self.writer.renew(Join::Paragraph);
            }
            "br" => self.line_break(),
            _ if known(CELLS) && !is_end => self.cell(),
            _ if self.flow == Flow::OneLine && !known(INLINE) => self.collapser.owe_space(),
            _ if known(LINES) => self.writer.renew(Join::Line),
            _ if known(PARAGRAPHS) => self.writer.renew(Join::Paragraph),
            _ => {}
        }
        if known(LINES) || known(PARAGRAPHS) {
            self.scripts.clear();
        }
        behind
    }

    /// A cell of a table that is written in HTML.
    fn cell(&mut self) {
        let start = self.writer.line_start();
        if self.writer.text.len() > start && !self.writer.text.ends_with(['\n', '\t']) {
            self.writer.text.push('\t');
        }
        self.collapser.reset();
    }

    /// A raised or lowered text, marked where it would change a number or a symbol.
    fn script(&mut self, is_raised: bool, is_end: bool) {
        if !is_end {
            if self.scripts.len() < MAX_SCRIPTS {
                self.scripts.push((is_raised, self.writer.text.len()));
            }
            return;
        }
        let Some((is_raised, from)) = self.scripts.pop() else { return };
        let start = self.writer.line_start();
        let text = &mut self.writer.text;
        if from < start || from >= text.len() || text[from..].contains([GAP, '\n']) {
            return;
        }
        if let Some(marked) = raised::mark(&text[from..], is_raised, &text[start..from]) {
            text.truncate(from);
            text.push_str(&marked);
        }
    }

    fn entity(&mut self, rest: &str) -> usize {
        match entity(rest) {
            Some((text, len)) => {
                self.plain(&text);
                len
            }
            None => {
                self.plain("&");
                1
            }
        }
    }

    /// `__TOC__` and the like, in whatever language: letters without small ones between two underscores each.
    fn magic_word(&mut self, rest: &str) -> usize {
        if let Some(inner) = rest.strip_prefix("__") {
            let is_part = |letter: &char| letter.is_alphabetic() && !letter.is_lowercase() || *letter == '_';
            let word: usize = inner.chars().take(MAX_WORD).take_while(is_part).map(char::len_utf8).sum();
            let letters = inner[..word].trim_end_matches('_');
            if letters.len() >= 3 && !letters.starts_with('_') && word == letters.len() + 2 {
                return 2 + word;
            }
        }
        let run = rest.bytes().take_while(|byte| *byte == b'_').count();
        self.plain(&rest[..run]);
        run
    }

    fn piece(&mut self, rest: &str) -> usize {
        let Some((piece, len)) = piece::at(rest, self.writer.pieces) else { return OPEN.len_utf8() };
        match piece {
            Piece::Math(tex, is_display) if *is_display && self.flow != Flow::OneLine => {
                self.writer.set_apart(&format!("$${}$$", one_line(tex)), Join::Line);
            }
            Piece::Math(tex, _) => self.plain(&format!("${}$", one_line(tex))),
            Piece::Code(code) if self.flow != Flow::OneLine => self.writer.set_apart(listing(code), Join::Paragraph),
            Piece::Code(code) | Piece::InlineCode(code) => self.plain(code),
            Piece::Text(text) => self.plain(&decode(text)),
        }
        len
    }
}

/// TeX in one line: a line end is white space there, unless a comment ends with it.
fn one_line(tex: &str) -> String {
    if !tex.contains(['\n', '\u{1}', '\u{3}']) || tex.contains('%') {
        return tex.to_owned();
    }
    tex.split(['\n', '\u{1}', '\u{3}']).map(str::trim).collect::<Vec<_>>().join(" ")
}

/// A listing without blank lines around it.
fn listing(code: &str) -> &str {
    let code = code.trim_end();
    let first = code.len() - code.trim_start().len();
    let lead = code[..first].rfind('\n').map_or(0, |line_end| line_end + 1);
    &code[lead..]
}

/// Bytes of `[address `, behind which the label stands; all of a link without a label.
fn label(link: &str) -> usize {
    match link.find([' ', '\u{a0}', '\t']) {
        Some(at) => at,
        // `[http://a.example|label]` is a mistake that many make.
        None => link.find('|').map_or(link.len(), |bar| bar + 1),
    }
}

/// Bytes up to the end of an element that is not shown.
fn hidden(rest: &str, name: &str) -> usize {
    let window = &rest.as_bytes()[..rest.len().min(MAX_HIDDEN)];
    let end = format!("</{name}");
    let Some(at) = memchr::memmem::find(window, end.as_bytes()) else { return 0 };
    memchr::memchr(b'>', &window[at..]).map_or(0, |close| at + close + 1)
}

/// The text of an entity that begins here, and its length.
fn entity(rest: &str) -> Option<(String, usize)> {
    let window = &rest.as_bytes()[..rest.len().min(MAX_ENTITY)];
    let end = memchr::memchr(b';', window)?;
    let name = &rest[1..end];
    let text = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?.to_string()
        }
        None => {
            let (first, second) = html5ever::data::NAMED_ENTITIES.get(&rest[1..=end])?;
            [*first, *second].into_iter().filter(|code| *code != 0).filter_map(char::from_u32).collect()
        }
    };
    Some((text, end + 1))
}

/// Text with its entities decoded.
pub fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'&', &text.as_bytes()[at..]) {
        out.push_str(&text[at..at + found]);
        at += found;
        match entity(&text[at..]) {
            Some((decoded, len)) => {
                out.push_str(&decoded);
                at += len;
            }
            None => {
                out.push('&');
                at += 1;
            }
        }
    }
    out.push_str(&text[at..]);
    out
}
