//! The kernels of a batch, in their order.

use super::driver::{Argument, Event, Kernel, Memory, Module, Stream};
use super::gemm::{Epilogue, Gemm, Library, Operands};
use super::layout::{BUDGET, Layout, bucket, rows};
use super::weights::{Head, Matrix, Scale, Weights};
use crate::device::DeviceError;
use crate::encoder::{Activation, Config, Encoder, Pooling};

/// The compiled kernels, where the loader may read their header in words.
#[repr(C, align(64))]
struct Aligned<T: ?Sized>(T);
static IMAGE: &Aligned<[u8]> = &Aligned(*include_bytes!("../../kernels/encoder.fatbin"));

/// Numbers of a row at most, and the divisor of it: see `rows.cuh`.
const MAX_HIDDEN: usize = 1024;
/// Rows of a block of the kernels in `rows.cuh`; sequences and outputs of one of `dense`.
const BLOCK_ROWS: usize = 8;
const DENSE_SEQUENCES: usize = 8;
const DENSE_OUTPUTS: usize = 32;

#[derive(Debug)]
struct Kernels {
    embed: Kernel,
    residual_norm: Kernel,
    gather: Kernel,
    gelu: Kernel,
    pool: Kernel,
    dense: Kernel,
    /// For tiles of 128 and of 64 queries.
    attention: [Kernel; 2],
    _module: Module,
}

/// Points in a stream with what ends there, for a look at where time goes.
pub type Marks = Vec<(&'static str, Event)>;

/// A model on a GPU with the memory for one batch.
#[derive(Debug)]
pub struct Forward {
    config: Config,
    kernels: Kernels,
    weights: Weights,
    /// Queries, keys and values; behind the attention; up; down.
    gemms: [Gemm; 4],
    library: Library,
    /// Rows between the layers, and those of first tokens alone.
    states: [Memory; 2],
    qkv: Memory,
    mixed: Memory,
    more: Memory,
    between: Memory,
    /// What heads see, in float32.
    pooled: Memory,
    n_features: usize,
    /// Whether all heads see only first tokens, so that most of the last layer is done for these alone.
    is_first_only: bool,
}

/// Whether the kernels know a model of these sizes.
pub fn check(config: &Config) -> Result<(), DeviceError> {
    let refuse =
        |why: String| Err(DeviceError(format!("the GPU kernels do not know this model: {why}; use `--device cpu`")));
    if !matches!(config.head_size(), 32 | 64) {
        return refuse(format!("attention heads of {} numbers, and not 32 or 64", config.head_size()));
    }
    if config.hidden > MAX_HIDDEN || !config.hidden.is_multiple_of(32) {
        return refuse(format!("rows of {} numbers, and not of a multiple of 32 up to {MAX_HIDDEN}", config.hidden));
    }
    if !config.intermediate.is_multiple_of(8) {
        return refuse(format!("{} numbers between two matrices, and not a multiple of 8", config.intermediate));
    }
    if config.max_tokens > BUDGET {
        return refuse(format!("sequences of {} tokens, and not of at most {BUDGET}", config.max_tokens));
    }
    Ok(())
}

fn int(number: usize) -> u64 {
    number as u64
}

impl Forward {
    /// Loads kernels and model, and takes all memory; with a stream, algorithms are chosen by trial.
    pub fn new(encoder: &Encoder, trial: Option<&Stream>) -> Result<Forward, DeviceError> {
        let config = encoder.config.clone();
        check(&config)?;
        let module = Module::load(&IMAGE.0)?;
        let size = config.head_size();
        let kernels = Kernels {
            embed: module.kernel("embed")?,
            residual_norm: module.kernel("residual_norm")?,
            gather: module.kernel("gather")?,
            gelu: module.kernel("gelu")?,
            pool: module.kernel("pool")?,
            dense: module.kernel("dense")?,
            attention: [module.kernel(&format!("attention_{size}_8"))?, module.kernel(&format!("attention_{size}_4"))?],
            _module: module,
        };
        let matrix = |columns: usize| Memory::zeros(BUDGET * columns * 2);
        let (hidden, inner) = (config.hidden, config.intermediate);
        let weights = Weights::of(encoder)?;
        let library = Library::open()?;
        let states = [matrix(hidden)?, matrix(hidden)?];
        let (qkv, mixed, more, between) = (matrix(3 * hidden)?, matrix(hidden)?, matrix(hidden)?, matrix(inner)?);
        let up = match config.activation {
            Activation::Gelu => Epilogue::Bias,
            Activation::GeluTanh => Epilogue::GeluTanh,
            Activation::Relu => Epilogue::Relu,
        };
        let Some(layer) = weights.layers.first() else { return Err(DeviceError("the model has no layers".to_owned())) };
        let gemm = |shape, epilogue, matrix: &Matrix, from: &Memory, to: &Memory| {
            Gemm::new(&library, shape, epilogue, operands(matrix, from, to), trial)
        };
        let gemms = [
            gemm((hidden, 3 * hidden), Epilogue::Bias, &layer.qkv, &states[0], &qkv)?,
            gemm((hidden, hidden), Epilogue::Bias, &layer.out, &mixed, &more)?,
            gemm((hidden, inner), up, &layer.up, &states[0], &between)?,
            gemm((inner, hidden), Epilogue::Bias, &layer.down, &between, &more)?,
        ];
        let pooled = Memory::zeros(BUDGET * hidden * 4)?;
        let is_first_only = encoder.heads.iter().all(|head| head.pooling == Pooling::First);
        let n_features = encoder.n_features();
        Ok(Forward {
            config,
            kernels,
            weights,
            gemms,
            library,
            states,
            qkv,
            mixed,
            more,
            between,
            pooled,
            n_features,
            is_first_only,
        })
    }

    /// Puts the work on a batch, which is at `input`, into a stream; features go to `features`, a row for each sequence.
    pub fn run(
        &self,
        stream: &Stream,
        layout: &Layout,
        input: u64,
        features: u64,
        marks: &mut Option<Marks>,
    ) -> Result<(), DeviceError> {
        let mut run = Run { forward: self, stream, layout, input, marks };
        run.mark("begin")?;
        run.embed()?;
        let last = self.weights.layers.len().saturating_sub(1);
        for (at, layer) in self.weights.layers.iter().enumerate() {
            let [all, firsts] = &self.states;
            let places = bucket(layout.n_tokens);
            run.multiply("qkv", 0, places, &layer.qkv, all, &self.qkv)?;
            let (state, places) = if at == last && self.is_first_only {
                run.attention(1, 2, 1)?;
                run.gather()?;
                (firsts, bucket(layout.n_sequences))
            } else {
                run.attention(0, 0, BUDGET)?;
                run.attention(1, 1, BUDGET)?;
                (all, places)
            };
            run.multiply("out", 1, places, &layer.out, &self.mixed, &self.more)?;
            run.residual_norm(state, &layer.attention_norm, rows(places))?;
            run.multiply("up", 2, places, &layer.up, state, &self.between)?;
            if self.config.activation == Activation::Gelu {
                run.gelu(rows(places))?;
            }
            run.multiply("down", 3, places, &layer.down, &self.between, &self.more)?;
            run.residual_norm(state, &layer.output_norm, rows(places))?;
        }
        let mut column = 0;
        for head in &self.weights.heads {
            run.head(head, features + int(column * 4))?;
            column += head.n_features;
        }
        Ok(())
    }
}

fn operands(matrix: &Matrix, from: &Memory, to: &Memory) -> Operands {
    Operands { weight: matrix.weight.at(), bias: matrix.bias.at(), from: from.at(), to: to.at() }
}

/// One batch on its way into a stream.
struct Run<'a> {
    forward: &'a Forward,
    stream: &'a Stream,
    layout: &'a Layout,
    input: u64,
    marks: &'a mut Option<Marks>,
}

impl Run<'_> {
    fn mark(&mut self, name: &'static str) -> Result<(), DeviceError> {
        if let Some(marks) = self.marks {
            let event = Event::new()?;
            event.record(self.stream)?;
            marks.push((name, event));
        }
        Ok(())
    }

    /// Where a part of the input begins.
    fn part(&self, number: usize) -> u64 {
        self.input + int(number * 4)
    }

    fn multiply(
        &mut self,
        name: &'static str,
        gemm: usize,
        places: usize,
        matrix: &Matrix,
        from: &Memory,
        to: &Memory,
    ) -> Result<(), DeviceError> {
        let forward = self.forward;
        if let Some(gemm) = forward.gemms.get(gemm) {
            gemm.run(&forward.library, places, operands(matrix, from, to), self.stream)?;
        }
        self.mark(name)
    }

    fn launch(
        &mut self,
        name: &'static str,
        kernel: Kernel,
        blocks: (usize, usize),
        (threads, shared): (u32, usize),
        arguments: &[u64],
    ) -> Result<(), DeviceError> {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let blocks = (number(blocks.0), number(blocks.1));
        // SAFETY: the arguments below are those of the kernels in `encoder.cu`, in their order; all memory belongs to the
        // device, which waits for its streams before it frees any; sizes were checked by `check` and `Layout::write`.
        unsafe { kernel.launch(self.stream, blocks, threads, number(shared), arguments) }?;
        self.mark(name)
    }

    fn embed(&mut self) -> Result<(), DeviceError> {
        let (forward, n_rows) = (self.forward, rows(bucket(self.layout.n_tokens)));
        let weights = &forward.weights;
        let arguments = [
            self.input,
            self.part(self.layout.positions),
            weights.words.at(),
            weights.positions.at(),
            weights.norm.gain.at(),
            weights.norm.bias.at(),
            forward.states[0].at(),
            int(self.layout.n_tokens),
            int(n_rows),
            int(forward.config.hidden),
            forward.config.epsilon.bits(),
        ];
        let blocks = (n_rows.div_ceil(BLOCK_ROWS), 1);
        self.launch("embed", forward.kernels.embed, blocks, (256, 0), &arguments)
    }

    /// The attention of one list of tiles: `kernel` 0 for tiles of 128 queries and 1 for 64, at most `max_rows` of each.
    fn attention(&mut self, kernel: usize, list: usize, max_rows: usize) -> Result<(), DeviceError> {
        let (forward, n_tiles) = (self.forward, self.layout.n_tiles[list]);
        if n_tiles == 0 {
            return Ok(());
        }
        let scale = std::f32::consts::LOG2_E / (forward.config.head_size() as f32).sqrt();
        let arguments = [
            forward.qkv.at(),
            forward.mixed.at(),
            self.part(self.layout.tiles[list]),
            int(forward.config.hidden),
            scale.bits(),
            int(max_rows),
        ];
        let threads = if kernel == 0 { 256 } else { 128 };
        let blocks = (n_tiles, forward.config.n_heads);
        self.launch("attention", forward.kernels.attention[kernel], blocks, (threads, 0), &arguments)
    }

    fn gather(&mut self) -> Result<(), DeviceError> {
        let (forward, n_rows) = (self.forward, rows(bucket(self.layout.n_sequences)));
        let [all, firsts] = &forward.states;
        let arguments = [
            all.at(),
            self.part(self.layout.boundaries),
            firsts.at(),
            int(self.layout.n_sequences),
            int(n_rows),
            int(forward.config.hidden),
        ];
        self.launch("gather", forward.kernels.gather, (n_rows.div_ceil(BLOCK_ROWS), 1), (256, 0), &arguments)
    }

    fn residual_norm(&mut self, state: &Memory, norm: &Scale, n_rows: usize) -> Result<(), DeviceError> {
        let forward = self.forward;
        let arguments = [
            state.at(),
            forward.more.at(),
            norm.gain.at(),
            norm.bias.at(),
            int(n_rows),
            int(forward.config.hidden),
            forward.config.epsilon.bits(),
        ];
        let blocks = (n_rows.div_ceil(BLOCK_ROWS), 1);
        self.launch("residual_norm", forward.kernels.residual_norm, blocks, (256, 0), &arguments)
    }

    fn gelu(&mut self, n_rows: usize) -> Result<(), DeviceError> {
        let forward = self.forward;
        let n_pieces = n_rows * forward.config.intermediate / 8;
        let arguments = [forward.between.at(), int(n_pieces)];
        self.launch("gelu", forward.kernels.gelu, (n_pieces.div_ceil(256), 1), (256, 0), &arguments)
    }

    fn head(&mut self, head: &Head, to: u64) -> Result<(), DeviceError> {
        let forward = self.forward;
        let (hidden, n_sequences) = (forward.config.hidden, self.layout.n_sequences);
        let kind = match (forward.is_first_only, head.pooling) {
            (true, _) => 0,
            (false, Pooling::First) => 1,
            (false, Pooling::Mean) => 2,
        };
        let state = &forward.states[usize::from(forward.is_first_only)];
        // Without a matrix what the head sees is its features.
        let (pooled, stride) =
            if head.dense.is_some() { (forward.pooled.at(), hidden) } else { (to, forward.n_features) };
        let arguments = [state.at(), self.part(self.layout.boundaries), pooled, int(hidden), int(stride), kind];
        self.launch("pool", forward.kernels.pool, (n_sequences, 1), (128, 0), &arguments)?;
        let Some((matrix, is_relu)) = &head.dense else { return Ok(()) };
        let arguments = [
            pooled,
            matrix.weight.at(),
            matrix.bias.at(),
            to,
            int(n_sequences),
            int(hidden),
            int(head.n_features),
            int(forward.n_features),
            u64::from(*is_relu),
        ];
        let blocks = (head.n_features.div_ceil(DENSE_OUTPUTS), n_sequences.div_ceil(DENSE_SEQUENCES));
        let shared = DENSE_SEQUENCES * hidden * 4;
        self.launch("dense", forward.kernels.dense, blocks, (256, shared), &arguments)
    }
}
