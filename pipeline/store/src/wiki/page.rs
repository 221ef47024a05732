//! A page of a dump, and what a dump says of the wiki that it is of.

/// Bytes of the longest text of a page that is read; MediaWiki stores 2 MiB at most.
pub(super) const MAX_TEXT: usize = 16 << 20;

/// Bytes of any other field.
const MAX_FIELD: usize = 1024;

/// A page, as a reader gives it; filled anew with every call.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct WikiPage {
    /// Its title.
    pub title: String,
    /// Its number, which stays when it is renamed; empty when the dump has none.
    pub id: String,
    /// The number of the last revision that the dump has.
    pub revision: String,
    /// When that was made, as written: RFC 3339 in MediaWiki's dumps.
    pub timestamp: String,
    /// What the content is by MediaWiki's word, or empty; `wikitext` for articles.
    pub model: String,
    /// The number of its namespace; articles are in 0.
    pub namespace: i32,
    /// Whether it does nothing but lead to another one.
    pub is_redirect: bool,
    /// Its wikitext, of the last revision that the dump has; empty when it is too long.
    pub text: String,
    /// Whether the text was too long to be read.
    pub is_too_long: bool,
}

/// What the head of a dump says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// Name of the wiki's database, as in `enwiki`.
    pub name: String,
    /// Address of its main page.
    pub base: String,
    /// Its language, as written.
    pub lang: String,
    /// What it calls the namespace of files.
    pub file: String,
    /// What it calls the namespace of categories.
    pub category: String,
}

/// An element of a dump, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Page,
    Revision,
    Contributor,
    Other,
}

/// What the text of an element is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    None,
    Title,
    Namespace,
    Id,
    Revision,
    Timestamp,
    Model,
    Text,
    SiteName,
    SiteBase,
    SiteFile,
    SiteCategory,
}

impl Field {
    /// The field that an element holds, given the element around it.
    pub(super) fn of(around: Element, name: &str) -> Field {
        match (around, name) {
            (Element::Page, "title") => Field::Title,
            (Element::Page, "ns") => Field::Namespace,
            (Element::Page, "id") => Field::Id,
            (Element::Revision, "id") => Field::Revision,
            (Element::Revision, "timestamp") => Field::Timestamp,
            (Element::Revision, "model") => Field::Model,
            (Element::Revision, "text") => Field::Text,
            (Element::Other, "dbname") => Field::SiteName,
            (Element::Other, "base") => Field::SiteBase,
            _ => Field::None,
        }
    }
}

impl WikiPage {
    pub(super) fn clear(&mut self) {
        [&mut self.title, &mut self.id].into_iter().for_each(String::clear);
        (self.namespace, self.is_redirect) = (0, false);
        self.clear_revision();
    }

    /// Forgets the revision before; each has its own text, or none.
    pub(super) fn clear_revision(&mut self) {
        [&mut self.revision, &mut self.timestamp, &mut self.model, &mut self.text].into_iter().for_each(String::clear);
        self.is_too_long = false;
    }
}

/// Adds text to a field of the page or of the site. `namespace` holds the number while it is read.
pub(super) fn add(page: &mut WikiPage, site: &mut Site, namespace: &mut String, field: Field, text: &str) {
    let to = match field {
        Field::None => return,
        Field::Text if page.is_too_long => return,
        Field::Text if page.text.len() + text.len() > MAX_TEXT => {
            page.is_too_long = true;
            page.text = String::new();
            return;
        }
        Field::Text => return page.text.push_str(text),
        Field::Title => &mut page.title,
        Field::Namespace => namespace,
        Field::Id => &mut page.id,
        Field::Revision => &mut page.revision,
        Field::Timestamp => &mut page.timestamp,
        Field::Model => &mut page.model,
        Field::SiteName => &mut site.name,
        Field::SiteBase => &mut site.base,
        Field::SiteFile => &mut site.file,
        Field::SiteCategory => &mut site.category,
    };
    if to.len() + text.len() <= MAX_FIELD {
        to.push_str(text);
    }
}
