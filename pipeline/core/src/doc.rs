//! A document: the owned row that travels through a phase, and the borrowed view that a stage sees.

use crate::arena::Analysis;
use crate::text::Shape;
use crate::text::lines::Line;
use crate::text::words::Word;
use crate::{DocId, Record};

/// One document as a phase owns it; cleared and filled again for each record, so its buffers are reused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Identity.
    pub id: DocId,
    /// Id as the source gives it, or empty.
    pub record_id: String,
    /// Target URI as captured, or empty.
    pub url: String,
    /// Canonical form of the URL; empty until a step sets it.
    pub canonical_url: String,
    /// RFC 3339 UTC, or empty.
    pub date: String,
    /// Language label; from the source, then from the step that identifies it.
    pub lang: String,
    /// Page kind; empty until a step sets it.
    pub kind: String,
    /// Title of the page, or empty.
    pub title: String,
    /// Whether the capture was cut off.
    pub truncated: bool,
    /// JSON object of the columns carried along, or empty.
    pub extra: String,
    /// What the page allows machines to do with it, in the form of [`crate::robots`]: from its headers, then also from its tags.
    pub robots: String,
    /// Licence: the address that the page names, or an SPDX expression; empty when none is known.
    pub license: String,
    /// The text; empty until extraction.
    pub text: String,
}

impl Document {
    /// Empties every field and keeps the buffers.
    pub fn clear(&mut self) {
        self.id = DocId::default();
        self.truncated = false;
        for field in [
            &mut self.record_id,
            &mut self.url,
            &mut self.canonical_url,
            &mut self.date,
            &mut self.lang,
            &mut self.kind,
            &mut self.title,
            &mut self.extra,
            &mut self.robots,
            &mut self.license,
            &mut self.text,
        ] {
            field.clear();
        }
    }

    /// Takes over everything but the payload of a record.
    pub fn fill_from(&mut self, id: DocId, record: &Record<'_>) {
        self.clear();
        self.id = id;
        self.truncated = record.truncated;
        self.record_id.push_str(record.record_id);
        self.url.push_str(record.url);
        self.date.push_str(record.date);
        self.lang.push_str(record.lang);
        self.extra.push_str(record.extra);
        self.robots.push_str(record.robots);
        self.license.push_str(record.license);
    }
}

/// One document as a stage sees it: borrowed; words, lines and shape are computed on first use, then shared by all
/// stages until an edit changes the text.
#[derive(Clone, Copy)]
pub struct Doc<'a> {
    document: &'a Document,
    analysis: &'a Analysis,
}

impl<'a> Doc<'a> {
    /// Pairs a document with the analysis of its current text; the caller resets the analysis when the text changes.
    pub fn new(document: &'a Document, analysis: &'a Analysis) -> Doc<'a> {
        Doc { document, analysis }
    }

    /// All fields.
    pub fn document(&self) -> &'a Document {
        self.document
    }

    /// Identity.
    pub fn id(&self) -> DocId {
        self.document.id
    }

    /// Target URI as captured, or empty.
    pub fn url(&self) -> &'a str {
        &self.document.url
    }

    /// Host of the URL in the case it was written in, without port and user; empty when there is none.
    pub fn host(&self) -> &'a str {
        crate::text::host_of(&self.document.url)
    }

    /// Language label, or empty.
    pub fn lang(&self) -> &'a str {
        &self.document.lang
    }

    /// RFC 3339 UTC, or empty.
    pub fn date(&self) -> &'a str {
        &self.document.date
    }

    /// The text.
    pub fn text(&self) -> &'a str {
        &self.document.text
    }

    /// Words of the text (definition `words/v2`, [`crate::text::words`]).
    pub fn words(&self) -> &'a [Word] {
        self.analysis.words(&self.document.text)
    }

    /// The words of one line.
    pub fn words_of(&self, line: &Line) -> &'a [Word] {
        let words = self.words();
        let from = words.partition_point(|word| word.start < line.start);
        &words[from..from + words[from..].partition_point(|word| word.start < line.end)]
    }

    /// The bytes of one word.
    pub fn word(&self, word: &Word) -> &'a str {
        word.of(&self.document.text)
    }

    /// One hash per word, in the order of [`Doc::words`].
    pub fn word_hashes(&self) -> &'a [u64] {
        self.analysis.word_hashes(&self.document.text)
    }

    /// One hash per normal word of the text (definition `normal_words/v1`, [`crate::text::normal`]).
    pub fn normal_words(&self) -> &'a [u64] {
        self.analysis.normal_words(&self.document.text)
    }

    /// Lines of the text (split at `\n` only).
    pub fn lines(&self) -> &'a [Line] {
        self.analysis.lines(&self.document.text)
    }

    /// Counts over the whole text.
    pub fn shape(&self) -> Shape {
        self.analysis.shape(&self.document.text)
    }
}
