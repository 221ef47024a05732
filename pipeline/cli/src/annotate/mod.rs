//! `tokenmill annotate`: labels for a sample of documents, by a language model behind any OpenAI-compatible service.

mod ask;
mod batch;
mod cost;
mod gather;
mod journal;
mod recipe;
mod request;
mod table;
mod watch;

use crate::failure::{FOUND_PROBLEMS, Failure, RETRY};
use crate::output::{count, percent};
use ask::Tally;
use cost::Estimate;
use journal::Journal;
use recipe::Recipe;
use request::Work;
use std::path::Path;
use std::process::ExitCode;
use tokenmill_store::location::Location;

/// Label a sample of documents by a language model
#[derive(clap::Args)]
#[command(after_help = "\
The recipe names documents, a prompt and a service; the sample is chosen by hash, so many of every stratum, and is the same
for the same documents in any order.

  [labels]
  output = \"labels/quality.parquet\"
  prompt = \"configs/prompts/quality.toml\"

  [sample]
  inputs      = [\"runs/web-en\"]          # documents that a run has kept, or JSONL, Parquet and CSV files
  by          = [\"lang\"]                 # strata; also site, host, kind, columns, metrics such as \"lang.id.score\"
  per_stratum = 500

  [endpoint]
  url     = \"http://localhost:8000/v1\"   # whatever answers to /chat/completions
  model   = \"llama-3.3-70b-instruct\"
  key_env = \"LLM_KEY\"                    # the variable that holds the key, if one is needed

  [request]                              # other fields of the request; these two stand unless you say otherwise
  temperature = 0                        # \"default\" leaves it out, for models that take none
  max_tokens  = 300                      # or max_completion_tokens; thoughts count

  [price]                                # leave it out where nothing is paid
  input_per_million  = 0.5
  output_per_million = 1.5
  max_cost           = 20.0

Every answer is in the journal (`labels/quality.parquet.journal`) before the next question is asked, by document, prompt and
model. Kill it, start it again: nothing that was answered is asked again. Another prompt or model is another question.

Examples:
  tokenmill annotate quality.toml --dry-run                     what it will cost, and the first request
  tokenmill annotate quality.toml                               ask, and write the table
  tokenmill annotate quality.toml --write-batch requests.jsonl  for /v1/batches, at half the price
  tokenmill annotate quality.toml --read-batch output.jsonl
  tokenmill inspect labels labels/quality.parquet               look at them

Exit codes: 0 nothing is left to ask, 1 too many answers cannot be read, 2 usage, 75 some are not answered yet: run it again")]
pub struct Args {
    /// The recipe
    recipe: String,
    /// Show the sample, the cost and the first request, and ask nothing
    #[arg(long)]
    dry_run: bool,
    /// Spend what it takes, where the recipe has prices and no `max_cost`
    #[arg(long)]
    yes: bool,
    /// Ask this model instead
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Write this table instead
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,
    /// Write the requests that are to be done into a batch file, and ask nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "read_batch"])]
    write_batch: Option<String>,
    /// Read what came back of a batch: its output, and its error file
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "dry_run")]
    read_batch: Vec<String>,
    /// Ask again what is in batch files of this prompt and model and has not come back
    #[arg(long, conflicts_with = "dry_run")]
    forget_batches: bool,
}

/// Labels.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let recipe = Recipe::read(&args.recipe, |recipe| {
        if let Some(model) = &args.model {
            recipe.endpoint.model.clone_from(model);
        }
        if let Some(output) = &args.output {
            // The journal stays where it is: it keeps models apart.
            let before = std::mem::replace(&mut recipe.labels.output, output.clone());
            recipe.labels.journal.get_or_insert(format!("{before}.journal"));
        }
    })?;
    let (prompt, journal) = (recipe.prompt()?, recipe.journal()?);
    let gathered = gather::gather(&recipe)?;
    let summary = gathered.summary();
    let work = Work::new(recipe, prompt, gathered.documents);
    let model = work.recipe.endpoint.model.clone();
    if args.dry_run {
        print!("{summary}{}", dry_run(&work, &journal)?);
        return Ok(ExitCode::SUCCESS);
    }
    check_output(&work.recipe.labels.output)?;
    eprint!("{summary}");
    let journal = Journal::open(&journal, &work.digest, &model)?;
    if journal.known().n_damaged > 0 {
        eprintln!("{} lines of the journal cannot be read and are passed over", count(journal.known().n_damaged));
    }
    if !args.read_batch.is_empty() {
        batch::read(&work, &journal, &args.read_batch)?;
    }
    if args.forget_batches {
        journal.forget_batches()?;
    }
    if !args.read_batch.is_empty() {
        return finish(&work, &journal, &Tally::default());
    }
    let (to_do, estimate) = {
        let known = journal.known();
        let to_do = work.to_do(&known);
        let estimate = Estimate::new(&work, &known, &to_do);
        (to_do, estimate)
    };
    eprint!("{}", estimate.summary());
    estimate.check(args.yes)?;
    if let Some(path) = &args.write_batch {
        batch::write(&work, &journal, &to_do, path)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut tally = match to_do.requests.is_empty() {
        true => Tally::default(),
        false => ask::ask(&work, &journal, to_do.requests)?,
    };
    if let (Some(_), None) = (&tally.fatal, journal.known().all().next()) {
        // Nothing to write, perhaps over the table of another model.
        return tally.fatal.take().map_or(Ok(ExitCode::SUCCESS), Err);
    }
    // Whatever ended it, what was answered is in the table.
    let ended = finish(&work, &journal, &tally);
    tally.fatal.take().map_or(ended, Err)
}

/// What would be asked.
fn dry_run(work: &Work, journal: &Path) -> Result<String, Failure> {
    let known = Journal::look(journal, &work.digest, &work.recipe.endpoint.model)?;
    let to_do = work.to_do(&known);
    let mut out = Estimate::new(work, &known, &to_do).summary();
    if let Some(request) = to_do.requests.first() {
        let at_once = work.recipe.endpoint.concurrency;
        out += &format!(
            "{at_once} at once; how long it takes is told when the first answers are there\n\nprompt `{}`, digest {}\nPOST {}\n{:#}\n",
            work.prompt.name,
            work.digest,
            work.recipe.address(),
            work.body(request)
        );
    }
    Ok(out)
}

/// A table that cannot be written must not be found out when the answers are paid.
fn check_output(output: &str) -> Result<(), Failure> {
    match Location::parse(output)? {
        Location::Local(path) if path.parent().is_some_and(|p| !p.as_os_str().is_empty() && !p.is_dir()) => {
            Err(Failure::usage(format!("cannot write `{output}`: its folder does not exist")))
        }
        Location::Web => Err(Failure::usage(format!("cannot write `{output}`: give a path or an `s3://` address"))),
        _ => Ok(()),
    }
}

/// Writes the table and says how it went.
fn finish(work: &Work, journal: &Journal, tally: &Tally) -> Result<ExitCode, Failure> {
    let known = journal.known();
    let labels = &work.recipe.labels;
    let summary = table::write(work, &known)?;
    print!("{}", summary.text(&labels.output));
    if tally.n_again > 0 {
        eprintln!("{} requests were sent again", count(tally.n_again as u64));
    }
    for (n, what, why) in [
        (tally.refused.0, "were refused, the first one", &tally.refused.1),
        (tally.given_up.0, "got no answer, the last one", &tally.given_up.1),
    ] {
        if n > 0 {
            eprintln!("{} {what}: {why}", count(n as u64));
        }
    }
    if tally.is_spent {
        eprintln!("hint: `price.max_cost` is spent; raise it to go on");
    }
    let files = known.files_out();
    if !files.is_empty() {
        let names: Vec<String> = files.iter().map(|file| format!("`{file}`")).collect();
        eprintln!("hint: batches have not come back: {}; see `--read-batch` and `--forget-batches`", names.join(", "));
    }
    let limit = labels.max_unreadable.filter(|limit| summary.unreadable_share() > *limit);
    if let Some(limit) = limit {
        let (n, n_all) = (summary.unreadable.values().sum(), summary.n_labels);
        eprintln!(
            "error: {} of the answers cannot be read, `labels.max_unreadable` is {limit}\n\
             hint: see them with `tokenmill inspect labels {} --unreadable`",
            percent(n, n + n_all),
            labels.output
        );
        return Ok(ExitCode::from(FOUND_PROBLEMS));
    }
    if summary.n_missing > 0 {
        eprintln!("hint: the same command goes on with what is not answered yet");
        return Ok(ExitCode::from(RETRY));
    }
    Ok(ExitCode::SUCCESS)
}
