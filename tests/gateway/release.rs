//! Releases on a real S3: the same bytes as in a folder, gone on with after a kill, and nothing else touched.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

use sha2::{Digest, Sha256};
use support::{Gateway, Sandbox, digests, signed};

/// How often a release is killed at most until one is hit.
const TRIES: u32 = 40;

struct Place {
    gateway: Gateway,
    bucket: String,
    sandbox: Sandbox,
}

impl Place {
    fn new(name: &str) -> Self {
        let gateway = Gateway::shared();
        let bucket = gateway.bucket(name);
        let sandbox = Sandbox::new();
        sandbox.run(&[]);
        Self { gateway, bucket, sandbox }
    }

    fn release(&self, prefix: &str, more: &[&str]) -> Command {
        let out = format!("s3://{}/{prefix}", self.bucket);
        let arguments = ["release", "runs/mini", "-o", &out, "--size", "48KiB", "--by", "none", "--threads", "2"];
        let mut command = self.sandbox.command(&[&arguments[..], more].concat());
        command
            .env("AWS_ACCESS_KEY_ID", "testkey")
            .env("AWS_SECRET_ACCESS_KEY", "testsecret")
            .env("AWS_REGION", "default");
        command.env("TOKENMILL_S3_ENDPOINT", self.gateway.endpoint());
        command.env("TOKENMILL_SCRATCH", self.sandbox.path().join("scratch"));
        command
    }

    fn call(&self, method: &str, path: &str, content: &[u8]) -> support::Answer {
        signed(self.gateway.endpoint(), method, &format!("/{}{path}", self.bucket), &[], content).unwrap()
    }

    /// The names of all objects.
    fn listed(&self) -> Vec<String> {
        let answer = String::from_utf8(self.call("GET", "", b"").body).unwrap();
        answer.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap().to_owned()).collect()
    }

    /// What a release holds, by name and sha256.
    fn held(&self, prefix: &str) -> BTreeMap<String, String> {
        let names =
            self.listed().into_iter().filter_map(|key| Some(key.strip_prefix(&format!("{prefix}/"))?.to_owned()));
        let digest = |name: String| {
            let answer = self.call("GET", &format!("/{prefix}/{name}"), b"");
            assert_eq!(answer.status, 200, "{name}");
            let sha256 = Sha256::digest(&answer.body).iter().map(|byte| format!("{byte:02x}")).collect();
            (name, sha256)
        };
        names.map(digest).collect()
    }
}

#[test]
fn a_release_in_a_bucket_is_the_one_in_a_folder_whatever_kills_it() {
    let place = Place::new("release");
    let local = ["release", "runs/mini", "-o", "local", "--size", "48KiB", "--by", "none"];
    place.sandbox.tokenmill(&local).ok();
    let expected = digests(&place.sandbox.path().join("local"));
    let output = place.release("whole", &[]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(place.held("whole"), expected);
    let again = place.release("whole", &[]).output().unwrap();
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    let n_files = expected.keys().filter(|name| name.starts_with("data/")).count();
    assert!(said.contains(&format!("; {n_files} of them stood")), "{said}");
    // Killed after a growing while, until one was hit between its first and its last file.
    let is_begun = |held: &BTreeMap<String, String>| held.contains_key(".release/plan.json");
    let mut was_hit = false;
    for attempt in 0..TRIES {
        let prefix = format!("killed-{attempt}");
        let mut command = place.release(&prefix, &[]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(20 * u64::from(attempt + 1)));
        child.kill().unwrap();
        child.wait().unwrap();
        let hit = is_begun(&place.held(&prefix));
        was_hit |= hit;
        assert!(place.release(&prefix, &[]).output().unwrap().status.success());
        assert_eq!(place.held(&prefix), expected, "after a kill");
        if was_hit && !hit {
            break;
        }
    }
    assert!(was_hit, "no kill has hit a release at work");
}

#[test]
fn a_prefix_with_anything_in_it_is_refused() {
    let place = Place::new("release-refused");
    assert_eq!(place.call("PUT", "/mine/thesis.txt", b"x").status, 200);
    let output = place.release("mine", &[]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("is not empty"), "{said}");
    assert_eq!(place.listed(), ["mine/thesis.txt"]);
    assert!(place.release("other", &[]).output().unwrap().status.success());
    let output = place.release("other", &["--format", "jsonl"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("holds another release: format is"), "{said}");
}
