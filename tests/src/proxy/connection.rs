//! One client's connection: requests go to the upstream one after the other, and some of them come to harm.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::faults::Fault;
use super::{Shared, Tracked};
use crate::http::{Body, Broken, Head};

/// Bytes that are read at once.
const BUFFER: usize = 64 << 10;

/// How long a client waits to be told to go on before it sends the body unasked, as RFC 9110 lets it.
const GO_AHEAD: Duration = Duration::from_secs(1);

/// How long a client may go on sending what nobody reads any more. Closing at once would take the answer from it.
const LINGER: Duration = Duration::from_secs(1);

type Stream = BufReader<TcpStream>;

/// A connection to the upstream, kept for the next request of the same client.
struct Upstream {
    stream: Stream,
    _tracked: Tracked,
}

/// Whether the client's connection lives on after a request.
#[derive(Debug, PartialEq, Eq)]
enum After {
    Next,
    Close,
    /// The client may still be sending.
    CloseSlowly,
}

/// Who has ended an exchange before its time.
#[derive(Debug)]
enum Failure {
    Client,
    /// The client, with something that is not a request.
    Malformed,
    Upstream,
    /// The upstream, by not taking the connection.
    Refused,
}

impl Failure {
    fn of_request(broken: Broken) -> Self {
        match broken {
            Broken::Source(error) if error.kind() == ErrorKind::InvalidData => Self::Malformed,
            Broken::Source(_) => Self::Client,
            Broken::Sink(_) => Self::Upstream,
        }
    }

    fn of_answer(broken: Broken) -> Self {
        match broken {
            Broken::Source(_) => Self::Upstream,
            Broken::Sink(_) => Self::Client,
        }
    }
}

/// Serves a client until one side closes or a fault cuts the connection.
pub(super) fn serve(shared: &Arc<Shared>, client: TcpStream) {
    let _ = client.set_nodelay(true);
    let mut client = BufReader::with_capacity(BUFFER, client);
    let mut kept = None;
    loop {
        let after = match Head::read(&mut client) {
            Ok(Some(request)) => Exchange { shared, request: &request, client: &mut client }.run(&mut kept),
            Ok(None) => Ok(After::Close),
            Err(error) => Err(Failure::of_request(Broken::Source(error))),
        };
        match after {
            Ok(After::Next) => continue,
            Ok(After::Close) | Err(Failure::Client) => {}
            Ok(After::CloseSlowly) => close_slowly(client.get_mut()),
            Err(Failure::Malformed) => shared.count("malformed"),
            Err(Failure::Upstream) => shared.count("broken"),
            Err(Failure::Refused) => shared.count("refused"),
        }
        return;
    }
}

/// One request on its way.
struct Exchange<'a> {
    shared: &'a Arc<Shared>,
    request: &'a Head,
    client: &'a mut Stream,
}

impl Exchange<'_> {
    fn run(&mut self, kept: &mut Option<Upstream>) -> Result<After, Failure> {
        let body = self.request.body_of_request().map_err(|_| Failure::Malformed)?;
        let (fault, is_delayed) = self.shared.draw(self.request.method(), self.request.target());
        if is_delayed {
            std::thread::sleep(self.shared.faults.delay_by);
        }
        if self.suffers(fault, Fault::ResetBefore) {
            return Ok(After::Close);
        }
        if self.suffers(fault, Fault::SlowDown) {
            return self.refuse(body, "503 Slow Down", "SlowDown", "Please reduce your request rate.");
        }
        if self.suffers(fault, Fault::InternalError) {
            return self.refuse(
                body,
                "500 Internal Server Error",
                "InternalError",
                "We encountered an internal error.",
            );
        }
        let mut upstream = match kept.take() {
            Some(upstream) if upstream.is_idle() => upstream,
            _ => Upstream::open(self.shared).ok_or(Failure::Refused)?,
        };
        let after = self.forward(body, fault, &mut upstream.stream)?;
        if after == After::Next {
            *kept = Some(upstream);
        }
        Ok(after)
    }

    /// Answers in the upstream's place.
    fn refuse(&mut self, body: Body, status: &str, code: &str, message: &str) -> Result<After, Failure> {
        // A client that waits must not be told to go on, and is not known to send its body.
        let (connection, after) = if self.waits() {
            ("close", After::CloseSlowly)
        } else {
            body.pass(self.client, &mut io::sink()).map_err(Failure::of_request)?;
            ("keep-alive", if self.request.closes() { After::Close } else { After::Next })
        };
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        let length = text.len();
        let shown = if self.request.method() == "HEAD" { "" } else { &text };
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {length}\r\n\
             Connection: {connection}\r\n\r\n{shown}"
        );
        self.client.get_mut().write_all(answer.as_bytes()).map_err(|_| Failure::Client)?;
        Ok(after)
    }

    /// Sends the request to the upstream and its answer to the client.
    fn forward(&mut self, body: Body, fault: Option<Fault>, upstream: &mut Stream) -> Result<After, Failure> {
        let mut is_sent = upstream.get_mut().write_all(&self.request.raw).is_ok();
        let mut early = None;
        if is_sent && self.waits() && comes_soon(upstream) {
            early = Some(self.next_head(upstream)?).filter(is_final);
            // Without the word to go on, there is no telling whether the client sends its body or another request.
            is_sent = early.is_none();
        }
        if is_sent {
            is_sent = match body.pass(self.client, upstream.get_mut()) {
                Ok(()) => true,
                // An upstream that has heard enough may have answered all the same.
                Err(Broken::Sink(_)) => false,
                Err(broken) => return Err(Failure::of_request(broken)),
            };
        }
        let answer = loop {
            let head = early.take().map_or_else(|| self.next_head(upstream), Ok)?;
            if is_final(&head) {
                break head;
            }
        };
        if self.suffers(fault, Fault::LostReply) {
            return Ok(After::Close);
        }
        self.client.get_mut().write_all(&answer.raw).map_err(|_| Failure::Client)?;
        let body = answer.body_of_answer(self.request.method()).map_err(|_| Failure::Upstream)?;
        if body.has_halves() && self.suffers(fault, Fault::Truncated) {
            body.pass_half(upstream, self.client.get_mut()).map_err(Failure::of_answer)?;
            return Ok(After::Close);
        }
        body.pass(upstream, self.client.get_mut()).map_err(Failure::of_answer)?;
        let closes = self.request.closes() || answer.closes() || body == Body::UntilClose;
        Ok(match (is_sent, closes) {
            (false, _) => After::CloseSlowly,
            (true, true) => After::Close,
            (true, false) => After::Next,
        })
    }

    /// The upstream's next head. What comes before the answer proper is for the client at once.
    fn next_head(&mut self, upstream: &mut Stream) -> Result<Head, Failure> {
        let head = Head::read(upstream).ok().flatten().ok_or(Failure::Upstream)?;
        head.status().map_err(|_| Failure::Upstream)?;
        if !is_final(&head) {
            self.client.get_mut().write_all(&head.raw).map_err(|_| Failure::Client)?;
        }
        Ok(head)
    }

    /// Whether the client waits to be told to send its body.
    fn waits(&self) -> bool {
        self.request.says("expect", "100-continue")
    }

    /// Whether the request is to suffer this now; if so, it is counted.
    fn suffers(&self, drawn: Option<Fault>, fault: Fault) -> bool {
        drawn == Some(fault) && self.shared.strike(fault)
    }
}

impl Upstream {
    fn open(shared: &Arc<Shared>) -> Option<Self> {
        let stream = TcpStream::connect(&shared.upstream).ok()?;
        let _ = stream.set_nodelay(true);
        let tracked = Tracked::new(shared, &stream)?;
        Some(Self { stream: BufReader::with_capacity(BUFFER, stream), _tracked: tracked })
    }

    /// Whether it can take another request: it is open, and nothing is left to be read.
    fn is_idle(&self) -> bool {
        let stream = self.stream.get_ref();
        let peeked = stream.set_nonblocking(true).and_then(|()| stream.peek(&mut [0]));
        let is_quiet = peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        self.stream.buffer().is_empty() && is_quiet && stream.set_nonblocking(false).is_ok()
    }
}

/// Whether this is the answer proper.
fn is_final(head: &Head) -> bool {
    head.status().is_ok_and(|status| status >= 200)
}

/// Whether the upstream says something, or closes, before a client would lose its patience.
fn comes_soon(upstream: &mut Stream) -> bool {
    let _ = upstream.get_ref().set_read_timeout(Some(GO_AHEAD));
    let came = upstream.fill_buf().is_ok();
    let _ = upstream.get_ref().set_read_timeout(None);
    came
}

/// Reads on for a while, so that the client gets to see its answer although it is still sending.
fn close_slowly(client: &mut TcpStream) {
    let start = Instant::now();
    let mut buffer = vec![0; BUFFER];
    let is_ready = client.shutdown(Shutdown::Write).and_then(|()| client.set_read_timeout(Some(LINGER)));
    while is_ready.is_ok() && start.elapsed() < LINGER && client.read(&mut buffer).is_ok_and(|n_bytes| n_bytes > 0) {}
}
