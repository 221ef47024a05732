//! The clocks and meters of the engine: for `--timings`, and for the records of attempts, which people read. Nothing here
//! ever reaches an output.
#![expect(unsafe_code, reason = "the calls of the system have no safe face in the standard library")]
#![expect(
    clippy::disallowed_methods,
    reason = "the one room of the engine that looks at the clock and at its own process"
)]

use std::time::{Instant, SystemTime};

/// CPU time of the calling thread in seconds.
pub fn thread_cpu_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec that outlives the call, and the clock id exists on every Linux and macOS.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    if failed == 0 { time.tv_sec as f64 + time.tv_nsec as f64 / 1e9 } else { 0.0 }
}

/// CPU time in seconds of this process and of the children that have ended.
pub fn process_cpu_seconds() -> f64 {
    [libc::RUSAGE_SELF, libc::RUSAGE_CHILDREN].into_iter().map(used_seconds).sum()
}

fn used_seconds(who: libc::c_int) -> f64 {
    // SAFETY: a `rusage` of zeros is valid.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: `usage` is valid and outlives the call.
    let failed = unsafe { libc::getrusage(who, &raw mut usage) };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    if failed == 0 { seconds(usage.ru_utime) + seconds(usage.ru_stime) } else { 0.0 }
}

/// Seconds since the beginning of 1970.
pub fn unix_seconds() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// A moment to measure from.
pub fn now() -> Instant {
    Instant::now()
}

/// The most memory that this process has had, in bytes; 0 where the system does not tell. Not from `getrusage`, which counts
/// what the parent had when it started us.
pub fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).map_or(0, |kilobytes| kilobytes << 10)
}

/// The name of this machine; empty where the system does not tell.
pub fn host_name() -> String {
    let mut name = [0_u8; 256];
    // SAFETY: the buffer is valid for its length; the last byte stays 0 whatever is written before it.
    let failed = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) };
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(0);
    if failed == 0 { String::from_utf8_lossy(&name[..end]).into_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meters_run() {
        let (thread, process, wall) = (thread_cpu_seconds(), process_cpu_seconds(), now());
        let sum =
            (0..20_000_000_u64).fold(0_u64, |sum, at| std::hint::black_box(sum.wrapping_mul(31).wrapping_add(at)));
        assert!(sum != 1 && thread_cpu_seconds() > thread && wall.elapsed().as_nanos() > 0);
        assert!(process_cpu_seconds() >= process && unix_seconds() > 1.6e9);
        #[cfg(target_os = "linux")]
        assert!(peak_bytes() > 1 << 20 && !host_name().is_empty());
    }
}
