//! `cargo xtask bench inspect`: how long it takes to look at a run of more than a million ledger rows.

use super::measured::{Cost, measure};
use super::report::machine;
use crate::error::{Error, Result};
use crate::repo::{self, Repo};
use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Command;

/// Files, and documents of each.
const FILES: usize = 24;
const DOCUMENTS: usize = 50_000;

/// Words of the documents.
const WORDS: [&str; 24] = [
    "the", "mill", "of", "and", "grain", "that", "water", "with", "stone", "have", "to", "be", "valley", "a", "wheel",
    "miller", "flour", "river", "in", "old", "turns", "for", "bread", "day",
];

const RECIPE: &str = r#"
[run]
name = "million"
seed = 1
removed = 0.01
root = "ROOT"

[source]
kind = "jsonl"
paths = ["ROOT/in/*.jsonl"]

[[step]]
use = "url.canonical"

[[step]]
use = "pii.redact"

[[step]]
use = "dedup.exact"

[[step]]
use = "filter.length"
min_chars = 120

[[step]]
use = "filter.gopher_quality"
min_words = 20

[[step]]
use = "filter.gopher_repetition"
"#;

/// Makes the run if it is not there, looks at it in several ways, and writes `docs/benchmarks/inspect.md`.
///
/// # Errors
/// When the run cannot be made or a verb fails.
pub fn run(repo: &Repo) -> Result<()> {
    // The build that the tests have; a released one is no slower.
    repo::run(repo.cargo(&["build", "--workspace", "--bins"]))?;
    let target = repo.target()?;
    let (program, folder) = (target.join("debug").join("tokenmill"), target.join("bench").join("inspect"));
    let run = folder.join("million");
    write_documents(&folder)?;
    let recipe = folder.join("million.toml");
    let text = RECIPE.replace("ROOT", &folder.display().to_string());
    std::fs::write(&recipe, text).map_err(|error| Error::io("write", &recipe, &error))?;
    repo::run(Command::new(&program).arg("run").arg(&recipe))?;
    let inspect = |arguments: &[&str]| -> Result<Cost> {
        let mut command = Command::new(&program);
        command.arg("inspect").arg(arguments[0]).arg(&run).args(&arguments[1..]);
        measure(repo, &command)
    };
    let report = folder.join("report.html");
    let report = report.display().to_string();
    let wanted = url(FILES / 2, DOCUMENTS / 3);
    let calls: [(&str, &[&str]); 9] = [
        ("funnel", &["funnel"]),
        ("why URL", &["why", &wanted]),
        ("report", &["report", "-o", &report]),
        ("funnel --by domain", &["funnel", "--by", "domain"]),
        ("hist METRIC", &["hist", "filter.length.n_chars"]),
        ("removed --near-limit", &["removed", "--near-limit"]),
        ("sample --by step", &["sample", "--by", "step"]),
        ("domains", &["domains"]),
        ("grep, of all texts that are stored", &["grep", "bread bread"]),
    ];
    let mut out = format!(
        "<!-- written by `cargo xtask bench inspect` -->\n# Looking at a large run\n\n{} The run has {} documents of about 300 characters \
         in {FILES} parts, and two map phases with an exchange between them; it lies on the local disk. The program is built as for \
         tests (dependencies optimised, its own code at level 1). Seconds are of the clock and of all cores, from the start of the \
         process to its end.\n\n| `tokenmill inspect …` | seconds | CPU seconds | MB of memory |\n|---|---|---|---|\n",
        machine(),
        FILES * DOCUMENTS
    );
    for (name, arguments) in calls {
        let cost = inspect(arguments)?;
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "| `{name}` | {:.2} | {:.2} | {:.0} |",
            cost.wall_seconds,
            cost.cpu_seconds,
            cost.peak_bytes / 1e6
        );
    }
    println!("{out}");
    repo.write("docs/benchmarks/inspect.md", out.as_bytes())?;
    println!("wrote docs/benchmarks/inspect.md");
    Ok(())
}

fn url(file: usize, document: usize) -> String {
    format!("https://www.site-{}.example/{file}/{document}", (file * 31 + document) % 5_000)
}

/// Documents of different lengths, some of which are equal, some of which have an address to be redacted.
fn write_documents(folder: &Path) -> Result<()> {
    let folder = folder.join("in");
    std::fs::create_dir_all(&folder).map_err(|error| Error::io("create", &folder, &error))?;
    for file in 0..FILES {
        let path = folder.join(format!("{file:03}.jsonl"));
        if path.exists() {
            continue;
        }
        let half = folder.join(format!("{file:03}.half"));
        let failed = |error: std::io::Error| Error::io("write", &half, &error);
        let mut out = BufWriter::new(std::fs::File::create(&half).map_err(failed)?);
        for document in 0..DOCUMENTS {
            let (id, url, lang) =
                (file * DOCUMENTS + document, url(file, document), ["en", "de", "fr", "pl"][document % 4]);
            let text = text(if document.is_multiple_of(10) { document % 1_000 } else { id });
            writeln!(out, r#"{{"id":"{id}","url":"{url}","lang":"{lang}","text":"{text}"}}"#).map_err(failed)?;
        }
        out.flush().map_err(failed)?;
        std::fs::rename(&half, &path).map_err(failed)?;
    }
    Ok(())
}

fn text(number: usize) -> String {
    // Knuth's multiplicative hash, again and again.
    let mut state = number as u64 + 1;
    let mut next = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let mut out = String::new();
    for _ in 0..10 + next(90) {
        out.push_str(WORDS[next(WORDS.len())]);
        out.push_str(if next(12) == 0 { ".\\n" } else { " " });
    }
    if number.is_multiple_of(50) {
        let _ = write!(out, "miller{number}@mill-{}.org", number % 7);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_differ_and_are_the_same_every_time() {
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
        assert!(text(100).contains("miller100@mill-2.org"));
    }
}
