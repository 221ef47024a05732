//! What the machine has to offer: memory, within the limits of a container, and room on the disk of the scratch folder.
#![expect(clippy::disallowed_methods, reason = "files of the kernel are no objects")]
#![expect(unsafe_code, reason = "statvfs and getrlimit have no safe face in the standard library")]

use crate::StoreError;
use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Bytes of memory that a process may take here: what the machine has, or less in a container or under `ulimit -v`. `None`
/// where the system does not tell.
pub fn memory_limit() -> Option<u64> {
    limit_of(Path::new("/")).into_iter().chain(address_space()).min()
}

/// What is left of the limit of this process on addresses, if it has one. Much that has an address takes no memory, such as
/// most of the program itself, but none of it may be without one.
fn address_space() -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: `limit` is valid and outlives the call.
    let failed = unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut limit) };
    let is_limited = failed == 0 && limit.rlim_cur != libc::RLIM_INFINITY;
    is_limited.then(|| limit.rlim_cur.saturating_sub(taken().unwrap_or(0)))
}

/// The addresses that this process has taken so far.
fn taken() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

/// As [`memory_limit`], with the files of the kernel below `root`.
fn limit_of(root: &Path) -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(root.join(path)).ok();
    let of_machine = read("proc/meminfo").and_then(|text| total(&text));
    let groups = read("proc/self/cgroup").unwrap_or_default();
    let limits = folders(&groups).into_iter().filter_map(|path| group_limit(&read(&path)?));
    of_machine.into_iter().chain(limits).min()
}

/// `MemTotal` of `/proc/meminfo`.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

/// The files that may hold a limit: those of our control group and of all above it, version 2 and version 1. In a container
/// the path of the group is that of the host and leads nowhere, and the limit is at the root.
fn folders(groups: &str) -> Vec<String> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(number), Some(kinds), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let (base, file) = match (number, kinds.split(',').any(|kind| kind == "memory")) {
            ("0", _) => ("sys/fs/cgroup", "memory.max"),
            (_, true) => ("sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => continue,
        };
        let mut path = path.trim_matches('/');
        loop {
            let between = if path.is_empty() { "" } else { "/" };
            files.push(format!("{base}{between}{path}/{file}"));
            if path.is_empty() {
                break;
            }
            path = path.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }
    files
}

/// The limit in such a file; `None` when there is none: `max`, or in version 1 a number near 2^63.
fn group_limit(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|limit| *limit < 1 << 60)
}

/// Bytes that may still be written to the file system that a folder lies on.
///
/// # Errors
/// When the folder cannot be asked.
pub fn free_disk(folder: &Path) -> Result<u64, StoreError> {
    let failed = |error| StoreError::io("look up", folder.display())(error);
    let path = CString::new(folder.as_os_str().as_bytes()).map_err(|error| failed(error.into()))?;
    // SAFETY: a `statvfs` of zeros is valid.
    let mut stat: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: the path ends with a 0 and `stat` is valid; both outlive the call.
    match unsafe { libc::statvfs(path.as_ptr(), &raw mut stat) } {
        0 => Ok((stat.f_bavail as u64).saturating_mul(stat.f_frsize as u64)),
        _ => Err(failed(io::Error::last_os_error())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine made of files.
    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    const MEMINFO: (&str, &str) = ("proc/meminfo", "MemTotal:       16384 kB\nMemFree:         1 kB\n");

    #[test]
    fn the_smallest_limit_counts() {
        let limit = |files: &[(&str, &str)]| limit_of(machine(files).path());
        assert_eq!(limit(&[]), None);
        assert_eq!(limit(&[MEMINFO]), Some(16 << 20));
        let group = ("proc/self/cgroup", "0::/user.slice/job.scope\n");
        let max = ("sys/fs/cgroup/user.slice/job.scope/memory.max", "max\n");
        assert_eq!(limit(&[MEMINFO, group, max]), Some(16 << 20));
        let above = ("sys/fs/cgroup/user.slice/memory.max", "4194304\n");
        assert_eq!(limit(&[MEMINFO, group, max, above]), Some(4 << 20));
        // In a container.
        let root = ("sys/fs/cgroup/memory.max", "1048576\n");
        assert_eq!(limit(&[MEMINFO, ("proc/self/cgroup", "0::/\n"), root]), Some(1 << 20));
        // Version 1.
        let group = ("proc/self/cgroup", "12:cpu,cpuacct:/a\n5:memory:/docker/abc\n");
        let none = ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        let own = ("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "2097152\n");
        assert_eq!(limit(&[MEMINFO, group, none, own]), Some(2 << 20));
        assert_eq!(limit(&[MEMINFO, group, none]), Some(16 << 20));
    }

    #[test]
    fn a_disk_has_room_and_a_missing_folder_none() {
        assert!(free_disk(&std::env::temp_dir()).unwrap() > 0);
        assert!(free_disk(Path::new("/nowhere/at/all")).is_err());
        #[cfg(target_os = "linux")]
        assert!(memory_limit().unwrap() > 1 << 20);
    }
}
