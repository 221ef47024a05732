//! An encoder on an NVIDIA GPU with three batches under way: one is copied in, one computed, one copied out.

use super::driver::{Context, Event, Memory, Pinned, Stream, copy_out_now};
use super::forward::{Forward, Marks, check};
use super::layout::{BUDGET, Layout, MAX_NUMBERS};
use super::probe::probe;
use crate::batcher::Batch;
use crate::device::{Device, DeviceError};
use crate::encoder::Encoder;
use std::collections::{BTreeMap, VecDeque};

/// Batches under way at most.
const DEPTH: usize = 3;
/// Features that come back by themselves; what is more of a batch of very many sequences is fetched when it is finished.
const MAX_PINNED: usize = 4 << 20;

/// How a GPU is to be used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Time the matrix products' algorithms and take the fastest, instead of the library's first choice. Scores may then
    /// differ in their last digits from start to start.
    pub tune: bool,
}

/// A batch's place.
#[derive(Debug)]
struct Slot {
    host_input: Pinned<u32>,
    input: Memory,
    features: Memory,
    host_features: Pinned<f32>,
    copied: Event,
    begun: Event,
    computed: Event,
    done: Event,
}

/// An encoder on a GPU.
#[derive(Debug)]
pub struct CudaDevice {
    name: String,
    n_words: usize,
    max_tokens: usize,
    n_features: usize,
    busy_seconds: f64,
    next: usize,
    under_way: VecDeque<(usize, Layout)>,
    // What follows is freed in this order, the context last.
    slots: Vec<Slot>,
    forward: Forward,
    copying_in: Stream,
    computing: Stream,
    copying_out: Stream,
    context: Context,
}

impl CudaDevice {
    /// Puts a model on the GPU of that number.
    ///
    /// # Errors
    /// When there is no such GPU, the kernels do not know the model, or its memory does not suffice.
    pub fn new(encoder: &Encoder, index: usize) -> Result<CudaDevice, DeviceError> {
        CudaDevice::with(encoder, index, Options::default())
    }

    /// The same with options.
    ///
    /// # Errors
    /// As [`CudaDevice::new`].
    pub fn with(encoder: &Encoder, index: usize, options: Options) -> Result<CudaDevice, DeviceError> {
        check(&encoder.config)?;
        let found = probe().map_err(DeviceError)?;
        let gpu = found.iter().find(|gpu| gpu.index == index);
        let gpu = gpu.ok_or_else(|| DeviceError(format!("there is no GPU {index} that can be used")))?;
        let context = Context::of(index)?;
        let (copying_in, computing, copying_out) = (Stream::new()?, Stream::new()?, Stream::new()?);
        let forward = Forward::new(encoder, options.tune.then_some(&computing))?;
        let n_features = encoder.n_features();
        let slot = || {
            Ok(Slot {
                host_input: Pinned::zeros(MAX_NUMBERS)?,
                input: Memory::zeros(MAX_NUMBERS * 4)?,
                features: Memory::zeros(BUDGET * n_features * 4)?,
                host_features: Pinned::zeros((BUDGET * n_features).min(MAX_PINNED))?,
                copied: Event::new()?,
                begun: Event::new()?,
                computed: Event::new()?,
                done: Event::new()?,
            })
        };
        let slots = (0..DEPTH).map(|_| slot()).collect::<Result<_, DeviceError>>()?;
        context.wait()?;
        Ok(CudaDevice {
            name: format!("GPU {index}: {}", gpu.name),
            n_words: encoder.config.n_words,
            max_tokens: encoder.config.max_tokens,
            n_features,
            busy_seconds: 0.0,
            next: 0,
            under_way: VecDeque::new(),
            slots,
            forward,
            copying_in,
            computing,
            copying_out,
            context,
        })
    }

    /// Runs a batch by itself and tells how many seconds each kind of kernel took in it.
    ///
    /// # Errors
    /// When batches are under way, or as [`Device::start`].
    pub fn profile(&mut self, batch: &Batch) -> Result<Vec<(&'static str, f64)>, DeviceError> {
        if !self.under_way.is_empty() {
            return Err(DeviceError("a profile is taken only when no batch is under way".to_owned()));
        }
        let mut marks = Some(Marks::new());
        self.begin(batch, &mut marks)?;
        self.finish()?;
        let marks = marks.unwrap_or_default();
        let mut seconds = BTreeMap::new();
        for ((_, from), (name, to)) in marks.iter().zip(marks.iter().skip(1)) {
            *seconds.entry(*name).or_insert(0.0) += to.seconds_since(from)?;
        }
        Ok(seconds.into_iter().collect())
    }

    fn begin(&mut self, batch: &Batch, marks: &mut Option<Marks>) -> Result<(), DeviceError> {
        if self.under_way.len() >= DEPTH {
            return Err(DeviceError(format!("{DEPTH} batches are under way already")));
        }
        self.context.enter()?;
        let at = self.next;
        let Some(slot) = self.slots.get_mut(at) else { return Err(DeviceError(format!("there is no place {at}"))) };
        // The place's batch before this one was finished, so nothing reads or writes its memory.
        let layout = Layout::write(batch, self.n_words, self.max_tokens, slot.host_input.numbers_mut())?;
        if layout.n_sequences > 0 {
            let numbers = slot.host_input.numbers().get(..layout.n_numbers).unwrap_or_default();
            // SAFETY: pinned, and left alone until `done` was waited for.
            unsafe { self.copying_in.copy_in(slot.input.at(), numbers) }?;
            slot.copied.record(&self.copying_in)?;
            self.computing.wait_for(&slot.copied)?;
            slot.begun.record(&self.computing)?;
            self.forward.run(&self.computing, &layout, slot.input.at(), slot.features.at(), marks)?;
            slot.computed.record(&self.computing)?;
            self.copying_out.wait_for(&slot.computed)?;
            let n = layout.n_sequences * self.n_features;
            let features = slot.host_features.numbers_mut();
            let n = n.min(features.len());
            if let Some(features) = features.get_mut(..n) {
                // SAFETY: as above.
                unsafe { self.copying_out.copy_out(features, slot.features.at()) }?;
            }
            slot.done.record(&self.copying_out)?;
        }
        self.under_way.push_back((at, layout));
        self.next = (at + 1) % DEPTH;
        Ok(())
    }
}

impl Device for CudaDevice {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn budget(&self) -> usize {
        BUDGET
    }

    fn depth(&self) -> usize {
        DEPTH
    }

    fn busy_seconds(&self) -> Option<f64> {
        Some(self.busy_seconds)
    }

    fn start(&mut self, batch: &Batch) -> Result<(), DeviceError> {
        self.begin(batch, &mut None)
    }

    fn finish(&mut self) -> Result<Vec<f32>, DeviceError> {
        let Some((at, layout)) = self.under_way.pop_front() else {
            return Err(DeviceError("no batch is under way".to_owned()));
        };
        let Some(slot) = self.slots.get(at) else { return Err(DeviceError(format!("there is no place {at}"))) };
        if layout.n_sequences == 0 {
            return Ok(vec![0.0; layout.is_there.len() * self.n_features]);
        }
        self.context.enter()?;
        slot.done.wait()?;
        self.busy_seconds += slot.computed.seconds_since(&slot.begun)?;
        let n = layout.n_sequences * self.n_features;
        let pinned = slot.host_features.numbers();
        let mut found = pinned.get(..n.min(pinned.len())).unwrap_or_default().to_vec();
        let n_found = found.len();
        if n_found < n {
            found.resize(n, 0.0);
            let rest = found.get_mut(n_found..).unwrap_or_default();
            // SAFETY: the features are computed, and there are as many.
            unsafe { copy_out_now(rest, slot.features.at() + 4 * n_found as u64) }?;
        }
        if layout.is_there.iter().all(|is_there| *is_there) {
            return Ok(found);
        }
        let mut features = Vec::with_capacity(layout.is_there.len() * self.n_features);
        let mut rows = found.chunks_exact(self.n_features.max(1));
        for is_there in &layout.is_there {
            match is_there.then(|| rows.next()).flatten() {
                Some(row) => features.extend_from_slice(row),
                None => features.resize(features.len() + self.n_features, 0.0),
            }
        }
        Ok(features)
    }
}

impl Drop for CudaDevice {
    fn drop(&mut self) {
        // Nothing may be freed that the GPU still works on. An error at the end has nobody to go to.
        let _ = self.context.wait();
    }
}
