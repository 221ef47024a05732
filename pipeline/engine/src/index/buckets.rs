//! Rows in order, counted by ranges of their keys, and the tasks that take such ranges from all parts.
//!
//! How many tasks come next is not known while rows are written. So they are counted in many small buckets, and a task takes as
//! many neighbours as the rows are worth: bounded on both sides, as in [`crate::exchange::bounds`].

use crate::exchange::bounds::{Sizes, reducer_of};
use crate::exchange::object;
use crate::exchange::ranges::{join, tasks_digest};
use crate::exchange::rows::u64_at;
use serde_json::{Value, json};
use std::io::Write;
use std::ops::Range;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::sort::Sorter;
use tokenmill_store::{Manifest, Outcome, StoreError, Task, TaskContext};

/// Into how many ranges keys are cut, which is how many tasks there are at most.
pub const BUCKETS: u64 = 1_024;

/// The counts of a table by bucket, in the tally of a part.
pub fn counts_of(table: &str) -> String {
    format!("{table}_by_bucket")
}

/// The bucket of a row, which begins with a uniformly distributed key of eight bytes.
pub fn bucket_of(row: &[u8]) -> usize {
    reducer_of(u64_at(row, 0), BUCKETS) as usize
}

/// Stores rows in order, and their counts; says how many there are.
pub fn store<const W: usize>(
    context: &TaskContext<'_>,
    rows: Sorter<W>,
    table: &str,
    outcome: &mut Outcome,
) -> Result<u64, StoreError> {
    let (mut spool, mut counts, mut n) = (context.spool()?, vec![0u64; BUCKETS as usize], 0);
    for row in rows.finish()? {
        let row = row?;
        counts[bucket_of(&row)] += 1;
        n += 1;
        spool.write_all(&row).map_err(StoreError::io("write", table))?;
    }
    outcome.objects.insert(table.to_owned(), context.keep(spool, table, "rows", n)?);
    outcome.tally[counts_of(table)] = join(&counts).into();
    Ok(n)
}

/// A task for every range of buckets that the rows in `table` are worth; `what` they are, for people.
pub fn tasks(fingerprint: &str, input: &Manifest, table: &str, what: &str) -> Result<Vec<Task>, StoreError> {
    let bytes = input.parts.iter().map(|part| Ok(object(part, table)?.bytes)).sum::<Result<u64, StoreError>>()?;
    let n = Sizes::default().n_reducers(bytes, input.parts.len() as u64).min(BUCKETS);
    let digest = tasks_digest(input);
    let task = |index: u64| Task {
        key: digest_hex(format!("{fingerprint}\0{digest}\0{index}/{n}").as_bytes()),
        label: format!("{what} {} of {n}", index + 1),
        bytes: bytes / n,
        work: json!({"buckets": [index * BUCKETS / n, (index + 1) * BUCKETS / n]}),
    };
    Ok((0..n).map(task).collect())
}

/// The buckets that a task takes.
pub fn range_of_task(task: &Task) -> Range<u64> {
    let number = |path: &str| task.work.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    number("/buckets/0")..number("/buckets/1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_store::{ObjectRef, Part};

    #[test]
    fn tasks_cover_all_buckets_and_are_as_many_as_the_rows_are_worth() {
        let part = |bytes| Part {
            task: "t".into(),
            label: "l".into(),
            objects: [("x".to_owned(), ObjectRef { key: "k".into(), bytes, rows: 1, digest: "d".into() })].into(),
            tally: Value::Null,
            requests: tokenmill_store::Requests::default(),
        };
        for (n_parts, bytes) in [(1, 10), (3, 10 << 30), (300, 1 << 30), (4_096, 5 << 30)] {
            let manifest = Manifest { phase: "p".into(), parts: (0..n_parts).map(|_| part(bytes)).collect() };
            let tasks = tasks("f", &manifest, "x", "files").unwrap();
            assert!(tasks.len() as u64 <= BUCKETS && !tasks.is_empty());
            let ranges: Vec<_> = tasks.iter().map(range_of_task).collect();
            assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, BUCKETS));
            assert!(ranges.windows(2).all(|two| two[0].end == two[1].start && !two[0].is_empty()));
        }
        assert_eq!((bucket_of(&[0; 16]), bucket_of(&[255; 16])), (0, BUCKETS as usize - 1));
    }
}
