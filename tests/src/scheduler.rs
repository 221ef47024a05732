//! Schedulers made of files: stand-ins for the commands of Slurm, Kubernetes and AWS Batch that note what is submitted, and
//! a loop that runs it as they would.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::binary;

/// What the stand-ins begin with: a job gets the next number that is free, and is there once its file `job` is.
const TAKE_A_NUMBER: &str = "\
#!/bin/sh
set -e
submit() {
  n=1
  while ! mkdir \"$TEST_QUEUE/$n\" 2>/dev/null; do n=$((n + 1)); done
  cat > \"$TEST_QUEUE/$n/new\"
  printf '%s\\n' \"$@\" > \"$TEST_QUEUE/$n/arguments\"
  mv \"$TEST_QUEUE/$n/new\" \"$TEST_QUEUE/$n/job\"
}
standing() {
  for folder in \"$TEST_QUEUE\"/*/; do
    if [ -e \"$folder/job\" ] && [ ! -e \"$folder/ended\" ] && grep -qe \"$1\" \"$folder/job\"; then basename \"$folder\"; fi
  done
}
";

const SBATCH: &str = "submit \"$@\"\necho \"$n\"\n";

const SQUEUE: &str = "for word in \"$@\"; do case $word in --name=*) name=${word#--name=} ;; esac; done\n\
                      standing \"job-name=$name\\$\"\n";

const SCONTROL: &str = "echo 'MaxArraySize            = 3'\n";

const KUBECTL: &str = "\
[ \"$1\" != --namespace ] || shift 2
case $1 in
  apply) submit; echo \"job.batch/$n created\" ;;
  get)
    if [ -n \"$(standing \"^  name: $3\\$\")\" ]; then echo '{\"status\":{}}'
    else cat \"$TEST_QUEUE/status-$3.json\" 2>/dev/null || true; fi ;;
  delete) rm -f \"$TEST_QUEUE/status-$3.json\" ;;
esac
";

const AWS: &str = "\
case $2 in
  list-jobs)
    for word in \"$@\"; do case $word in name=JOB_NAME,values=*) name=${word##*=} ;; esac; done
    jobs=
    for n in $(standing \"\\\"jobName\\\":\\\"$name\\\"\"); do
      jobs=\"$jobs,{\\\"jobId\\\":\\\"$n\\\",\\\"jobName\\\":\\\"$name\\\",\\\"status\\\":\\\"RUNNING\\\"}\"
    done
    echo \"{\\\"jobSummaryList\\\":[${jobs#,}]}\" ;;
  submit-job) printf '%s\\n' \"$4\" > \"$TEST_QUEUE/given\"; submit < \"$TEST_QUEUE/given\"; echo \"{\\\"jobId\\\":\\\"$n\\\"}\" ;;
  describe-job-definitions) echo '{\"jobDefinitions\":[]}' ;;
  register-job-definition) printf '%s\\n' \"$4\" > \"$TEST_QUEUE/definition.json\"; echo '{\"revision\":1}' ;;
esac
";

/// A job that was submitted.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its number, which is also its id.
    pub number: usize,
    /// How the command was called.
    pub arguments: String,
    /// What it was given: a script, a manifest, a description.
    pub content: String,
}

/// A program that a test puts in the place of one whose machine is lost.
pub const LOST: &str = "false";

/// A process of a job that is about to start: what a test may change.
pub struct Start<'a> {
    /// The job.
    pub job: &'a Job,
    /// Which process of the job, from 0.
    pub index: usize,
    /// Which attempt at it, from 1.
    pub attempt: usize,
    /// What will be started.
    pub command: &'a mut Command,
}

/// A scheduler.
pub struct Scheduler {
    folder: tempfile::TempDir,
}

impl Default for Scheduler {
    fn default() -> Self {
        Self::new()
    }
}

impl Scheduler {
    /// One without jobs.
    ///
    /// # Panics
    /// When the file system fails.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for part in ["bin", "queue"] {
            std::fs::create_dir(folder.path().join(part)).expect("a folder");
        }
        for (name, script) in
            [("sbatch", SBATCH), ("squeue", SQUEUE), ("scontrol", SCONTROL), ("kubectl", KUBECTL), ("aws", AWS)]
        {
            let path = folder.path().join("bin").join(name);
            std::fs::write(&path, format!("{TAKE_A_NUMBER}{script}")).expect("a script");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a script that runs");
            }
        }
        Self { folder }
    }

    fn queue(&self) -> PathBuf {
        self.folder.path().join("queue")
    }

    /// Lets a command see this scheduler and no other.
    ///
    /// # Panics
    /// When there is no PATH.
    pub fn seen_by<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let path = std::env::var("PATH").expect("PATH");
        let bin = self.folder.path().join("bin");
        command.env("PATH", format!("{}:{path}", bin.display())).env("TEST_QUEUE", self.queue())
    }

    /// All jobs that were submitted so far, in order.
    ///
    /// # Panics
    /// When the queue cannot be read.
    pub fn jobs(&self) -> Vec<Job> {
        let read =
            |number: usize, name: &str| std::fs::read_to_string(self.queue().join(number.to_string()).join(name));
        let job = |number| {
            let (arguments, content) = (read(number, "arguments").unwrap_or_default(), read(number, "job").ok()?);
            Some(Job { number, arguments, content })
        };
        (1..).take_while(|number| self.queue().join(number.to_string()).exists()).filter_map(job).collect()
    }

    /// The first job that has not ended, and how those before it ended.
    fn next(&self) -> (Option<Job>, BTreeMap<usize, String>) {
        let mut ended = BTreeMap::new();
        for job in self.jobs() {
            match std::fs::read_to_string(self.queue().join(job.number.to_string()).join("ended")) {
                Ok(how) => ended.insert(job.number, how),
                Err(_) => return (Some(job), ended),
            };
        }
        (None, ended)
    }

    fn end(&self, job: &Job, how: &str) {
        let folder = self.queue().join(job.number.to_string());
        std::fs::write(folder.join("new"), how).expect("an end");
        std::fs::rename(folder.join("new"), folder.join("ended")).expect("an end");
    }

    /// Runs what was submitted to Slurm until nothing is left; gives back the exit code of every process by job. Jobs run in
    /// the order of their numbers, so what they wait for has always ended.
    ///
    /// # Panics
    /// When a script cannot be run.
    pub fn run_slurm(&self, folder: &Path, mut disturb: impl FnMut(Start<'_>)) -> BTreeMap<usize, Vec<Option<i32>>> {
        let mut codes = BTreeMap::new();
        while let (Some(job), _) = self.next() {
            let setting = |name: &str| {
                let line = job.content.lines().find_map(|line| line.strip_prefix(&format!("#SBATCH --{name}=")));
                line.map(str::to_owned)
            };
            let last = setting("array").map(|array| {
                let range = array.split('%').next().unwrap_or_default().to_owned();
                range.strip_prefix("0-").and_then(|last| last.parse::<usize>().ok()).expect("an array from 0")
            });
            let script = self.queue().join(job.number.to_string()).join("job");
            let mut ended = Vec::new();
            for index in 0..=last.unwrap_or(0) {
                let mut attempts = (1..).map(|attempt| {
                    let mut command = Command::new("bash");
                    self.seen_by(command.arg(&script).current_dir(folder));
                    command.env("SLURM_RESTART_COUNT", (attempt - 1).to_string());
                    if last.is_some() {
                        command.env("SLURM_ARRAY_TASK_ID", index.to_string());
                    }
                    let code = start(&job, (index, attempt), &mut command, &mut disturb);
                    (code, command.get_program() != LOST)
                });
                // A job whose node is lost begins again.
                let is_requeued = job.content.contains("#SBATCH --requeue\n");
                ended.push(attempts.find(|(_, stays)| *stays || !is_requeued).and_then(|(code, _)| code));
            }
            self.end(&job, "ended");
            codes.insert(job.number, ended);
        }
        codes
    }

    /// Runs what was submitted to AWS Batch until nothing is left; gives back how the jobs ended.
    ///
    /// # Panics
    /// When a description cannot be read.
    pub fn run_batch(&self, folder: &Path, mut disturb: impl FnMut(Start<'_>)) -> BTreeMap<usize, String> {
        loop {
            let (Some(job), ended) = self.next() else { return self.next().1 };
            let description: serde_json::Value = serde_json::from_str(&job.content).expect("a description");
            let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
            let waits = list(&description["dependsOn"]);
            let stands = |wait: &serde_json::Value| {
                let number = wait["jobId"].as_str().and_then(|id| id.parse::<usize>().ok());
                number.and_then(|number| ended.get(&number)).is_some_and(|how| how == "SUCCEEDED")
            };
            if !waits.iter().all(stands) {
                self.end(&job, "FAILED");
                continue;
            }
            let size = description["arrayProperties"]["size"].as_u64();
            assert!(size != Some(1), "an array has at least 2 jobs");
            let overrides = &description["containerOverrides"];
            let mut is_well = true;
            for index in 0..size.unwrap_or(1) as usize {
                let mut attempt = 1;
                is_well &= loop {
                    let mut command = Command::new(binary());
                    let words = list(&overrides["command"]);
                    command.args(words.iter().filter_map(serde_json::Value::as_str));
                    for variable in list(&overrides["environment"]) {
                        let text = |name: &str| variable[name].as_str().unwrap_or_default().to_owned();
                        command.env(text("name"), text("value"));
                    }
                    if size.is_some() {
                        command.env("AWS_BATCH_JOB_ARRAY_INDEX", index.to_string());
                    }
                    self.seen_by(command.current_dir(folder));
                    let code = start(&job, (index, attempt), &mut command, &mut disturb);
                    if code == Some(0) {
                        break true;
                    }
                    let strategy = &description["retryStrategy"];
                    let exits = list(&strategy["evaluateOnExit"]).into_iter().any(|rule| {
                        rule["action"] == "EXIT"
                            && rule["onExitCode"].as_str() == code.map(|c| c.to_string()).as_deref()
                    });
                    if exits || attempt as u64 >= strategy["attempts"].as_u64().unwrap_or(1) {
                        break false;
                    }
                    attempt += 1;
                };
            }
            self.end(&job, if is_well { "SUCCEEDED" } else { "FAILED" });
        }
    }

    /// Runs the Indexed Jobs that were applied to Kubernetes as long as `is_wanted`.
    ///
    /// # Panics
    /// When a manifest has not the expected form.
    pub fn run_kubernetes(
        &self,
        folder: &Path,
        mut is_wanted: impl FnMut() -> bool,
        mut disturb: impl FnMut(Start<'_>),
    ) {
        while is_wanted() {
            let (Some(job), _) = self.next() else {
                std::thread::sleep(std::time::Duration::from_millis(20));
                continue;
            };
            let manifest = Manifest(&job.content);
            let retries: usize = manifest.field("backoffLimitPerIndex").parse().expect("a limit");
            let mut n_failed = 0;
            for index in 0..manifest.field("completions").parse().expect("a number of completions") {
                let mut attempts = (1..=retries + 1).map(|attempt| {
                    let mut command = Command::new(binary());
                    command.args(manifest.arguments()).env("JOB_COMPLETION_INDEX", format!("{index}"));
                    self.seen_by(command.current_dir(folder));
                    start(&job, (index, attempt), &mut command, &mut disturb)
                });
                // What the policy of the manifest says: these codes fail an index at once.
                let last = attempts.find(|code| matches!(code, Some(0 | 2 | 65)));
                n_failed += usize::from(last != Some(Some(0)));
            }
            let end = if n_failed == 0 { "Complete" } else { "Failed" };
            let status = serde_json::json!({"status": {"conditions": [{"type": end, "status": "True"}]}});
            let path = self.queue().join(format!("status-{}.json", manifest.field("name")));
            std::fs::write(path, status.to_string()).expect("a status");
            self.end(&job, end);
        }
    }
}

/// Lets the test have its way with a process, then runs it to its end.
fn start(
    job: &Job,
    (index, attempt): (usize, usize),
    command: &mut Command,
    disturb: &mut impl FnMut(Start<'_>),
) -> Option<i32> {
    disturb(Start { job, index, attempt, command });
    let output = command.output().expect("a process");
    // Whoever is lost has no exit code.
    output.status.code().filter(|_| command.get_program() != LOST)
}

/// A manifest of one Job, as our own program writes it: one thing a line.
struct Manifest<'m>(&'m str);

impl Manifest<'_> {
    /// The first field of this name.
    fn field(&self, name: &str) -> String {
        let line = self.0.lines().find_map(|line| line.trim_start().strip_prefix(&format!("{name}: ")));
        text(line.unwrap_or_else(|| panic!("no `{name}` in\n{}", self.0)))
    }

    /// The arguments of the container.
    fn arguments(&self) -> Vec<String> {
        let lines = self.0.lines().map(str::trim_start).skip_while(|line| *line != "args:").skip(1);
        lines.map_while(|line| line.strip_prefix("- ")).map(text).collect()
    }
}

/// A string, bare or in quotes.
fn text(item: &str) -> String {
    serde_json::from_str(item).unwrap_or_else(|_| item.to_owned())
}
