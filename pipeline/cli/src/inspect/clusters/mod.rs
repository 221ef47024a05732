//! `tokenmill inspect clusters`: what an exchange brought together, side by side, and why one of them was kept.

mod find;
pub mod side;

use super::pager;
use super::run_view::View;
use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::output::plain;
use find::{Cluster, Member};
use serde_json::{Value, json};
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
    /// Columns of the screen [default: $COLUMNS, or 120]
    #[arg(long, value_name = "N")]
    width: Option<usize>,
    /// Write JSON, with whole texts
    #[arg(long)]
    json: bool,
}

/// Prints clusters.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let view = View::open(&args.run)?;
    let (store, manifests) = (&*view.store, &view.manifests);
    let mut clusters = match &args.document {
        Some(document) => find::of_document(store, manifests, document, args.step.as_deref())?,
        None => find::largest(store, manifests, args.step.as_deref(), args.n)?,
    };
    find::members(store, manifests, &mut clusters, args.members)?;
    find::texts(store, manifests, &mut clusters)?;
    // Duplicates are found on texts that later steps may redact.
    for cluster in &mut clusters {
        std::iter::once(&mut cluster.kept).chain(&mut cluster.removed).for_each(|member| member.mask(&view.mask));
    }
    let recipe = store.read(crate::retune::RESOLVED)?;
    let recipe: toml::Table = String::from_utf8_lossy(&recipe).parse().unwrap_or_default();
    if args.json {
        let all: Vec<Value> = clusters.iter().map(|cluster| as_json(cluster, &recipe)).collect();
        println!("{}", serde_json::to_string_pretty(&all).unwrap_or_default());
    } else {
        clusters.iter().for_each(|cluster| show(cluster, &recipe, args));
    }
    if clusters.is_empty() {
        if !args.json {
            println!("no cluster was found");
        }
        return Ok(ExitCode::from(FOUND_PROBLEMS));
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(cluster: &Cluster, recipe: &toml::Table) -> Value {
    let member = |member: &Member| {
        json!({"id": member.id, "record_id": member.record_id, "url": member.url, "date": member.date,
            "lang": member.lang, "truncated": member.truncated, "bytes": member.bytes.parse::<u64>().ok(),
            "reason": Some(&member.reason).filter(|reason| !reason.is_empty()),
            "similarity": member.similarity.as_ref().and_then(|number| number.parse::<f64>().ok()),
            "limit": member.limit.as_ref().and_then(|number| number.parse::<f64>().ok()), "text": member.text})
    };
    json!({"step": cluster.step, "size": cluster.size, "kept": member(&cluster.kept), "why": why(cluster, recipe),
        "removed": cluster.removed.iter().map(member).collect::<Vec<_>>()})
}

fn show(cluster: &Cluster, recipe: &toml::Table, args: &Args) {
    let width = args.width.unwrap_or_else(pager::width);
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
                println!("\n  {:<w$} | {}", "kept", member.id, w = side::column(width));
                side::by_side(kept, text, width).iter().for_each(|line| println!("  {line}"));
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
    plain(&format!("{}{date}  {} bytes{truncated}  {name}", member.id, member.bytes))
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
