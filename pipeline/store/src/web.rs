//! Inputs on the web: HEAD for size and version, ranged GETs that can be repeated, and one long GET where a server does
//! not know ranges.

use crate::assets::agent;
use crate::readahead::{BLOCK, ReadAhead};
use crate::retry::{Patience, RetryObject};
use crate::{Object, ObjectMeta, StoreError};
use bytes::Bytes;
use std::io::{self, Cursor, Read};
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use ureq::http::Response;
use ureq::{Agent, Body};

type Answer = Response<Body>;

/// The agent of the process: it keeps connections, follows redirects, and heeds the proxies of the machine.
fn web() -> &'static Agent {
    static AGENT: OnceLock<Agent> = OnceLock::new();
    AGENT.get_or_init(|| agent(false))
}

/// Size and version of what is at `url`. Some servers answer a GET only, so the first byte is asked for then.
pub(crate) fn find(url: &str) -> Result<ObjectMeta, StoreError> {
    let answer = match web().head(url).call() {
        Err(ureq::Error::StatusCode(400 | 403 | 405 | 501)) => web().get(url).header("Range", "bytes=0-0").call(),
        answer => answer,
    };
    let answer = answer.map_err(|error| failure("look up", url, error))?;
    let size = total(&answer).or_else(|| field(&answer, "content-length").parse().ok());
    Ok(ObjectMeta { bytes: size.unwrap_or(0), version: version(&answer) })
}

/// The object at `url` in a version, for servers that know ranges.
pub(crate) fn object(url: &str, meta: ObjectMeta) -> impl Object + use<> {
    WebObject { url: url.to_owned(), meta }
}

/// A read from the first byte to the last. If the server knows ranges, a failure costs one block; else it is final.
pub(crate) fn stream(url: &str, meta: ObjectMeta) -> Result<Box<dyn Read + Send>, StoreError> {
    let bytes = meta.bytes;
    let object = WebObject { url: url.to_owned(), meta };
    Ok(match Patience::default().insist(|| object.begin())? {
        Begun::Ranges(first) => {
            let at = first.len() as u64;
            Box::new(Cursor::new(first).chain(ReadAhead::new(Arc::new(RetryObject::new(object)), at..bytes)))
        }
        Begun::Whole(body) => Box::new(Whole { body, name: object.url, left: bytes, is_known: bytes > 0 }),
    })
}

struct WebObject {
    url: String,
    meta: ObjectMeta,
}

/// How a server answered the request for the first block.
enum Begun {
    Ranges(Bytes),
    Whole(Box<dyn Read + Send>),
}

impl WebObject {
    /// Asks for a range that is not empty, and checks that the answer is of our version.
    fn ask(&self, range: &Range<u64>) -> Result<Answer, StoreError> {
        let request = web().get(&self.url).header("Range", format!("bytes={}-{}", range.start, range.end - 1));
        let answer = request.call().map_err(|error| failure("read", &self.url, error))?;
        if version(&answer) != self.meta.version {
            return Err(StoreError::corrupt(&self.url, "it has changed since it was found"));
        }
        Ok(answer)
    }

    /// The bytes of an answer to a range.
    fn bytes_of(&self, answer: Answer, range: &Range<u64>) -> Result<Bytes, StoreError> {
        let wrong = |why: String| StoreError::transient("read", &self.url, why);
        let shown = field(&answer, "content-range").to_owned();
        if !shown.starts_with(&format!("bytes {}-{}/", range.start, range.end - 1)) {
            return Err(wrong(format!("another range was sent than was asked for: `{shown}`")));
        }
        let (expected, mut content) = (range.end - range.start, Vec::new());
        let body = answer.into_body().into_with_config().limit(u64::MAX).reader();
        body.take(expected + 1).read_to_end(&mut content).map_err(|error| wrong(error.to_string()))?;
        if content.len() as u64 != expected {
            return Err(wrong(format!("{} bytes came, {expected} were announced", content.len())));
        }
        Ok(content.into())
    }

    fn begin(&self) -> Result<Begun, StoreError> {
        let range = 0..self.meta.bytes.clamp(1, BLOCK);
        let answer = self.ask(&range)?;
        // 206 is the answer to a range; a server that does not know ranges sends 200 and everything.
        if answer.status().as_u16() == 206 && self.meta.bytes > 0 {
            return self.bytes_of(answer, &range).map(Begun::Ranges);
        }
        Ok(Begun::Whole(Box::new(answer.into_body().into_with_config().limit(u64::MAX).reader())))
    }
}

impl Object for WebObject {
    fn bytes(&self) -> u64 {
        self.meta.bytes
    }

    fn read_at(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        if range.start > range.end || range.end > self.meta.bytes {
            return Err(StoreError::corrupt(&self.url, format!("bytes {range:?} of {}", self.meta.bytes)));
        }
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let answer = self.ask(&range)?;
        if answer.status().as_u16() != 206 {
            return Err(StoreError::Refused {
                what: format!("cannot read `{}` at any place: its server does not know ranges", self.url),
                hint: "download the file first and give its path".to_owned(),
            });
        }
        self.bytes_of(answer, &range)
    }
}

/// A body that must have the length that was announced, where one was.
struct Whole {
    body: Box<dyn Read + Send>,
    name: String,
    left: u64,
    is_known: bool,
}

impl Read for Whole {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.body.read(out)?;
        if self.is_known && (n as u64 > self.left || (n == 0 && self.left > 0 && !out.is_empty())) {
            let why = format!("{} bytes less came than were announced", self.left as i64 - n as i64);
            return Err(StoreError::transient("read", &self.name, why).into_io());
        }
        self.left = self.left.saturating_sub(n as u64);
        Ok(n)
    }
}

/// A header field as text, or nothing.
fn field<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The size of the whole in `Content-Range: bytes 0-0/1234`.
fn total(answer: &Answer) -> Option<u64> {
    field(answer, "content-range").rsplit_once('/')?.1.parse().ok()
}

/// ETag, or the date of the last change.
fn version(answer: &Answer) -> String {
    let etag = field(answer, "etag").trim_matches('"');
    if etag.is_empty() { field(answer, "last-modified").to_owned() } else { etag.to_owned() }
}

fn failure(action: &'static str, url: &str, error: ureq::Error) -> StoreError {
    match error {
        ureq::Error::StatusCode(404 | 410) => StoreError::Missing(url.to_owned()),
        ureq::Error::StatusCode(408 | 425 | 429 | 500 | 502..=599) => StoreError::transient(action, url, error),
        ureq::Error::StatusCode(_) | ureq::Error::BadUri(_) | ureq::Error::TooManyRedirects => StoreError::Refused {
            what: format!("cannot {action} `{url}`: {error}"),
            hint: "check that the address can be read without a login".to_owned(),
        },
        error => StoreError::transient(action, url, error),
    }
}
