//! Devices at work: one worker for each, fed from one bounded queue by all tasks.

mod choice;
mod usage;
mod worker;

pub use choice::{Choice, choose};
pub use usage::usage;

use crate::batcher::Batch;
use crate::cpu::{CpuDevice, CpuEncoder, Precision};
use crate::cuda::CudaDevice;
use crate::device::{Device, DeviceError};
use crate::encoder::Encoder;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use worker::{Job, Opened, work};

/// All devices with a model on each. Dropping it ends the workers.
pub struct Fleet {
    jobs: Option<SyncSender<Job>>,
    workers: Vec<JoinHandle<()>>,
    budget: usize,
    depth: usize,
}

/// Makes a device on the thread that it will belong to.
type Maker = Box<dyn FnOnce() -> Result<Box<dyn Device>, DeviceError> + Send>;

/// A batch on its way.
pub struct Ticket(Receiver<Result<Vec<f32>, DeviceError>>);

impl Ticket {
    /// The features of the sequences of the batch; waits for them.
    ///
    /// # Errors
    /// When the device failed.
    pub fn wait(&self) -> Result<Vec<f32>, DeviceError> {
        self.0.recv().unwrap_or_else(|_| Err(ended()))
    }

    /// The features, if they are there.
    ///
    /// # Errors
    /// As [`Ticket::wait`].
    pub fn poll(&self) -> Result<Option<Vec<f32>>, DeviceError> {
        match self.0.try_recv() {
            Ok(result) => result.map(Some),
            Err(std::sync::mpsc::TryRecvError::Empty) => Ok(None),
            Err(std::sync::mpsc::TryRecvError::Disconnected) => Err(ended()),
        }
    }
}

fn ended() -> DeviceError {
    DeviceError("the worker of a device has ended, for a reason that it has told to another task".to_owned())
}

impl Fleet {
    /// Puts a model, which people call `label`, on devices. The CPU counts as one device for each of `threads`.
    ///
    /// # Errors
    /// When a device does not take the model.
    pub fn open(
        label: &str,
        encoder: &Arc<Encoder>,
        choice: &Choice,
        precision: Precision,
        threads: usize,
    ) -> Result<Fleet, DeviceError> {
        let mut makers: Vec<Maker> = Vec::new();
        match choice {
            Choice::Cpu { .. } => {
                let packed = Arc::new(CpuEncoder::new(encoder.clone(), precision)?);
                for _ in 0..threads.max(1) {
                    let packed = packed.clone();
                    makers.push(Box::new(move || Ok(Box::new(CpuDevice::new(packed)?))));
                }
            }
            Choice::Cuda(found) => {
                for gpu in found {
                    let (encoder, index) = (encoder.clone(), gpu.index);
                    makers.push(Box::new(move || Ok(Box::new(CudaDevice::new(&encoder, index)?))));
                }
            }
        }
        // Room for one batch per device beyond those at work: a device never waits for a task to wake up.
        let (jobs, queue) = sync_channel(2 * makers.len());
        let queue = Arc::new(Mutex::new(queue));
        let (opened, answers) = sync_channel::<Result<Opened, DeviceError>>(makers.len());
        let mut workers = Vec::with_capacity(makers.len());
        for (number, make) in makers.into_iter().enumerate() {
            let (queue, opened) = (queue.clone(), opened.clone());
            let builder = std::thread::Builder::new().name(format!("device-{number}"));
            let label = label.to_owned();
            let spawned = builder.spawn(move || work(make, &label, &queue, &opened));
            workers.push(spawned.map_err(|error| DeviceError(format!("no thread for a device: {error}")))?);
        }
        drop(opened);
        let mut fleet = Fleet { jobs: Some(jobs), workers, budget: usize::MAX, depth: 1 };
        for _ in 0..fleet.workers.len() {
            let opened = answers.recv().unwrap_or_else(|_| Err(ended()))?;
            fleet.budget = fleet.budget.min(opened.budget);
            fleet.depth = fleet.depth.max(opened.depth);
        }
        Ok(fleet)
    }

    /// Tokens of a batch.
    pub fn budget(&self) -> usize {
        self.budget
    }

    /// Batches that one task should have on their way, so that a device of its own would never be idle.
    pub fn depth(&self) -> usize {
        self.depth + 1
    }

    /// Hands a batch over; waits while the queue is full.
    ///
    /// # Errors
    /// When all workers have ended.
    pub fn submit(&self, batch: Batch) -> Result<Ticket, DeviceError> {
        let (answer, ticket) = sync_channel(1);
        let jobs = self.jobs.as_ref().ok_or_else(ended)?;
        jobs.send(Job { batch, answer }).map_err(|_| ended())?;
        Ok(Ticket(ticket))
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        drop(self.jobs.take());
        for worker in self.workers.drain(..) {
            // A worker that has panicked has already failed the tasks that waited for it.
            let _ = worker.join();
        }
    }
}
