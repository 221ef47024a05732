//! The contract of array jobs: which tasks a process does, and what its exit code says.

use support::{Ran, Sandbox};

const DONE: i32 = 0;
const USAGE: i32 = 2;
const BAD_INPUT: i32 = 65;
const TRY_AGAIN: i32 = 75;

/// Three input files of its own, so that some can be taken away.
const INPUTS: [&str; 3] = ["part-00002.warc.gz", "part-00003.warc", "part-00004.warc.zst"];

/// A run of which nothing is done; it has a task for each input.
fn begun() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.edit("fixtures/mini-crawl/part-*", "crawl/part-*");
    sandbox.copy_inputs(&INPUTS);
    assert_eq!(sandbox.tokenmill(&["task", "--begin", "recipe.toml"]).ok().trim(), INPUTS.len().to_string());
    sandbox
}

/// A process of the first phase, with these arguments and variables.
fn task(sandbox: &Sandbox, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = sandbox.command(&[&["task", "--plan", "runs/mini", "--phase", "0"], arguments].concat());
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// How many tasks of the first phase are committed.
fn n_committed(sandbox: &Sandbox) -> usize {
    sandbox.made().keys().filter(|path| path.starts_with("p1-") && path.contains("/commit/")).count()
}

#[test]
fn every_scheduler_may_say_which_task_it_is() {
    for (at, name) in
        ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"].into_iter().enumerate()
    {
        let sandbox = begun();
        let index = at.to_string();
        let by_variable = task(&sandbox, &[], &[(name, &index)]).ok();
        assert_eq!(by_variable, task(&sandbox, &["--index", &index], &[]).ok(), "{name}");
        assert_eq!(n_committed(&sandbox), 1);
        task(&sandbox, &[], &[(name, "many")]).code(USAGE);
    }
    let ran = task(&begun(), &[], &[]).code(USAGE);
    assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
}

#[test]
fn offset_and_pack_divide_a_phase_and_end_with_it() {
    let sandbox = begun();
    let all = task(&sandbox, &["--index", "0", "--pack", "100"], &[]).ok();
    assert_eq!(all.lines().count(), INPUTS.len());
    let job = |index: &str, pack: &str, offset: &str| {
        task(&sandbox, &["--pack", pack], &[("SLURM_ARRAY_TASK_ID", index), ("TOKENMILL_TASK_OFFSET", offset)])
    };
    assert_eq!([job("0", "2", "0").ok(), job("1", "2", "0").ok()].concat(), all);
    assert_eq!(job("0", "2", "1").ok(), all.lines().skip(1).map(|line| format!("{line}\n")).collect::<String>());
    assert_eq!(job("0", "1", "2").ok(), task(&sandbox, &["--index", "0", "--offset", "2"], &[]).ok());
    let ran = job("2", "2", "0").code(USAGE);
    assert!(ran.stderr.contains("no task 4"), "{}", ran.stderr);
}

#[test]
fn a_list_names_tasks_and_an_index_counts_in_it() {
    let sandbox = begun();
    let in_array = [("JOB_COMPLETION_INDEX", "1")];
    let both = task(&sandbox, &["--tasks", "0,2"], &in_array).ok();
    assert_eq!((both.lines().count(), n_committed(&sandbox)), (2, 2));
    let second = task(&sandbox, &["--tasks", "0,2", "--pack", "1"], &in_array).ok();
    assert_eq!(Some(second.trim()), both.lines().nth(1));
    task(&sandbox, &["--tasks", "2-0"], &[]).code(USAGE);
    task(&sandbox, &["--tasks", "7"], &[]).code(USAGE);
}

#[test]
fn threads_share_a_process_and_change_nothing() {
    let [one, three] = [Sandbox::new(), Sandbox::new()];
    for sandbox in [&one, &three] {
        sandbox.tokenmill(&["task", "--begin", "recipe.toml"]).ok();
    }
    task(&one, &["--tasks", "0-2"], &[]).ok();
    task(&three, &["--tasks", "0-2", "--threads", "3"], &[]).ok();
    assert_eq!(one.made(), three.made());
    assert_eq!(n_committed(&three), 3);
}

#[test]
fn a_plan_may_be_named_by_its_file() {
    let sandbox = begun();
    sandbox.tokenmill(&["task", "--plan", "runs/mini/plan.json", "--phase", "0", "--index", "0"]).ok();
    assert_eq!(n_committed(&sandbox), 1);
}

#[test]
fn a_task_that_would_fail_again_says_so_and_the_others_are_done() {
    let sandbox = begun();
    let lost = sandbox.path().join("crawl").join(INPUTS[1]);
    std::fs::rename(&lost, sandbox.path().join("lost")).unwrap();
    let ran = task(&sandbox, &["--tasks", "0-2"], &[]).code(BAD_INPUT);
    assert!(ran.stderr.contains(INPUTS[1]), "{}", ran.stderr);
    assert_eq!((n_committed(&sandbox), ran.stdout.lines().count()), (2, 2));
    task(&sandbox, &["--index", "1"], &[]).code(BAD_INPUT);
    std::fs::rename(sandbox.path().join("lost"), &lost).unwrap();
    task(&sandbox, &["--tasks", "0-2"], &[]).code(DONE);
}

#[test]
fn a_machine_that_fails_asks_for_another_try() {
    let sandbox = begun();
    // A folder that is a file: nothing can be stored, and another machine may be able to.
    let folder = std::fs::read_dir(sandbox.run_folder()).unwrap().map(|entry| entry.unwrap().path());
    let folder =
        folder.into_iter().find(|path| path.file_name().unwrap().to_string_lossy().starts_with("p1-")).unwrap();
    std::fs::write(folder.join("docs"), "").unwrap();
    let ran = task(&sandbox, &["--tasks", "0-1"], &[]).code(TRY_AGAIN);
    assert!(ran.stderr.contains("2 of 2 tasks have failed"), "{}", ran.stderr);
    std::fs::remove_file(folder.join("docs")).unwrap();
    task(&sandbox, &["--tasks", "0-1"], &[]).code(DONE);
}
