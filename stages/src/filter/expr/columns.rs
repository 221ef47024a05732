//! The columns of a document that an expression can name.

use super::types::Type;
use tokenmill_core::Doc;
use tokenmill_core::text::n_chars;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Url,
    Host,
    CanonicalUrl,
    Lang,
    Kind,
    Date,
    Title,
    RecordId,
    Truncated,
    Text,
    TextBytes,
    TextChars,
    TextWords,
    TextLines,
}

/// Every column by its name.
pub const COLUMNS: [(&str, Column, Type); 14] = [
    ("url", Column::Url, Type::Text),
    ("url.host", Column::Host, Type::Text),
    ("url.canonical", Column::CanonicalUrl, Type::Text),
    ("lang", Column::Lang, Type::Text),
    ("kind", Column::Kind, Type::Text),
    ("date", Column::Date, Type::Text),
    ("title", Column::Title, Type::Text),
    ("record_id", Column::RecordId, Type::Text),
    ("truncated", Column::Truncated, Type::Truth),
    ("text", Column::Text, Type::Text),
    ("text.bytes", Column::TextBytes, Type::Number),
    ("text.chars", Column::TextChars, Type::Number),
    ("text.words", Column::TextWords, Type::Number),
    ("text.lines", Column::TextLines, Type::Number),
];

/// The names alone, for suggestions.
pub const NAMES: &[&str] = &{
    let mut names = [""; COLUMNS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = COLUMNS[at].0;
        at += 1;
    }
    names
};

impl Column {
    /// Whether there is nothing to see before the extraction.
    pub fn needs_text(self) -> bool {
        use Column::{Text, TextBytes, TextChars, TextLines, TextWords, Title};
        matches!(self, Title | Text | TextBytes | TextChars | TextWords | TextLines)
    }

    /// The text of a column of texts; `host` is that of the URL in lower case.
    pub fn text<'a>(self, doc: &Doc<'a>, host: &'a str) -> &'a str {
        let document = doc.document();
        match self {
            Column::Url => &document.url,
            Column::Host => host,
            Column::CanonicalUrl => &document.canonical_url,
            Column::Lang => &document.lang,
            Column::Kind => &document.kind,
            Column::Date => &document.date,
            Column::Title => &document.title,
            Column::RecordId => &document.record_id,
            _ => &document.text,
        }
    }

    /// The number of a column of numbers.
    pub fn number(self, doc: &Doc<'_>) -> f64 {
        let number = match self {
            Column::TextBytes => doc.text().len(),
            Column::TextChars => n_chars(doc.text()),
            Column::TextWords => doc.words().len(),
            _ => doc.lines().iter().filter(|line| !line.is_blank()).count(),
        };
        number as f64
    }
}
