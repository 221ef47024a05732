//! `url.blocklist`: removes documents by the domain or a part of the path of their URL.

use super::domains::Domains;
use crate::phrases::Phrases;
use tokenmill_core::catalog::Shape;
use tokenmill_core::{
    Assets, BuildError, Default, Doc, Entry, Keep, Measure, Metric, Numbers, Param, Params, Rule, Stage,
};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "url.blocklist",
    version: 1,
    about: "Removes documents whose domain or path is on a list.",
    shape: Shape::Measure,
    needs_text: false,
    costly: false,
    params: &[
        Param {
            name: "domains",
            default: Default::Texts(&[]),
            about: "domains to remove; each stands for its subdomains too",
        },
        Param {
            name: "domains_file",
            default: Default::Text(""),
            about: "a file with more domains, one on each line, `#` starts a comment; none when empty",
        },
        Param {
            name: "path_parts",
            default: Default::Texts(&[]),
            about: "parts of path and query to remove, wherever they stand; case does not matter",
        },
    ],
    metrics: &[
        Metric::number("is_blocked", "1 when the URL is on a list, else 0; absent without a URL"),
        Metric::label("blocked_by", "the domain or the part of the path that is listed"),
    ],
    asset_params: &["domains_file"],
    page: include_str!("../../docs/url/blocklist.md"),
    build,
};

const IS_BLOCKED: usize = 0;
const BLOCKED_BY: usize = 1;

const RULES: &[Rule] = &[Rule { reason: "blocked_url", metric: IS_BLOCKED, keep: Keep::IsFalse }];

struct Blocklist {
    domains: Domains,
    path_parts: Phrases,
}

fn build(params: &Params, assets: &dyn Assets) -> Result<Stage, BuildError> {
    let file = params.text("domains_file");
    let bytes = if file.is_empty() { None } else { Some(assets.bytes(file)?) };
    let listed = str::from_utf8(bytes.as_deref().unwrap_or_default());
    let listed = listed.map_err(|error| BuildError::new(format!("`{file}` is not UTF-8: {error}")))?;
    let lines = listed.lines().map(|line| line.split('#').next().unwrap_or("").trim());
    let domains = params.texts("domains").iter().map(String::as_str).chain(lines.filter(|line| !line.is_empty()));
    Ok(Stage::Measure(Box::new(Blocklist {
        domains: Domains::new(domains)?,
        path_parts: Phrases::new("path_parts", params.texts("path_parts"))?,
    })))
}

impl Blocklist {
    /// The entry that blocks a URL.
    fn blocked_by<'a>(&'a self, doc: &Doc<'a>) -> Option<&'a str> {
        let path = path_and_query(doc.url());
        let part = || self.path_parts.find_at(path, 0).and_then(|found| path.get(found));
        self.domains.find(doc.host()).or_else(part)
    }
}

/// What follows the authority of a URL, without the fragment.
fn path_and_query(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = after_scheme.find(['/', '?', '#']).map_or("", |at| &after_scheme[at..]);
    path.split('#').next().unwrap_or("")
}

impl Measure for Blocklist {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        if doc.url().is_empty() {
            return;
        }
        let blocked_by = self.blocked_by(doc);
        numbers.set(IS_BLOCKED, f32::from(blocked_by.is_some()));
        if let Some(entry) = blocked_by {
            numbers.set_label(BLOCKED_BY, entry.into());
        }
    }

    fn rules(&self) -> &[Rule] {
        RULES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::assets::MemoryAssets;
    use tokenmill_core::spec::Value;

    fn with_file(content: &[u8]) -> Result<Stage, BuildError> {
        let mut assets = MemoryAssets::default();
        assets.0.insert("list".to_owned(), content.into());
        let mut params = Params::defaults(ENTRY.params);
        params.set("domains_file", Value::Text("list".to_owned()));
        build(&params, &assets)
    }

    fn blocked(stage: &Stage, url: &str) -> Option<f32> {
        let document = tokenmill_core::Document { url: url.to_owned(), ..tokenmill_core::Document::default() };
        let mut numbers = Numbers::new(ENTRY.metrics.len());
        let Stage::Measure(stage) = stage else { panic!("a measure") };
        stage.measure(&Doc::new(&document, &tokenmill_core::Analysis::default()), &mut numbers);
        numbers.get(IS_BLOCKED)
    }

    #[test]
    fn files_hold_one_domain_a_line() {
        let stage = with_file(b"# comment\nexample.org\r\n\n  evil.net # why\n").unwrap();
        assert_eq!(blocked(&stage, "http://a.example.org/x"), Some(1.0));
        assert_eq!(blocked(&stage, "http://evil.net"), Some(1.0));
        assert_eq!(blocked(&stage, "http://comment/"), Some(0.0));
        assert_eq!(blocked(&stage, ""), None);
    }

    #[test]
    fn files_that_are_no_lists_are_errors() {
        assert!(with_file(b"http://example.org/").is_err());
        assert!(with_file(b"\xff").is_err());
    }

    #[test]
    fn paths_are_what_follows_the_host() {
        for (url, path) in [
            ("http://a.b/c?d#e", "/c?d"),
            ("http://a.b?x=/y", "?x=/y"),
            ("http://a.b", ""),
            ("http://a.b#/x", ""),
            ("a.b/c", "/c"),
        ] {
            assert_eq!(path_and_query(url), path, "{url}");
        }
    }
}
