//! `cargo xtask bench exchange`: URLs to decisions, sorting in little memory, and object storage next to a plain client.

use super::python;
use crate::error::Result;
use crate::repo::{self, Repo};
use crate::test::ceph;
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// URLs of the run that is measured for speed, and what sorting may take.
const SPEED: [&str; 3] = ["6000000", "64", "1073741824"];

/// A run whose rows are ten times the memory they may take: 14,000,000 rows of 48 bytes, and 64 MiB.
const TIGHT: [&str; 3] = ["14000000", "64", "67108864"];

/// Files that are written to and read from object storage, and their size in MB.
const FILES: [&str; 2] = ["8", "64"];

/// The client that object storage is measured with, pinned.
const BOTO3: &str = "boto3==1.44.8";

/// Measures and writes `docs/benchmarks/exchange.md`.
pub fn run(repo: &Repo) -> Result<()> {
    let build = ["build", "--release", "--package", "tokenmill", "--package", "tokenmill-store", "--examples"];
    repo::run(repo.cargo(&build))?;
    let examples = repo.target()?.join("release").join("examples");
    let folder = repo.target()?.join("bench").join("exchange");
    let mut page =
        format!("<!-- written by `cargo xtask bench exchange` -->\n# The exchange\n\n{}\n", super::report::machine());
    page += &speed(&measure(&examples, &folder, &SPEED)?);
    page += &tight(&measure(&examples, &folder, &TIGHT)?);
    page += &storage(repo, &examples)?;
    println!("{page}");
    repo.write("docs/benchmarks/exchange.md", page.as_bytes())?;
    println!("wrote docs/benchmarks/exchange.md");
    Ok(())
}

fn measure(examples: &Path, folder: &Path, arguments: &[&str]) -> Result<Value> {
    let _ = std::fs::remove_dir_all(folder);
    println!("measuring {} URLs in {} parts with {} bytes …", arguments[0], arguments[1], arguments[2]);
    let json = repo::output(Command::new(examples.join("exchange_speed")).args(arguments).arg(folder))?;
    let _ = std::fs::remove_dir_all(folder);
    super::read_json(&json)
}

fn number(value: &Value, path: &str) -> f64 {
    value.pointer(path).and_then(Value::as_f64).unwrap_or(0.0)
}

/// Keys per second of every phase.
fn speed(run: &Value) -> String {
    let n_urls = number(run, "/n_urls");
    let mut out = format!(
        "\n## From URLs to decisions\n\n{n_urls} URLs of 100 bytes, three captures of a page on average, in {} parts; CPU time \
         of one thread.\n\n| phase | tasks | CPU s | million keys per second | MB written |\n|---|---|---|---|---|\n",
        run["n_tasks"][0]
    );
    let mut exchange = 0.0;
    for (at, phase) in ["sketch", "shuffle", "settle", "home"].into_iter().enumerate() {
        let making = if at == 0 { number(run, "/cpu_seconds/make") } else { 0.0 };
        let seconds = number(run, &format!("/cpu_seconds/{phase}")) - making;
        let written = if at == 0 { number(run, "/sketch_bytes") } else { number(run, &format!("/bytes/{phase}")) };
        exchange += if at == 0 { 0.0 } else { seconds };
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            out,
            "| {phase} | {} | {seconds:.2} | {:.2} | {:.0} |",
            run["n_tasks"][at],
            n_urls / seconds.max(1e-9) / 1e6,
            written / 1e6
        );
    }
    let sketch = number(run, "/cpu_seconds/sketch") - number(run, "/cpu_seconds/make");
    let rate = |seconds: f64| n_urls / seconds.max(1e-9) / 1e6;
    let _ = writeln!(out, "| the three phases of the exchange | | {exchange:.2} | **{:.2}** | |", rate(exchange));
    let _ = writeln!(out, "| with sketching | | {:.2} | **{:.2}** | |", exchange + sketch, rate(exchange + sketch));
    let _ = writeln!(
        out,
        "\nSketching is the canonical form of the URL, its hash, and writing the row. {} documents are removed, and {} decisions are written: the kept one of every group gets one, too.",
        run["n_removed"], run["n_decisions"]
    );
    out += &requests(run);
    out
}

/// Requests as counted, as expected from the bounds, and at scale.
fn requests(run: &Value) -> String {
    let mut out = "\n## Requests\n\nCounted by the tasks of the run above, and what the bounds say of the same run (ranges may be \
                   empty, and parts of a group differ by a row); then what they say of 100,000 parts with 50,000 rows each. \
                   Every task also looks for its commit and writes it: one GET and one PUT.\n\n| phase | GET counted | expected | \
                   PUT counted | expected | 100,000 parts: tasks | GET | PUT |\n|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for (at, phase) in ["shuffle", "settle", "home"].into_iter().enumerate() {
        let (counted, expected, scale) = (&run["requests"][at], &run["expected"][at], &run["at_scale"][at]);
        let _ = writeln!(
            out,
            "| {phase} | {} | {} | {} | {} | {} | {} | {} |",
            counted["get"],
            expected["get"],
            counted["put"],
            expected["put"],
            scale["n_tasks"],
            scale["get"],
            scale["put"]
        );
    }
    let range = number(run, "/at_scale/1/bytes_per_range") / 1024.0;
    let _ = writeln!(out, "\nA range that settling reads is {range:.0} KiB then; the bound is 256 KiB.");
    out
}

/// Sorting ten times the memory.
fn tight(run: &Value) -> String {
    let bytes = number(run, "/bytes/shuffle");
    let seconds = number(run, "/cpu_seconds/shuffle") + number(run, "/cpu_seconds/settle");
    let memory = number(run, "/memory");
    format!(
        "\n## In little memory\n\n| | |\n|---|---|\n| rows to sort, MB | {:.0} |\n| `run.memory`, MB | {:.0} |\n| times as much | {:.1} |\n\
         | peak of resident memory of the whole process, MB | {:.0} |\n| sorting, shuffle and settle, MB per CPU second | {:.0} |\n",
        bytes / 1e6,
        memory / 1e6,
        bytes / memory,
        number(run, "/peak_rss_bytes") / 1e6,
        2.0 * bytes / 1e6 / seconds.max(1e-9)
    )
}

/// Writing and reading against a gateway on this machine, next to boto3.
fn storage(repo: &Repo, examples: &Path) -> Result<String> {
    let gateway = match ceph::for_bench(&repo.target()?) {
        Ok(gateway) => gateway,
        Err(why) => return Ok(format!("\nObject storage was not measured: {why}\n")),
    };
    let python = python::with(repo, &[BOTO3])?;
    let mut table =
        "\n## Object storage\n\n512 MB in files of 64 MB, a Ceph gateway on the same two cores, one file after the \
                     other; seconds of the clock.\n\n| client | write MB/s | read MB/s |\n|---|---|---|\n"
            .to_owned();
    let plain = repo.root().join("xtask/src/bench/s3_plain.py");
    let uri = "s3://bench/speed";
    for round in 1..=3 {
        for (name, program) in [("boto3", &python), ("tokenmill", &examples.join("s3_speed"))] {
            let mut command = Command::new(program);
            if name == "boto3" {
                command.arg(&plain);
            }
            command.args([uri, FILES[0], FILES[1]]).envs(gateway.variables.iter().cloned());
            command.env("AWS_ACCESS_KEY_ID", "testkey").env("AWS_SECRET_ACCESS_KEY", "testsecret");
            command.env("AWS_REGION", "default").env("AWS_ENDPOINT_URL", gateway.endpoint());
            let run = super::read_json(&repo::output(&mut command)?)?;
            let rate = |seconds: &str| number(&run, "/bytes") / 1e6 / number(&run, seconds).max(1e-9);
            let (write, read) = (rate("/write_seconds"), rate("/read_seconds"));
            let _ = writeln!(table, "| {name}, round {round} | {write:.0} | {read:.0} |");
        }
    }
    Ok(table)
}

impl ceph::ForBench {
    fn endpoint(&self) -> String {
        let endpoint = self.variables.iter().find(|(name, _)| *name == "TOKENMILL_TEST_S3");
        endpoint.map(|(_, value)| value.to_string_lossy().into_owned()).unwrap_or_default()
    }
}
