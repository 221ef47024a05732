//! The part of a host that somebody registered: what belongs to one owner.

use std::borrow::Cow;

/// The registrable domain of a host: its public suffix and one label more, by the [Public Suffix List].
///
/// `a.example.co.uk` gives `example.co.uk`. Private suffixes are suffixes, too: `anna.github.io` is one domain and
/// `bert.github.io` another, as they have different owners. Where the list is silent, the last label is the suffix. IP
/// addresses, hosts of one label, suffixes themselves (`co.uk`) and what is no host are given back as they are.
///
/// Case and a dot at the end do not matter; international names must be in ASCII (`xn--…`), as `url.canonical` writes
/// them. The list is the one of the `psl` crate, so `Cargo.lock` decides its date.
///
/// [Public Suffix List]: https://publicsuffix.org/list/
pub fn registrable_domain(host: &str) -> &str {
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or("");
    // The last label of a name of the DNS is never a number, that of an IPv4 address always (WHATWG URL, section 3.6).
    if last.is_empty() || last.bytes().all(|byte| byte.is_ascii_digit()) || host.ends_with(']') {
        return host;
    }
    let lower = if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    };
    let found = psl::domain(lower.as_bytes()).map(|domain| domain.as_bytes().len());
    found.and_then(|length| host.get(host.len().checked_sub(length)?..)).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_of_hosts() {
        for (host, domain) in [
            ("www.example.org", "example.org"),
            ("example.org", "example.org"),
            ("A.B.Example.CO.UK", "Example.CO.UK"),
            ("a.b.example.org.", "example.org."),
            ("co.uk", "co.uk"),
            ("anna.github.io", "anna.github.io"),
            ("www.anna.github.io", "anna.github.io"),
            ("github.io", "github.io"),
            // `*.ck` is a suffix, but `www.ck` is not.
            ("a.b.c.ck", "b.c.ck"),
            ("x.www.ck", "www.ck"),
            ("shop.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"),
            ("xn--55qx5d.cn", "xn--55qx5d.cn"),
            ("a.b.unlisted", "b.unlisted"),
            ("localhost", "localhost"),
            ("192.168.0.1", "192.168.0.1"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("a.123", "a.123"),
            ("..", ".."),
            (".org", ".org"),
            ("", ""),
        ] {
            assert_eq!(registrable_domain(host), domain, "{host}");
        }
    }

    #[test]
    fn what_is_no_host_does_no_harm() {
        for host in ["bücher.example", "a..b", "a .b", "\u{130}.İ.org", "%", "-.-", "a\0.com"] {
            assert!(host.ends_with(registrable_domain(host)), "{host}");
        }
    }
}
