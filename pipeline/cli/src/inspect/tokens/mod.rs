//! `tokenmill inspect tokens`: packed sequences of a shard, decoded, with the documents that they are made of.

mod open;

use crate::failure::Failure;
use crate::house::assets;
use crate::log;
use crate::output::{count, plain, shortened};
use open::Opened;
use serde_json::{Value, json};
use std::fmt::Write;
use std::process::ExitCode;
use tokenmill_mix::shard::dataset::TokenizerCard;
use tokenmill_mix::shard::view::{PartView, SequenceView, sequences};
use tokenmill_mix::tokenize::Tokenizer;

/// Characters of a document that are shown of its begin and of its end.
const SHOWN_CHARS: usize = 240;

/// Decode packed sequences of a shard, document by document
#[derive(clap::Args)]
#[command(after_help = "\
Special tokens stand in ⟦ ⟧, so that they are told from text that only looks like them. The vocabulary is the one that the \
shards name, and is checked by its sha256.

Examples:
  tokenmill inspect tokens runs/quickstart
  tokenmill inspect tokens runs/final 12 --sequence 100 -n 3
  tokenmill inspect tokens s3://bucket/runs/final/p4-shards-0123456789ab/shards/89ab.bin --full")]
pub struct Args {
    /// A shard's `.bin`, or a run directory or mix that has shards
    #[arg(value_name = "SHARD|RUN|MIX.toml")]
    target: String,
    /// Number of the shard in the run, from 0 over all phases of training
    #[arg(value_name = "NUMBER")]
    number: Option<usize>,
    /// Number of the first sequence to show, from 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    sequence: usize,
    /// Sequences to show
    #[arg(short, long, default_value_t = 1)]
    n: usize,
    /// Show whole texts
    #[arg(long)]
    full: bool,
    /// Take this vocabulary instead of the one that the shards name, which must be the same file
    #[arg(long, value_name = "NAME|FILE")]
    tokenizer: Option<String>,
    /// Write JSON, with all ids
    #[arg(long)]
    json: bool,
}

/// Prints sequences.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let opened = open::open(&args.target, args.number)?;
    let shard = opened.shard();
    if args.sequence as u64 >= shard.n_sequences {
        let why = format!("the shard has {} sequences, and number {} was asked for", shard.n_sequences, args.sequence);
        return Err(Failure::usage(why).hint("sequences are counted from 0"));
    }
    let card = &opened.dataset.tokenizer;
    let decoder = Decoder { tokenizer: tokenizer(card, args.tokenizer.as_deref())?, card };
    let wanted = args.sequence..args.sequence.saturating_add(args.n);
    let shown = sequences(&*opened.store, &opened.dataset, shard, wanted)?;
    match args.json {
        true => println!("{}", serde_json::to_string_pretty(&as_json(&opened, &decoder, &shown)).unwrap_or_default()),
        false => print!("{}", as_text(&opened, &decoder, &shown, args.full)),
    }
    Ok(ExitCode::SUCCESS)
}

/// The vocabulary of the shards; none when it cannot be had, which is said.
fn tokenizer(card: &TokenizerCard, instead: Option<&str>) -> Result<Option<Tokenizer>, Failure> {
    let name = instead.unwrap_or(&card.name);
    let tokenizer = match (Tokenizer::load(name, &assets()?), instead) {
        (Ok(tokenizer), _) => tokenizer,
        (Err(error), Some(_)) => return Err(error.into()),
        (Err(error), None) => {
            log::note(&format!(
                "ids are not decoded: {}; `--tokenizer FILE` says where the vocabulary is",
                error.message
            ));
            return Ok(None);
        }
    };
    if tokenizer.digest() != card.sha256 {
        return Err(Failure::usage(format!("`{name}` is not the vocabulary that made these ids"))
            .hint(format!("its sha256 must be {}; `--tokenizer FILE` names another file", card.sha256)));
    }
    Ok(Some(tokenizer))
}

/// Turns ids into text for people.
struct Decoder<'a> {
    tokenizer: Option<Tokenizer>,
    card: &'a TokenizerCard,
}

impl Decoder<'_> {
    /// The text of some ids, with special tokens and what is in no vocabulary in brackets.
    fn text(&self, ids: &[u32]) -> String {
        let Some(tokenizer) = &self.tokenizer else { return String::new() };
        let is_special = |id: u32| Some(id) == self.card.bos || Some(id) == self.card.eos;
        let mut out = String::new();
        for run in ids.chunk_by(|a, b| !is_special(*a) && !is_special(*b)) {
            match (tokenizer.decode(run), run) {
                (Ok(bytes), [id]) if is_special(*id) => {
                    let _ = write!(out, "⟦{}⟧", String::from_utf8_lossy(&bytes));
                }
                (Ok(bytes), _) => out.push_str(&String::from_utf8_lossy(&bytes)),
                (Err(_), run) => run.iter().for_each(|id| match tokenizer.decode(&[*id]) {
                    Ok(bytes) => out.push_str(&String::from_utf8_lossy(&bytes)),
                    Err(_) => out.push_str(&format!("⟦{id}⟧")),
                }),
            }
        }
        out
    }
}

fn as_text(opened: &Opened, decoder: &Decoder<'_>, shown: &[SequenceView], is_full: bool) -> String {
    let (phase, shard) = (&opened.dataset.phases[opened.training], opened.shard());
    let mut out = String::new();
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(
        out,
        "{} shard {} of {}: {} sequences, {} documents, {} tokens of {}",
        plain(&phase.name),
        opened.number,
        phase.shards.len(),
        count(shard.n_sequences),
        count(shard.n_documents),
        count(shard.n_tokens),
        plain(&opened.dataset.tokenizer.name)
    );
    for sequence in shown {
        let n_tokens: u64 = sequence.parts.iter().map(|part| part.ids.len() as u64).sum();
        let end = sequence.start + n_tokens;
        let _ = writeln!(
            out,
            "\nsequence {}: {} tokens, {} to {} of the shard",
            sequence.number,
            count(n_tokens),
            sequence.start,
            end
        );
        let mut at = 0;
        for part in &sequence.parts {
            let _ = writeln!(out, "  {at:>6}  {}", describe(part));
            at += part.ids.len();
            if decoder.tokenizer.is_some() {
                let text = decoder.text(&part.ids);
                let _ = match is_full {
                    true => writeln!(out, "{}", indented(&plain(&text))),
                    false => writeln!(out, "          {}", both_ends(&text)),
                };
            }
        }
    }
    out
}

/// The document of a part, and which of its tokens stand here.
fn describe(part: &PartView) -> String {
    let (n, end) = (part.ids.len() as u64, part.start + part.ids.len() as u64);
    let which = match part.start == 0 && end == part.n_document {
        true => format!("all {} tokens", count(n)),
        false => format!("tokens {} to {end} of {}", part.start, count(part.n_document)),
    };
    let group = if part.group.is_empty() { String::new() } else { format!("  group {}", plain(&part.group)) };
    let epoch = if part.epoch > 0 { format!("  repetition {}", part.epoch) } else { String::new() };
    format!("{}{group}{epoch}  {which}", part.id)
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("          {line}").trim_end().to_owned()).collect();
    lines.join("\n")
}

/// The begin and the end of a text, on one line.
fn both_ends(text: &str) -> String {
    let n_chars = text.chars().count();
    if n_chars <= SHOWN_CHARS {
        return shortened(text, SHOWN_CHARS);
    }
    let tail: String = text.chars().skip(n_chars - SHOWN_CHARS / 3).collect();
    format!("{} {}", shortened(text, SHOWN_CHARS - SHOWN_CHARS / 3), shortened(&tail, SHOWN_CHARS))
}

fn as_json(opened: &Opened, decoder: &Decoder<'_>, shown: &[SequenceView]) -> Value {
    let (phase, shard) = (&opened.dataset.phases[opened.training], opened.shard());
    let part = |part: &PartView| {
        let text = decoder.tokenizer.is_some().then(|| decoder.text(&part.ids));
        json!({"id": part.id, "group": part.group, "epoch": part.epoch, "start": part.start,
            "n_document": part.n_document, "n_tokens": part.ids.len(), "ids": part.ids, "text": text})
    };
    let sequence = |it: &SequenceView| json!({"sequence": it.number, "start": it.start, "parts": it.parts.iter().map(part).collect::<Vec<_>>()});
    json!({"training": phase.name, "shard": opened.number, "prefix": shard.prefix,
        "tokenizer": opened.dataset.tokenizer.name, "n_sequences": shard.n_sequences, "n_documents": shard.n_documents,
        "n_tokens": shard.n_tokens, "sequences": shown.iter().map(sequence).collect::<Vec<_>>()})
}
