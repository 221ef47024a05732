//! A file system that is soon full.

use std::path::Path;
use std::process::{Command, Stdio};

/// A small file system of its own, gone when it is dropped.
pub struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    /// None where this process may not mount one.
    ///
    /// # Panics
    /// When the folder cannot be made; in continuous integration, which may mount, also when it cannot be mounted.
    pub fn mount(folder: &'a Path, bytes: u64) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"]).arg(folder);
        let mounted = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        assert!(mounted || std::env::var("CI").as_deref() != Ok("true"), "continuous integration may mount");
        mounted.then_some(Self(folder))
    }

    /// Makes it larger, or smaller.
    ///
    /// # Panics
    /// When that cannot be done.
    pub fn grow(&self, bytes: u64) {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,size={bytes}")]).arg(self.0);
        assert!(mount.status().unwrap().success());
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}
