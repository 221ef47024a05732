//! Asks a store many small things at the same time: an answer takes a while, and the machine does nothing meanwhile.

use rayon::prelude::*;
use std::sync::OnceLock;

/// Questions under way at the same time. A store across a network answers in some 20 ms, so this is 3,000 in a second.
const AT_ONCE: usize = 64;

/// Stack of a thread that only asks.
const STACK_BYTES: usize = 1 << 20;

/// The threads that ask; they wait, and are not those that work.
fn pool() -> Option<&'static rayon::ThreadPool> {
    static POOL: OnceLock<Option<rayon::ThreadPool>> = OnceLock::new();
    let build = || rayon::ThreadPoolBuilder::new().num_threads(AT_ONCE).stack_size(STACK_BYTES).build().ok();
    POOL.get_or_init(build).as_ref()
}

/// Asks about every item; the answers are in the order of the items.
///
/// # Errors
/// The first error, when one fails.
pub fn at_once<T: Sync, R: Send, E: Send>(items: &[T], ask: impl Fn(&T) -> Result<R, E> + Sync) -> Result<Vec<R>, E> {
    match pool() {
        Some(pool) if items.len() > 1 => {
            pool.install(|| items.par_iter().with_max_len(1).map(&ask).collect::<Result<Vec<R>, E>>())
        }
        _ => items.iter().map(ask).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::at_once;

    #[test]
    fn answers_come_in_order_and_errors_come_out() {
        let items: Vec<u32> = (0..1_000).collect();
        assert_eq!(at_once(&items, |item| Ok::<u32, ()>(item * 2)).unwrap()[999], 1_998);
        assert_eq!(at_once(&items, |item| if *item == 500 { Err(*item) } else { Ok(()) }), Err(500));
        assert_eq!(at_once(&[] as &[u32], |_| Err::<(), u32>(0)), Ok(vec![]));
    }
}
