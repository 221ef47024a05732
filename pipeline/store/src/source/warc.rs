//! Crawl files as a source: which records are documents, which are refused and why, and which are merely counted.

use super::{Counted, Counts, Event, Item, Refusal, SplitReader};
use crate::StoreError;
use crate::warc::{self, HttpResponse, Limits, Notes, RecordKind, WarcReader, WarcRecord};
use std::borrow::Cow;
use tokenmill_core::hash::digest_hex;
use tokenmill_core::{DocId, Payload, Record, robots};

/// The only HTTP status that stands for a page.
const STATUS_OK: u16 = 200;

/// Reads one WARC, WET or ARC file.
pub struct WarcSplit {
    reader: WarcReader<Counted>,
    counts: Counts,
    limits: Limits,
    name: String,
    row: Row,
}

/// The fields of the record in hand; the buffers are reused.
#[derive(Default)]
pub(super) struct Row {
    record_id: String,
    url: String,
    date: String,
    mime: String,
    charset: String,
    robots: String,
    body: Vec<u8>,
}

impl WarcSplit {
    /// Reads `input`; `name` takes part in the ids of records that have none.
    pub fn new(input: Counted, name: &str) -> WarcSplit {
        let limits = Limits::default();
        let counts = input.counts();
        let reader = WarcReader::new(input, limits.clone());
        WarcSplit { reader, counts, limits, name: name.to_owned(), row: Row::default() }
    }
}

impl SplitReader for WarcSplit {
    fn next(&mut self) -> Result<Option<Event<'_>>, StoreError> {
        self.row.clear();
        let item = self.reader.next().map_err(|error| StoreError::io("read", &self.name)(error.source))?;
        match item {
            None => Ok(None),
            Some(warc::Item::Record(record)) => Ok(Some(self.row.event(record, &self.limits, &self.name))),
            Some(warc::Item::Damaged(damage)) => {
                let id = DocId::from_position(&self.name, damage.offset);
                let evidence = format!("{} bytes from {}: {}", damage.bytes_skipped, damage.offset, damage.detail);
                let refusal = Some(Refusal::because(damage.reason, evidence));
                Ok(Some(Event::Document(Item { record: Record::EMPTY, id, refusal, notes: Notes::default() })))
            }
        }
    }

    fn bytes_read(&self) -> u64 {
        self.counts.bytes()
    }

    fn digest(&self) -> Option<String> {
        self.counts.digest()
    }
}

/// A record of which nothing is known.
impl Row {
    pub(super) fn clear(&mut self) {
        [&mut self.record_id, &mut self.url, &mut self.date, &mut self.mime, &mut self.charset, &mut self.robots]
            .into_iter()
            .for_each(String::clear);
        self.body = Vec::new();
    }

    pub(super) fn event<'a>(&'a mut self, record: WarcRecord<'a>, limits: &Limits, name: &str) -> Event<'a> {
        if let Some(kind) = counted_kind(record.kind) {
            return Event::Other(kind);
        }
        self.record_id.push_str(record.record_id().as_deref().unwrap_or(""));
        self.url.push_str(record.target_uri().as_deref().unwrap_or(""));
        self.date.push_str(&record.date().unwrap_or_default());
        let mut notes = record.notes;
        let mut refusal = None;
        let mut body: &[u8] = record.block;
        if record.kind == RecordKind::Revisit {
            refusal = Some(Refusal { reason: "revisit", ..Refusal::default() });
        } else if record.kind == RecordKind::Conversion {
            self.mime.push_str("text/plain");
        } else if record.is_http() {
            let response = record.http(limits);
            notes.merge(response.notes);
            refusal = self.take_head(&response);
            body = match response.body {
                Cow::Borrowed(body) => body,
                Cow::Owned(body) => {
                    self.body = body;
                    &self.body
                }
            };
        } else {
            let content_type = record.content_type().unwrap_or_default();
            (self.mime, self.charset) = mime_and_charset(&content_type);
        }
        let refusal = refusal.or_else(|| not_a_page(&self.mime, body));
        let id = self.id(&record, body, name);
        let payload = if refusal.is_some() {
            Payload::Page { body: &[], mime: &self.mime, charset: "" }
        } else if record.kind == RecordKind::Conversion {
            Payload::Text(match std::str::from_utf8(body) {
                Ok(text) => text,
                Err(error) => std::str::from_utf8(&body[..error.valid_up_to()]).unwrap_or(""),
            })
        } else {
            Payload::Page { body, mime: &self.mime, charset: &self.charset }
        };
        let record = Record {
            record_id: &self.record_id,
            url: &self.url,
            date: &self.date,
            lang: "",
            truncated: record.truncated.is_some(),
            extra: "",
            robots: &self.robots,
            license: "",
            payload,
        };
        Event::Document(Item { record, id, refusal, notes })
    }

    /// Takes the type of the body over; refuses other statuses than 200.
    fn take_head(&mut self, response: &HttpResponse<'_>) -> Option<Refusal> {
        self.mime.push_str(&response.mime);
        self.charset.push_str(response.charset.as_deref().unwrap_or(""));
        response
            .headers
            .get_all("X-Robots-Tag")
            .for_each(|value| robots::add(&mut self.robots, "", &String::from_utf8_lossy(&value)));
        if response.headers.get_all("TDM-Reservation").any(|value| value.trim_ascii() == b"1") {
            robots::add_one(&mut self.robots, robots::TDM_RESERVATION);
        }
        (response.status != STATUS_OK).then(|| Refusal {
            reason: "http_status",
            metric: "status",
            value: Some(f32::from(response.status)),
            limit: Some(f32::from(STATUS_OK)),
            ..Refusal::default()
        })
    }

    fn id(&self, record: &WarcRecord<'_>, body: &[u8], name: &str) -> DocId {
        if !self.record_id.is_empty() {
            return DocId::from_record_id(&self.record_id);
        }
        if self.url.is_empty() {
            return DocId::from_position(name, record.offset);
        }
        let stated = record.payload_digest();
        let digest = stated.map_or_else(|| digest_hex(body), Cow::into_owned);
        DocId::from_capture(&self.url, &self.date, &digest)
    }
}

/// The name under which a record is counted, when it is no document by its nature.
pub(super) fn counted_kind(kind: RecordKind) -> Option<&'static str> {
    match kind {
        RecordKind::Response | RecordKind::Resource | RecordKind::Conversion | RecordKind::Revisit => None,
        RecordKind::Warcinfo => Some("warcinfo"),
        RecordKind::Request => Some("request"),
        RecordKind::Metadata => Some("metadata"),
        RecordKind::Continuation => Some("continuation"),
        RecordKind::ArcHeader => Some("arc_header"),
        RecordKind::Unknown => Some("unknown"),
    }
}

/// Splits `text/html; charset=utf-8`.
fn mime_and_charset(content_type: &str) -> (String, String) {
    let mut parts = content_type.split(';');
    let mime = parts.next().unwrap_or("").trim().to_ascii_lowercase();
    let charset =
        parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    (mime, charset.map_or("", |(_, value)| value.trim().trim_matches(['"', '\''])).to_owned())
}

/// Refuses what is not a web page by its declared type, or by its first bytes when no type is declared.
fn not_a_page(mime: &str, body: &[u8]) -> Option<Refusal> {
    let is_page = match mime {
        "text/html" | "application/xhtml+xml" | "text/plain" => true,
        "" | "application/octet-stream" | "no-type" | "unknown" | "application/x-unknown-content-type" => {
            looks_like_html(body)
        }
        _ => false,
    };
    (!is_page).then(|| Refusal::because("not_html", if mime.is_empty() { "no content type" } else { mime }))
}

/// Whether a tag or doctype stands in the first bytes; a subset of the WHATWG MIME sniffing rules.
fn looks_like_html(body: &[u8]) -> bool {
    let start = body.get(..512).unwrap_or(body).trim_ascii_start().to_ascii_lowercase();
    let marks: [&[u8]; 6] = [b"<!doctype html", b"<html", b"<head", b"<body", b"<title", b"<script"];
    marks.iter().any(|mark| memchr::memmem::find(&start, mark).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: &str, fields: &str, block: &str) -> String {
        let id = format!("<urn:uuid:{:x}>", tokenmill_core::hash::hash64(0, block.as_bytes()));
        let length = block.len();
        format!(
            "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: {id}\r\nWARC-Date: 2024-01-02T03:04:05Z\r\n{fields}Content-Length: {length}\r\n\r\n{block}\r\n\r\n"
        )
    }

    fn events(file: String) -> Vec<String> {
        let mut split = WarcSplit::new(Counted::new(std::io::Cursor::new(file.into_bytes())), "t.warc");
        let mut out = Vec::new();
        while let Some(event) = split.next().unwrap() {
            out.push(match event {
                Event::Other(kind) => kind.to_owned(),
                Event::Document(item) => match (item.refusal, item.record.payload) {
                    (Some(refusal), _) => format!("{} {}", refusal.reason, item.record.url),
                    (None, Payload::Text(text)) => format!("text {text}"),
                    (None, Payload::Page { body, mime, charset }) => {
                        format!("{mime} {charset} {}", String::from_utf8_lossy(body))
                    }
                },
            });
        }
        assert!(split.digest().is_some() && split.bytes_read() > 0);
        out
    }

    #[test]
    fn pages_are_documents_and_everything_else_has_a_name() {
        let http = "Content-Type: application/http; msgtype=response\r\nWARC-Target-URI: http://a/\r\n";
        let response = |status: &str, mime: &str| {
            record("response", http, &format!("HTTP/1.1 {status}\r\nContent-Type: {mime}\r\n\r\n<p>hi</p>"))
        };
        let file = [
            record("warcinfo", "", "software: x\r\n"),
            response("200 OK", "text/html; charset=\"UTF-8\""),
            response("404 Not Found", "text/html"),
            response("200 OK", "image/png"),
            record("revisit", http, "HTTP/1.1 200 OK\r\n\r\n"),
            record("conversion", "Content-Type: text/plain\r\nWARC-Target-URI: http://b/\r\n", "words"),
            record("request", http, "GET / HTTP/1.1\r\n\r\n"),
            record("resource", "Content-Type: text/html\r\nWARC-Target-URI: file:///c\r\n", "<p>c</p>"),
        ];
        let expected = [
            "warcinfo",
            "text/html UTF-8 <p>hi</p>",
            "http_status http://a/",
            "not_html http://a/",
            "revisit http://a/",
            "text words",
            "request",
            "text/html  <p>c</p>",
        ];
        assert_eq!(events(file.concat()), expected);
    }

    #[test]
    fn headers_say_what_machines_may_do() {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Robots-Tag: noai\r\nx-robots-tag: ccbot: noindex\r\n\
                    TDM-Reservation: 1\r\n\r\n<p>hi</p>";
        let file = record("response", "Content-Type: application/http\r\nWARC-Target-URI: http://a/\r\n", head);
        let mut split = WarcSplit::new(Counted::new(std::io::Cursor::new(file.into_bytes())), "t.warc");
        let Some(Event::Document(item)) = split.next().unwrap() else { panic!("a document") };
        assert_eq!(item.record.robots, "noai ccbot:noindex tdm-reservation");
    }

    #[test]
    fn undeclared_types_are_sniffed() {
        assert!(looks_like_html(b"\n<!DOCTYPE html><p>"));
        assert!(!looks_like_html(b"\x89PNG\r\n\x1a\n"));
        assert_eq!(mime_and_charset("Text/HTML ; Charset='koi8-r'"), ("text/html".into(), "koi8-r".into()));
    }
}
