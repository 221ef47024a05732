//! `cargo xtask soak`: kills and store faults over a small run until there have been enough; prints what was survived.
#![expect(clippy::disallowed_methods, reason = "it tells how long it took")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its user")]

use std::process::ExitCode;
use std::time::Instant;

use support::{Crawl, Gateway, Goal, Survived, soak};

/// What runs: a scan, exchanges, two map phases, shards.
const RECIPE: &str = "tests/recipes/dedup.toml";

fn main() -> ExitCode {
    let mut goal = Goal { kills: 500, faults: 5_000, seed: 1 };
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    for pair in arguments.chunks(2) {
        let number = pair.get(1).and_then(|number| number.parse().ok());
        match (pair[0].as_str(), number) {
            ("--kills", Some(number)) => goal.kills = number,
            ("--faults", Some(number)) => goal.faults = number,
            ("--seed", Some(number)) => goal.seed = number,
            _ => {
                eprintln!("error: say `cargo xtask soak [--kills N] [--faults N] [--seed N]`");
                return ExitCode::from(2);
            }
        }
    }
    let started = Instant::now();
    let mut crawl = Crawl::new(Gateway::shared(), "soak", RECIPE, &[]);
    let survived = soak(&mut crawl, &goal, |survived| println!("{}", line(survived)));
    println!("survived in {:.0} s: {}", started.elapsed().as_secs_f64(), line(&survived));
    println!("requests and faults: {:?}", survived.requests);
    println!(
        "after every run: equal to the undisturbed one, in = kept + dropped, digests right, one commit for each task, nothing unnamed left"
    );
    ExitCode::SUCCESS
}

fn line(survived: &Survived) -> String {
    let Survived { rounds, processes, kills, gave_up, done_again, .. } = survived;
    let faults = survived.faults();
    format!(
        "{rounds} runs, {kills} kills, {faults} faults, {processes} processes, of which {gave_up} gave up, {done_again} tasks done again"
    )
}
