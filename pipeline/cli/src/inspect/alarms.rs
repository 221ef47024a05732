//! `tokenmill inspect alarms`: steps that removed almost all of one source, language or domain.

use super::manifests;
use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::house::open_run;
use crate::output::count;
use std::borrow::Borrow;
use std::process::ExitCode;
use tokenmill_engine::alarm::{AlarmLimits, alarms};
use tokenmill_store::{Manifest, Store};

/// Bytes that counts may take while they are added up.
const MEMORY: u64 = 256 << 20;
/// Alarms that are printed of one phase.
const MOST: usize = 10;

/// Steps that removed almost all of one source, language or domain; exit code 1 if there are any
#[derive(clap::Args)]
#[command(after_help = "Example:\n  tokenmill inspect alarms runs/quickstart --share 0.8")]
pub struct Args {
    /// The run directory
    run: String,
    /// Share of the documents that reach a step, removed by it, from which on
    #[arg(long, default_value_t = AlarmLimits::default().share)]
    share: f64,
    /// Documents that reach the step, at least
    #[arg(long, default_value_t = AlarmLimits::default().documents)]
    documents: u64,
}

/// Prints the alarms.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let store = open_run(&args.run)?;
    let limits = AlarmLimits { share: args.share, documents: args.documents };
    let text = text(&*store, &manifests(&*store)?, limits)?;
    if text.is_empty() {
        println!("no alarms");
        return Ok(ExitCode::SUCCESS);
    }
    print!("{text}");
    Ok(ExitCode::from(FOUND_PROBLEMS))
}

/// The alarms of some phases, a line each; empty if there are none.
pub fn text(store: &dyn Store, manifests: &[impl Borrow<Manifest>], limits: AlarmLimits) -> Result<String, Failure> {
    let mut out = String::new();
    for manifest in manifests.iter().map(Borrow::borrow) {
        let found = alarms(store, manifest, limits, MEMORY)?;
        for alarm in found.iter().take(MOST) {
            let share = 100.0 * alarm.n_removed as f64 / alarm.n_in as f64;
            out.push_str(&format!(
                "ALARM: `{}` removed {share:.1} % of the {} documents of the {} `{}`\n",
                alarm.step,
                count(alarm.n_in),
                alarm.kind,
                alarm.name
            ));
        }
        if found.len() > MOST {
            out.push_str(&format!("ALARM: … and of {} more groups in {}\n", found.len() - MOST, manifest.phase));
        }
    }
    Ok(out)
}
