//! `url.blocklist`: removes documents whose domain or URL is on a list, or that have a listed part in their path.

use super::parts::path_and_query;
use super::url_list::{Builder, UrlList};
use crate::asset_name::folder_and_name;
use crate::phrases::Phrases;
use tokenmill_core::catalog::Shape;
use tokenmill_core::{
    Assets, BuildError, Default, Doc, Entry, Keep, Measure, Metric, Numbers, Param, Params, Rule, Stage,
};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "url.blocklist",
    version: 2,
    about: "Removes documents whose domain, URL or path is on a list.",
    shape: Shape::Measure,
    needs_text: false,
    costly: false,
    params: &[
        Param {
            name: "domains",
            default: Default::Texts(&[]),
            about: "domains and URLs to remove; each stands for its subdomains, or for what lies under its path",
        },
        Param {
            name: "categories",
            default: Default::Texts(&[]),
            about: "files with more domains and URLs, one on each line; the name of a file names the category",
        },
        Param {
            name: "path_parts",
            default: Default::Texts(&[]),
            about: "parts of path and query to remove, wherever they stand; case does not matter",
        },
        Param {
            name: "except",
            default: Default::Texts(&[]),
            about: "domains and URLs to keep, whatever else lists them",
        },
        Param {
            name: "except_files",
            default: Default::Texts(&[]),
            about: "files with more domains and URLs to keep, one on each line",
        },
    ],
    metrics: &[
        Metric::number(
            "is_blocked",
            "1 when the URL is on a list and on no list of exceptions, else 0; absent without a URL",
        ),
        Metric::label("blocked_by", "the entry that lists it, behind the name of its category"),
    ],
    asset_params: &["categories", "except_files"],
    page: include_str!("../../docs/url/blocklist.md"),
    build,
};

const IS_BLOCKED: usize = 0;
const BLOCKED_BY: usize = 1;

const RULES: &[Rule] = &[Rule { reason: "blocked_url", metric: IS_BLOCKED, keep: Keep::IsFalse }];

struct Blocklist {
    /// List 0 is the parameter, list `n` is category `n - 1`.
    blocked: UrlList,
    categories: Vec<String>,
    path_parts: Phrases,
    excepted: UrlList,
}

fn build(params: &Params, assets: &dyn Assets) -> Result<Stage, BuildError> {
    let categories = params.texts("categories");
    let mut blocked = Builder::default();
    blocked.add_all("domains", params.texts("domains"), 0)?;
    for (at, file) in categories.iter().enumerate() {
        let list = u8::try_from(at + 1).map_err(|_| BuildError::new("`categories` are 255 at most"))?;
        blocked.add_file(file, &assets.bytes(file)?, list)?;
    }
    let mut excepted = Builder::default();
    excepted.add_all("except", params.texts("except"), 0)?;
    for file in params.texts("except_files") {
        excepted.add_file(file, &assets.bytes(file)?, 0)?;
    }
    Ok(Stage::Measure(Box::new(Blocklist {
        blocked: blocked.build(),
        categories: categories.iter().map(|file| category(file).to_owned()).collect(),
        path_parts: Phrases::new("path_parts", params.texts("path_parts"))?,
        excepted: excepted.build(),
    })))
}

/// The category that a file is a list of: `gambling` for the asset `gambling`, for `lists/gambling.txt`, and for
/// `ut1/gambling/domains`, where the folder says it.
fn category(file: &str) -> &str {
    let (folder, name) = folder_and_name(file);
    let is_generic = matches!(name, "domains" | "urls");
    if is_generic && !folder.is_empty() { folder } else { name }
}

impl Blocklist {
    /// What blocks a URL.
    fn blocked_by(&self, url: &str) -> Option<String> {
        let by_list = || {
            let found = self.blocked.find(url)?;
            let category = usize::from(found.list).checked_sub(1).and_then(|at| self.categories.get(at));
            Some(category.map_or_else(|| found.entry.clone(), |category| format!("{category}: {}", found.entry)))
        };
        let by_part = || {
            let path = path_and_query(url);
            self.path_parts.find_at(path, 0).and_then(|found| path.get(found)).map(str::to_lowercase)
        };
        by_list().or_else(by_part).filter(|_| self.excepted.find(url).is_none())
    }
}

impl Measure for Blocklist {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        if doc.url().is_empty() {
            return;
        }
        let blocked_by = self.blocked_by(doc.url());
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

    fn with_files(params: &[(&'static str, &str)], files: &[(&str, &[u8])]) -> Result<Stage, BuildError> {
        let assets = files.iter().map(|(name, content)| ((*name).to_owned(), (*content).into()));
        let mut all = Params::defaults(ENTRY.params);
        for (param, values) in params {
            all.set(param, Value::Texts(values.split(' ').map(str::to_owned).collect()));
        }
        build(&all, &MemoryAssets(assets.collect()))
    }

    fn blocked_by(stage: &Stage, url: &str) -> Option<String> {
        let document = tokenmill_core::Document { url: url.to_owned(), ..tokenmill_core::Document::default() };
        let mut numbers = Numbers::new(ENTRY.metrics.len());
        let Stage::Measure(stage) = stage else { panic!("a measure") };
        stage.measure(&Doc::new(&document, &tokenmill_core::Analysis::default()), &mut numbers);
        let label = numbers.label(BLOCKED_BY).map(str::to_owned);
        let is_blocked = (!url.is_empty()).then_some(f32::from(label.is_some()));
        assert_eq!(numbers.get(IS_BLOCKED), is_blocked, "{url}");
        label
    }

    #[test]
    fn the_category_is_named() {
        let files: [(&str, &[u8]); 3] = [
            ("ut1/gambling/domains", b"# comment\nexample.org\r\n\n  evil.net # why\n"),
            ("lists/phishing.txt", b"example.org/x\nshop.example/login\n"),
            ("safe", b"good.evil.net\nshop.example/login/help\n"),
        ];
        let params = [
            ("domains", "mine.example"),
            ("categories", "ut1/gambling/domains lists/phishing.txt"),
            ("except_files", "safe"),
            ("except", "about.example.org"),
            ("path_parts", "/tag/"),
        ];
        let stage = with_files(&params, &files).unwrap();
        for (url, label) in [
            ("http://a.example.org/x", Some("gambling: example.org")),
            ("http://evil.net", Some("gambling: evil.net")),
            ("http://www.shop.example/login?a", Some("phishing: shop.example/login")),
            ("http://mine.example", Some("mine.example")),
            ("http://a.b/Tag/c", Some("/tag/")),
            ("http://a.b/c#/tag/", None),
            ("http://comment/", None),
            ("http://good.evil.net/tag/", None),
            ("http://shop.example/login/help/1", None),
            ("http://about.example.org", None),
            ("", None),
        ] {
            assert_eq!(blocked_by(&stage, url).as_deref(), label, "{url}");
        }
    }

    #[test]
    fn files_that_are_no_lists_are_errors() {
        for content in [&b"ftp://example.org/"[..], b"\xff", b"<html>\n<body>", b"0.0.0.0 example.org"] {
            assert!(with_files(&[("categories", "list")], &[("list", content)]).is_err());
        }
        assert!(with_files(&[("categories", "absent")], &[]).is_err());
        assert!(with_files(&[("except", "a.b:80")], &[]).is_err());
    }

    #[test]
    fn files_name_categories() {
        for (file, name) in [
            ("ut1-adult", "ut1-adult"),
            ("/lists/ut1/adult/domains", "adult"),
            ("ut1/adult/urls", "adult"),
            ("lists/spam.txt", "spam"),
            ("domains", "domains"),
            ("/urls", "urls"),
            ("https://lists.example/spam.txt#sha256=00ff", "spam"),
        ] {
            assert_eq!(category(file), name, "{file}");
        }
    }
}
