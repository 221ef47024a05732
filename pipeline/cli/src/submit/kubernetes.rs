//! Kubernetes: an Indexed Job for each array. Jobs there cannot wait for others, so this command waits for them, here or in
//! a job of the cluster.

use super::drive::Show;
use super::engine::{Engine, File, MAX_FAILED, Outcome};
use super::options::Options;
use super::round::{Array, Round, Run, slug};
use super::shape::Limits;
use super::tool::ask;
use super::yaml;
use crate::failure::{BAD_INPUT, FOUND_PROBLEMS, Failure, USAGE};
use crate::log;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::Duration;
use tokenmill_core::hash::digest_hex;

const KNOWN: &[&str] = &[
    "image",
    "namespace",
    "serviceAccount",
    "taskServiceAccount",
    "secret",
    "claim",
    "nodeSelector",
    "priorityClass",
    "pullPolicy",
];

/// Indexes of a Job for which parallelism is not limited (Kubernetes, `Job.spec.completions`).
const MAX_COMPLETIONS: usize = 100_000;

/// Pods of a Job at the same time, unless the user says otherwise.
const MAX_PARALLEL: usize = 10_000;

/// Looks at jobs that may fail in a row: a server of the cluster that is replaced is away for minutes.
const MAX_BLIND: usize = 60;

/// Seconds for which jobs that have ended can be looked at.
const KEEP_SECONDS: u64 = 7 * 24 * 3600;

/// Variables with which a container is told where object storage is. What proves who it is comes from a secret or a role.
const REGION_VARIABLES: [&str; 3] = ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"];

/// Who may read the jobs of the driver.
const DRIVER: &str = "tokenmill-driver";

/// A cluster that kubectl talks to.
pub struct Kubernetes {
    options: Options,
    poll: Duration,
}

impl Kubernetes {
    /// Checks the options.
    pub fn new(options: Options, poll: Duration) -> Result<Kubernetes, Failure> {
        options.check("kubernetes", KNOWN)?;
        options.need("image", "the image of the containers")?;
        Ok(Kubernetes { options, poll })
    }

    /// Lets a job in the cluster run this command.
    pub fn detach(options: &Options, run: &Run, planner: &[String], show: &Show) -> Result<ExitCode, Failure> {
        options.check("kubernetes", KNOWN)?;
        let manifest = driver(options, run, planner)?;
        match show {
            Show::Print => print!("{manifest}"),
            Show::Write(folder) => {
                let file = File { name: "driver.yaml".to_owned(), content: manifest };
                return super::drive::write(folder, &[file]);
            }
            Show::Nothing => {
                println!("{}", ask("kubectl", &in_namespace(options, &["apply", "-f", "-"]), &manifest, &[])?.trim());
                log::note(&format!("the driver goes on by itself: tokenmill status {}", run.uri));
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn kubectl(&self, arguments: &[&str], input: &str) -> Result<String, Failure> {
        ask("kubectl", &in_namespace(&self.options, arguments), input, &[])
    }

    /// Makes a Job, or joins one that somebody has made before; one that has ended makes room.
    fn apply(&self, name: &str, manifest: &str) -> Result<(), Failure> {
        let standing = self.kubectl(&["get", "job", name, "--ignore-not-found", "-o", "json"], "")?;
        if !standing.trim().is_empty() && has_ended(&standing).unwrap_or(false) {
            self.kubectl(&["delete", "job", name, "--ignore-not-found", "--wait=true"], "")?;
        }
        let said = self.kubectl(&["apply", "-f", "-"], manifest)?;
        log::note(said.trim());
        Ok(())
    }

    /// Waits until all Jobs have ended or are gone.
    fn wait(&self, names: &[String]) -> Result<(), Failure> {
        let mut n_blind = 0;
        let mut open: Vec<&String> = names.iter().collect();
        while let Some(name) = open.last() {
            let looked = self.kubectl(&["get", "job", name, "--ignore-not-found", "-o", "json"], "");
            let ended = looked.and_then(|said| if said.trim().is_empty() { Ok(true) } else { has_ended(&said) });
            match ended {
                Ok(true) => {
                    open.pop();
                    n_blind = 0;
                    continue;
                }
                Ok(false) => n_blind = 0,
                Err(failure) => {
                    n_blind += 1;
                    if n_blind > MAX_BLIND {
                        return Err(failure);
                    }
                }
            }
            std::thread::sleep(self.poll);
        }
        Ok(())
    }

    /// The manifest of an array.
    fn job(&self, round: &Round<'_>, array: &Array, name: &str) -> Result<Value, Failure> {
        let shape = &round.shape;
        let mut requests = json!({
            "cpu": shape.cores.to_string(),
            "memory": format!("{}Mi", shape.memory_mib()),
            "ephemeral-storage": format!("{}Mi", shape.disk_mib()),
        });
        // More cores are welcome when nobody else wants them; memory and disk have an end.
        let mut limits = json!({
            "memory": format!("{}Mi", shape.memory_mib()),
            "ephemeral-storage": format!("{}Mi", shape.disk_mib()),
        });
        if shape.gpus > 0 {
            requests["nvidia.com/gpu"] = json!(shape.gpus.to_string());
            limits["nvidia.com/gpu"] = json!(shape.gpus.to_string());
        }
        let resources = json!({"requests": requests, "limits": limits});
        let mut pod = pod(&self.options, round.run, &round.command(array), resources)?;
        if let Some(account) = self.options.get("taskServiceAccount") {
            pod["serviceAccountName"] = json!(account);
        }
        if shape.is_limited {
            pod["activeDeadlineSeconds"] = json!(shape.minutes.saturating_mul(60));
        }
        let parallel = round.parallel.map_or(MAX_PARALLEL, |jobs| jobs.div_ceil(round.arrays.len().max(1)).max(1));
        let labels = json!({"app.kubernetes.io/name": "tokenmill", "tokenmill/run": slug(&round.run.name, 40)});
        Ok(json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "labels": labels},
            "spec": {
                "completionMode": "Indexed",
                "completions": array.n_jobs,
                "parallelism": parallel.min(array.n_jobs),
                "backoffLimitPerIndex": 2,
                "maxFailedIndexes": MAX_FAILED.min(array.n_jobs),
                "podReplacementPolicy": "Failed",
                "ttlSecondsAfterFinished": KEEP_SECONDS,
                "podFailurePolicy": {"rules": [
                    {"action": "FailIndex", "onExitCodes": {
                        "containerName": "task", "operator": "In", "values": [USAGE, BAD_INPUT],
                    }},
                    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                ]},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        }))
    }
}

impl Engine for Kubernetes {
    fn limits(&self) -> Result<Limits, Failure> {
        Ok(Limits { jobs: MAX_COMPLETIONS, arrays: 100 })
    }

    fn files(&self, round: &Round<'_>) -> Result<Vec<File>, Failure> {
        let mut files = Vec::new();
        for (number, array) in round.arrays.iter().enumerate() {
            let name = round.name(&format!("c{number}"));
            let content = yaml::document(&self.job(round, array, &name)?);
            files.push(File { name: format!("{name}.yaml"), content });
        }
        let planner = &round.planner;
        let at = planner.iter().position(|word| word == "--engine").unwrap_or(planner.len());
        let content = driver(&self.options, round.run, planner.get(at..).unwrap_or_default())?;
        files.push(File { name: "driver.yaml".to_owned(), content });
        Ok(files)
    }

    fn submit(&self, round: &Round<'_>) -> Result<Outcome, Failure> {
        let mut names = Vec::new();
        for (number, array) in round.arrays.iter().enumerate() {
            let name = round.name(&format!("c{number}"));
            self.apply(&name, &yaml::document(&self.job(round, array, &name)?))?;
            names.push(name);
        }
        self.wait(&names)?;
        // Which pods failed, and why, is in the notes of the attempts.
        Ok(Outcome::Tried(Vec::new()))
    }
}

/// Arguments of kubectl, in the namespace of the options.
fn in_namespace<'a>(options: &'a Options, arguments: &[&'a str]) -> Vec<&'a str> {
    let namespace = options.get("namespace").map(|namespace| ["--namespace", namespace]);
    namespace.into_iter().flatten().chain(arguments.iter().copied()).collect()
}

/// Whether a Job, as JSON, has ended one way or the other.
fn has_ended(job: &str) -> Result<bool, Failure> {
    let job: Value =
        serde_json::from_str(job).map_err(|error| Failure::for_now(format!("`kubectl get` gave no JSON: {error}")))?;
    let conditions = job["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(conditions.iter().any(|condition| {
        matches!(condition["type"].as_str(), Some("Complete" | "Failed")) && condition["status"] == "True"
    }))
}

/// A pod that runs the program.
fn pod(options: &Options, run: &Run, arguments: &[String], resources: Value) -> Result<Value, Failure> {
    let variable = |name: &str, value: &str| json!({"name": name, "value": value});
    let mut env: Vec<Value> = run.variables.iter().map(|(name, value)| variable(name, value)).collect();
    for name in REGION_VARIABLES {
        env.extend(std::env::var(name).ok().filter(|value| !value.is_empty()).map(|value| variable(name, &value)));
    }
    env.push(variable("TOKENMILL_SCRATCH", "/scratch"));
    let mut mounts = vec![json!({"name": "scratch", "mountPath": "/scratch"})];
    let mut volumes = vec![json!({"name": "scratch", "emptyDir": {}})];
    for (number, claim) in options.all("claim").enumerate() {
        let (claim, path) = claim.split_once(':').filter(|(_, path)| path.starts_with('/')).ok_or_else(|| {
            Failure::usage(format!("`claim={claim}` does not say where the volume goes"))
                .hint("write `--option claim=NAME:/path`")
        })?;
        let name = format!("claim-{number}");
        mounts.push(json!({"name": name, "mountPath": path}));
        volumes.push(json!({"name": name, "persistentVolumeClaim": {"claimName": claim}}));
    }
    let mut container = json!({
        "name": "task",
        "image": options.need("image", "the image of the containers")?,
        "args": arguments,
        "env": env,
        "resources": resources,
        "volumeMounts": mounts,
    });
    if let Some(policy) = options.get("pullPolicy") {
        container["imagePullPolicy"] = json!(policy);
    }
    let secrets: Vec<Value> = options.all("secret").map(|secret| json!({"secretRef": {"name": secret}})).collect();
    if !secrets.is_empty() {
        container["envFrom"] = json!(secrets);
    }
    let mut pod = json!({"restartPolicy": "Never", "containers": [container], "volumes": volumes});
    let mut labels = serde_json::Map::new();
    for selector in options.all("nodeSelector") {
        let (key, value) = selector.split_once('=').ok_or_else(|| {
            Failure::usage(format!("`nodeSelector={selector}` has no value"))
                .hint("write `--option nodeSelector=KEY=VALUE`")
        })?;
        labels.insert(key.to_owned(), json!(value));
    }
    if !labels.is_empty() {
        pod["nodeSelector"] = Value::Object(labels);
    }
    if let Some(class) = options.get("priorityClass") {
        pod["priorityClassName"] = json!(class);
    }
    Ok(pod)
}

/// What lets a job of the cluster submit the others: an account, what it may do, and the job.
fn driver(options: &Options, run: &Run, planner: &[String]) -> Result<String, Failure> {
    let account = options.get("serviceAccount").unwrap_or(DRIVER);
    let mut arguments = vec!["submit".to_owned(), "--plan".to_owned(), run.uri.clone()];
    arguments.extend(planner.iter().cloned());
    let resources = json!({"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "8Gi"}});
    let mut pod = pod(options, run, &arguments, resources)?;
    pod["serviceAccountName"] = json!(account);
    let rule = |group: &str, resource: &str, verbs: Value| json!({"apiGroups": [group], "resources": [resource], "verbs": verbs});
    let mark = digest_hex(run.uri.as_bytes());
    let job = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": format!("tm-{}-{}-driver", slug(&run.name, 24), &mark[..6])},
        "spec": {
            // It can be lost at any time: the one that takes its place joins the jobs that it finds.
            "backoffLimit": 10,
            "ttlSecondsAfterFinished": KEEP_SECONDS,
            "podFailurePolicy": {"rules": [
                {"action": "FailJob", "onExitCodes": {
                    "containerName": "task", "operator": "In", "values": [FOUND_PROBLEMS, USAGE, BAD_INPUT],
                }},
                {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            ]},
            "template": {"spec": pod},
        },
    });
    // The server wants to know where the account is, and does not fill this in.
    let namespace = options.get("namespace").unwrap_or("default");
    let subject = json!({"kind": "ServiceAccount", "name": account, "namespace": namespace});
    let documents = [
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account}}),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": DRIVER},
            "rules": [rule("batch", "jobs", json!(["create", "delete", "get", "list", "patch", "watch"]))],
        }),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": DRIVER},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": DRIVER},
            "subjects": [subject],
        }),
        job,
    ];
    Ok(documents.iter().map(yaml::document).collect::<Vec<_>>().join("---\n"))
}
