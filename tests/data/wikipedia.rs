//! References in a real dump, and from a real crawl to a model of what is referred to.

use bzip2::Compression;
use bzip2::read::{BzEncoder, MultiBzDecoder};
use std::collections::BTreeSet;
use std::io::Read;
use support::{archive, tokenmill_in};
use tokenmill_stages::references::{LinkFinder, is_own, key_of};
use tokenmill_stages::url::canonical::Canonicalizer;
use tokenmill_store::source::find;
use tokenmill_store::wiki::{WikiPage, WikiReader};

const DUMP: &str = "enwiki_articles1_shortened.xml.bz2";

/// Links of a dump, in order, with whether they are references.
fn links(mut reader: WikiReader) -> Vec<(String, bool)> {
    let (finder, mut page, mut links) = (LinkFinder::new().unwrap(), WikiPage::default(), Vec::new());
    while reader.next(&mut page).unwrap() {
        if page.namespace == 0 && !page.is_redirect {
            finder.each(&page.text, &mut |url, is_reference| links.push((url.to_owned(), is_reference)));
        }
    }
    links
}

/// A stream that gives one byte at a time.
struct Slow<R>(R);

impl<R: Read> Read for Slow<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = out.len().min(1);
        self.0.read(&mut out[..n])
    }
}

#[test]
fn links_of_the_slice_are_those_of_its_whole_text() {
    let path = archive("quality").join(DUMP);
    let streamed = links(WikiReader::open(&find(&path.display().to_string()).unwrap()).unwrap());
    let mut whole = Vec::new();
    MultiBzDecoder::new(&std::fs::read(&path).unwrap()[..]).read_to_end(&mut whole).unwrap();
    let slow = links(WikiReader::new(Slow(std::io::Cursor::new(whole)), "whole").unwrap());
    assert!(streamed == slow);
    let n_references = streamed.iter().filter(|(_, is_reference)| *is_reference).count();
    assert_eq!((streamed.len(), n_references), (5254, 4711));
}

/// The slice refers to none of the pages of the fixture crawl, so a dump is made that refers to some of them.
#[test]
fn a_real_crawl_is_joined_with_a_dump() {
    let folder = tempfile::tempdir().unwrap();
    let dump = archive("quality").join(DUMP);
    let pages = ["postlight_parser_pages", "recipe_scrapers_pages", "hplt_sample_cc100"]
        .map(|name| format!("\"{}\"", archive("warc").join(format!("{name}.warc.gz")).display()));
    let recipe = format!(
        "[run]\nname = \"sample\"\nroot = \"runs\"\n[source]\nkind = \"warc\"\npaths = [{}]\n\
         [[step]]\nuse = \"url.canonical\"\n[[step]]\nuse = \"extract.main_text\"\n",
        pages.join(", ")
    );
    std::fs::write(folder.path().join("sample.toml"), recipe).unwrap();
    tokenmill_in(folder.path(), &["run", "sample.toml"]).ok();
    let head = tokenmill_in(folder.path(), &["inspect", "head", "runs/sample", "-n", "1000"]).ok();
    let urls: BTreeSet<&str> = head.lines().filter_map(|line| line.strip_prefix("url: ")).collect();
    let cited: Vec<&str> =
        urls.iter().copied().filter(|url| url.len() % 2 == 0 && !url.ends_with('…') && !is_own(url)).collect();
    let articles: String = cited
        .iter()
        .map(|url| {
            let url = url.replacen("https://", "http://", 1).replacen("://www.", "://", 1);
            let url = url.replace('&', "&amp;amp;").replace('<', "%3C");
            format!("<page><title>t</title><ns>0</ns><revision><text>&lt;ref&gt;[{url} t]&lt;/ref&gt;</text></revision></page>")
        })
        .collect();
    let mut packed = Vec::new();
    let whole = format!("<mediawiki>{articles}</mediawiki>");
    BzEncoder::new(whole.as_bytes(), Compression::fast()).read_to_end(&mut packed).unwrap();
    std::fs::write(folder.path().join("made.xml.bz2"), packed).unwrap();
    let recipe = format!(
        "[model]\noutput = \"m.bin\"\n[referenced]\ninputs = [\"runs/sample\"]\nby = [\"{}\", \"made.xml.bz2\"]\n\
         [examples]\ntest = 0.3\n[fasttext]\ndim = 10\nbuckets = 5000\n",
        dump.display()
    );
    std::fs::write(folder.path().join("r.toml"), recipe).unwrap();
    let said = tokenmill_in(folder.path(), &["train", "fasttext", "r.toml"]).code(0).stderr;
    let card = std::fs::read_to_string(folder.path().join("m.bin.card.json")).unwrap();
    let card: serde_json::Value = serde_json::from_str(&card).unwrap();
    let seen = |at: usize| card["classes"][at]["seen"].as_u64().unwrap();
    let key = |url: &&str| key_of(url, &Canonicalizer::default()).unwrap();
    let keys: BTreeSet<u64> = cited.iter().map(key).collect();
    let n_cited =
        head.lines().filter_map(|line| line.strip_prefix("url: ")).filter(|url| keys.contains(&key(url))).count()
            as u64;
    assert_eq!(seen(1), n_cited, "{said}");
    let n_documents = head.lines().filter(|line| line.starts_with("url: ")).count() as u64;
    assert_eq!(seen(0) + seen(1) + card["passed_over"].as_u64().unwrap(), n_documents, "{said}");
}
