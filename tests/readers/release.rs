//! Releases as users load them: `datasets` and `huggingface_hub` find all documents, and the card tells the truth.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use support::{Sandbox, readers, root, said};

/// What Python finds in a release, by configuration.
fn loaded(sandbox: &Sandbox, out: &str) -> BTreeMap<String, Value> {
    let mut python = readers();
    python.env("HF_HUB_OFFLINE", "1").env("HF_DATASETS_OFFLINE", "1").env("HF_HOME", sandbox.path().join("hub"));
    let (found, _) = said(python.arg(root().join("tests/readers/release.py")).arg(sandbox.path().join(out)));
    let lines = found.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| (line["config"].as_str().unwrap().to_owned(), line)).collect()
}

fn manifest(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("release.json")).unwrap()).unwrap()
}

/// The mini crawl with languages: what the model of languages would say is not needed for this.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let text = |at: usize| format!("Document {at} says \"no\", and more: {}", "café au lait, ".repeat(20 + at % 50));
    let line = |at: usize| {
        let lang = ["no", "en", "", "zh-Hant"][at % 4];
        let url = format!("http://a.example/{at}?q=`](x)|");
        format!("{}\n", serde_json::json!({"id": format!("d{at}"), "url": url, "lang": lang, "text": text(at)}))
    };
    std::fs::write(sandbox.path().join("documents.jsonl"), (0..900).map(line).collect::<String>()).unwrap();
    let recipe = "[run]\nname = \"mini\"\nseed = 1\nroot = \"runs\"\n[source]\nkind = \"jsonl\"\npaths = [\"documents.jsonl\"]\n\
                  [[step]]\nuse = \"filter.length\"\n[tokens]\ntokenizer = \"gpt2=fixtures/mini.tiktoken\"\n";
    std::fs::write(sandbox.path().join("recipe.toml"), recipe).unwrap();
    sandbox.run(&[]);
    sandbox
}

#[test]
fn a_release_loads_as_the_card_says() {
    let sandbox = sandbox();
    let mut all: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for format in ["parquet", "jsonl", "jsonl.zst"] {
        let columns = ["--columns", "filter.length.n_chars", "--name", "Docs: \"no\" #1", "--size", "24KiB"];
        sandbox.tokenmill(&[&["release", "runs/mini", "-o", format, "--format", format], &columns[..]].concat()).ok();
        let found = loaded(&sandbox, format);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["en", "no", "und", "zh-Hant"]);
        let manifest = manifest(&sandbox.path().join(format));
        for (config, line) in &found {
            let files = manifest["files"].as_array().unwrap().iter().filter(|file| file["config"] == **config);
            let (n_files, n) =
                files.fold((0, 0), |(files, n), file| (files + 1, n + file["n_documents"].as_u64().unwrap()));
            let rows = line["rows"].as_array().unwrap();
            assert_eq!((line["n_files"].as_u64(), rows.len() as u64), (Some(n_files), n), "{format} {config}");
            assert_eq!(line["language"], serde_json::json!(["en", "no", "zh"]));
            assert_eq!(
                (&line["pretty_name"], &line["size"][0]),
                (&Value::from("Docs: \"no\" #1"), &Value::from("n<1K"))
            );
            let [said, is] = ["num_bytes", "nbytes"].map(|key| line[key].as_f64().unwrap());
            assert!((said / is - 1.0).abs() < 0.05, "{format} {config}: {said} bytes in the card, {is} in memory");
            all.entry(format).or_default().extend(rows.iter().cloned());
        }
        assert!(
            found["en"]["columns"].as_array().unwrap().ends_with(&["n_tokens".into(), "filter_length_n_chars".into()])
        );
    }
    assert!(all["parquet"].len() > 500);
    assert!(all.values().all(|rows| *rows == all["parquet"]), "all formats hold the same");
    let row = &all["parquet"][0];
    let (at, text) = (row[1].as_str().unwrap(), row[3].as_str().unwrap());
    assert!(at.ends_with("?q=`](x)|") && text.contains("says \"no\"") && text.contains("café"), "{row}");
}
