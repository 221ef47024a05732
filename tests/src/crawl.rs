//! The mini crawl in a bucket of a real S3, runs on it, and the local run that they must equal.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::sandbox::Sandbox;
use crate::signed::signed;

/// A bucket with the mini crawl in it, and the local run that runs on it must equal.
pub struct Crawl {
    /// The S3 that has the bucket.
    pub gateway: Gateway,
    /// The bucket.
    pub bucket: String,
    /// The local run, and a folder for what programs leave on this machine.
    pub local: Sandbox,
}

impl Crawl {
    /// Fills a bucket, and runs the recipe of [`crate::RECIPES`] on this machine.
    ///
    /// # Panics
    /// When the gateway refuses or the run fails.
    pub fn new(gateway: Gateway, name: &str, recipe: &str) -> Self {
        let bucket = gateway.bucket(name);
        let files = std::fs::read_dir(crate::fixture("mini-crawl")).expect("the mini crawl");
        let files = files.map(|entry| entry.expect("a file").path());
        for file in files.filter(|file| name_of(file).starts_with("part-")) {
            let target = format!("/{bucket}/crawl/{}", name_of(&file));
            let content = std::fs::read(&file).expect("a file of the mini crawl");
            let answer = signed(gateway.endpoint(), "PUT", &target, &[], &content).expect("an answer");
            assert_eq!(answer.status, 200, "{target}");
        }
        let local = Sandbox::of(recipe);
        local.run(&[]);
        Self { gateway, bucket, local }
    }

    /// The program on this machine, which reaches the bucket through `endpoint`.
    pub fn program(&self, verb: &[&str], endpoint: &str) -> Command {
        let mut command = self.local.command(verb);
        command.env("AWS_ACCESS_KEY_ID", "testkey").env("AWS_SECRET_ACCESS_KEY", "testsecret");
        command.env("AWS_REGION", "default").env("TOKENMILL_S3_ENDPOINT", endpoint);
        command.env("TOKENMILL_SCRATCH", self.local.path().join("scratch"));
        command
    }

    /// The arguments that say of the recipe that it reads the bucket, with its run in the folder `root` of the bucket.
    pub fn in_bucket(&self, root: &str) -> Vec<String> {
        let paths = format!("source.paths=[\"s3://{}/crawl/part-*\"]", self.bucket);
        let root = format!("run.root=s3://{}/{root}", self.bucket);
        ["--set", &paths, "--set", &root].map(str::to_owned).into()
    }

    /// `tokenmill run` on this crawl, with its run in the folder `root` of the bucket.
    pub fn run(&self, endpoint: &str, root: &str) -> Command {
        let mut command = self.program(&["run", "recipe.toml", "--threads", "2"], endpoint);
        command.args(self.in_bucket(root));
        command
    }

    /// The address of the run in the folder `root` of the bucket.
    pub fn uri(&self, root: &str) -> String {
        format!("s3://{}/{root}/mini", self.bucket)
    }

    /// The content of an object of that run.
    ///
    /// # Panics
    /// When there is none.
    pub fn read(&self, root: &str, key: &str) -> Vec<u8> {
        let target = format!("/{}/{root}/mini/{key}", self.bucket);
        let answer = signed(self.gateway.endpoint(), "GET", &target, &[], b"").expect("an answer");
        assert_eq!(answer.status, 200, "{target}");
        answer.body
    }

    /// The keys of that run that begin with `prefix`, of which there must be fewer than a page has.
    ///
    /// # Panics
    /// When there are more, or the gateway refuses.
    pub fn keys(&self, root: &str, prefix: &str) -> Vec<String> {
        let start = format!("{root}/mini/");
        let encoded = format!("{start}{prefix}").replace('/', "%2F");
        let target = format!("/{}?list-type=2&max-keys=1000&prefix={encoded}", self.bucket);
        let answer = signed(self.gateway.endpoint(), "GET", &target, &[], b"").expect("an answer");
        let body = String::from_utf8(answer.body).expect("XML");
        assert!(answer.status == 200 && body.contains("<IsTruncated>false<"), "{target}: {body}");
        let keys = body.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
        keys.filter_map(|key| key.strip_prefix(&start)).map(str::to_owned).collect()
    }

    /// Asserts that the run in the folder `root` of the bucket holds what the local run holds, and that it is sound.
    ///
    /// # Panics
    /// When it does not.
    pub fn assert_equal(&self, root: &str) {
        let local = |key: &str| std::fs::read(self.local.run_folder().join(key)).expect("an object of the local run");
        let (on_s3, here) = (parts(|key| self.read(root, key)), parts(local));
        assert!(here.len() > 30, "{} parts", here.len());
        assert_eq!(on_s3, here);
        // Every object is named by the digest that this recomputes from its bytes.
        ok(self.program(&["audit", &self.uri(root)], self.gateway.endpoint()));
    }
}

fn name_of(file: &std::path::Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Phase and input of every part, with its objects, counts and requests; without what an input is called on a machine.
///
/// # Panics
/// When `read` gives no run.
pub fn parts(read: impl Fn(&str) -> Vec<u8>) -> Vec<(String, String, Value)> {
    let json = |key: &str| -> Value { serde_json::from_slice(&read(key)).expect("JSON") };
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut parts = Vec::new();
    for phase in json("plan.json")["phases"].as_array().expect("phases") {
        let manifest = json(&text(&phase["manifest"]));
        for part in manifest["parts"].as_array().expect("parts") {
            let mut tally = part["tally"].clone();
            // Names of tasks follow from where their inputs lie.
            tally["input"] = Value::Null;
            tally["parts"] = Value::Null;
            parts.push((
                text(&phase["folder"]),
                text(&part["label"]),
                json!([part["objects"], tally, part["requests"]]),
            ));
        }
    }
    parts
}

/// Runs to the end and says what it said.
///
/// # Panics
/// With all output unless it went well.
pub fn ok(mut command: Command) -> String {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let (said, errors) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{status}\n{said}\n{errors}");
    said.into_owned()
}
