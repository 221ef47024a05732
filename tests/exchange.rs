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

/// A number without digits, which make lines equal.
fn letters(number: u64) -> String {
    format!("{number:04}").bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
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
            &format!("Text {}, in a few words.", letters(text)),
        )
    };
    (0..n).map(document).collect()
}

/// Near duplicates, and lines that many have: 40 stories, each told with a few other words, between the same menu lines.
fn stories(n: u64) -> Vec<String> {
    let word = |n: u64| format!("w{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48);
    let document = |n: u64| {
        let (story, changed) = (n % 40, n * 7 % 400);
        let words = (0..400).map(|at| if at == changed { word(n + 1_000) } else { word(story * 1_000 + at) });
        let text = format!("Menu of page {n}\\n{}\\nLine {}", words.collect::<Vec<_>>().join(" "), n % 5);
        line(&format!("s{n}"), &format!("http://s{n}.example/"), "2024-01-01", &text)
    };
    (0..n).map(document).collect()
}

#[test]
fn what_is_kept_does_not_depend_on_how_the_input_is_parted() {
    let lines = [crawl(3_000), stories(400)].concat();
    let mut all: Vec<BTreeSet<String>> = Vec::new();
    for n_files in [1, 7, 64] {
        let folder = tempfile::tempdir().unwrap();
        for (number, lines) in lines.chunks(lines.len().div_ceil(n_files)).enumerate() {
            std::fs::write(folder.path().join(format!("{number:02}.jsonl")), lines.concat()).unwrap();
        }
        let recipe = "[run]\nname = \"r\"\nroot = \"runs\"\n[source]\nkind = \"jsonl\"\npaths = [\"*.jsonl\"]\n\
                      [[step]]\nuse = \"dedup.url\"\n[[step]]\nuse = \"dedup.exact\"\n\
                      [[step]]\nuse = \"dedup.minhash\"\n[[step]]\nuse = \"dedup.lines\"\nkeep_first = 2\n";
        std::fs::write(folder.path().join("r.toml"), recipe).unwrap();
        for threads in ["1", "2"] {
            let root = format!("run.root=runs{threads}");
            tokenmill_in(folder.path(), &["run", "r.toml", "--threads", threads, "--set", &root]).ok();
            let run = format!("runs{threads}/r");
            tokenmill_in(folder.path(), &["audit", &run]).ok();
            all.push(kept(tokenmill_in(folder.path(), &["inspect", "head", &run, "-n", "10000"])));
            assert!(all.last().unwrap().iter().any(|kept| kept.starts_with("s")), "a story is kept");
        }
    }
    let of_stories = all[0].iter().filter(|kept| kept.starts_with('s')).count();
    assert!((40..120).contains(&of_stories), "{of_stories} of 400 tellings of 40 stories are kept");
    assert!((100..2_900).contains(&all[0].len()), "{} kept", all[0].len());
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
}

/// The ids of all documents that a run has kept, each with the start of its text.
fn kept(head: Ran) -> BTreeSet<String> {
    let said = head.ok();
    let row = |row: &str| {
        let field = |name: &str| row.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        Some(format!("{} {}", field("record_id: ")?, field("text: ")?))
    };
    said.split("\n\n").filter_map(row).collect()
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
    let plan = std::fs::read_to_string(sandbox.run_folder().join("plan.json")).unwrap();
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let phases = plan["phases"].as_array().unwrap();
    // The phase behind the settling of texts and of near duplicates; the one behind that of lines is the last.
    let maps: Vec<usize> = (1..).zip(phases).filter(|(_, phase)| phase["name"] == "map").map(|(n, _)| n).collect();
    let phase = maps[maps.len() - 2].to_string();
    let arguments = ["inspect", "head", "runs/mini", "--table", "ledger", "-n", "1000", "--phase", &phase];
    let removed = sandbox.tokenmill(&arguments).ok();
    let row = removed.split("\n\n").find(|row| row.contains("reason: duplicate_text")).unwrap();
    let field = |name: &str| row.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    let why = sandbox.tokenmill(&["inspect", "why", "runs/mini", &field("id: ")]).ok();
    assert!(why.contains("removed by dedup.exact because duplicate_text"), "{why}");
    assert!(why.contains(&format!("evidence: {}", field("evidence: "))), "{why}");
    let twin = sandbox.tokenmill(&["inspect", "why", "runs/mini", &field("evidence: ")]).ok();
    assert!(!twin.contains("removed by"), "{twin}");
}

#[test]
fn near_duplicates_go_for_one_that_stays_and_say_how_similar_they_are() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("in.jsonl"), stories(200).concat()).unwrap();
    let said = tokenmill_in(folder.path(), &["apply", "--use", "dedup.minhash", "-o", "-", "in.jsonl"]).ok();
    let lines: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let is_kept = |id: &serde_json::Value| lines.iter().any(|line| line["id"] == *id && line["kept"] == true);
    let removed: Vec<_> = lines.iter().filter(|line| line["kept"] == false).collect();
    assert!((120..=160).contains(&removed.len()), "{} removed", removed.len());
    for line in removed {
        assert_eq!((&line["reason"], &line["metric"]), (&"near_duplicate".into(), &"similarity".into()));
        let (value, limit) = (line["value"].as_f64().unwrap(), line["limit"].as_f64().unwrap());
        assert!(value >= limit && (0.79..0.81).contains(&limit), "{line}");
        assert!(is_kept(&line["evidence"]), "{line}");
    }
}

#[test]
fn lines_that_many_documents_have_are_cut_and_emptied_documents_go() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = stories(30).concat();
    lines += &line("empty", "http://e.example/", "2024-01-01", "Menu of page 7\\nLINE 3");
    std::fs::write(folder.path().join("in.jsonl"), lines).unwrap();
    let arguments = ["apply", "--use", "dedup.lines", "--set", "max_copies=5", "-o", "-", "in.jsonl"];
    let said = tokenmill_in(folder.path(), &arguments).ok();
    let lines: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[30]["id"], &lines[30]["reason"]), (&"empty".into(), &"emptied".into()));
    // Digits count as one, so all menus are one line, and so are all last lines.
    for line in &lines[..30] {
        let text = line["text"].as_str().unwrap();
        assert!(line["kept"] == true && text.starts_with('w') && !text.contains('\n'), "{line}");
    }
}

#[test]
fn clusters_are_shown_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("in.jsonl"), stories(200).concat()).unwrap();
    let recipe = "[run]\nname = \"r\"\nremoved = 1.0\n[source]\nkind = \"jsonl\"\npaths = [\"in.jsonl\"]\n\
                  [[step]]\nuse = \"dedup.minhash\"\nkeep = \"smallest_id\"\n";
    std::fs::write(folder.path().join("r.toml"), recipe).unwrap();
    let plan = tokenmill_in(folder.path(), &["plan", "r.toml"]).ok();
    assert!(plan.contains("14 keys of 8 minima over shingles of 5 words"), "{plan}");
    assert!(plan.contains("compared    0.053 0.211 0.565 0.772 0.924 0.988"), "{plan}");
    tokenmill_in(folder.path(), &["run", "r.toml"]).ok();
    let said = tokenmill_in(folder.path(), &["inspect", "clusters", "runs/r", "-n", "2"]).ok();
    assert_eq!(said.matches("cluster of 5 documents by `dedup.minhash`").count(), 2, "{said}");
    assert_eq!(said.matches("similarity 0.").count(), 8, "{said}");
    assert!(said.contains("kept by `keep = \"smallest_id\"`"), "{said}");
    assert!(said.contains(" equal line") && said.contains(" | "), "{said}");
    let removed = said.lines().find_map(|line| line.trim().strip_prefix("removed  ")).unwrap();
    let id = removed.split_whitespace().next().unwrap();
    let one = tokenmill_in(folder.path(), &["inspect", "clusters", "runs/r", id]).ok();
    assert!(one.contains(id) && one.matches("cluster of").count() == 1, "{one}");
    tokenmill_in(folder.path(), &["inspect", "clusters", "runs/r", "http://nowhere.example/"]).code(1);
}

#[test]
fn a_step_that_removes_a_whole_source_raises_an_alarm() {
    let folder = tempfile::tempdir().unwrap();
    for source in ["a", "b"] {
        std::fs::create_dir(folder.path().join(source)).unwrap();
        std::fs::write(folder.path().join(source).join("in.jsonl"), crawl(600).concat()).unwrap();
    }
    let same: String =
        (0..600).map(|n| line(&format!("x{n}"), &format!("http://x.example/{n}"), "", "Same.")).collect();
    std::fs::write(folder.path().join("b/in.jsonl"), same).unwrap();
    let recipe = "[run]\nname = \"r\"\nalarm_documents = 500\n[source]\nkind = \"jsonl\"\npaths = [\"*/in.jsonl\"]\n\
                  [[step]]\nuse = \"dedup.exact\"\n";
    std::fs::write(folder.path().join("r.toml"), recipe).unwrap();
    let said = tokenmill_in(folder.path(), &["run", "r.toml"]).ok();
    let alarms: Vec<&str> = said.lines().filter(|line| line.starts_with("ALARM")).collect();
    assert_eq!(alarms.len(), 2, "{said}");
    assert!(
        alarms.contains(&"ALARM: `dedup.exact` removed 99.8 % of the 600 documents of the domain `x.example`"),
        "{said}"
    );
    assert!(alarms.contains(&"ALARM: `dedup.exact` removed 99.8 % of the 600 documents of the source `b`"), "{said}");
    let off = tokenmill_in(folder.path(), &["run", "r.toml", "--set", "run.alarm=off"]).ok();
    assert!(!off.contains("ALARM"), "{off}");
    tokenmill_in(folder.path(), &["inspect", "alarms", "runs/r"]).ok();
    tokenmill_in(folder.path(), &["inspect", "alarms", "runs/r", "--documents", "500"]).code(1);
}
