//! What `extract.main_text` and `extract.all_text` share: from a raw record to a document, with its numbers.

use std::cell::RefCell;
use std::sync::Arc;

use tokenmill_core::text::host_of;
use tokenmill_core::{
    BuildError, Default, Document, Extract, Metric, Numbers, Param, Params, Payload, Record, Rejection, Stage, robots,
};

use super::charset::{self, Origin};
use super::decide::Domain;
use super::site_rules::{Ruled, SiteRules};
use super::{Extracted, Mode, Scratch, extract, sniff};

/// A parameter of both stages.
pub(super) const MAX_BYTES: Param = Param {
    name: "max_bytes",
    default: Default::Int(16 * 1024 * 1024),
    about: "bytes of a page, at most; larger ones are logs and data dumps",
};

/// Metrics of both stages.
pub(super) const METRICS: &[Metric] = &[
    Metric::number("html_bytes", "bytes of the page"),
    Metric::number("n_nodes", "elements and pieces of text in its tree"),
    Metric::number("n_parse_errors", "errors of the page by the HTML standard"),
    Metric::number("expected_f1", "F1 that the choice of blocks can be expected to have; absent where rules chose"),
    Metric::number("link_density", "share of the text of the whole page that is inside links"),
    Metric::number("kept_share", "share of the text of the whole page that was kept"),
    Metric::label("charset", "encoding it was decoded from, by its name in the Encoding Standard"),
    Metric::label("charset_origin", "who named the encoding: marks, header, page or content"),
    Metric::label("declared_lang", "language that the page states"),
    Metric::label("declared_date", "date of publication that the page states, as written"),
    Metric::label("declared_url", "canonical address that the page states"),
    Metric::label("declared_type", "kind of page that linked data or Open Graph state"),
    Metric::label("read_as", "how the page was read: general, code or math; absent for all of its text"),
    Metric::label("notes", "limits that were met: too_many_nodes, too_deep, too_many_attributes, too_long"),
];

const HTML_BYTES: usize = 0;
const N_NODES: usize = 1;
const N_PARSE_ERRORS: usize = 2;
const EXPECTED_F1: usize = 3;
const LINK_DENSITY: usize = 4;
const KEPT_SHARE: usize = 5;
const CHARSET: usize = 6;
const CHARSET_ORIGIN: usize = 7;
const DECLARED_LANG: usize = 8;
const DECLARED_DATE: usize = 9;
const DECLARED_URL: usize = 10;
const DECLARED_TYPE: usize = 11;
const READ_AS: usize = 12;
const NOTES: usize = 13;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// The stage, in one of its modes.
struct PageText {
    mode: Mode,
    rules: SiteRules,
    max_bytes: usize,
}

/// Builds the stage in a mode.
pub(super) fn build(mode: Mode, rules: SiteRules, params: &Params) -> Result<Stage, BuildError> {
    Ok(Stage::Extract(Box::new(PageText { mode, rules, max_bytes: params.size(MAX_BYTES.name)? })))
}

impl Extract for PageText {
    fn extract(&self, record: &Record<'_>, document: &mut Document, numbers: &mut Numbers) -> Result<(), Rejection> {
        let (body, mime, header) = match record.payload {
            Payload::Page { body, mime, charset } => (body, mime, charset),
            Payload::Text(text) => {
                document.text.clear();
                document.text.push_str(text);
                return Ok(());
            }
        };
        numbers.set(HTML_BYTES, body.len() as f32);
        if body.len() > self.max_bytes {
            return Err(rejection("too_large", format!("{} bytes", body.len())));
        }
        if !sniff::is_html(mime, body) {
            return Err(rejection("not_html", mime.to_owned()));
        }
        let domain = top_level_domain(record.url);
        let decoded = charset::decode(body, header, domain.as_deref())
            .map_err(|unsupported| rejection("unsupported_charset", unsupported.label))?;
        numbers.set_label(CHARSET, decoded.encoding.into());
        numbers.set_label(CHARSET_ORIGIN, origin_name(decoded.origin).into());
        let page = SCRATCH.with_borrow_mut(|scratch| self.read(host_of(record.url), &decoded.text, scratch));
        set_numbers(&page, numbers);
        document.title = page.title;
        page.robots.iter().for_each(|(agent, value)| robots::add(&mut document.robots, agent, value));
        document.license = page.license.unwrap_or_default();
        document.text = page.text;
        if document.text.is_empty() { Err(Rejection::new("empty_text")) } else { Ok(()) }
    }
}

impl PageText {
    fn read(&self, host: &str, html: &str, scratch: &mut Scratch) -> Extracted {
        match self.rules.apply(host, html) {
            None => extract(html, self.mode, scratch),
            Some(Ruled::Page(html)) => extract(&html, self.mode, scratch),
            // The rules know the content; what the page states of itself stands outside of it.
            Some(Ruled::Content(content)) => {
                let whole = extract(html, Mode::AllText, scratch);
                let text = extract(&content, Mode::AllText, scratch).text;
                let kept_share = (text.len() as f32 / whole.text.len().max(1) as f32).min(1.0);
                Extracted { text, kept_share, ..whole }
            }
        }
    }
}

fn rejection(reason: &'static str, evidence: String) -> Rejection {
    Rejection { reason, evidence }
}

fn set_numbers(page: &Extracted, numbers: &mut Numbers) {
    numbers.set(N_NODES, page.n_nodes as f32);
    numbers.set(N_PARSE_ERRORS, page.n_parse_errors as f32);
    if let Some(f1) = page.expected_f1 {
        numbers.set(EXPECTED_F1, f1);
    }
    numbers.set(LINK_DENSITY, page.link_density);
    numbers.set(KEPT_SHARE, page.kept_share);
    let mut label = |metric: usize, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            numbers.set_label(metric, Arc::from(value));
        }
    };
    label(DECLARED_LANG, page.declared_lang.as_deref());
    label(DECLARED_DATE, page.date.as_deref());
    label(DECLARED_URL, page.canonical_url.as_deref());
    label(DECLARED_TYPE, page.page_type);
    label(READ_AS, page.domain.map(Domain::name));
    let notes: Vec<&str> = page.notes.iter().map(|note| note.name()).collect();
    label(NOTES, Some(&notes.join(" ")));
}

fn origin_name(origin: Origin) -> &'static str {
    match origin {
        Origin::Marks => "marks",
        Origin::Header => "header",
        Origin::Page => "page",
        Origin::Content => "content",
    }
}

/// The last label of the host, which tells among encodings of one script.
fn top_level_domain(url: &str) -> Option<String> {
    let (_, last) = host_of(url).trim_end_matches('.').rsplit_once('.')?;
    Some(last.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::super::decide::Decision;
    use super::*;

    fn run(body: &[u8], mime: &str, charset: &str) -> (Result<(), Rejection>, Document, Numbers) {
        let Stage::Extract(stage) =
            build(Mode::MainText(Decision::default()), SiteRules::default(), &Params::defaults(&[MAX_BYTES])).unwrap()
        else {
            panic!("shape")
        };
        let payload = Payload::Page { body, mime, charset };
        let record = Record {
            record_id: "",
            url: "http://a.b.RU/x",
            date: "",
            lang: "",
            truncated: false,
            extra: "",
            robots: "",
            license: "",
            payload,
        };
        let mut document = Document::default();
        let mut numbers = Numbers::new(METRICS.len());
        (stage.extract(&record, &mut document, &mut numbers), document, numbers)
    }

    #[test]
    fn a_page_becomes_a_document() {
        let html = b"<html lang=en><title>T</title><body><p>Some text.</p><footer>Imprint</footer>";
        let (result, document, numbers) = run(html, "text/html", "");
        assert_eq!(result, Ok(()));
        assert_eq!((document.title.as_str(), document.text.as_str()), ("T", "Some text."));
        assert_eq!(numbers.get(HTML_BYTES), Some(html.len() as f32));
        assert_eq!(numbers.get(KEPT_SHARE), Some(10.0 / 17.0));
        assert_eq!(numbers.label(DECLARED_LANG), Some("en"));
        assert_eq!(numbers.label(CHARSET_ORIGIN), Some("content"));
        assert_eq!(numbers.label(NOTES), None);
    }

    #[test]
    fn each_rejection_has_its_reason() {
        let large = vec![b'x'; 16 * 1024 * 1024 + 1];
        for (body, mime, charset, reason, evidence) in [
            (b"%PDF-1.7".as_slice(), "text/html", "", "not_html", "text/html"),
            (b"{}", "application/json", "", "not_html", "application/json"),
            (b"<p>\x88\xe1", "text/html", "johab", "unsupported_charset", "johab"),
            (b"<script>x</script>", "text/html", "", "empty_text", ""),
            (&large, "text/html", "", "too_large", "16777217 bytes"),
        ] {
            let (result, document, _) = run(body, mime, charset);
            assert_eq!(result, Err(rejection(reason, evidence.to_owned())));
            assert_eq!(document.text, "");
        }
    }

    #[test]
    fn the_domain_helps_the_detector() {
        assert_eq!(top_level_domain("http://a.b.RU/x").as_deref(), Some("ru"));
        assert_eq!(top_level_domain("http://localhost/"), None);
        assert_eq!(top_level_domain(""), None);
    }
}
