//! `tokenmill plan`: phases, steps with every default, tasks, and what they will take, before anything runs.

mod table;

use crate::failure::Failure;
use crate::house::{RecipeArgs, open_run, shared_assets};
use serde_json::json;
use std::process::ExitCode;
use tokenmill_engine::plan::{PhaseEstimate, Prices, estimate, estimate_like, explain};
use tokenmill_engine::{Plan, Spec};
use tokenmill_store::{Inputs, Task};

/// Explain what a recipe will do, and estimate what it will take; reads no document
#[derive(clap::Args)]
#[command(after_help = "\
Estimates take the sizes of the input files, and ratios that were measured on other data: see docs/benchmarks. All documents
are taken to be kept. A run over some of the files says more:

  tokenmill run configs/web-en.toml --set run.name=sample --set 'source.paths=[\"some/*.warc.gz\"]'
  tokenmill plan configs/web-en.toml --like runs/sample

Examples:
  tokenmill plan configs/web-en.toml
  tokenmill plan configs/web-en.toml --core-hour-usd 0.013 --json")]
pub struct Args {
    #[command(flatten)]
    recipe: RecipeArgs,
    /// Estimate by what this run took, for the phases that it has finished
    #[arg(long, value_name = "RUN")]
    like: Option<String>,
    /// One JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    prices: PriceArgs,
}

/// Prices in dollars: AWS list prices in us-east-1, on demand. Yours may differ.
#[derive(clap::Args)]
#[command(next_help_heading = "Prices in dollars (AWS list prices, us-east-1)")]
struct PriceArgs {
    /// An hour of a core
    #[arg(long, value_name = "USD", default_value_t = 0.04, value_parser = price)]
    core_hour_usd: f64,
    /// An hour of a GPU: an eighth of a p5.48xlarge
    #[arg(long, value_name = "USD", default_value_t = 6.88, value_parser = price)]
    gpu_hour_usd: f64,
    /// 1,000 reads of S3 Standard
    #[arg(long, value_name = "USD", default_value_t = 0.0004, value_parser = price)]
    get_usd: f64,
    /// 1,000 writes of S3 Standard
    #[arg(long, value_name = "USD", default_value_t = 0.005, value_parser = price)]
    put_usd: f64,
}

impl PriceArgs {
    fn prices(&self) -> Prices {
        let PriceArgs { core_hour_usd, gpu_hour_usd, get_usd, put_usd } = *self;
        Prices { core_hour: core_hour_usd, gpu_hour: gpu_hour_usd, get_1000: get_usd, put_1000: put_usd }
    }
}

fn price(text: &str) -> Result<f64, String> {
    let price = text.parse::<f64>().ok().filter(|price| (0.0..1e9).contains(price));
    price.ok_or_else(|| format!("`{text}` is no price"))
}

/// Prints the plan.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let spec = args.recipe.read()?;
    let plan = Plan::new(&spec, &shared_assets()?)?;
    let first = first_tasks(&plan)?;
    let estimates = match &args.like {
        None => estimate(&plan, &first),
        Some(run) => estimate_like(&plan, &first, &*open_run(run)?)?,
    };
    let prices = args.prices.prices();
    if args.json {
        println!("{:#}", document(&spec, &estimates, &prices));
        return Ok(ExitCode::SUCCESS);
    }
    print!("{}\n{}", explain(&spec, &plan, &first), table::text(&estimates, &prices, args.like.as_deref()));
    Ok(ExitCode::SUCCESS)
}

/// The tasks of the first phase, which are known before anything runs.
fn first_tasks(plan: &Plan) -> Result<Vec<Task>, Failure> {
    let first = plan.phases.first().map(|planned| planned.phase.tasks(&planned.fingerprint, &Inputs::none()));
    Ok(first.transpose()?.unwrap_or_default())
}

fn document(spec: &Spec, estimates: &[PhaseEstimate], prices: &Prices) -> serde_json::Value {
    let phase = |estimate: &PhaseEstimate| {
        let mut value = serde_json::to_value(estimate).unwrap_or_default();
        value["usd"] = prices.of(estimate).into();
        value
    };
    json!({
        "run": spec.name,
        "root": spec.root,
        "seed": spec.seed,
        "prices": prices,
        "usd": estimates.iter().map(|estimate| prices.of(estimate)).sum::<f64>(),
        "phases": estimates.iter().map(phase).collect::<Vec<_>>(),
    })
}
