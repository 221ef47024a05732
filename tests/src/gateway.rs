//! The gateway of the services tier: a real S3 that a test can use, or have alone and kill.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::comes_true;
use crate::signed::signed;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The gateway that `cargo xtask test --services` or `cargo xtask ceph start` has started.
pub struct Gateway {
    endpoint: String,
    folder: PathBuf,
    is_alone: bool,
    /// Tests run side by side in processes of their own; locks end with the file.
    lock: File,
}

impl Gateway {
    /// The gateway, shared with other tests: it stays up meanwhile.
    ///
    /// # Panics
    /// When there is none.
    pub fn shared() -> Self {
        Self::open(false)
    }

    /// The gateway alone: no other test uses it until this is dropped, so it may be killed.
    ///
    /// # Panics
    /// When there is none.
    pub fn alone() -> Self {
        Self::open(true)
    }

    fn open(is_alone: bool) -> Self {
        let variable = |name| {
            std::env::var(name).unwrap_or_else(|_| panic!("there is no gateway; run `cargo xtask test --services`"))
        };
        let (endpoint, folder) = (variable("TOKENMILL_TEST_S3"), PathBuf::from(variable("TOKENMILL_TEST_CEPH")));
        let lock = File::options().create(true).append(true).open(folder.join("tests.lock")).expect("a file to lock");
        let gateway = Self { endpoint, folder, is_alone, lock };
        gateway.take(is_alone);
        if !gateway.answers() {
            // A test that had it alone was killed itself. Of all who find that out, one starts it again.
            gateway.take(true);
            if !gateway.answers() {
                gateway.launch().unwrap_or_else(|why| panic!("{why}"));
            }
            gateway.take(is_alone);
        }
        gateway
    }

    fn take(&self, alone: bool) {
        self.lock.unlock().expect("a lock that can be given back");
        if alone { self.lock.lock() } else { self.lock.lock_shared() }.expect("a lock");
    }

    /// Its address, such as `http://127.0.0.1:20480`. The access key is `testkey`, the secret is `testsecret`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Makes a bucket that nobody has used and returns its name, which begins with the given one.
    ///
    /// # Panics
    /// When the gateway refuses.
    pub fn bucket(&self, name: &str) -> String {
        static N_MADE: AtomicU64 = AtomicU64::new(0);
        let since_1970 = std::time::UNIX_EPOCH.elapsed().expect("a clock that is set");
        let n_made = N_MADE.fetch_add(1, Ordering::Relaxed);
        let bucket = format!("{name}-{}-{}-{n_made}", since_1970.as_secs(), std::process::id());
        let answer = signed(&self.endpoint, "PUT", &format!("/{bucket}"), &[], b"").expect("an answer");
        assert_eq!(answer.status, 200, "`{bucket}`: {}", String::from_utf8_lossy(&answer.body));
        bucket
    }

    /// Kills the gateway with SIGKILL. What it has stored is kept: the cluster behind it lives on.
    ///
    /// # Panics
    /// When this test does not have it alone, or it does not die.
    pub fn kill(&self) {
        assert!(self.is_alone, "only a test that has the gateway alone may kill it");
        let pid = std::fs::read_to_string(self.folder.join("rgw.pid")).expect("the gateway's pid file");
        let line = PathBuf::from(format!("/proc/{}/cmdline", pid.trim()));
        // The shell has its own `kill`; not every machine has the program.
        let kill = Command::new("sh").args(["-c", &format!("kill -KILL {}", pid.trim())]).status().expect("a shell");
        assert!(kill.success(), "the gateway cannot be killed");
        // A dying process may hold its sockets a little longer than its memory.
        assert!(comes_true(|| !is_running(&line) && !self.listens()), "the gateway does not die");
    }

    /// Starts a killed gateway again, and waits until it answers.
    ///
    /// # Panics
    /// When this test does not have it alone, it runs already, or it does not come up.
    pub fn restart(&self) {
        assert!(self.is_alone, "only a test that has the gateway alone may restart it");
        assert!(!self.answers(), "the gateway is running");
        self.launch().unwrap_or_else(|why| panic!("{why}"));
    }

    /// Starts the gateway as `xtask` does.
    fn launch(&self) -> Result<(), &'static str> {
        let mut command = Command::new("radosgw");
        command.arg("-c").arg(self.folder.join("ceph.conf")).args(["-n", "client.rgw"]).current_dir(&self.folder);
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if !command.status().is_ok_and(|status| status.success()) {
            return Err("the gateway does not start");
        }
        if comes_true(|| self.answers()) { Ok(()) } else { Err("the gateway has started and does not answer") }
    }

    /// Whether anybody takes connections at its address.
    fn listens(&self) -> bool {
        TcpStream::connect(self.endpoint.trim_start_matches("http://")).is_ok()
    }

    /// Whether it answers a request.
    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(self.endpoint.trim_start_matches("http://")) else { return false };
        let mut start = [0; 5];
        stream.set_read_timeout(Some(PATIENCE)).is_ok()
            && stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").is_ok()
            && stream.read_exact(&mut start).is_ok()
            && start == *b"HTTP/"
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // A test that fails after a kill must not take the others with it. Should this not help, they will say so.
        if self.is_alone && !self.answers() {
            let _ = self.launch();
        }
    }
}

/// Whether the process with this command line file runs. The line of one that is dead but not yet reaped is empty.
fn is_running(line: &Path) -> bool {
    std::fs::read(line).is_ok_and(|line| !line.is_empty())
}
