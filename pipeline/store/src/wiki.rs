//! Dumps of MediaWiki: the pages of an XML export, plain or compressed, one after another.
//!
//! A dump is read as a stream, whatever its size; what one page may need in memory is limited. A dump that is cut off or
//! damaged is an error, not a shorter dump.

use crate::StoreError;
use crate::source::{Input, decompress, stream};
use bzip2::bufread::MultiBzDecoder;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use std::io::{self, BufRead, BufReader, Cursor, Read};

/// Bytes of the longest text of a page that is read; MediaWiki stores 2 MiB at most.
const MAX_TEXT: usize = 16 << 20;

/// Bytes between two pieces of markup, at most: what one step of the XML reader may need in memory.
const MAX_EVENT: usize = 32 << 20;

/// Elements within each other, at most; a dump has five.
const MAX_DEPTH: usize = 32;

/// A page, as a reader gives it; filled anew with every call.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct WikiPage {
    /// Its title.
    pub title: String,
    /// The number of its namespace; articles are in 0.
    pub namespace: i32,
    /// Whether it does nothing but lead to another one.
    pub is_redirect: bool,
    /// Its wikitext, of the last revision that the dump has; empty when it is too long.
    pub text: String,
    /// Whether the text was too long to be read.
    pub is_too_long: bool,
}

/// Reads a dump.
pub struct WikiReader {
    xml: Reader<Bounded<Box<dyn BufRead + Send>>>,
    name: String,
    buffer: Vec<u8>,
    /// Elements that are open.
    depth: usize,
    /// Whether there has been any.
    has_elements: bool,
    n_pages: u64,
}

/// What the text of an element is of.
#[derive(Clone, Copy, PartialEq)]
enum Field {
    None,
    Title,
    Namespace,
    Text,
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
        let stream = unpack(input).map_err(StoreError::io("read", name))?;
        let mut xml = Reader::from_reader(Bounded { inner: stream, left: MAX_EVENT });
        xml.config_mut().check_comments = false;
        Ok(WikiReader { xml, name: name.to_owned(), buffer: Vec::new(), depth: 0, has_elements: false, n_pages: 0 })
    }

    /// Fills in the next page; false at the end.
    ///
    /// # Errors
    /// When the stream fails, is damaged or cut off, or is no XML.
    pub fn next(&mut self, page: &mut WikiPage) -> Result<bool, StoreError> {
        let (mut field, mut is_in_page, mut namespace) = (Field::None, false, String::new());
        loop {
            self.buffer.clear();
            self.xml.get_mut().left = MAX_EVENT;
            let event = match self.xml.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(quick_xml::Error::Io(error)) => {
                    let error = io::Error::new(error.kind(), error.to_string());
                    return Err(StoreError::decode(self.place(), error));
                }
                Err(error) => return Err(StoreError::corrupt(self.place(), error)),
            };
            match event {
                Event::Start(tag) => {
                    self.has_elements = true;
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(StoreError::corrupt(self.place(), "its elements are nested too deeply"));
                    }
                    field = Field::None;
                    match tag.local_name().as_ref() {
                        "page" => {
                            is_in_page = true;
                            page.clear();
                        }
                        "title" => field = Field::Title,
                        "ns" => field = Field::Namespace,
                        "text" => {
                            field = Field::Text;
                            page.text.clear();
                            page.is_too_long = false;
                        }
                        _ => {}
                    }
                }
                Event::Empty(tag) => match tag.local_name().as_ref() {
                    _ if !self.has_elements => self.has_elements = true,
                    "redirect" => page.is_redirect = true,
                    // A text that has been deleted; that of an older revision must not stand for it.
                    "text" => {
                        page.text.clear();
                        page.is_too_long = false;
                    }
                    _ => {}
                },
                Event::Text(text) => page.add(field, &mut namespace, &text.into_inner()),
                Event::CData(text) => page.add(field, &mut namespace, &text.into_inner()),
                Event::GeneralRef(name) => {
                    let mut one = [0; 4];
                    let character = name.resolve_char_ref().ok().flatten();
                    let meant = match character {
                        Some(character) => Some(&*character.encode_utf8(&mut one)),
                        None => resolve_predefined_entity(&name),
                    };
                    match meant {
                        Some(meant) => page.add(field, &mut namespace, meant),
                        None => {
                            let what = format!("`&{};` is not known", name.escape_debug());
                            return Err(StoreError::corrupt(self.place(), what));
                        }
                    }
                }
                Event::End(tag) => {
                    self.depth = self.depth.saturating_sub(1);
                    field = Field::None;
                    if is_in_page && tag.local_name().as_ref() == "page" {
                        page.namespace = namespace.trim().parse().unwrap_or(0);
                        self.n_pages += 1;
                        return Ok(true);
                    }
                }
                Event::Eof if self.depth > 0 => {
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

    /// Where an error is.
    fn place(&self) -> String {
        format!("{}, behind page {}", self.name, self.n_pages)
    }
}

impl WikiPage {
    fn clear(&mut self) {
        self.title.clear();
        self.text.clear();
        (self.namespace, self.is_redirect, self.is_too_long) = (0, false, false);
    }

    fn add(&mut self, field: Field, namespace: &mut String, text: &str) {
        let (to, limit) = match field {
            Field::None => return,
            Field::Title => (&mut self.title, 1024),
            Field::Namespace => (namespace, 16),
            Field::Text => (&mut self.text, MAX_TEXT),
        };
        if to.len() + text.len() <= limit && !(field == Field::Text && self.is_too_long) {
            to.push_str(text);
        } else if field == Field::Text {
            self.is_too_long = true;
            self.text = String::new();
        }
    }
}

/// Undoes whatever compression a dump has.
fn unpack(input: impl Read + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    let mut magic = Vec::with_capacity(4);
    input.by_ref().take(4).read_to_end(&mut magic)?;
    let is_bzip2 = magic.starts_with(b"BZh");
    let whole = Cursor::new(magic).chain(input);
    let plain: Box<dyn Read + Send> = if is_bzip2 { Box::new(MultiBzDecoder::new(whole)) } else { decompress(whole)? };
    Ok(Box::new(BufReader::with_capacity(1 << 18, plain)))
}

/// A stream that gives up when too much is asked of it in one step.
struct Bounded<R> {
    inner: R,
    left: usize,
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.left = self.left.saturating_sub(n);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            let what = format!("there is no markup in {} MiB", MAX_EVENT >> 20);
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.left = self.left.saturating_sub(n);
        self.inner.consume(n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bzip2::Compression;
    use bzip2::read::BzEncoder;

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
}
