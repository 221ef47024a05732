//! First reading: comments, elements, templates, links and variants, which may stand anywhere and within each other.
//!
//! One pass with a stack. What a closed template or link holds has been read by then and is the end of the output, where
//! its result takes its place. A text is moved at most once for each of the levels around it, and there are [`MAX_DEPTH`].

use super::element::{self, ELEMENTS, Element};
use super::link::{self, Shown};
use super::namespaces::Namespaces;
use super::piece::{self, GAP, Piece};
use super::template::{Left, Templates};
use super::variant;

/// Templates, links and variants within each other, at most; markup further in is taken for text.
pub const MAX_DEPTH: usize = 48;

/// A page after the first reading.
#[derive(Debug, Default)]
pub struct Expanded {
    /// Wikitext without templates and links, with marks for pieces.
    pub text: String,
    /// What the marks stand for.
    pub pieces: Vec<Piece>,
    /// Templates that were closed.
    pub n_templates: u32,
    /// Links to pages.
    pub n_links: u32,
    /// References.
    pub n_references: u32,
    /// Whether a template says that the page only lists meanings of its title.
    pub is_disambiguation: bool,
    /// Whether there was more nesting than [`MAX_DEPTH`].
    pub is_too_deep: bool,
}

/// Reads a page for the first time.
pub fn expand(wikitext: &str, title: &str, templates: &Templates, names: &Namespaces) -> Expanded {
    let source = piece::unmarked(wikitext);
    let mut reader = Reader {
        source: &source,
        at: 0,
        frames: Vec::new(),
        bars: Vec::new(),
        unclosed: [false; ELEMENTS.len()],
        is_comment_unclosed: false,
        title,
        templates,
        names,
        done: Expanded { text: String::with_capacity(wikitext.len()), ..Expanded::default() },
    };
    while let Some(byte) = reader.copy_plain() {
        reader.special(byte);
    }
    reader.done
}

/// Markup that is open.
struct Frame {
    kind: Kind,
    /// Where its content begins in the output.
    start: usize,
    /// Where its bars begin among all.
    bars: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// `{{` or `{{{`, or more of them: so many braces are open.
    Braces(usize),
    /// `[[`
    Link,
    /// `-{`
    Variant,
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
    frames: Vec<Frame>,
    /// Places of `|` in the output, of all frames, those of the innermost last.
    bars: Vec<usize>,
    /// Elements that are not closed in what follows; nobody looks for their end again.
    unclosed: [bool; ELEMENTS.len()],
    is_comment_unclosed: bool,
    title: &'a str,
    templates: &'a Templates,
    names: &'a Namespaces,
    done: Expanded,
}

/// Bytes at which markup of this reading can begin or end.
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let bytes = b"<{}[]|\n-";
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
};

impl<'a> Reader<'a> {
    /// Copies what is plain text; the byte behind it.
    fn copy_plain(&mut self) -> Option<u8> {
        let rest = &self.source.as_bytes()[self.at..];
        let len = rest.iter().position(|byte| SPECIAL[*byte as usize]).unwrap_or(rest.len());
        self.done.text.push_str(&self.source[self.at..self.at + len]);
        self.at += len;
        rest.get(len).copied()
    }

    fn special(&mut self, byte: u8) {
        let source = self.source;
        let rest = &source[self.at..];
        match byte {
            b'<' => self.angle(rest),
            b'{' | b'}' | b'[' | b']' => self.bracket(byte, rest),
            b'|' => {
                if !self.frames.is_empty() {
                    self.bars.push(self.done.text.len());
                }
                self.text("|");
            }
            b'\n' => {
                self.end_line();
                self.text("\n");
            }
            b'-' if rest.starts_with("-{") && !rest.starts_with("-{{") => self.open(Kind::Variant, 2),
            _ => self.text(&rest[..1]),
        }
    }

    /// Brackets that come together are looked at together, or what many of them cost would grow with their square.
    fn bracket(&mut self, byte: u8, rest: &str) {
        let run = rest.bytes().take_while(|other| *other == byte).count();
        match byte {
            b'{' if run >= 2 => self.open(Kind::Braces(run), run),
            b'}' if run >= 2 && self.has_braces() => self.close_braces(run),
            b'}' if run == 1 && rest.starts_with("}-") && self.top() == Some(Kind::Variant) => self.close_variant(),
            b'[' if run >= 2 => {
                // Of three, the first is part of the text.
                self.text(&rest[..run - 2]);
                self.open(Kind::Link, 2);
            }
            b']' if run >= 2 && self.top() == Some(Kind::Link) => self.close_link(run),
            _ => self.text(&rest[..run]),
        }
    }

    /// Copies text that looked like markup.
    fn text(&mut self, text: &str) {
        self.done.text.push_str(text);
        self.at += text.len();
    }

    fn top(&self) -> Option<Kind> {
        self.frames.last().map(|frame| frame.kind)
    }

    fn open(&mut self, kind: Kind, len: usize) {
        if self.frames.len() < MAX_DEPTH {
            self.frames.push(Frame { kind, start: self.done.text.len(), bars: self.bars.len() });
        } else {
            self.done.is_too_deep = true;
        }
        self.at += len;
    }

    /// Ends a frame that turns out to be none. Its text stays, and its bars are those of the frame around it.
    fn give_up(&mut self) {
        self.frames.pop();
        if self.frames.is_empty() {
            self.bars.clear();
        }
    }

    /// No target of a link goes over a line end.
    fn end_line(&mut self) {
        while self.frames.last().is_some_and(|top| top.kind == Kind::Link && self.bars.len() == top.bars) {
            self.give_up();
        }
    }

    /// Whether braces are open, with nothing but links and variants in them that their writer forgot to close.
    fn has_braces(&self) -> bool {
        self.frames.iter().rev().any(|frame| matches!(frame.kind, Kind::Braces(_)))
    }

    fn close_braces(&mut self, mut run: usize) {
        while run >= 2 {
            match self.frames.last() {
                Some(Frame { kind: Kind::Braces(open), .. }) => {
                    let n = if *open >= 3 && run >= 3 { 3 } else { 2 };
                    let left = *open - n;
                    self.close_one(n, left);
                    self.at += n;
                    run -= n;
                }
                Some(_) if self.has_braces() => self.give_up(),
                _ => break,
            }
        }
        // A single brace that is left is looked at again: it may end a table or a variant.
        if run >= 2 {
            let rest = &self.source[self.at..self.at + run];
            self.text(rest);
        }
    }

    /// Closes two or three braces of the innermost frame, of which `left` stay open.
    fn close_one(&mut self, n: usize, left: usize) {
        let Some(frame) = self.frames.pop() else { return };
        let bars = frame.bars.min(self.bars.len());
        let mut places = self.bars.split_off(bars);
        let end = self.done.text.len();
        let start = frame.start.min(end);
        let result = if n == 3 {
            // A parameter: its default, if it has one.
            let default = places.first().map_or("", |bar| &self.done.text[bar + 1..end]);
            Left::Inline(default.to_owned())
        } else {
            self.done.n_templates = self.done.n_templates.saturating_add(1);
            let text = &self.done.text;
            places.push(end);
            let mut from = start;
            let parts = places.iter().map(|place| {
                let part = &text[from..*place];
                from = place + 1;
                part
            });
            self.templates.read(self.title, parts)
        };
        self.done.text.truncate(start);
        match left {
            0 => {}
            1 => self.done.text.push('{'),
            _ => self.frames.push(Frame { kind: Kind::Braces(left), start, bars }),
        }
        self.put(result);
    }

    /// Writes what a template left.
    fn put(&mut self, left: Left) {
        let out = &mut self.done.text;
        let is_in_line = !out.is_empty() && !out.ends_with('\n');
        match left {
            Left::Inline(text) => {
                // Lists and tables begin lines, wherever a template stands.
                if is_in_line && self.frames.is_empty() && (text.starts_with(['*', '#']) || text.starts_with("{|")) {
                    out.push('\n');
                }
                out.push_str(&text);
            }
            Left::Block(text) => {
                out.push_str("\n\n");
                out.push_str(text.trim_start_matches('\n'));
                out.push_str("\n\n");
            }
            Left::Nothing if is_in_line => out.push(GAP),
            Left::Nothing => {}
            Left::Disambiguation => self.done.is_disambiguation = true,
        }
    }

    fn close_link(&mut self, run: usize) {
        let Some(frame) = self.frames.pop() else { return };
        let start = frame.start.min(self.done.text.len());
        let bar = self.bars.get(frame.bars).map(|bar| bar - start);
        self.bars.truncate(frame.bars);
        let mut inner = self.done.text.split_off(start);
        let mut len = 2;
        // `[[Mill|[a mill]]]` shows brackets.
        if run >= 3 && inner.rfind('[').is_some_and(|open| !inner[open..].contains(']')) {
            inner.push(']');
            len = 3;
        }
        match link::shown(&inner, bar, self.names) {
            Shown::Text(text, is_page) => {
                self.done.n_links = self.done.n_links.saturating_add(u32::from(is_page));
                self.done.text.push_str(text);
            }
            Shown::Nothing => {}
        }
        self.at += len;
    }

    fn close_variant(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        let start = frame.start.min(self.done.text.len());
        let bar = self.bars.get(frame.bars).map(|bar| bar - start);
        self.bars.truncate(frame.bars);
        let inner = self.done.text.split_off(start);
        let chosen = match bar {
            Some(bar) => variant::choose(Some(&inner[..bar]), &inner[bar + 1..]),
            None => variant::choose(None, &inner),
        };
        self.done.text.push_str(chosen);
        self.at += 2;
    }

    /// A comment, an element, or another `<`.
    fn angle(&mut self, rest: &'a str) {
        if rest.starts_with("<!--") {
            return self.comment(rest);
        }
        let Some(tag) = element::tag(rest) else { return self.text("<") };
        let (name, element) = ELEMENTS[tag.number];
        let content = &rest[tag.len..];
        let end = match tag.is_empty || self.unclosed[tag.number] {
            true => None,
            false => element::end(content, name),
        };
        if element == Element::Reference {
            self.done.n_references = self.done.n_references.saturating_add(1);
        }
        let Some((len, behind)) = end else {
            // The end of this reference is missing, but the next one may have its own.
            self.unclosed[tag.number] |= !tag.is_empty && element != Element::Reference;
            if element == Element::Reference && self.done.text.ends_with(' ') {
                self.done.text.push(GAP);
            }
            self.at += tag.len;
            return;
        };
        let content = &content[..len];
        let pieces = &mut self.done.pieces;
        let mut put = |out: &mut String, piece: Piece| piece::put(out, pieces, piece);
        let out = &mut self.done.text;
        match element {
            // A reference that is set off by a space leaves the space before a full stop.
            Element::Dropped | Element::Reference if out.ends_with(' ') => out.push(GAP),
            Element::Dropped | Element::Reference => {}
            Element::Nowiki => put(out, Piece::Text(content.to_owned())),
            Element::Math | Element::Chemistry if content.trim().is_empty() => {}
            Element::Math => put(out, Piece::Math(content.trim().to_owned(), tag.attributes.contains("block"))),
            Element::Chemistry => put(out, Piece::Math(format!("\\ce{{{}}}", content.trim()), false)),
            Element::Code if tag.attributes.contains("inline") || tag.attributes.contains("none") => {
                put(out, Piece::InlineCode(content.trim().to_owned()));
            }
            Element::Code => put(out, Piece::Code(content.to_owned())),
            Element::Pre => {
                put(out, Piece::Code(super::inline::decode(&content.replace("<nowiki>", "").replace("</nowiki>", ""))))
            }
        }
        self.at += tag.len + behind;
    }

    /// A comment, and the line if there is nothing else on it.
    fn comment(&mut self, rest: &str) {
        let end = if self.is_comment_unclosed { None } else { memchr::memmem::find(&rest.as_bytes()[4..], b"-->") };
        let Some(end) = end else {
            self.is_comment_unclosed = true;
            self.at += 4;
            return;
        };
        self.at += 4 + end + 3;
        let behind = &self.source[self.at..];
        let is_line_start = self.done.text.is_empty() || self.done.text.ends_with('\n');
        let white = behind.bytes().take_while(|byte| *byte == b' ').count();
        if is_line_start && behind[white..].starts_with('\n') {
            self.at += white + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(wikitext: &str) -> Expanded {
        expand(wikitext, "Mill", &Templates::default(), &Namespaces::default())
    }

    fn text(wikitext: &str) -> String {
        read(wikitext).text
    }

    #[test]
    fn templates_and_links_nest() {
        assert_eq!(text("a {{nowrap|b {{lang|fr|c [[d|e]]}}}} f"), "a b c e f");
        assert_eq!(text("{{Infobox\n| a = [[b|c]]\n| d = {{e}}\n}}\nText"), "\nText");
        assert_eq!(text("[[File:x.jpg|thumb|A [[mill|b]] {{c}}]]Text"), "Text");
        assert_eq!(text("x ({{IPA|y}})"), "x (\u{3})");
        assert_eq!(text("{{{1|default}}} {{{2}}}"), "default ");
        assert_eq!(text("{{{{{1|x}}}}} {{{!}}"), " {|");
        assert_eq!(text("[[Mill|[a mill]]] [[[b]]]"), "[a mill] [b]");
        let read = read("[[a]] [[File:b.png]] {{c}}<ref>d</ref><ref name=e />");
        assert_eq!((read.n_links, read.n_templates, read.n_references), (1, 1, 2));
    }

    #[test]
    fn damage_costs_no_text() {
        assert_eq!(text("a [[b\nc|d]] e"), "a b\nc|d]] e");
        assert_eq!(text("a {{nowrap|b [[c}} d"), "a b [[c d".replace("[[", ""));
        assert_eq!(text("a {{b|c [[d]] e"), "a b|c d e");
        assert_eq!(text("a }} b ]] c | d"), "a }} b ]] c | d");
        assert_eq!(text("a <!-- b"), "a  b");
        assert_eq!(text("a<ref name=b>c <ref>d</ref> e"), "ac \u{3} e");
        assert_eq!(text("a <math>x"), "a x");
        assert_eq!(text("\u{1}0\u{2}a\u{3}"), "0a");
    }

    #[test]
    fn comments_go_with_their_line() {
        assert_eq!(text("a\n<!-- b\n -->  \nc <!--d-->e"), "a\nc e");
    }

    #[test]
    fn pieces_are_put_aside() {
        let read = read(
            "<math>x|y</math>{{nowrap|<nowiki>{{a}}</nowiki>}}<syntaxhighlight lang=c>\n[[1]]\n</syntaxhighlight>",
        );
        assert_eq!(read.text, "\u{1}0\u{2}\u{1}1\u{2}\u{1}2\u{2}");
        let expected = [Piece::Math("x|y".into(), false), Piece::Text("{{a}}".into()), Piece::Code("\n[[1]]\n".into())];
        assert_eq!(read.pieces, expected);
    }

    #[test]
    fn nesting_ends_somewhere() {
        let deep = "{{nowrap|".repeat(1000) + "a" + &"}}".repeat(1000);
        assert!(read(&deep).is_too_deep && read(&deep).text.contains('a'));
    }

    #[test]
    fn variants_are_chosen() {
        assert_eq!(text("一-{zh-hans:软件;zh-hant:軟體}-二-{R|x}-"), "一软件二x");
    }
}
