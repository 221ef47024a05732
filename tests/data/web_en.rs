//! The recipe for a real crawl over every real file of the `warc` archive: sound shards, whatever the damage.

use support::{archive, root, tokenmill};

#[test]
fn every_real_crawl_file_ends_in_audited_shards() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let crawl = archive("warc");
    let patterns =
        ["*.warc*", "*.arc*", "*.gz", "*.bad", "*.w?t"].map(|end| format!("\"{}/**/{end}\"", crawl.display()));
    let paths = format!("source.paths=[{}]", patterns.join(", "));
    let root_set = format!("run.root={}", runs.display());
    assert!(root().join("configs/web-en.toml").is_file());
    let run = ["run", "configs/web-en.toml", "--set", &paths, "--set", &root_set, "--set", "shards.tokenizer=gpt2"];
    let said = tokenmill(&run).ok();
    // Damaged members are rows of the ledger with a reason, never the end of a file.
    for reason in ["gzip_checksum_mismatch", "gzip_member_damaged", "revisit", "http_status", "not_html"] {
        assert!(said.contains(reason), "no document was removed because {reason}:\n{said}");
    }
    let run_folder = runs.join("web-en").display().to_string();
    let audited = tokenmill(&["audit", &run_folder]).ok();
    assert!(audited.contains("sound: in = kept + dropped"), "{audited}");
    assert!(tokenmill(&run).ok().contains("\n0 of "), "a second run did something");
}
