//! The cluster's settings: one monitor, one store in memory, one gateway, and nothing outside its folder.

use std::path::Path;

/// The identity of the cluster. Every one is made anew and is alone on its ports, so all can have the same.
pub const CLUSTER_ID: &str = "6f0c9b1e-3a55-4f0e-9d38-7d1a6b1f0c01";

/// The identity of its one store.
pub const STORE_ID: &str = "6f0c9b1e-3a55-4f0e-9d38-7d1a6b1f0c02";

/// The daemons, in the order in which they are started.
pub const DAEMONS: [&str; 3] = ["mon", "osd", "rgw"];

/// Space for objects. The store takes memory only for what it holds.
const STORE_BYTES: u64 = 3 << 30;

/// The text of `ceph.conf`.
///
/// There are no admin sockets: a target folder's path is often longer than the 107 bytes that a socket's may have. One
/// replica on one machine is all there is, and a monitor without peers need not wait a second for more changes before
/// it makes one. A gateway that shares its cache waits half a minute for one that has been killed, so it has none.
pub fn text(folder: &Path, mon_port: u16, gateway_port: u16) -> String {
    let folder = folder.display();
    format!(
        "\
[global]
fsid = {CLUSTER_ID}
mon host = [v2:127.0.0.1:{mon_port}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
keyring = {folder}/keyring
run dir = {folder}/run
crash dir = {folder}/run
admin socket =
log file = {folder}/log/$name.log
mon cluster log file = {folder}/log/cluster.log
auth allow insecure global id reclaim = false
mon allow pool size one = true
mon max pg per osd = 1000
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
paxos propose interval = 0.05
paxos min wait = 0.01

[mon.a]
mon data = {folder}/mon
mon data avail warn = 2
mon data avail crit = 1
pid file = {folder}/mon.pid

[osd.0]
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = {STORE_BYTES}
pid file = {folder}/osd.pid

[client.rgw]
rgw data = {folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:{gateway_port} tcp_nodelay=1
rgw thread pool size = 64
rgw cache enabled = false
pid file = {folder}/rgw.pid
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_lies_in_the_folder_and_nothing_is_a_socket() {
        let text = text(Path::new("/a/long/way"), 1, 2);
        let mut paths = text.lines().filter(|line| line.contains('/'));
        assert!(paths.all(|line| line.contains("= /a/long/way/")));
        assert!(text.lines().any(|line| line == "admin socket ="));
        assert!(DAEMONS.iter().all(|name| text.contains(&format!("/{name}.pid\n"))));
    }
}
