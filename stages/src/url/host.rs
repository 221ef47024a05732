//! Hosts in the one form in which lists and documents are compared.

use std::borrow::Cow;
use tokenmill_core::text::domain::registrable_domain;
use tokenmill_core::text::host_of;
use url::Host;

/// Longest host that is compared, in bytes: a name of the DNS has at most 253 characters (RFC 1035, section 2.3.4).
pub(super) const MAX_HOST: usize = 253;

/// A host in lower case, IDN in ASCII, without a dot at the end. What is no host comes back in lower case.
pub(crate) fn normal_host(host: &str) -> Cow<'_, str> {
    // No early exit, as most hosts are in order, and so the compiler looks at many bytes at once.
    let is_normal = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_');
    if host.bytes().fold(true, |all, byte| all & is_normal(byte)) && !host.ends_with('.') {
        return Cow::Borrowed(host);
    }
    let plain = host.is_ascii() && !host.contains('%');
    let mut host = match if plain { None } else { Host::parse(host).ok() } {
        Some(parsed) => parsed.to_string(),
        None => host.to_ascii_lowercase(),
    };
    host.truncate(host.trim_end_matches('.').len());
    Cow::Owned(host)
}

/// The site that a URL is of: the registrable domain of its host, whatever way that is written; empty without a host.
pub fn site_of(url: &str) -> String {
    registrable_domain(&normal_host(host_of(url))).to_owned()
}

/// An entry of a list as a host in its normal form, unless it is none. It may begin with `.` or `*.`.
pub(super) fn listed_host(entry: &str) -> Option<Cow<'_, str>> {
    let bare = entry.strip_prefix("*.").or_else(|| entry.strip_prefix('.')).unwrap_or(entry);
    let normal = normal_host(bare);
    let is_name = |name: &str| {
        let is_label = |label: &str| {
            let part_of_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
            !label.is_empty() && label.bytes().all(part_of_name)
        };
        name.split('.').all(is_label)
    };
    let is_ip6 = || {
        let inner = normal.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())
    };
    (normal.len() <= MAX_HOST && (is_name(&normal) || is_ip6())).then_some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_host() {
        for (host, normal) in [
            ("example.org", "example.org"),
            ("A.b.EXAMPLE.org..", "a.b.example.org"),
            ("www.BÜCHER.example", "www.xn--bcher-kva.example"),
            ("evil%2Enet", "evil.net"),
            ("[2001:DB8::1]", "[2001:db8::1]"),
            ("under_score.Example", "under_score.example"),
            ("%zz", "%zz"),
            ("...", ""),
            ("", ""),
        ] {
            assert_eq!(normal_host(host), normal, "{host}");
        }
    }

    #[test]
    fn entries_may_begin_with_a_wildcard() {
        for (entry, host) in [
            ("*.Bad.co.uk", Some("bad.co.uk")),
            (".evil.net", Some("evil.net")),
            ("bücher.example.", Some("xn--bcher-kva.example")),
            ("10.0.0.1", Some("10.0.0.1")),
            ("[::1]", Some("[::1]")),
            ("xxx", Some("xxx")),
            ("", None),
            (".", None),
            ("a..b", None),
            ("a.b/c", None),
            ("a.b:80", None),
            ("a b", None),
            ("a.*.b", None),
            ("<html>", None),
            ("user@a.b", None),
            ("[a]", None),
        ] {
            assert_eq!(listed_host(entry).as_deref(), host, "{entry}");
        }
        assert_eq!(listed_host(&"a.".repeat(128)), None);
        assert!(listed_host(&"a.".repeat(127)).is_some());
    }
}
