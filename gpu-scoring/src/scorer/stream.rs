//! The documents of one task on their way: tokenised here, encoded by the fleet, their scores put together in order.

use super::{Join, Scorer};
use crate::batcher::{Batch, Packer};
use crate::device::DeviceError;
use crate::encoder::Head;
use crate::fleet::{Fleet, Ticket};
use std::collections::VecDeque;
use std::sync::Arc;
use tokenmill_core::BuildError;
use tokenmill_core::score::{Scores, Scoring};

/// Scores are stored to four decimal places: beyond them devices differ, and models mean nothing.
const DECIMALS: f64 = 1e4;

/// The documents of one task.
pub struct Stream<'a> {
    scorer: &'a Scorer,
    fleet: Arc<Fleet>,
    packer: Packer,
    /// Batches on their way, oldest first: whose sequences they hold.
    under_way: VecDeque<(Ticket, Vec<usize>)>,
    /// Documents whose scores nobody has taken yet, oldest first.
    waiting: VecDeque<Waiting>,
    /// The number of the first of those.
    first: usize,
}

/// A document whose windows are on their way.
struct Waiting {
    n_windows: usize,
    n_tokens: usize,
    /// The scores of the windows so far, joined.
    joined: Vec<f64>,
    n_joined: usize,
}

impl<'a> Stream<'a> {
    /// No documents yet.
    pub fn new(scorer: &'a Scorer, fleet: Arc<Fleet>) -> Stream<'a> {
        let packer = Packer::new(fleet.budget());
        Stream { scorer, fleet, packer, under_way: VecDeque::new(), waiting: VecDeque::new(), first: 0 }
    }

    fn send(&mut self, batch: Batch) -> Result<(), DeviceError> {
        while self.under_way.len() >= self.fleet.depth() {
            self.receive()?;
        }
        let places = batch.places.clone();
        self.under_way.push_back((self.fleet.submit(batch)?, places));
        Ok(())
    }

    /// Waits for the oldest batch.
    fn receive(&mut self) -> Result<(), DeviceError> {
        let Some((ticket, places)) = self.under_way.pop_front() else { return Ok(()) };
        let features = ticket.wait()?;
        self.join(&places, &features)
    }

    /// Adds the scores of a batch to those of its documents.
    fn join(&mut self, places: &[usize], features: &[f32]) -> Result<(), DeviceError> {
        let heads = &self.scorer.encoder.heads;
        let n_features = self.scorer.encoder.n_features();
        if features.len() != places.len() * n_features {
            let why =
                format!("a device gave {} features for {} sequences of {n_features}", features.len(), places.len());
            return Err(DeviceError(why));
        }
        for (place, features) in places.iter().zip(features.chunks_exact(n_features)) {
            let mut rest = features;
            let logits: Vec<Vec<f32>> = heads
                .iter()
                .map(|head: &Head| {
                    let (own, others) = rest.split_at(head.n_features());
                    rest = others;
                    head.logits(own)
                })
                .collect();
            let waiting = place.checked_sub(self.first).and_then(|at| self.waiting.get_mut(at));
            let Some(waiting) = waiting else { return Err(DeviceError("a device gave a sequence twice".to_owned())) };
            let scores = self.scorer.outputs.iter().map(|(head, output)| heads[*head].score(&logits[*head], *output));
            let is_first = waiting.n_joined == 0;
            for (joined, score) in waiting.joined.iter_mut().zip(scores.map(f64::from)) {
                *joined = match self.scorer.join {
                    _ if is_first => score,
                    Join::Mean => *joined + score,
                    Join::First | Join::Max => joined.max(score),
                };
            }
            waiting.n_joined += 1;
        }
        Ok(())
    }

    /// Takes the scores of the oldest documents that have all of theirs.
    fn take(&mut self) -> Vec<Scores> {
        let mut taken = Vec::new();
        while let Some(done) = self.waiting.pop_front_if(|waiting| waiting.n_joined == waiting.n_windows) {
            self.first += 1;
            taken.push(done.scores(self.scorer.join));
        }
        taken
    }
}

impl Waiting {
    fn scores(self, join: Join) -> Scores {
        let n = if join == Join::Mean { self.n_joined as f64 } else { 1.0 };
        let rounded = self.joined.iter().map(|joined| {
            let score = ((joined / n * DECIMALS).round() / DECIMALS) as f32;
            score.is_finite().then_some(score)
        });
        std::iter::once(Some(self.n_tokens as f32)).chain(rounded).collect()
    }
}

fn failed(error: DeviceError) -> BuildError {
    BuildError::new(error.to_string()).hint("what was scored before is stored; the same command goes on from there")
}

impl Scoring for Stream<'_> {
    fn push(&mut self, text: &str) -> Result<(), BuildError> {
        let windows = self.scorer.tokenizer.windows(text, self.scorer.windows).map_err(BuildError::new)?;
        let place = self.first + self.waiting.len();
        let n_tokens = windows.iter().map(Vec::len).sum();
        let joined = vec![0.0; self.scorer.outputs.len()];
        self.waiting.push_back(Waiting { n_windows: windows.len(), n_tokens, joined, n_joined: 0 });
        for window in &windows {
            if let Some(full) = self.packer.push(place, window) {
                self.send(full).map_err(failed)?;
            }
        }
        Ok(())
    }

    fn ready(&mut self) -> Result<Vec<Scores>, BuildError> {
        while let Some((ticket, _)) = self.under_way.front() {
            let Some(features) = ticket.poll().map_err(failed)? else { break };
            if let Some((_, places)) = self.under_way.pop_front() {
                self.join(&places, &features).map_err(failed)?;
            }
        }
        Ok(self.take())
    }

    fn finish(&mut self) -> Result<Vec<Scores>, BuildError> {
        if let Some(last) = self.packer.flush() {
            self.send(last).map_err(failed)?;
        }
        while !self.under_way.is_empty() {
            self.receive().map_err(failed)?;
        }
        Ok(self.take())
    }
}
