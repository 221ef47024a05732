//! Puts the batches of a training run together.

use super::error::TrainError;
use super::job::Job;
use super::random::Random;
use super::share::Shares;
use super::stream::Stream;

/// Sequences of equal length, end to end.
#[derive(Default)]
pub(super) struct Batch {
    /// The tokens that the model reads.
    pub(super) inputs: Vec<u32>,
    /// For each the one that follows.
    pub(super) targets: Vec<u32>,
}

/// All groups that are trained on.
pub(super) struct Feed {
    streams: Vec<Stream>,
    shares: Shares,
    batch: usize,
}

impl Feed {
    /// Opens the groups that have a weight. Each begins where the seed and its name say, so that it begins there in
    /// every mix.
    pub(super) fn new(job: &Job) -> Result<Feed, TrainError> {
        let (mut streams, mut weights) = (Vec::new(), Vec::new());
        for group in job.train.iter().filter(|group| group.weight > 0.0) {
            let mut stream = Stream::new(job, &group.group, &group.shards)?;
            stream.go_to(Random::new(job.seed, &format!("place {}", group.group)).next());
            streams.push(stream);
            weights.push(group.weight);
        }
        Ok(Feed { streams, shares: Shares::new(&weights), batch: job.batch })
    }

    /// The sequences of the next step.
    pub(super) fn next(&mut self) -> Result<Batch, TrainError> {
        let mut batch = Batch::default();
        for _ in 0..self.batch {
            self.streams[self.shares.next()].next(&mut batch.inputs, &mut batch.targets)?;
        }
        Ok(batch)
    }

    /// The groups that are read.
    pub(super) fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// The groups that are read, to go to another place.
    pub(super) fn streams_mut(&mut self) -> &mut [Stream] {
        &mut self.streams
    }
}
