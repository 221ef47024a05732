//! `url.canonical`: one spelling for all URLs that lead to the same page.

use super::param_names::ParamNames;
use super::percent;
use super::plain::plain;
use super::sessions::Sessions;
use tokenmill_core::catalog::Shape;
use tokenmill_core::{
    Assets, BuildError, Default, Doc, DocField, Entry, Keep, Measure, Metric, Numbers, Param, Params, Rule, Stage,
};
use url::{Host, Url};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "url.canonical",
    version: 1,
    about: "Gives the URL its canonical form, without tracking parameters and session ids.",
    shape: Shape::Measure,
    needs_text: false,
    costly: false,
    params: PARAMS,
    metrics: &[
        Metric::field("url", DocField::CanonicalUrl, "canonical form; absent when there is none"),
        Metric::number("is_bad", "1 when the URL is no HTTP URL with a host, else 0"),
        Metric::number("length", "bytes of the canonical form"),
        Metric::number("n_query_params", "query parameters of the canonical form"),
    ],
    asset_params: &[],
    page: include_str!("../../docs/url/canonical.md"),
    build,
};

const PARAMS: &[Param] = &[
    Param {
        name: "tracking_params",
        default: Default::Texts(&[
            "utm_*", "gclid", "gclsrc", "gbraid", "wbraid", "dclid", "fbclid", "msclkid", "yclid", "ysclid", "twclid",
            "ttclid", "igshid", "igsh", "mc_cid", "mc_eid", "mkt_tok", "_ga", "_gl", "_hsenc", "_hsmi",
        ]),
        about: "query parameters that say where a visitor came from; `*` at the end stands for anything",
    },
    Param {
        name: "session_params",
        default: Default::Texts(&[
            "phpsessid",
            "jsessionid",
            "aspsessionid*",
            "sessionid",
            "session_id",
            "sessid",
            "oscsid",
            "zenid",
            "cfid",
            "cftoken",
        ]),
        about: "query and path parameters that hold a session id",
    },
    Param {
        name: "hex_session_params",
        default: Default::Texts(&["sid", "s"]),
        about: "parameters that hold a session id when their value is 16 or more hexadecimal digits",
    },
    Param {
        name: "max_length",
        default: Default::Limit(2048.0),
        about: "bytes of the canonical form, at most; the sitemaps protocol allows as many",
    },
];

const URL: usize = 0;
const IS_BAD: usize = 1;
const LENGTH: usize = 2;
const N_QUERY_PARAMS: usize = 3;

/// Bytes of a URL that is looked at; a longer one is bad.
const MAX_BYTES: usize = 1 << 16;

/// Brings URLs into canonical form.
pub struct Canonicalizer {
    tracking: ParamNames,
    sessions: Sessions,
}

/// A URL in canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canonical {
    /// The URL.
    pub url: String,
    /// Parameters left in its query.
    pub n_query_params: usize,
}

impl std::default::Default for Canonicalizer {
    /// With the lists of names that the stage has by default.
    fn default() -> Canonicalizer {
        Canonicalizer::new(&Params::defaults(PARAMS))
    }
}

impl Canonicalizer {
    /// With the lists of names that the parameters of the stage give.
    pub fn new(params: &Params) -> Canonicalizer {
        let names = |param| ParamNames::new(params.texts(param));
        Canonicalizer {
            tracking: names("tracking_params"),
            sessions: Sessions { always: names("session_params"), when_hex: names("hex_session_params") },
        }
    }

    /// The canonical form; `None` for anything but an HTTP URL with a host. The canonical form of a canonical form is
    /// itself.
    ///
    /// Parsing follows the WHATWG URL standard, which settles case, IDN, default ports, dot segments and stray white
    /// space; the rest happens here.
    pub fn canonicalize(&self, text: &str) -> Option<Canonical> {
        if text.len() > MAX_BYTES {
            return None;
        }
        self.without_parsing(text).or_else(|| self.by_parsing(text))
    }

    /// The canonical form of a URL that needs no more than its parameters looked through.
    fn without_parsing(&self, text: &str) -> Option<Canonical> {
        let plain = plain(text)?;
        let mut url = String::with_capacity(text.len() + 1);
        url.push_str(plain.origin);
        url.push_str(plain.path);
        let path_end = url.len();
        let n_query_params = plain.query.map_or(0, |query| {
            url.push('?');
            self.keep_params(query, &mut url)
        });
        if n_query_params == 0 {
            url.truncate(path_end);
        }
        Some(Canonical { url, n_query_params })
    }

    fn by_parsing(&self, text: &str) -> Option<Canonical> {
        let mut url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        // Every change of a URL costs as much as reading it, so what is in order is left alone.
        if url.fragment().is_some() {
            url.set_fragment(None);
        }
        if !url.username().is_empty() || url.password().is_some() {
            url.set_username("").ok()?;
            url.set_password(None).ok()?;
        }
        if let Some(Host::Domain(host)) = url.host()
            && let Some(host) = host.strip_suffix('.')
        {
            let host = host.trim_end_matches('.').to_owned();
            url.set_host(Some(&host)).ok()?;
        }
        let mut normal = String::with_capacity(text.len());
        percent::normalize(url.path(), &mut normal);
        let mut path = String::with_capacity(normal.len());
        self.sessions.strip_path(&normal, &mut path);
        if path != url.path() {
            url.set_path(&path);
        }
        let mut n_query_params = 0;
        if let Some(query) = url.query() {
            normal.clear();
            percent::normalize(query, &mut normal);
            let mut kept = String::with_capacity(normal.len());
            n_query_params = self.keep_params(&normal, &mut kept);
            if n_query_params == 0 || kept != query {
                url.set_query((n_query_params > 0).then_some(kept.as_str()));
            }
        }
        Some(Canonical { url: url.into(), n_query_params })
    }

    /// Appends the parameters of a query that stay, and says how many there are.
    fn keep_params(&self, query: &str, out: &mut String) -> usize {
        let mut n_kept = 0;
        for pair in query.split('&').filter(|pair| self.keeps(pair)) {
            if n_kept > 0 {
                out.push('&');
            }
            out.push_str(pair);
            n_kept += 1;
        }
        n_kept
    }

    fn keeps(&self, pair: &str) -> bool {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        !pair.is_empty() && !self.tracking.contains(name) && !self.sessions.is_id(pair)
    }
}

struct CanonicalUrl {
    canonicalizer: Canonicalizer,
    rules: Vec<Rule>,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let bad = Rule { reason: "bad_url", metric: IS_BAD, keep: Keep::IsFalse };
    let long = Rule::at_most("url_too_long", LENGTH, params.limit("max_length"));
    let rules = [Some(bad), long].into_iter().flatten().collect();
    Ok(Stage::Measure(Box::new(CanonicalUrl { canonicalizer: Canonicalizer::new(params), rules })))
}

impl Measure for CanonicalUrl {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        if doc.url().is_empty() {
            return;
        }
        let canonical = self.canonicalizer.canonicalize(doc.url());
        numbers.set(IS_BAD, f32::from(canonical.is_none()));
        if let Some(canonical) = canonical {
            numbers.set(LENGTH, canonical.url.len() as f32);
            numbers.set(N_QUERY_PARAMS, canonical.n_query_params as f32);
            numbers.set_label(URL, canonical.url.into());
        }
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::hash::hash64;

    fn canonical(url: &str) -> Option<String> {
        Canonicalizer::default().canonicalize(url).map(|canonical| canonical.url)
    }

    #[test]
    fn spellings_of_one_page() {
        for (spelling, expected) in [
            (" HTTP://user:pw@Example.ORG.:80/a/./b/../%7Ec?#top\n", "http://example.org/a/~c"),
            ("https://bücher.example:443", "https://xn--bcher-kva.example/"),
            ("http://BÜCHER.example:8080/ü?ü", "http://xn--bcher-kva.example:8080/%C3%BC?%C3%BC"),
            ("http://a.b//x//?b=2&&utm_source=x&a=1&fbclid=y", "http://a.b//x//?b=2&a=1"),
            ("http://a.b/?%75tm_medium=x", "http://a.b/"),
            ("http://a.b/x;jsessionid=12.n1?sid=0123456789abcdef0", "http://a.b/x"),
            ("http://a.b/..;jsessionid=1/(S(abc))/x?s=query", "http://a.b/x?s=query"),
            ("http://0x7f.1../", "http://127.0.0.1/"),
            ("http://[::1]:80/", "http://[::1]/"),
            ("http://www.a.b/Path?Q=%2f+%20", "http://www.a.b/Path?Q=%2F+%20"),
        ] {
            assert_eq!(canonical(spelling).as_deref(), Some(expected), "{spelling}");
        }
    }

    #[test]
    fn what_is_no_page_has_no_canonical_form() {
        let long = format!("http://a.b/{}", "x".repeat(MAX_BYTES));
        for url in ["dns:a.b", "ftp://a.b/", "http://", "http://./", "a.b/c", "http://a b/", "http://a:99999/", &long] {
            assert_eq!(canonical(url), None, "{url}");
        }
    }

    /// URLs put together at random from pieces that matter.
    fn random_url(seed: u64) -> String {
        const STARTS: [&str; 4] = ["http://", "HTTPS://", "http:\\\\", " http:////"];
        const HOSTS: [&str; 10] =
            ["a.b", "A.B..", "bücher.example", "x.y:80", "u:p@x.y:443", "1.2.3.4.", "0x7f.1", "[::1]", "a%2eb", "ａ.b"];
        const PIECES: [&str; 42] = [
            "/",
            "//",
            "?",
            "&",
            "#",
            ";",
            "=",
            ".",
            "..",
            "/../",
            "/./",
            "%",
            "%2",
            "%2e",
            "%2E%2e",
            "%2f",
            "%5C",
            "%41",
            "%25",
            "%3f",
            "%26",
            "%3b",
            "\\",
            "é",
            " ",
            "+",
            "(S(ab))",
            "/(S(ab))/",
            "(",
            ")",
            ";jsessionid=1",
            "sid=",
            "0123456789abcdef",
            "utm_source=x",
            "&utm_a",
            "%75tm_b=1",
            "PHPSESSID=2",
            "a=1",
            "s=",
            "'",
            "|",
            "\t",
        ];
        let pick =
            |list: &[&'static str], salt: u64| list[(hash64(seed, &salt.to_le_bytes()) % list.len() as u64) as usize];
        let n_pieces = hash64(seed, b"pieces") % 14;
        let pieces = (0..n_pieces).map(|at| pick(&PIECES, 100 + at));
        [pick(&STARTS, 0), pick(&HOSTS, 1), "/"].into_iter().chain(pieces).collect()
    }

    /// The short way gives what the long way gives, on everything that it takes.
    #[test]
    fn plain_urls_need_no_parser() {
        let canonicalizer = Canonicalizer::default();
        let mut n_plain = 0;
        let odd = (0..40_000).map(random_url);
        let starts = ["http://", "https://"];
        let hosts = [
            "a.b",
            "www.a-b.example",
            "a",
            "1.2",
            "0x7f.1",
            "a.0x1",
            "a.1x",
            "-a.b-",
            "a..b",
            ".a",
            "a.",
            "a.b:80",
            "A.b",
            "",
        ];
        let paths = ["", "/", "//", "/a/b.html", "/a/.b", "/a/..", "/a:b@c", "/a~b,c!d$e*f+g"];
        let queries = [
            "",
            "?",
            "?a=1",
            "?utm_source=x",
            "?&a&&b=",
            "?a?b=/../c",
            "?fbclid=1&id=2#x",
            "#x?y",
            "?sid=0123456789abcdef",
        ];
        let simple = starts.iter().flat_map(|start| {
            let with = move |host: &&'static str| {
                paths.map(|path| queries.map(|query| format!("{start}{host}{path}{query}"))).concat()
            };
            hosts.iter().flat_map(with).collect::<Vec<_>>()
        });
        for url in odd.chain(simple) {
            if let Some(short) = canonicalizer.without_parsing(&url) {
                n_plain += 1;
                assert_eq!(Some(short), canonicalizer.by_parsing(&url), "{url}");
            }
        }
        assert!(n_plain > 500, "{n_plain}");
    }

    #[test]
    fn a_canonical_form_is_its_own_canonical_form() {
        let canonicalizer = Canonicalizer::default();
        let mut n_good = 0;
        for seed in 0..20_000 {
            let url = random_url(seed);
            let Some(once) = canonicalizer.canonicalize(&url) else { continue };
            n_good += 1;
            assert_eq!(canonicalizer.canonicalize(&once.url).as_ref(), Some(&once), "{url}");
            assert_eq!(once.url, once.url.trim());
            assert!(once.url.is_ascii() && !once.url.contains('#'), "{url}");
            if let Some((_, query)) = once.url.split_once('?') {
                assert!(!query.is_empty() && !query.split('&').any(|pair| pair.starts_with("utm_")), "{url}");
            }
        }
        assert!(n_good > 15_000, "{n_good}");
    }
}
