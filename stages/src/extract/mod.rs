//! HTML to plain text: the main content of a page, or all of it.
//!
//! Bytes become text in [`charset`]; text becomes a tree in [`dom`]; one pass over the tree writes [`blocks`]; [`score`]
//! chooses among them; [`text`] joins what is kept. Formulas, listings, lists and tables have rooms of their own.

pub mod all_text;
pub mod blocks;
pub mod charset;
mod code;
pub mod decide;
mod declared_type;
mod display;
pub mod dom;
pub mod explain;
pub mod features;
#[cfg(test)]
mod fuzz;
pub mod hints;
#[cfg(test)]
mod hostile;
pub mod landmarks;
mod lists;
pub mod main_text;
mod math;
mod mathml;
pub mod metadata;
mod raised;
pub mod rules;
#[cfg(test)]
mod scripts;
pub mod site_rules;
mod sniff;
mod stage;
mod subsup;
mod tables;
pub mod text;
mod walk;
pub mod wikitext;

use blocks::Outline;
use decide::{Decider, Decision, Domain};
use dom::{Dom, Noscript};
use rules::Ruled;
use text::Emitter;

/// Longest page read, in bytes of UTF-8; the rest is cut off with a note.
pub const MAX_HTML_BYTES: usize = 64 * 1024 * 1024;

/// Buffers larger than this are given back before the next page. A page of 2 MB needs less; those that need more are few.
const MAX_KEPT_BYTES: usize = 16 * 1024 * 1024;

/// A page that shows fewer letters is probably drawn by a script, and what it has for readers without scripts is looked
/// at as well.
const MIN_SHOWN_LETTERS: u64 = 250;
/// How many times longer the text without scripts must be to be taken; a request to turn them on is not.
const MIN_NOSCRIPT_GAIN: u64 = 4;

/// How much of a page is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// What the page is about, without the frame of the site around it.
    MainText(Decision),
    /// Everything that is shown.
    AllText,
}

/// Something about a page that its reader should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// Longer than [`MAX_HTML_BYTES`]: cut off.
    TooLong,
    /// More than [`dom::MAX_NODES`] nodes: cut off.
    TooManyNodes,
    /// Nested too deep: inner elements dropped, their text kept.
    TooDeep,
    /// A tag with too many attributes: the surplus dropped.
    TooManyAttributes,
}

impl Note {
    /// The name in records.
    pub fn name(self) -> &'static str {
        match self {
            Note::TooLong => "too_long",
            Note::TooManyNodes => "too_many_nodes",
            Note::TooDeep => "too_deep",
            Note::TooManyAttributes => "too_many_attributes",
        }
    }
}

/// Text and statements of a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extracted {
    /// Plain text; headings, paragraphs, items and rows on their own lines, code as written.
    pub text: String,
    /// Title, or empty.
    pub title: String,
    /// Stated date of publication, as written.
    pub date: Option<String>,
    /// Stated canonical address.
    pub canonical_url: Option<String>,
    /// Stated language.
    pub declared_lang: Option<String>,
    /// What tags allow machines to do with the page: whom they address, and their directives.
    pub robots: Vec<(String, String)>,
    /// Address of the licence that the page names.
    pub license: Option<String>,
    /// Share of the text of the whole page that is inside links.
    pub link_density: f32,
    /// Share of the text of the whole page that was kept.
    pub kept_share: f32,
    /// Stated kind of page.
    pub page_type: Option<&'static str>,
    /// How the page was read; `None` for all of its text.
    pub domain: Option<Domain>,
    /// Expected F1 of the choice of blocks; `None` if the rules chose.
    pub expected_f1: Option<f32>,
    /// Nodes of the tree.
    pub n_nodes: usize,
    /// Errors of the page by the HTML standard.
    pub n_parse_errors: u32,
    /// What was special.
    pub notes: Vec<Note>,
}

/// Buffers that are reused from page to page; keep one per thread.
#[derive(Debug, Default)]
pub struct Scratch {
    dom: Dom,
    outline: Outline,
    decider: Decider,
}

impl Scratch {
    /// The tree of the page read last.
    pub fn dom(&self) -> &Dom {
        &self.dom
    }

    /// The blocks of the page read last.
    pub fn outline(&self) -> &Outline {
        &self.outline
    }

    /// Bytes held for the next page. What a huge page needed is given back after it.
    pub fn memory_bytes(&self) -> usize {
        self.dom.memory_bytes() + self.outline.memory_bytes()
    }

    /// What was decided about them.
    pub fn decider(&self) -> &Decider {
        &self.decider
    }

    /// What the rules say about them.
    pub fn ruled(&self) -> Ruled<'_> {
        self.decider.ruled()
    }
}

/// Reads a page. Never fails; time and memory are linear in its length.
pub fn extract(html: &str, mode: Mode, scratch: &mut Scratch) -> Extracted {
    let mut notes = Vec::new();
    let html = cut(html, &mut notes);
    let Scratch { dom, outline, decider } = scratch;
    dom.shrink_to(MAX_KEPT_BYTES);
    outline.shrink_to(MAX_KEPT_BYTES);
    dom.parse(html);
    let limits = dom.limits();
    let noted = [
        (limits.too_many_nodes, Note::TooManyNodes),
        (limits.too_deep, Note::TooDeep),
        (limits.too_many_attributes, Note::TooManyAttributes),
    ];
    notes.extend(noted.iter().filter(|(is_so, _)| *is_so).map(|(_, note)| *note));

    let metadata = metadata::read(dom);
    outline.read(dom);
    if outline.n_letters() < MIN_SHOWN_LETTERS && html.contains("<noscript") {
        show_noscript(html, dom, outline);
    }
    match mode {
        Mode::MainText(decision) => decider.keep_main(outline, decision),
        Mode::AllText => decider.keep_all(outline),
    }

    let mut text = String::with_capacity(outline.text.len() / 2);
    let mut emitter = Emitter::default();
    let (mut n_bytes, mut n_kept, mut n_link) = (0u64, 0u64, 0u64);
    for (block, &is_kept) in outline.blocks.iter().zip(decider.kept()) {
        if is_kept || !outline.is_hidden(block) {
            n_bytes += u64::from(block.len());
            n_link += u64::from(block.link_bytes.min(block.len()));
        }
        if is_kept {
            n_kept += u64::from(block.len());
            emitter.keep(&mut text, block.join, outline.text_of(block));
        } else {
            emitter.skip(block.join);
        }
    }
    let share = |part: u64| if n_bytes == 0 { 0.0 } else { part as f32 / n_bytes as f32 };
    Extracted {
        text,
        title: metadata.title,
        date: metadata.date,
        canonical_url: metadata.canonical_url,
        declared_lang: metadata.language,
        robots: metadata.robots,
        license: metadata.license,
        link_density: share(n_link),
        kept_share: share(n_kept),
        page_type: metadata.page_type,
        domain: (mode != Mode::AllText).then(|| decider.domain()),
        expected_f1: decider.confidence(),
        n_nodes: dom.len(),
        n_parse_errors: dom.n_errors(),
        notes,
    }
}

/// Reads the page again as shown without scripts, and stays with that if there is far more text.
fn show_noscript(html: &str, dom: &mut Dom, outline: &mut Outline) {
    let n_letters = outline.n_letters().max(MIN_SHOWN_LETTERS / MIN_NOSCRIPT_GAIN);
    dom.parse_with(html, Noscript::Shown);
    outline.read(dom);
    if outline.n_letters() < MIN_NOSCRIPT_GAIN * n_letters {
        dom.parse(html);
        outline.read(dom);
    }
}

fn cut<'a>(html: &'a str, notes: &mut Vec<Note>) -> &'a str {
    if html.len() <= MAX_HTML_BYTES {
        return html;
    }
    notes.push(Note::TooLong);
    let mut end = MAX_HTML_BYTES;
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    &html[..end]
}
