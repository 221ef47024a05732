//! AWS Batch: an array job for each chunk of a round, and a small job that depends on them and submits what comes next.
//!
//! A job there runs only when those it depends on have succeeded. So Batch itself tries tasks again, as often as is wanted,
//! and a chain that stops has a task that needs a person; submitting again goes on with what is missing.

use super::engine::{Engine, File, Outcome};
use super::options::Options;
use super::round::{Array, Round};
use super::shape::Limits;
use super::tool::{ask, quote};
use crate::failure::{BAD_INPUT, FOUND_PROBLEMS, Failure, RETRY, USAGE};
use crate::log;
use serde_json::{Value, json};

const KNOWN: &[&str] = &["queue", "definition", "image", "role", "executionRole"];

/// Jobs of an array (AWS Batch, `arrayProperties.size`); the least is 2.
const MAX_ARRAY: usize = 10_000;

/// Jobs that a job may depend on.
const MAX_DEPENDENCIES: usize = 20;

/// Attempts that Batch makes at most.
const MAX_ATTEMPTS: usize = 10;

/// The name of a definition that is made from an image.
const DEFINITION: &str = "tokenmill";

/// Variables of the standard environment that are no secrets.
const REGION_VARIABLES: [&str; 3] = ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"];

/// A queue of AWS Batch.
pub struct AwsBatch {
    options: Options,
    attempts: usize,
}

impl AwsBatch {
    /// Checks the options.
    pub fn new(options: Options, attempts: usize) -> Result<AwsBatch, Failure> {
        options.check("aws-batch", KNOWN)?;
        options.need("queue", "the queue")?;
        if options.get("definition").is_none() && options.get("image").is_none() {
            return Err(Failure::usage("neither a job definition nor an image is said")
                .hint("give `--option definition=NAME`, or `--option image=IMAGE --option role=ARN`"));
        }
        Ok(AwsBatch { options, attempts: attempts.clamp(1, MAX_ATTEMPTS) })
    }

    /// What all jobs have in common.
    fn job(&self, round: &Round<'_>, name: &str, command: &[String], resources: Value) -> Value {
        let mut environment: Vec<Value> = Vec::new();
        let mut add = |name: &str, value: &str| environment.push(json!({"name": name, "value": value}));
        round.run.variables.iter().for_each(|(name, value)| add(name, value));
        for name in REGION_VARIABLES {
            if let Some(value) = std::env::var(name).ok().filter(|value| !value.is_empty()) {
                add(name, &value);
            }
        }
        let queue = self.options.get("queue").unwrap_or_default();
        let definition = self.options.get("definition").unwrap_or(DEFINITION);
        json!({
            "jobName": name,
            "jobQueue": queue,
            "jobDefinition": definition,
            "containerOverrides": {
                "command": command,
                "environment": environment,
                "resourceRequirements": resources,
            },
        })
    }

    /// An array.
    fn array(&self, round: &Round<'_>, array: &Array, name: &str) -> Value {
        let shape = &round.shape;
        let mut resources = vec![
            json!({"type": "VCPU", "value": shape.cores.to_string()}),
            json!({"type": "MEMORY", "value": shape.memory_mib().to_string()}),
        ];
        if shape.gpus > 0 {
            resources.push(json!({"type": "GPU", "value": shape.gpus.to_string()}));
        }
        let mut job = self.job(round, name, &round.command(array), json!(resources));
        job["retryStrategy"] = self.retries();
        if array.n_jobs > 1 {
            job["arrayProperties"] = json!({"size": array.n_jobs});
        }
        // Batch does not try a job again that has run out of time.
        if shape.is_limited {
            job["timeout"] = json!({"attemptDurationSeconds": shape.minutes.saturating_mul(60)});
        }
        job
    }

    /// When a job is tried again: what would fail again is not; all else is, lost hosts, full memories, exit code 75.
    fn retries(&self) -> Value {
        let exit = |code: u8| json!({"onExitCode": code.to_string(), "action": "EXIT"});
        json!({"attempts": self.attempts, "evaluateOnExit": [
            exit(BAD_INPUT),
            exit(USAGE),
            {"onExitCode": RETRY.to_string(), "action": "RETRY"},
            {"onStatusReason": "Host EC2*", "action": "RETRY"},
            {"onReason": "*", "action": "RETRY"},
        ]})
    }

    /// The job that submits what comes next.
    fn planner(&self, round: &Round<'_>, name: &str, after: &[String]) -> Value {
        let memory = round.planner_mib().to_string();
        let resources = json!([{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": memory}]);
        let mut job = self.job(round, name, &round.planner, resources);
        job["dependsOn"] = after.iter().map(|id| json!({"jobId": id})).collect();
        let exit = |code: u8| json!({"onExitCode": code.to_string(), "action": "EXIT"});
        job["retryStrategy"] = json!({"attempts": MAX_ATTEMPTS, "evaluateOnExit": [
            exit(BAD_INPUT),
            exit(USAGE),
            exit(FOUND_PROBLEMS),
            {"onStatusReason": "Host EC2*", "action": "RETRY"},
            {"onReason": "*", "action": "RETRY"},
        ]});
        job
    }

    /// The definition that is made from an image, if no other is to be used.
    fn definition(&self, round: &Round<'_>) -> Option<Value> {
        let image = self.options.get("image").filter(|_| self.options.get("definition").is_none())?;
        let memory = round.shape.memory_mib().to_string();
        let mut container = json!({
            "image": image,
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": memory}],
        });
        if let Some(role) = self.options.get("role") {
            container["jobRoleArn"] = json!(role);
        }
        if let Some(role) = self.options.get("executionRole") {
            container["executionRoleArn"] = json!(role);
        }
        Some(json!({
            "jobDefinitionName": DEFINITION,
            "type": "container",
            "retryStrategy": self.retries(),
            "containerProperties": container,
        }))
    }

    /// Submits a job unless one of its name waits or runs, and says its id.
    fn submit_once(&self, job: &Value) -> Result<String, Failure> {
        let (name, queue) =
            (job["jobName"].as_str().unwrap_or_default(), self.options.get("queue").unwrap_or_default());
        let filter = format!("name=JOB_NAME,values={name}");
        let listed = aws(&["list-jobs", "--job-queue", queue, "--filters", &filter])?;
        let has_ended = |job: &&Value| matches!(job["status"].as_str(), Some("SUCCEEDED" | "FAILED"));
        let listed = listed["jobSummaryList"].as_array().map(Vec::as_slice).unwrap_or_default();
        let standing = listed.iter().filter(|job| job["jobName"] == name).find(|job| !has_ended(job));
        if let Some(id) = standing.and_then(|job| job["jobId"].as_str()) {
            log::note(&format!("job {id} `{name}` is there already"));
            return Ok(id.to_owned());
        }
        let answer = aws(&["submit-job", "--cli-input-json", &job.to_string()])?;
        let id = answer["jobId"].as_str().map(str::to_owned);
        id.ok_or_else(|| Failure::for_now(format!("`aws batch submit-job` gave no id of a job: {answer}")))
    }
}

impl Engine for AwsBatch {
    fn limits(&self) -> Result<Limits, Failure> {
        Ok(Limits { jobs: MAX_ARRAY, arrays: MAX_DEPENDENCIES })
    }

    fn files(&self, round: &Round<'_>) -> Result<Vec<File>, Failure> {
        let file =
            |name: &str, content: &Value| File { name: format!("{name}.json"), content: format!("{content:#}\n") };
        let (mut files, mut submit) = (Vec::new(), "#!/bin/sh\nset -e\ncd \"$(dirname \"$0\")\"\nafter=\n".to_owned());
        if let Some(definition) = self.definition(round) {
            files.push(file("definition", &definition));
            submit.push_str("aws batch register-job-definition --cli-input-json file://definition.json\n");
        }
        for (number, array) in round.arrays.iter().enumerate() {
            let name = round.name(&format!("c{number}"));
            files.push(file(&name, &self.array(round, array, &name)));
            submit.push_str(&format!(
                "after=\"$after jobId=$(aws batch submit-job --cli-input-json file://{name}.json --query jobId --output text)\"\n"
            ));
        }
        let name = round.name("next");
        files.push(file(&name, &self.planner(round, &name, &[])));
        submit.push_str(&format!(
            "aws batch submit-job --cli-input-json file://{} --depends-on $after\n",
            quote(&format!("{name}.json"))
        ));
        files.push(File { name: "submit.sh".to_owned(), content: submit });
        Ok(files)
    }

    fn submit(&self, round: &Round<'_>) -> Result<Outcome, Failure> {
        if let Some(definition) = self.definition(round) {
            register_once(&definition)?;
        }
        let (mut lines, mut after) = (Vec::new(), Vec::new());
        for (number, array) in round.arrays.iter().enumerate() {
            let id = self.submit_once(&self.array(round, array, &round.name(&format!("c{number}"))))?;
            lines.push(format!(
                "{id}\tarray of {} jobs for tasks {} of phase {}",
                array.n_jobs, array.tasks, round.phase
            ));
            after.push(id);
        }
        let id = self.submit_once(&self.planner(round, &round.name("next"), &after))?;
        lines.push(format!("{id}\tplanner of what follows"));
        Ok(Outcome::Chained(lines))
    }
}

/// Makes a definition unless the newest one is just that.
fn register_once(definition: &Value) -> Result<(), Failure> {
    let name = definition["jobDefinitionName"].as_str().unwrap_or_default();
    let listed = aws(&["describe-job-definitions", "--job-definition-name", name, "--status", "ACTIVE"])?;
    let listed = listed["jobDefinitions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let newest = listed.iter().max_by_key(|definition| definition["revision"].as_u64());
    let wanted = &definition["containerProperties"];
    let is_same = |standing: &Value| {
        let standing = &standing["containerProperties"];
        ["image", "jobRoleArn", "executionRoleArn"].iter().all(|key| standing[*key] == wanted[*key])
    };
    if !newest.is_some_and(is_same) {
        aws(&["register-job-definition", "--cli-input-json", &definition.to_string()])?;
    }
    Ok(())
}

/// What a verb of `aws batch` answers.
fn aws(arguments: &[&str]) -> Result<Value, Failure> {
    let said = ask("aws", &[&["batch"], arguments, &["--output", "json"]].concat(), "", &[])?;
    let answer = if said.trim().is_empty() { Ok(Value::Null) } else { serde_json::from_str(&said) };
    answer.map_err(|error| Failure::for_now(format!("`aws batch` gave no JSON: {error}")))
}
