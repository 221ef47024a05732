//! Dumps of MediaWiki as a source: each article is a document, whose payload is its wikitext.

use super::{Counted, Counts, Event, Item, Refusal, SplitReader};
use crate::StoreError;
use crate::warc::Notes;
use crate::wiki::{Site, WikiPage, WikiReader};
use serde_json::json;
use std::fmt::Write;
use tokenmill_core::{DocId, Payload, Record};

/// The type of wikitext; what the wiki calls its files and categories is said behind it.
const MIME: &str = "text/x-wiki";

/// What is carried along with every article.
pub(super) const CARRIED: [&str; 4] = ["title", "wiki", "page_id", "revision_id"];

/// Reads one dump.
pub struct WikipediaSplit {
    reader: WikiReader,
    counts: Counts,
    name: String,
    page: WikiPage,
    row: Row,
    /// Places of damage so far.
    n_damages: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Reading,
    Damaged,
    Ended,
}

/// The fields of the article in hand; the buffers are reused.
#[derive(Default)]
struct Row {
    record_id: String,
    url: String,
    lang: String,
    extra: String,
    mime: String,
}

impl WikipediaSplit {
    /// Reads `input`; `name` takes part in the ids of pages that have none.
    ///
    /// # Errors
    /// When the start of the stream cannot be read.
    pub fn new(input: Counted, name: &str) -> Result<WikipediaSplit, StoreError> {
        let counts = input.counts();
        let reader = WikiReader::new(input, name)?;
        let (page, row) = (WikiPage::default(), Row::default());
        Ok(WikipediaSplit { reader, counts, name: name.to_owned(), page, row, n_damages: 0, state: State::Reading })
    }
}

impl SplitReader for WikipediaSplit {
    fn next(&mut self) -> Result<Option<Event<'_>>, StoreError> {
        if self.state == State::Damaged {
            self.state = if self.reader.resume()? { State::Reading } else { State::Ended };
        }
        if self.state == State::Ended {
            return Ok(None);
        }
        match self.reader.next(&mut self.page) {
            Ok(true) => {}
            Ok(false) => {
                self.state = State::Ended;
                return Ok(None);
            }
            Err(StoreError::Corrupt { why, .. }) => {
                // Pages may be lost here; how many, nobody knows.
                self.state = State::Damaged;
                self.n_damages += 1;
                let id = DocId::from_position(&format!("{}\0damage", self.name), self.n_damages);
                let evidence = format!("behind page {}: {why}", self.reader.n_pages());
                let refusal = Some(Refusal::because("damaged_dump", evidence));
                return Ok(Some(Event::Document(Item { record: Record::EMPTY, id, refusal, notes: Notes::default() })));
            }
            Err(error) => return Err(error),
        }
        let page = &self.page;
        if let Some(kind) = counted_kind(page) {
            return Ok(Some(Event::Other(kind)));
        }
        self.row.fill(self.reader.site(), page);
        let refusal = refusal(page);
        let body = if refusal.is_some() { &[][..] } else { page.text.as_bytes() };
        let id = match self.row.record_id.as_str() {
            "" => DocId::from_position(&self.name, self.reader.n_pages()),
            id => DocId::from_record_id(id),
        };
        let record = Record {
            record_id: &self.row.record_id,
            url: &self.row.url,
            date: &page.timestamp,
            lang: &self.row.lang,
            extra: &self.row.extra,
            payload: Payload::Page { body, mime: &self.row.mime, charset: "utf-8" },
            ..Record::EMPTY
        };
        Ok(Some(Event::Document(Item { record, id, refusal, notes: Notes::default() })))
    }

    fn bytes_read(&self) -> u64 {
        self.counts.bytes()
    }

    fn digest(&self) -> Option<String> {
        self.counts.digest()
    }
}

/// The name under which a page is counted that is no article.
fn counted_kind(page: &WikiPage) -> Option<&'static str> {
    Some(match page.namespace {
        0 if page.is_redirect => "redirect",
        0 => return None,
        2 => "user",
        4 => "project",
        6 => "file",
        8 => "mediawiki",
        10 => "template",
        12 => "help",
        14 => "category",
        828 => "module",
        namespace if namespace % 2 == 1 => "talk",
        _ => "other_namespace",
    })
}

/// Why a page is no text.
fn refusal(page: &WikiPage) -> Option<Refusal> {
    if page.is_too_long {
        return Some(Refusal { reason: "too_large", ..Refusal::default() });
    }
    let is_wikitext = matches!(page.model.as_str(), "" | "wikitext");
    (!is_wikitext).then(|| Refusal::because("not_wikitext", page.model.as_str()))
}

impl Row {
    fn fill(&mut self, site: &Site, page: &WikiPage) {
        let Row { record_id, url, lang, extra, mime } = self;
        [&mut *record_id, &mut *url, &mut *lang, &mut *extra, &mut *mime].into_iter().for_each(String::clear);
        if !page.id.is_empty() {
            record_id.push_str(&site.name);
            for part in [&page.id, &page.revision] {
                record_id.push(':');
                record_id.push_str(part);
            }
        }
        push_url(url, &site.base, &page.title);
        lang.push_str(&language(site));
        let number = |text: &str| text.parse::<u64>().ok();
        let fields = json!({
            "title": page.title,
            "wiki": site.name,
            "page_id": number(&page.id),
            "revision_id": number(&page.revision),
        });
        extra.push_str(&fields.to_string());
        // Writing to a String cannot fail.
        let _ = write!(mime, "{MIME}; file={}; category={}", site.file, site.category);
    }
}

/// The address of a page: that of the main page with another title, escaped as MediaWiki does.
fn push_url(out: &mut String, base: &str, title: &str) {
    let end = base.find("/wiki/").map(|at| at + "/wiki/".len()).or_else(|| base.rfind('/').map(|at| at + 1));
    let Some(end) = end.filter(|end| *end > "https://".len()) else { return };
    out.push_str(&base[..end]);
    for byte in title.bytes() {
        match byte {
            b' ' => out.push('_'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(char::from(byte)),
            b'-' | b'_' | b'.' | b';' | b'@' | b'$' | b'!' | b'*' | b'(' | b')' | b',' | b'/' | b'~' | b':' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

/// The language of the wiki by the label that language steps use: the first part of its code.
fn language(site: &Site) -> String {
    let code = if site.lang.is_empty() { site.name.strip_suffix("wiki").unwrap_or("") } else { &site.lang };
    let first = code.split(['-', '_']).next().unwrap_or("").to_ascii_lowercase();
    match first.as_str() {
        "simple" => "en".to_owned(),
        "nb" => "no".to_owned(),
        _ => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bzip2::Compression;
    use bzip2::read::BzEncoder;
    use std::io::{Cursor, Read};

    const HEAD: &str = "<mediawiki xml:lang=\"de\"><siteinfo><dbname>dewiki</dbname><base>https://de.example/wiki/Haupt:Seite</base>\
        <namespaces><namespace key=\"6\">Datei</namespace></namespaces></siteinfo>";

    fn page(title: &str, namespace: i32, id: u32, more: &str) -> String {
        format!(
            "<page><title>{title}</title><ns>{namespace}</ns><id>{id}</id>{more}<revision><id>{}</id>\
             <timestamp>2024-01-02T03:04:05Z</timestamp><model>wikitext</model><text>text of {title}</text></revision></page>",
            id * 10
        )
    }

    fn events(bytes: Vec<u8>) -> Vec<String> {
        let mut split = WikipediaSplit::new(Counted::new(Cursor::new(bytes)), "w.xml").unwrap();
        let mut out = Vec::new();
        while let Some(event) = split.next().unwrap() {
            out.push(match event {
                Event::Other(kind) => kind.to_owned(),
                Event::Document(Item { refusal: Some(refusal), .. }) => {
                    format!("{}: {}", refusal.reason, refusal.evidence.unwrap_or_default())
                }
                Event::Document(item) => {
                    let Payload::Page { body, mime, .. } = item.record.payload else { panic!("pages only") };
                    assert_eq!(item.id, DocId::from_record_id(item.record.record_id));
                    assert_eq!(mime, "text/x-wiki; file=Datei; category=");
                    let Record { record_id, url, date, lang, extra, .. } = item.record;
                    format!("{record_id} {url} {date} {lang} {extra} {}", String::from_utf8_lossy(body))
                }
            });
        }
        out
    }

    #[test]
    fn articles_are_documents_and_all_else_is_counted() {
        let other = page("Data", 0, 5, "").replace("wikitext", "json");
        let dump = [
            HEAD,
            &page("Große Mühle &amp; Co", 0, 7, ""),
            &page("Mill", 0, 8, "<redirect title=\"Mühle\"/>"),
            &page("Diskussion:Mühle", 1, 9, ""),
            &page("Vorlage:M", 10, 10, ""),
            &other,
            "</mediawiki>",
        ];
        let expected = [
            "dewiki:7:70 https://de.example/wiki/Gro%C3%9Fe_M%C3%BChle_%26_Co 2024-01-02T03:04:05Z de \
             {\"title\":\"Große Mühle & Co\",\"wiki\":\"dewiki\",\"page_id\":7,\"revision_id\":70} text of Große Mühle & Co",
            "redirect",
            "talk",
            "template",
            "not_wikitext: json",
        ];
        assert_eq!(events(dump.concat().into_bytes()), expected);
    }

    #[test]
    fn damage_is_a_row_and_the_rest_is_read() {
        let pack = |text: &str| {
            let mut bytes = Vec::new();
            BzEncoder::new(text.as_bytes(), Compression::best()).read_to_end(&mut bytes).unwrap();
            bytes
        };
        let mut streams =
            [HEAD, &page("a", 0, 1, ""), &page("b", 0, 2, ""), &page("c", 0, 3, ""), "</mediawiki>"].map(pack);
        let middle = streams[2].len() / 2;
        streams[2][middle] ^= 0x55;
        let events = events(streams.concat());
        assert_eq!(events.len(), 3, "{events:?}");
        assert!(events[0].ends_with("text of a") && events[2].ends_with("text of c"), "{events:?}");
        assert!(events[1].starts_with("damaged_dump: behind page 1"), "{events:?}");
        assert_eq!(self::events(b"no dump".to_vec()).len(), 1);
    }

    #[test]
    fn languages_have_the_labels_of_language_steps() {
        let of = |name: &str, lang: &str| language(&Site { name: name.into(), lang: lang.into(), ..Site::default() });
        assert_eq!(
            (of("enwiki", ""), of("x", "zh-Hant"), of("x", "nb"), of("simplewiki", "")),
            ("en".into(), "zh".into(), "no".into(), "en".into())
        );
        assert_eq!(of("", ""), "");
    }
}
