//! Which pages of the web articles of a wiki refer to: the links in their text, and a table that answers for any URL.

mod archives;
mod links;
mod table;

pub use links::LinkFinder;
pub use table::{Head, RECORD_BYTES, References, record};

use crate::dedup::url::without_scheme;
use crate::url::canonical::Canonicalizer;
use crate::url::site_of;
use tokenmill_core::hash::hash128;

/// Sites of the Wikimedia Foundation, which are no sources of its articles.
const OWN_SITES: [&str; 18] = [
    "mediawiki.org",
    "toolforge.org",
    "w.wiki",
    "wikibooks.org",
    "wikidata.org",
    "wikifunctions.org",
    "wikimedia.org",
    "wikimediafoundation.org",
    "wikinews.org",
    "wikipedia.org",
    "wikiquote.org",
    "wikisource.org",
    "wikiversity.org",
    "wikivoyage.org",
    "wiktionary.org",
    "wmcloud.org",
    "wmflabs.org",
    "wmftest.org",
];

/// The key under which a page is looked up, whichever way its URL is written: 64 bits of the hash of its canonical form without
/// scheme, without `www.`, and without a slash at the end. None for what is no page of the web.
///
/// An article of ten years ago has another spelling than the crawl more often than two pages differ by this alone, and a page too
/// many is no harm where examples are looked for.
pub fn key_of(url: &str, canonicalizer: &Canonicalizer) -> Option<u64> {
    canonicalizer.canonicalize(url).map(|canonical| key_of_canonical(&canonical.url))
}

/// The key of a URL that is in canonical form.
pub fn key_of_canonical(canonical: &str) -> u64 {
    let page = without_scheme(canonical);
    let page = page.strip_prefix("www.").unwrap_or(page);
    let page = page.strip_suffix('/').unwrap_or(page);
    (hash128(page.as_bytes()) >> 64) as u64
}

/// Whether a URL is of a wiki of the Wikimedia Foundation, or of its tools.
pub fn is_own(url: &str) -> bool {
    OWN_SITES.binary_search(&site_of(url).as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_page_have_one_key() {
        let key = |url: &str| key_of(url, &Canonicalizer::default());
        let page = key("http://www.example.org/a/b/");
        for url in [
            "https://example.org/a/b",
            "HTTP://WWW.Example.org:80/a/./b?utm_source=x#top",
            "https://www.example.org/a/b",
        ] {
            assert_eq!(key(url), page, "{url}");
        }
        for url in ["http://example.org/a/B", "http://m.example.org/a/b", "http://example.org/a/b?x=1"] {
            assert_ne!(key(url), page, "{url}");
        }
        assert_eq!(key("ftp://example.org/a/b"), None);
        assert_eq!(key("http://www.example.org"), key("https://example.org/"));
    }

    #[test]
    fn own_sites_are_known() {
        assert!(OWN_SITES.is_sorted());
        for (url, own) in [
            ("https://en.m.wikipedia.org/wiki/X", true),
            ("http://upload.WIKIMEDIA.org/x.png", true),
            ("http://wikipedia.org.example.net/", false),
            ("http://notwikipedia.org/", false),
            ("", false),
        ] {
            assert_eq!(is_own(url), own, "{url}");
        }
    }
}
