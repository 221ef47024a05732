//! README's first command: the quickstart runs to shards, and its languages are those the pages are written in.

use std::collections::BTreeMap;

use support::{fixture, tokenmill};

/// A recrawl or a twin has the address of another page; all pages of one address are in one language.
fn written_in() -> BTreeMap<String, String> {
    let index = std::fs::read_to_string(fixture("mini-crawl/index.tsv")).unwrap();
    let fields = index.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    fields.filter(|fields| fields[5] != "-").map(|fields| (fields[1].to_owned(), fields[5].to_owned())).collect()
}

#[test]
fn the_quickstart_runs_to_audited_shards() {
    let folder = tempfile::tempdir().unwrap();
    let root = format!("run.root={}", folder.path().display());
    let said = tokenmill(&["run", "configs/quickstart.toml", "--set", &root]).ok();
    let run = folder.path().join("quickstart").display().to_string();
    for part in ["documents in", "extract.main_text", "filter.gopher_repetition", "tokens in", "inspect why"] {
        assert!(said.contains(part), "`{part}` is not in what the run says:\n{said}");
    }
    tokenmill(&["status", &run]).ok();
    tokenmill(&["audit", &run]).ok();

    // The command that the run itself proposes.
    let why = said.lines().find(|line| line.contains("tokenmill inspect why")).unwrap();
    let id = why.split_whitespace().last().unwrap();
    assert!(tokenmill(&["inspect", "why", &run, id]).ok().contains("removed by"));

    let written_in = written_in();
    let documents = tokenmill(&["inspect", "head", &run, "-n", "1000"]).ok();
    let mut n_documents = 0;
    let mut wrong = Vec::new();
    for document in documents.split("\n\n") {
        let field = |name: &str| document.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        let (url, lang) = (field("url: "), field("lang: "));
        n_documents += usize::from(!url.is_empty());
        if written_in.get(url).is_some_and(|expected| expected != lang) {
            wrong.push(format!("{url} is taken for `{lang}`"));
        }
    }
    assert!(n_documents > 250, "only {n_documents} documents are kept");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
