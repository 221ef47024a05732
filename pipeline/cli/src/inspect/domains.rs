//! `tokenmill inspect domains`: what became of the documents of each domain.

use super::frame::{failed, stacked};
use super::lives::each_part;
use super::opened::Opened;
use super::pick::Filters;
use super::show::{Form, plain_table};
use crate::failure::{FOUND_PROBLEMS, Failure};
use polars::prelude::{
    Column, DataFrame, DataType, Expr, IntoColumn, IntoLazy, NewChunkedArray, SortMultipleOptions, StringChunked, col,
    len, lit, when,
};
use std::process::ExitCode;
use tokenmill_core::text::domain::registrable_domain;

/// The registrable domain of a document.
pub const DOMAIN: &str = "domain";

/// What domains are ordered by.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Order {
    /// Documents that were kept
    Kept,
    /// Documents that were removed
    Removed,
    /// Documents that were removed as duplicates
    Duplicates,
    /// Redactions of personal data
    Pii,
    /// All documents
    Documents,
}

/// Domains by documents kept, removed, removed as duplicates, and by personal data found
#[derive(clap::Args)]
#[command(after_help = "\
Domains are registrable ones, by the Public Suffix List. `pii` counts the places that `pii.*`
steps have redacted, in documents that reached them.

Example:
  tokenmill inspect domains runs/quickstart --sort duplicates -n 5")]
pub struct Args {
    /// The run directory
    run: String,
    /// What is most is first
    #[arg(long, value_enum, default_value = "kept")]
    sort: Order,
    /// Domains to show
    #[arg(short, default_value_t = 20)]
    n: usize,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    form: Form,
}

/// Counts and prints.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let run = Opened::open(&args.run)?;
    let of_family = |family: &str| -> Vec<String> {
        let steps = run.recipe().steps().filter(|step| step.entry.name.starts_with(family));
        steps.map(|step| step.name.clone()).collect()
    };
    let dedup = of_family("dedup.");
    let pii: Vec<String> = of_family("pii.").iter().map(|step| format!("{step}.n_spans")).collect();
    let pii: Vec<String> = pii.into_iter().filter(|metric| run.metrics().any(|known| known == metric)).collect();
    let filtered = args.filters.columns();
    let names = ["host", "kept", "step", "bytes"].into_iter().chain(pii.iter().chain(&filtered).map(String::as_str));
    let chosen = run.choose(names)?;
    let parts = each_part(
        &run,
        &chosen,
        |_| None,
        |sum: &mut Option<DataFrame>, frame| {
            let counted = counted(with_domain(args.filters.of(frame)?)?, &dedup, &pii)?;
            *sum = stacked(sum.take().into_iter().chain([counted]))?.map(summed).transpose()?;
            Ok(())
        },
    )?;
    let Some(all) = stacked(parts.into_iter().flatten())?.map(summed).transpose()?.filter(|all| all.height() > 0)
    else {
        println!("no document is like that");
        return Ok(ExitCode::from(FOUND_PROBLEMS));
    };
    let order = match args.sort {
        Order::Kept => "kept",
        Order::Removed => "removed",
        Order::Duplicates => "duplicates",
        Order::Pii => "pii",
        Order::Documents => "documents",
    };
    let options = SortMultipleOptions::default().with_order_descending_multi([true, false]);
    let sorted = all.sort([order, DOMAIN], options).map_err(failed)?.head(Some(args.n));
    args.form.show(sorted, |frame| Ok(plain_table(frame)))?;
    Ok(ExitCode::SUCCESS)
}

/// Adds the registrable domain to documents that have a host.
pub fn with_domain(mut frame: DataFrame) -> Result<DataFrame, Failure> {
    let hosts = frame.column("host").and_then(Column::str).map_err(failed)?;
    let domains =
        StringChunked::from_iter_options(DOMAIN.into(), hosts.iter().map(|host| host.map(registrable_domain)));
    frame.with_column(domains.into_column()).map_err(failed)?;
    Ok(frame)
}

fn counted(frame: DataFrame, dedup: &[String], pii: &[String]) -> Result<DataFrame, Failure> {
    let number = |is: Expr| is.cast(DataType::UInt64).sum();
    let removed = || col("kept").not();
    let duplicates = dedup.iter().map(|step| col("step").eq(lit(step.clone()))).reduce(Expr::or);
    let bytes = when(col("kept")).then(col("bytes")).otherwise(lit(0u32));
    let pii = pii.iter().map(|metric| col(metric.as_str()).fill_null(lit(0.0f32)).cast(DataType::UInt64));
    let pii = pii.reduce(|sum, metric| sum + metric).unwrap_or_else(|| lit(0u64)).sum();
    let lazy = frame.lazy().group_by([col(DOMAIN)]).agg([
        len().cast(DataType::UInt64).alias("documents"),
        number(col("kept")).alias("kept"),
        number(bytes).alias("bytes kept"),
        number(removed()).alias("removed"),
        number(duplicates.unwrap_or_else(|| lit(false))).alias("duplicates"),
        pii.alias("pii"),
    ]);
    lazy.collect().map_err(failed)
}

fn summed(frame: DataFrame) -> Result<DataFrame, Failure> {
    let sums = ["documents", "kept", "bytes kept", "removed", "duplicates", "pii"].map(|name| col(name).sum());
    frame.lazy().group_by([col(DOMAIN)]).agg(sums).collect().map_err(failed)
}
