//! A client behind the proxy sees what the upstream has sent, or the fault that was asked for.

use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{FaultProxy, Faults};
use crate::http::{Body, Head};

/// A server that answers with what it has received, in the manner that the path asks for.
struct Upstream {
    endpoint: String,
    /// Method and target of every request.
    seen: Arc<Mutex<Vec<String>>>,
    n_connections: Arc<AtomicUsize>,
}

impl Upstream {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (seen, n_connections) = (Arc::default(), Arc::default());
        let upstream = Self { endpoint, seen: Arc::clone(&seen), n_connections: Arc::clone(&n_connections) };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                n_connections.fetch_add(1, Ordering::Relaxed);
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || serve(BufReader::new(stream.unwrap()), &seen));
            }
        });
        upstream
    }

    fn n_seen(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

fn serve(mut stream: BufReader<TcpStream>, seen: &Mutex<Vec<String>>) {
    while let Ok(Some(head)) = Head::read(&mut stream) {
        seen.lock().unwrap().push(format!("{} {}", head.method(), head.target()));
        let mut received = head.raw.clone();
        if head.target() != "/denied" {
            if head.says("expect", "100-continue") {
                stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
            }
            let Ok(()) = head.body_of_request().unwrap().pass(&mut stream, &mut received) else { return };
        }
        let length = received.len();
        let (head_of_answer, body) = match head.target() {
            "/chunks" => {
                let chunks = format!("{length:x};a=b\r\n{}\r\n3\r\nend\r\n0\r\nA: b\r\n\r\n", text(&received));
                ("200 OK\r\nTransfer-Encoding: chunked".to_owned(), chunks.into_bytes())
            }
            "/large" => (format!("200 OK\r\nContent-Length: {}", large().len()), large()),
            "/nothing" => ("204 No Content".to_owned(), Vec::new()),
            "/same" => ("304 Not Modified\r\nContent-Length: 5".to_owned(), Vec::new()),
            "/denied" => ("403 Forbidden\r\nContent-Length: 2".to_owned(), b"no".to_vec()),
            "/broken" => ("200 OK\r\nContent-Length: 9".to_owned(), b"half".to_vec()),
            "/until-close" => ("200 OK".to_owned(), received),
            _ => (format!("200 OK\r\nContent-Length: {length}"), received),
        };
        let body = if head.method() == "HEAD" { Vec::new() } else { body };
        let answer = [b"HTTP/1.1 ", head_of_answer.as_bytes(), b"\r\n\r\n", &body].concat();
        let is_sent = stream.get_mut().write_all(&answer).is_ok();
        if !is_sent || head.closes() || ["/broken", "/until-close", "/quits"].contains(&head.target()) {
            return;
        }
    }
}

fn large() -> Vec<u8> {
    (0..3_000_001_u32).map(|at| (at % 251) as u8).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn connect(endpoint: &str) -> TcpStream {
    TcpStream::connect(endpoint.trim_start_matches("http://")).unwrap()
}

/// Sends a head and, when told to go on if the head asks for that, a body. Returns all bytes that come back.
fn talk(endpoint: &str, head: &str, body: &[u8]) -> Vec<u8> {
    let mut stream = BufReader::new(connect(endpoint));
    stream.get_mut().write_all(head.as_bytes()).unwrap();
    let mut received = Vec::new();
    if head.contains("Expect:") {
        let Ok(Some(answer)) = Head::read(&mut stream) else { return received };
        received.extend(&answer.raw);
        if answer.status().unwrap() != 100 {
            let _ = stream.read_to_end(&mut received);
            return received;
        }
    }
    let _ = stream.get_mut().write_all(body);
    let _ = stream.read_to_end(&mut received);
    received
}

fn get(endpoint: &str, target: &str) -> Vec<u8> {
    talk(endpoint, &format!("GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), b"")
}

/// What is counted beside requests, as far as it has happened.
fn harm(proxy: &FaultProxy) -> Vec<(&'static str, u64)> {
    proxy.counts().into_iter().filter(|(name, count)| *name != "requests" && *count > 0).collect()
}

#[test]
fn without_faults_all_bytes_pass_unchanged() {
    let upstream = Upstream::start();
    let proxy = FaultProxy::start(&upstream.endpoint, Faults::default());
    let head =
        |line: &str, fields: &str| format!("{line} HTTP/1.1\r\nhOST:  s3.example\r\n{fields}Connection: close\r\n\r\n");
    let sized = format!("Content-Length: {}\r\n", large().len());
    let chunked = [format!("{:X}\r\n", large().len()).as_bytes(), &large(), b"\r\n0\r\nA: b\r\n\r\n"].concat();
    let requests = [
        (head("GET /echo?x=%20&y", ""), Vec::new()),
        (head("GET /large", ""), Vec::new()),
        (head("GET /chunks", ""), Vec::new()),
        (head("GET /until-close", ""), Vec::new()),
        (head("GET /nothing", ""), Vec::new()),
        (head("GET /same", ""), Vec::new()),
        (head("HEAD /large", ""), Vec::new()),
        (head("HEAD /chunks", ""), Vec::new()),
        (head("DELETE /echo", ""), Vec::new()),
        (head("PUT /echo", "Content-Length: 0\r\n"), Vec::new()),
        (head("PUT /echo", &sized), large()),
        (head("PUT /echo", &format!("{sized}Expect: 100-continue\r\n")), large()),
        (head("PUT /echo", "Transfer-Encoding: chunked\r\n"), chunked.clone()),
        (head("PUT /echo", "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n"), chunked),
        (head("PUT /denied", &format!("{sized}Expect: 100-continue\r\n")), large()),
    ];
    for (head, body) in &requests {
        let direct = talk(&upstream.endpoint, head, body);
        assert!(!direct.is_empty(), "{head}");
        assert!(talk(&proxy.endpoint(), head, body) == direct, "{head}");
    }
    assert_eq!(proxy.counts()["requests"], requests.len() as u64);
    assert_eq!(harm(&proxy), []);
}

#[test]
fn a_connection_serves_many_requests() {
    let upstream = Upstream::start();
    let proxy = FaultProxy::start(&upstream.endpoint, Faults::default());
    let mut stream = BufReader::new(connect(&proxy.endpoint()));
    for line in ["HEAD /large", "GET /nothing", "GET /large", "GET /chunks", "GET /echo"] {
        let method = line.split(' ').next().unwrap();
        stream.get_mut().write_all(format!("{line} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).unwrap();
        let head = Head::read(&mut stream).unwrap().unwrap();
        let body = head.body_of_answer(method).unwrap().read(&mut stream).unwrap();
        assert_eq!(body == large(), line == "GET /large", "{line}");
    }
    assert_eq!(upstream.n_connections.load(Ordering::Relaxed), 1);
    // The upstream closes its side behind an answer; the next request finds another connection.
    for target in ["/quits", "/quits", "/echo"] {
        stream.get_mut().write_all(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).unwrap();
        let head = Head::read(&mut stream).unwrap().unwrap();
        assert!(!head.body_of_answer("GET").unwrap().read(&mut stream).unwrap().is_empty());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(upstream.n_connections.load(Ordering::Relaxed), 3);
    assert_eq!(harm(&proxy), []);
}

#[test]
fn a_refusal_looks_like_that_of_s3_and_goes_no_further() {
    let upstream = Upstream::start();
    let kinds = [
        (Faults { slow_down: 1.0, ..Faults::default() }, "slow_down", "503 Slow Down", "<Code>SlowDown</Code>"),
        (
            Faults { internal_error: 1.0, ..Faults::default() },
            "internal_error",
            "500 Int",
            "<Code>InternalError</Code>",
        ),
    ];
    for (faults, name, status, code) in kinds {
        let proxy = FaultProxy::start(&upstream.endpoint, faults);
        let mut stream = BufReader::new(connect(&proxy.endpoint()));
        for line in ["GET", "HEAD", "PUT"] {
            let request = format!("{line} /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
            stream.get_mut().write_all(request.as_bytes()).unwrap();
            let head = Head::read(&mut stream).unwrap().unwrap();
            assert!(text(&head.raw).starts_with(&format!("HTTP/1.1 {status}")), "{head:?}");
            let body = head.body_of_answer(line).unwrap().read(&mut stream).unwrap();
            assert_eq!(text(&body).contains(code), line != "HEAD");
        }
        // A client that waits with its body is not told to send it.
        let head = "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
        let answer = text(&talk(&proxy.endpoint(), head, b"body"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(code), "{answer}");
        assert_eq!(harm(&proxy), [(name, 4)]);
    }
    assert_eq!(upstream.n_seen(), 0);
}

#[test]
fn a_cut_comes_before_or_after_the_upstream_has_acted() {
    let upstream = Upstream::start();
    let put = "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n";
    let proxy = FaultProxy::start(&upstream.endpoint, Faults { reset_before: 1.0, ..Faults::default() });
    assert_eq!(talk(&proxy.endpoint(), put, b"body"), b"");
    assert_eq!((harm(&proxy), upstream.n_seen()), (vec![("reset_before", 1)], 0));

    let proxy = FaultProxy::start(&upstream.endpoint, Faults { lost_reply: 1.0, ..Faults::default() });
    assert_eq!(talk(&proxy.endpoint(), put, b"body"), b"");
    assert_eq!((harm(&proxy), upstream.n_seen()), (vec![("lost_reply", 1)], 1));
}

#[test]
fn half_a_body_comes_and_then_the_end() {
    let upstream = Upstream::start();
    let proxy = FaultProxy::start(&upstream.endpoint, Faults { truncated: 1.0, ..Faults::default() });
    let whole = get(&upstream.endpoint, "/large");
    assert!(get(&proxy.endpoint(), "/large") == whole[..whole.len() - large().len().div_ceil(2)]);
    let chunks = get(&proxy.endpoint(), "/chunks");
    assert!(text(&chunks).contains("GET /chunks") && !text(&chunks).contains("end"), "{}", text(&chunks));
    assert_eq!(harm(&proxy), [("truncated", 2)]);
    // There is nothing to be halved in these.
    assert_eq!(get(&proxy.endpoint(), "/nothing"), get(&upstream.endpoint, "/nothing"));
    let put = "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nConnection: close\r\n\r\n";
    assert_eq!(talk(&proxy.endpoint(), put, b"body"), talk(&upstream.endpoint, put, b"body"));
    assert_eq!(harm(&proxy), [("truncated", 2)]);
}

#[test]
fn a_delay_changes_nothing_but_the_time() {
    let upstream = Upstream::start();
    let delay_by = Duration::from_millis(80);
    let proxy = FaultProxy::start(&upstream.endpoint, Faults { delay: 1.0, delay_by, ..Faults::default() });
    let start = Instant::now();
    assert_eq!(get(&proxy.endpoint(), "/echo"), get(&upstream.endpoint, "/echo"));
    assert!(start.elapsed() >= delay_by);
    assert_eq!(harm(&proxy), [("delay", 1)]);
}

#[test]
fn faults_keep_to_their_requests_and_their_number() {
    let upstream = Upstream::start();
    let only: fn(&str, &str) -> bool = |_, target| target.starts_with("/commit");
    let faults = Faults { lost_reply: 1.0, only: Some(only), at_most: Some(2), ..Faults::default() };
    let proxy = FaultProxy::start(&upstream.endpoint, faults);
    let comes = |target| !get(&proxy.endpoint(), target).is_empty();
    assert_eq!([comes("/a"), comes("/commit"), comes("/a"), comes("/commit")], [true, false, true, false]);
    assert_eq!([comes("/commit"), comes("/commit")], [true, true]);
    assert_eq!(harm(&proxy), [("lost_reply", 2)]);
}

#[test]
fn what_goes_wrong_by_itself_is_counted_too() {
    let upstream = Upstream::start();
    let proxy = FaultProxy::start(&upstream.endpoint, Faults::default());
    assert!(text(&get(&proxy.endpoint(), "/broken")).ends_with("\r\n\r\nhalf"));
    for wrong in ["what\r\n\r\n", &format!("GET / HTTP/1.1\r\nA: {}", "a".repeat(100_000))] {
        assert_eq!(talk(&proxy.endpoint(), wrong, b""), b"");
    }
    assert_eq!(harm(&proxy), [("broken", 1), ("malformed", 2)]);

    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = FaultProxy::start(&format!("http://{nobody}/"), Faults::default());
    assert_eq!(get(&proxy.endpoint(), "/"), b"");
    assert_eq!(harm(&proxy), [("refused", 1)]);
}

#[test]
fn nothing_is_left_when_it_stops() {
    let upstream = Upstream::start();
    let proxy = FaultProxy::start(&upstream.endpoint, Faults::default());
    let endpoint = proxy.endpoint();
    let mut stream = BufReader::new(connect(&endpoint));
    stream.get_mut().write_all(b"GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let head = Head::read(&mut stream).unwrap().unwrap();
    assert_eq!(head.body_of_answer("GET").unwrap(), Body::Empty);
    drop(proxy);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert!(TcpStream::connect(endpoint.trim_start_matches("http://")).is_err());
}
