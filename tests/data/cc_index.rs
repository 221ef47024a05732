//! Real crawl files behind an index: the same documents as by a full read, and a fraction of the bytes.

use crate::cc_index::{CrawlMirror, same};
use support::archive;

/// Files of the archive whose records are members of their own: crawls of many sites, and tools' own examples.
const FILES: [&str; 6] = [
    "hplt_sample_cc100.warc.gz",
    "postlight_parser_pages.warc.gz",
    "recipe_scrapers_pages.warc.gz",
    "archivesunleashed__aut/example.warc.gz",
    "commoncrawl__whirlwind-python/whirlwind.warc.gz",
    "iipc__jwarc/cc.warc.gz",
];

#[test]
fn real_records_are_the_same_by_way_of_an_index() {
    let paths: Vec<_> = FILES.iter().map(|name| archive("warc").join(name)).collect();
    // A language for one page in eight, as if it were a small one.
    let language = |url: &str| if url.len() % 8 == 3 { "deu" } else { "eng" }.to_owned();
    let mirror = CrawlMirror::of(&paths, &language);
    mirror.recipe("full", "kind = \"warc\"\npaths = [\"mirror/warc.paths\"]\nbase = \"mirror\"");
    mirror.run("full", &[]);
    mirror.index_recipe("all", "mirror", "mime = []");
    mirror.run("all", &[]);
    let full = mirror.documents("full");
    assert!(full.len() > 500, "{} documents", full.len());
    same(&mirror.documents("all"), &full);

    mirror.index_recipe("some", "mirror", "mime = []\nlanguages = [\"deu\"]\ngap = \"0B\"");
    mirror.run("some", &[]);
    let some = mirror.documents("some");
    assert!(some.len() * 4 < full.len() && some.len() > 20, "{} of {}", some.len(), full.len());
    assert!(some.iter().all(|(id, shown)| full.get(id) == Some(shown)));
    let read =
        |run: &str| -> u64 { mirror.manifest(run, "map").parts.iter().map(|part| part.requests.bytes_read).sum() };
    let wanted = mirror.rows.iter().filter(|row| row.languages == "deu" && row.status == Some(200));
    let (n_wanted, wanted) = wanted.fold((0, 0), |(n, sum), row| (n + 1, sum + row.length.unwrap_or(0) as u64));
    assert_eq!(read("some"), wanted + 48 * n_wanted, "the wanted bytes, and the list of them");
    assert!(read("some") * 3 < read("full"), "{} of {}", read("some"), read("full"));
}
