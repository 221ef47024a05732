//! `cargo xtask bench extract`: the extractor scored and timed next to its peers, on the archive `extraction`.

use super::python;
use crate::error::{Error, Result};
use crate::repo::{self, Repo};
use crate::test::data;
use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The peers, pinned.
const PEERS: [(&str, &str); 2] = [("resiliparse", "resiliparse==2.0.1"), ("trafilatura", "trafilatura==2.3.1")];
/// What the peers need and do not name.
const BESIDES: &str = "lxml_html_clean==0.4.6";
/// Our modes, and what each is.
const MODES: [(&str, &str); 3] =
    [("learned", "tokenmill"), ("rules", "tokenmill, rules alone"), ("all", "tokenmill, whole page")];
/// The columns of the quality table: group, key of the scorer, and head.
const COLUMNS: [(&str, &str, &str); 14] = [
    ("wcxb-dev", "wP", "WCXB P"),
    ("wcxb-dev", "wR", "R"),
    ("wcxb-dev", "wF1", "F1"),
    ("wcxb-dev/article", "wF1", "article"),
    ("wcxb-dev/documentation", "wF1", "documentation"),
    ("wcxb-dev/forum", "wF1", "forum"),
    ("wcxb-dev/listing", "wF1", "listing"),
    ("wcxb-dev/collection", "wF1", "collection"),
    ("wcxb-dev/product", "wF1", "product"),
    ("wcxb-dev/service", "wF1", "service"),
    ("trafilatura-eval", "snF1", "snippets F1"),
    ("ALL", "eqR", "formulas"),
    ("ALL", "codeR", "code"),
    ("cases", "passed", "cases of 42"),
];

/// One system: its name, its figures and its scores.
struct Run {
    name: String,
    speed: Value,
    scores: Value,
}

/// Measures and writes `docs/benchmarks/extraction.md`.
pub fn run(repo: &Repo) -> Result<()> {
    let bench = Bench::prepare(repo)?;
    let mut runs = Vec::new();
    for (mode, name) in MODES {
        println!("measuring {name} …");
        runs.push(bench.measure(name, |folder, out| {
            let mut command = Command::new(&bench.program);
            command.arg(folder).arg(mode).arg(out);
            command
        })?);
    }
    for (peer, version) in PEERS {
        println!("measuring {peer} …");
        runs.push(bench.measure(&version.replace("==", " "), |folder, out| {
            let mut command = Command::new(&bench.python);
            command.arg(&bench.peers).arg(peer).arg(folder).arg(out);
            command
        })?);
    }
    let parse = super::read_json(&repo::output(Command::new(&bench.program).arg(bench.html()).arg("parse"))?)?;
    let page = page(&runs, &parse, bench.memory(repo)?);
    println!("{page}");
    repo.write("docs/benchmarks/extraction.md", page.as_bytes())?;
    println!("wrote docs/benchmarks/extraction.md");
    Ok(())
}

/// Everything that is needed to measure.
struct Bench {
    archive: PathBuf,
    tools: PathBuf,
    program: PathBuf,
    python: PathBuf,
    peers: PathBuf,
    out: PathBuf,
}

impl Bench {
    fn prepare(repo: &Repo) -> Result<Bench> {
        let target = repo.target()?;
        let build = ["build", "--release", "--package", "tokenmill", "--bins", "--example", "extract_speed"];
        repo::run(repo.cargo(&build))?;
        let versions = PEERS.map(|(_, version)| version);
        let python = python::with(repo, &[&versions[..], &[BESIDES]].concat())?;
        let bench = Bench {
            archive: data::one(repo, "extraction")?,
            tools: data::shared(repo).join("tools"),
            program: target.join("release").join("examples").join("extract_speed"),
            python,
            peers: repo.root().join("xtask/src/bench/extract_peers.py"),
            out: target.join("bench").join("extract"),
        };
        let cases = bench.out.join("cases");
        std::fs::create_dir_all(&cases).map_err(|error| Error::io("create", &cases, &error))?;
        let list = bench.archive.join("cases_math_code.jsonl");
        let text = std::fs::read_to_string(&list).map_err(|error| Error::io("read", &list, &error))?;
        for case in text.lines().map(super::read_json) {
            let case = case?;
            let file = cases.join(format!("{}.html", case["id"].as_str().unwrap_or_default()));
            std::fs::write(&file, case["html"].as_str().unwrap_or_default())
                .map_err(|error| Error::io("write", &file, &error))?;
        }
        Ok(bench)
    }

    fn html(&self) -> PathBuf {
        self.archive.join("html")
    }

    /// Runs a system on the pages and on the cases, and scores both.
    fn measure(&self, name: &str, command: impl Fn(&Path, &Path) -> Command) -> Result<Run> {
        let (texts, cases) = (self.out.join("texts.jsonl"), self.out.join("cases.jsonl"));
        let speed = super::read_json(&repo::output(&mut command(&self.html(), &texts))?)?;
        repo::output(&mut command(&self.out.join("cases"), &cases))?;
        let score = |tool: &str| {
            let mut command = Command::new(&self.python);
            command.arg(self.tools.join(tool));
            command
        };
        let mut scores = super::read_json(&repo::output(
            score("score_extraction.py").arg(&texts).arg(&self.archive).arg("--json"),
        )?)?;
        let list = self.archive.join("cases_math_code.jsonl");
        let passed = repo::output(score("check_math_code.py").arg(&cases).arg(list))?;
        let passed = passed.split("total ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("0");
        scores["cases"] = serde_json::json!({"passed": passed.parse::<f64>().unwrap_or(0.0)});
        Ok(Run { name: name.to_owned(), speed, scores })
    }

    /// Peak of resident memory, in MB, of the program on the whole archive with two threads.
    fn memory(&self, repo: &Repo) -> Result<f64> {
        let program = repo.target()?.join("release").join("tokenmill");
        let script = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); \
                      print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
        let mut command = Command::new(&self.python);
        command.args(["-c", script]).arg(program).arg("extract").arg(self.html());
        command.arg("-o").arg(self.out.join("texts.jsonl")).env("RAYON_NUM_THREADS", "2");
        let kilobytes = repo::output(&mut command)?;
        Ok(kilobytes.trim().parse::<f64>().unwrap_or(f64::NAN) * 1024.0 / 1e6)
    }
}

fn page(runs: &[Run], parse: &Value, memory: f64) -> String {
    let mut out = format!(
        "<!-- written by `cargo xtask bench extract` -->\n# Extraction\n\n{} The archive `extraction`: 1,493 real pages. Of the \
         WCXB development pages, four fifths of the domains were seen in training; [training](extractor-training.md) has the \
         figures of the others. Nothing \
         was trained on the trafilatura snippets, the formulas, the code and the cases; but the set phrases of notices and \
         credits were gathered with the snippets at hand.\n\n\
         ## Quality\n\n| system |",
        super::report::machine()
    );
    COLUMNS.iter().for_each(|(.., head)| out += &format!(" {head} |"));
    out += &format!("\n|{}\n", "---|".repeat(COLUMNS.len() + 1));
    for run in runs {
        out += &format!("| {} |", run.name);
        for (group, key, _) in COLUMNS {
            let score = run.scores[group][key].as_f64().unwrap_or(f64::NAN);
            // Writing to a String cannot fail, here and below.
            let _ = if group == "cases" { write!(out, " {score} |") } else { write!(out, " {score:.4} |") };
        }
        out.push('\n');
    }
    out += "\nWCXB: macro mean of word precision, recall and F1 of a page; by type: F1. Snippets: micro F1 of what must and must \
            not be there. Formulas: share found verbatim; code: share of the blocks found with their indentation.\n\n## Speed\n\n\
            CPU time of one thread, decoded text in, plain text out.\n\n| system | MB/s | median ms | p99 ms | slowest ms |\n\
            |---|---|---|---|---|\n";
    let number = |value: &Value, key: &str| value[key].as_f64().unwrap_or(f64::NAN);
    let parsing =
        Run { name: "html5ever into the arena: the limit".to_owned(), speed: parse.clone(), scores: Value::Null };
    for run in runs.iter().chain([&parsing]) {
        let _ = writeln!(
            out,
            "| {} | {:.1} | {:.2} | {:.1} | {:.0} |",
            run.name,
            number(&run.speed, "bytes") / 1e6 / number(&run.speed, "seconds").max(1e-9),
            number(&run.speed, "p50_ms"),
            number(&run.speed, "p99_ms"),
            number(&run.speed, "max_ms")
        );
    }
    let held = runs.first().map_or(f64::NAN, |run| number(&run.speed, "memory_bytes") / 1e6);
    let _ = writeln!(
        out,
        "\n## Memory\n\n`tokenmill extract` with two threads over the whole archive: {memory:.0} MB at the peak, in all. A thread \
         holds {held:.0} MB for its next page after the last one; after a page that needed more than 16 MB for its tree or its \
         blocks, these are given back."
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_system() {
        let speed = serde_json::json!({"bytes": 2e6, "seconds": 0.5, "p50_ms": 1.0, "p99_ms": 9.0, "max_ms": 20.0, "memory_bytes": 5e6});
        let scores = serde_json::json!({"wcxb-dev": {"wF1": 0.9}, "cases": {"passed": 42.0}});
        let runs = [Run { name: "ours".to_owned(), speed: speed.clone(), scores }];
        let text = page(&runs, &speed, 100.0);
        assert!(text.contains("| ours | NaN | NaN | 0.9000 |") && text.contains(" 42 |"), "{text}");
        assert!(text.contains("| ours | 4.0 | 1.00 | 9.0 | 20 |"), "{text}");
        assert!(text.contains("100 MB at the peak") && text.contains("holds 5 MB"), "{text}");
    }
}
