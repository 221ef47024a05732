//! `tokenmill status`: how far a run is, from commits alone.

mod json;
mod text;

use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::house::open_run;
use std::collections::VecDeque;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;
use tokenmill_engine::run::{PhaseStatus, Watcher};
use tokenmill_store::retry::wait;

/// Commits of a phase that are asked for at each look but the first.
const ASKED: usize = 1_000;

/// Failures that are kept apart as told, at most; older ones may be told again.
const MAX_TOLD: usize = 10_000;

/// Show how far a run is, how fast it goes and what failed; exit code 1 while it is not finished
#[derive(clap::Args)]
#[command(after_help = "\
What is done is known from commits, each asked for by its name. Rates and failures come from the records that attempts
leave under `.attempts/` in the run directory.

Examples:
  tokenmill status runs/quickstart
  tokenmill status s3://bucket/runs/x --watch           until the run is finished
  tokenmill status runs/quickstart --json               one JSON document; with --watch, one a line")]
pub struct Args {
    /// The run directory
    run: String,
    /// Look again and again until the run is finished
    #[arg(long)]
    watch: bool,
    /// With --watch: seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = parse_every)]
    every: f64,
    /// One JSON document instead of a table
    #[arg(long)]
    json: bool,
}

/// Prints how far the run is, once or until it is finished.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let store = open_run(&args.run)?;
    let mut watcher = Watcher::new(&*store);
    let mut phases = watcher.look(usize::MAX)?;
    if !args.watch {
        match args.json {
            true => println!("{:#}", json::status(&args.run, &phases)),
            false => print!("{}", text::table_of(&phases)),
        }
        return Ok(exit_code(&phases));
    }
    let mut screen = Screen { is_terminal: std::io::stdout().is_terminal(), ..Screen::default() };
    loop {
        match args.json {
            true => println!("{}", json::status(&args.run, &phases)),
            false => screen.show(&args.run, &phases),
        }
        // Who reads this through a pipe wants it now.
        let _ = std::io::stdout().flush();
        if is_finished(&phases) {
            return Ok(ExitCode::SUCCESS);
        }
        wait(Duration::from_secs_f64(args.every));
        phases = watcher.look(ASKED)?;
    }
}

fn is_finished(phases: &[PhaseStatus]) -> bool {
    phases.iter().all(|phase| phase.is_finished)
}

fn exit_code(phases: &[PhaseStatus]) -> ExitCode {
    if is_finished(phases) { ExitCode::SUCCESS } else { ExitCode::from(FOUND_PROBLEMS) }
}

/// What has been shown.
#[derive(Default)]
struct Screen {
    is_terminal: bool,
    lines: Vec<String>,
    told: VecDeque<String>,
}

impl Screen {
    /// Draws the table again on a terminal; elsewhere one line for each change.
    fn show(&mut self, run: &str, phases: &[PhaseStatus]) {
        if self.is_terminal {
            // Home, and clear what is below.
            print!("\x1b[H\x1b[J{run}\n\n{}", text::table_of(phases));
            return;
        }
        for (at, phase) in phases.iter().enumerate() {
            let line = text::line(phase);
            self.lines.resize_with(self.lines.len().max(at + 1), String::new);
            if self.lines[at] != line {
                // How fast it goes is told with what is done, and is no news by itself.
                println!("{}", text::with_rate(&line, phase));
                self.lines[at] = line;
            }
        }
        for line in phases.iter().flat_map(text::failures) {
            if !self.told.contains(&line) {
                println!("{line}");
                self.told.push_back(line);
            }
        }
        while self.told.len() > MAX_TOLD {
            self.told.pop_front();
        }
    }
}

fn parse_every(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.05..=86_400.0).contains(seconds));
    seconds.ok_or_else(|| format!("`{text}` is no number of seconds from 0.05 to 86400"))
}
