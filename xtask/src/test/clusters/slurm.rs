//! Slurm with three nodes on one machine: its own daemons, without systemd, without accounts, without munge.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::daemons;
use crate::error::{Error, Result};
use crate::test::step::PATIENCE;
use crate::test::{debian, ports};

/// Debian's packages.
const PACKAGES: [&str; 4] = ["slurmctld", "slurmd", "slurm-client", "slurm-wlm-basic-plugins"];

/// Programs of each of them.
const PROGRAMS: [&str; 6] = ["slurmctld", "slurmd", "sbatch", "squeue", "sinfo", "scontrol"];

/// The nodes, which are numbered from 1.
const N_NODES: u16 = 3;

/// Installs Slurm unless it is there.
///
/// # Errors
/// When it is missing and cannot be installed, with the reason.
pub fn ensure() -> Result<()> {
    let missing = || PROGRAMS.into_iter().find(|program| !debian::is_installed(program));
    let Some(program) = missing() else { return Ok(()) };
    debian::install(program, &PACKAGES)?;
    match missing() {
        Some(missing) => Err(Error::new(format!("`{missing}` is missing although Slurm has been installed"))),
        None => Ok(()),
    }
}

/// The file with its settings.
pub fn settings(folder: &Path) -> PathBuf {
    folder.join("slurm.conf")
}

/// Starts the controller and the nodes, and waits until work can be given to them.
///
/// # Errors
/// When a daemon does not start or a node does not come up.
pub fn start(folder: &Path) -> Result<()> {
    let (path, state) = (settings(folder), folder.join("state"));
    std::fs::write(&path, text(folder, &ports::free()?)).map_err(|error| Error::io("write", &path, &error))?;
    std::fs::create_dir(&state).map_err(|error| Error::io("create", &state, &error))?;
    daemons::start(Command::new("slurmctld").arg("-f").arg(&path), folder)?;
    for node in 1..=N_NODES {
        let spool = folder.join(format!("n{node}"));
        std::fs::create_dir(&spool).map_err(|error| Error::io("create", &spool, &error))?;
        daemons::start(Command::new("slurmd").arg("-f").arg(&path).args(["-N", &format!("n{node}")]), folder)?;
    }
    let start = Instant::now();
    while n_idle(&path) < usize::from(N_NODES) {
        if start.elapsed() > PATIENCE {
            let n_idle = n_idle(&path);
            let folder = folder.display();
            return Err(Error::new(format!("{n_idle} of {N_NODES} nodes are up; see the logs in `{folder}`")));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn n_idle(settings: &Path) -> usize {
    let mut command = Command::new("sinfo");
    command.args(["--noheader", "--Node", "--states=idle", "--format=%N"]).env("SLURM_CONF", settings);
    command.output().map_or(0, |output| String::from_utf8_lossy(&output.stdout).lines().count())
}

/// The text of `slurm.conf`; the first port is the controller's.
///
/// Nobody has to prove who he is: all ports are on loopback, and munge would be one more daemon. A node counts as lost
/// after 15 seconds instead of minutes, and its tasks start again 7 seconds later instead of two minutes: that wait is
/// as long as a credential lives. A node offers whatever memory the settings say, and all of it to every task.
fn text(folder: &Path, ports: &[u16; 1 + N_NODES as usize]) -> String {
    let [controller, nodes @ ..] = ports;
    let nodes: String = (1..).zip(nodes).map(|(node, port)| {
        format!("NodeName=n{node} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=64000 TmpDisk=1000000 State=UNKNOWN\n")
    }).collect();
    let folder = folder.display();
    format!(
        "\
ClusterName=tokenmill
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller}
AuthType=auth/none
AuthInfo=cred_expire=6
CredType=cred/none
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=100000,requeue_delay=1
MaxArraySize=1001
MaxJobCount=10000
MinJobAge=600
JobRequeue=1
ReturnToService=2
SlurmctldTimeout=10
SlurmdTimeout=4
MessageTimeout=5
KillWait=2
InactiveLimit=0
SlurmdParameters=config_overrides
{nodes}PartitionName=batch Nodes=n[1-{N_NODES}] Default=YES MaxTime=INFINITE State=UP
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_lies_in_the_folder_and_every_node_has_its_port() {
        let text = text(Path::new("/a/long/way"), &[1, 2, 3, 4]);
        let paths = text.lines().filter(|line| line.contains("=/") && !line.starts_with("MailProg"));
        assert_eq!(paths.filter(|line| line.contains("=/a/long/way/")).count(), 6);
        for (node, port) in [("n1", 2), ("n2", 3), ("n3", 4)] {
            let line = text.lines().find(|line| line.starts_with(&format!("NodeName={node} "))).unwrap();
            assert!(line.contains(&format!(" Port={port} ")), "{line}");
        }
    }
}
