//! A tiny training run on a real mix, killed and resumed on other numbers of ranks, sees what an undisturbed one sees.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::{Mixed, package, python, said, unittest};

const N_STEPS: usize = 60;

/// The training program, at work on a set in a folder of its own.
fn train(set: &Path, folder: &Path, world: usize) -> Command {
    let mut train = package(python());
    train.arg("train_tiny.py").arg(set).arg(folder).args(["--batch", "6", "--every", "7"]);
    train.args(["--steps", &N_STEPS.to_string(), "--world", &world.to_string()]);
    train.stdout(Stdio::null());
    train
}

/// All lines of a log, by step; a step that is logged twice must be logged the same.
fn steps(folder: &Path) -> BTreeMap<usize, serde_json::Value> {
    let mut steps = BTreeMap::new();
    let log = std::fs::read_to_string(folder.join("log.jsonl")).unwrap_or_default();
    for line in log.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let step = line["step"].as_u64().unwrap() as usize;
        let first = steps.entry(step).or_insert_with(|| line.clone());
        assert_eq!(*first, line, "step {step} was done twice");
    }
    steps
}

#[test]
fn the_package_passes_its_own_drill() {
    let report = unittest(python(), &["test_training"]);
    assert!(report.contains("Ran 4 tests"), "{report}");
}

#[test]
fn a_killed_run_on_a_mix_sees_what_an_undisturbed_one_sees() {
    let mixed = Mixed::new();
    let (calm, killed) = (mixed.path().join("calm"), mixed.path().join("killed"));
    said(&mut train(&mixed.run_folder(), &calm, 1));
    let expected = steps(&calm);
    assert_eq!(expected.len(), N_STEPS);
    let phases: Vec<&str> = expected.values().filter_map(|line| line["phase"].as_str()).collect();
    assert!(phases.contains(&"main") && phases.contains(&"long"), "{phases:?}");
    let loss = |step: usize| expected[&step]["loss"].as_f64().unwrap();
    assert!(loss(N_STEPS) < loss(1), "from {} to {}", loss(1), loss(N_STEPS));

    for (world, at) in [(2, 11), (3, 33)] {
        let mut running = train(&mixed.run_folder(), &killed, world).args(["--pause", "0.02"]).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(120);
        while !steps(&killed).contains_key(&at) {
            assert!(
                Instant::now() < deadline && running.try_wait().unwrap().is_none(),
                "it does not come to step {at}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        running.kill().unwrap();
        running.wait().unwrap();
        assert!(steps(&killed).len() < N_STEPS, "it ended before it was killed");
    }
    said(&mut train(&mixed.run_folder(), &killed, 4));
    assert_eq!(steps(&killed), expected);
}
