//! What a page states about itself: title, date, canonical address, language, licence, and what it allows machines.

use super::declared_type::DeclaredType;
use super::dom::{Attr, Dom, NodeId, ROOT, Tag};
use tokenmill_core::robots;

/// Statements of a page, each empty or absent if there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// `og:title`, else `<title>`, else the first `h1`.
    pub title: String,
    /// Date of publication as written, if it begins with a year.
    pub date: Option<String>,
    /// `link rel=canonical`, else `og:url`.
    pub canonical_url: Option<String>,
    /// `lang` of the root element, else `content-language` or `og:locale`.
    pub language: Option<String>,
    /// The kind of page that linked data or `og:type` states.
    pub page_type: Option<&'static str>,
    /// What `meta name=robots`, tags for single crawlers and `tdm-reservation` say: whom they address, and their content.
    pub robots: Vec<(String, String)>,
    /// The target of a link with `rel=license`, else the licence that a `meta` of Dublin Core names.
    pub license: Option<String>,
}

/// Longest value taken over, in bytes.
const MAX_VALUE_BYTES: usize = 1_024;
/// Most of a linked-data script that is searched.
const MAX_SCRIPT_BYTES: usize = 256 * 1024;

/// Meta names that state when a page was published, best first.
const DATE_NAMES: &[&str] = &[
    "article:published_time",
    "datepublished",
    "og:published_time",
    "publishdate",
    "pubdate",
    "publication_date",
    "citation_publication_date",
    "dc.date.issued",
    "dcterms.created",
    "dc.date",
    "sailthru.date",
    "parsely-pub-date",
    "date",
];

#[derive(Default)]
struct Found {
    og_title: Option<String>,
    title: Option<String>,
    heading: Option<String>,
    /// Rank in [`DATE_NAMES`] and value.
    meta_date: Option<(usize, String)>,
    script_date: Option<String>,
    time: Option<String>,
    canonical: Option<String>,
    og_url: Option<String>,
    lang: Option<String>,
    meta_language: Option<String>,
    page_type: DeclaredType,
    robots: Vec<(String, String)>,
    /// Whether `tdm-reservation` is among them.
    is_reserved: bool,
    license: Option<String>,
    meta_license: Option<String>,
}

/// Names of meta tags for machines: all of them, those of single crawlers, and the reservation of mining rights.
const ROBOTS_NAMES: &[&str] = &[
    "robots",
    "googlebot",
    "googlebot-news",
    "google-extended",
    "bingbot",
    "gptbot",
    "ccbot",
    "anthropic-ai",
    "claudebot",
    "applebot-extended",
    "bytespider",
    "slurp",
];
/// Most tags for machines that are taken over.
const MAX_ROBOTS_TAGS: usize = 16;

/// Whether `rel` names a relation among others.
fn has_rel(rel: &str, wanted: &str) -> bool {
    rel.split_ascii_whitespace().any(|rel| rel.eq_ignore_ascii_case(wanted))
}

/// Reads the statements of a page.
pub fn read(dom: &Dom) -> Metadata {
    let mut found = Found::default();
    for id in dom.descendants(ROOT) {
        match dom.tag(id) {
            Tag::Html => {
                found.lang = dom.attr(id, Attr::Lang).or_else(|| dom.attr(id, Attr::XmlLang)).and_then(value);
            }
            Tag::Meta => meta(dom, id, &mut found),
            Tag::Link if dom.attr(id, Attr::Rel).is_some_and(|rel| rel.eq_ignore_ascii_case("canonical")) => {
                set(&mut found.canonical, dom.attr(id, Attr::Href));
            }
            Tag::Link | Tag::A if dom.attr(id, Attr::Rel).is_some_and(|rel| has_rel(rel, "license")) => {
                set(&mut found.license, dom.attr(id, Attr::Href));
            }
            Tag::Title if found.title.is_none() => found.title = content(dom, id),
            Tag::H1 if found.heading.is_none() => found.heading = content(dom, id),
            Tag::Time if found.time.is_none() => found.time = dom.attr(id, Attr::Datetime).and_then(date),
            Tag::Script => {
                if let Some(script) = linked_data(dom, id) {
                    found.page_type.read_linked_data(script);
                    found.script_date = found.script_date.take().or_else(|| script_date(script));
                }
            }
            _ => {}
        }
    }
    Metadata {
        title: found.og_title.or(found.title).or(found.heading).unwrap_or_default(),
        date: found.meta_date.map(|(_, date)| date).or(found.script_date).or(found.time),
        canonical_url: found.canonical.or(found.og_url),
        language: found.lang.or(found.meta_language),
        page_type: found.page_type.get(),
        robots: found.robots,
        license: found.license.or(found.meta_license),
    }
}

fn meta(dom: &Dom, id: NodeId, found: &mut Found) {
    let Some(text) = dom.attr(id, Attr::Content) else { return };
    let names = [Attr::Property, Attr::Name, Attr::Itemprop].iter().filter_map(|&attr| dom.attr(id, attr));
    for name in names.map(|name| name.trim().to_ascii_lowercase()) {
        match name.as_str() {
            "og:title" => set(&mut found.og_title, Some(text)),
            "og:type" => found.page_type.read_open_graph(text),
            "tdm-reservation" if text.trim() == "1" && !found.is_reserved => {
                found.is_reserved = true;
                found.robots.push((String::new(), robots::TDM_RESERVATION.to_owned()));
            }
            "dc.rights.license" | "dcterms.license" | "dc.license" | "license" => {
                set(&mut found.meta_license, Some(text))
            }
            "og:url" => set(&mut found.og_url, Some(text)),
            "og:locale" | "content-language" | "language" => set(&mut found.meta_language, Some(text)),
            agent if ROBOTS_NAMES.contains(&agent) => {
                if found.robots.len() < MAX_ROBOTS_TAGS {
                    found.robots.extend(value(text).map(|text| (name.clone(), text)));
                }
            }
            _ => {
                let Some(rank) = DATE_NAMES.iter().position(|&known| known == name) else { continue };
                if found.meta_date.as_ref().is_none_or(|&(best, _)| rank < best) {
                    found.meta_date = date(text).map(|date| (rank, date)).or(found.meta_date.take());
                }
            }
        }
    }
}

fn set(slot: &mut Option<String>, text: Option<&str>) {
    if slot.is_none() {
        *slot = text.and_then(value);
    }
}

/// White space collapsed, cut to a sane length; `None` if nothing is left.
fn value(text: &str) -> Option<String> {
    let words: Vec<&str> = text[..text.floor_char_boundary(MAX_VALUE_BYTES)].split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn content(dom: &Dom, id: NodeId) -> Option<String> {
    let mut text = String::new();
    dom.push_text_content(id, &mut text);
    value(&text)
}

/// A date as written, if it begins with a four-digit year after 1900.
fn date(text: &str) -> Option<String> {
    let text = value(text)?;
    let year: u32 = text.get(..4)?.parse().ok()?;
    (1900..2100).contains(&year).then_some(text)
}

/// The text of a linked-data script, as far as it is searched.
fn linked_data(dom: &Dom, id: NodeId) -> Option<&str> {
    if !dom.attr(id, Attr::TypeAttr)?.eq_ignore_ascii_case("application/ld+json") {
        return None;
    }
    let script = dom.text(dom.first_child(id)?);
    Some(&script[..script.floor_char_boundary(MAX_SCRIPT_BYTES)])
}

/// `datePublished` of linked data, found by its name; the JSON around it is often broken.
fn script_date(script: &str) -> Option<String> {
    let (_, rest) = script.split_once("\"datePublished\"")?;
    let quoted = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    date(quoted.split('"').next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(html: &str) -> Metadata {
        let mut dom = Dom::default();
        dom.parse(html);
        read(&dom)
    }

    #[test]
    fn the_best_source_wins() {
        let page = metadata(
            "<html lang=de><head><title> A  b </title><meta property='og:title' content='Og'>\
             <meta name=date content='2020-01-02'><meta property='article:published_time' content='2021-03-04T05:06:07Z'>\
             <link rel=canonical href='https://x.org/a'><meta property='og:url' content='https://x.org/b'>\
             <body><h1>H</h1><time datetime='1999-01-01'>",
        );
        assert_eq!(page.title, "Og");
        assert_eq!(page.date.as_deref(), Some("2021-03-04T05:06:07Z"));
        assert_eq!(page.canonical_url.as_deref(), Some("https://x.org/a"));
        assert_eq!(page.language.as_deref(), Some("de"));
    }

    #[test]
    fn what_machines_may_do_is_read() {
        let page = metadata(
            "<meta name=Robots content='noindex, noai'><meta name=GPTBot content=noindex><meta name=tdm-reservation content=1>\
             <meta name='dcterms.license' content='https://l.org/meta'><body><a rel='nofollow LICENSE' href='https://l.org/by'>CC</a>\
             <a rel=license href='https://l.org/other'>",
        );
        let said: Vec<_> = page.robots.iter().map(|(agent, value)| (agent.as_str(), value.as_str())).collect();
        assert_eq!(said, [("robots", "noindex, noai"), ("gptbot", "noindex"), ("", "tdm-reservation")]);
        assert_eq!(page.license.as_deref(), Some("https://l.org/by"));
        assert_eq!(metadata("<p>plain").robots, []);
        let many = metadata(&("<meta name=tdm-reservation content=1>".repeat(100) + "<meta name=robots content=noai>"));
        assert_eq!(many.robots.len(), 2);
    }

    #[test]
    fn fallbacks_are_used_in_order() {
        let page = metadata(
            "<title> A \n b </title><meta name=date content='yesterday'><body><h1>H</h1><time datetime=2010-05-06>t</time>",
        );
        assert_eq!(page.title, "A b");
        assert_eq!(page.date.as_deref(), Some("2010-05-06"));
        assert_eq!(page.canonical_url, None);
        assert_eq!(metadata("<h1>Only <b>this</b></h1>").title, "Only this");
        assert_eq!(metadata("<p>none"), Metadata::default());
    }

    #[test]
    fn linked_data_states_a_date() {
        let html = "<script type='application/ld+json'>{\"a\":1, \"datePublished\" : \"2022-02-03\", broken</script>";
        assert_eq!(metadata(html).date.as_deref(), Some("2022-02-03"));
    }
}
