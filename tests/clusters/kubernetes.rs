//! What is written for Kubernetes is valid by its own schemas, in which no field may be misspelt.

use std::path::PathBuf;
use std::process::Output;

use support::{Sandbox, clusters};

/// The version of Kubernetes. Jobs whose indexes fail one by one are stable from 1.33 on, with the policy for pods.
const VERSION: &str = "1.33";

/// Everything that can be said to the engine.
const OPTIONS: [&str; 10] = [
    "image=registry.example/tokenmill:1",
    "namespace=crawl",
    "serviceAccount=driver",
    "taskServiceAccount=task",
    "secret=aws",
    "claim=models:/models",
    "claim=crawl:/crawl",
    "nodeSelector=disktype=ssd",
    "priorityClass=low",
    "pullPolicy=Always",
];

/// Validates files, strictly.
fn validate(files: &[PathBuf]) -> Output {
    let mut command = clusters();
    command.args(["-m", "kubernetes_validate", "--strict", "--kubernetes-version", VERSION]).args(files);
    command.output().unwrap()
}

/// What `submit` writes with more arguments.
fn written(sandbox: &Sandbox, folder: &str, arguments: &[&str]) -> Vec<PathBuf> {
    let verb = ["submit", "recipe.toml", "--engine", "kubernetes", "--write", folder];
    sandbox.tokenmill(&[&verb, arguments].concat()).ok();
    let entries = std::fs::read_dir(sandbox.path().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect()
}

#[test]
fn manifests_are_valid_and_slips_are_found() {
    let sandbox = Sandbox::of("dedup.toml");
    let all: Vec<&str> = OPTIONS.iter().flat_map(|option| ["--option", option]).collect();
    let large = ["--cores", "8", "--memory", "16GiB", "--disk", "200GiB", "--time-limit", "90", "--parallel", "3"];
    let mut files = written(&sandbox, "least", &["--option", OPTIONS[0], "--job-minutes", "0"]);
    files.extend(written(&sandbox, "most", &[&all, &large[..], &["--max-jobs", "3"]].concat()));
    files.extend(written(&sandbox, "detached", &[&all, &["--detach"][..]].concat()));
    assert!(files.len() >= 5, "{files:?}");
    let Output { status, stdout, stderr } = validate(&files);
    let said = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{said}");
    // Every document of every file has been looked at.
    let documents: usize =
        files.iter().map(|file| std::fs::read_to_string(file).unwrap().matches("apiVersion: ").count()).sum();
    assert_eq!(said.matches(" passed for resource ").count(), documents, "{said}");
    assert!(said.contains("resource job/") && said.contains("resource rolebinding/"), "{said}");

    let job = files.iter().map(|file| std::fs::read_to_string(file).unwrap());
    let job = job.filter(|text| text.contains("completionMode: Indexed")).max_by_key(String::len).unwrap();
    for field in ["completionMode", "backoffLimitPerIndex", "podReplacementPolicy", "onExitCodes", "volumeMounts"] {
        let slip = sandbox.path().join("slip.yaml");
        std::fs::write(&slip, job.replacen(field, &format!("{field}s"), 1)).unwrap();
        assert!(!validate(&[slip]).status.success(), "`{field}s` is taken");
    }
}
