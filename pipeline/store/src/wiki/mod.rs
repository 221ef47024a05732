//! Dumps of MediaWiki: the pages of an XML export, plain or compressed, one after another.
//!
//! A dump is read as a stream, whatever its size; what one page may need in memory is limited. A dump that is cut off or
//! damaged is an error, not a shorter dump.

mod page;
mod unpack;

pub use page::{Site, WikiPage};

use crate::StoreError;
use crate::source::{Input, stream};
use page::{Element, Field};
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use std::io::{self, Read};
use unpack::Unpacked;

/// Elements within each other, at most; a dump has five.
const MAX_DEPTH: usize = 32;

/// Where reading goes on after damage.
const NEXT_PAGE: &[u8] = b"<page>";

/// Reads a dump.
pub struct WikiReader {
    xml: Reader<Unpacked>,
    name: String,
    buffer: Vec<u8>,
    site: Site,
    /// Elements that are open.
    open: Vec<Element>,
    /// Whether there has been any.
    has_elements: bool,
    n_pages: u64,
}

impl WikiReader {
    /// Opens a dump: bzip2 with any number of streams, gzip, zstd or plain, told by its first bytes.
    ///
    /// # Errors
    /// When it is missing or cannot be reached.
    pub fn open(input: &Input) -> Result<WikiReader, StoreError> {
        WikiReader::new(stream(input)?, &input.uri)
    }

    /// Reads a dump from a stream; errors call it `name`.
    ///
    /// # Errors
    /// When the start of the stream cannot be read.
    pub fn new(input: impl Read + Send + 'static, name: &str) -> Result<WikiReader, StoreError> {
        let bytes = Unpacked::new(Box::new(input)).map_err(StoreError::io("read", name))?;
        let (name, buffer, site, open) = (name.to_owned(), Vec::new(), Site::default(), Vec::new());
        Ok(WikiReader { xml: xml(bytes), name, buffer, site, open, has_elements: false, n_pages: 0 })
    }

    /// What the head of the dump says; known with the first page.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// How many pages have been read.
    pub fn n_pages(&self) -> u64 {
        self.n_pages
    }

    /// Goes on behind damage, to the next page that can be read; false if there is none.
    ///
    /// A dump in streams of bzip2 loses the pages of the stream that is damaged, others what cannot be decompressed.
    ///
    /// # Errors
    /// When the stream fails.
    pub fn resume(&mut self) -> Result<bool, StoreError> {
        let mut bytes = std::mem::replace(self.xml.get_mut(), Unpacked::ended());
        let found = bytes.resume(NEXT_PAGE).map_err(StoreError::io("read", &self.name))?;
        self.xml = xml(bytes);
        // What was open before the damage may end behind it.
        self.xml.config_mut().allow_unmatched_ends = true;
        self.open.clear();
        self.has_elements = true;
        Ok(found)
    }

    /// Fills in the next page; false at the end.
    ///
    /// # Errors
    /// When the stream fails, is damaged or cut off, or is no XML.
    pub fn next(&mut self, page: &mut WikiPage) -> Result<bool, StoreError> {
        let (mut field, mut namespace) = (Field::None, String::new());
        loop {
            self.buffer.clear();
            self.xml.get_mut().allow();
            let event = match self.xml.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(quick_xml::Error::Io(error)) => {
                    let place = place(&self.name, self.n_pages);
                    return Err(match std::sync::Arc::try_unwrap(error) {
                        Ok(error) if !unpack::is_damage(&error) => StoreError::io("read", place)(error),
                        Ok(error) => StoreError::decode(place, error),
                        Err(error) => StoreError::decode(place, io::Error::new(error.kind(), error.to_string())),
                    });
                }
                Err(error) => return Err(StoreError::corrupt(self.place(), error)),
            };
            let around = self.open.last().copied().unwrap_or(Element::Other);
            match event {
                Event::Start(tag) => {
                    if self.open.len() >= MAX_DEPTH {
                        let place = place(&self.name, self.n_pages);
                        return Err(StoreError::corrupt(place, "its elements are nested too deeply"));
                    }
                    let element = match tag.local_name().as_ref() {
                        "page" => Element::Page,
                        "revision" if around == Element::Page => Element::Revision,
                        "contributor" => Element::Contributor,
                        _ => Element::Other,
                    };
                    match element {
                        Element::Page => page.clear(),
                        Element::Revision => page.clear_revision(),
                        _ => {}
                    }
                    field = Field::of(around, tag.local_name().as_ref());
                    head(&tag, self.has_elements, &mut self.site, &mut field);
                    self.has_elements = true;
                    self.open.push(element);
                }
                Event::Empty(tag) => match tag.local_name().as_ref() {
                    _ if !self.has_elements => self.has_elements = true,
                    "redirect" => page.is_redirect = true,
                    _ => {}
                },
                Event::Text(text) => page::add(page, &mut self.site, &mut namespace, field, &text.into_inner()),
                Event::CData(text) => page::add(page, &mut self.site, &mut namespace, field, &text.into_inner()),
                Event::GeneralRef(name) => {
                    let mut one = [0; 4];
                    let character = name.resolve_char_ref().ok().flatten();
                    let meant = match character {
                        Some(character) => Some(&*character.encode_utf8(&mut one)),
                        None => resolve_predefined_entity(&name),
                    };
                    match meant {
                        Some(meant) => page::add(page, &mut self.site, &mut namespace, field, meant),
                        None => {
                            let what = format!("`&{};` is not known", name.escape_debug());
                            return Err(StoreError::corrupt(place(&self.name, self.n_pages), what));
                        }
                    }
                }
                Event::End(_) => {
                    field = Field::None;
                    if self.open.pop() == Some(Element::Page) {
                        page.namespace = namespace.trim().parse().unwrap_or(0);
                        self.n_pages += 1;
                        return Ok(true);
                    }
                }
                Event::Eof if !self.open.is_empty() => {
                    return Err(StoreError::corrupt(self.place(), "it is cut off"));
                }
                Event::Eof if !self.has_elements => {
                    return Err(StoreError::corrupt(self.place(), "it holds no XML"));
                }
                Event::Eof => return Ok(false),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
    }

    fn place(&self) -> String {
        place(&self.name, self.n_pages)
    }
}

/// Where an error is.
fn place(name: &str, n_pages: u64) -> String {
    format!("{name}, behind page {n_pages}")
}

fn xml(bytes: Unpacked) -> Reader<Unpacked> {
    let mut xml = Reader::from_reader(bytes);
    xml.config_mut().check_comments = false;
    xml
}

/// What attributes say of the wiki: the language of the dump, and which namespace a name is of.
fn head(tag: &BytesStart<'_>, has_elements: bool, site: &mut Site, field: &mut Field) {
    let attribute = |name: &str| tag.try_get_attribute(name).ok().flatten();
    match tag.local_name().as_ref() {
        "mediawiki" if !has_elements => {
            if let Some(lang) = attribute("xml:lang") {
                site.lang.push_str(&lang.value);
            }
        }
        "namespace" => {
            *field = match attribute("key").as_ref().map(|key| &*key.value) {
                Some("6") => Field::SiteFile,
                Some("14") => Field::SiteCategory,
                _ => Field::None,
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::page::MAX_TEXT;
    use super::unpack::MAX_EVENT;
    use super::*;
    use bzip2::Compression;
    use bzip2::read::BzEncoder;
    use std::io::Cursor;

    const HEAD: &str = "<mediawiki xmlns=\"http://www.mediawiki.org/xml/export-0.11/\">\n<siteinfo><sitename>W</sitename></siteinfo>\n";
    const PAGES: &str = "<page><title>Ships &amp; boats</title><ns>0</ns><id>7</id><revision><id>9</id>\
        <comment>a comment</comment><text bytes=\"9\" xml:space=\"preserve\">old</text></revision><revision>\
        <text>[http://a.example/?x&amp;y &lt;b&gt;] &quot;gr&#xf6;&#223;e&quot;</text></revision></page>\n\
        <page><title>Boat</title><ns>0</ns><redirect title=\"Ship\" /><revision><text/></revision></page>\n\
        <page><title>Talk:Ship</title><ns>1</ns><revision><text><![CDATA[a<b]]></text></revision></page>\n";
    const END: &str = "</mediawiki>";

    fn pack(text: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        BzEncoder::new(text, Compression::best()).read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// Gives one byte at a time.
    struct Slow(Cursor<Vec<u8>>);

    impl Read for Slow {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = out.len().min(1);
            self.0.read(&mut out[..n])
        }
    }

    fn pages(bytes: &[u8]) -> Result<Vec<(String, i32, bool, String)>, StoreError> {
        let mut reader = WikiReader::new(Slow(Cursor::new(bytes.to_owned())), "dump")?;
        let (mut page, mut pages) = (WikiPage::default(), Vec::new());
        while reader.next(&mut page)? {
            pages.push((page.title.clone(), page.namespace, page.is_redirect, page.text.clone()));
        }
        Ok(pages)
    }

    #[test]
    fn pages_are_read_whatever_the_compression() {
        let whole = [HEAD, PAGES, END].concat();
        let expected = pages(whole.as_bytes()).unwrap();
        let page = |at: usize| (expected[at].0.as_str(), expected[at].1, expected[at].2, expected[at].3.as_str());
        assert_eq!(expected.len(), 3);
        assert_eq!(page(0), ("Ships & boats", 0, false, "[http://a.example/?x&y <b>] \"größe\""));
        assert_eq!(page(1), ("Boat", 0, true, ""));
        assert_eq!(page(2), ("Talk:Ship", 1, false, "a<b"));
        // As dumps are: the head, groups of pages and the end are streams of their own.
        let streams = [HEAD, &PAGES[..100], &PAGES[100..], END].map(|part| pack(part.as_bytes())).concat();
        assert_eq!(pages(&streams).unwrap(), expected);
        assert_eq!(pages(&zstd::encode_all(whole.as_bytes(), 3).unwrap()).unwrap(), expected);
        // A stream from the middle of a dump.
        assert_eq!(pages(&pack(PAGES.as_bytes())).unwrap(), expected);
        assert!(pages(b"<mediawiki/>").unwrap().is_empty());
        for nothing in [&pack(b"")[..], b"", b"page not found"] {
            assert!(pages(nothing).unwrap_err().to_string().contains("it holds no XML"));
        }
    }

    #[test]
    fn damage_is_an_error_that_says_where() {
        let streams = [HEAD, PAGES, END].map(|part| pack(part.as_bytes()));
        let cut = streams.concat();
        let mut flipped = cut.clone();
        let middle = streams[0].len() + streams[1].len() / 2;
        flipped[middle] ^= 1;
        let text = |text: String| text.into_bytes();
        for (bytes, expected) in [
            (streams[..2].concat(), "dump, behind page 3` is not readable: it is cut off"),
            (cut[..cut.len() - 5].to_vec(), "dump, behind page 3"),
            (cut[..middle].to_vec(), "dump, behind page"),
            (flipped, "dump, behind page"),
            ([cut.clone(), b"trailing".to_vec()].concat(), "dump, behind page 3"),
            (text([HEAD, PAGES, "<page><title>x</page>", END].concat()), "behind page 3"),
            (text([HEAD, "<page><title>&nbsp;</title></page>", END].concat()), "`&nbsp;` is not known"),
            (text("<a>".repeat(100)), "nested too deeply"),
            ([HEAD.as_bytes(), b"<page><title>\xff</title></page>", END.as_bytes()].concat(), "behind page 0"),
        ] {
            let error = pages(&bytes).unwrap_err();
            assert!(matches!(error, StoreError::Corrupt { .. }), "{expected}: {error:?}");
            assert!(error.to_string().contains(expected), "{expected}: {error}");
        }
    }

    /// What is not a dump must not need more memory than one.
    #[test]
    fn sizes_are_limited() {
        let long = ("x".repeat(1 << 20) + "&amp;").repeat(MAX_TEXT >> 20);
        let page =
            |text: &str| format!("<page><title>t</title><ns>0</ns><revision><text>{text}</text></revision></page>");
        let dump = pack([HEAD, &page(&long), &page("short"), END].concat().as_bytes());
        let mut reader = WikiReader::new(Cursor::new(dump), "dump").unwrap();
        let mut found = WikiPage::default();
        assert!(reader.next(&mut found).unwrap() && found.is_too_long && found.text.capacity() == 0);
        assert!(reader.next(&mut found).unwrap() && !found.is_too_long && found.text == "short");
        let bomb = pack(&[HEAD.as_bytes(), &vec![b' '; MAX_EVENT + (1 << 20)]].concat());
        let mut reader = WikiReader::new(Cursor::new(bomb), "dump").unwrap();
        let error = reader.next(&mut found).unwrap_err();
        assert!(error.to_string().contains("no markup in 32 MiB"), "{error}");
    }

    #[test]
    fn the_head_and_the_numbers_of_pages_are_read() {
        let head = "<mediawiki xml:lang=\"de\"><siteinfo><dbname>dewiki</dbname><base>https://de.example/wiki/Haupt</base>\
            <namespaces><namespace key=\"0\"/><namespace key=\"6\">Datei</namespace><namespace key=\"14\">Kategorie\
            </namespace></namespaces></siteinfo>";
        let dump = [
            head,
            "<page><title>T</title><ns>0</ns><id>7</id><revision><id>9</id><timestamp>2024-01-02T03:04:05Z\
            </timestamp><contributor><id>1</id></contributor><model>wikitext</model><text>a</text></revision></page>",
            END,
        ];
        let mut reader = WikiReader::new(Cursor::new(dump.concat().into_bytes()), "dump").unwrap();
        let mut page = WikiPage::default();
        assert!(reader.next(&mut page).unwrap());
        let site = reader.site();
        assert_eq!((&*site.name, &*site.lang, &*site.file, &*site.category), ("dewiki", "de", "Datei", "Kategorie"));
        assert_eq!(site.base, "https://de.example/wiki/Haupt");
        assert_eq!((&*page.id, &*page.revision, &*page.timestamp), ("7", "9", "2024-01-02T03:04:05Z"));
        assert_eq!((&*page.model, &*page.text), ("wikitext", "a"));
    }

    /// Titles of all pages, with `!` for each piece of damage that was passed over.
    fn titles(bytes: Vec<u8>) -> Vec<String> {
        let mut reader = WikiReader::new(Slow(Cursor::new(bytes)), "dump").unwrap();
        let (mut page, mut titles) = (WikiPage::default(), Vec::new());
        loop {
            match reader.next(&mut page) {
                Ok(true) => titles.push(page.title.clone()),
                Ok(false) => return titles,
                Err(_) => {
                    titles.push("!".into());
                    if !reader.resume().unwrap() {
                        return titles;
                    }
                }
            }
        }
    }

    #[test]
    fn what_stands_behind_damage_is_read() {
        let page =
            |title: &str| format!("<page><title>{title}</title><revision><text>{title}</text></revision></page>\n");
        let groups = [["a", "b"], ["c", "d"], ["e", "f"]].map(|group| group.map(page).concat());
        let [first, second, third] = &groups;
        let streams = [HEAD, first, second, third, END].map(|part| pack(part.as_bytes()));
        let mut flipped = streams.clone();
        let middle = flipped[2].len() / 2;
        flipped[2][middle] ^= 0x55;
        assert_eq!(titles(flipped.concat()), ["a", "b", "!", "e", "f"]);
        let mut cut = streams.clone();
        cut[2].truncate(middle);
        assert_eq!(titles(cut.concat()), ["a", "b", "!", "e", "f"]);
        assert_eq!(titles(streams[..4].concat()), ["a", "b", "c", "d", "e", "f", "!"]);
        // Bad XML costs one page, whatever the compression.
        let plain =
            [HEAD, first, "<page><title>&nbsp;</title></page>", second, "<page><title>x</page>", third, END].concat();
        let expected = ["a", "b", "!", "c", "d", "!", "e", "f"];
        assert_eq!(titles(plain.clone().into_bytes()), expected);
        assert_eq!(titles(zstd::encode_all(plain.as_bytes(), 3).unwrap()), expected);
        let mut gzip = Vec::new();
        flate2::read::GzEncoder::new(plain.as_bytes(), flate2::Compression::fast()).read_to_end(&mut gzip).unwrap();
        gzip.truncate(gzip.len() - 12);
        assert_eq!(titles(gzip).last().unwrap(), "!");
    }
}
