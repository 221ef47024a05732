//! Exchanges in whole runs: what is kept depends on the documents alone, and nothing is lost through a chain of twins.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use support::{Ran, Sandbox, tokenmill_in};

/// A JSON line.
fn line(id: &str, url: &str, date: &str, text: &str) -> String {
    format!("{{\"id\":\"{id}\",\"url\":\"{url}\",\"date\":\"{date}\",\"text\":\"{text}\"}}\n")
}

/// Runs `tokenmill apply` in a folder and gives the verdicts by id: empty for what is kept, else reason and evidence.
fn apply(folder: &Path, stages: &str, more: &[&str]) -> BTreeMap<String, String> {
    let arguments = [&["apply", "--use", stages, "-o", "-"], more].concat();
    let said = tokenmill_in(folder, &arguments).ok();
    let verdict = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        assert_eq!(line["kept"].as_bool(), Some(text("reason").is_empty()));
        (text("id"), format!("{} {}", text("reason"), text("evidence")).trim().to_owned())
    };
    said.lines().map(verdict).collect()
}

#[test]
fn eight_mirrors_of_a_page_leave_exactly_one() {
    let folder = tempfile::tempdir().unwrap();
    let text = "The same page in eight places, with the same words in every one of them.";
    let mut lines = String::new();
    for mirror in 0..8 {
        lines += &line(&format!("m{mirror}"), &format!("http://mirror{mirror}.example/"), "2024-01-01", text);
    }
    lines += &line("other", "http://mirror0.example/other", "2024-01-01", "Something else.");
    std::fs::write(folder.path().join("in.jsonl"), lines).unwrap();
    let verdicts = apply(folder.path(), "dedup.url,dedup.exact", &["in.jsonl"]);
    let kept: Vec<&String> = verdicts.iter().filter(|(_, why)| why.is_empty()).map(|(id, _)| id).collect();
    assert_eq!(kept.len(), 2, "{verdicts:?}");
    let kept = kept.into_iter().find(|id| *id != "other").unwrap();
    assert!(verdicts.values().filter(|why| !why.is_empty()).all(|why| *why == format!("duplicate_text {kept}")));
}

#[test]
fn recrawls_keep_the_newest_good_capture() {
    let folder = tempfile::tempdir().unwrap();
    let captures = [
        line("old", "http://a.example/x", "2023-01-01", "The page as it was, long enough to be kept."),
        line(
            "new",
            "https://A.example:443/x#top",
            "2024-01-01T10:00:00Z",
            "The page as it is, long enough to be kept.",
        ),
        line("empty", "http://a.example/x?utm_source=y", "2024-06-01", ""),
        line("short", "http://a.example/x", "2024-07-01", "Gone."),
    ];
    std::fs::write(folder.path().join("in.jsonl"), captures.concat()).unwrap();
    let verdicts =
        apply(folder.path(), "filter.length,dedup.url", &["--set", "filter.length.min_chars=20", "in.jsonl"]);
    let why = |id: &str| verdicts[id].as_str();
    assert_eq!([why("old"), why("new")], ["duplicate_url new", ""]);
    assert_eq!([why("empty"), why("short")], ["empty", "too_few_chars"]);
}

#[test]
fn one_record_in_two_files_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let record = line("one", "http://a.example/", "2024-01-01", "A record.");
    for name in ["a.jsonl", "b.jsonl"] {
        std::fs::write(folder.path().join(name), &record).unwrap();
    }
    let arguments = ["apply", "--use", "dedup.url", "-o", "-", "a.jsonl", "b.jsonl"];
    let said = tokenmill_in(folder.path(), &arguments).ok();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0], "{\"id\":\"one\",\"kept\":true}");
    assert!(lines[1].contains("\"reason\":\"duplicate_record\",\"evidence\":\"one\""), "{said}");
}

/// Documents with many twins, in many files.
fn crawl(n: u64) -> Vec<String> {
    let number = |n: u64, factor: u64, below: u64| {
        n.wrapping_mul(factor).wrapping_add(17).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40 & (below - 1)
    };
    let document = |n: u64| {
        let (site, page, text) = (number(n, 3, 8), number(n, 5, 64), number(n, 7, 256));
        let (month, day) = (number(n, 11, 8) + 1, number(n, 13, 16) + 1);
        let url = format!("http://site{site}.example/{page}");
        line(
            &format!("d{n}"),
            &url,
            &format!("2024-0{month}-{day:02}"),
            &format!("Text number {text}, in a few words."),
        )
    };
    (0..n).map(document).collect()
}

#[test]
fn what_is_kept_does_not_depend_on_how_the_input_is_parted() {
    let lines = crawl(3_000);
    let mut all: Vec<BTreeSet<String>> = Vec::new();
    for n_files in [1, 7, 64] {
        let folder = tempfile::tempdir().unwrap();
        for (number, lines) in lines.chunks(lines.len().div_ceil(n_files)).enumerate() {
            std::fs::write(folder.path().join(format!("{number:02}.jsonl")), lines.concat()).unwrap();
        }
        let recipe = "[run]\nname = \"r\"\nroot = \"runs\"\n[source]\nkind = \"jsonl\"\npaths = [\"*.jsonl\"]\n\
                      [[step]]\nuse = \"dedup.url\"\n[[step]]\nuse = \"dedup.exact\"\n";
        std::fs::write(folder.path().join("r.toml"), recipe).unwrap();
        for threads in ["1", "2"] {
            let root = format!("run.root=runs{threads}");
            tokenmill_in(folder.path(), &["run", "r.toml", "--threads", threads, "--set", &root]).ok();
            let run = format!("runs{threads}/r");
            tokenmill_in(folder.path(), &["audit", &run]).ok();
            all.push(kept(tokenmill_in(folder.path(), &["inspect", "head", &run, "-n", "10000"])));
        }
    }
    assert!((100..2_900).contains(&all[0].len()), "{} kept", all[0].len());
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
}

/// The ids of all documents that a run has kept.
fn kept(head: Ran) -> BTreeSet<String> {
    let said = head.ok();
    said.lines().filter_map(|line| line.strip_prefix("record_id: ")).map(str::to_owned).collect()
}

#[test]
fn a_scan_spares_the_extraction_of_pages_that_lose() {
    let sandbox = Sandbox::of("dedup.toml");
    let said = sandbox.run(&[]);
    sandbox.tokenmill(&["audit", "runs/mini"]).ok();
    let mut steps = String::new();
    for line in said
        .lines()
        .filter(|line| ["newest", "extract.main_text", "dedup.exact"].iter().any(|step| line.starts_with(step)))
    {
        writeln!(steps, "{}", line.split_whitespace().take(4).collect::<Vec<_>>().join(" ")).unwrap();
    }
    assert_eq!(steps, "newest 320 17 303\nextract.main_text 303 2 301\ndedup.exact 301 13 288\n", "{said}");
}

#[test]
fn a_removed_document_names_its_twin() {
    let sandbox = Sandbox::of("dedup.toml");
    sandbox.run(&[]);
    let removed = sandbox.tokenmill(&["inspect", "head", "runs/mini", "--table", "ledger", "-n", "1000"]).ok();
    let row = removed.split("\n\n").find(|row| row.contains("reason: duplicate_text")).unwrap();
    let field = |name: &str| row.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    let why = sandbox.tokenmill(&["inspect", "why", "runs/mini", &field("id: ")]).ok();
    assert!(why.contains("removed by dedup.exact because duplicate_text"), "{why}");
    assert!(why.contains(&format!("evidence: {}", field("evidence: "))), "{why}");
    let twin = sandbox.tokenmill(&["inspect", "why", "runs/mini", &field("evidence: ")]).ok();
    assert!(!twin.contains("removed by"), "{twin}");
}
