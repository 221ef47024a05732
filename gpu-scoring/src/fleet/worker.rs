//! The worker of one device: takes batches from the queue, keeps the device busy, and answers in order.

use super::usage::Meter;
use crate::batcher::Batch;
use crate::device::{Device, DeviceError};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};
use std::sync::{Mutex, PoisonError};

/// A batch, and where its features go.
pub struct Job {
    /// What to encode.
    pub batch: Batch,
    /// Who waits for it.
    pub answer: SyncSender<Result<Vec<f32>, DeviceError>>,
}

/// What a device says of itself once it is ready.
pub struct Opened {
    /// Tokens of a batch.
    pub budget: usize,
    /// Batches under way.
    pub depth: usize,
}

/// Makes a device and works until the queue ends or the device fails.
pub fn work(
    make: impl FnOnce() -> Result<Box<dyn Device>, DeviceError>,
    label: &str,
    queue: &Mutex<Receiver<Job>>,
    opened: &SyncSender<Result<Opened, DeviceError>>,
) {
    let mut device = match make() {
        Ok(device) => device,
        Err(error) => {
            let _ = opened.send(Err(error));
            return;
        }
    };
    let (budget, depth) = (device.budget(), device.depth().max(1));
    if opened.send(Ok(Opened { budget, depth })).is_err() {
        return;
    }
    let mut meter = Meter::new(format!("{label} on {}", device.name()));
    let mut under_way: VecDeque<SyncSender<Result<Vec<f32>, DeviceError>>> = VecDeque::new();
    let mut is_over = false;
    while !is_over || !under_way.is_empty() {
        while !is_over && under_way.len() < depth {
            match next(queue, under_way.is_empty()) {
                Next::Job(job) => {
                    meter.start(job.batch.len(), job.batch.ids.len());
                    let started = device.start(&job.batch);
                    under_way.push_back(job.answer);
                    if let Err(error) = started {
                        return fail(under_way, &error);
                    }
                }
                Next::Nothing => break,
                Next::Over => is_over = true,
            }
        }
        let Some(answer) = under_way.pop_front() else { continue };
        let result = device.finish();
        meter.finish(under_way.len(), device.busy_seconds());
        let failed = result.as_ref().err().cloned();
        // Whoever has given up waiting does not want it any more.
        let _ = answer.send(result);
        if let Some(error) = failed {
            return fail(under_way, &error);
        }
    }
}

/// A device that has failed does nothing any more: those who wait are told, and its part of the queue goes to the others.
fn fail(under_way: VecDeque<SyncSender<Result<Vec<f32>, DeviceError>>>, error: &DeviceError) {
    for answer in under_way {
        let _ = answer.send(Err(error.clone()));
    }
}

enum Next {
    Job(Job),
    Nothing,
    Over,
}

/// The next job. An idle worker waits for it; one that has something under way only looks.
fn next(queue: &Mutex<Receiver<Job>>, is_idle: bool) -> Next {
    if is_idle {
        let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        return queue.recv().map_or(Next::Over, Next::Job);
    }
    // Another worker that waits holds the queue; then there is nothing in it.
    let Ok(queue) = queue.try_lock() else { return Next::Nothing };
    match queue.try_recv() {
        Ok(job) => Next::Job(job),
        Err(TryRecvError::Empty) => Next::Nothing,
        Err(TryRecvError::Disconnected) => Next::Over,
    }
}
