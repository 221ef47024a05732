//! Whenever the program dies, the next run ends as if nothing had happened.

use std::collections::BTreeMap;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use support::{RECIPES, Sandbox};
use tokenmill_store::fault::POINTS;

/// How many kills must have hit a run at work.
const MIN_KILLS: usize = 20;

fn undisturbed(recipe: &str) -> BTreeMap<String, String> {
    let sandbox = Sandbox::of(recipe);
    sandbox.run(&["--threads", "2"]);
    sandbox.made()
}

fn quietly(mut command: Command) -> Command {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
fn dying_at_every_step_of_a_commit_loses_nothing() {
    RECIPES.into_iter().for_each(die_at_every_step);
}

fn die_at_every_step(recipe: &str) {
    let expected = undisturbed(recipe);
    for point in POINTS {
        let mut n_deaths = 0;
        // The first pass, and some in the middle of the run.
        for pass in [1, 2, 5, 12, 31] {
            let sandbox = Sandbox::of(recipe);
            let mut command = quietly(sandbox.command(&["run", "recipe.toml", "--threads", "2"]));
            let status = command.env("TOKENMILL_FAILPOINT", format!("{point}:{pass}")).status().unwrap();
            n_deaths += usize::from(died(status));
            sandbox.run(&["--threads", "2"]);
            assert_eq!(sandbox.made(), expected, "after a death at pass {pass} of `{point}`");
        }
        assert!(n_deaths > 0, "no run passes `{point}`");
    }
}

#[test]
fn kills_at_random_moments_lose_nothing() {
    RECIPES.into_iter().for_each(kill_at_random_moments);
}

fn kill_at_random_moments(recipe: &str) {
    let expected = undisturbed(recipe);
    let full = Duration::from_millis(duration_of_a_run(recipe));
    let mut random = 0x5eed_u64;
    let mut n_kills = 0;
    while n_kills < MIN_KILLS {
        let sandbox = Sandbox::of(recipe);
        // Several kills in a row on one run directory, each of which finds the work of the last.
        for _ in 0..4 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let delay = full.mul_f64(0.1 + 0.9 * (random >> 40) as f64 / (1_u64 << 24) as f64);
            let mut child = quietly(sandbox.command(&["run", "recipe.toml", "--threads", "2"])).spawn().unwrap();
            std::thread::sleep(delay);
            // A run that has ended by itself was not hit, nor was one that had not begun its first task.
            let was_running = child.try_wait().unwrap().is_none();
            let had_begun = sandbox.run_folder().join("plan.json").exists();
            child.kill().unwrap();
            child.wait().unwrap();
            n_kills += usize::from(was_running && had_begun);
            if !was_running {
                break;
            }
        }
        sandbox.run(&["--threads", "2"]);
        assert_eq!(sandbox.made(), expected, "after {n_kills} kills");
        sandbox.tokenmill(&["audit", "runs/mini"]).ok();
    }
}

/// Milliseconds that a whole run takes here and now.
fn duration_of_a_run(recipe: &str) -> u64 {
    let sandbox = Sandbox::of(recipe);
    let start = Instant::now();
    sandbox.run(&["--threads", "2"]);
    start.elapsed().as_millis() as u64
}

#[cfg(unix)]
fn died(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    status.signal().is_some()
}
