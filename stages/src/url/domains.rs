//! Large sets of domains, held as one sorted text.

use std::borrow::Cow;
use tokenmill_core::BuildError;
use url::Host;

/// Domains, of which each stands for itself and all its subdomains.
#[derive(Default)]
pub(super) struct Domains {
    /// All domains in lower case, sorted, one after the other.
    text: String,
    /// Where each domain ends in the text.
    ends: Vec<u32>,
}

impl Domains {
    /// From a list, whose entries may begin with `.` or `*.`.
    ///
    /// # Errors
    /// When an entry is no domain, or all of them are longer than 4 GiB.
    pub(super) fn new<'a>(list: impl Iterator<Item = &'a str>) -> Result<Domains, BuildError> {
        let mut names = Vec::new();
        for entry in list {
            names.push(domain(entry).ok_or_else(|| {
                BuildError::new(format!("`{}` is no domain", entry.escape_debug()))
                    .hint("give domains without scheme, port and path, as in `example.org`")
            })?);
        }
        names.sort_unstable();
        names.dedup();
        let mut domains = Domains::default();
        for name in names {
            domains.text.push_str(&name);
            let end = u32::try_from(domains.text.len());
            domains.ends.push(end.map_err(|_| BuildError::new("the list of domains is longer than 4 GiB"))?);
        }
        Ok(domains)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The shortest listed domain that `host` is or lies under.
    pub(super) fn find(&self, host: &str) -> Option<&str> {
        if self.is_empty() {
            return None;
        }
        let host = normal_host(host);
        let dots = host.rmatch_indices('.').map(|(at, _)| at + 1);
        dots.chain([0]).find_map(|start| self.get(&host[start..]))
    }

    fn get(&self, name: &str) -> Option<&str> {
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let listed = self.at(middle);
            match listed.cmp(name) {
                std::cmp::Ordering::Equal => return Some(listed),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    fn at(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..self.ends[index] as usize]
    }
}

/// A host in the form the list is in: lower case, IDN in ASCII, no dot at the end.
fn normal_host(host: &str) -> Cow<'_, str> {
    let plain = host.is_ascii() && !host.contains('%');
    let host = match if plain { None } else { Host::parse(host).ok() } {
        Some(parsed) => Cow::Owned(parsed.to_string()),
        None => Cow::Borrowed(host),
    };
    let end = host.trim_end_matches('.').len();
    if end == host.len() && !host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return host;
    }
    Cow::Owned(host[..end].to_ascii_lowercase())
}

/// An entry of a list as a domain, unless it is none.
fn domain(entry: &str) -> Option<Cow<'_, str>> {
    let bare = entry.strip_prefix("*.").or_else(|| entry.strip_prefix('.')).unwrap_or(entry);
    let wrong = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '*' | '@' | '?' | '#');
    let is_ip6 = bare.starts_with('[');
    let normal = normal_host(bare);
    (!normal.is_empty() && !bare.contains(wrong) && (is_ip6 || !bare.contains(':'))).then_some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domains(list: &[&str]) -> Domains {
        Domains::new(list.iter().copied()).unwrap()
    }

    #[test]
    fn a_domain_stands_for_its_subdomains() {
        let set = domains(&["Example.org", "*.bad.co.uk", ".evil.net", "bücher.example", "10.0.0.1", "example.org"]);
        assert_eq!(set.ends.len(), 5);
        for (host, found) in [
            ("example.org", Some("example.org")),
            ("A.b.EXAMPLE.org.", Some("example.org")),
            ("notexample.org", None),
            ("example.org.uk", None),
            ("org", None),
            ("x.bad.co.uk", Some("bad.co.uk")),
            ("co.uk", None),
            ("www.BÜCHER.example", Some("xn--bcher-kva.example")),
            ("www.xn--bcher-kva.example", Some("xn--bcher-kva.example")),
            ("evil%2Enet", Some("evil.net")),
            ("10.0.0.1", Some("10.0.0.1")),
            ("", None),
        ] {
            assert_eq!(set.find(host), found, "{host}");
        }
    }

    #[test]
    fn the_shortest_match_is_found() {
        assert_eq!(domains(&["a.b.c", "b.c"]).find("x.a.b.c"), Some("b.c"));
    }

    #[test]
    fn every_entry_of_a_long_list_is_found() {
        let names: Vec<String> = (0..5_000).map(|i| format!("n{}.example", i * 7919 % 5_003)).collect();
        let set = Domains::new(names.iter().map(String::as_str)).unwrap();
        assert!(names.iter().all(|name| set.find(name) == Some(name)));
        assert_eq!(set.find("n5003.example"), None);
    }

    #[test]
    fn entries_that_are_no_domains_are_errors() {
        for entry in ["", ".", "http://a.b", "a.b/c", "a.b:80", "a b", "a.*.b"] {
            assert!(Domains::new([entry].into_iter()).is_err(), "{entry}");
        }
    }
}
