//! The corpora that are measured, each with a name that anybody can get.

use crate::error::Result;
use crate::repo::Repo;

/// Files with a name.
pub struct Corpus {
    /// What they are.
    pub name: String,
    /// Their paths.
    pub files: Vec<String>,
}

impl Corpus {
    /// A corpus of given files.
    pub fn of_files(name: &str, files: &[&str]) -> Corpus {
        Corpus { name: name.to_owned(), files: files.iter().map(|file| (*file).to_owned()).collect() }
    }
}

/// Real pages of the `warc` archive that tests unpack with `--data`.
const REAL: [&str; 3] =
    ["hplt_sample_cc100.warc.gz", "postlight_parser_pages.warc.gz", "recipe_scrapers_pages.warc.gz"];

/// The mini crawl, and the real pages where the archive has been unpacked.
pub fn all(repo: &Repo) -> Result<Vec<Corpus>> {
    let mini = "tests/fixtures/mini-crawl";
    let mini: Vec<String> = ["part-00000.warc.gz", "part-00001.warc.gz", "part-00002.warc.gz"]
        .iter()
        .map(|name| format!("{mini}/{name}"))
        .collect();
    let mut corpora = vec![Corpus { name: "mini crawl (tests/fixtures)".to_owned(), files: mini }];
    let folder = repo.target()?.join("test-data").join("warc");
    let real: Vec<_> = REAL.iter().map(|name| folder.join(name)).collect();
    if real.iter().all(|file| file.is_file()) {
        let files = real.iter().map(|file| file.display().to_string()).collect();
        corpora.push(Corpus { name: "413 real pages (archive `warc`)".to_owned(), files });
    } else {
        println!("skipped: real pages, the archive `warc` is not unpacked (cargo xtask test --data does it)");
    }
    Ok(corpora)
}
