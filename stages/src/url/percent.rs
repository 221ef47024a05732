//! Percent-encoding in its normal form (RFC 3986, sections 2.3 and 6.2.2).

/// Appends `text` in normal form: escaped unreserved characters are decoded, other escapes get upper-case digits, and
/// a percent sign that starts no escape is escaped itself (else decoding what follows it could make it one).
pub(super) fn normalize(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match escaped_byte(rest.as_bytes()) {
            Some(byte) if is_unreserved(byte) => out.push(char::from(byte)),
            Some(_) => {
                out.push('%');
                out.extend(rest[..2].chars().map(|digit| digit.to_ascii_uppercase()));
            }
            None => {
                out.push_str("%25");
                continue;
            }
        }
        rest = &rest[2..];
    }
    out.push_str(rest);
}

/// Appends the bytes that `text` stands for; a percent sign that starts no escape stands for itself.
pub(super) fn decode(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'%', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        match escaped_byte(rest) {
            Some(byte) => {
                out.push(byte);
                rest = &rest[2..];
            }
            None => out.push(b'%'),
        }
    }
    out.extend_from_slice(rest);
}

/// The byte that two hexadecimal digits stand for.
pub(super) fn escaped_byte(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    Some((digit(0)? * 16 + digit(1)?) as u8)
}

/// RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_forms() {
        for (text, expected) in [
            ("/%7euser/%2f%c3%A9", "/~user/%2F%C3%A9"),
            ("100%", "100%25"),
            ("%%34%31", "%2541"),
            ("%4", "%254"),
            ("%zz%é", "%25zz%25é"),
            ("%2541", "%2541"),
            ("", ""),
        ] {
            let (mut once, mut twice) = (String::new(), String::new());
            normalize(text, &mut once);
            normalize(&once, &mut twice);
            assert_eq!((once.as_str(), twice.as_str()), (expected, expected), "{text}");
        }
    }

    #[test]
    fn bytes_behind_escapes() {
        for (text, expected) in
            [("%41%2f%C3%a9", "A/é"), ("100%", "100%"), ("%%34%31", "%41"), ("%4", "%4"), ("%zz%é", "%zz%é"), ("", "")]
        {
            let mut decoded = Vec::new();
            decode(text.as_bytes(), &mut decoded);
            assert_eq!(decoded, expected.as_bytes(), "{text}");
        }
    }
}
