//! Lists of domains and of URLs, as the UT1 lists have them: which entry a URL falls under.

use super::domain_map::{self, DomainMap};
use super::hash_table::HashTable;
use super::host::{listed_host, normal_host};
pub use super::list_lines::Counts;
use super::list_lines::each_line;
use super::parts::path_and_query;
use super::percent;
use tokenmill_core::BuildError;
use tokenmill_core::hash::hash64;
use tokenmill_core::text::host_of;

/// Entries of several lists, each with the number of its list.
///
/// An entry is a domain, which stands for its subdomains too, or a host with a path, which stands for what lies under the
/// path. Entries are held as 64-bit hashes.
pub struct UrlList {
    domains: DomainMap<u8>,
    /// Hosts that have paths on a list, so that the URLs of all others need no search.
    path_hosts: HashTable<()>,
    paths: HashTable<u8>,
}

/// The entry that a URL falls under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The number of the list it stands on; the first one, when it stands on several.
    pub list: u8,
    /// The entry in its normal form.
    pub entry: String,
}

impl UrlList {
    /// The entry that `url` falls under: the shortest domain, else the shortest path.
    pub fn find(&self, url: &str) -> Option<Found> {
        let host = normal_host(host_of(url));
        if let Some((domain, list)) = self.domains.shortest(&host) {
            return Some(Found { list, entry: domain.to_owned() });
        }
        if self.path_hosts.is_empty() {
            return None;
        }
        let host = without_www(&host);
        let mut hash = hash64(0, host.as_bytes());
        self.path_hosts.get(hash)?;
        let path = normal_path(path_and_query(url));
        let mut end = 0;
        for piece in pieces(&path) {
            hash = hash64(hash, piece.as_bytes());
            end += piece.len();
            if let Some(list) = self.paths.get(hash) {
                return Some(Found { list, entry: format!("{host}{}", &path[..end]) });
            }
        }
        let list = self.paths.get(hash64(hash, b"#"))?;
        Some(Found { list, entry: format!("{host}{path}#") })
    }

    /// Bytes that the entries take.
    pub fn n_bytes(&self) -> usize {
        self.domains.n_bytes() + self.path_hosts.n_bytes() + self.paths.n_bytes()
    }
}

/// Collects the entries of a [`UrlList`].
#[derive(Default)]
pub struct Builder {
    domains: domain_map::Builder<u8>,
    path_hosts: Vec<(u64, ())>,
    paths: Vec<(u64, u8)>,
}

impl Builder {
    /// Adds an entry to list number `list`, and says whether it is one.
    pub fn add(&mut self, entry: &str, list: u8) -> bool {
        let bare = entry.strip_prefix("http://").or_else(|| entry.strip_prefix("https://")).unwrap_or(entry);
        let (host, rest) = bare.split_at(bare.find(['/', '?', '#']).unwrap_or(bare.len()));
        let path = listed_path(rest);
        // A port says nothing about a page, but in a list of domains it says that this is another kind of list.
        let port = |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
        let host = match host.rsplit_once(':') {
            Some((host, digits)) if !path.is_empty() && port(digits) => host,
            _ => host,
        };
        let Some(host) = listed_host(host) else { return false };
        if path.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return false;
        }
        if path.is_empty() {
            self.domains.add(&host, list);
            return true;
        }
        let host_hash = hash64(0, without_www(&host).as_bytes());
        let hash = pieces(&path).fold(host_hash, |hash, piece| hash64(hash, piece.as_bytes()));
        self.path_hosts.push((host_hash, ()));
        self.paths.push((hash, list));
        true
    }

    /// Adds the entries of a parameter.
    ///
    /// # Errors
    /// When one of them is no entry.
    pub fn add_all(&mut self, param: &str, entries: &[String], list: u8) -> Result<(), BuildError> {
        match entries.iter().find(|entry| !self.add(entry, list)) {
            None => Ok(()),
            Some(entry) => {
                let message = format!("`{param}`: `{}` is neither a domain nor a URL", entry.escape_debug());
                Err(BuildError::new(message).hint("write `example.org` or `example.org/path`"))
            }
        }
    }

    /// Adds the entries of a file, one on each line. `#` begins a comment at the start of a line or behind white space.
    ///
    /// # Errors
    /// When more than a hundredth of the lines are no entries; fewer are skipped and counted.
    pub fn add_file(&mut self, name: &str, bytes: &[u8], list: u8) -> Result<Counts, BuildError> {
        each_line(name, bytes, "domains or URLs", |line| {
            let comment = line.match_indices('#').find(|(at, _)| line[..*at].ends_with([' ', '\t']));
            self.add(comment.map_or(line, |(at, _)| line[..at].trim_end()), list)
        })
    }

    /// The list.
    pub fn build(self) -> UrlList {
        UrlList {
            domains: self.domains.build(),
            path_hosts: HashTable::new(self.path_hosts),
            paths: HashTable::new(self.paths),
        }
    }
}

fn without_www(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

/// The path of an entry in its normal form: without slashes at the end, and none at all when nothing is left of it. What
/// had a fragment ends in `#`, as it names one page: what lies under it is another matter.
fn listed_path(rest: &str) -> String {
    match rest.split_once('#') {
        Some((path, _)) => normal_path(path) + "#",
        None if rest.trim_end_matches('/').is_empty() => String::new(),
        None => normal_path(if rest.contains('?') { rest } else { rest.trim_end_matches('/') }),
    }
}

/// Path and query with one spelling for each escape, in lower case.
fn normal_path(path: &str) -> String {
    let mut normal = String::with_capacity(path.len() + 1);
    if !path.starts_with('/') {
        normal.push('/');
    }
    percent::normalize(path, &mut normal);
    normal.make_ascii_lowercase();
    normal
}

/// The pieces of a path, of which each begins where an entry may end before it.
fn pieces(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = path;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let begins = |byte: &u8| matches!(byte, b'/' | b'?' | b'&' | b'#');
        let after = rest.as_bytes()[first.len_utf8()..].iter().position(begins);
        let (piece, more) = rest.split_at(after.map_or(rest.len(), |after| first.len_utf8() + after));
        rest = more;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[&str]) -> UrlList {
        let mut builder = Builder::default();
        for entry in entries {
            assert!(builder.add(entry, 3), "{entry}");
        }
        builder.build()
    }

    fn found(entry: &str, url: &str) -> Option<String> {
        list(&[entry]).find(url).map(|found| found.entry)
    }

    #[test]
    fn paths_stand_for_what_lies_under_them() {
        for (entry, url, hit) in [
            ("a.b/c", "http://a.b/c", Some("a.b/c")),
            ("a.b/c/", "https://www.A.b:8080/C/d?e", Some("a.b/c")),
            ("https://www.a.b/c", "http://a.b/c?d#e", Some("a.b/c")),
            ("a.b:81/%7Ec", "http://a.b/~C", Some("a.b/~c")),
            ("a.b/c", "http://a.b/cd", None),
            ("a.b/c", "http://x.a.b/c", None),
            ("a.b/c", "http://a.b/", None),
            ("a.b/c?d=1", "http://a.b/c?d=1&e", Some("a.b/c?d=1")),
            ("a.b/c?d=1", "http://a.b/c?d=12", None),
            ("a.b?d", "http://a.b/?D&e", Some("a.b/?d")),
            ("a.b/#x", "http://a.b", Some("a.b/#")),
            ("a.b/#x", "http://a.b/#y", Some("a.b/#")),
            ("a.b/#x", "http://a.b/y", None),
            ("a.b/c/#x", "http://a.b/c/", Some("a.b/c/#")),
            ("a.b/", "http://x.a.b/y", Some("a.b")),
            ("http://a.b", "http://x.a.b/y", Some("a.b")),
            ("a.b/é", "http://a.b/é/f", Some("a.b/é")),
        ] {
            assert_eq!(found(entry, url).as_deref(), hit, "{entry}: {url}");
        }
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        for entry in ["", "/a", "a b/c", "a.b/c d", "user@a.b/c", "a.b:80", "a.b:x/c", "ftp://a.b", "a.b:123456/c"] {
            assert!(!Builder::default().add(entry, 0), "{entry}");
        }
    }

    #[test]
    fn the_first_list_and_the_shortest_entry_are_named() {
        let mut builder = Builder::default();
        builder.add("a.b/c/d", 1);
        builder.add("a.b/c", 2);
        builder.add("a.b/c", 3);
        let found = builder.build().find("http://a.b/c/d/e").unwrap();
        assert_eq!(found, Found { list: 2, entry: "a.b/c".to_owned() });
    }

    #[test]
    fn comments_are_no_part_of_an_entry() {
        let mut builder = Builder::default();
        let counts = builder.add_file("list", b"# why\na.b # why\r\nc.d/e#f\t# why\n\n", 0).unwrap();
        assert_eq!(counts, Counts { n_entries: 2, n_bad: 0 });
        let list = builder.build();
        assert!(list.find("http://a.b").is_some() && list.find("http://c.d/e").is_some());
    }

    /// Host without `www.`, and path.
    fn split(url: &str) -> (&str, String) {
        let (host, path) = url.split_at(url.find(['/', '?']).unwrap_or(url.len()));
        let slash = if path.starts_with('/') { "" } else { "/" };
        (host.strip_prefix("www.").unwrap_or(host), format!("{slash}{path}"))
    }

    fn falls_under(url: &str, entry: &str) -> bool {
        let (url_host, url_path) = split(url);
        let (host, path) = split(if entry.contains('?') { entry } else { entry.trim_end_matches('/') });
        let rest = if path == "/" && !entry.contains('?') { Some("") } else { url_path.strip_prefix(&path) };
        let ends = |rest: &str| rest.is_empty() || rest.starts_with(['/', '?', '&']);
        // A domain with `www.` stands for itself, and these have no other subdomains.
        let same_host = url_host == host
            && (path != "/" || entry.contains('?') || !entry.starts_with("www.") || url.starts_with("www."));
        same_host && rest.is_some_and(ends)
    }

    /// Against the definition, on URLs made of few parts.
    #[test]
    fn finds_what_the_definition_finds() {
        let mut state = 3;
        let mut random = |n: u64| {
            state = hash64(2, &u64::to_le_bytes(state));
            state % n
        };
        let mut url = |more: u64| {
            let host = ["a.b", "www.a.b", "c.d"][random(3) as usize];
            let first = ["/", "/a", "?b"][random(3) as usize];
            let rest = (0..random(more)).map(|_| ["/a", "/b", "/", "?a", "&b"][random(5) as usize]);
            rest.fold(format!("{host}{first}"), |url, part| url + part)
        };
        let mut n_found = 0;
        for n in [1, 4, 30, 4, 4, 4] {
            let entries: Vec<String> = (0..n).map(|_| url(3)).collect();
            let list = list(&entries.iter().map(String::as_str).collect::<Vec<_>>());
            for _ in 0..2_000 {
                let url = url(5);
                let expected = entries.iter().any(|entry| falls_under(&url, entry));
                assert_eq!(list.find(&format!("http://{url}")).is_some(), expected, "{url} {entries:?}");
                n_found += usize::from(expected);
            }
        }
        assert!((1_000..11_000).contains(&n_found), "{n_found}");
    }
}
