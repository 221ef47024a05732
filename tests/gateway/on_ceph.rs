//! Whole runs on a real S3, inputs and outputs: equal to the local run byte for byte, whatever fails on the way.

use std::collections::BTreeMap;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{FaultProxy, Faults, Gateway, Sandbox, fixture, signed};

/// Kills of the program that must have hit a run at work.
const MIN_KILLS: usize = 12;

/// What all runs of the tests below read and how: a scan, exchanges, two map phases, shards.
const RECIPE: &str = "dedup.toml";

/// A bucket with the mini crawl in it, and the local run that runs on it must equal.
struct Crawl {
    gateway: Gateway,
    bucket: String,
    local: Sandbox,
}

impl Crawl {
    fn new(gateway: Gateway, name: &str) -> Self {
        let bucket = gateway.bucket(name);
        let files = std::fs::read_dir(fixture("mini-crawl")).unwrap().map(|entry| entry.unwrap().path());
        for file in files.filter(|file| file.file_name().unwrap().to_string_lossy().starts_with("part-")) {
            let target = format!("/{bucket}/crawl/{}", file.file_name().unwrap().to_string_lossy());
            let answer = signed(gateway.endpoint(), "PUT", &target, &[], &std::fs::read(&file).unwrap()).unwrap();
            assert_eq!(answer.status, 200, "{target}");
        }
        let local = Sandbox::of(RECIPE);
        local.run(&[]);
        Self { gateway, bucket, local }
    }

    /// The program on this crawl, with the run in the bucket, through `endpoint`.
    fn program(&self, verb: &[&str], endpoint: &str) -> Command {
        let mut command = self.local.command(verb);
        command.env("AWS_ACCESS_KEY_ID", "testkey").env("AWS_SECRET_ACCESS_KEY", "testsecret");
        command.env("AWS_REGION", "default").env("TOKENMILL_S3_ENDPOINT", endpoint);
        command.env("TOKENMILL_SCRATCH", self.local.path().join("scratch"));
        command
    }

    /// `tokenmill run` on this crawl.
    fn run(&self, endpoint: &str) -> Command {
        let mut command = self.program(&["run", "recipe.toml", "--threads", "2"], endpoint);
        command.args(["--set", &format!("source.paths=[\"s3://{}/crawl/part-*\"]", self.bucket)]);
        command.args(["--set", &format!("run.root=s3://{}/runs", self.bucket)]);
        command
    }

    /// Asserts that the run in the bucket holds what the local run holds, and that it is sound.
    fn assert_equal(&self) {
        let read = |key: &str| {
            let target = format!("/{}/runs/mini/{key}", self.bucket);
            let answer = signed(self.gateway.endpoint(), "GET", &target, &[], b"").unwrap();
            assert_eq!(answer.status, 200, "{target}");
            answer.body
        };
        let local = |key: &str| std::fs::read(self.local.run_folder().join(key)).unwrap();
        let (on_s3, here) = (parts(read), parts(local));
        assert!(here.len() > 30, "{} parts", here.len());
        assert_eq!(on_s3, here);
        // Every object is named by the digest that this recomputes from its bytes.
        let run = format!("s3://{}/runs/mini", self.bucket);
        ok(self.program(&["audit", &run], self.gateway.endpoint()));
    }
}

/// Phase and input of every part, with its objects, counts and requests; without what an input is called on a machine.
fn parts(read: impl Fn(&str) -> Vec<u8>) -> Vec<(String, String, Value)> {
    let json = |key: &str| -> Value { serde_json::from_slice(&read(key)).unwrap() };
    let mut parts = Vec::new();
    for phase in json("plan.json")["phases"].as_array().unwrap() {
        let manifest = json(phase["manifest"].as_str().unwrap());
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
fn ok(mut command: Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (said, errors) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{status}\n{said}\n{errors}");
    said.into_owned()
}

#[test]
fn a_run_on_s3_equals_the_local_one() {
    let crawl = Crawl::new(Gateway::shared(), "clean");
    ok(crawl.run(crawl.gateway.endpoint()));
    crawl.assert_equal();
    assert!(ok(crawl.run(crawl.gateway.endpoint())).contains("\n0 of "), "a second run did something");
    let run = format!("s3://{}/runs/mini", crawl.bucket);
    ok(crawl.program(&["status", &run], crawl.gateway.endpoint()));
    assert!(ok(crawl.program(&["inspect", "funnel", &run], crawl.gateway.endpoint())).contains("duplicate_url"));
}

#[test]
#[expect(clippy::print_stdout, reason = "what was survived belongs into the output of a run")]
fn a_run_through_faults_equals_the_local_one() {
    let crawl = Crawl::new(Gateway::shared(), "faulty");
    let each = 0.05;
    let faults = Faults {
        seed: 11,
        slow_down: each,
        internal_error: each,
        reset_before: each,
        lost_reply: each,
        truncated: each,
        delay: each,
        delay_by: Duration::from_millis(200),
        ..Faults::default()
    };
    let proxy = FaultProxy::start(crawl.gateway.endpoint(), faults);
    ok(crawl.run(&proxy.endpoint()));
    crawl.assert_equal();
    let counts = proxy.counts();
    println!("faults survived: {counts:?}");
    for kind in ["slow_down", "internal_error", "reset_before", "lost_reply", "truncated", "delay"] {
        assert!(counts.get(kind).is_some_and(|n| *n > 3), "{kind}: {counts:?}");
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "what was survived belongs into the output of a run")]
fn kills_of_the_gateway_and_of_the_program_lose_nothing() {
    let crawl = Crawl::new(Gateway::alone(), "killed");
    let start = Instant::now();
    let mut random = 0x5eed_u64;
    let mut next = move || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 40) as f64 / (1_u64 << 24) as f64
    };
    let is_done = AtomicBool::new(false);
    let mut n_kills = 0;
    let n_outages = std::thread::scope(|scope| {
        let outages = scope.spawn(|| {
            let mut n_outages = 0;
            while !is_done.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_secs(3));
                crawl.gateway.kill();
                std::thread::sleep(Duration::from_millis(500));
                crawl.gateway.restart();
                n_outages += 1;
            }
            n_outages
        });
        let mut n_runs = 0;
        while n_kills < MIN_KILLS || n_runs == 0 {
            let mut child = crawl.run(crawl.gateway.endpoint());
            let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_secs_f64(0.3 + 2.5 * next()));
            let was_running = child.try_wait().unwrap().is_none();
            if n_kills < MIN_KILLS && was_running {
                child.kill().unwrap();
                n_kills += 1;
            }
            let status = child.wait().unwrap();
            n_runs += usize::from(status.success());
            if status.success() && n_kills < MIN_KILLS {
                // Everything is done: the next kills need work again.
                forget(&crawl);
                n_runs = 0;
            }
            assert!(start.elapsed() < Duration::from_secs(600), "{n_kills} kills and no end");
        }
        is_done.store(true, Ordering::Relaxed);
        outages.join().unwrap()
    });
    ok(crawl.run(crawl.gateway.endpoint()));
    println!("kills survived: {n_kills} of the program, {n_outages} of the gateway");
    assert!(n_outages >= 2, "{n_outages} outages");
    crawl.assert_equal();
}

/// Takes the plan and the manifests away, and with them what a finished run is known by; tasks stay committed but for the
/// first of every phase.
fn forget(crawl: &Crawl) {
    let target = |key: &str| format!("/{}/runs/mini/{key}", crawl.bucket);
    let Ok(answer) = signed(crawl.gateway.endpoint(), "GET", &target("plan.json"), &[], b"") else { return };
    let Ok(plan) = serde_json::from_slice::<Value>(&answer.body) else { return };
    for phase in plan["phases"].as_array().into_iter().flatten() {
        let Some(manifest) = phase["manifest"].as_str() else { continue };
        let Ok(answer) = signed(crawl.gateway.endpoint(), "GET", &target(manifest), &[], b"") else { continue };
        let Ok(parts) = serde_json::from_slice::<BTreeMap<String, Value>>(&answer.body) else { continue };
        let tasks = parts.get("parts").and_then(Value::as_array).into_iter().flatten();
        let folder = phase["folder"].as_str().unwrap_or_default();
        for task in tasks.take(3).filter_map(|part| part["task"].as_str()) {
            let _ =
                signed(crawl.gateway.endpoint(), "DELETE", &target(&format!("{folder}/commit/{task}.json")), &[], b"");
        }
        let _ = signed(crawl.gateway.endpoint(), "DELETE", &target(manifest), &[], b"");
    }
}
