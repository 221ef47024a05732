//! `tokenmill inspect clusters`: what an exchange brought together, side by side, and why one of them was kept.

mod find;
mod side;

use super::manifests;
use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::house::open_run;
use find::{Cluster, Member};
use std::process::ExitCode;

/// Look at clusters of duplicates, side by side: who was kept, who went, how similar they are
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  tokenmill inspect clusters runs/quickstart            the largest clusters\n  \
                  tokenmill inspect clusters runs/quickstart DOCUMENT   the cluster of a document\n\nTexts of removed \
                  documents are there as far as `run.removed` keeps them, or an earlier phase has stored them.")]
pub struct Args {
    /// The run directory
    run: String,
    /// Document id, WARC-Record-ID or URL of a member [default: the largest clusters]
    document: Option<String>,
    /// Only clusters of this step
    #[arg(long)]
    step: Option<String>,
    /// Clusters to show
    #[arg(short, long, default_value_t = 3)]
    n: usize,
    /// Removed members to show of each
    #[arg(long, default_value_t = 5)]
    members: usize,
    /// Columns of the screen
    #[arg(long, default_value_t = 120)]
    width: usize,
}

/// Prints clusters.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let store = open_run(&args.run)?;
    let manifests = manifests(&*store)?;
    let mut clusters = match &args.document {
        Some(document) => find::of_document(&*store, &manifests, document, args.step.as_deref())?,
        None => find::largest(&*store, &manifests, args.step.as_deref(), args.n)?,
    };
    if clusters.is_empty() {
        println!("no cluster was found");
        return Ok(ExitCode::from(FOUND_PROBLEMS));
    }
    find::members(&*store, &manifests, &mut clusters, args.members)?;
    find::texts(&*store, &manifests, &mut clusters)?;
    let recipe = store.read("config.resolved.toml")?;
    let recipe: toml::Table = String::from_utf8_lossy(&recipe).parse().unwrap_or_default();
    for cluster in &clusters {
        show(cluster, &recipe, args);
    }
    Ok(ExitCode::SUCCESS)
}

fn show(cluster: &Cluster, recipe: &toml::Table, args: &Args) {
    println!("cluster of {} documents by `{}`", cluster.size, cluster.step);
    println!("  kept     {}", describe(&cluster.kept));
    for member in &cluster.removed {
        println!("  removed  {}{}", describe(member), similarity(member));
    }
    let n_more = u64::from(cluster.size).saturating_sub(1 + cluster.removed.len() as u64);
    if n_more > 0 {
        println!("  … and {n_more} more");
    }
    println!("  {}", why(cluster, recipe));
    for member in &cluster.removed {
        match (&cluster.kept.text, &member.text) {
            (Some(kept), Some(text)) if kept == text => println!("\n  {} has the same text", member.id),
            (Some(kept), Some(text)) => {
                println!("\n  {:<w$} | {}", "kept", member.id, w = side::column(args.width));
                side::by_side(kept, text, args.width).iter().for_each(|line| println!("  {line}"));
            }
            _ => {}
        }
    }
    let n_without = cluster.removed.iter().filter(|member| member.text.is_none()).count();
    if n_without > 0 {
        println!("\n  {n_without} of these texts were not stored; `run.removed = 1.0` keeps all of them");
    }
    println!();
}

fn describe(member: &Member) -> String {
    let truncated = if member.truncated { "  truncated" } else { "" };
    let date = if member.date.is_empty() { String::new() } else { format!("  {}", member.date) };
    let name = if member.url.is_empty() { &member.record_id } else { &member.url };
    format!("{}{date}  {} bytes{truncated}  {name}", member.id, member.bytes)
}

fn similarity(member: &Member) -> String {
    match (&member.similarity, &member.limit) {
        (Some(similarity), Some(limit)) => format!("  similarity {similarity} (limit {limit})"),
        _ => format!("  {}", member.reason),
    }
}

/// The order that decided, from the recipe.
fn why(cluster: &Cluster, recipe: &toml::Table) -> String {
    let steps = recipe.get("step").and_then(toml::Value::as_array).into_iter().flatten();
    let step = steps
        .filter_map(toml::Value::as_table)
        .find(|step| step.get("name").and_then(toml::Value::as_str) == Some(&cluster.step));
    let text = |name: &str| step.and_then(|step| step.get(name)?.as_str()).unwrap_or_default();
    let then = match text("keep") {
        "newest" => "then the newest, then the longest text, ".to_owned(),
        "oldest" => "then the oldest, then the longest text, ".to_owned(),
        "longest" => "then the longest text, ".to_owned(),
        "score" => format!("then the highest `{}`, then the longest text, ", text("score")),
        _ => String::new(),
    };
    let keep = text("keep");
    format!("kept by `keep = \"{keep}\"`: a whole capture before a truncated one, {then}then the smallest id")
}
