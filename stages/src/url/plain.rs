//! URLs that are in canonical form already but for their query: most of a crawl, and no reason to parse them.

/// A URL in pieces, none of which canonical form would change, except that query parameters may have to go.
pub(super) struct Plain<'a> {
    /// Scheme and host.
    pub origin: &'a str,
    /// The path, `/` when there is none.
    pub path: &'a str,
    /// What stands behind the first question mark.
    pub query: Option<&'a str>,
}

/// Takes a URL apart when nothing about it is odd: lower-case scheme and host name, no port, no user, no escapes, no dot
/// segments, no path parameters. `None` sends it the long way, through the URL parser.
pub(super) fn plain(text: &str) -> Option<Plain<'_>> {
    let text = text.split('#').next()?;
    let start = if text.starts_with("https://") { 8 } else { 7 };
    let rest = text.get(start..).filter(|_| start == 8 || text.starts_with("http://"))?;
    if !rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/?&=+:,@!$*".contains(&byte)) {
        return None;
    }
    let (page, query) = rest.split_once('?').map_or((rest, None), |(page, query)| (page, Some(query)));
    let host_end = page.find('/').unwrap_or(page.len());
    let (host, path) = page.split_at(host_end);
    let is_label = |label: &str| !label.is_empty() && !label.starts_with("xn--");
    let is_host = host.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte))
        && host.split('.').all(is_label)
        // A last label of digits would make it an IPv4 address.
        && host.rsplit('.').next().is_some_and(|label| label.starts_with(|c: char| c.is_ascii_lowercase()));
    let path = if path.is_empty() { "/" } else { path };
    let is_plain = is_host && !path.contains("/.");
    is_plain.then(|| Plain { origin: &text[..start + host_end], path, query })
}
