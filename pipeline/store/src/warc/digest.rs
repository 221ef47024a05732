//! Labelled digests of records: `sha1:` and `sha256:` in base32, hexadecimal or base64.

use sha1::{Digest, Sha1};
use sha2::Sha256;

/// Outcome of comparing data with a labelled digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestCheck {
    /// The data is what was hashed.
    Match,
    /// The data is something else.
    Mismatch,
    /// The label cannot be read, or names an algorithm that is not built in.
    Unknown,
}

/// Compares data with a digest as written in `WARC-Block-Digest` or `WARC-Payload-Digest`. A digest without a label is
/// taken as SHA-1 if it has the length of one (old writers).
pub fn check(label: &[u8], data: &[u8]) -> DigestCheck {
    let label = label.trim_ascii();
    let (name, value) = match memchr::memchr(b':', label) {
        Some(colon) => (&label[..colon], &label[colon + 1..]),
        None => (&b"sha1"[..], label),
    };
    let name: Vec<u8> = name.iter().filter(|&&b| b != b'-').map(u8::to_ascii_lowercase).collect();
    let computed = match &name[..] {
        b"sha1" => compare::<Sha1>(value, data),
        b"sha256" => compare::<Sha256>(value, data),
        _ => None,
    };
    match computed {
        Some(true) => DigestCheck::Match,
        Some(false) => DigestCheck::Mismatch,
        None => DigestCheck::Unknown,
    }
}

fn compare<D: Digest>(value: &[u8], data: &[u8]) -> Option<bool> {
    let expected = decode(value.trim_ascii(), <D as Digest>::output_size())?;
    Some(D::digest(data)[..] == expected[..])
}

/// Bytes of a written digest of `size` bytes. The three alphabets give different lengths, so the length tells which;
/// letters outside the alphabet give no bytes, which match nothing.
fn decode(value: &[u8], size: usize) -> Option<Vec<u8>> {
    let padding = value.iter().rev().take_while(|&&b| b == b'=').count();
    let value = &value[..value.len() - padding];
    let bytes = if value.len() == size * 2 {
        unpack(value, 4, size, |b| char::from(b).to_digit(16))
    } else if value.len() == (size * 8).div_ceil(5) {
        unpack(value, 5, size, |b| match b {
            b'A'..=b'Z' | b'a'..=b'z' => Some(u32::from(b.to_ascii_uppercase() - b'A')),
            b'2'..=b'7' => Some(u32::from(b - b'2') + 26),
            _ => None,
        })
    } else if value.len() == (size * 8).div_ceil(6) {
        unpack(value, 6, size, |b| match b {
            b'A'..=b'Z' => Some(u32::from(b - b'A')),
            b'a'..=b'z' => Some(u32::from(b - b'a') + 26),
            b'0'..=b'9' => Some(u32::from(b - b'0') + 52),
            b'+' | b'-' => Some(62),
            b'/' | b'_' => Some(63),
            _ => None,
        })
    } else {
        return None;
    };
    Some(bytes.unwrap_or_default())
}

/// Joins letters of `bits` bits each; what is left over at the end is padding.
fn unpack(letters: &[u8], bits: u32, size: usize, digit: impl Fn(u8) -> Option<u32>) -> Option<Vec<u8>> {
    let (mut out, mut held, mut n_held) = (Vec::with_capacity(size), 0u32, 0u32);
    for &letter in letters {
        held = (held << bits) | digit(letter)?;
        n_held += bits;
        if n_held >= 8 {
            n_held -= 8;
            out.push((held >> n_held) as u8);
            held &= (1 << n_held) - 1;
        }
    }
    out.truncate(size);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published values: the digests of no bytes.
    const EMPTY: [&str; 9] = [
        "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ",
        "sha1:3i42h3s6nnfq2msvx7xzkyayscx5qbyj",
        "SHA-1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "sha1:2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
        "sha1:2jmj7l5rSw0yVb_vlWAYkK_YBwk=",
        "3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "sha-256:4OYMIQUY7QOBJGX36TEJS35ZEQT24QPEMSNZGTFESWMRW6CSXBKQ====",
        "sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    ];

    #[test]
    fn every_way_of_writing_is_read() {
        for label in EMPTY {
            assert_eq!(check(label.as_bytes(), b""), DigestCheck::Match, "{label}");
            assert_eq!(check(label.as_bytes(), b"x"), DigestCheck::Mismatch, "{label}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_unknown_and_not_wrong() {
        for label in ["", "sha1:", "sha1:xyz", "md5:d41d8cd98f00b204e9800998ecf8427e"] {
            assert_eq!(check(label.as_bytes(), b""), DigestCheck::Unknown, "{label}");
        }
        assert_eq!(check(b"sha1:1!42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ", b""), DigestCheck::Mismatch);
    }
}
