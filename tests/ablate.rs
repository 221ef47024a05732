//! Studies as a user makes them: designed, run, killed, failed, resumed and reported.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use support::{Process, SmallDisk, Studies, comes_true};

const USAGE: i32 = 2;
const RETRY: i32 = 75;

/// Twelve mixes, of which two are held out, and two repeats.
const DESIGN: &str = "[design]\nmixes = 14\nheld_out = 4\nrepeats = 2\nprior = { a = 0.5, b = 0.3, c = 0.2 }\n\
                      min_share = 0.01\nmax_epochs = 100.0\nmax_kl = 2.0\n";

fn json(studies: &Studies) -> Value {
    serde_json::from_str(&studies.tokenmill(&["ablate", "report", "study.toml", "--json"]).ok()).unwrap()
}

/// The trials in a state.
fn named(found: &Value, state: &str) -> Vec<String> {
    let trials = found["trials"].as_array().unwrap().iter().filter(|trial| trial["state"] == state);
    trials.map(|trial| trial["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_study_finds_the_law_that_its_models_follow() {
    let studies = Studies::new(DESIGN);
    let designed = studies.tokenmill(&["ablate", "design", "study.toml"]).ok();
    assert!(designed.contains("FLOPs") && designed.contains("when the sources have been run"), "{designed}");
    let ran = studies.tokenmill(&["ablate", "run", "study.toml"]).ok();
    assert!(ran.contains("20 models, 20 done"), "{ran}");
    assert_eq!(studies.trained().len(), 20);
    let found = json(&studies);
    let laws = &found["laws"];
    assert!(laws["held_out"]["spearman"].as_f64().unwrap() > 0.9, "{}", laws["held_out"]);
    assert_eq!(laws["noise"]["n"], 3);
    // Chance is 0.002 wide here, mixes differ by far more.
    assert!(laws["noise"]["deviation"].as_f64().unwrap() < 0.002, "{}", laws["noise"]);
    assert!(laws["noise"]["spread"].as_f64().unwrap() > 0.02, "{}", laws["noise"]);
    // The objective is the same in all three, so its best is near the middle.
    let best: Vec<f64> = laws["mixes"][0]["weights"].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
    assert!(best.iter().all(|share| (share - 1.0 / 3.0).abs() < 0.1), "{best:?}");
    assert_eq!(laws["forms"].as_array().unwrap().iter().filter(|form| form["chosen"] == true).count(), 1);
    assert_eq!(found["trials"][0]["scores"]["hellaswag"], 0.3);
    let report = studies.file("runs/study/report");
    for file in ["report.html", "trials.parquet", "curves.parquet", "mixes.parquet", "forms.parquet", "mix.toml"] {
        assert!(report.join(file).is_file(), "{file}");
    }
    // What is proposed can be planned as it is.
    let planned = studies.tokenmill(&["mix", "plan", "runs/study/report/mix.toml"]).ok();
    assert!(planned.contains("phase main") || planned.contains("main"), "{planned}");
    // With all there, nothing is trained again, and the mixes are shown.
    studies.tokenmill(&["ablate", "run", "study.toml"]).ok();
    assert_eq!(studies.trained().len(), 20);
    let designed = studies.tokenmill(&["ablate", "design", "study.toml"]).ok();
    assert!(designed.contains("tiny-mix-0013") && designed.contains("0.5000"), "{designed}");
    studies.tokenmill(&["audit", "runs/study"]).ok();
    let audited = studies.tokenmill(&["mix", "audit", "runs/study"]).ok();
    assert!(audited.contains("valid.c") && audited.contains("sound"), "{audited}");
    let status = studies.tokenmill(&["status", "runs/study"]).ok();
    assert!(status.contains("trials"), "{status}");
}

#[test]
fn a_longer_study_keeps_what_has_been_trained() {
    let studies = Studies::new(DESIGN);
    studies.tokenmill(&["ablate", "run", "study.toml"]).ok();
    let text = std::fs::read_to_string(studies.file("study.toml")).unwrap();
    let longer = text.replace("mixes = 14", "mixes = 16").replace("held_out = 4", "held_out = 2");
    std::fs::write(studies.file("study.toml"), longer).unwrap();
    studies.tokenmill(&["ablate", "run", "study.toml"]).ok();
    // Two that were held out are in the law now, under other names; nothing is trained again.
    assert_eq!(studies.trained().len(), 20);
    let found = json(&studies);
    assert_eq!(named(&found, "done").len(), 20);
    assert!(named(&found, "done").contains(&"tiny-mix-0015".to_owned()));
    std::fs::write(studies.file("study.toml"), text.replace("held_out = 4", "held_out = 6")).unwrap();
    studies.tokenmill(&["ablate", "run", "study.toml"]).ok();
    assert_eq!(studies.trained()[20..].len(), 2);
}

#[test]
fn a_trainer_that_fails_loses_no_other_model() {
    let studies = Studies::new(DESIGN);
    studies.trouble("tiny-mix-0003 fail\ntiny-held-out-0001 fail\n");
    let ran = studies.tokenmill(&["ablate", "run", "study.toml"]).code(RETRY);
    assert!(ran.stderr.contains("CUDA out of memory") && ran.stderr.contains("exit code 3"), "{}", ran.stderr);
    assert!(ran.stdout.contains("18 done") && ran.stdout.contains("2 failed"), "{}", ran.stdout);
    let found = json(&studies);
    assert_eq!(named(&found, "failed"), ["tiny-mix-0003", "tiny-held-out-0001"]);
    assert!(found["laws"]["forms"].is_array(), "the others have a law");
    // The hint names the log, which is there.
    let at = ran.stderr.find("all it said is in ").unwrap() + "all it said is in ".len();
    let log = ran.stderr[at..].split_whitespace().next().unwrap();
    assert!(std::fs::read_to_string(log).unwrap().contains("CUDA out of memory"), "{log}");
    studies.trouble("");
    studies.tokenmill(&["ablate", "run", "study.toml"]).ok();
    let again: BTreeSet<String> = studies.trained()[20..].iter().cloned().collect();
    assert_eq!(again, ["tiny-held-out-0001", "tiny-mix-0003"].map(str::to_owned).into());
    assert_eq!(named(&json(&studies), "done").len(), 20);
}

#[test]
fn a_loss_that_is_no_number_is_a_result() {
    let studies = Studies::new(DESIGN);
    studies.trouble("tiny-mix-0002 nan\n");
    let ran = studies.tokenmill(&["ablate", "run", "study.toml"]).ok();
    assert!(ran.contains("1 diverged") && ran.contains("step 2 loss nan"), "{ran}");
    let found = json(&studies);
    assert_eq!(named(&found, "diverged"), ["tiny-mix-0002"]);
    assert_eq!(found["laws"]["forms"].as_array().unwrap().iter().filter(|form| form["chosen"] == true).count(), 1);
    studies.tokenmill(&["ablate", "run", "study.toml"]).ok();
    assert_eq!(studies.trained().len(), 20, "it is not tried again");
}

#[test]
fn groups_that_are_missing_are_named() {
    let studies = Studies::new(DESIGN);
    studies.trouble("tiny-mix-0001 mute\n");
    let ran = studies.tokenmill(&["ablate", "run", "study.toml"]);
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("told no loss of the group `c`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("trainer.log.valid"), "{}", ran.stderr);
    assert_eq!(named(&json(&studies), "done").len(), 19);

    let studies = Studies::new(DESIGN);
    let text = std::fs::read_to_string(studies.file("study.toml")).unwrap();
    std::fs::write(studies.file("study.toml"), text.replace("{ source = [\"c\"] }", "{ lang = [\"de\"] }")).unwrap();
    let ran = studies.tokenmill(&["ablate", "run", "study.toml"]);
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("group `c`, which has no documents"), "{}", ran.stderr);
    assert!(studies.trained().is_empty());
}

#[test]
fn a_study_that_is_killed_goes_on_where_it_was() {
    let studies = Studies::new(DESIGN);
    let slow: Vec<String> = (4..10).map(|n| format!("tiny-mix-{n:04} slow\n")).collect();
    studies.trouble(&slow.concat());
    let mut command = studies.command(&["ablate", "run", "study.toml", "--threads", "2"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Both threads are at a slow model now.
    let slow: BTreeSet<String> = (4..10).map(|n| format!("tiny-mix-{n:04}")).collect();
    let begun = || studies.trained().iter().filter(|name| slow.contains(*name)).count() >= 2;
    assert!(comes_true(begun));
    child.kill().unwrap();
    child.wait().unwrap();
    let done: BTreeSet<String> = named(&json(&studies), "done").into_iter().collect();
    assert!(!done.is_empty() && done.len() < 20, "{done:?}");
    // The trainers have ended with the program: none of them writes a model any more.
    let here = format!("out={}", studies.path().canonicalize().unwrap().display());
    let is_trainer = |process: &Process| process.arguments().iter().any(|word| word.starts_with(&here));
    assert!(comes_true(|| Process::all().filter(is_trainer).all(|process| !process.is_alive())));
    studies.trouble("");
    let before = studies.trained().len();
    studies.tokenmill(&["ablate", "run", "study.toml"]).ok();
    let again: BTreeSet<String> = studies.trained()[before..].iter().cloned().collect();
    assert!(again.is_disjoint(&done), "{again:?}");
    let killed = json(&studies);
    let whole = Studies::new(DESIGN);
    whole.tokenmill(&["ablate", "run", "study.toml", "--threads", "1"]).ok();
    let numbers = |found: &Value| -> Vec<Value> {
        let trials = found["trials"].as_array().unwrap();
        trials.iter().map(|trial| serde_json::json!([trial["name"], trial["losses"], trial["predicted"]])).collect()
    };
    assert_eq!(numbers(&killed), numbers(&json(&whole)), "as if nothing had happened");
}

#[test]
#[expect(clippy::print_stdout, reason = "what was not tested must be seen")]
fn a_full_disk_loses_no_finished_model() {
    let studies = Studies::new(DESIGN);
    let folder = studies.file("runs");
    let Some(disk) = SmallDisk::mount(&folder, 64 << 20) else {
        println!("skipped: this process may not mount a file system");
        return;
    };
    studies.trouble("tiny-mix-0006 fail\n");
    studies.tokenmill(&["ablate", "run", "study.toml", "--threads", "1"]).code(RETRY);
    studies.trouble("");
    let done = named(&json(&studies), "done").len();
    let filler = folder.join("filler");
    // What is left of the disk is filled up.
    let mut fill = std::process::Command::new("dd");
    fill.arg("if=/dev/zero").arg(format!("of={}", filler.display())).arg("bs=4096").stderr(Stdio::null());
    assert!(!fill.status().unwrap().success());
    let ran = studies.tokenmill(&["ablate", "run", "study.toml", "--threads", "1"]).code(RETRY);
    let words = ["No space left on device", "are free"];
    assert!(words.iter().any(|word| ran.stderr.contains(word)), "{}", ran.stderr);
    std::fs::remove_file(&filler).unwrap();
    assert_eq!(named(&json(&studies), "done").len(), done);
    studies.tokenmill(&["ablate", "run", "study.toml"]).ok();
    assert_eq!(named(&json(&studies), "done").len(), 20);
    drop(disk);
}

#[test]
fn models_are_tasks_for_other_machines() {
    let studies = Studies::new(DESIGN);
    for name in ["a", "b", "c"] {
        let set = [format!("run.name={name}"), format!("source.paths=[\"{name}.txt\"]")];
        studies.tokenmill(&["run", "recipe.toml", "--set", &set[0], "--set", &set[1]]).ok();
    }
    studies.tokenmill(&["submit", "study.toml", "--engine", "local", "--parallel", "3"]).ok();
    assert_eq!(named(&json(&studies), "done").len(), 20);
    assert_eq!(studies.trained().len(), 20);
}

#[test]
fn recipes_are_compared_by_seeds() {
    let question = "[compare]\nseeds = 4\n[[compare.arm]]\nname = \"old\"\nshares = { a = 1.0 }\n\
                    [[compare.arm]]\nname = \"new\"\nshares = { a = 0.5, b = 0.5 }\n";
    let studies = Studies::new(question);
    let ran = studies.tokenmill(&["ablate", "run", "study.toml"]).ok();
    assert!(ran.contains("tiny new - old"), "{ran}");
    let found = json(&studies);
    let of = |measure: &str| -> Value {
        let differences = found["differences"].as_array().unwrap();
        differences.iter().find(|difference| difference["measure"] == measure).unwrap().clone()
    };
    // (0.1 + 1/2)^-0.4 instead of 1.1^-0.4 in one group, instead of 0.1^-0.4 in the other.
    let expected = 0.6f64.powf(-0.4) - 1.1f64.powf(-0.4);
    let difference = of("a");
    assert!((difference["difference"]["value"].as_f64().unwrap() - expected).abs() < 1e-4, "{difference}");
    assert_eq!((&difference["paired"], &difference["n"]), (&Value::Bool(true), &Value::from(4)));
    assert!(of("b")["difference"]["high"].as_f64().unwrap() < 0.0, "{}", of("b"));
    assert!(studies.file("runs/study/report/differences.parquet").is_file());
}

#[test]
fn an_anneal_starts_from_a_model_that_was_trained_for_it() {
    let question = "[anneal]\ncandidate = \"c\"\nshare = 0.3\nbase_tokens = 8_000\nseeds = 3\n\
                    default = { a = 0.6, b = 0.4 }\n";
    let studies = Studies::new(question);
    studies.tokenmill(&["ablate", "run", "study.toml"]).ok();
    let trained = studies.trained();
    assert_eq!((trained[0].as_str(), trained.len()), ("tiny-base", 7));
    let found = json(&studies);
    let trial = found["trials"].as_array().unwrap().iter().find(|trial| trial["arm"] == "c").unwrap();
    let weights: Vec<f64> = trial["weights"].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
    assert!(weights.iter().zip([0.42, 0.28, 0.3]).all(|(a, b)| (a - b).abs() < 1e-9), "{weights:?}");
    let of_c = found["differences"].as_array().unwrap().iter().find(|found| found["measure"] == "c").unwrap();
    assert!(of_c["difference"]["high"].as_f64().unwrap() < 0.0, "{of_c}");
    // The trainer was told where to begin, and that model is the one of the base.
    let models: Vec<String> = (std::fs::read_dir(studies.file("runs/study/work")).unwrap())
        .filter_map(|entry| std::fs::read_to_string(entry.unwrap().path().join("model")).ok())
        .collect();
    let starts = models.iter().filter(|model| model.contains("start.bin")).count();
    assert_eq!((models.len(), starts), (7, 6), "{models:?}");
}

#[test]
fn the_own_trainer_learns_and_is_the_same_each_time() {
    let rest = "[design]\nmixes = 2\nheld_out = 0\nrepeats = 0\nmax_epochs = 1000.0\n";
    let losses = |threads: &str| {
        let studies = Studies::with(rest);
        studies.tokenmill(&["ablate", "run", "study.toml", "--threads", threads]).ok();
        let found = json(&studies);
        assert!(found["no_laws"].as_str().unwrap().contains("at least 5"), "{}", found["no_laws"]);
        let trials = found["trials"].as_array().unwrap().clone();
        let curve = trials[0]["curve"].as_array().unwrap();
        let loss = |point: &Value| point[1].as_f64().unwrap();
        assert!(loss(&curve[curve.len() - 1]) < loss(&curve[0]) - 0.5, "{curve:?}");
        trials.iter().map(|trial| (trial["losses"].clone(), trial["curve"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(losses("1"), losses("2"));
}

#[test]
fn tables_of_others_are_fitted_and_predicted() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let share = |n: usize| (n * 37 % 100) as f64 / 100.0;
    let loss = |web: f64| 2.0 + (0.1 + web).powf(-0.3);
    let mut mixes = "index,web,code\n".to_owned();
    let mut losses = "index,valid/web,valid/code\n".to_owned();
    for n in 0..40 {
        let web = share(n);
        mixes.push_str(&format!("{n},{web},{}\n", 1.0 - web));
        losses.push_str(&format!("{n},{},{}\n", loss(web), loss(1.0 - web)));
    }
    std::fs::write(at("mixes.csv"), mixes).unwrap();
    std::fs::write(at("losses.csv"), losses).unwrap();
    std::fs::write(at("others.csv"), "index,code,web\nx,0.25,0.75\n\"y,z\",0.5,0.5\n").unwrap();
    let (mixes, losses) = (at("mixes.csv"), at("losses.csv"));
    let fit = |more: &[&str]| support::tokenmill(&[&["ablate", "fit", &mixes, &losses], more].concat());
    let (others, output, intervals) = (at("others.csv"), at("p.csv"), at("i.csv"));
    let said = fit(&["--predict", &others, "-o", &output, "--intervals", &intervals]).ok();
    assert!(said.contains("40 runs, 2 groups, 2 losses") && said.contains("best mix"), "{said}");
    let text = std::fs::read_to_string(&output).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines.len()), ("index,valid/web,valid/code", 3));
    let values: Vec<f64> = lines[1].split(',').skip(1).map(|cell| cell.parse().unwrap()).collect();
    assert!((values[0] - loss(0.75)).abs() < 0.01 && (values[1] - loss(0.25)).abs() < 0.01, "{values:?}");
    assert!(lines[2].starts_with("\"y,z\","), "{}", lines[2]);
    assert_eq!(std::fs::read_to_string(&intervals).unwrap().lines().count(), 5);
    let one = fit(&["--predict", &others, "-o", &at("one.csv"), "--threads", "1"]).ok();
    assert!(one.contains("2 predictions"));
    assert_eq!(std::fs::read_to_string(at("one.csv")).unwrap(), text, "at any number of threads");
    let said = fit(&["--form", "linear", "--most", "web=0.4", "--objective", "valid/web=1"]).ok();
    assert!(said.lines().any(|line| line.starts_with("web") && line.contains("0.400")), "{said}");
    let refused = fit(&["--objective", "valid/wob=1"]).code(USAGE);
    assert!(refused.stderr.contains("valid/web"), "{}", refused.stderr);
    std::fs::write(at("mixes.csv"), "index,web,code\n1,0.5,0.4\n").unwrap();
    let refused = fit(&[]).code(USAGE);
    assert!(refused.stderr.contains("line 2"), "{}", refused.stderr);
}

#[test]
fn sizes_are_told_from_losses() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.csv");
    let mut text = "Model Size,Training FLOP,loss,accuracy\n".to_owned();
    for (size, params) in [1e8, 2e8, 4e8, 8e8, 1.6e9, 3.2e9].into_iter().enumerate() {
        for tokens in [2e9, 4e9, 8e9, 1.6e10, 3.2e10] {
            let loss = 1.8 + 400.0 * f64::powf(params, -0.34) + 1_500.0 * f64::powf(tokens, -0.36);
            let accuracy = 0.25 + 0.7 / (1.0 + f64::exp(4.0 * (loss - 2.6)));
            let shown = if size == 5 { String::new() } else { accuracy.to_string() };
            text.push_str(&format!("{params},{},{loss},{shown}\n", 6.0 * params * tokens));
        }
    }
    std::fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    let said = support::tokenmill(&["ablate", "scaling", &path, "--flops", "1e22", "--chance", "0.25"]).ok();
    let value = |name: &str| -> f64 {
        let line = said.lines().find(|line| line.split_whitespace().next() == Some(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    assert!((value("E") - 1.8).abs() < 0.01 && (value("alpha") - 0.34).abs() < 0.003, "{said}");
    assert!((value("beta") - 0.36).abs() < 0.003, "{said}");
    assert!(said.contains("1.000e22 flops:") && said.contains("accuracy"), "{said}");
    std::fs::write(&path, "size,loss\n1,2\n").unwrap();
    let refused = support::tokenmill(&["ablate", "scaling", &path]).code(USAGE);
    assert!(refused.stderr.contains("no column `params`"), "{}", refused.stderr);
}

#[test]
fn studies_and_templates_of_the_repository_are_understood() {
    let root = support::root();
    let studies = |folder: &str| -> Vec<String> {
        let entries = std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let files = entries.filter(|path| path.extension().is_some_and(|ending| ending == "toml"));
        files.map(|path| Path::new(folder).join(path.file_name().unwrap()).display().to_string()).collect()
    };
    for study in studies("configs/ablations") {
        let said = support::tokenmill(&["ablate", "design", &study]).ok();
        assert!(said.contains("FLOPs"), "{study}: {said}");
    }
    let folder = Studies::new(DESIGN);
    for template in studies("configs/trainers") {
        let text = std::fs::read_to_string(folder.file("study.toml")).unwrap();
        let head = text.split("[trainer]").next().unwrap();
        let path = root.join(&template).display().to_string();
        std::fs::write(folder.file("study.toml"), format!("{head}[trainer]\ntemplate = \"{path}\"\n")).unwrap();
        folder.tokenmill(&["ablate", "design", "study.toml"]).ok();
    }
}
