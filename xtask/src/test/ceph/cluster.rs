//! Bringing a cluster up: the steps of a manual deployment, each with a limit of time.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::config::{self, CLUSTER_ID, STORE_ID};
use super::{daemons, ports};
use crate::error::{Error, Result};

/// The one user: what tests sign their requests with.
const USER: [&str; 4] = ["--uid=test", "--display-name=test", "--access-key=testkey", "--secret-key=testsecret"];

/// A step that takes longer than this waits for something that does not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts a cluster in this folder in place of what is there, and returns the address of its gateway once it answers.
///
/// # Errors
/// When a step fails; what had been started is stopped again, and the logs stay in the folder.
pub fn start(folder: &Path) -> Result<String> {
    daemons::stop(folder)?;
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(|error| Error::io("remove", folder, &error))?;
    }
    let started = bring_up(folder);
    if started.is_err() {
        daemons::stop(folder)?;
    }
    started
}

fn bring_up(folder: &Path) -> Result<String> {
    for name in ["log", "run", "mon", "osd", "rgw"] {
        let path = folder.join(name);
        std::fs::create_dir_all(&path).map_err(|error| Error::io("create", &path, &error))?;
    }
    let [mon_port, gateway_port] = ports::two_free()?;
    let path = folder.join("ceph.conf");
    std::fs::write(&path, config::text(folder, mon_port, gateway_port))
        .map_err(|error| Error::io("write", &path, &error))?;

    // All keys are made beforehand, because the monitor takes in those that it finds when it is made.
    step(folder, "ceph-authtool", &["--create-keyring", "keyring"])?;
    for name in ["mon.", "client.admin", "osd.0", "client.rgw"] {
        let may = ["--cap", "mon", "allow *", "--cap", "osd", "allow *"];
        step(folder, "ceph-authtool", &[&["keyring", "--gen-key", "-n", name], may.as_slice()].concat())?;
    }
    let address = format!("[v2:127.0.0.1:{mon_port}]");
    step(folder, "monmaptool", &["--create", "--fsid", CLUSTER_ID, "--addv", "a", &address, "run/monmap"])?;
    step(folder, "ceph-mon", &["-i", "a", "--mkfs", "--monmap", "run/monmap", "--keyring", "keyring"])?;
    step(folder, "ceph-mon", &["-i", "a"])?;
    step(folder, "ceph", &["osd", "new", STORE_ID])?;
    step(folder, "ceph-osd", &["-i", "0", "--mkfs", "--osd-uuid", STORE_ID])?;
    step(folder, "ceph-osd", &["-i", "0"])?;
    // This also makes the pools, which the gateway then finds.
    step(folder, "radosgw-admin", &[&["-n", "client.rgw", "user", "create"], USER.as_slice()].concat())?;
    step(folder, "radosgw", &["-n", "client.rgw"])?;
    wait_for(gateway_port)?;
    Ok(format!("http://127.0.0.1:{gateway_port}"))
}

/// Runs one program in the folder, with its settings and with its output in a log.
fn step(folder: &Path, program: &str, arguments: &[&str]) -> Result<()> {
    let path = folder.join("log").join("steps.log");
    let mut log = File::options().create(true).append(true).open(&path).map_err(|e| Error::io("open", &path, &e))?;
    let failed = |what: String| Error::new(format!("`{program}` {what}; see `{}`", path.display()));
    let spawned = (|| {
        writeln!(log, "$ {program} {}", arguments.join(" "))?;
        let mut command = Command::new(program);
        // A path that is not the whole one would not tell this cluster's daemons from another's.
        command.arg("-c").arg(folder.join("ceph.conf")).args(arguments).current_dir(folder);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()
    })();
    let mut child = spawned.map_err(|error| failed(format!("does not start: {error}")))?;
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(failed(format!("ended with {status}"))),
            Ok(None) if start.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(5)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(failed(format!("has not ended after {} s", PATIENCE.as_secs())));
            }
        }
    }
}

/// Waits until a server on this port answers a request.
fn wait_for(port: u16) -> Result<()> {
    let start = Instant::now();
    while !answers(port) {
        if start.elapsed() > PATIENCE {
            return Err(Error::new(format!("the gateway does not answer after {} s", PATIENCE.as_secs())));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let mut start = [0; 5];
    stream.set_read_timeout(Some(PATIENCE)).is_ok()
        && stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").is_ok()
        && stream.read_exact(&mut start).is_ok()
        && start == *b"HTTP/"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_step_names_its_log() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("log")).unwrap();
        step(folder.path(), "true", &[]).unwrap();
        let error = step(folder.path(), "false", &[]).unwrap_err().to_string();
        assert!(error.contains("`false` ended with") && error.contains("steps.log"), "{error}");
        assert!(step(folder.path(), "a-program-that-nobody-has-written", &[]).is_err());
    }

    #[test]
    fn a_server_answers_only_in_http() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            for answer in [&b""[..], b"HTTP/1.1 200 OK\r\n\r\n"] {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 1024]).unwrap();
                stream.write_all(answer).unwrap();
            }
        });
        assert!(!answers(port));
        assert!(answers(port));
        server.join().unwrap();
        assert!(!answers(port));
    }
}
