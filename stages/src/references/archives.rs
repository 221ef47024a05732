//! Web archives: the address of the page that a copy is of.

use std::borrow::Cow;
use tokenmill_core::text::host_of;
use url::form_urlencoded;

/// Archives that keep copies under addresses which contain the address of the page, or a number instead of it. A path stands where
/// the same host has pages of its own.
const ARCHIVES: [(&str, &str); 20] = [
    ("web.archive.org", ""),
    ("archive.org", "/web/"),
    ("archive-it.org", ""),
    ("archive.fo", ""),
    ("archive.is", ""),
    ("archive.li", ""),
    ("archive.md", ""),
    ("archive.ph", ""),
    ("archive.today", ""),
    ("archive.vn", ""),
    ("arquivo.pt", "/wayback/"),
    ("ghostarchive.org", ""),
    ("megalodon.jp", ""),
    ("perma.cc", ""),
    ("swap.stanford.edu", ""),
    ("timetravel.mementoweb.org", ""),
    ("webarchive.loc.gov", ""),
    ("webarchive.nationalarchives.gov.uk", ""),
    ("webcache.googleusercontent.com", ""),
    ("webcitation.org", ""),
];

/// Copies of copies that are looked into.
const MAX_NESTING: usize = 3;

/// The page that a URL leads to: the URL itself, or for a copy in an archive the page it is of. None for a copy that does not say.
pub fn original(url: &str) -> Option<Cow<'_, str>> {
    let mut url = Cow::Borrowed(url);
    for _ in 0..MAX_NESTING {
        let Some(rest) = below_archive(&url) else { return Some(url) };
        url = Cow::Owned(page_in(rest)?);
    }
    None
}

/// What follows the host of an archive.
fn below_archive(url: &str) -> Option<&str> {
    let host = host_of(url);
    let (_, behind_scheme) = url.split_once("://")?;
    let rest = &behind_scheme[behind_scheme.find(['/', '?', '#']).unwrap_or(behind_scheme.len())..];
    let is_of = |archive: &str| {
        let at = host.len().checked_sub(archive.len());
        at.is_some_and(|at| {
            host.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(archive))
                && (at == 0 || host.as_bytes()[at - 1] == b'.')
        })
    };
    ARCHIVES.iter().any(|(archive, path)| is_of(archive) && rest.starts_with(path)).then_some(rest)
}

/// The address within an address.
fn page_in(rest: &str) -> Option<String> {
    let found = ["http:/", "https:/", "http%3a", "https%3a"];
    let start = |name: &str| find_ignoring_case(rest, name).map(|at| (at, name.contains('%')));
    if let Some((at, is_escaped)) = found.iter().filter_map(|name| start(name)).min() {
        let page = &rest[at..];
        if is_escaped {
            let value = format!("u={}", page.split('&').next()?);
            return form_urlencoded::parse(value.as_bytes()).next().map(|(_, page)| page.into_owned());
        }
        // As a parameter, it ends where the next one begins, which is `date` at the one archive that takes it so.
        let page = if rest[..at].contains('?') { page.split("&date=").next()? } else { page };
        // Some write one slash where two should be.
        let (scheme, page) = page.split_once(':')?;
        return Some(format!("{scheme}://{}", page.trim_start_matches('/')));
    }
    // `/web/20080101000000/example.org/…`, perhaps with `if_` or `*` behind the digits.
    let mut parts = rest.trim_start_matches('/').splitn(3, '/').skip(1);
    let (date, page) = (parts.next()?, parts.next()?);
    let is_date = date.len() >= 4 && date.as_bytes()[..4].iter().all(u8::is_ascii_digit);
    let host = page.split(['/', '?', '#']).next()?;
    (is_date && host.contains('.')).then(|| format!("http://{page}"))
}

/// The place of an ASCII text.
fn find_ignoring_case(text: &str, name: &str) -> Option<usize> {
    text.as_bytes().windows(name.len()).position(|window| window.eq_ignore_ascii_case(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_lead_to_their_page() {
        for (url, page) in [
            ("http://example.org/a?u=http://b.c/", Some("http://example.org/a?u=http://b.c/")),
            ("https://web.archive.org/web/20080101000000/http://example.org/a", Some("http://example.org/a")),
            ("https://WEB.archive.org/web/20080101id_/https:/example.org/a?b", Some("https://example.org/a?b")),
            ("http://web.archive.org/web/2008*/example.org/a/b", Some("http://example.org/a/b")),
            ("http://web.archive.org/web/20080101000000/http%3A//example.org/a%20b", Some("http://example.org/a b")),
            ("https://archive.org/details/abook", Some("https://archive.org/details/abook")),
            ("https://archive.org/web/20010101/http://example.org/", Some("http://example.org/")),
            ("https://archive.today/2013.01.02-030405/http://example.org/x", Some("http://example.org/x")),
            ("https://archive.is/AbCd", None),
            ("http://www.webcitation.org/5xyz", None),
            (
                "http://www.webcitation.org/query?url=http://example.org/x?a=1&b=2&date=2010-01-01",
                Some("http://example.org/x?a=1&b=2"),
            ),
            (
                "http://www.webcitation.org/query?url=http%3A%2F%2Fexample.org%2Fx%3Fa&date=2010",
                Some("http://example.org/x?a"),
            ),
            ("http://web.archive.org/web/2010/http://archive.is/2009/http://example.org/", Some("http://example.org/")),
            ("http://notarchive.is/2009/http://example.org/", Some("http://notarchive.is/2009/http://example.org/")),
            ("https://web.archive.org/", None),
            ("https://web.archive.org", None),
            ("https://web.archive.org/web/2008/nothing", None),
        ] {
            assert_eq!(original(url).as_deref(), page, "{url}");
        }
        let nested = "http://web.archive.org/web/2010/".repeat(9) + "http://example.org/";
        assert_eq!(original(&nested), None);
    }
}
