//! HTTP/1.1 as far as tests need it: the head of a message, how its body is framed, and passing that body on.

use std::io::{self, BufRead, ErrorKind, Read, Write};

/// The most bytes of a head, and of the trailer after the last chunk.
const MAX_HEAD: usize = 64 << 10;

/// The most bytes of the line before a chunk: 16 hexadecimal digits and what servers add to them.
const MAX_CHUNK_LINE: usize = 1 << 10;

/// The first line and the fields of a message.
#[derive(Debug)]
pub(crate) struct Head {
    /// All bytes up to and with the empty line.
    pub raw: Vec<u8>,
    first: Vec<String>,
    fields: Vec<(String, String)>,
}

impl Head {
    /// The next head; `None` when the other side has closed the connection in front of it.
    ///
    /// # Errors
    /// When the connection breaks within the head, or what comes is not one.
    pub fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut raw = Vec::new();
        let mut lines = Vec::new();
        loop {
            let Some(line) = read_line(from, MAX_HEAD - raw.len())? else {
                return if raw.is_empty() { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
            };
            let text = String::from_utf8_lossy(without_end(&line)?).into_owned();
            raw.extend(line);
            if text.is_empty() {
                break;
            }
            lines.push(text);
        }
        let mut lines = lines.into_iter();
        let first: Vec<_> = lines.next().ok_or_else(malformed)?.splitn(3, ' ').map(str::to_owned).collect();
        // It stands last in a request and first in an answer.
        if !first.iter().any(|word| word.starts_with("HTTP/1.")) {
            return Err(malformed());
        }
        let field = |line: String| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        let fields = lines.map(|line| field(line).ok_or_else(malformed)).collect::<io::Result<_>>()?;
        Ok(Some(Self { raw, first, fields }))
    }

    /// The method of a request.
    pub fn method(&self) -> &str {
        &self.first[0]
    }

    /// Path and query of a request.
    pub fn target(&self) -> &str {
        self.first.get(1).map_or("", String::as_str)
    }

    /// The status of an answer.
    ///
    /// # Errors
    /// When there is none.
    pub fn status(&self) -> io::Result<u16> {
        self.target().parse().map_err(|_| malformed())
    }

    /// The value of a field, whose name is given in lower case.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Whether a field that is a list holds this word.
    pub fn says(&self, name: &str, word: &str) -> bool {
        self.field(name).is_some_and(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
    }

    /// Whether the sender will close the connection after this message.
    pub fn closes(&self) -> bool {
        let is_old = self.first.iter().any(|word| word == "HTTP/1.0");
        self.says("connection", "close") || (is_old && !self.says("connection", "keep-alive"))
    }

    /// How the body of a request is framed.
    ///
    /// # Errors
    /// When the length is not a number.
    pub fn body_of_request(&self) -> io::Result<Body> {
        Ok(self.framing()?.unwrap_or(Body::Empty))
    }

    /// How the body of an answer to a request of this method is framed.
    ///
    /// # Errors
    /// When the length or the status is not a number.
    pub fn body_of_answer(&self, method: &str) -> io::Result<Body> {
        match self.status()? {
            100..200 | 204 | 304 => Ok(Body::Empty),
            _ if method == "HEAD" => Ok(Body::Empty),
            _ => Ok(self.framing()?.unwrap_or(Body::UntilClose)),
        }
    }

    fn framing(&self) -> io::Result<Option<Body>> {
        if self.says("transfer-encoding", "chunked") {
            return Ok(Some(Body::Chunked));
        }
        let length = self.field("content-length").map(|value| value.parse().map_err(|_| malformed()));
        Ok(length.transpose()?.map(Body::Sized))
    }
}

/// How a body is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// There is none.
    Empty,
    /// This many bytes.
    Sized(u64),
    /// Chunks, each with its length, and a last one of none.
    Chunked,
    /// Everything until the connection is closed.
    UntilClose,
}

/// Which side failed while a body was passed on.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The one that sends it.
    Source(io::Error),
    /// The one that receives it.
    Sink(io::Error),
}

impl Body {
    /// Passes the body on as it is, framing included.
    ///
    /// # Errors
    /// When one side fails, or the framing is malformed.
    pub fn pass(self, from: &mut impl BufRead, to: &mut impl Write) -> Result<(), Broken> {
        match self {
            Self::Empty => Ok(()),
            Self::Sized(length) => pass_bytes(from, to, length),
            Self::Chunked => {
                while let Some(length) = pass_chunk_line(from, to)? {
                    pass_bytes(from, to, length)?;
                    pass_line_end(from, to)?;
                }
                pass_trailer(from, to)
            }
            Self::UntilClose => pass_all(from, to),
        }
    }

    /// Whether half of it can be told from all of it.
    pub fn has_halves(self) -> bool {
        !matches!(self, Self::Empty | Self::Sized(0 | 1) | Self::UntilClose)
    }

    /// Passes half of the body on, or of its first chunk.
    ///
    /// # Errors
    /// When one side fails, or the framing is malformed.
    pub fn pass_half(self, from: &mut impl BufRead, to: &mut impl Write) -> Result<(), Broken> {
        let length = match self {
            Self::Sized(length) => length,
            Self::Chunked => pass_chunk_line(from, to)?.unwrap_or(0),
            Self::Empty | Self::UntilClose => 0,
        };
        pass_bytes(from, to, length / 2)
    }

    /// The body itself, without its framing.
    ///
    /// # Errors
    /// When the connection breaks or the framing is malformed.
    pub fn read(self, from: &mut impl BufRead) -> io::Result<Vec<u8>> {
        let (mut content, mut framing) = (Vec::new(), Vec::new());
        if self == Self::Chunked {
            while let Some(length) = pass_chunk_line(from, &mut framing)? {
                pass_bytes(from, &mut content, length)?;
                pass_line_end(from, &mut framing)?;
            }
            pass_trailer(from, &mut framing)?;
        } else {
            self.pass(from, &mut content)?;
        }
        Ok(content)
    }
}

impl From<Broken> for io::Error {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Source(error) | Broken::Sink(error) => error,
        }
    }
}

/// Passes on the line before a chunk and returns the chunk's length; `None` when it was the last one.
fn pass_chunk_line(from: &mut impl BufRead, to: &mut impl Write) -> Result<Option<u64>, Broken> {
    let line = pass_line(from, to, MAX_CHUNK_LINE)?;
    let text = String::from_utf8_lossy(&line);
    let digits = text.split([';', '\r']).next().unwrap_or_default().trim();
    let length = u64::from_str_radix(digits, 16).map_err(|_| Broken::Source(malformed()))?;
    Ok(Some(length).filter(|length| *length > 0))
}

/// Passes on the empty line after a chunk.
fn pass_line_end(from: &mut impl BufRead, to: &mut impl Write) -> Result<(), Broken> {
    pass_line(from, to, 2).map(drop)
}

/// Passes on what follows the last chunk, up to and with the empty line.
fn pass_trailer(from: &mut impl BufRead, to: &mut impl Write) -> Result<(), Broken> {
    let mut n_bytes = 0;
    loop {
        let length = pass_line(from, to, MAX_HEAD - n_bytes)?.len();
        if length == 2 {
            return Ok(());
        }
        n_bytes += length;
    }
}

/// Passes on a line of at most so many bytes, its end included.
fn pass_line(from: &mut impl BufRead, to: &mut impl Write, limit: usize) -> Result<Vec<u8>, Broken> {
    let line = read_line(from, limit).and_then(|line| line.ok_or_else(|| ErrorKind::UnexpectedEof.into()));
    let line = line.and_then(|line| without_end(&line).map(drop).map(|()| line)).map_err(Broken::Source)?;
    to.write_all(&line).map_err(Broken::Sink)?;
    Ok(line)
}

fn pass_bytes(from: &mut impl BufRead, to: &mut impl Write, mut length: u64) -> Result<(), Broken> {
    while length > 0 {
        let buffer = from.fill_buf().map_err(Broken::Source)?;
        let n_bytes = buffer.len().min(usize::try_from(length).unwrap_or(usize::MAX));
        if n_bytes == 0 {
            return Err(Broken::Source(ErrorKind::UnexpectedEof.into()));
        }
        to.write_all(&buffer[..n_bytes]).map_err(Broken::Sink)?;
        from.consume(n_bytes);
        length -= n_bytes as u64;
    }
    Ok(())
}

fn pass_all(from: &mut impl BufRead, to: &mut impl Write) -> Result<(), Broken> {
    loop {
        let buffer = from.fill_buf().map_err(Broken::Source)?;
        let n_bytes = buffer.len();
        if n_bytes == 0 {
            return Ok(());
        }
        to.write_all(buffer).map_err(Broken::Sink)?;
        from.consume(n_bytes);
    }
}

/// A line with its end, of at most so many bytes; `None` at the end of the stream.
fn read_line(from: &mut impl BufRead, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    from.take(limit as u64).read_until(b'\n', &mut line)?;
    match line.last() {
        Some(b'\n') => Ok(Some(line)),
        _ if line.len() >= limit => Err(malformed()),
        Some(_) => Err(ErrorKind::UnexpectedEof.into()),
        None => Ok(None),
    }
}

fn without_end(line: &[u8]) -> io::Result<&[u8]> {
    line.strip_suffix(b"\r\n").ok_or_else(malformed)
}

fn malformed() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "not an HTTP message")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> io::Result<Option<Head>> {
        Head::read(&mut text.as_bytes())
    }

    #[test]
    fn heads_are_read_and_limited() {
        let read = head("PUT /b/k?x=1 HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\nbody").unwrap().unwrap();
        assert_eq!((read.method(), read.target(), read.field("host")), ("PUT", "/b/k?x=1", Some("h")));
        assert!(read.says("expect", "100-Continue") && !read.closes());
        assert!(head("").unwrap().is_none());
        assert!(head("GET / HTTP/1.0\r\n\r\n").unwrap().unwrap().closes());
        assert!(head("GET / HTTP/1.1\r\nHos").is_err());
        assert!(head("GET /\r\n\r\n").is_err());
        assert!(head("GET / HTTP/1.1\r\nno field\r\n\r\n").is_err());
        assert!(head(&format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(MAX_HEAD))).is_err());
    }

    #[test]
    fn some_answers_have_no_body_whatever_they_say() {
        let body = |status: &str, method: &str| {
            let head = head(&format!("HTTP/1.1 {status}\r\nContent-Length: 7\r\n\r\n")).unwrap().unwrap();
            head.body_of_answer(method).unwrap()
        };
        assert_eq!(body("200 OK", "GET"), Body::Sized(7));
        assert_eq!(body("200 OK", "HEAD"), Body::Empty);
        assert_eq!(body("204 No Content", "GET"), Body::Empty);
        assert_eq!(body("304 Not Modified", "GET"), Body::Empty);
    }

    #[test]
    fn chunks_are_passed_on_as_they_are_and_read_without_their_lengths() {
        let chunked = b"3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nA: b\r\n\r\n";
        let mut passed = Vec::new();
        Body::Chunked.pass(&mut &chunked[..], &mut passed).unwrap();
        assert_eq!(passed, chunked);
        assert_eq!(Body::Chunked.read(&mut &chunked[..]).unwrap(), b"abcd");
        for wrong in
            ["x\r\n", "-1\r\n", "ffffffffffffffff\r\n", "5\r\nabc", "3\r\nabcd\r\n", &"0".repeat(MAX_CHUNK_LINE)]
        {
            assert!(Body::Chunked.read(&mut wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn half_a_body_is_half() {
        let half = |body: Body, bytes: &[u8]| {
            let mut passed = Vec::new();
            body.pass_half(&mut &bytes[..], &mut passed).unwrap();
            passed
        };
        assert_eq!(half(Body::Sized(7), b"abcdefg"), b"abc");
        assert_eq!(half(Body::Chunked, b"4\r\nabcd\r\n0\r\n\r\n"), b"4\r\nab");
        assert!(Body::Chunked.has_halves() && Body::Sized(2).has_halves());
        assert!(!Body::Empty.has_halves() && !Body::Sized(1).has_halves());
    }
}
