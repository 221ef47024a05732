//! Extraction alone: thread CPU seconds of each page, one page after the other on one thread, as JSON.
//!
//! Usage: `extract_speed FOLDER MODE [OUT]`: FOLDER has `.html` files, MODE is `learned`, `rules`, `all` or `parse`; with
//! OUT, the texts are written there as JSON lines. `cargo xtask bench extract` runs it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a tool, not the product"
)]

use std::io::Write;

use serde_json::json;
use tokenmill_engine::thread_cpu_seconds;
use tokenmill_stages::extract::decide::Decision;
use tokenmill_stages::extract::dom::Dom;
use tokenmill_stages::extract::{Mode, Scratch, charset, extract};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, mode, rest @ ..] = arguments.as_slice() else { panic!("usage: extract_speed FOLDER MODE [OUT]") };
    let mode = match mode.as_str() {
        "learned" => Some(Mode::MainText(Decision::Learned)),
        "rules" => Some(Mode::MainText(Decision::Rules)),
        "all" => Some(Mode::AllText),
        "parse" => None,
        other => panic!("no mode `{other}`"),
    };
    let mut out = rest.first().map(|path| std::io::BufWriter::new(std::fs::File::create(path).expect("a file")));
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("a folder").map(|file| file.unwrap().path()).collect();
    files.sort();
    let (mut scratch, mut dom) = (Scratch::default(), Dom::default());
    let (mut n_bytes, mut seconds) = (0, Vec::new());
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "html")) {
        let bytes = std::fs::read(file).expect("a page");
        let html = charset::decode(&bytes, "", None).map(|decoded| decoded.text.into_owned()).unwrap_or_default();
        n_bytes += html.len();
        let started = thread_cpu_seconds();
        let text = match mode {
            Some(mode) => extract(&html, mode, &mut scratch).text,
            None => {
                dom.parse(&html);
                String::new()
            }
        };
        seconds.push(thread_cpu_seconds() - started);
        if let Some(out) = &mut out {
            let id = file.file_stem().expect("a name").to_string_lossy();
            writeln!(out, "{}", json!({"id": id, "text": text})).expect("a line");
        }
    }
    let total: f64 = seconds.iter().sum();
    seconds.sort_by(f64::total_cmp);
    let quantile = |share: f64| seconds[((seconds.len() - 1) as f64 * share) as usize] * 1e3;
    println!(
        "{}",
        json!({"pages": seconds.len(), "max_ms": quantile(1.0), "bytes": n_bytes, "seconds": total, "p50_ms": quantile(0.5), "p99_ms": quantile(0.99),
               "memory_bytes": scratch.memory_bytes()})
    );
}
