//! The jobs that a run is on AWS Batch, as moto understands them: `aws` itself submits them, and each is run with what moto
//! says of it and nothing else.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use support::{Crawl, Gateway, binary, clusters, ok, said};

const RECIPE: &str = "tests/recipes/mini.toml";

/// AWS, as moto has it.
struct Aws {
    endpoint: String,
    server: Child,
}

impl Aws {
    /// Starts it, with a queue named `queue`.
    fn start() -> Self {
        let mut command = clusters();
        command.args(["-c", include_str!("aws.py")]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = command.stderr(Stdio::null()).spawn().unwrap();
        let mut endpoint = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut endpoint).unwrap();
        let aws = Self { endpoint: endpoint.trim().to_owned(), server };
        let role = aws.ask(&["iam", "create-role", "--role-name", "batch", "--assume-role-policy-document", "{}"]);
        let role = role["Role"]["Arn"].as_str().unwrap();
        let machines = [
            "--compute-environment-name",
            "machines",
            "--type",
            "UNMANAGED",
            "--state",
            "ENABLED",
            "--service-role",
            role,
        ];
        aws.ask(&[&["batch", "create-compute-environment"], &machines[..]].concat());
        let queue = ["--job-queue-name", "queue", "--state", "ENABLED", "--priority", "1"];
        let order = ["--compute-environment-order", "order=1,computeEnvironment=machines"];
        aws.ask(&[&["batch", "create-job-queue"], &queue[..], &order[..]].concat());
        aws
    }

    /// Lets a command find it, and `aws`, and nothing of who runs the tests.
    fn seen_by<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let programs = PathBuf::from(clusters().get_program());
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = programs.parent().map(PathBuf::from).into_iter().chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(folders).unwrap());
        command.env("AWS_ACCESS_KEY_ID", "testkey").env("AWS_SECRET_ACCESS_KEY", "testsecret");
        // For these services alone: objects lie elsewhere.
        command.env("AWS_ENDPOINT_URL_BATCH", &self.endpoint).env("AWS_ENDPOINT_URL_IAM", &self.endpoint);
        command.env("AWS_REGION", "us-east-1").env("AWS_DEFAULT_REGION", "us-east-1").env("AWS_PAGER", "")
    }

    /// What `aws` says.
    fn ask(&self, arguments: &[&str]) -> Value {
        let program = PathBuf::from(clusters().get_program()).with_file_name("aws");
        let mut command = Command::new(program);
        let (answer, _) = said(self.seen_by(command.args(arguments).args(["--output", "json"])));
        if answer.trim().is_empty() { Value::Null } else { serde_json::from_str(&answer).unwrap() }
    }

    /// All jobs in the order in which they were submitted.
    fn jobs(&self) -> Vec<Value> {
        let listed = self.ask(&["batch", "list-jobs", "--job-queue", "queue", "--filters", "name=JOB_NAME,values=*"]);
        let ids = listed["jobSummaryList"].as_array().unwrap().iter().map(|job| job["jobId"].as_str().unwrap());
        // AWS lists arrays; moto lists what they consist of, too.
        let ids: Vec<&str> = ids.filter(|id| !id.contains(':')).collect();
        let described = self.ask(&[&["batch", "describe-jobs", "--jobs"], &ids[..]].concat());
        let mut jobs = described["jobs"].as_array().unwrap().clone();
        jobs.sort_by_key(|job| ids.iter().position(|id| job["jobId"] == **id));
        jobs
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A command with what a container of this job would have.
fn container(aws: &Aws, crawl: &Crawl, job: &Value, index: Option<u64>) -> Command {
    let container = &job["container"];
    let words = container["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
    let mut command = Command::new(binary());
    command.args(words).env_clear().current_dir(crawl.local.path());
    let variables = container["environment"].as_array().unwrap();
    command.envs(
        variables.iter().map(|variable| (variable["name"].as_str().unwrap(), variable["value"].as_str().unwrap())),
    );
    if let Some(index) = index {
        command.env("AWS_BATCH_JOB_ARRAY_INDEX", index.to_string());
    }
    // Where assets are. The image of a cluster has them in it.
    command.envs(["HOME", "TOKENMILL_ASSETS"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    aws.seen_by(&mut command);
    command
}

#[test]
fn a_run_is_a_chain_of_arrays_and_planners() {
    let aws = Aws::start();
    let crawl = Crawl::new(Gateway::shared(), "batch", RECIPE, &[]);
    let options =
        ["--option", "queue=queue", "--option", "image=registry.example/tokenmill:1", "--option", "role=batch"];
    let verb = [&["submit", "--engine", "aws-batch", "--job-minutes", "0"], &options[..]].concat();
    let mut submit = crawl.begin(&verb, crawl.gateway.endpoint());
    ok(std::mem::replace(aws.seen_by(&mut submit), Command::new("true")));

    // Processes of each job that has been run.
    let mut done: BTreeMap<String, u64> = BTreeMap::new();
    let mut n_children = 0;
    loop {
        let open: Vec<Value> =
            aws.jobs().into_iter().filter(|job| !done.contains_key(job["jobId"].as_str().unwrap())).collect();
        if open.is_empty() {
            break;
        }
        for job in open {
            let id = job["jobId"].as_str().unwrap().to_owned();
            let needed: Vec<&str> =
                job["dependsOn"].as_array().unwrap().iter().map(|needed| needed["jobId"].as_str().unwrap()).collect();
            assert!(needed.iter().all(|needed| done.contains_key(*needed)), "{job} comes too early");
            let is_planner = job["container"]["command"][0] == "submit";
            assert_eq!(is_planner, !needed.is_empty(), "planners wait, and nobody else: {job}");
            let size = job["arrayProperties"]["size"].as_u64();
            let children = size.map_or(vec![None], |size| (0..size).map(Some).collect());
            // The last first: nothing hangs on the order.
            for index in children.into_iter().rev() {
                ok(container(&aws, &crawl, &job, index));
                n_children += 1;
            }
            done.insert(id, size.unwrap_or(1));
        }
    }
    assert!(done.values().any(|size| *size == 6), "{done:?}");
    assert!(n_children > done.len(), "{n_children} processes of {} jobs", done.len());
    crawl.assert_equal();

    let definitions = aws.ask(&["batch", "describe-job-definitions", "--status", "ACTIVE"]);
    let definitions = definitions["jobDefinitions"].as_array().unwrap();
    assert_eq!(definitions.len(), 1, "one definition does for all planners: {definitions:?}");
    assert_eq!(definitions[0]["containerProperties"]["image"], "registry.example/tokenmill:1");
    assert_eq!(definitions[0]["retryStrategy"]["attempts"], 3);
}
