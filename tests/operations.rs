//! Running at scale: what operators see of a run, what it will take, and what happens where a machine is too small.

use serde_json::Value;
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use support::{Ran, Sandbox, SmallDisk};

const FOUND_PROBLEMS: i32 = 1;
const RETRY: i32 = 75;

/// Begins the run; says how many tasks its first phase has.
fn begin(sandbox: &Sandbox) -> usize {
    sandbox.tokenmill(&["task", "--begin", "recipe.toml"]).ok().trim().parse().unwrap()
}

/// The arguments of a task.
fn task<'a>(phase: &'a str, index: &'a str) -> [&'a str; 7] {
    ["task", "--plan", "runs/mini", "--phase", phase, "--index", index]
}

fn status(sandbox: &Sandbox, code: i32) -> Value {
    serde_json::from_str(&sandbox.tokenmill(&["status", "runs/mini", "--json"]).code(code).stdout).unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

/// Runs a command to its end.
fn ended(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn a_status_tells_what_is_done_what_failed_and_why() {
    let sandbox = Sandbox::new();
    sandbox.edit("fixtures/mini-crawl/part-*", "crawl/part-*");
    let files = ["part-00002.warc.gz", "part-00003.warc", "part-00004.warc.zst"];
    sandbox.copy_inputs(&files);
    assert_eq!(begin(&sandbox), 3);
    let seen = status(&sandbox, FOUND_PROBLEMS);
    let first = &seen["phases"][0];
    assert_eq!((&first["n_tasks"], &first["n_done"], &first["state"]), (&3.into(), &0.into(), &"open".into()));
    assert_eq!((&seen["phases"][1]["n_tasks"], &seen["phases"][1]["state"]), (&Value::Null, &"waits".into()));
    assert_eq!(first["waiting"].as_array().unwrap().len(), 3);
    sandbox.tokenmill(&task("0", "0")).ok();
    // An input that has changed since the run was planned fails, and would fail again.
    std::fs::write(sandbox.path().join("crawl").join(files[1]), "WARC/1.0\r\n").unwrap();
    for attempt in 1..=2 {
        assert_ne!(sandbox.tokenmill(&task("0", "1")).code, Some(0));
        let seen = status(&sandbox, FOUND_PROBLEMS);
        let first = &seen["phases"][0];
        assert_eq!((&first["n_done"], &first["n_failed"]), (&1.into(), &1.into()), "{seen:#}");
        let failed = &first["failed"][0];
        assert_eq!((&failed["index"], &failed["n_attempts"]), (&1.into(), &attempt.into()));
        assert!(failed["error"].as_str().unwrap().contains("part-00003.warc"), "{failed}");
        assert!(!failed["host"].as_str().unwrap().is_empty() && failed["ended"].as_str().unwrap().ends_with('Z'));
        assert!(first["bytes_done"].as_u64() < first["bytes"].as_u64());
    }
    let text = sandbox.tokenmill(&["status", "runs/mini"]).code(FOUND_PROBLEMS).stdout;
    assert!(text.contains("task 1 `part-00003.warc` failed on ") && text.contains("attempt 2, would fail"), "{text}");
    sandbox.copy_inputs(&files);
    // The copy has another time, which is part of what an input is known by; so the run is planned anew.
    sandbox.run(&[]);
    let seen = status(&sandbox, 0);
    assert_eq!(seen["finished"], true);
    assert!(seen["phases"].as_array().unwrap().iter().all(|phase| phase["failed"].as_array().unwrap().is_empty()));
}

#[test]
fn a_watch_ends_with_the_run() {
    let sandbox = Sandbox::new();
    let n_tasks = begin(&sandbox);
    let watch = |json: &[&str]| {
        let arguments = [&["status", "runs/mini", "--watch", "--every", "0.05"], json].concat();
        let mut command = sandbox.command(&arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let (text, json) = (watch(&[]), watch(&["--json"]));
    for index in 0..n_tasks {
        sandbox.tokenmill(&task("0", &index.to_string())).ok();
    }
    sandbox.run(&[]);
    let [text, json] = [text, json].map(|watch| {
        let output = watch.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    });
    let counts = text.lines().filter(|line| line.starts_with("p1-map") && line.contains(" of 6 tasks")).count();
    assert!(counts >= 3, "one line for each change:\n{text}");
    assert!(text.contains("6 of 6 tasks, finished") && !text.contains('\u{1b}'), "{text}");
    let ticks = lines(&json);
    let done: Vec<u64> = ticks.iter().map(|tick| tick["phases"][0]["n_done"].as_u64().unwrap()).collect();
    assert!(ticks.len() > 3 && done.is_sorted(), "{done:?}");
    assert_eq!(
        (ticks[0]["finished"].as_bool(), ticks.last().unwrap()["finished"].as_bool()),
        (Some(false), Some(true))
    );
}

/// Every part of a run with the phase it belongs to, from the manifests.
fn parts(sandbox: &Sandbox) -> Vec<(String, Value)> {
    let json = |key: &str| -> Value {
        serde_json::from_slice(&std::fs::read(sandbox.run_folder().join(key)).unwrap()).unwrap()
    };
    let mut found = Vec::new();
    for phase in json("plan.json")["phases"].as_array().unwrap() {
        for part in json(phase["manifest"].as_str().unwrap())["parts"].as_array().unwrap() {
            found.push((phase["name"].as_str().unwrap().to_owned(), part.clone()));
        }
    }
    found
}

#[test]
fn every_task_tells_what_came_in_what_went_out_and_what_it_took() {
    for recipe in support::RECIPES {
        let sandbox = Sandbox::of(recipe);
        sandbox.run(&["--threads", "2"]);
        for (phase, part) in parts(&sandbox) {
            for count in ["n_in", "n_out"] {
                assert!(part["tally"][count].is_u64(), "{recipe} {phase} does not count `{count}`: {part:#}");
            }
            for count in ["head", "get", "put", "bytes_read", "bytes_written"] {
                assert!(part["requests"][count].is_u64(), "{recipe} {phase}: {part:#}");
            }
        }
        let record = record_of(&sandbox);
        let n_attempts: usize = record.values().map(Vec::len).sum();
        assert_eq!(n_attempts, parts(&sandbox).len(), "{recipe}: one attempt for every task");
        for attempt in record.values().flatten() {
            assert_eq!((&attempt["outcome"], &attempt["n_attempts"]), (&"committed".into(), &1.into()), "{attempt:#}");
            assert!(attempt["peak_bytes"].as_u64().unwrap() > 1 << 20, "{attempt:#}");
            assert!(attempt["wall_seconds"].as_f64().unwrap() >= 0.0 && attempt["started"].as_u64().unwrap() > 1 << 30);
        }
        let cpu: f64 = record.values().flatten().map(|attempt| attempt["cpu_seconds"].as_f64().unwrap()).sum();
        assert!(cpu > 0.0 && cpu < 600.0, "{recipe}: {cpu} CPU seconds");
    }
}

/// The records of attempts by phase folder.
fn record_of(sandbox: &Sandbox) -> BTreeMap<String, Vec<Value>> {
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for phase in std::fs::read_dir(sandbox.run_folder().join(".attempts")).unwrap() {
        let phase = phase.unwrap().path();
        let name = phase.file_name().unwrap().to_string_lossy().into_owned();
        for file in std::fs::read_dir(phase).unwrap() {
            let json = serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
            found.entry(name.clone()).or_default().push(json);
        }
    }
    found
}

#[test]
fn what_is_tidied_up_leaves_the_records_of_attempts() {
    let sandbox = Sandbox::new();
    sandbox.run(&[]);
    let before = record_of(&sandbox);
    sandbox.tokenmill(&["gc", "runs/mini", "--older-than", "0s"]).ok();
    assert_eq!(before, record_of(&sandbox));
    // Those of phases that no plan knows any more go with them.
    sandbox.edit("min_chars = 200", "min_chars = 201");
    sandbox.run(&[]);
    let both = record_of(&sandbox);
    assert!(both.len() > before.len());
    sandbox.tokenmill(&["gc", "runs/mini", "--older-than", "0s", "--stale"]).ok();
    let after = record_of(&sandbox);
    assert!(after.keys().all(|folder| sandbox.run_folder().join(folder).exists()), "{:?}", after.keys());
    assert_eq!(after.len(), before.len());
    sandbox.tokenmill(&["audit", "runs/mini"]).ok();
}

fn plan(sandbox: &Sandbox, more: &[&str]) -> Vec<Value> {
    let json = sandbox.tokenmill(&[&["plan", "recipe.toml", "--json"], more].concat()).ok();
    serde_json::from_str::<Value>(&json).unwrap()["phases"].as_array().unwrap().clone()
}

#[test]
fn estimates_after_a_run_come_true() {
    for recipe in ["mini.toml", "dedup.toml"] {
        let sandbox = Sandbox::of(recipe);
        let guessed = plan(&sandbox, &[]);
        sandbox.run(&["--threads", "1"]);
        let told = plan(&sandbox, &["--like", "runs/mini"]);
        let mut took: BTreeMap<String, (u64, u64, u64)> = BTreeMap::new();
        let folders: Vec<String> = told.iter().map(|phase| phase["folder"].as_str().unwrap().to_owned()).collect();
        let record: Value =
            serde_json::from_slice(&std::fs::read(sandbox.run_folder().join("plan.json")).unwrap()).unwrap();
        for phase in record["phases"].as_array().unwrap() {
            let path = sandbox.run_folder().join(phase["manifest"].as_str().unwrap());
            let manifest: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            let entry = took.entry(phase["folder"].as_str().unwrap().to_owned()).or_default();
            for part in manifest["parts"].as_array().unwrap() {
                let count = |name: &str| part["requests"][name].as_u64().unwrap();
                *entry = (entry.0 + count("bytes_read"), entry.1 + count("bytes_written"), entry.2 + 1);
            }
        }
        for (phase, folder) in told.iter().zip(&folders) {
            let (read, written, n_tasks) = took[folder];
            assert_eq!(phase["is_measured"], true, "{phase:#}");
            // The same files again, so the same bytes, but for rounding.
            for (estimate, measured) in [(&phase["bytes_in"], read), (&phase["bytes_out"], written)] {
                let estimate = estimate.as_u64().unwrap();
                assert!(estimate.abs_diff(measured) <= 1 + measured / 100, "{folder}: {estimate}, not {measured}");
            }
            assert!(phase["n_tasks"].as_u64().unwrap() >= n_tasks.min(6), "{phase:#}");
        }
        // The ratios are those of real pages, which hold a thirtieth of text; those of this crawl are made, and half text.
        let (first, (read, written, n_tasks)) = (&guessed[0], took[&folders[0]]);
        assert_eq!((&first["bytes_in"], &first["n_tasks"]), (&read.into(), &n_tasks.into()), "{first:#}");
        let guess = first["bytes_out"].as_u64().unwrap() as f64;
        assert!((0.02..=2.0).contains(&(guess / written as f64)), "{guess} bytes, not {written}");
        let total = |phases: &[Value]| phases.iter().map(|phase| phase["core_seconds"].as_f64().unwrap()).sum::<f64>();
        assert!(total(&told) > 0.0 && total(&guessed) > 0.0);
    }
}

#[test]
fn a_plan_shows_what_it_will_cost_at_the_prices_given() {
    let sandbox = Sandbox::of("dedup.toml");
    let text = sandbox.tokenmill(&["plan", "recipe.toml"]).ok();
    for word in ["core-hours", "GPU-hours", "us-east-1", "shuffle-dedup.minhash", "memory", "--like RUN"] {
        assert!(text.contains(word), "`{word}` is not in the plan:\n{text}");
    }
    let usd = |more: &[&str]| plan(&sandbox, more).iter().map(|phase| phase["usd"].as_f64().unwrap()).sum::<f64>();
    let free = ["--core-hour-usd", "0", "--get-usd", "0", "--put-usd", "0", "--gpu-hour-usd", "0"];
    let (list, puts) = (usd(&[]), usd(&[&free[..5], &["5"], &free[6..]].concat()));
    assert!(list > 0.0 && usd(&free) == 0.0 && puts > list, "{list} {puts}");
}

#[test]
fn what_happens_can_be_read_by_machines() {
    let sandbox = Sandbox::new();
    let ran = sandbox.tokenmill(&["--log", "json", "run", "recipe.toml"]).code(0);
    let said = lines(&ran.stderr);
    let count = |event: &str| said.iter().filter(|line| line["event"] == event).count();
    let n_tasks = parts(&sandbox).len();
    assert_eq!((count("task_started"), count("task_committed"), count("task_failed")), (n_tasks, n_tasks, 0));
    let n_phases = plan(&sandbox, &[]).len();
    assert_eq!((count("phase_started"), count("phase_ended")), (n_phases, n_phases));
    for line in &said {
        assert!(line["time"].as_str().unwrap().ends_with('Z') && line["level"] == "info", "{line}");
    }
    let committed = said.iter().find(|line| line["event"] == "task_committed").unwrap();
    for field in ["phase", "task", "label", "wall_seconds", "cpu_seconds", "peak_bytes", "n_attempts", "host"] {
        assert!(!committed[field].is_null(), "`{field}` is not in {committed}");
    }
    // The same by a variable, of a task, and of an error.
    let one = Sandbox::new();
    begin(&one);
    let mut command = one.command(&task("0", "0"));
    let ran = ended(command.env("TOKENMILL_LOG", "json"));
    let events: Vec<Value> = lines(&ran.code(0).stderr).iter().map(|line| line["event"].clone()).collect();
    assert_eq!(events, ["task_started", "task_committed"]);
    let said = lines(&one.tokenmill(&["--log", "json", "run", "nowhere.toml"]).code(2).stderr);
    assert_eq!(
        (&said[0]["event"], &said[0]["level"], &said[0]["exit_code"]),
        (&"failed".into(), &"error".into(), &2.into())
    );
    assert!(said[0]["message"].as_str().unwrap().contains("nowhere.toml"));
}

/// The program with a limit of the shell.
fn limited(sandbox: &Sandbox, limit: &str, arguments: &[&str]) -> Ran {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{limit}; exec \"$@\""), "sh"]).arg(support::binary()).args(arguments);
    ended(command.current_dir(sandbox.path()))
}

#[test]
fn a_machine_with_too_little_memory_is_refused_for_now() {
    let sandbox = Sandbox::new();
    begin(&sandbox);
    let little = "ulimit -v 250000";
    let ran = limited(&sandbox, little, &task("0", "0")).code(RETRY);
    assert!(ran.stderr.contains("of memory") && ran.stderr.contains("--no-checks"), "{}", ran.stderr);
    let seen = status(&sandbox, FOUND_PROBLEMS);
    let failed = &seen["phases"][0]["failed"][0];
    assert_eq!((&failed["transient"], &failed["n_attempts"]), (&true.into(), &1.into()), "{seen:#}");
    let ran = limited(&sandbox, little, &["run", "recipe.toml", "--threads", "2"]).code(RETRY);
    assert!(ran.stderr.contains("the run needs about"), "{}", ran.stderr);
    // Elsewhere it is done.
    sandbox.run(&[]);
}

#[test]
fn a_full_disk_fails_the_task_and_another_one_finishes_it() {
    let whole = Sandbox::of("dedup.toml");
    whole.run(&[]);
    let expected = whole.made();
    let sandbox = Sandbox::of("dedup.toml");
    // No file may be larger than this, which a disk that is full at that moment looks like to whoever writes.
    let mut n_refused = 0;
    for blocks in [8, 32, 64, 100, 160] {
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}");
        let ran = limited(&sandbox, &limit, &["run", "recipe.toml", "--threads", "2"]);
        assert!(matches!(ran.code, Some(0 | RETRY)), "{} blocks: {:?}\n{}", blocks, ran.code, ran.stderr);
        n_refused += usize::from(ran.code == Some(RETRY));
        if ran.code == Some(RETRY) {
            assert!(ran.stderr.contains("cannot "), "{}", ran.stderr);
        }
        // What is there is whole: a name is given to complete files only.
        for (path, digest) in sandbox.made() {
            if let Some(expected) = expected.get(&path).filter(|_| path.contains('/')) {
                assert_eq!(expected, &digest, "{path} is half done");
            }
        }
    }
    assert!(n_refused >= 2, "the limits are too large to be met: {n_refused}");
    sandbox.run(&[]);
    assert_eq!(sandbox.made(), expected);
    assert_eq!(std::fs::read_dir(sandbox.run_folder().join(".tmp")).unwrap().count(), 0, "something is left over");
    sandbox.tokenmill(&["audit", "runs/mini"]).ok();
}

#[test]
#[expect(clippy::print_stdout, reason = "what was not tested must be seen")]
fn a_disk_without_room_is_told_before_and_survived_without_asking() {
    let whole = Sandbox::of("dedup.toml");
    whole.run(&[]);
    let sandbox = Sandbox::of("dedup.toml");
    let folder = sandbox.path().join("runs");
    let Some(disk) = SmallDisk::mount(&folder, 64 << 10) else {
        println!("skipped: this process may not mount a file system");
        return;
    };
    // 64 KiB are less than any task is estimated to write.
    assert!(begin(&sandbox) == 6);
    let ran = sandbox.tokenmill(&["run", "recipe.toml", "--threads", "2"]).code(RETRY);
    assert!(ran.stderr.contains("on the disk of") && ran.stderr.contains("are free"), "{}", ran.stderr);
    for kibibytes in [96, 160, 256, 512, 1_024] {
        disk.grow(kibibytes << 10);
        let ran = sandbox.tokenmill(&["run", "recipe.toml", "--threads", "2", "--no-checks"]).code(RETRY);
        assert!(ran.stderr.contains("No space left on device"), "{}", ran.stderr);
    }
    let seen = status(&sandbox, FOUND_PROBLEMS);
    assert_eq!(seen["finished"], false);
    disk.grow(64 << 20);
    sandbox.run(&[]);
    assert_eq!(sandbox.made(), whole.made());
    sandbox.tokenmill(&["audit", "runs/mini"]).ok();
}
