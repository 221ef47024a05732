//! Values for domains, of which each stands for its subdomains too.

use super::hash_table::HashTable;
use super::host::MAX_HOST;
use tokenmill_core::hash::hash64;

/// A map from domains to values. A domain is held as its hash; its text is the end of the host it was found for.
pub(super) struct DomainMap<V> {
    table: HashTable<V>,
    /// Fewest and most dots of a listed domain: nothing else needs a search.
    n_dots: std::ops::RangeInclusive<usize>,
}

impl<V: Copy + Default> DomainMap<V> {
    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Bytes that the map takes.
    pub(super) fn n_bytes(&self) -> usize {
        self.table.n_bytes()
    }

    /// The shortest listed domain that `host`, in its normal form, is or lies under.
    pub(super) fn shortest<'h>(&self, host: &'h str) -> Option<(&'h str, V)> {
        self.listed(host).next()
    }

    /// The longest listed domain that `host`, in its normal form, is or lies under.
    pub(super) fn longest<'h>(&self, host: &'h str) -> Option<(&'h str, V)> {
        self.listed(host).last()
    }

    /// The listed domains among the ends of `host`, the shortest first.
    fn listed<'h>(&self, host: &'h str) -> impl Iterator<Item = (&'h str, V)> {
        let host = if self.is_empty() || host.len() > MAX_HOST { "" } else { host };
        let bytes = host.as_bytes();
        let starts = memchr::memrchr_iter(b'.', bytes).map(|dot| dot + 1).chain((!host.is_empty()).then_some(0));
        let domains = starts.enumerate().take_while(|(n_dots, _)| n_dots <= self.n_dots.end());
        let domains = domains.filter(|(n_dots, _)| n_dots >= self.n_dots.start()).map(|(_, start)| &host[start..]);
        domains.filter_map(|domain| Some((domain, self.table.get(hash64(0, domain.as_bytes()))?)))
    }
}

/// Collects the domains of a [`DomainMap`].
pub(super) struct Builder<V> {
    entries: Vec<(u64, V)>,
    min_dots: usize,
    max_dots: usize,
}

impl<V> Default for Builder<V> {
    fn default() -> Builder<V> {
        Builder { entries: Vec::new(), min_dots: usize::MAX, max_dots: 0 }
    }
}

impl<V: Copy + Default> Builder<V> {
    /// Adds a domain in its normal form; of several values for one domain the first stays.
    pub(super) fn add(&mut self, domain: &str, value: V) {
        let n_dots = memchr::memchr_iter(b'.', domain.as_bytes()).count();
        self.min_dots = self.min_dots.min(n_dots);
        self.max_dots = self.max_dots.max(n_dots);
        self.entries.push((hash64(0, domain.as_bytes()), value));
    }

    /// The map.
    pub(super) fn build(self) -> DomainMap<V> {
        DomainMap { table: HashTable::new(self.entries), n_dots: self.min_dots..=self.max_dots }
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
