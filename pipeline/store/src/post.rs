//! Requests to a service that answers in JSON: one POST, one answer, with limits on time and size.

use crate::StoreError;
use crate::assets::agent_for;
use std::io::Read;
use std::time::Duration;
use ureq::Agent;

/// Who sends the requests; connections are kept between them, and many threads may use it at once.
pub struct Poster {
    agent: Agent,
    max_bytes: u64,
}

/// What a service has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status, whatever it is.
    pub status: u16,
    /// How long the service wants to be left alone (RFC 9110, section 10.2.3, in seconds; the form with a date is passed over).
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Vec<u8>,
}

impl Poster {
    /// Waits so long for all of an answer, and takes so many bytes of it.
    pub fn new(timeout: Duration, max_bytes: u64) -> Poster {
        Poster { agent: agent_for(timeout), max_bytes }
    }

    /// Sends a body of JSON. Redirects are not followed: a key goes to the address that was given and nowhere else.
    ///
    /// # Errors
    /// Transient when no whole answer came in time; final when the address is none, or the answer is too long.
    pub fn json(&self, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, StoreError> {
        let mut request = self.agent.post(url).header("Content-Type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let refused = |what: String| StoreError::Refused { what, hint: "check the address and the key".to_owned() };
        let answer = request.send(body).map_err(|error| match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => refused(format!("cannot ask `{url}`: {error}")),
            error => StoreError::transient("ask", url, error),
        })?;
        let status = answer.status().as_u16();
        let seconds = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let retry_after = seconds.filter(|seconds: &f64| (0.0..1e6).contains(seconds)).map(Duration::from_secs_f64);
        let mut body = Vec::new();
        let reader = answer.into_body().into_with_config().limit(u64::MAX).reader();
        let read = reader.take(self.max_bytes + 1).read_to_end(&mut body);
        read.map_err(|error| StoreError::transient("read the answer of", url, error))?;
        if body.len() as u64 > self.max_bytes {
            return Err(StoreError::corrupt(url, format!("the answer has more than {} bytes", self.max_bytes)));
        }
        Ok(Answer { status, retry_after, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    /// Serves one answer after another, and shows what was asked.
    fn serve(answers: &'static [&'static str]) -> (String, std::sync::mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1/x", listener.local_addr().unwrap());
        let (send, asked) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                let _ = send.send(head.join("\n").to_lowercase());
                let _ = stream.write_all(answer.as_bytes());
                if answer.ends_with("...") {
                    std::thread::spawn(move || {
                        crate::retry::wait(Duration::from_secs(5));
                        drop(stream);
                    });
                }
            }
        });
        (url, asked)
    }

    fn post(url: &str) -> Result<Answer, StoreError> {
        Poster::new(Duration::from_millis(400), 20).json(url, &[("Authorization", "Bearer k")], b"{}")
    }

    #[test]
    fn answers_come_with_their_status() {
        let (url, asked) = serve(&[
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
            "HTTP/1.1 429 Slow\r\nRetry-After: 1.5\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 302 Found\r\nLocation: http://other.example/\r\nContent-Length: 0\r\n\r\n",
        ]);
        assert_eq!(post(&url).unwrap(), Answer { status: 200, retry_after: None, body: b"[]".to_vec() });
        let said = asked.recv().unwrap();
        for part in ["post /v1/x", "authorization: bearer k", "content-type: application/json"] {
            assert!(said.contains(part), "{said}");
        }
        let answer = post(&url).unwrap();
        assert_eq!((answer.status, answer.retry_after), (429, Some(Duration::from_millis(1_500))));
        assert_eq!(post(&url).unwrap().status, 302);
    }

    #[test]
    fn what_is_cut_slow_or_gone_may_come_later_and_what_is_too_long_never() {
        let (url, _asked) = serve(&[
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[]",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[...",
            "",
            "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n[       \"long\"       ]",
        ]);
        for what in ["cut", "slow", "closed"] {
            assert!(post(&url).unwrap_err().is_transient(), "{what}");
        }
        assert!(matches!(post(&url), Err(StoreError::Corrupt { .. })));
        assert!(post("http://127.0.0.1:1/").unwrap_err().is_transient());
        assert!(!post("no address").unwrap_err().is_transient());
    }
}
