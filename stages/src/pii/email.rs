//! E-mail addresses, as they stand in running text: what people write of RFC 5321, with quoted names and address literals.

use super::site::Site;

/// Bytes of a name before the `@`. RFC 5321 allows 64; lists of subscribers are known to exceed it.
const MAX_LOCAL: usize = 96;

/// Bytes of a domain (RFC 1035, section 2.3.4).
const MAX_DOMAIN: usize = 253;

/// Bytes of one label of a domain.
const MAX_LABEL: usize = 63;

/// Last labels of what is a file name with an `@`, as `icon@2x.png`.
const FILE_ENDINGS: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "bmp", "ico", "css", "scss", "less", "js", "mjs", "jsx", "ts",
    "tsx", "json", "xml", "html", "htm", "php", "asp", "aspx", "jsp", "pdf", "txt", "csv", "yml", "yaml", "java",
    "jar", "dll", "exe", "min", "map", "woff", "ttf", "mp3", "mp4", "wav", "gz", "tar", "tgz", "service", "conf",
    "log",
];

/// The address around the `@` at a place.
pub(super) fn address(site: &Site<'_>, at: usize) -> Option<(usize, usize)> {
    let end = if site.byte(at + 1) == b'[' { literal(site, at + 1)? } else { domain(site, at + 1)? };
    let start = local(site, at)?;
    let is_shell = matches!(site.slice(start, at), b"git" | b"hg" | b"svn");
    (!is_shell && !in_authority(site, start)).then_some((start, end))
}

/// Whether what starts here is the user of a URL, `https://user@host`.
fn in_authority(site: &Site<'_>, start: usize) -> bool {
    let before = site.slice(start.saturating_sub(MAX_LOCAL), start);
    let token = before.rsplit(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
    let Some(scheme) = memchr::memmem::rfind(token, b"://") else { return false };
    !token[scheme + 3..].contains(&b'/') && !token[..scheme].ends_with(b"mailto")
}

/// End of an address literal, `[192.0.2.1]` or `[IPv6:2001:db8::1]`, that starts here.
fn literal(site: &Site<'_>, open: usize) -> Option<usize> {
    let inside = site.slice(open + 1, open + 60);
    let close = memchr::memchr(b']', inside)?;
    let text = str::from_utf8(&inside[..close]).ok()?;
    let is_v6 = || text.strip_prefix("IPv6:").is_some_and(|v6| v6.parse::<std::net::Ipv6Addr>().is_ok());
    (text.parse::<std::net::Ipv4Addr>().is_ok() || is_v6()).then_some(open + 1 + close + 1)
}

/// End of a domain that starts here: labels of letters, digits and hyphens, the last of them of letters.
fn domain(site: &Site<'_>, start: usize) -> Option<usize> {
    let mut ends = [0; 12];
    let mut n_labels = 0;
    let mut at = start;
    while n_labels < ends.len() && at < start + MAX_DOMAIN {
        let label = label(site, at);
        if label == at {
            break;
        }
        ends[n_labels] = label;
        n_labels += 1;
        at = label + 1;
        if site.byte(label) != b'.' {
            break;
        }
    }
    // What is joined by a hyphen to the last label is the next word, when what is before it is known.
    if n_labels >= 2 {
        let first = ends[n_labels - 2] + 1;
        if let Some(hyphen) = memchr::memchr(b'-', site.slice(first, ends[n_labels - 1]))
            && is_known(site.slice(start, first + hyphen))
        {
            ends[n_labels - 1] = first + hyphen;
        }
    }
    let last = |n: usize| site.slice(if n > 1 { ends[n - 2] + 1 } else { start }, ends[n - 1]);
    while n_labels >= 2 && !is_top(last(n_labels)) {
        n_labels -= 1;
    }
    if n_labels < 2 || (is_scale(site.slice(start, ends[0])) && n_labels == 2) {
        return None;
    }
    // The next sentence may follow without a space.
    let n_known = (2..=n_labels).rev().find(|n| is_known(site.slice(start, ends[*n - 1])));
    let last = last(n_labels).to_ascii_lowercase();
    match n_known {
        Some(n) => Some(ends[n - 1]),
        None if FILE_ENDINGS.iter().any(|ending| ending.as_bytes() == last) => None,
        None => Some(ends[n_labels - 1]),
    }
}

/// Whether a domain ends in a suffix of the public suffix list.
fn is_known(domain: &[u8]) -> bool {
    psl::suffix(&domain.to_ascii_lowercase()).is_some_and(|suffix| suffix.is_known())
}

/// End of the label that starts here; the place itself when there is none. Hyphens at its end do not belong to it.
fn label(site: &Site<'_>, start: usize) -> usize {
    let mut at = start;
    while at < start + MAX_LABEL {
        match site.byte(at) {
            b'-' if at > start => at += 1,
            byte if byte.is_ascii_alphanumeric() => at += 1,
            0x80.. => match letter_at(site, at) {
                Some(len) => at += len,
                None => break,
            },
            _ => break,
        }
    }
    while at > start && site.byte(at - 1) == b'-' {
        at -= 1;
    }
    at
}

/// Bytes of a letter beyond ASCII in a script that parts words by spaces.
fn letter_at(site: &Site<'_>, at: usize) -> Option<usize> {
    site.char_at(at).filter(|c| is_letter(*c)).map(char::len_utf8)
}

/// Letters of scripts that part words by blanks, from Latin to Sinhala, and the accents that combine with them.
fn is_letter(c: char) -> bool {
    let in_range = ('\u{c0}'..'\u{e00}').contains(&c) || ('\u{1e00}'..'\u{2000}').contains(&c);
    in_range && (c.is_alphabetic() || ('\u{300}'..'\u{370}').contains(&c))
}

/// Whether a label can be the last one of a domain.
fn is_top(label: &[u8]) -> bool {
    let is_letters = label.iter().all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80);
    (label.len() >= 2 && is_letters) || label.get(..4).is_some_and(|head| head.eq_ignore_ascii_case(b"xn--"))
}

/// Whether a label says for which screens an image is, as in `icon@2x.zip`.
fn is_scale(label: &[u8]) -> bool {
    matches!(label, [digit, b'x' | b'X'] if digit.is_ascii_digit())
}

/// Start of the name that ends before the `@` at a place.
fn local(site: &Site<'_>, at: usize) -> Option<usize> {
    if site.byte_before(at) == b'"' {
        return quoted(site, at);
    }
    let floor = at.saturating_sub(MAX_LOCAL).max(site.done.get());
    let mut start = at;
    while start > floor {
        let byte = site.byte(start - 1);
        if byte < 0x80 && is_plain(byte) {
            start -= 1;
        } else if let Some(c) = site.char_before(start).filter(|c| is_letter(*c)) {
            start -= c.len_utf8();
        } else {
            break;
        }
    }
    if start == at {
        // A name of nothing but rare symbols, which in other places part addresses from what they stand in.
        while start > floor && is_atext(site.byte(start - 1)) {
            start -= 1;
        }
        return (at - start > 1 && site.slice(start, at).iter().any(u8::is_ascii_alphanumeric)).then_some(start);
    }
    if start == floor && floor > site.done.get() && is_plain(site.byte_before(start)) {
        return None;
    }
    // Where words are not parted a name is told from the text by its digits: `김29@…`.
    if !site.slice(start, at).iter().any(u8::is_ascii_alphabetic) {
        while let Some(c) =
            site.char_before(start).filter(|c| start > floor && (*c >= '\u{e00}' && c.is_alphabetic() || *c == '.'))
        {
            start -= c.len_utf8();
        }
    }
    if let Some(dots) = memchr::memmem::rfind(site.slice(start, at), b"...") {
        start += dots + 3;
    }
    start += escape(site, start, at);
    while start < at && matches!(site.byte(start), b'.' | b'-' | b'\'' | b'+' | b'%') {
        start += 1;
    }
    let has_letter = site.slice(start, at).iter().any(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
    (has_letter && !matches!(site.byte_before(at), b'.' | b'\'')).then_some(start)
}

/// Bytes of an escape at the start of a name that belongs to the text around it: `%20`, `\n`, `\u003c`.
fn escape(site: &Site<'_>, start: usize, at: usize) -> usize {
    let name = site.slice(start, at);
    let is_hex = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    match name {
        [b'%', digits @ ..] if digits.len() > 2 && is_hex(&digits[..2]) => 3,
        [b'n' | b't' | b'r', _, ..] if site.byte_before(start) == b'\\' => 1,
        [b'u', digits @ ..] if site.byte_before(start) == b'\\' && digits.len() > 4 && is_hex(&digits[..4]) => 5,
        _ => 0,
    }
}

/// What names are made of, without the symbols that more often stand around an address.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'-' | b'%' | b'\'')
}

/// `atext` of RFC 5322 and the dot.
fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte)
}

/// Start of a quoted name that ends before the `@`: `"john smith"@…`.
fn quoted(site: &Site<'_>, at: usize) -> Option<usize> {
    let inside = site.slice(at.saturating_sub(MAX_LOCAL), at - 1);
    let open = memchr::memrchr(b'"', inside)?;
    let name = &inside[open + 1..];
    let start = at - 1 - inside.len() + open;
    let n_escapes = name.iter().rev().take_while(|byte| **byte == b'\\').count();
    let is_name = !name.is_empty() && n_escapes % 2 == 0 && name.iter().all(|byte| (0x20..0x7f).contains(byte));
    (is_name && site.opens(start)).then_some(start)
}

#[cfg(test)]
mod tests {
    use crate::pii::tests::{assert_finds, found};

    fn email(text: &str) -> Vec<&str> {
        found("email", "", text)
    }

    #[test]
    fn addresses_are_found_wherever_they_stand() {
        assert_finds(
            "email",
            "",
            &[
                "⟦a@b.co⟧",
                "write to ⟦ann.lee+news@mail.example.co.uk⟧. Or",
                "<⟦ann@example.org⟧>, (mailto:⟦bob_x@example.org⟧)",
                "the end ⟦ann@example.org⟧",
                "two ⟦a.b@example.org⟧,⟦c-d@example.org⟧",
                "https://example.org/?mail=⟦ann@example.org⟧&x=1",
                "“⟦ann@example.org⟧”",
                "请写信给⟦ann@example.cn⟧谢谢",
                "⟦josé.núñez@correo.es⟧ y ⟦вася@почта.рф⟧",
                "'⟦o'brien@example.ie⟧'",
                "⟦시우.김29@example.org⟧ ⟦hạnh.nguyễn8@example.org⟧",
                r#"{"mail":"⟦ann@example.org⟧","x":"\n⟦bob@example.org⟧\u003c"}"#,
                "%20⟦ann@example.org⟧",
                "mail me...⟦ann@example.org⟧",
                "⟦\"ann lee\"@example.org⟧ ⟦ann@[192.0.2.7]⟧ x@[300.1.1.1]",
                "⟦ann@example.com⟧.Then we went home",
                "⟦ann@server.internal⟧: no public name, an address all the same",
                "⟦x@sub.xn--p1ai.xn--p1ai⟧ @⟦ann@mastodon.social⟧",
                "⟦ann@example.org⟧-⟦bob@example.org⟧",
                "⟦ann@EXAMPLE.ORG⟧",
                "line\n⟦ann@example.org⟧\nline",
            ],
        );
    }

    #[test]
    fn what_only_looks_like_one_is_left() {
        assert_finds(
            "email",
            "",
            &[
                "@ann, a@b, me @ home.org, ann@ example.org",
                "icon@2x.png logo@3x.zip lodash@4.17.21 react@18.2.0-rc.1",
                "git clone git@github.com:ann/repo.git",
                "https://ann@example.org/ ftp://ann:secret@example.org",
                "x.@example.org @example.org ..@example.org",
                "\"chat\"@fr a@-b.org a@b-.c",
                "style@page.css",
            ],
        );
    }

    #[test]
    fn sizes_are_bounded() {
        let long = format!("{}@example.org", "a".repeat(200));
        assert!(email(&long).is_empty());
        let labels = format!("a@{}", "b.".repeat(200_000));
        assert!(email(&labels).is_empty());
        assert!(email(&"@".repeat(100_000)).is_empty());
        assert!(email(&"\"@".repeat(100_000)).is_empty());
    }
}
