//! The corpus with planted near-duplicates: made once, and again when its scripts or archives change.

use crate::error::{Error, Result};
use crate::repo::{self, Repo};
use crate::test::data;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The scripts that make it.
const SCRIPTS: [&str; 2] = ["make_pool.py", "make_corpus.py"];
/// Archives whose paragraphs it is made of.
const ARCHIVES: [&str; 2] = ["extraction", "quality"];
/// Files of the corpus; near-duplicates never cross them.
const N_FILES: usize = 5;
/// Documents of the sample, from the first file.
pub const N_SAMPLED: usize = 10_000;

/// Where the corpus lies.
pub struct Corpus {
    /// JSON lines of `id`, `text` and `url`.
    pub files: Vec<PathBuf>,
    /// The first documents of the first file, for systems that are slow.
    pub sample: PathBuf,
    /// Bytes of the texts of the sample.
    pub sample_bytes: f64,
    /// Planted pairs with their Jaccard similarity.
    pub pairs: PathBuf,
}

impl Corpus {
    /// Makes the corpus in this folder, or finds that it stands there.
    ///
    /// # Errors
    /// When an archive is missing or a script fails.
    pub fn prepare(repo: &Repo, folder: &Path) -> Result<Corpus> {
        let tools = data::shared(repo).join("tools");
        let mut stamp = String::new();
        for script in SCRIPTS {
            stamp += &format!("{script} {}\n", data::digest(&tools.join(script))?);
        }
        let mut unpacked = PathBuf::new();
        for name in ARCHIVES {
            unpacked = data::one(repo, name)?.parent().map(Path::to_path_buf).unwrap_or_default();
            stamp += &format!("{name} {}\n", read(&unpacked.join(format!("{name}.sha256")))?);
        }
        let (stamp_file, corpus) = (folder.join("corpus.stamp"), folder.join("corpus"));
        if !std::fs::read_to_string(&stamp_file).is_ok_and(|found| found == stamp) {
            println!("making the corpus …");
            let _ = std::fs::remove_dir_all(&corpus);
            std::fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, &error))?;
            let pool = folder.join("pool.txt");
            repo::run(Command::new("python3").arg(tools.join(SCRIPTS[0])).arg(&unpacked).arg(&pool))?;
            let mut command = Command::new("python3");
            command.arg(tools.join(SCRIPTS[1])).arg("text").arg("--pool").arg(&pool).arg("--out").arg(&corpus);
            repo::run(&mut command)?;
            // The stamp comes last: without it, what a broken run left is made anew.
            write(&stamp_file, &stamp)?;
        }
        let files: Vec<PathBuf> = (0..N_FILES).map(|at| corpus.join("text").join(format!("g{at}.jsonl"))).collect();
        let sample = folder.join("sample.jsonl");
        let sample_bytes = take(&files[0], N_SAMPLED, &sample)?;
        Ok(Corpus { files, sample, sample_bytes, pairs: corpus.join("text_pairs.tsv") })
    }
}

/// Copies the first lines of a file; returns the bytes of their texts.
fn take(from: &Path, n_lines: usize, to: &Path) -> Result<f64> {
    let mut out = BufWriter::new(std::fs::File::create(to).map_err(|error| Error::io("create", to, &error))?);
    let mut bytes = 0;
    for line in lines(from)?.take(n_lines) {
        let line = line.map_err(|error| Error::io("read", from, &error))?;
        bytes += crate::bench::read_json(&line)?["text"].as_str().map_or(0, str::len);
        writeln!(out, "{line}").map_err(|error| Error::io("write", to, &error))?;
    }
    out.flush().map_err(|error| Error::io("write", to, &error))?;
    Ok(bytes as f64)
}

/// The lines of a file.
///
/// # Errors
/// When it cannot be opened.
pub fn lines(path: &Path) -> Result<std::io::Lines<BufReader<std::fs::File>>> {
    Ok(BufReader::new(std::fs::File::open(path).map_err(|error| Error::io("open", path, &error))?).lines())
}

/// The text of a file.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| Error::io("read", path, &error))
}

/// Writes a file.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| Error::io("write", path, &error))
}

/// A document as a line.
pub fn line(id: &str, text: &str) -> String {
    let document: Value = json!({"id": id, "text": text});
    format!("{document}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_counts_the_bytes_of_texts() {
        let folder = tempfile::tempdir().unwrap();
        let (all, some) = (folder.path().join("all.jsonl"), folder.path().join("some.jsonl"));
        write(&all, &[line("a", "é"), line("b", "xyz"), line("c", "not taken")].concat()).unwrap();
        assert!((take(&all, 2, &some).unwrap() - 5.0).abs() < 1e-9);
        assert_eq!(read(&some).unwrap(), [line("a", "é"), line("b", "xyz")].concat());
    }
}
