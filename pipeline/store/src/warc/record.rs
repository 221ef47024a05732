//! One record as the reader hands it out: borrowed from the reader's buffer until the next one.

use std::borrow::Cow;

use super::arc::UrlLine;
use super::fields::Headers;
use super::http::{self, HttpResponse};
use super::limits::Limits;
use super::notes::Notes;

/// What a record is, after `WARC-Type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordKind {
    /// About the file.
    Warcinfo,
    /// What a crawler sent.
    Request,
    /// What a server sent. Every capture of an ARC file.
    Response,
    /// About another record.
    Metadata,
    /// A capture whose content is stored elsewhere.
    Revisit,
    /// Content without a protocol.
    Resource,
    /// Another form of a record's content, such as the text of WET files.
    Conversion,
    /// The rest of a record of another file.
    Continuation,
    /// The version block at the start of an ARC file.
    ArcHeader,
    /// A type that the standard does not name.
    Unknown,
}

impl RecordKind {
    pub(super) fn of(warc_type: &[u8]) -> Self {
        const NAMES: [(&str, RecordKind); 8] = [
            ("warcinfo", RecordKind::Warcinfo),
            ("request", RecordKind::Request),
            ("response", RecordKind::Response),
            ("metadata", RecordKind::Metadata),
            ("revisit", RecordKind::Revisit),
            ("resource", RecordKind::Resource),
            ("conversion", RecordKind::Conversion),
            ("continuation", RecordKind::Continuation),
        ];
        let named = NAMES.iter().find(|(name, _)| warc_type.eq_ignore_ascii_case(name.as_bytes()));
        named.map_or(RecordKind::Unknown, |&(_, kind)| kind)
    }
}

/// Why a block is not all that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truncation {
    /// The crawler stopped at a size (`WARC-Truncated: length`).
    Length,
    /// The crawler stopped at a time (`time`).
    Time,
    /// The connection broke (`disconnect`).
    Disconnect,
    /// The crawler gives another reason or none.
    Unspecified,
    /// The block is larger than [`Limits::max_record`].
    RecordLimit,
    /// The file ends within the record.
    EndOfInput,
}

impl Truncation {
    pub(super) fn of(warc_truncated: &[u8]) -> Self {
        match warc_truncated.to_ascii_lowercase().as_slice() {
            b"length" => Truncation::Length,
            b"time" => Truncation::Time,
            b"disconnect" => Truncation::Disconnect,
            _ => Truncation::Unspecified,
        }
    }

    /// Stable name in snake case.
    pub fn name(self) -> &'static str {
        match self {
            Truncation::Length => "length",
            Truncation::Time => "time",
            Truncation::Disconnect => "disconnect",
            Truncation::Unspecified => "unspecified",
            Truncation::RecordLimit => "record_limit",
            Truncation::EndOfInput => "end_of_input",
        }
    }
}

/// The header of a record in either format.
#[derive(Debug, Clone)]
pub(super) enum Head<'a> {
    Warc(Headers<'a>),
    Arc(UrlLine<'a>),
}

/// A record of a WARC or ARC file.
#[derive(Debug, Clone)]
pub struct WarcRecord<'a> {
    /// Place in the file of the record, or of the compressed member that it begins in.
    pub offset: u64,
    /// What the record is.
    pub kind: RecordKind,
    /// The content: for captures usually an HTTP message with its head.
    pub block: &'a [u8],
    /// The length that the header gives, if it gives one.
    pub declared_length: Option<u64>,
    /// Why the block is not all that was sent, if it is not.
    pub truncated: Option<Truncation>,
    /// What was odd.
    pub notes: Notes,
    pub(super) head: Head<'a>,
}

impl<'a> WarcRecord<'a> {
    /// Value of a WARC header field; the names of WARC are understood for ARC captures too where they have the field.
    pub fn header(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        match &self.head {
            Head::Warc(headers) => headers.get(name),
            Head::Arc(line) => {
                let fields = [
                    ("WARC-Target-URI", line.url),
                    ("WARC-IP-Address", line.ip),
                    ("WARC-Date", line.date),
                    ("Content-Type", line.mime),
                ];
                let found = fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
                found.map(|(_, value)| Cow::Borrowed(value))
            }
        }
    }

    /// All header fields in their order; none for ARC.
    pub fn headers(&self) -> impl Iterator<Item = (&'a [u8], Cow<'a, [u8]>)> {
        let headers = match &self.head {
            Head::Warc(headers) => Some(headers),
            Head::Arc(_) => None,
        };
        headers.into_iter().flat_map(Headers::iter)
    }

    /// `WARC-Record-ID` without its angle brackets. None for ARC.
    pub fn record_id(&self) -> Option<Cow<'a, str>> {
        self.text("WARC-Record-ID").map(without_brackets)
    }

    /// The URI of the capture as the crawler wrote it, blanks and all, without angle brackets around it.
    pub fn target_uri(&self) -> Option<Cow<'a, str>> {
        self.text("WARC-Target-URI").map(without_brackets)
    }

    /// When the capture was made, in RFC 3339 and UTC, whatever form the file uses.
    pub fn date(&self) -> Option<String> {
        tokenmill_core::date::normalise(&self.header("WARC-Date")?)
    }

    /// Address of the server.
    pub fn ip_address(&self) -> Option<Cow<'a, str>> {
        self.text("WARC-IP-Address")
    }

    /// Content type of the block (WARC), or of the payload as the crawler took it (ARC).
    pub fn content_type(&self) -> Option<Cow<'a, str>> {
        self.text("Content-Type")
    }

    /// `WARC-Payload-Digest` as written.
    pub fn payload_digest(&self) -> Option<Cow<'a, str>> {
        self.text("WARC-Payload-Digest")
    }

    /// Whether the block is an HTTP message, by content type or (ARC, type missing) by its first bytes.
    pub fn is_http(&self) -> bool {
        let http = |mime: &[u8]| {
            let mime = mime.trim_ascii_start();
            mime.get(..16).is_some_and(|start| start.eq_ignore_ascii_case(b"application/http"))
        };
        match (&self.head, self.header("Content-Type")) {
            (Head::Warc(_), Some(mime)) => http(&mime),
            _ => http::has_head(self.block),
        }
    }

    /// What `WARC-Payload-Digest` covers: the body of an HTTP message, or the whole block.
    pub fn payload(&self) -> &'a [u8] {
        if self.is_http() { http::after_head(self.block) } else { self.block }
    }

    /// Reads the block as an HTTP response and decodes its body.
    pub fn http(&self, limits: &Limits) -> HttpResponse<'a> {
        http::response(self.block, limits)
    }

    fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        Some(match self.header(name)? {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        })
    }
}

fn without_brackets(text: Cow<'_, str>) -> Cow<'_, str> {
    let bare = |text: &str| text.starts_with('<') && text.ends_with('>') && text.len() >= 2;
    match text {
        Cow::Borrowed(text) if bare(text) => Cow::Borrowed(text[1..text.len() - 1].trim()),
        Cow::Owned(text) if bare(&text) => Cow::Owned(text[1..text.len() - 1].trim().to_owned()),
        other => other,
    }
}
