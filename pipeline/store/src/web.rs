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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// What a server can and cannot do.
    #[derive(Clone, Copy, Default)]
    struct Server {
        knows_ranges: bool,
        refuses_head: bool,
        redirects: bool,
        /// The first answers that are cut in the middle.
        n_cut: usize,
    }

    impl Server {
        /// Serves `content` on the loopback interface, one request a connection, and returns the address.
        fn start(self, content: Vec<u8>) -> String {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let base = format!("http://{}", listener.local_addr().unwrap());
            let (place, n_bodies) = (format!("{base}/real"), AtomicUsize::new(0));
            std::thread::spawn(move || {
                for mut stream in listener.incoming().flatten() {
                    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                    let first = lines.next().unwrap_or_default();
                    let fields: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                    let range =
                        fields.iter().find_map(|line| line.to_lowercase().strip_prefix("range: ").map(String::from));
                    let (head, body) = self.answer(&first, range.as_deref(), &content, &place);
                    let is_cut = body.len() > 1 && n_bodies.fetch_add(1, Ordering::SeqCst) < self.n_cut;
                    let n = if is_cut { body.len() / 2 } else { body.len() };
                    let _ = stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes());
                    let _ = stream.write_all(&body[..n]);
                }
            });
            format!("{base}/data.jsonl.gz?token=1")
        }

        fn answer<'a>(self, first: &str, range: Option<&str>, content: &'a [u8], place: &str) -> (String, &'a [u8]) {
            let length = |n: usize| format!("Content-Length: {n}\r\nETag: \"v1\"\r\n");
            if self.redirects && !first.contains("/real") {
                return (format!("HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n"), &[]);
            }
            if first.contains("/gone") {
                return ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n".to_owned(), &[]);
            }
            if first.starts_with("HEAD") {
                let status = if self.refuses_head { "405 No" } else { "200 OK" };
                return (format!("HTTP/1.1 {status}\r\n{}", length(content.len())), &[]);
            }
            let Some(range) = range.filter(|_| self.knows_ranges) else {
                return (format!("HTTP/1.1 200 OK\r\n{}", length(content.len())), content);
            };
            let (start, end) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
            let (start, end): (usize, usize) = (start.parse().unwrap(), end.parse().unwrap());
            let part = &content[start..content.len().min(end + 1)];
            let shown = format!("Content-Range: bytes {start}-{}/{}\r\n", start + part.len() - 1, content.len());
            (format!("HTTP/1.1 206 Partial\r\n{shown}{}", length(part.len())), part)
        }
    }

    fn content() -> Vec<u8> {
        (0..BLOCK + 1_000).map(|at| (at % 251) as u8).collect()
    }

    fn read(url: &str) -> Result<Vec<u8>, StoreError> {
        let mut read = Vec::new();
        stream(url, find(url)?)?.read_to_end(&mut read).map_err(StoreError::io("read", url))?;
        Ok(read)
    }

    #[test]
    fn reads_with_ranges_and_goes_on_after_a_cut() {
        let url = Server { knows_ranges: true, n_cut: 3, ..Server::default() }.start(content());
        assert_eq!(find(&url).unwrap(), ObjectMeta { bytes: BLOCK + 1_000, version: "v1".into() });
        assert!(read(&url).unwrap() == content());
        let object = object(&url, find(&url).unwrap());
        assert_eq!(&object.read_at(500..700).unwrap()[..], &content()[500..700]);
        assert!(object.read_at(0..BLOCK + 1_001).is_err());
    }

    #[test]
    fn follows_redirects_and_asks_servers_that_refuse_head() {
        for knows_ranges in [true, false] {
            let server = Server { knows_ranges, refuses_head: true, redirects: true, ..Server::default() };
            let url = server.start(b"hello".to_vec());
            assert_eq!(find(&url).unwrap().bytes, 5);
            assert_eq!(read(&url).unwrap(), b"hello");
        }
    }

    #[test]
    fn without_ranges_a_file_is_read_once_and_a_cut_is_noticed() {
        let url = Server::default().start(content());
        assert!(read(&url).unwrap() == content());
        let error = object(&url, find(&url).unwrap()).read_at(5..9).unwrap_err();
        assert!(matches!(error, StoreError::Refused { .. }), "{error}");
        let url = Server { n_cut: 1, ..Server::default() }.start(content());
        assert!(read(&url).unwrap_err().is_transient());
        assert_eq!(read(&Server::default().start(Vec::new())).unwrap(), b"");
    }

    #[test]
    fn what_is_missing_or_has_changed_is_told() {
        let url = Server { knows_ranges: true, ..Server::default() }.start(content());
        let gone = url.replace("/data", "/gone");
        assert!(matches!(find(&gone), Err(StoreError::Missing(_))));
        let meta = ObjectMeta { version: "v0".into(), ..find(&url).unwrap() };
        assert!(matches!(object(&url, meta).read_at(0..9), Err(StoreError::Corrupt { .. })));
    }
}
