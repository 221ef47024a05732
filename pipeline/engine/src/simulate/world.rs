//! A world with a clock of its own: what requests of an object store take, and when it says no.

use std::collections::BTreeMap;
use tokenmill_core::hash::hash64;
use tokenmill_store::Requests;

/// What the simulated cluster and store are like.
#[derive(Clone, Debug)]
pub struct Model {
    /// Tasks of every phase.
    pub n_tasks: usize,
    /// Phases, each of which reads what the one before has written.
    pub n_phases: usize,
    /// Tasks that run at a time.
    pub n_workers: usize,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Seconds of work of a task, on average; single tasks take from half of it to twice as much.
    pub task_seconds: f64,
    /// Bytes that a task reads and writes of documents.
    pub task_bytes: u64,
    /// Share of attempts that fail before they commit: lost nodes, full disks, preemption.
    pub failing: f64,
    /// Seconds from a request to the first byte, at least and at most. Amazon S3 states 0.1 to 0.2 ("Performance design
    /// patterns for Amazon S3").
    pub latency: (f64, f64),
    /// Bytes a second of one request; the same source states 85 to 90 MB/s.
    pub bytes_per_second: f64,
    /// Reads and writes that one prefix takes in a second before it answers `503 SlowDown`; the same source states 5,500
    /// and 3,500.
    pub most_per_second: (u32, u32),
}

impl Default for Model {
    fn default() -> Model {
        Model {
            n_tasks: 100_000,
            n_phases: 12,
            n_workers: 5_000,
            seed: 1,
            task_seconds: 600.0,
            task_bytes: 200_000_000,
            failing: 0.02,
            latency: (0.1, 0.2),
            bytes_per_second: 85e6,
            most_per_second: (5_500, 3_500),
        }
    }
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Size and version.
    Head,
    /// So many bytes to come.
    Get(u64),
    /// So many bytes that go.
    Put(u64),
}

/// The first wait after a `503`, in seconds; each further one is twice as long, up to [`LONGEST_WAIT`].
const FIRST_WAIT: f64 = 0.1;

/// The longest wait after a `503`, in seconds.
const LONGEST_WAIT: f64 = 20.0;

/// Clock and counts.
#[derive(Debug)]
pub struct World {
    model: Model,
    /// Seconds since the run began, as whoever is at work sees it.
    pub now: f64,
    /// Requests in flight at a time of whoever is at work: so much faster its clock goes by.
    pub at_once: f64,
    /// Whether a task is at its own work, and not taking part in the run.
    pub is_at_work: bool,
    /// What has been granted for planning, for finding one's task and for committing it.
    pub requests: Requests,
    /// What has been granted for the tasks' own work.
    pub work: Requests,
    /// Requests that were answered with `503 SlowDown` and sent again.
    pub n_slow_downs: u64,
    n_drawn: u64,
    /// Reads and writes granted in every second.
    granted: BTreeMap<u64, (u32, u32)>,
}

impl World {
    /// A world in which nothing has happened.
    pub fn new(model: Model) -> World {
        World {
            model,
            now: 0.0,
            at_once: 1.0,
            is_at_work: false,
            requests: Requests::default(),
            work: Requests::default(),
            n_slow_downs: 0,
            n_drawn: 0,
            granted: BTreeMap::new(),
        }
    }

    /// A number from 0 to below 1.
    pub fn draw(&mut self) -> f64 {
        self.n_drawn += 1;
        share(self.model.seed, self.n_drawn)
    }

    /// Makes a request, and again until it is granted.
    pub fn ask(&mut self, ask: Ask) {
        let mut wait = FIRST_WAIT;
        while !self.grant(ask) {
            self.n_slow_downs += 1;
            // Full jitter, so that those who were turned away together do not come back together.
            self.now += wait * self.draw() / self.at_once;
            wait = (2.0 * wait).min(LONGEST_WAIT);
        }
        let (least, most) = self.model.latency;
        let latency = least + (most - least) * self.draw();
        let bytes = match ask {
            Ask::Head => 0,
            Ask::Get(bytes) | Ask::Put(bytes) => bytes,
        };
        self.now += (latency + bytes as f64 / self.model.bytes_per_second) / self.at_once;
        let requests = match ask {
            Ask::Head => Requests { head: 1, ..Requests::default() },
            Ask::Get(bytes) => Requests { get: 1, bytes_read: bytes, ..Requests::default() },
            Ask::Put(bytes) => Requests { put: 1, bytes_written: bytes, ..Requests::default() },
        };
        if self.is_at_work { &mut self.work } else { &mut self.requests }.add(&requests);
    }

    fn grant(&mut self, ask: Ask) -> bool {
        let (reads, writes) = self.granted.entry(self.now as u64).or_default();
        let (used, most) = match ask {
            Ask::Head | Ask::Get(_) => (reads, self.model.most_per_second.0),
            Ask::Put(_) => (writes, self.model.most_per_second.1),
        };
        let is_granted = *used < most;
        *used += u32::from(is_granted);
        is_granted
    }

    /// Forgets what was granted before `second`: nobody will ask then any more.
    pub fn forget_before(&mut self, second: f64) {
        self.granted = self.granted.split_off(&(second as u64));
    }
}

/// A number from 0 to below 1 that follows from two others.
pub fn share(seed: u64, number: u64) -> f64 {
    (hash64(seed, &number.to_le_bytes()) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_too_often_waits() {
        let model = Model { most_per_second: (10, 5), latency: (0.0, 0.0), ..Model::default() };
        let mut world = World::new(model);
        for _ in 0..10 {
            world.ask(Ask::Head);
        }
        assert_eq!((world.now, world.n_slow_downs), (0.0, 0));
        world.ask(Ask::Get(85_000_000));
        assert!(world.now >= 2.0 && world.n_slow_downs > 0, "{world:?}");
        assert_eq!((world.requests.head, world.requests.get), (10, 1));
    }
}
