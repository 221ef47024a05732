//! Failpoints: places where a test can make the process die, to prove that nothing is lost there.
//!
//! `TOKENMILL_FAILPOINT=name:3` aborts the process the third time it passes the point called `name`. Without the
//! variable a point costs one atomic load.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Every failpoint of the program; the kill tests go through them all.
pub const POINTS: &[&str] =
    &["object.before_rename", "object.after_rename", "commit.before_link", "commit.after_link", "put.before_rename"];

struct Armed {
    name: String,
    passes_left: AtomicU64,
}

fn armed() -> Option<&'static Armed> {
    static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
    let read = || {
        let value = std::env::var("TOKENMILL_FAILPOINT").ok()?;
        let (name, count) = value.split_once(':').unwrap_or((&value, "1"));
        Some(Armed { name: name.to_owned(), passes_left: AtomicU64::new(count.parse().ok()?) })
    };
    ARMED.get_or_init(read).as_ref()
}

/// Passes a failpoint.
pub fn point(name: &'static str) {
    debug_assert!(POINTS.contains(&name), "unlisted failpoint {name}");
    if let Some(armed) = armed()
        && armed.name == name
        && armed.passes_left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        std::process::abort();
    }
}
