//! What spaCy takes for one word because it looks like a URL, a host name, an IP address or a mail address.

use super::chars::{Chars, DECIMAL, LOWER, WORD};

/// Whether a whole word looks like a URL.
///
/// The pattern is: a scheme (optional), anything up to an `@` (optional), a public IPv4 address or a host name with a
/// top-level domain in small letters, a port (optional), and a path, query or fragment (optional).
pub(super) fn is_url(chars: &Chars, word: &str) -> bool {
    // A host has a dot, and most words have none.
    if memchr::memchr(b'.', word.as_bytes()).is_none() {
        return false;
    }
    let after_scheme = scheme_end(chars, word);
    let after_users = memchr::memchr_iter(b'@', word.as_bytes()).filter(|at| *at > 0).map(|at| at + 1);
    [0].into_iter().chain(after_scheme).chain(after_users).any(|at| is_host_and_rest(chars, &word[at..]))
}

/// Where the host begins behind `https://` and the like.
fn scheme_end(chars: &Chars, word: &str) -> Option<usize> {
    let is_of_scheme = |c: char| matches!(c, '+' | '-' | '.') || chars.of(c) & WORD != 0;
    let (mut end, mut n_chars) = (0, 0);
    for c in word.chars().take_while(|c| is_of_scheme(*c)) {
        end += c.len_utf8();
        n_chars += 1;
    }
    (n_chars >= 2 && word[end..].starts_with("://")).then_some(end + 3)
}

/// Whether `text` is a host with what may follow one. Looks no further than the host when there is none.
fn is_host_and_rest(chars: &Chars, text: &str) -> bool {
    let is_of_host = |c: char| is_of_label(c) || matches!(c, '_' | '-' | '.') || chars.of(c) & LOWER != 0;
    let end = text.find(|c| !is_of_host(c)).unwrap_or(text.len());
    let (host, rest) = text.split_at(end);
    is_rest(chars, rest) && (is_name(chars, host) || is_public_address(chars, host))
}

/// A port and a path, each of which may be missing.
fn is_rest(chars: &Chars, rest: &str) -> bool {
    let path = match rest.strip_prefix(':') {
        None => rest,
        Some(port) => {
            let end = port.find(|c| chars.of(c) & DECIMAL == 0).unwrap_or(port.len());
            if !(2..=5).contains(&port[..end].chars().count()) {
                return false;
            }
            &port[end..]
        }
    };
    path.is_empty() || path.starts_with(['/', '?', '#'])
}

fn is_of_label(c: char) -> bool {
    c.is_ascii_alphanumeric() || ('\u{a1}'..='\u{ffff}').contains(&c)
}

/// Labels of 1 to 64 characters, then a domain of 2 to 63 small letters.
fn is_name(chars: &Chars, host: &str) -> bool {
    let Some((labels, top)) = host.rsplit_once('.') else { return false };
    let is_label = |label: &str| {
        label.starts_with(is_of_label)
            && label.ends_with(is_of_label)
            && label.chars().all(|c| is_of_label(c) || matches!(c, '_' | '-'))
            && label.chars().count() <= 64
    };
    (2..=63).contains(&top.chars().count())
        && top.chars().all(|c| chars.of(c) & LOWER != 0)
        && labels.split('.').all(is_label)
}

/// Four numbers that are no private, loopback or reserved address. The pattern takes the digits of every script.
fn is_public_address(chars: &Chars, host: &str) -> bool {
    let mut numbers = host.split('.');
    let (Some(a), Some(b), Some(c), Some(d), None) =
        (numbers.next(), numbers.next(), numbers.next(), numbers.next(), numbers.next())
    else {
        return false;
    };
    let fits = is_number(chars, a, 223, false) && is_number(chars, d, 254, false);
    let fits = fits && is_number(chars, b, 255, true) && is_number(chars, c, 255, true);
    let mut of_b = b.chars();
    let is_16_to_31 = match (of_b.next(), of_b.next(), of_b.next()) {
        (Some('1'), Some(ones), None) => ('6'..='9').contains(&ones),
        (Some('2'), Some(ones), None) => chars.of(ones) & DECIMAL != 0,
        (Some('3'), Some(ones), None) => matches!(ones, '0' | '1'),
        _ => false,
    };
    fits && !matches!((a, b), ("10" | "127", _) | ("169", "254") | ("192", "168")) && !(a == "172" && is_16_to_31)
}

/// A number up to `max` (which is 223, 254 or 255), with zeros in front or not.
fn is_number(chars: &Chars, text: &str, max: u32, may_begin_with_zero: bool) -> bool {
    let mut digits = text.chars();
    let (first, second, third, fourth) = (digits.next(), digits.next(), digits.next(), digits.next());
    let is_decimal = |c: char| chars.of(c) & DECIMAL != 0;
    let is_up_to = |c: char, last: u32| c.is_ascii_digit() && u32::from(c) - u32::from('0') <= last;
    match (first, second, third, fourth) {
        (Some(a), None, ..) if may_begin_with_zero => is_decimal(a),
        (Some(a), Some(b), None, _) if may_begin_with_zero => is_decimal(a) && is_decimal(b),
        (Some(a), None, ..) => ('1'..='9').contains(&a),
        (Some(a), Some(b), None, _) => ('1'..='9').contains(&a) && is_decimal(b),
        (Some('1'), Some(b), Some(c), None) => is_decimal(b) && is_decimal(c),
        (Some('2'), Some(b), Some(c), None) if is_up_to(b, max / 10 % 10 - 1) => is_decimal(c),
        (Some('2'), Some(b), Some(c), None) => is_up_to(b, max / 10 % 10) && is_up_to(c, max % 10),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::FACTS;
    use super::is_url;

    #[test]
    fn what_looks_like_a_url() {
        for word in [
            "http://example.org",
            "example.org/a(b)c",
            "example.org:80?x",
            "user:pw@example.org#f",
            "a@b@c.de",
            "例え.テスト",
            "8.8.8.8:53",
            "223.0.00.254/x",
            "172.32.0.1",
        ] {
            assert!(is_url(&FACTS.chars, word), "{word}");
        }
        for word in [
            "example",
            "a.b",
            "a.Com",
            "a..com",
            "a-.com",
            "example.org:1",
            "example.org:123456",
            "example.org,x",
            "@example",
            "10.0.0.1",
            "127.8.8.8",
            "192.168.0.1",
            "172.16.0.1",
            "172.31.9.9",
            "224.0.0.1",
            "1.2.3.255",
            "1.2.3",
            "1.2.3.4.5",
            "0.1.2.3",
        ] {
            assert!(!is_url(&FACTS.chars, word), "{word}");
        }
    }
}
