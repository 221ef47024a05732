//! Wikitext to plain text, in the same form as pages of the web have: no marks of wiki or HTML markup, code as written,
//! formulas as TeX.
//!
//! MediaWiki reads a page twice, and so does this: [`expand`] settles what may stand anywhere and within each other
//! (comments, elements such as `<math>`, templates, links), [`lines`] reads what is left line by line (headings, lists,
//! tables, paragraphs). [`sections`] then leaves out what only leads elsewhere. Nothing recurses deeper than a fixed
//! number of levels, and time and memory are linear in the length of the page, whatever is in it.

mod args;
#[cfg(test)]
mod cases;
mod element;
mod expand;
#[cfg(test)]
mod hostile;
mod inline;
mod lines;
mod link;
mod meanings;
mod namespaces;
mod piece;
mod quantity;
mod redirect;
mod sections;
pub mod stage;
mod table;
mod template;
mod template_names;
mod tidy;
mod variant;

pub use sections::Sections;
pub use template::Templates;

use lines::Writer;
use namespaces::Namespaces;

/// How wikitext is to be read.
#[derive(Debug, Default)]
pub struct Options {
    /// Which templates have a text.
    pub templates: Templates,
    /// Which sections are left out.
    pub sections: Sections,
    /// Whether the title becomes the first line.
    pub title: bool,
    /// Whether tables are kept.
    pub tables: bool,
}

/// What a page is, as far as its markup says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Text about something.
    #[default]
    Article,
    /// A list of the articles that a title could mean.
    Disambiguation,
    /// It leads to another page and holds nothing.
    Redirect,
}

impl Kind {
    /// The name in records.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Article => "article",
            Kind::Disambiguation => "disambiguation",
            Kind::Redirect => "redirect",
        }
    }
}

/// The text of a page, and what its markup held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Converted {
    /// Plain text: headings and paragraphs set off by blank lines, items and rows on lines of their own.
    pub text: String,
    /// What the page is.
    pub kind: Kind,
    /// Templates that were used, whether they left a text or not.
    pub n_templates: u32,
    /// Links to other pages of the wiki; no files, no categories.
    pub n_links: u32,
    /// References: `<ref>` elements.
    pub n_references: u32,
    /// Bytes of text in items of lists and rows of tables, of those that are no headings.
    pub n_list_bytes: usize,
    /// Bytes of text that is no heading.
    pub n_body_bytes: usize,
    /// Whether markup was nested too deeply, and inner markup taken for text.
    pub is_too_deep: bool,
}

/// Converts a page. `names` are the parameters of its type (see [`Namespaces::new`]), or empty. Never fails.
pub fn convert(wikitext: &str, title: &str, names: &str, options: &Options) -> Converted {
    if redirect::is_redirect(wikitext) {
        return Converted { kind: Kind::Redirect, ..Converted::default() };
    }
    let names = Namespaces::new(names);
    let expanded = expand::expand(wikitext, title, &options.templates, &names);
    let mut writer = Writer::new(&expanded.pieces, options.tables);
    writer.read(&expanded.text);
    let kept = sections::join(&writer.finish(), if options.title { title } else { "" }, &options.sections);
    Converted {
        text: kept.text,
        kind: if expanded.is_disambiguation { Kind::Disambiguation } else { Kind::Article },
        n_templates: expanded.n_templates,
        n_links: expanded.n_links,
        n_references: expanded.n_references,
        n_list_bytes: kept.n_list_bytes,
        n_body_bytes: kept.n_body_bytes,
        is_too_deep: expanded.is_too_deep,
    }
}
