//! `tokenmill tokenize`: token ids of loose documents, with the speed.

use crate::bulk::{self, text_of};
use crate::failure::Failure;
use crate::house::assets;
use crate::sink::Output;
use serde_json::{Map, Value, json};
use std::process::ExitCode;
use std::sync::Mutex;
use tokenmill_engine::thread_cpu_seconds;
use tokenmill_mix::tokenize::Tokenizer;

/// Tokenise loose documents
#[derive(clap::Args)]
#[command(after_help = "\
Input: JSON lines with `id` and `text`. Output: `id` and `ids`, in order. Text that looks like a special token stays
text; no begin or end token is added.

Examples:
  tokenmill tokenize --tokenizer llama3 docs.jsonl.gz -o ids.jsonl.zst
  tokenmill tokenize --tokenizer ./tokenizer.json docs.jsonl -o -")]
pub struct Args {
    /// `llama3`, `cl100k`, `o200k`, `gpt2`, or the path of a rank file or `tokenizer.json`
    #[arg(long, value_name = "NAME|PATH")]
    tokenizer: String,
    /// JSONL files or their `s3://` or `https://` addresses, plain, .gz or .zst; `-` for standard input
    #[arg(required = true)]
    inputs: Vec<String>,
    /// Output file or `s3://` address (.gz and .zst are compressed), or `-`
    #[arg(short, long)]
    output: String,
}

/// Tokenises all documents.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let tokenizer = Tokenizer::load(&args.tokenizer, &assets()?)?;
    let mut output = Output::create(&args.output)?;
    let cost = Mutex::new((0u64, 0u64, 0f64));
    let size = |object: &Map<String, Value>| text_of(object, "text").len() + 256;
    bulk::run(bulk::objects(&args.inputs)?, size, &mut output, |object| {
        let text = text_of(&object, "text");
        let mut ids = Vec::new();
        let started = thread_cpu_seconds();
        tokenizer.encode(&text, &mut ids).map_err(|error| Failure::usage(error.to_string()))?;
        let seconds = thread_cpu_seconds() - started;
        let mut cost = cost.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *cost = (cost.0 + text.len() as u64, cost.1 + ids.len() as u64, cost.2 + seconds);
        Ok(json!({"id": object.get("id"), "ids": ids}).to_string())
    })?;
    output.finish()?;
    let (bytes, tokens, seconds) = cost.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let megabytes = bytes as f64 / 1e6;
    eprintln!("{megabytes:.1} MB, {tokens} tokens, {:.1} MB per CPU-second", megabytes / seconds.max(1e-9));
    Ok(ExitCode::SUCCESS)
}
