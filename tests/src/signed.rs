//! Signed requests to an S3 endpoint, for tests that must not trust the store they test.

use std::io::{self, BufReader, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use crate::http::Head;

/// The user that the gateway of the tests knows.
const USER: Key = Key { id: "testkey", secret: "testsecret" };

/// The region that a gateway takes when it has not been given one.
const REGION: &str = "us-east-1";

struct Key {
    id: &'static str,
    secret: &'static str,
}

/// An answer of the endpoint.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The entity tag, with its quotes; empty when there is none.
    pub etag: String,
    /// The body, without its framing.
    pub body: Vec<u8>,
}

/// Sends one signed request on a connection of its own.
///
/// The target is path and query: written as in the signature's canonical form, so percent-encoded, with the
/// parameters sorted and each with its `=`. Further fields are sent but not signed.
///
/// # Errors
/// When the connection fails or breaks before the answer is complete.
pub fn signed(endpoint: &str, method: &str, target: &str, fields: &[&str], body: &[u8]) -> io::Result<Answer> {
    let host = endpoint.trim_start_matches("http://").trim_end_matches('/');
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).map_err(io::Error::other)?;
    let time = timestamp(since_1970.as_secs());
    let digest = hex(&Sha256::digest(body));
    let authorization = authorization(&USER, method, host, target, &time, &digest);
    let mut head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\nConnection: close\r\n\
         x-amz-date: {time}\r\nx-amz-content-sha256: {digest}\r\nAuthorization: {authorization}\r\n",
        body.len()
    );
    for field in fields {
        head += &format!("{field}\r\n");
    }
    let mut stream = BufReader::new(TcpStream::connect(host)?);
    stream.get_mut().write_all(&[head.as_bytes(), b"\r\n", body].concat())?;
    loop {
        let head = Head::read(&mut stream)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = head.status()?;
        if status >= 200 {
            let body = head.body_of_answer(method)?.read(&mut stream)?;
            return Ok(Answer { status, etag: head.field("etag").unwrap_or_default().to_owned(), body });
        }
    }
}

/// Signature Version 4 over the host, the time and the digest of the body, as in Amazon's "Authenticating Requests:
/// Using the Authorization Header".
fn authorization(key: &Key, method: &str, host: &str, target: &str, time: &str, digest: &str) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let names = "host;x-amz-content-sha256;x-amz-date";
    let fields = format!("host:{host}\nx-amz-content-sha256:{digest}\nx-amz-date:{time}\n");
    let request = format!("{method}\n{path}\n{query}\n{fields}\n{names}\n{digest}");
    let scope = format!("{}/{REGION}/s3/aws4_request", &time[..8]);
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(request)));
    let seed = format!("AWS4{}", key.secret).into_bytes();
    let derived = scope.split('/').fold(seed, |key, part| hmac(&key, part.as_bytes()));
    let signature = hex(&hmac(&derived, text.as_bytes()));
    format!("AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={names},Signature={signature}", key.id)
}

/// HMAC-SHA256 (RFC 2104) with a key of at most one block, as all keys here are.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let padded = |pad: u8| -> Vec<u8> { (0..64).map(|at| key.get(at).copied().unwrap_or(0) ^ pad).collect() };
    let inner = Sha256::digest([&padded(0x36), text].concat());
    Sha256::digest([&padded(0x5c), &inner[..]].concat()).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Seconds since 1970 as `20130524T000000Z`. The date is `civil_from_days` of Howard Hinnant's "chrono-Compatible
/// Low-Level Date Algorithms", for days after 1970 only.
fn timestamp(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * day + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let (year, day) = (era * 400 + year + u64::from(month <= 2), day - (153 * from_march + 2) / 5 + 1);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_published_example() {
        let key = Key { id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
        let digest = hex(&Sha256::digest(b""));
        let host = "examplebucket.s3.amazonaws.com";
        let made = authorization(&key, "GET", host, "/?lifecycle=", "20130524T000000Z", &digest);
        assert!(made.contains("Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"), "{made}");
        assert!(made.ends_with("=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"), "{made}");
    }

    #[test]
    fn times_are_written_in_full() {
        assert_eq!(timestamp(0), "19700101T000000Z");
        assert_eq!(timestamp(951_827_696), "20000229T123456Z");
        assert_eq!(timestamp(1_369_353_600), "20130524T000000Z");
        assert_eq!(timestamp(4_107_542_399), "21000228T235959Z");
    }
}
