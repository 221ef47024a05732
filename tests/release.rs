//! `tokenmill release`: every document once, in files of about equal size, with a card that tells the truth about them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use support::{Sandbox, digests};
use tokenmill_core::schema::Type;
use tokenmill_store::source::DocsReader;
use tokenmill_store::table::{Batches, Columns, Field};
use tokenmill_store::{LocalStore, Store};

/// What pages and sources can write where a card shows it.
const HOSTILE: &str = "`](https://evil.example) | <img src=x onerror=alert(1)> **bold** \u{202e}www.evil.example";

/// Documents of JSON lines in some languages, in the files `a.jsonl`, `b.jsonl`, … of so many lines each.
fn loose(sandbox: &Sandbox, n_documents: usize, in_file: usize) {
    let folder = sandbox.path().join("crawl");
    std::fs::create_dir_all(&folder).unwrap();
    let mut random = 1u64;
    for (file, first) in (0..n_documents).step_by(in_file).enumerate() {
        let mut lines = String::new();
        for at in first..n_documents.min(first + in_file) {
            let lang = ["no", "en", "", "de", "../x", "en"][at % 6];
            let words = (0..200 + at % 300).map(|_| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                format!("w{:x}", random >> 48)
            });
            let text = words.collect::<Vec<_>>().join(" ");
            let line = serde_json::json!({"id": format!("d{at}"), "url": format!("http://a.example/{at}"), "lang": lang,
                "date": "2024-08-01T00:00:00Z", "text": text});
            lines.push_str(&format!("{line}\n"));
        }
        std::fs::write(folder.join(format!("part-{file:03}.jsonl")), lines).unwrap();
    }
    let recipe = "[run]\nname = \"mini\"\nseed = 1\nroot = \"runs\"\n[source]\nkind = \"jsonl\"\npaths = [\"crawl/*.jsonl\"]\n\
                  [[step]]\nuse = \"filter.length\"\nmin_chars = 1300\n";
    std::fs::write(sandbox.path().join("recipe.toml"), recipe).unwrap();
    sandbox.run(&[]);
}

/// A run on the mini crawl, and on a page that says strange things of itself.
fn strange() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.copy_inputs(&["part-00002.warc.gz", "part-00003.warc"]);
    let attribute = HOSTILE.replace('&', "&amp;").replace('"', "&quot;");
    let mut random = 7u64;
    let mut word = || -> String {
        let letters = (0..3).map(|_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let [consonant, vowel] = [random >> 40, random >> 50].map(|bits| bits as usize);
            [b"bdfglmnprstv"[consonant % 12] as char, b"aeiou"[vowel % 5] as char]
        });
        letters.flatten().collect()
    };
    // Long enough to stay, and too short to.
    let records = [120, 12].map(|n_sentences| {
        let sentences = (0..n_sentences / 6).map(|_| format!("The {} has {} its {} over {}. ", word(), word(), word(), word()));
        let text: String = sentences.collect();
        let page = format!(
            "<html><head><title>T</title><meta name=\"dcterms.license\" content=\"{attribute}\"></head><body><article><p>{text}\
             </p></article></body></html>"
        );
        let (length, head) = (page.len(), "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length");
        let http = format!("{head}: {length}\r\n\r\n{page}");
        format!(
            "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-{n_sentences:012}>\r\n\
             WARC-Date: 2024-08-01T00:00:00Z\r\nWARC-Target-URI: http://strange.example/{n_sentences}\r\n\
             Content-Type: application/http; msgtype=response\r\nContent-Length: {}\r\n\r\n{http}\r\n\r\n",
            http.len()
        )
    });
    std::fs::write(sandbox.path().join("crawl/part-00009.warc"), records.concat()).unwrap();
    sandbox.edit(
        "paths = [\"fixtures/mini-crawl/part-*\"]",
        &format!("paths = [\"{}/crawl/part-*\"]", sandbox.path().display()),
    );
    sandbox.run(&[]);
    sandbox
}

/// Releases the run of a sandbox to `out`, with further arguments.
fn release(sandbox: &Sandbox, out: &str, arguments: &[&str]) -> PathBuf {
    sandbox.tokenmill(&[&["release", "runs/mini", "-o", out], arguments].concat()).ok();
    sandbox.path().join(out)
}

fn manifest(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("release.json")).unwrap()).unwrap()
}

/// The documents that the run has kept, by id: text, address, language.
fn kept(sandbox: &Sandbox) -> BTreeMap<String, [String; 3]> {
    let store = LocalStore::open(sandbox.run_folder()).unwrap();
    let record: Value = serde_json::from_slice(&store.read("plan.json").unwrap()).unwrap();
    let mut maps = record["phases"].as_array().unwrap().iter().filter(|phase| phase["name"] == "map");
    let last = maps.next_back().unwrap()["manifest"].as_str().unwrap().to_owned();
    let manifest: Value = serde_json::from_slice(&store.read(&last).unwrap()).unwrap();
    let (mut document, mut source, mut kept) = (Default::default(), String::new(), BTreeMap::new());
    for part in manifest["parts"].as_array().unwrap() {
        let mut docs = DocsReader::open(&store, part["objects"]["docs"]["key"].as_str().unwrap()).unwrap();
        while docs.next(&mut document, &mut source).unwrap() {
            let tokenmill_core::Document { id, text, url, lang, .. } = &document;
            let known = kept.insert(id.to_string(), [text.clone(), url.clone(), lang.clone()]);
            assert!(known.is_none(), "the run has kept {id} twice");
        }
    }
    kept
}

/// The columns of a release of the mini recipe.
fn fields() -> Vec<Field> {
    let labels = ["date", "language", "kind", "license", "source"];
    let names = ["id", "url", "date", "language", "kind", "title", "text", "license", "source", "n_tokens"];
    let kind = |name: &str| match name {
        "n_tokens" => Type::U32,
        name if labels.contains(&name) => Type::Label,
        _ => Type::Text,
    };
    names.iter().map(|name| Field { name: (*name).to_owned(), kind: kind(name), nullable: false }).collect()
}

/// The data files of a release, in order.
fn files(folder: &Path) -> Vec<String> {
    let manifest = manifest(folder);
    manifest["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap().to_owned()).collect()
}

/// The lines of a file of JSON lines.
fn lines(path: &Path) -> Vec<Value> {
    let bytes = std::fs::read(path).unwrap();
    let bytes =
        if path.extension().is_some_and(|end| end == "zst") { zstd::decode_all(&bytes[..]).unwrap() } else { bytes };
    String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_document_of_the_run_is_there_once() {
    let sandbox = Sandbox::new();
    sandbox.run(&[]);
    let folder = release(&sandbox, "out", &["--size", "64KiB", "--by", "none"]);
    let expected = kept(&sandbox);
    let store = LocalStore::open(&folder).unwrap();
    let mut found = BTreeMap::new();
    let names = files(&folder);
    assert!(names.len() > 1, "{names:?}");
    for (at, name) in names.iter().enumerate() {
        assert_eq!(*name, format!("data/default/train-{at:05}-of-{:05}.parquet", names.len()));
        for batch in Batches::public(store.open(name).unwrap(), name, &fields(), &[]).unwrap() {
            let batch = batch.unwrap();
            let columns = Columns(&batch);
            let tokens = columns.u32("n_tokens").unwrap();
            for (row, n_tokens) in tokens.iter().enumerate() {
                let cell = |name: &str| columns.text(name).unwrap().value(row).to_owned();
                assert!(*n_tokens > 0 && (*n_tokens as usize) < cell("text").len());
                assert!(cell("source").starts_with("part-"), "{}", cell("source"));
                let known = found.insert(cell("id"), [cell("text"), cell("url"), cell("language")]);
                assert!(known.is_none(), "{} is there twice", cell("id"));
            }
        }
    }
    assert!(expected.len() > 50 && found == expected, "{} kept, {} released", expected.len(), found.len());
    // The manifest says so, too, and has the digests that everybody can compute.
    let manifest = manifest(&folder);
    assert_eq!(manifest["run"]["n_documents"], expected.len());
    assert_eq!(manifest["run"]["ids"], manifest["files_hold"]["ids"]);
    let digests = digests(&folder);
    let listed: BTreeMap<String, String> = ["files", "others"]
        .iter()
        .flat_map(|key| manifest[*key].as_array().unwrap())
        .map(|file| (file["name"].as_str().unwrap().to_owned(), file["sha256"].as_str().unwrap().to_owned()))
        .collect();
    for (name, sha256) in &listed {
        assert_eq!(digests.get(name), Some(sha256), "{name}");
    }
    let others: BTreeSet<_> = digests.keys().filter(|name| !listed.contains_key(*name)).map(String::as_str).collect();
    assert_eq!(others, BTreeSet::from(["release.json"]), "nothing else is left there");
}

#[test]
fn files_have_about_the_size_that_was_asked_for_and_parts_do_not_matter() {
    let (one, many) = (Sandbox::new(), Sandbox::new());
    loose(&one, 1_500, 1_500);
    loose(&many, 1_500, 70);
    let size = 64 << 10;
    for format in ["parquet", "jsonl.zst", "jsonl"] {
        let arguments = ["--size", "64KiB", "--format", format];
        let folder = release(&one, format, &arguments);
        let manifest = manifest(&folder);
        let mut of_config = BTreeMap::<String, Vec<u64>>::new();
        for file in manifest["files"].as_array().unwrap() {
            let config = file["config"].as_str().unwrap().to_owned();
            of_config.entry(config).or_default().push(file["bytes"].as_u64().unwrap());
        }
        assert_eq!(of_config.keys().collect::<Vec<_>>(), ["de", "en", "no", "und"]);
        for (config, sizes) in of_config {
            assert!(sizes.len() > 2, "{format} {config}: {sizes:?}");
            assert!(sizes.iter().all(|bytes| (size / 2..size * 5 / 4).contains(bytes)), "{format} {config}: {sizes:?}");
        }
        // Only the name of the source may differ.
        let other = release(&many, format, &arguments);
        assert_eq!(files(&folder), files(&other));
        let sums = |folder: &Path| -> Vec<Value> {
            let files = self::manifest(folder)["files"].as_array().unwrap().clone();
            files
                .into_iter()
                .map(|file| serde_json::json!([file["n_documents"], file["ids"], file["content"]]))
                .collect()
        };
        assert_eq!(sums(&folder), sums(&other));
        if format != "parquet" {
            let ids = |folder: &Path| -> Vec<Vec<Value>> {
                let of_file = |name: &String| lines(&folder.join(name)).iter().map(|line| line["id"].clone()).collect();
                files(folder).iter().map(of_file).collect()
            };
            assert_eq!(ids(&folder), ids(&other));
            assert!(lines(&folder.join(&files(&folder)[0])).iter().all(|line| line["language"] == "de"));
        }
    }
}

#[test]
fn threads_and_memory_change_no_byte() {
    let sandbox = Sandbox::new();
    loose(&sandbox, 1_000, 90);
    for format in ["parquet", "jsonl.zst"] {
        let arguments =
            |threads, memory| ["--size", "64KiB", "--format", format, "--threads", threads, "--memory", memory];
        let one = release(&sandbox, &format!("{format}-1"), &arguments("1", "4GiB"));
        let eight = release(&sandbox, &format!("{format}-8"), &arguments("8", "1MiB"));
        assert_eq!(digests(&one), digests(&eight), "{format}");
    }
}

#[test]
fn a_release_that_dies_is_gone_on_with() {
    let sandbox = Sandbox::new();
    loose(&sandbox, 600, 90);
    let arguments = ["--size", "48KiB", "--threads", "2"];
    let expected = digests(&release(&sandbox, "undisturbed", &arguments));
    let mut n_deaths = 0;
    for point in ["object.before_rename", "object.after_rename", "commit.before_link", "commit.after_link"] {
        for pass in [1, 2, 7] {
            let out = format!("{point}-{pass}");
            let mut command = sandbox.command(&[&["release", "runs/mini", "-o", &out], &arguments[..]].concat());
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let status = command.env("TOKENMILL_FAILPOINT", format!("{point}:{pass}")).status().unwrap();
            assert_eq!(status.code(), None, "no release passes `{point}` {pass} times");
            n_deaths += 1;
            assert!(!sandbox.path().join(&out).join("release.json").exists());
            let said = sandbox.tokenmill(&[&["release", "runs/mini", "-o", &out], &arguments[..]].concat()).ok();
            if pass == 7 && point.starts_with("object") {
                assert!(!said.contains("; 0 of them stood"), "what was complete is not made again: {said}");
            }
            assert_eq!(digests(&sandbox.path().join(&out)), expected, "after a death at `{point}`");
        }
    }
    assert_eq!(n_deaths, 12);
}

#[test]
fn what_is_damaged_is_made_again_and_what_people_have_written_stays() {
    let sandbox = Sandbox::new();
    loose(&sandbox, 300, 90);
    let folder = release(&sandbox, "out", &["--size", "48KiB"]);
    let expected = digests(&folder);
    let names = files(&folder);
    std::fs::remove_file(folder.join(&names[0])).unwrap();
    let mut bytes = std::fs::read(folder.join(&names[1])).unwrap();
    bytes[100] ^= 1;
    std::fs::write(folder.join(&names[1]), bytes).unwrap();
    let said = sandbox.tokenmill(&["release", "runs/mini", "-o", "out", "--size", "48KiB"]).ok();
    assert!(said.contains(&format!("{} of them stood there", names.len() - 2)), "{said}");
    assert_eq!(digests(&folder), expected);
    // An edited card stays; one whose text follows from other flags is made anew.
    release(&sandbox, "out", &["--size", "48KiB", "--contact", "jo@a.example"]);
    let card = std::fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(card.contains("write to jo@a.example"));
    std::fs::write(folder.join("README.md"), format!("{card}\nMine.\n")).unwrap();
    let said = sandbox.tokenmill(&["release", "runs/mini", "-o", "out", "--size", "48KiB"]).ok();
    assert!(said.contains("README.md was edited by hand"), "{said}");
    assert!(std::fs::read_to_string(folder.join("README.md")).unwrap().ends_with("\nMine.\n"));
    let listed = manifest(&folder)["others"][0]["sha256"].as_str().unwrap().to_owned();
    assert_eq!(digests(&folder)["README.md"], listed);
}

#[test]
fn anything_else_in_the_folder_is_refused_and_left_alone() {
    let sandbox = Sandbox::new();
    loose(&sandbox, 60, 60);
    let refused = |out: &str, arguments: &[&str]| {
        let ran = sandbox.tokenmill(&[&["release", "runs/mini", "-o", out], arguments].concat()).code(2);
        assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
        ran.stderr
    };
    let mine = sandbox.path().join("mine");
    std::fs::create_dir(&mine).unwrap();
    std::fs::write(mine.join("thesis.txt"), "x").unwrap();
    assert!(refused("mine", &[]).contains("is not empty"));
    assert_eq!(std::fs::read_dir(&mine).unwrap().count(), 1, "not even a folder was made");
    // A clone of an empty repository of the Hub is as good as empty.
    let clone = sandbox.path().join("clone");
    std::fs::create_dir_all(clone.join(".git")).unwrap();
    std::fs::write(clone.join(".git/HEAD"), "x").unwrap();
    std::fs::write(clone.join(".gitattributes"), "x").unwrap();
    release(&sandbox, "clone", &[]);
    // Another release, other documents, and what cannot be.
    release(&sandbox, "out", &[]);
    let before = digests(&sandbox.path().join("out"));
    assert!(refused("out", &["--size", "1MiB"]).contains("size is 536870912, not 1048576"));
    assert!(refused("out", &["--format", "jsonl"]).contains("format is"));
    assert!(refused("new", &["--format", "csv"]).contains("there is no format `csv`"));
    assert!(refused("new", &["--size", "much"]).contains("is no size"));
    assert!(refused("new", &["--columns", "filter.length.n_char"]).contains("filter.length.n_chars"));
    let twice = ["--columns", "filter.length.n_chars,filter.length.n_chars"];
    assert!(refused("new", &twice).contains("second column `filter_length_n_chars`"));
    sandbox.edit("min_chars = 1300", "min_chars = 1400");
    sandbox.run(&[]);
    assert!(refused("out", &[]).contains("documents is"));
    assert_eq!(digests(&sandbox.path().join("out")), before);
    sandbox.edit("min_chars = 1400", "min_chars = 100000");
    sandbox.run(&[]);
    assert!(refused("new", &[]).contains("has kept no document"));
    assert!(!sandbox.path().join("new").exists());
}

#[test]
fn chosen_metrics_become_columns() {
    let sandbox = Sandbox::new();
    loose(&sandbox, 60, 25);
    let folder = release(&sandbox, "out", &["--format", "jsonl", "--by", "none", "--columns", "filter.length.n_chars"]);
    let lines = lines(&folder.join("data/default/train-00000-of-00001.jsonl"));
    assert!(lines.len() > 20);
    for line in lines {
        let n_chars = line["text"].as_str().unwrap().chars().count();
        assert_eq!(line["filter_length_n_chars"].as_f64(), Some(n_chars as f64));
    }
}

#[test]
fn a_dry_run_tells_all_and_writes_nothing() {
    let sandbox = Sandbox::new();
    loose(&sandbox, 300, 90);
    let before = digests(sandbox.path());
    let said = sandbox.tokenmill(&["release", "runs/mini", "-o", "out", "--size", "48KiB", "--dry-run"]).ok();
    assert_eq!(digests(sandbox.path()), before);
    let planned: Vec<&str> = said
        .lines()
        .filter_map(|line| line.split_once("  ").filter(|_| line.starts_with("data/")))
        .map(|(name, _)| name)
        .collect();
    let folder = release(&sandbox, "out", &["--size", "48KiB"]);
    assert_eq!(planned, files(&folder));
    let (_, card) = said.split_once("\n---\n").unwrap();
    let written = std::fs::read_to_string(folder.join("README.md")).unwrap();
    // But for sizes, which nobody can know before.
    let unsized_lines = |card: &str| -> Vec<String> {
        let sizes = ["num_bytes:", "download_size:", "dataset_size:", "Files: "];
        card.lines()
            .filter(|line| !sizes.iter().any(|size| line.trim_start().starts_with(size)))
            .map(str::to_owned)
            .collect()
    };
    let written = unsized_lines(written.strip_prefix("---\n").unwrap());
    assert_eq!(unsized_lines(card.trim_end()), written);
}

#[test]
fn a_card_tells_what_was_done_and_keeps_what_pages_say_as_text() {
    let sandbox = strange();
    let folder = release(&sandbox, "out", &["--license", "odc-by", "--name", "My \"data\": <b>"]);
    let card = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let recipe = std::fs::read_to_string(folder.join("recipe.toml")).unwrap();
    let manifest = std::fs::read_to_string(folder.join("release.json")).unwrap();
    for text in [&card, &recipe, &manifest] {
        let private = sandbox.path().to_string_lossy().into_owned();
        assert!(!text.contains(&private) && !text.contains("/tmp") && !text.contains("fixtures/"), "{text}");
    }
    let documents = kept(&sandbox);
    let n = documents.len();
    for line in [
        "license: \"odc-by\"",
        "pretty_name: \"My \\\"data\\\": <b>\"",
        "- \"n<1K\"",
        "- text-generation",
        "    path: \"data/default/train-*.parquet\"",
        &format!("    num_examples: {n}"),
        "# My \"data\": &lt;b&gt;",
        "- `part-*`",
        "### `filter.gopher_quality`",
        "| `min_words` | `50.0` |",
        "| `min_stop_words` | `\"off\"` |",
        "| `shards` | `gpt2=mini.tiktoken` | not known | not known | `",
        "No step of the recipe looks for personal data",
        "[contact missing:",
    ] {
        assert!(card.lines().any(|found| found.starts_with(line)), "`{line}` is not in\n{card}");
    }
    let reasons = ["`filter.length`", "· `too_few_chars`", "· `gzip_checksum_mismatch`"];
    assert!(reasons.iter().all(|reason| card.contains(reason)), "{card}");
    // In a span of code nothing is a link; outside of all spans nothing of it may be left.
    assert!(
        card.contains(
            "| `'](https://evil.example) \\| <img src=x onerror=alert(1)> **bold** \u{fffd}www.evil.example` | 1 |"
        ),
        "{card}"
    );
    let outside: String = card.lines().flat_map(|line| line.split('`').step_by(2)).collect();
    assert!(!outside.contains("evil") && !outside.contains("<img"), "{outside}");
    // The recipe runs, given its files.
    let again = Sandbox::new();
    again.copy_inputs(&["part-00002.warc.gz", "part-00003.warc"]);
    let recipe = recipe.replace("\"part-*\"", "\"crawl/part-*\"").replace("mini.tiktoken", "fixtures/mini.tiktoken");
    std::fs::write(again.path().join("recipe.toml"), recipe).unwrap();
    again.run(&[]);
    let again = kept(&again);
    assert_eq!(again.len(), n - 1, "all but the strange page");
    assert!(again.iter().all(|(id, document)| documents.get(id) == Some(document)));
}

#[test]
fn a_card_speaks_of_duplicates_and_names_languages_with_care() {
    let sandbox = Sandbox::of("dedup.toml");
    sandbox.run(&[]);
    let folder = release(&sandbox, "out", &[]);
    let card = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let minhash = card.lines().find(|line| line.starts_with("- `dedup.minhash`: ")).unwrap();
    assert!(minhash.contains(" documents it removed "), "{minhash}");
    assert!(card.contains("| `threshold` |") || card.contains("| `bands` |"), "{card}");
    let languages = Sandbox::new();
    loose(&languages, 60, 60);
    let card = std::fs::read_to_string(release(&languages, "out", &[]).join("README.md")).unwrap();
    let front = card.split("---\n").nth(1).unwrap();
    // `no` without quotes is false, and `../x` and the empty label are no languages.
    assert!(front.contains("language:\n- \"de\"\n- \"en\"\n- \"no\"\npretty_name"), "{front}");
    assert!(
        front.contains(
            "- config_name: \"und\"\n  data_files:\n  - split: train\n    path: \"data/und/train-*.parquet\"\n"
        )
    );
    assert!(card.contains("| `../x` |") && card.contains("| not known |"), "{card}");
    assert!(card.contains("No step compares documents with each other"));
}
