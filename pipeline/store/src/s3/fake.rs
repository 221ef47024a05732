//! A small S3 on the loopback interface, for tests: it does what the real ones do, or what they do when they fail.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use tokenmill_core::hash::digest_hex;

/// How to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// This status, without acting.
    Status(u16),
    /// Acts, and closes the connection instead of answering.
    LostReply,
    /// Announces the whole body and sends half of it.
    HalfBody,
}

/// What the server holds, has seen, and is going to do wrong.
#[derive(Default)]
pub struct State {
    pub objects: BTreeMap<String, (Vec<u8>, BTreeMap<String, String>)>,
    /// Parts by number, by upload: key and upload id.
    pub uploads: BTreeMap<(String, String), BTreeMap<u32, Vec<u8>>>,
    /// Method and target of every request.
    pub seen: Vec<String>,
    /// Header fields of the last request.
    pub headers: BTreeMap<String, String>,
    /// Mishaps for requests that begin with a text; each is used up once.
    pub mishaps: Vec<(String, Mishap)>,
    /// Whether `If-None-Match` is understood.
    pub is_naive: bool,
    n_uploads: u32,
}

/// The server. It lives as long as the process does.
pub struct Fake {
    pub state: Arc<Mutex<State>>,
    pub endpoint: String,
}

impl Fake {
    pub fn start() -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Fake { state, endpoint }
    }

    /// Requests seen that begin with `start`.
    pub fn count(&self, start: &str) -> usize {
        self.state.lock().unwrap().seen.iter().filter(|seen| seen.starts_with(start)).count()
    }

    pub fn expect(&self, start: &str, mishap: Mishap) {
        self.state.lock().unwrap().mishaps.push((start.to_owned(), mishap));
    }
}

struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

struct Reply(u16, Vec<(String, String)>, Vec<u8>);

/// Answers the requests of one connection.
fn serve(stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some((line, request)) = receive(&mut reader) {
        let mut state = state.lock().unwrap();
        state.seen.push(line.clone());
        state.headers.clone_from(&request.headers);
        let at = state.mishaps.iter().position(|(start, _)| line.starts_with(start.as_str()));
        let mishap = at.map(|at| state.mishaps.remove(at).1);
        let Reply(status, headers, mut body) = match mishap {
            Some(Mishap::Status(status)) => Reply(status, vec![], vec![]),
            _ => state.answer(&request),
        };
        if request.method == "HEAD" {
            body.clear();
        }
        drop(state);
        if mishap == Some(Mishap::LostReply) {
            return;
        }
        let mut head = format!("HTTP/1.1 {status} X\r\n");
        if !headers.iter().any(|(name, _)| name == "content-length") {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        head.push_str("\r\n");
        let n = if mishap == Some(Mishap::HalfBody) { body.len() / 2 } else { body.len() };
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body[..n])).is_err() || n < body.len() {
            return;
        }
    }
}

/// The first line and the whole of the next request.
fn receive(reader: &mut BufReader<TcpStream>) -> Option<(String, Request)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut field = String::new();
        reader.read_line(&mut field).ok()?;
        match field.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let query = pairs.map(|(name, value)| (name.to_owned(), value.replace("%2F", "/"))).collect();
    let path = path.trim_start_matches('/').to_owned();
    Some((
        format!("{method} /{target}", target = target.trim_start_matches('/')),
        Request { method, path, query, headers, body },
    ))
}

fn error(status: u16, code: &str) -> Reply {
    Reply(status, vec![], format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>").into_bytes())
}

fn xml(root: &str, content: String) -> Reply {
    Reply(200, vec![], format!("<?xml version=\"1.0\"?><{root}>{content}</{root}>").into_bytes())
}

impl State {
    fn answer(&mut self, request: &Request) -> Reply {
        let Some((bucket, key)) = request.path.split_once('/').filter(|(_, key)| !key.is_empty()) else {
            return if request.query.contains_key("uploads") { self.list_uploads(request) } else { self.list(request) };
        };
        if bucket == "forbidden" {
            return error(403, "AccessDenied");
        }
        let upload = request.query.get("uploadId").map(|id| (key.to_owned(), id.clone()));
        match (request.method.as_str(), upload) {
            ("PUT", Some(upload)) => match self.uploads.get_mut(&upload) {
                Some(parts) => {
                    parts.insert(request.query["partNumber"].parse().unwrap(), request.body.clone());
                    Reply(200, vec![("etag".into(), format!("\"{}\"", digest_hex(&request.body)))], vec![])
                }
                None => error(404, "NoSuchUpload"),
            },
            ("PUT", None) => self.put(key, request),
            ("POST", None) => {
                self.n_uploads += 1;
                let id = format!("upload{}", self.n_uploads);
                self.uploads.insert((key.to_owned(), id.clone()), BTreeMap::new());
                xml("InitiateMultipartUploadResult", format!("<UploadId>{id}</UploadId>"))
            }
            ("POST", Some(upload)) => match self.uploads.remove(&upload) {
                Some(parts) => {
                    self.objects.insert(key.to_owned(), (parts.into_values().flatten().collect(), BTreeMap::new()));
                    xml("CompleteMultipartUploadResult", "<ETag>\"x\"</ETag>".into())
                }
                None => error(404, "NoSuchUpload"),
            },
            ("DELETE", Some(upload)) => match self.uploads.remove(&upload) {
                Some(_) => Reply(204, vec![], vec![]),
                None => error(404, "NoSuchUpload"),
            },
            ("DELETE", None) => {
                self.objects.remove(key);
                Reply(204, vec![], vec![])
            }
            _ => self.get(key, request),
        }
    }

    fn put(&mut self, key: &str, request: &Request) -> Reply {
        if request.headers.contains_key("if-none-match") && !self.is_naive && self.objects.contains_key(key) {
            return error(412, "PreconditionFailed");
        }
        let metadata = request.headers.iter().filter(|(name, _)| name.starts_with("x-amz-meta-"));
        let metadata = metadata.map(|(name, value)| (name.clone(), value.clone())).collect();
        self.objects.insert(key.to_owned(), (request.body.clone(), metadata));
        Reply(200, vec![("etag".into(), format!("\"{}\"", digest_hex(&request.body)))], vec![])
    }

    fn get(&self, key: &str, request: &Request) -> Reply {
        let Some((content, metadata)) = self.objects.get(key) else { return error(404, "NoSuchKey") };
        let etag = format!("\"{}\"", digest_hex(content));
        if request.headers.get("if-match").is_some_and(|wanted| *wanted != etag) {
            return error(412, "PreconditionFailed");
        }
        let mut headers: Vec<_> = metadata.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        headers.push(("etag".into(), etag));
        headers.push(("last-modified".into(), "Wed, 01 May 2024 10:00:00 GMT".into()));
        if request.method == "HEAD" {
            headers.push(("content-length".into(), content.len().to_string()));
            return Reply(200, headers, vec![]);
        }
        let Some(range) = request.headers.get("range") else { return Reply(200, headers, content.clone()) };
        let (start, end) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
        let (start, end): (usize, usize) = (start.parse().unwrap(), end.parse().unwrap());
        if start >= content.len() {
            return error(416, "InvalidRange");
        }
        let part = &content[start..content.len().min(end + 1)];
        let shown = format!("bytes {start}-{}/{}", start + part.len() - 1, content.len());
        headers.push(("content-range".into(), shown));
        Reply(206, headers, part.to_vec())
    }

    /// Two keys a page, so that every listing has several.
    fn list(&self, request: &Request) -> Reply {
        let prefix = request.query.get("prefix").cloned().unwrap_or_default();
        let after = request.query.get("continuation-token").cloned().unwrap_or_default();
        let is_flat = request.query.contains_key("delimiter");
        let is_in = |key: &&String| {
            key.starts_with(&prefix) && **key > after && !(is_flat && key[prefix.len()..].contains('/'))
        };
        let keys: Vec<&String> = self.objects.keys().filter(is_in).collect();
        let mut content = String::new();
        for key in keys.iter().take(2) {
            let object = &self.objects[*key].0;
            let (size, etag) = (object.len(), digest_hex(object));
            content.push_str(&format!(
                "<Contents><Key>{key}</Key><Size>{size}</Size><ETag>\"{etag}\"</ETag><LastModified>2024-05-01T10:00:00.000Z</LastModified></Contents>"
            ));
        }
        if keys.len() > 2 {
            content.push_str(&format!(
                "<IsTruncated>true</IsTruncated><NextContinuationToken>{}</NextContinuationToken>",
                keys[1]
            ));
        }
        xml("ListBucketResult", content)
    }

    fn list_uploads(&self, request: &Request) -> Reply {
        let prefix = request.query.get("prefix").cloned().unwrap_or_default();
        let uploads = self.uploads.keys().filter(|(key, _)| key.starts_with(&prefix));
        let uploads = uploads.map(|(key, id)| {
            format!("<Upload><Key>{key}</Key><UploadId>{id}</UploadId><Initiated>2024-05-01T10:00:00.000Z</Initiated></Upload>")
        });
        xml("ListMultipartUploadsResult", uploads.collect())
    }
}
