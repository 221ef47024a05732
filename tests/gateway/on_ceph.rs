//! Whole runs on a real S3, inputs and outputs: equal to the local run byte for byte, whatever fails on the way.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Crawl, FaultProxy, Faults, Gateway, ok, signed};

/// Kills of the program that must have hit a run at work.
const MIN_KILLS: usize = 12;

/// What all runs of the tests below read and how: a scan, exchanges, two map phases, shards.
const RECIPE: &str = "tests/recipes/dedup.toml";

/// `tokenmill run` on a crawl.
fn run(crawl: &Crawl, endpoint: &str) -> Command {
    crawl.begin(&["run", "--threads", "2"], endpoint)
}

#[test]
fn a_run_on_s3_equals_the_local_one() {
    let crawl = Crawl::new(Gateway::shared(), "clean", RECIPE, &[]);
    ok(run(&crawl, crawl.gateway.endpoint()));
    crawl.assert_equal();
    assert!(ok(run(&crawl, crawl.gateway.endpoint())).contains("\n0 of "), "a second run did something");
    let folder = crawl.run_folder();
    ok(crawl.program(&["status", &folder], crawl.gateway.endpoint()));
    assert!(ok(crawl.program(&["inspect", "funnel", &folder], crawl.gateway.endpoint())).contains("duplicate_url"));
}

#[test]
#[expect(clippy::print_stdout, reason = "what was survived belongs into the output of a run")]
fn a_run_through_faults_equals_the_local_one() {
    let crawl = Crawl::new(Gateway::shared(), "faulty", RECIPE, &[]);
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
    ok(run(&crawl, &proxy.endpoint()));
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
    let crawl = Crawl::new(Gateway::alone(), "killed", RECIPE, &[]);
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
            let mut child = run(&crawl, crawl.gateway.endpoint());
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
    ok(run(&crawl, crawl.gateway.endpoint()));
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
