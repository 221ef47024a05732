//! The section on references: what reading a dump of Wikipedia costs.

use super::Bench;
use crate::bench::measured;
use crate::error::{Error, Result};
use std::path::PathBuf;
use std::process::Command;

/// The section.
pub fn section(bench: &Bench<'_>) -> Result<String> {
    let packed = bench.archives.join("quality/enwiki_articles1_shortened.xml.bz2");
    let plain = bench.folder.join("enwiki.xml");
    let file = std::fs::File::create(&plain).map_err(|error| Error::io("create", &plain, &error))?;
    crate::repo::run(Command::new("bzip2").arg("-dc").arg(&packed).stdout(file))?;
    let bytes = std::fs::metadata(&plain).map_err(|error| Error::io("read", &plain, &error))?.len() as f64;
    let references = |dump: &PathBuf| {
        let mut command = Command::new(&bench.tokenmill);
        command.arg("references").arg(dump).arg("-o").arg(bench.folder.join("wikipedia.refs"));
        Ok::<_, Error>(measured::measure(bench.repo, &command)?.cpu_seconds)
    };
    let mut unpack = Command::new("bzip2");
    unpack.arg("-t").arg(&packed);
    let alone = measured::measure(bench.repo, &unpack)?.cpu_seconds;
    let (from_packed, from_plain) = (references(&packed)?, references(&plain)?);
    let row = |name: &str, seconds: f64| format!("| {name} | {seconds:.2} | {:.1} |\n", bytes / 1e6 / seconds);
    Ok(format!(
        "\n## References of Wikipedia\n\n`tokenmill references` on the slice of the English Wikipedia in the archive `quality`, {:.1} MB \
         of XML; the floor is what unpacking it costs.\n\n| what | CPU seconds | MB of XML a second |\n|---|---|---|\n{}{}{}",
        bytes / 1e6,
        row("`bzip2 -t` alone", alone),
        row("the dump as it is", from_packed),
        row("the same, unpacked before", from_plain),
    ))
}
