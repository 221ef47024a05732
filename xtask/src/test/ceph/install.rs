//! Installing Ceph: with the system's package manager, when one of its programs is missing.

use crate::error::{Error, Result};
use crate::test::debian;

/// The programs that make up a cluster.
const PROGRAMS: [&str; 7] = ["ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin"];

/// Debian's packages of them.
const PACKAGES: [&str; 4] = ["ceph-mon", "ceph-osd", "radosgw", "ceph-common"];

/// Installs Ceph unless it is there.
///
/// # Errors
/// When it is missing and cannot be installed, with the reason.
pub fn ensure() -> Result<()> {
    let Some(program) = missing() else { return Ok(()) };
    debian::install(program, &PACKAGES)?;
    match missing() {
        Some(missing) => Err(Error::new(format!("`{missing}` is missing although Ceph has been installed"))),
        None => Ok(()),
    }
}

fn missing() -> Option<&'static str> {
    PROGRAMS.into_iter().find(|program| !debian::is_installed(program))
}
