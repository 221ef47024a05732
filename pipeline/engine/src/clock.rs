//! The one clock of the engine: thread CPU time, for `--timings` only. It never reaches an output.
#![expect(unsafe_code, reason = "clock_gettime has no safe face in the standard library")]

/// CPU time of the calling thread in seconds.
pub fn thread_cpu_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec that outlives the call, and the clock id exists on every Linux and macOS.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    if failed == 0 { time.tv_sec as f64 + time.tv_nsec as f64 / 1e9 } else { 0.0 }
}
