//! Index first: what an index wants is read, nothing else, and gives the documents of a full read.

mod mirror;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use mirror::{Capture, Mirror, Server, WARC, capture};
use support::{digests, tokenmill, tokenmill_in};
use tokenmill_core::DocId;
use tokenmill_store::source::IndexRow;
use tokenmill_store::testing::cc_index::write;

pub use mirror::{Mirror as CrawlMirror, TABLE};

/// Reads all files of the mirror, by a list of them.
const FULL: &str = "kind = \"warc\"\npaths = [\"mirror/warc.paths\"]\nbase = \"mirror\"";

/// The id of a row of the index, which is that of the document if it has a WARC-Record-ID.
fn id_of(row: &IndexRow) -> DocId {
    match row.record_id.as_str() {
        "" => DocId::from_position(&row.file, row.offset.unwrap() as u64),
        id => DocId::from_record_id(id),
    }
}

/// Documents of a full read that some rows of the index lead to.
fn chosen(
    full: &BTreeMap<Capture, String>,
    is_wanted: impl Fn(&IndexRow) -> bool,
    mirror: &Mirror,
) -> BTreeMap<Capture, String> {
    let wanted: BTreeSet<Capture> = mirror.rows.iter().filter(|row| is_wanted(row)).map(capture).collect();
    full.iter().filter(|(of, _)| wanted.contains(*of)).map(|(of, shown)| (of.clone(), shown.clone())).collect()
}

/// Fails with the captures about which two runs disagree.
pub fn same(found: &BTreeMap<Capture, String>, expected: &BTreeMap<Capture, String>) {
    let all = found.keys().chain(expected.keys()).collect::<BTreeSet<_>>();
    let odd: Vec<_> = all.into_iter().filter(|of| found.get(*of) != expected.get(*of)).collect();
    assert!(odd.is_empty(), "{} found, {} expected, these differ: {odd:?}", found.len(), expected.len());
}

#[test]
fn without_a_filter_the_documents_are_those_of_the_full_read() {
    let mirror = Mirror::new();
    mirror.recipe("full", FULL);
    mirror.run("full", &[]);
    // A full read refuses what is no page by itself.
    mirror.index_recipe("indexed", "mirror", "mime = []");
    let said = mirror.run("indexed", &[]);
    let full = mirror.documents("full");
    assert!(full.len() > 250, "{} documents", full.len());
    same(&mirror.documents("indexed"), &full);
    for reason in ["index_status", "gzip_checksum_mismatch"] {
        assert!(said.contains(reason), "nothing was removed because {reason}:\n{said}");
    }
}

#[test]
fn filters_choose_before_anything_is_fetched() {
    let mirror = Mirror::new();
    mirror.recipe("full", FULL);
    mirror.run("full", &[]);
    let table = "languages = [\"deu\", \"fra\"]\ntruncated = \"drop\"";
    mirror.index_recipe("indexed", "mirror", table);
    mirror.run("indexed", &[]);
    let is_wanted = |row: &IndexRow| {
        let is_page = ["text/html", "application/xhtml+xml"].contains(&row.mime.as_str());
        let is_language = ["deu,eng", "fra"].contains(&row.languages.as_str());
        row.status == Some(200) && is_page && is_language && row.truncated.is_empty()
    };
    let expected = chosen(&mirror.documents("full"), is_wanted, &mirror);
    assert!(expected.len() > 20, "{} documents", expected.len());
    same(&mirror.documents("indexed"), &expected);
    // Every row of the index has a row in a ledger, with its reason.
    let funnel = mirror.ok(&["inspect", "funnel", "runs/indexed"]);
    for reason in ["index_language", "index_mime", "index_status", "index_truncated"] {
        assert_eq!(funnel.contains(reason), reason != "index_truncated", "{reason}:\n{funnel}");
    }
    let english = mirror.rows.iter().find(|row| row.languages == "eng" && row.status == Some(200)).unwrap();
    let why = mirror.ok(&["inspect", "why", "runs/indexed", &english.url]);
    assert!(why.contains("removed by index because index_language") && why.contains("evidence: eng"), "{why}");
    assert!(why.contains("index.languages = eng") && why.contains(&format!("index.file = {WARC}/part-")), "{why}");
    let german = mirror.rows.iter().find(|row| is_wanted(row) && expected.contains_key(&capture(row))).unwrap();
    let why = mirror.ok(&["inspect", "why", "runs/indexed", &id_of(german).to_string()]);
    assert_eq!(why.matches("kept, ").count(), 2, "once in the index, once as a document:\n{why}");
}

#[test]
fn cut_off_captures_are_kept_or_dropped() {
    let mirror = Mirror::new();
    for (name, truncated) in [("kept", "keep"), ("dropped", "drop")] {
        mirror.index_recipe(name, "mirror", &format!("truncated = \"{truncated}\""));
        mirror.run(name, &[]);
    }
    let (kept, dropped) = (mirror.documents("kept"), mirror.documents("dropped"));
    let is_cut = |row: &IndexRow| !row.truncated.is_empty();
    let n_cut = chosen(&kept, is_cut, &mirror).len();
    assert!(n_cut > 0 && chosen(&dropped, is_cut, &mirror).is_empty());
    assert_eq!(kept.len(), dropped.len() + n_cut);
    assert!(mirror.ok(&["inspect", "funnel", "runs/dropped"]).contains("index_truncated"));
}

#[test]
fn only_the_wanted_bytes_are_fetched() {
    let mirror = Mirror::new();
    let server = Server::start(&mirror.path().join("mirror"));
    for (name, gap) in [("exact", "0B"), ("near", "4KiB")] {
        let before = server.asked().len();
        mirror.index_recipe(name, &server.base, &format!("languages = [\"deu\"]\ngap = \"{gap}\""));
        mirror.run(name, &["--threads", "2"]);
        let asked = server.asked().split_off(before);
        let wanted: Vec<&IndexRow> = mirror
            .rows
            .iter()
            .filter(|row| row.languages.starts_with("deu") && row.status == Some(200) && row.mime == "text/html")
            .collect();
        let wanted_bytes: u64 = wanted.iter().map(|row| row.length.unwrap() as u64).sum();
        let files: BTreeSet<&str> = wanted.iter().map(|row| row.file.as_str()).collect();
        let file_bytes: u64 =
            files.iter().map(|name| std::fs::metadata(mirror.path().join("mirror").join(name)).unwrap().len()).sum();
        let fetched: u64 = asked.iter().map(|(_, range)| range.end - range.start).sum();
        assert!(asked.iter().all(|(name, _)| files.contains(name.as_str())), "another file was read: {asked:?}");
        assert!(wanted.len() > 10 && wanted_bytes * 10 < file_bytes, "{wanted_bytes} of {file_bytes}");
        if gap == "0B" {
            assert_eq!(fetched, wanted_bytes, "{asked:?}");
        } else {
            let limit = wanted_bytes + 4096 * wanted.len() as u64;
            assert!((wanted_bytes..limit).contains(&fetched), "{fetched} bytes for {wanted_bytes}");
            assert!(asked.len() <= wanted.len());
        }
        // What the commits say was asked: the ranges, and 48 bytes of the run's own list for every record.
        let map = mirror.manifest(name, "map");
        let counted: u64 = map.parts.iter().map(|part| part.requests.bytes_read).sum();
        assert_eq!(counted, fetched + 48 * wanted.len() as u64);
        let lists = map.parts.len() as u64;
        let gets: u64 = map.parts.iter().map(|part| part.requests.get).sum();
        assert_eq!(gets, asked.len() as u64 + lists);
        assert_eq!(mirror.documents(name).len() as u64, map.parts.iter().map(|p| p.objects["docs"].rows).sum::<u64>());
    }
    same(&mirror.documents("exact"), &mirror.documents("near"));
}

#[test]
fn of_the_captures_of_a_url_the_newest_stays() {
    let mirror = Mirror::new();
    mirror.recipe("full", FULL);
    mirror.run("full", &[]);
    mirror.index_recipe("unique", "mirror", "mime = []\nunique = \"url\"");
    mirror.run("unique", &[]);
    // The rule, in the simplest way.
    let mut newest: BTreeMap<&str, &IndexRow> = BTreeMap::new();
    for row in mirror.rows.iter().filter(|row| row.status == Some(200)) {
        let best = newest.entry(&row.url).or_insert(row);
        if (row.time, Reverse(id_of(row))) > (best.time, Reverse(id_of(best))) {
            *best = row;
        }
    }
    let expected =
        chosen(&mirror.documents("full"), |row| newest.get(row.url.as_str()).is_some_and(|n| *n == row), &mirror);
    let n_full = mirror.documents("full").len();
    assert!(expected.len() + 5 < n_full, "{} of {n_full}", expected.len());
    same(&mirror.documents("unique"), &expected);
    // The one that goes names the one that stays.
    let older = mirror.rows.iter().find(|row| row.status == Some(200) && newest[row.url.as_str()] != *row).unwrap();
    let why = mirror.ok(&["inspect", "why", "runs/unique", &id_of(older).to_string()]);
    assert!(why.contains("removed by unique because index_older_capture"), "{why}");
    assert!(why.contains(&format!("evidence: {}", id_of(newest[older.url.as_str()]))), "{why}");
    assert!(why.contains("unique.place = 2"), "{why}");
    // By the canonical form, which here does not tell the schemes apart, at most as many stay.
    mirror.index_recipe("surt", "mirror", "mime = []\nunique = \"surt\"");
    mirror.run("surt", &[]);
    assert!(mirror.documents("surt").len() <= expected.len());
}

/// Objects and commits of a run.
fn made(mirror: &Mirror, root: &str, name: &str) -> BTreeMap<String, String> {
    let mut made = digests(&mirror.path().join(root).join(name));
    made.retain(|path, _| path.contains('/') && !path.split('/').any(|part| part.starts_with('.')));
    made
}

#[test]
fn threads_and_the_order_of_tasks_change_nothing() {
    let mirror = Mirror::new();
    // With a scan: the picked records are read twice.
    mirror.index_recipe("indexed", "mirror", "unique = \"url\"");
    let recipe = mirror.path().join("indexed.toml");
    let text = std::fs::read_to_string(&recipe).unwrap();
    std::fs::write(
        &recipe,
        text.replace("[[step]]\nuse = \"extract", "[[step]]\nuse = \"dedup.url\"\n\n[[step]]\nuse = \"extract"),
    )
    .unwrap();
    for (root, threads) in [("one", "1"), ("eight", "8")] {
        mirror.ok(&["run", "indexed.toml", "--set", &format!("run.root={root}"), "--threads", threads]);
        mirror.ok(&["audit", &format!("{root}/indexed")]);
    }
    let mut n_tasks: usize =
        mirror.ok(&["task", "--begin", "indexed.toml", "--set", "run.root=single"]).trim().parse().unwrap();
    for phase in 0.. {
        if n_tasks == 0 {
            break;
        }
        let phase = phase.to_string();
        for index in (0..n_tasks).rev().chain([0]) {
            mirror.ok(&["task", "--plan", "single/indexed", "--phase", &phase, "--index", &index.to_string()]);
        }
        n_tasks =
            mirror.ok(&["task", "--plan", "single/indexed", "--phase", &phase, "--finish"]).trim().parse().unwrap_or(0);
    }
    let one = made(&mirror, "one", "indexed");
    assert!(one.len() > 20);
    for phase in ["p1-index-", "p2-unique-", "p3-locate-", "p4-scan-"] {
        assert!(one.keys().any(|path| path.starts_with(phase)), "{phase}");
    }
    assert_eq!(one, made(&mirror, "eight", "indexed"));
    assert_eq!(one, made(&mirror, "single", "indexed"));
    let again = mirror.ok(&["run", "indexed.toml", "--set", "run.root=one"]);
    assert!(again.contains("0 of "), "{again}");
    // The recipe with every default written out is the same recipe.
    let plan = |recipe: &str| {
        let said = mirror.ok(&["plan", recipe]);
        said.lines().filter(|line| line.contains("fingerprint")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(plan("indexed.toml"), plan("one/indexed/config.resolved.toml"));
}

#[test]
fn rows_that_lead_nowhere_are_told_in_the_ledger() {
    let mirror = Mirror::new();
    mirror.index_recipe("sound", "mirror", "");
    mirror.run("sound", &[]);
    let sound = mirror.documents("sound");
    let mut rows = mirror.rows.clone();
    let good: Vec<usize> = (0..rows.len()).filter(|at| sound.contains_key(&capture(&rows[*at]))).collect();
    rows[good[0]].offset = Some(i64::from(i32::MAX) - 7);
    rows[good[1]].file = "../../secret.warc.gz".to_owned();
    rows[good[2]].length = Some(0);
    rows[good[3]].length = Some(1 << 30);
    rows[good[4]].offset = rows[good[4]].offset.map(|offset| offset + 11);
    rows[good[5]].length = rows[good[5]].length.map(|length| length / 2);
    let other = rows[good[7]].clone();
    (rows[good[6]].offset, rows[good[6]].length) = (other.offset, other.length);
    mirror.write_index(&rows);
    mirror.index_recipe("indexed", "mirror", "");
    mirror.run("indexed", &[]);
    for (at, reason) in [
        (0, "range_outside_file"),
        (1, "index_without_file"),
        (2, "index_without_range"),
        (3, "index_record_too_long"),
        (4, ""),
        (5, ""),
        (6, "not_as_indexed"),
    ] {
        let row = &rows[good[at]];
        let why = mirror.ok(&["inspect", "why", "runs/indexed", &row.url]);
        assert!(why.contains(&format!("removed by read because {reason}")), "{at}:\n{why}");
    }
    let lost: BTreeSet<Capture> = (0..7).map(|at| capture(&mirror.rows[good[at]])).collect();
    let expected: BTreeMap<_, _> = sound.into_iter().filter(|(of, _)| !lost.contains(of)).collect();
    same(&mirror.documents("indexed"), &expected);
}

#[test]
fn what_is_missing_is_told_before_or_when_it_is_needed() {
    let mirror = Mirror::new();
    let table = mirror.path().join("mirror").join(TABLE);
    mirror.index_recipe("indexed", "mirror", "languages = [\"eng\"]");
    write(&table.join("subset=warc/part-00000.parquet"), &mirror.rows, &["content_languages", "content_mime_detected"]);
    let ran = tokenmill_in(mirror.path(), &["run", "indexed.toml"]);
    assert!(ran.code.is_some_and(|code| code > 0), "{ran:?}");
    assert!(ran.stderr.contains("there is no column `content_languages`"), "{}", ran.stderr);
    // Nobody asks for languages, so that it need not be there.
    mirror.index_recipe("any", "mirror", "");
    mirror.run("any", &[]);
    std::fs::write(table.join("subset=warc/part-00001.parquet"), "no Parquet").unwrap();
    let ran = tokenmill_in(mirror.path(), &["run", "any.toml"]);
    assert!(ran.code.is_some_and(|code| code > 0) && ran.stderr.contains("part-00001.parquet"), "{ran:?}");
    mirror.write_index(&mirror.rows);
    std::fs::remove_file(mirror.path().join("mirror").join(WARC).join("part-00001.warc.gz")).unwrap();
    let ran = tokenmill_in(mirror.path(), &["run", "any.toml"]);
    let lost = "part-00001.warc.gz`, which does not exist\nhint: `source.base` says where the files are";
    assert!(ran.code.is_some_and(|code| code > 0) && ran.stderr.contains(lost), "{ran:?}");
    mirror.index_recipe("any", "", "");
    let ran = tokenmill_in(mirror.path(), &["run", "any.toml"]);
    assert!(ran.stderr.contains("`source.base` does not say below what"), "{ran:?}");
    mirror.index_recipe("any", "mirror", "subsets = [\"crawldiagnostics\"]");
    let ran = tokenmill_in(mirror.path(), &["run", "any.toml"]);
    assert!(ran.stderr.contains("no index file is in one of the partitions `subset=crawldiagnostics`"), "{ran:?}");
}

#[test]
fn where_nothing_is_wanted_nothing_is_read() {
    let mirror = Mirror::new();
    mirror.index_recipe("none", "nowhere", "languages = [\"xxx\"]\nunique = \"url\"");
    let said = mirror.run("none", &[]);
    assert!(said.contains("index_language"), "{said}");
    assert!(mirror.documents("none").is_empty() && mirror.manifest("none", "map").parts.is_empty());
}

#[test]
fn a_limit_is_kept_for_every_crawl_file() {
    let mirror = Mirror::new();
    mirror.index_recipe("indexed", "mirror", "");
    mirror.run("indexed", &["--set", "run.limit=3"]);
    let map = mirror.manifest("indexed", "map");
    let n_in: Vec<u64> = map.parts.iter().map(|part| part.tally["n_in"].as_u64().unwrap()).collect();
    assert!(n_in.len() == 5 && n_in.iter().all(|n| *n == 3), "{n_in:?}");
}

#[test]
fn mistakes_in_the_table_are_told_with_their_place() {
    let mirror = Mirror::new();
    for (table, expected) in [
        ("languages = [\"de\"]", "`de` is no ISO 639-3 code"),
        ("unique = \"host\"", "`source.index.unique` is one of `off`, `url`, `surt`, not `host`"),
        ("truncated = \"no\"", "`source.index.truncated` is one of `keep`, `drop`, not `no`"),
        ("status = [\"ok\"]", "`source.index.status` must be a list of HTTP statuses"),
        ("gap = \"much\"", "`source.index.gap` must be a size such as `64KiB`, or `0B`"),
        ("langages = [\"eng\"]", "unknown key `langages` in `source.index`"),
    ] {
        mirror.index_recipe("wrong", "mirror", table);
        let ran = tokenmill_in(mirror.path(), &["check", "wrong.toml"]).code(2);
        assert!(ran.stderr.contains(expected) && ran.stderr.contains("wrong.toml:"), "{}", ran.stderr);
    }
    mirror.recipe("wrong", "kind = \"warc\"\npaths = [\"x\"]\n[source.index]\nstatus = 200");
    let ran = tokenmill_in(mirror.path(), &["check", "wrong.toml"]).code(2);
    assert!(ran.stderr.contains("a source of the kind `warc` has no index"), "{}", ran.stderr);
}

#[test]
fn the_recipe_for_common_crawl_is_sound() {
    tokenmill(&["check", "configs/cc-index.toml"]).ok();
    let mirror = Mirror::new();
    let at = mirror.path().join("mirror").display().to_string();
    let sets = [format!("source.paths=[\"{at}/{TABLE}/*/*.parquet\"]"), format!("source.base={at}")];
    let plan = tokenmill(&["plan", "configs/cc-index.toml", "--set", &sets[0], "--set", &sets[1]]).ok();
    for phase in ["`index`  2 tasks", "`unique`", "`locate`", "one task per crawl file that holds wanted records"] {
        assert!(plan.contains(phase), "{phase}:\n{plan}");
    }
    assert!(plan.contains("source `cc_index`: 2 files of the index"), "{plan}");
}
