//! Whole runs as jobs: every scheduler makes the same files as one process, whatever is lost on the way.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use support::{LOST, Mixes, RECIPES, Ran, Sandbox, Scheduler, Start};
use tokenmill_store::fault::POINTS;

const FOUND_PROBLEMS: i32 = 1;
const USAGE: i32 = 2;
const BAD_INPUT: i32 = 65;

const BATCH: [&str; 4] = ["--option", "queue=main", "--option", "image=tokenmill"];

fn made_by_run(recipe: &str) -> BTreeMap<String, String> {
    let sandbox = Sandbox::of(recipe);
    sandbox.run(&[]);
    sandbox.made()
}

fn submit(sandbox: &Sandbox, scheduler: &Scheduler, arguments: &[&str]) -> Ran {
    let mut command = sandbox.command(&[&["submit"], arguments].concat());
    ran(scheduler.seen_by(&mut command))
}

fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// What is done to the processes of a run: some are lost with their machines before they begin, some die in a commit.
fn lose_some(start: Start<'_>) {
    // Planners are lost with their machines like others; what they do in between, they do by themselves.
    let is_planner = start.job.content.contains("submit --plan") || start.job.content.contains("\"submit\"");
    match ((start.job.number * 7 + start.index * 3 + start.attempt) % 5, is_planner) {
        (0, _) => *start.command = Command::new(LOST),
        (1, false) => {
            start.command.env("TOKENMILL_FAILPOINT", format!("{}:1", POINTS[start.index % POINTS.len()]));
        }
        _ => {}
    }
}

#[test]
fn processes_of_this_machine_make_the_same_files_as_one_process() {
    for recipe in RECIPES {
        let sandbox = Sandbox::of(recipe);
        sandbox.tokenmill(&["submit", "recipe.toml", "--engine", "local", "--parallel", "3"]).ok();
        assert_eq!(sandbox.made(), made_by_run(recipe), "{recipe}");
        sandbox.tokenmill(&["audit", "runs/mini"]).ok();
        let again = sandbox.tokenmill(&["submit", "recipe.toml", "--engine", "local"]).code(0);
        assert!(again.stderr.contains("the run has ended") && !again.stderr.contains("jobs"), "{}", again.stderr);
    }
}

#[test]
fn a_mix_is_submitted_like_a_recipe() {
    let mixes = Mixes::new();
    mixes.run(&[]);
    let at_once = mixes.made();
    mixes.forget();
    mixes.tokenmill(&["submit", "mix.toml", "--engine", "local"]).ok();
    assert_eq!(mixes.made(), at_once);
}

#[test]
fn jobs_that_die_in_every_commit_are_given_up_and_their_work_is_found_later() {
    let expected = made_by_run(RECIPES[0]);
    let mut n_given_up = 0;
    for point in POINTS {
        let sandbox = Sandbox::new();
        // Only the tasks die, and not the process that starts them.
        let program = sandbox.path().join("dying.sh");
        let script = format!("#!/bin/sh\nTOKENMILL_FAILPOINT={point}:1 exec {} \"$@\"\n", support::binary().display());
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let dying = ["submit", "recipe.toml", "--engine", "local", "--attempts", "2", "--program", "./dying.sh"];
        let dying = sandbox.tokenmill(&dying);
        // Who dies after the commit has done the work.
        if dying.code != Some(0) {
            let dying = dying.code(FOUND_PROBLEMS);
            assert!(dying.stderr.contains("not committed after 2 attempts"), "{}", dying.stderr);
            n_given_up += 1;
        }
        sandbox.tokenmill(&["submit", "--plan", "runs/mini", "--engine", "local"]).ok();
        assert_eq!(sandbox.made(), expected, "{point}");
    }
    assert!(n_given_up >= 2, "{n_given_up}");
}

#[test]
fn a_killed_submit_is_gone_on_with() {
    let expected = made_by_run(RECIPES[0]);
    let mut n_kills = 0;
    for milliseconds in (30..).step_by(60).take(12) {
        let sandbox = Sandbox::new();
        let mut command = sandbox.command(&["submit", "recipe.toml", "--engine", "local", "--parallel", "2"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(milliseconds));
        let was_running = child.try_wait().unwrap().is_none() && sandbox.run_folder().join("plan.json").exists();
        child.kill().unwrap();
        child.wait().unwrap();
        n_kills += usize::from(was_running);
        // Tasks that it has started may still be at work; they are in nobody's way.
        sandbox.tokenmill(&["submit", "recipe.toml", "--engine", "local"]).ok();
        assert_eq!(sandbox.made(), expected, "after {milliseconds} ms");
    }
    assert!(n_kills >= 3, "only {n_kills} kills have hit");
}

/// A run of three files, of which one is gone since it was planned.
fn with_a_lost_input(scheduler: &Scheduler, arguments: &[&str]) -> (Sandbox, Ran) {
    let sandbox = Sandbox::new();
    sandbox.edit("fixtures/mini-crawl/part-*", "crawl/part-*");
    sandbox.copy_inputs(&["part-00002.warc.gz", "part-00003.warc", "part-00004.warc.zst"]);
    sandbox.tokenmill(&["task", "--begin", "recipe.toml"]).ok();
    std::fs::rename(sandbox.path().join("crawl/part-00003.warc"), sandbox.path().join("lost")).unwrap();
    let ran = submit(&sandbox, scheduler, &[&["--plan", "runs/mini"], arguments].concat());
    (sandbox, ran)
}

fn n_commits(sandbox: &Sandbox) -> usize {
    sandbox.made().keys().filter(|path| path.contains("/commit/")).count()
}

#[test]
fn a_task_that_fails_for_good_stops_the_run_with_its_message() {
    let (sandbox, ran) = with_a_lost_input(&Scheduler::new(), &["--engine", "local", "--parallel", "1"]);
    let ran = ran.code(BAD_INPUT);
    assert!(ran.stderr.contains("would fail again") && ran.stderr.contains("part-00003.warc"), "{}", ran.stderr);
    assert_eq!(n_commits(&sandbox), 2, "the tasks beside it in the same job");
    std::fs::rename(sandbox.path().join("lost"), sandbox.path().join("crawl/part-00003.warc")).unwrap();
    sandbox.tokenmill(&["submit", "--plan", "runs/mini", "--engine", "local"]).ok();
    sandbox.tokenmill(&["status", "runs/mini"]).ok();
}

#[test]
fn slurm_chains_arrays_and_planners_whatever_is_lost() {
    let (sandbox, scheduler) = (Sandbox::new(), Scheduler::new());
    let engine = ["--engine", "slurm", "--job-minutes", "0", "--attempts", "9", "--option", "partition=cpu"];
    let ran = submit(&sandbox, &scheduler, &[&["recipe.toml"], &engine[..]].concat()).code(0);
    assert!(ran.stderr.contains("warning: "), "a folder that all machines must see: {}", ran.stderr);
    assert_eq!(ran.stdout.lines().count(), scheduler.jobs().len(), "{}", ran.stdout);
    let codes = scheduler.run_slurm(sandbox.path(), lose_some);
    assert_eq!(sandbox.made(), made_by_run(RECIPES[0]));
    let is_planner = |content: &str| content.contains(" submit --plan ");
    let jobs = scheduler.jobs();
    for job in &jobs {
        assert!(job.content.contains("#SBATCH --partition=cpu\n"), "{}", job.content);
        let waits = job.arguments.lines().find_map(|word| word.strip_prefix("--dependency=afterany:"));
        assert_eq!(waits.is_some(), is_planner(&job.content), "{}", job.arguments);
        if is_planner(&job.content) {
            assert_eq!(codes[&job.number], [Some(0)], "{}", job.content);
            // It waits for all arrays since the planner before it, and for nothing else.
            let arrays = jobs.iter().rev().skip_while(|other| other.number >= job.number);
            let arrays = arrays.take_while(|other| !is_planner(&other.content)).map(|other| other.number);
            let mut arrays: Vec<String> = arrays.map(|number| number.to_string()).collect();
            arrays.reverse();
            assert_eq!(waits, Some(arrays.join(":").as_str()));
        }
    }
    assert!(codes.values().flatten().filter(|code| **code != Some(0)).count() > 3, "too little was lost: {codes:?}");
}

#[test]
fn arrays_of_slurm_are_no_longer_than_it_takes() {
    let (sandbox, scheduler) = (Sandbox::new(), Scheduler::new());
    submit(&sandbox, &scheduler, &["recipe.toml", "--engine", "slurm", "--job-minutes", "0", "--parallel", "4"]).ok();
    let contents: Vec<String> = scheduler.jobs().into_iter().map(|job| job.content).collect();
    // Six tasks, arrays of at most three, each with its share of the four that may run.
    for (content, tasks) in contents.iter().zip(["--tasks 0-2 --pack 1", "--tasks 3-5 --pack 1"]) {
        assert!(content.contains("#SBATCH --array=0-2%2\n") && content.contains(tasks), "{content}");
    }
    assert_eq!(contents.len(), 3);
}

#[test]
fn what_is_in_the_queue_of_slurm_is_not_submitted_again() {
    let (sandbox, scheduler) = (Sandbox::new(), Scheduler::new());
    let arguments = ["recipe.toml", "--engine", "slurm", "--job-minutes", "0"];
    let first = submit(&sandbox, &scheduler, &arguments).ok();
    let second = submit(&sandbox, &scheduler, &arguments).code(0);
    assert_eq!(first, second.stdout);
    assert!(second.stderr.contains("is there already"), "{}", second.stderr);
    assert_eq!(scheduler.jobs().len(), 3);
}

#[test]
fn slurm_stops_at_a_task_that_fails_for_good() {
    let scheduler = Scheduler::new();
    let (sandbox, ran) = with_a_lost_input(&scheduler, &["--engine", "slurm", "--job-minutes", "0"]);
    ran.ok();
    let codes = scheduler.run_slurm(sandbox.path(), |_| {});
    assert_eq!(codes, BTreeMap::from([(1, vec![Some(0), Some(BAD_INPUT), Some(0)]), (2, vec![Some(BAD_INPUT)])]));
}

#[test]
fn aws_batch_chains_arrays_and_planners_whatever_is_lost() {
    let (sandbox, scheduler) = (Sandbox::new(), Scheduler::new());
    let engine = ["recipe.toml", "--engine", "aws-batch", "--job-minutes", "0", "--attempts", "9"];
    submit(&sandbox, &scheduler, &[&engine[..], &BATCH].concat()).ok();
    let ended = scheduler.run_batch(sandbox.path(), lose_some);
    assert!(ended.values().all(|how| how == "SUCCEEDED"), "{ended:?}");
    assert_eq!(sandbox.made(), made_by_run(RECIPES[0]));
}

#[test]
fn aws_batch_stops_at_a_task_that_fails_for_good_and_is_gone_on_with() {
    let scheduler = Scheduler::new();
    let engine = [&["--engine", "aws-batch", "--job-minutes", "0"], &BATCH[..]].concat();
    let (sandbox, ran) = with_a_lost_input(&scheduler, &engine);
    ran.ok();
    let mut n_tries = 0;
    let ended = scheduler.run_batch(sandbox.path(), |start| n_tries += usize::from(start.index == 1));
    assert_eq!((n_tries, ended), (1, BTreeMap::from([(1, "FAILED".to_owned()), (2, "FAILED".to_owned())])));
    std::fs::rename(sandbox.path().join("lost"), sandbox.path().join("crawl/part-00003.warc")).unwrap();
    submit(&sandbox, &scheduler, &[&["--plan", "runs/mini"], &engine[..]].concat()).ok();
    let ended = scheduler.run_batch(sandbox.path(), |_| {});
    assert!(ended.iter().filter(|(number, _)| **number > 2).all(|(_, how)| how == "SUCCEEDED"), "{ended:?}");
    sandbox.tokenmill(&["status", "runs/mini"]).ok();
}

#[test]
fn kubernetes_is_stayed_with_to_the_end_whatever_is_lost() {
    let (sandbox, scheduler) = (Sandbox::new(), Scheduler::new());
    let ran = in_kubernetes(&sandbox, &scheduler, &["recipe.toml", "--attempts", "9"]);
    ran.code(0);
    assert_eq!(sandbox.made(), made_by_run(RECIPES[0]));
}

#[test]
fn kubernetes_stops_at_a_task_that_fails_for_good() {
    let scheduler = Scheduler::new();
    let (sandbox, ran) = with_a_lost_input(&scheduler, &["--engine", "slurm", "--dry-run"]);
    ran.ok();
    let ran = in_kubernetes(&sandbox, &scheduler, &["--plan", "runs/mini"]);
    let ran = ran.code(BAD_INPUT);
    assert!(ran.stderr.contains("part-00003.warc"), "{}", ran.stderr);
    assert_eq!(n_commits(&sandbox), 2);
}

/// Submits to Kubernetes, and runs what is submitted until the command has ended.
fn in_kubernetes(sandbox: &Sandbox, scheduler: &Scheduler, arguments: &[&str]) -> Ran {
    let engine = ["--engine", "kubernetes", "--option", "image=i", "--job-minutes", "0", "--poll", "0.02"];
    let mut command = sandbox.command(&[&["submit"], arguments, &engine].concat());
    let child = scheduler.seen_by(&mut command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let waiting = std::thread::spawn(move || child.wait_with_output().unwrap());
    scheduler.run_kubernetes(sandbox.path(), || !waiting.is_finished(), lose_some);
    let output = waiting.join().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

#[test]
fn a_dry_run_writes_nothing() {
    let (sandbox, scheduler) = (Sandbox::new(), Scheduler::new());
    for engine in ["local", "slurm", "ray"] {
        let said = submit(&sandbox, &scheduler, &["recipe.toml", "--engine", engine, "--dry-run"]).ok();
        assert!(said.contains("==> tm-mini-0-map-") && said.contains("0-5"), "{said}");
    }
    assert!(!sandbox.run_folder().exists() && scheduler.jobs().is_empty());
}

#[test]
fn what_is_written_can_be_submitted_by_hand() {
    let (sandbox, scheduler) = (Sandbox::new(), Scheduler::new());
    submit(&sandbox, &scheduler, &["recipe.toml", "--engine", "slurm", "--write", "jobs", "--job-minutes", "0"]).ok();
    assert!(scheduler.jobs().is_empty());
    let mut command = Command::new("bash");
    ran(scheduler.seen_by(command.arg("jobs/submit.sh").current_dir(sandbox.path()))).ok();
    // Written scripts are given by name and not by their content.
    let names: Vec<String> = scheduler.jobs().into_iter().map(|job| job.arguments).collect();
    let [first, second, planner] = &names[..] else { panic!("{names:?}") };
    assert!(first.contains("-c0.sbatch") && second.contains("-c1.sbatch"), "{names:?}");
    assert!(planner.contains("--dependency=afterany:1:2\n") && planner.contains("-next.sbatch"), "{planner}");
}

/// The files that `--write` makes, with what differs from run to run taken out.
fn written(sandbox: &Sandbox, arguments: &[&str]) -> BTreeMap<String, String> {
    submit(sandbox, &Scheduler::new(), &[&["recipe.toml", "--write", "jobs"], arguments].concat()).ok();
    let folder = std::fs::read_dir(sandbox.path().join("jobs")).unwrap();
    let file = |entry: Result<std::fs::DirEntry, std::io::Error>| {
        let path = entry.unwrap().path();
        let content = std::fs::read_to_string(&path).unwrap();
        let here = std::fs::canonicalize(sandbox.path()).unwrap().display().to_string();
        let content = content.replace(&here, "HERE").replace(&support::binary().display().to_string(), "TOKENMILL");
        (path.file_name().unwrap().to_string_lossy().into_owned(), content)
    };
    folder.map(file).collect()
}

/// The content of the only file whose name ends like this.
fn ending<'f>(files: &'f BTreeMap<String, String>, end: &str) -> &'f str {
    let found: Vec<&String> = files.iter().filter(|(name, _)| name.ends_with(end)).map(|(_, file)| file).collect();
    let [file] = found[..] else { panic!("{} files end with `{end}` among {:?}", found.len(), files.keys()) };
    file
}

#[test]
fn the_manifest_of_kubernetes_is_what_the_documentation_says() {
    let options =
        ["--option", "image=registry.example/tokenmill:1", "--option", "secret=aws", "--option", "namespace=crawl"];
    let more = ["--engine", "kubernetes", "--cores", "2", "--memory", "3GiB", "--disk", "10GiB", "--job-minutes", "0"];
    let storage = ["--s3-endpoint", "https://s3.example"];
    let sandbox = Sandbox::new();
    let files = written(&sandbox, &[&options[..], &more, &storage].concat());
    let job = ending(&files, "-c0.yaml");
    for line in [
        "  completionMode: Indexed\n  completions: 6\n  parallelism: 6\n  backoffLimitPerIndex: 2\n  maxFailedIndexes: 6\n",
        "          values:\n            - 2\n            - 65\n",
        "      - action: Ignore\n        onPodConditions:\n          - type: DisruptionTarget\n            status: \"True\"\n",
        "            - name: TOKENMILL_S3_ENDPOINT\n              value: \"https://s3.example\"\n",
        "          envFrom:\n            - secretRef:\n                name: aws\n",
        "              cpu: \"2\"\n              memory: \"3072Mi\"\n              ephemeral-storage: \"10240Mi\"\n",
        "            - \"--tasks\"\n            - \"0-5\"\n            - \"--pack\"\n            - \"1\"\n            - \"--threads\"\n",
    ] {
        assert!(job.contains(line), "no\n{line}\nin\n{job}");
    }
    let driver = ending(&files, "driver.yaml");
    for line in
        ["kind: Role\n", "namespace: crawl\n", "- create\n", "serviceAccountName: tokenmill-driver\n", "FailJob\n"]
    {
        assert!(driver.contains(line), "no\n{line}\nin\n{driver}");
    }
}

#[test]
fn no_secret_is_written_down() {
    for engine in
        [&["slurm"][..], &["ray"], &["kubernetes", "--option", "image=i"], &[&["aws-batch"], &BATCH[..]].concat()]
    {
        let sandbox = Sandbox::new();
        let arguments = [&["submit", "recipe.toml", "--write", "jobs", "--engine"], engine].concat();
        let mut command = sandbox.command(&arguments);
        command.envs([("AWS_ACCESS_KEY_ID", "first-secret"), ("AWS_SECRET_ACCESS_KEY", "second-secret")]);
        ran(command.env("AWS_SESSION_TOKEN", "third-secret").env("AWS_REGION", "eu-north-1")).ok();
        for entry in std::fs::read_dir(sandbox.path().join("jobs")).unwrap() {
            let content = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            assert!(!content.contains("-secret"), "{content}");
        }
    }
}

#[test]
fn jobs_of_aws_batch_are_tried_again_unless_that_is_no_use() {
    let sandbox = Sandbox::new();
    let more =
        ["--engine", "aws-batch", "--job-minutes", "0", "--cores", "2", "--memory", "4GiB", "--time-limit", "30"];
    let files = written(&sandbox, &[&more[..], &BATCH].concat());
    let job: serde_json::Value = serde_json::from_str(ending(&files, "-c0.json")).unwrap();
    assert_eq!(job["arrayProperties"]["size"], 6);
    assert_eq!(job["timeout"]["attemptDurationSeconds"], 1800);
    let rules = job["retryStrategy"]["evaluateOnExit"].as_array().unwrap();
    let action = |code: &str| rules.iter().find(|rule| rule["onExitCode"] == code).map(|rule| rule["action"].clone());
    assert_eq!([action("65"), action("2"), action("75")].map(Option::unwrap), ["EXIT", "EXIT", "RETRY"]);
    assert!(rules.len() <= 5, "AWS Batch takes five rules");
    let needs = job["containerOverrides"]["resourceRequirements"].as_array().unwrap();
    assert!(needs.contains(&serde_json::json!({"type": "MEMORY", "value": "4096"})), "{needs:?}");
    let planner: serde_json::Value = serde_json::from_str(ending(&files, "-next.json")).unwrap();
    assert_eq!(planner["containerOverrides"]["command"][0], "submit");
}

#[test]
fn mistakes_are_told_before_anything_is_submitted() {
    let (sandbox, scheduler) = (Sandbox::new(), Scheduler::new());
    for (arguments, said) in [
        (&["--engine", "kubernetes"][..], "--option image=VALUE"),
        (&["--engine", "kubernetes", "--option", "image=i", "--option", "colour=red"], "no option `colour`"),
        (&["--engine", "aws-batch", "--option", "image=i"], "--option queue=VALUE"),
        (&["--engine", "local", "--option", "a=b"], "has no options"),
        (&["--engine", "slurm", "--option", "partition"], "KEY=VALUE"),
        (&["--engine", "slurm", "--option", "comment=$(touch x)"], "may not hold"),
        (&["--engine", "slurm", "--detach"], "only Kubernetes"),
        (&["--engine", "pbs"], "possible values"),
    ] {
        let ran = submit(&sandbox, &scheduler, &[&["recipe.toml"], arguments].concat()).code(USAGE);
        assert!(ran.stderr.contains(said), "`{said}` is not in: {}", ran.stderr);
    }
    assert!(scheduler.jobs().is_empty());
}

#[test]
fn a_scheduler_that_is_not_there_is_named() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["submit", "recipe.toml", "--engine", "slurm"]);
    let ran = ran(command.env("PATH", "nowhere")).code(USAGE);
    assert!(ran.stderr.contains("no command `squeue`") && ran.stderr.contains("--write"), "{}", ran.stderr);
}
