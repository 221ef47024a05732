//! `tokenmill release`: the documents of a finished run as files for other people, with a card.

mod facts;
mod watch;

use crate::failure::Failure;
use crate::house::{assets, open_run, parse_recipe, threads};
use crate::output::{count, table};
use std::process::ExitCode;
use tokenmill_engine::plan::human_bytes;
use tokenmill_engine::release::{
    ALLOWED, By, CardOptions, DataOptions, Format, MANIFEST, Options, PLAN, Prepared, TokenNames, asset_names,
    not_empty, parse_size,
};
use tokenmill_engine::{Spec, Text};
use tokenmill_mix::TOKENS_PHASE;
use tokenmill_store::location::{Location, open_keeper};
use tokenmill_store::place::{holds_only, read_small};
use tokenmill_store::{Keeper, Store, StoreError, scratch};
use watch::Progress;

/// The recipe of a run, with every default written out.
const RESOLVED: &str = "config.resolved.toml";

/// What the names of tables begin with that count tokens.
const TOKEN_TABLES: &str = "tokens-";

/// Write the documents of a finished run as files of about equal size, with a dataset card, as the Hugging Face Hub has them
#[derive(clap::Args)]
#[command(after_help = "\
The folder holds data/CONFIG/train-00000-of-00012.parquet, README.md (the card), recipe.toml and release.json with the digests
of all files. The same command again checks what stands and makes what is missing. Threads and memory change no byte.

Examples:
  tokenmill release runs/quickstart -o quickstart-release --license odc-by
  tokenmill release s3://bucket/runs/web-en -o s3://bucket/releases/web-en --columns lang.id.score
  tokenmill release runs/quickstart -o out --dry-run         the files and the card, and nothing is written
  huggingface-cli upload me/my-data quickstart-release . --repo-type dataset")]
pub struct Args {
    /// The run directory
    run: String,
    /// The folder or `s3://bucket/prefix` to fill; empty, not there yet, or this release begun before
    #[arg(short, long, value_name = "FOLDER")]
    output: String,
    /// Size that files should have
    #[arg(long, value_name = "SIZE", default_value = "512MiB")]
    size: String,
    /// `parquet`, `jsonl` or `jsonl.zst`
    #[arg(long, value_name = "FORMAT", default_value = "parquet")]
    format: String,
    /// `language`: a configuration for each; `none`: one for all
    #[arg(long, value_name = "WHAT", default_value = "language")]
    by: String,
    /// Metrics of steps that become columns, for example `lang.id.score,filter.gopher_quality.n_words`
    #[arg(long, value_name = "STEP.METRIC", value_delimiter = ',')]
    columns: Vec<String>,
    /// Licence of the data set, as the Hub calls it: `odc-by`, `cc-by-4.0`, …
    #[arg(long, value_name = "ID", default_value = "unknown")]
    license: String,
    /// Name of the data set in the card [default: that of the run]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Whom to write to for a removal: an address, in the card
    #[arg(long, value_name = "ADDRESS")]
    contact: Option<String>,
    /// Print the files that would be made, and the card; write nothing
    #[arg(long)]
    dry_run: bool,
    /// Worker threads [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Memory for files being written, over all threads
    #[arg(long, value_name = "SIZE", default_value = "4GiB")]
    memory: String,
}

/// Makes a release, or shows what it would be.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let mut options = options(args)?;
    let store = open_run(&args.run)?;
    let (spec, resolved) = recipe(&*store)?;
    options.card.limits = facts::limits(&spec);
    let assets = facts::assets(&*store, &spec, &assets()?, asset_names(&spec))?;
    if !args.dry_run {
        check_place(&args.output)?;
    }
    let progress = Progress::default();
    let prepared = Prepared::new(&*store, (&spec, &resolved), assets, &options, &progress)?;
    if args.dry_run {
        let rows = prepared.expected().into_iter().map(|file| {
            vec![
                file.name,
                count(file.n_documents),
                human_bytes(file.text_bytes),
                format!("about {}", human_bytes(file.bytes)),
            ]
        });
        let rows: Vec<Vec<String>> = rows.collect();
        print!("{}", table(&["file", "documents", "text", "size"], &rows));
        println!("\n{}", prepared.expected_card());
        eprintln!("nothing was written; sizes are estimates until files are made, in the card too");
        return Ok(ExitCode::SUCCESS);
    }
    let target = open_keeper(&args.output)?;
    let report = prepared.write(&*target, &progress)?;
    tidy(&*target, &args.output)?;
    println!(
        "{}: {} documents in {} files, {}; {} of them stood there already",
        args.output,
        count(report.n_documents),
        count(report.n_files as u64),
        human_bytes(report.bytes),
        count(report.n_stood as u64)
    );
    for name in report.edited {
        println!("{name} was edited by hand and stays as it is; delete it to have it made again");
    }
    println!("what they are, with their digests: {}/{MANIFEST}", args.output.trim_end_matches('/'));
    Ok(ExitCode::SUCCESS)
}

fn options(args: &Args) -> Result<Options, Failure> {
    let columns = args.columns.iter().map(|column| column.trim().to_owned()).filter(|column| !column.is_empty());
    let data = DataOptions {
        program: format!("tokenmill {}", env!("CARGO_PKG_VERSION")),
        by: By::of_name(&args.by)?,
        format: Format::of_name(&args.format)?,
        size: parse_size(&args.size)?,
        columns: columns.collect(),
        tokens: TokenNames { phase: TOKENS_PHASE, table: TOKEN_TABLES },
    };
    let card = CardOptions {
        license: args.license.clone(),
        name: args.name.clone(),
        contact: args.contact.clone(),
        is_pii: |stage| stage.starts_with("pii."),
        limits: Vec::new(),
    };
    Ok(Options { data, card, threads: threads(args.threads).max(1), memory: parse_size(&args.memory)? })
}

/// The recipe of the run, as it was run.
fn recipe(store: &dyn Store) -> Result<(Spec, String), Failure> {
    let content = String::from_utf8(store.read(RESOLVED)?);
    let content = content.map_err(|error| StoreError::corrupt(store.display(RESOLVED), error))?;
    if crate::mix::is_mix(&content) {
        return Err(Failure::usage("this is the run of a mix, which has tokens and no documents")
            .hint("release the runs that the mix is made of; `tokenmill mix export` writes shards"));
    }
    let spec = parse_recipe(Text { name: store.display(RESOLVED), content: content.clone() }, &[])?;
    Ok((spec, content))
}

/// Refuses a folder with anything else in it before a store is opened there, which makes a folder of its own.
fn check_place(output: &str) -> Result<(), Failure> {
    let Location::Local(folder) = Location::parse(output)? else { return Ok(()) };
    let is_begun = [MANIFEST, PLAN].iter().map(|name| folder.join(name)).map(|path| read_small(&path, 1 << 32));
    for found in is_begun {
        if found?.is_some() {
            return Ok(());
        }
    }
    match holds_only(&folder, &ALLOWED)? {
        true => Ok(()),
        false => Err(not_empty(output).into()),
    }
}

/// Removes the scratch folder of a local release: others shall find nothing but the release.
fn tidy(target: &dyn Keeper, output: &str) -> Result<(), Failure> {
    scratch::remove_dead(target.scratch())?;
    if Location::is_local(output) {
        // Another process may be at work in it.
        let _ = std::fs::remove_dir(target.scratch());
    }
    Ok(())
}
