//! From a dump of Wikipedia to documents that it refers to: the table, the step, and what is said of dumps that are not whole.

use bzip2::Compression;
use bzip2::read::BzEncoder;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use support::{Sandbox, fixture};
use tokenmill_stages::references::key_of;
use tokenmill_stages::url::canonical::Canonicalizer;

const USAGE: i32 = 2;
const TASK_FAILED: i32 = 65;

fn pack(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    BzEncoder::new(text.as_bytes(), Compression::best()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn article(title: usize, text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    format!("<page><title>{title}</title><ns>0</ns><id>1</id><revision><text>{escaped}</text></revision></page>\n")
}

/// The pages of the mini crawl.
fn urls() -> Vec<String> {
    let index = std::fs::read_to_string(fixture("mini-crawl/index.tsv")).unwrap();
    let rows = index.lines().skip(1).map(|row| row.split('\t').nth(1).unwrap().to_owned());
    rows.collect::<BTreeSet<String>>().into_iter().filter(|url| url.starts_with("http")).collect()
}

/// Other spellings of a URL, as articles have them.
fn spelled(url: &str, at: usize) -> String {
    let (_, page) = url.split_once("://").unwrap();
    let with = |more: &str| if page.contains('?') { format!("{page}&{more}") } else { format!("{page}?{more}") };
    match at % 5 {
        0 => format!("text<ref>{{{{Cite web |url= http://{page} |title=A & B}}}}</ref>"),
        1 => format!("<ref name=\"a\">[https://{} A title], read.</ref>", with("utm_source=wikipedia&fbclid=1")),
        2 => format!("{{{{citation|url=//{page}|access-date=2020}}}}"),
        3 => {
            format!("<ref>{{{{cite news|archive-url=https://web.archive.org/web/20200101000000/http://{page}}}}}</ref>")
        }
        _ => format!("<ref>HTTP://{page}#section.</ref>"),
    }
}

/// Two dumps, one as a file of several streams, that refer to every seventh page of the mini crawl.
fn dumps(folder: &Path) -> Vec<String> {
    let cited: Vec<String> = urls().into_iter().step_by(7).collect();
    assert!(cited.len() > 20);
    let articles: Vec<String> = cited.iter().enumerate().map(|(at, url)| article(at, &spelled(url, at))).collect();
    let others = "<page><title>Talk:1</title><ns>1</ns><revision><text>&lt;ref>https://slowroads.example/&lt;/ref></text></revision></page>\
        <page><title>2</title><ns>0</ns><redirect title=\"1\"/><revision><text>x</text></revision></page>"
        .replace("ref>", "ref&gt;");
    let twice = article(
        900,
        &format!("<ref>{0}</ref> <ref>{0}</ref> https://en.wikipedia.org/ https://free.example/", cited[0]),
    );
    let (one, two) = articles.split_at(articles.len() / 2);
    let streams = ["<mediawiki>\n".to_owned(), one.concat(), others + &twice, "</mediawiki>\n".to_owned()];
    std::fs::write(folder.join("a.xml.bz2"), streams.iter().flat_map(|part| pack(part)).collect::<Vec<u8>>()).unwrap();
    std::fs::write(folder.join("b.xml"), format!("<mediawiki>{}</mediawiki>", two.concat())).unwrap();
    cited
}

#[test]
fn the_pages_that_articles_refer_to_are_found_in_a_crawl() {
    let sandbox = Sandbox::new();
    let cited = dumps(sandbox.path());
    let said = sandbox.tokenmill(&["references", "a.xml.bz2", "b.xml", "-o", "a.refs"]).code(0).stderr;
    let n_pages = cited.len();
    assert!(said.contains(&format!("{} articles", n_pages + 1)) && said.contains("2 pages are redirects"), "{said}");
    assert!(said.contains(&format!("\n{n_pages} pages that are referred to")), "{said}");
    sandbox.tokenmill(&["references", "b.xml", "a.xml.bz2", "-o", "b.refs", "--threads", "1"]).ok();
    let bytes = |name: &str| std::fs::read(sandbox.path().join(name)).unwrap();
    assert!(bytes("a.refs") == bytes("b.refs"), "the order of dumps or the number of threads changes the table");
    let said = sandbox.tokenmill(&["references", "a.xml.bz2", "-o", "all.refs", "--all-links"]).code(0).stderr;
    assert!(said.contains(&format!("\n{} pages that are referred to", n_pages / 2 + 1)), "{said}");
    let recipe = "[run]\nname = \"cited\"\nroot = \"runs\"\n[source]\nkind = \"warc\"\npaths = [\"fixtures/mini-crawl/part-*\"]\n\
        [[step]]\nuse = \"url.canonical\"\n[[step]]\nuse = \"url.references\"\nfile = \"a.refs\"\nmin_articles = 1\n\
        [[step]]\nuse = \"extract.main_text\"\n";
    std::fs::write(sandbox.path().join("cited.toml"), recipe).unwrap();
    let said = sandbox.tokenmill(&["run", "cited.toml"]).ok();
    assert!(said.contains("too_few_references"), "{said}");
    let head = sandbox.tokenmill(&["inspect", "head", "runs/cited", "-n", "1000"]).ok();
    let kept: Vec<&str> =
        head.lines().filter_map(|line| line.strip_prefix("url: ")).filter(|url| !url.ends_with('…')).collect();
    let key = |url: &str| key_of(url, &Canonicalizer::default()).unwrap();
    let keys: BTreeSet<u64> = cited.iter().map(|url| key(url)).collect();
    assert!(kept.len() > 15, "{kept:?}");
    assert!(kept.iter().all(|url| keys.contains(&key(url))), "{kept:?}");
    let found: BTreeSet<u64> = kept.iter().map(|url| key(url)).collect();
    let lost: Vec<&String> = cited.iter().filter(|url| !found.contains(&key(url))).collect();
    assert!(lost.len() * 4 < cited.len(), "pages without text are few: {lost:?}");
}

#[test]
fn dumps_that_are_not_whole_make_no_table() {
    let sandbox = Sandbox::new();
    dumps(sandbox.path());
    let whole = std::fs::read(sandbox.path().join("a.xml.bz2")).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0x10;
    let last_stream = pack("</mediawiki>\n").len();
    for (bytes, expected) in [
        (&whole[..whole.len() / 2], "is not readable"),
        (&whole[..whole.len() - last_stream], "it is cut off"),
        (&flipped[..], "is not readable"),
        (&b"<mediawiki><page><title>x</page></mediawiki>"[..], "behind page 0"),
    ] {
        std::fs::write(sandbox.path().join("bad.xml.bz2"), bytes).unwrap();
        let said =
            sandbox.tokenmill(&["references", "bad.xml.bz2", "b.xml", "-o", "bad.refs"]).code(TASK_FAILED).stderr;
        assert!(
            said.contains(expected) && said.contains("bad.xml.bz2") && said.contains("sha1sums"),
            "{expected}: {said}"
        );
        assert!(!sandbox.path().join("bad.refs").exists());
    }
    let said = sandbox.tokenmill(&["references", "none*.bz2", "-o", "x.refs"]).code(USAGE).stderr;
    assert!(said.contains("names no file"), "{said}");
    let said = sandbox.tokenmill(&["references", "b.xml", "-o", "x.refs.gz"]).code(USAGE).stderr;
    assert!(said.contains("plain files"), "{said}");
}

#[test]
fn a_training_says_when_nothing_is_referred_to() {
    let sandbox = Sandbox::new();
    dumps(sandbox.path());
    let recipe = "[model]\noutput = \"m.bin\"\n[referenced]\ninputs = [\"d.jsonl\"]\nby = [\"a.xml.bz2\"]\n";
    std::fs::write(sandbox.path().join("r.toml"), recipe).unwrap();
    std::fs::write(sandbox.path().join("d.jsonl"), "{\"url\": \"https://never.example/\", \"text\": \"x\"}\n").unwrap();
    let said = sandbox.tokenmill(&["train", "fasttext", "r.toml"]).code(USAGE).stderr;
    assert!(said.contains("none of 1 documents is one of the"), "{said}");
}
