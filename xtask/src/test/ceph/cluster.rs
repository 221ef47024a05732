//! Bringing a cluster up: the steps of a manual deployment, each with a limit of time.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::config::{self, CLUSTER_ID, STORE_ID};
use super::daemons;
use crate::error::{Error, Result};
use crate::test::ports;
use crate::test::step::{self, PATIENCE};

/// The one user: what tests sign their requests with.
const USER: [&str; 4] = ["--uid=test", "--display-name=test", "--access-key=testkey", "--secret-key=testsecret"];

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
    let [mon_port, gateway_port] = ports::free()?;
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
    let mut command = Command::new(program);
    // A path that is not the whole one would not tell this cluster's daemons from another's.
    command.arg("-c").arg(folder.join("ceph.conf")).args(arguments).current_dir(folder);
    step::run(&mut command, &folder.join("log").join("steps.log"), PATIENCE)
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
