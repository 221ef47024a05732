//! Independent pieces of work, which the caller may run side by side: this room starts no threads of its own.

use std::sync::OnceLock;

/// Runs a piece of work for each of 0 to `n` - 1, in any order and on any threads, and returns when all are done.
///
/// With rayon: `|n, job| (0..n).into_par_iter().for_each(job)`.
pub type Runner<'a> = dyn Fn(usize, &(dyn Fn(usize) + Sync)) + 'a;

/// One after the other, on this thread.
pub fn serial(n: usize, job: &(dyn Fn(usize) + Sync)) {
    (0..n).for_each(job);
}

/// The results of a function of 0 to `n` - 1, in that order, whatever the runner does.
pub fn map<T: Send + Sync>(runner: &Runner<'_>, n: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let slots: Vec<OnceLock<T>> = (0..n).map(|_| OnceLock::new()).collect();
    runner(n, &|i| {
        slots[i].get_or_init(|| work(i));
    });
    // A runner that leaves something out costs time but changes no result.
    slots.into_iter().enumerate().map(|(i, slot)| slot.into_inner().unwrap_or_else(|| work(i))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order() {
        let backwards: &Runner<'_> = &|n, job| (0..n).rev().for_each(job);
        let lazy: &Runner<'_> = &|n, job| (0..n / 2).for_each(job);
        let threads: &Runner<'_> = &|n, job| {
            std::thread::scope(|scope| {
                (0..n).for_each(|i| {
                    scope.spawn(move || job(i));
                });
            });
        };
        for runner in [&serial as &Runner<'_>, backwards, lazy, threads] {
            assert_eq!(map(runner, 4, |i| i * i), [0, 1, 4, 9]);
        }
    }
}
