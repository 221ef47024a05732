//! `tokenmill ablate report`: what a study has found, as a page, as tables, and as a mix.

use super::gather::{self, opened};
use super::{page, tables, text};
use crate::failure::Failure;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokenmill_mix::ablation::Analysis;
use tokenmill_store::StoreError;
use tokenmill_store::location::Location;
use tokenmill_store::place::write_with;

/// Write what a study has found: an HTML page, Parquet tables and the best mix; works while models are being trained
#[derive(clap::Args)]
#[command(after_help = "\
Files:
  report.html                      one page that loads nothing: predictions, curves, mixes, sensitivity, trials
  mix.toml                         the best mix, for `tokenmill mix plan`
  trials.parquet, curves.parquet   every model: shares, losses, prediction, state; and its training loss
  mixes.parquet, forms.parquet     the optimum and the next best; the laws that were compared

Example:
  tokenmill ablate report configs/ablations/quickstart.toml -o found/")]
pub struct Args {
    /// The study, or its run directory
    #[arg(value_name = "STUDY.toml|RUN")]
    target: String,
    /// Folder for the files [default: `report` in the run directory]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Print everything as one JSON document instead
    #[arg(long)]
    json: bool,
}

/// Writes the files.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let (study, folder, store) = opened(&args.target)?;
    let analysis = gather::analysis(&study, &*store, &folder)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&analysis).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    let output = args.output.clone().or_else(|| default_folder(&folder)).ok_or_else(|| {
        Failure::usage(format!("the run `{folder}` is not on this machine")).hint("say where to write: `-o DIR`")
    })?;
    print!("{}", text::text(&analysis));
    write(&analysis, &output)?;
    Ok(ExitCode::SUCCESS)
}

/// `report` in a run directory of this machine.
pub fn default_folder(folder: &str) -> Option<PathBuf> {
    Location::is_local(folder).then(|| Path::new(folder).join("report"))
}

/// Writes page, tables and mix.
pub fn write(analysis: &Analysis, folder: &Path) -> Result<(), Failure> {
    let put = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        write_with(&path, |file| file.write_all(content).map_err(StoreError::io("write", path.display())))
    };
    tables::write(analysis, folder)?;
    put("report.html", page::page(analysis).as_bytes())?;
    println!("what was found, as a page and as tables: {}", folder.join("report.html").display());
    if let Some(laws) = &analysis.laws {
        put("mix.toml", laws.mix_toml.as_bytes())?;
        println!("the best mix:                            tokenmill mix plan {}", folder.join("mix.toml").display());
    }
    Ok(())
}
