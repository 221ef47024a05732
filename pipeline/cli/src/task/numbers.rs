//! Numbers of tasks as schedulers hand them over: `3,17,20-40`, and which part of them one job of an array has.

use std::fmt::{self, Display};
use std::str::FromStr;

/// More numbers than any phase has tasks: a slip of the finger must not fill the memory.
const MAX_NUMBERS: usize = 10_000_000;

/// Numbers of tasks, ascending, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers(Vec<usize>);

impl Numbers {
    /// Of numbers that ascend.
    pub fn new(numbers: Vec<usize>) -> Numbers {
        Numbers(numbers)
    }

    /// The numbers.
    pub fn as_slice(&self) -> &[usize] {
        &self.0
    }
}

impl FromStr for Numbers {
    type Err = String;

    fn from_str(text: &str) -> Result<Numbers, String> {
        let mut numbers = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| {
                let what = || format!("`{text}` is no number of a task; write for example `3,17,20-40`");
                text.trim().parse::<usize>().map_err(|_| what())
            };
            let (first, last) = (number(first)?, number(last)?);
            if first > last {
                return Err(format!("`{part}` goes backwards"));
            }
            if numbers.len() + (last - first) >= MAX_NUMBERS {
                return Err(format!("more than {MAX_NUMBERS} tasks"));
            }
            numbers.extend(first..=last);
        }
        numbers.sort_unstable();
        numbers.dedup();
        Ok(Numbers(numbers))
    }
}

impl Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, run) in self.0.chunk_by(|a, b| a + 1 == *b).enumerate() {
            let comma = if at == 0 { "" } else { "," };
            match run {
                [one] => write!(f, "{comma}{one}")?,
                [first, .., last] => write!(f, "{comma}{first}-{last}")?,
                [] => {}
            }
        }
        Ok(())
    }
}

/// What one job was told: a part of some tasks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Share<'a> {
    /// The tasks that the jobs divide among them; all of the phase when absent.
    pub tasks: Option<&'a Numbers>,
    /// The number of the job.
    pub index: Option<usize>,
    /// Tasks of one job; 1 when absent.
    pub pack: Option<usize>,
    /// Where the first job begins.
    pub offset: usize,
}

impl Share<'_> {
    /// Whether the job is to do all the tasks that are named.
    pub fn is_all(&self) -> bool {
        self.tasks.is_some() && self.index.is_none() && self.pack.is_none()
    }

    /// The tasks of the job, in a phase of `n_tasks`; what lies beyond its end is left out.
    ///
    /// # Errors
    /// When nothing is left, or the index is missing.
    pub fn of(&self, n_tasks: usize) -> Result<Vec<usize>, String> {
        let all = self.tasks.map_or(n_tasks, |tasks| tasks.as_slice().len());
        let number = |place: usize| self.tasks.map_or(Some(place), |tasks| tasks.as_slice().get(place).copied());
        let pack = self.pack.unwrap_or(1);
        let (first, end) = match self.index {
            None if self.is_all() => (0, all),
            None => return Err("which task is not said".to_owned()),
            Some(index) => {
                let first = index.checked_mul(pack).and_then(|place| place.checked_add(self.offset));
                let first = first.ok_or_else(|| format!("there is no task at {index} times {pack}"))?;
                (first, first.saturating_add(pack).min(all))
            }
        };
        let chosen: Vec<usize> = (first..end).filter_map(number).filter(|task| *task < n_tasks).collect();
        if chosen.is_empty() {
            return Err(match self.tasks {
                None => format!("there is no task {first} in the phase; it has {n_tasks}"),
                Some(tasks) => format!("no task at place {first} of `{tasks}` is in the phase; it has {n_tasks}"),
            });
        }
        Ok(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Numbers {
        text.parse().unwrap()
    }

    #[test]
    fn lists_are_read_and_written() {
        for (text, written) in
            [("3,17,20-22", "3,17,20-22"), ("0", "0"), ("5,4,4,3", "3-5"), ("0-2, 9", "0-2,9"), ("1-2,2-3", "1-3")]
        {
            assert_eq!(numbers(text).to_string(), written);
        }
        for text in ["", "a", "3-", "5-4", "0-99999999999", "-1", "1,,2", "0-9999999,0"] {
            assert!(text.parse::<Numbers>().is_err(), "{text}");
        }
    }

    #[test]
    fn jobs_divide_a_phase_without_a_gap() {
        let share = |index| Share { index: Some(index), pack: Some(3), offset: 1, ..Share::default() };
        assert_eq!(share(0).of(8).unwrap(), [1, 2, 3]);
        assert_eq!(share(2).of(8).unwrap(), [7]);
        assert!(share(3).of(8).unwrap_err().contains("no task 10 in the phase; it has 8"));
        assert!(share(usize::MAX / 2).of(8).is_err());
        assert_eq!(Share { index: Some(4), ..Share::default() }.of(8).unwrap(), [4]);
        assert!(Share::default().of(8).is_err());
    }

    #[test]
    fn jobs_divide_a_list_without_a_gap() {
        let tasks = numbers("3,17,20-22");
        let share = Share { tasks: Some(&tasks), ..Share::default() };
        assert_eq!(share.of(22).unwrap(), [3, 17, 20, 21]);
        let share = |index| Share { index: Some(index), pack: Some(2), ..share };
        let jobs: Vec<usize> = (0..3).flat_map(|index| share(index).of(23).unwrap()).collect();
        assert_eq!(jobs, [3, 17, 20, 21, 22]);
        assert!(share(3).of(23).is_err());
        assert!(Share { index: None, ..share(0) }.of(23).is_err(), "a part of a list needs an index");
    }
}
