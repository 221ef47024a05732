//! The parts of a URL that rules look at, cut out without parsing it.

/// What follows the scheme of a URL, up to the fragment: host, path and query.
pub(super) fn after_scheme(url: &str) -> &str {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let rest = rest.or_else(|| url.split_once("://").map(|(_, rest)| rest)).unwrap_or(url);
    &rest[..memchr::memchr(b'#', rest.as_bytes()).unwrap_or(rest.len())]
}

/// What follows the host of a URL, up to the fragment.
pub(super) fn path_and_query(url: &str) -> &str {
    let rest = after_scheme(url);
    memchr::memchr2(b'/', b'?', rest.as_bytes()).map_or("", |at| &rest[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_what_follows_the_host() {
        for (url, rest, path) in [
            ("http://a.b/c?d#e", "a.b/c?d", "/c?d"),
            ("HTTPS://a.b?x=/y", "a.b?x=/y", "?x=/y"),
            ("https://a.b", "a.b", ""),
            ("http://a.b#/x", "a.b", ""),
            ("a.b/c", "a.b/c", "/c"),
            ("", "", ""),
        ] {
            assert_eq!((after_scheme(url), path_and_query(url)), (rest, path), "{url}");
        }
    }
}
