//! Values for domains, of which each stands for its subdomains too.

use super::hash_table::{Filter, HashTable};
use super::host::MAX_HOST;
use tokenmill_core::hash::hash64;

/// A map from domains to values. A domain is held as its hash; its text is the end of the host it was found for.
///
/// Most hosts are on no list, and one look tells: the last two labels of all listed domains are in a filter that is small
/// enough for a cache.
pub(super) struct DomainMap<V> {
    /// Domains of one label: few, if any.
    tops: HashTable<V>,
    /// All others.
    domains: HashTable<V>,
    /// The last two labels of the others.
    stems: Filter,
}

impl<V: Copy + Default> DomainMap<V> {
    /// Bytes that the map takes.
    pub(super) fn n_bytes(&self) -> usize {
        self.tops.n_bytes() + self.domains.n_bytes() + self.stems.n_bytes()
    }

    /// The shortest listed domain that `host`, in its normal form, is or lies under.
    pub(super) fn shortest<'h>(&self, host: &'h str) -> Option<(&'h str, V)> {
        let mut ends = Ends::of(host);
        let top = ends.next().and_then(|top| self.top(top));
        if top.is_some() || !self.may_have(ends.clone()) {
            return top;
        }
        ends.find_map(|end| self.get(end))
    }

    /// The longest listed domain that `host`, in its normal form, is or lies under.
    pub(super) fn longest<'h>(&self, host: &'h str) -> Option<(&'h str, V)> {
        let mut ends = Ends::of(host);
        let top = ends.next().and_then(|top| self.top(top));
        if !self.may_have(ends.clone()) {
            return top;
        }
        ends.filter_map(|end| self.get(end)).last().or(top)
    }

    fn top<'h>(&self, top: &'h str) -> Option<(&'h str, V)> {
        if self.tops.is_empty() {
            return None;
        }
        self.tops.get(hash64(0, top.as_bytes())).map(|value| (top, value))
    }

    /// Whether any of the ends of two labels and more, of which these are the next, can be listed.
    fn may_have(&self, mut ends: Ends<'_>) -> bool {
        ends.next().is_some_and(|stem| self.stems.may_have(hash64(0, stem.as_bytes())))
    }

    fn get<'h>(&self, domain: &'h str) -> Option<(&'h str, V)> {
        self.domains.get(hash64(0, domain.as_bytes())).map(|value| (domain, value))
    }
}

/// The ends of a host that begin with a label, the shortest first; of what is too long for a host, none.
#[derive(Clone)]
struct Ends<'h> {
    host: &'h str,
    /// Where the last end began, behind the dot that parts it from the next one; 0 when nothing is left.
    from: usize,
}

impl<'h> Ends<'h> {
    fn of(host: &'h str) -> Ends<'h> {
        let is_host = !host.is_empty() && host.len() <= MAX_HOST;
        Ends { host, from: if is_host { host.len() + 1 } else { 0 } }
    }
}

impl<'h> Iterator for Ends<'h> {
    type Item = &'h str;

    fn next(&mut self) -> Option<&'h str> {
        let before = self.host.as_bytes().get(..self.from.checked_sub(1)?)?;
        self.from = before.iter().rposition(|byte| *byte == b'.').map_or(0, |dot| dot + 1);
        self.host.get(self.from..)
    }
}

/// Collects the domains of a [`DomainMap`].
pub(super) struct Builder<V> {
    tops: Vec<(u64, V)>,
    domains: Vec<(u64, V)>,
    stems: Vec<u64>,
}

impl<V> Default for Builder<V> {
    fn default() -> Builder<V> {
        Builder { tops: Vec::new(), domains: Vec::new(), stems: Vec::new() }
    }
}

impl<V: Copy + Default> Builder<V> {
    /// Adds a domain in its normal form; of several values for one domain the first stays.
    pub(super) fn add(&mut self, domain: &str, value: V) {
        let hash = hash64(0, domain.as_bytes());
        match Ends::of(domain).nth(1) {
            Some(stem) => {
                self.domains.push((hash, value));
                self.stems.push(hash64(0, stem.as_bytes()));
            }
            None => self.tops.push((hash, value)),
        }
    }

    /// The map.
    pub(super) fn build(mut self) -> DomainMap<V> {
        self.stems.sort_unstable();
        self.stems.dedup();
        DomainMap {
            stems: Filter::new(&self.stems),
            tops: HashTable::new(self.tops),
            domains: HashTable::new(self.domains),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map_of<'a, V: Copy + Default>(entries: impl IntoIterator<Item = (&'a str, V)>) -> DomainMap<V> {
        let mut builder = Builder::default();
        entries.into_iter().for_each(|(domain, value)| builder.add(domain, value));
        builder.build()
    }

    #[test]
    fn a_domain_stands_for_its_subdomains() {
        let map = map_of([("b.c", 1), ("x.a.b.c", 2), ("xxx", 3), ("b.c", 4), ("10.0.0.1", 5)]);
        for (host, shortest, longest) in [
            ("b.c", Some(("b.c", 1)), Some(("b.c", 1))),
            ("y.x.a.b.c", Some(("b.c", 1)), Some(("x.a.b.c", 2))),
            ("bb.c", None, None),
            ("c", None, None),
            ("b.c.d", None, None),
            ("a.xxx", Some(("xxx", 3)), Some(("xxx", 3))),
            ("10.0.0.1", Some(("10.0.0.1", 5)), Some(("10.0.0.1", 5))),
            ("..", None, None),
            ("", None, None),
        ] {
            assert_eq!((map.shortest(host), map.longest(host)), (shortest, longest), "{host}");
        }
        assert_eq!(map.shortest(&format!("{}b.c", "a.".repeat(200))), None);
    }

    /// Against the definition, on names made of few labels, so that many of them lie under each other.
    #[test]
    fn finds_what_the_definition_finds() {
        let mut state = 7;
        let mut random = |n: u64| {
            state = hash64(1, &u64::to_le_bytes(state));
            state % n
        };
        let mut name = |max_labels| {
            let n_labels = 1 + random(max_labels);
            (0..n_labels).map(|_| ["a", "b", "cc", "d-e"][random(4) as usize]).collect::<Vec<_>>().join(".")
        };
        for n in [0, 1, 5, 40] {
            let listed: Vec<String> = (0..n).map(|_| name(4)).collect();
            let map = map_of(listed.iter().map(|domain| (domain.as_str(), ())));
            for _ in 0..2_000 {
                let host = name(6);
                let covers = |domain: &&String| host == **domain || host.ends_with(&format!(".{domain}"));
                let shortest = listed.iter().filter(covers).min_by_key(|domain| domain.len());
                let longest = listed.iter().filter(covers).max_by_key(|domain| domain.len());
                assert_eq!(map.shortest(&host).map(|(domain, ())| domain), shortest.map(String::as_str), "{host}");
                assert_eq!(map.longest(&host).map(|(domain, ())| domain), longest.map(String::as_str), "{host}");
            }
        }
    }
}
