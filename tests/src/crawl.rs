//! The mini crawl in a bucket of its own, and the local run that every run on it must equal byte for byte.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;

use crate::{Gateway, Process, Sandbox, Waiting, fixture, root, signal, signed};

/// A bucket with the mini crawl in it, and the run that has been made of it here.
pub struct Crawl {
    /// Where the bucket is.
    pub gateway: Gateway,
    /// The bucket.
    pub bucket: String,
    /// The folder of the local run, which has ended.
    pub local: Sandbox,
    /// The folder of the bucket that has the run.
    pub runs: String,
    /// The name of both runs.
    name: String,
    /// What is changed in the recipe for both runs.
    sets: Vec<String>,
}

impl Crawl {
    /// Puts the crawl into a new bucket, whose name begins with `name`, and runs a recipe of the repository here, with
    /// changes.
    ///
    /// # Panics
    /// When the gateway refuses, or the run fails.
    pub fn new(gateway: Gateway, name: &str, recipe: &str, sets: &[&str]) -> Self {
        let bucket = gateway.bucket(name);
        let files = std::fs::read_dir(fixture("mini-crawl")).unwrap().map(|entry| entry.unwrap().path());
        for file in files.filter(|file| file.file_name().unwrap().to_string_lossy().starts_with("part-")) {
            let target = format!("/{bucket}/crawl/{}", file.file_name().unwrap().to_string_lossy());
            let answer = signed(gateway.endpoint(), "PUT", &target, &[], &std::fs::read(&file).unwrap()).unwrap();
            assert_eq!(answer.status, 200, "{target}");
        }
        let local = Sandbox::with(&root().join(recipe));
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        let here = ["source.paths=[\"fixtures/mini-crawl/part-*\"]".to_owned(), "run.root=runs".to_owned()];
        let arguments: Vec<&str> = sets.iter().chain(&here).flat_map(|set| ["--set", set]).collect();
        local.run(&arguments);
        let text = std::fs::read_to_string(local.path().join("recipe.toml")).unwrap();
        let name = text.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).unwrap().to_owned();
        Self { gateway, bucket, local, runs: "runs".to_owned(), name, sets }
    }

    /// The run in the bucket.
    pub fn run_folder(&self) -> String {
        format!("s3://{}/{}/{}", self.bucket, self.runs, self.name)
    }

    /// The program, which reaches the bucket through `endpoint`.
    pub fn program(&self, verb: &[&str], endpoint: &str) -> Command {
        let mut command = self.local.command(verb);
        command.env("AWS_ACCESS_KEY_ID", "testkey").env("AWS_SECRET_ACCESS_KEY", "testsecret");
        command.env("AWS_REGION", "default").env("TOKENMILL_S3_ENDPOINT", endpoint);
        command.env("TOKENMILL_SCRATCH", self.local.path().join("scratch"));
        command
    }

    /// A verb that begins the run in the bucket, through `endpoint`.
    pub fn begin(&self, verb: &[&str], endpoint: &str) -> Command {
        let mut command = self.program(verb, endpoint);
        command.arg("recipe.toml").args(self.sets.iter().flat_map(|set| ["--set", set]));
        command.args(["--set", &format!("source.paths=[\"s3://{}/crawl/part-*\"]", self.bucket)]);
        command.args(["--set", &format!("run.root=s3://{}/{}", self.bucket, self.runs)]);
        command
    }

    /// An object of the run in the bucket, if it is there.
    ///
    /// # Panics
    /// When the gateway does not answer.
    pub fn object(&self, key: &str) -> Option<Vec<u8>> {
        let target = format!("/{}/{}/{}/{key}", self.bucket, self.runs, self.name);
        let answer = signed(self.gateway.endpoint(), "GET", &target, &[], b"").unwrap();
        (answer.status == 200).then_some(answer.body)
    }

    /// How many tasks of a phase are committed in the bucket.
    ///
    /// # Panics
    /// When the gateway does not say.
    pub fn n_commits(&self, phase_folder: &str) -> usize {
        self.keys(&format!("{phase_folder}/commit/")).len()
    }

    /// Holds a process that does a task of a map phase, and waits until at least `n_others` tasks of the phase are
    /// committed while not all are. With all but one, whoever kills it has certainly hit a task at work.
    ///
    /// # Panics
    /// When none is found in two minutes.
    pub fn hold_a_task(&self, n_others: usize, find: impl Fn() -> Option<Process>) -> Process {
        let plan = std::fs::read(self.local.path().join("runs").join(&self.name).join("plan.json")).unwrap();
        let plan: Value = serde_json::from_slice(&plan).unwrap();
        let n_tasks = std::fs::read_dir(fixture("mini-crawl")).unwrap().count() - 1;
        let waiting = Waiting::for_seconds(120);
        while waiting.goes_on() {
            let Some(process) = find() else {
                std::thread::sleep(Duration::from_millis(5));
                continue;
            };
            let phase =
                process.arguments().windows(2).find_map(|pair| (pair[0] == "--phase").then(|| pair[1].parse().ok())?);
            let Some(phase): Option<usize> = phase else { continue };
            let phase = &plan["phases"][phase];
            if phase["name"] != "map" || !process.hold() {
                continue;
            }
            let folder = phase["folder"].as_str().unwrap();
            waiting.until("other tasks of the phase are committed", || self.n_commits(folder) >= n_others);
            if self.n_commits(folder) < n_tasks && process.is_stopped() {
                return process;
            }
            // It had committed its task a moment before it was held.
            signal("CONT", &[process]);
        }
        panic!("no task was found at work");
    }

    /// The keys of the run in the bucket that begin with `prefix`, of which there must be no more than a page has.
    ///
    /// # Panics
    /// When there are more, or the gateway refuses.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        let start = format!("{}/{}/", self.runs, self.name);
        let encoded = format!("{start}{prefix}").replace('/', "%2F");
        let target = format!("/{}?list-type=2&max-keys=1000&prefix={encoded}", self.bucket);
        let answer = signed(self.gateway.endpoint(), "GET", &target, &[], b"").unwrap();
        let body = String::from_utf8(answer.body).unwrap();
        assert!(answer.status == 200 && body.contains("<IsTruncated>false<"), "{target}: {body}");
        let keys = body.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
        keys.filter_map(|key| key.strip_prefix(&start)).map(str::to_owned).collect()
    }

    /// Asserts that the run in the bucket holds what the local run holds, and that it is sound.
    ///
    /// # Panics
    /// When it does not, or is not.
    pub fn assert_equal(&self) {
        let local = self.local.path().join("runs").join(&self.name);
        let there = parts(|key| self.object(key).unwrap_or_else(|| panic!("there is no `{key}` in the bucket")));
        let here = parts(|key| std::fs::read(local.join(key)).unwrap());
        assert!(here.len() > 20, "{} parts", here.len());
        assert_eq!(there, here);
        // Every object is named by the digest that this recomputes from its bytes.
        ok(self.program(&["audit", &self.run_folder()], self.gateway.endpoint()));
    }

    /// A path in the folder of the local run.
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.local.path().join(Path::new(name))
    }
}

/// Phase and input of every part, with its objects, counts and requests; without what an input is called on a machine.
fn parts(read: impl Fn(&str) -> Vec<u8>) -> Vec<(String, String, Value)> {
    let json = |key: &str| -> Value { serde_json::from_slice(&read(key)).unwrap() };
    let mut parts = Vec::new();
    for phase in json("plan.json")["phases"].as_array().unwrap() {
        let manifest = json(phase["manifest"].as_str().expect("a phase that has ended"));
        for part in manifest["parts"].as_array().unwrap() {
            let text = |key: &str| part[key].as_str().unwrap().to_owned();
            let mut tally = part["tally"].clone();
            // Names of tasks follow from where their inputs lie.
            tally["input"] = Value::Null;
            tally["parts"] = Value::Null;
            let rest = serde_json::json!([part["objects"], tally, part["requests"]]);
            parts.push((phase["folder"].as_str().unwrap().to_owned(), text("label"), rest));
        }
    }
    parts
}

/// Runs to the end and says what it said; fails unless it went well.
///
/// # Panics
/// With all that it said when it went wrong.
pub fn ok(mut command: Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (said, errors) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{status}\n{said}\n{errors}");
    said.into_owned()
}
