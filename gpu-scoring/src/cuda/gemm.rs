//! Matrix products by cublasLt in bf16 with float32 sums: one algorithm for each matrix, whatever the number of rows.
//!
//! Sums that are split among multiprocessors are not allowed, so a row of the result depends on its row and the algorithm alone.

use super::driver::{Event, Memory, Stream};
use super::layout::{N_BUCKETS, rows};
use crate::device::DeviceError;
use cudarc::cublaslt::result::{self, CublasError};
use cudarc::cublaslt::sys;
use std::ffi::c_void;
use std::mem::MaybeUninit;

/// Bytes that an algorithm may use for itself.
const WORKSPACE: usize = 32 << 20;
/// Algorithms that are asked for.
const N_CANDIDATES: usize = 8;
/// Times that a candidate is run when they are timed.
const N_TIMED: usize = 10;

fn said<T>(what: &str, result: Result<T, CublasError>) -> Result<T, DeviceError> {
    result.map_err(|error| DeviceError(format!("cublasLt failed at {what}: {error}")))
}

/// What is done with a sum and its bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epilogue {
    /// Nothing more.
    Bias,
    /// GELU by tanh.
    GeluTanh,
    /// max(x, 0).
    Relu,
}

/// The library, and memory that it works in.
#[derive(Debug)]
pub struct Library {
    handle: sys::cublasLtHandle_t,
    workspace: Memory,
}

impl Library {
    /// Opens it on this thread's context.
    pub fn open() -> Result<Library, DeviceError> {
        Ok(Library { handle: said("its start", result::create_handle())?, workspace: Memory::zeros(WORKSPACE)? })
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // SAFETY: it was made once, and its owner has waited for the GPU.
        let _ = unsafe { result::destroy_handle(self.handle) };
    }
}

/// What a matrix product reads and writes, in device memory.
#[derive(Clone, Copy, Debug)]
pub struct Operands {
    /// The matrix: rows of inputs, one for each output.
    pub weight: u64,
    /// One number for each output.
    pub bias: u64,
    /// Rows of inputs.
    pub from: u64,
    /// Rows of outputs.
    pub to: u64,
}

/// A row-major matrix in the eyes of the library, which goes by columns: one of `columns` rows.
#[derive(Debug)]
struct Shape(sys::cublasLtMatrixLayout_t);

impl Shape {
    fn new(columns: usize, rows: usize) -> Result<Shape, DeviceError> {
        let kind = sys::cudaDataType_t::CUDA_R_16BF;
        said("a shape", result::create_matrix_layout(kind, columns as u64, rows as u64, columns as i64)).map(Shape)
    }
}

impl Drop for Shape {
    fn drop(&mut self) {
        // SAFETY: it was made once.
        let _ = unsafe { result::destroy_matrix_layout(self.0) };
    }
}

/// How the product is done for one number of rows.
#[derive(Debug)]
struct Bucket {
    input: Shape,
    output: Shape,
    algorithm: sys::cublasLtMatmulAlgo_t,
}

/// A kind of matrix product: so many inputs and outputs, and what follows.
#[derive(Debug)]
pub struct Gemm {
    operation: Operation,
    weight: Shape,
    buckets: Vec<Bucket>,
}

#[derive(Debug)]
struct Operation(sys::cublasLtMatmulDesc_t);

impl Operation {
    fn new(epilogue: Epilogue) -> Result<Operation, DeviceError> {
        let compute = sys::cublasComputeType_t::CUBLAS_COMPUTE_32F;
        let made = result::create_matmul_desc(compute, sys::cudaDataType_t::CUDA_R_32F);
        let operation = Operation(said("an operation", made)?);
        let epilogue = match epilogue {
            Epilogue::Bias => sys::cublasLtEpilogue_t::CUBLASLT_EPILOGUE_BIAS,
            Epilogue::GeluTanh => sys::cublasLtEpilogue_t::CUBLASLT_EPILOGUE_GELU_BIAS,
            Epilogue::Relu => sys::cublasLtEpilogue_t::CUBLASLT_EPILOGUE_RELU_BIAS,
        };
        // The weight is stored by rows, which is its transpose by columns: y' = W x' without moving a number.
        operation.set(sys::cublasLtMatmulDescAttributes_t::CUBLASLT_MATMUL_DESC_TRANSA, &1_i32)?;
        operation.set(sys::cublasLtMatmulDescAttributes_t::CUBLASLT_MATMUL_DESC_EPILOGUE, &(epilogue as u32))?;
        Ok(operation)
    }

    fn set<T: Copy>(&self, attribute: sys::cublasLtMatmulDescAttributes_t, value: &T) -> Result<(), DeviceError> {
        let pointer = std::ptr::from_ref(value).cast();
        // SAFETY: the value has the size that is named, and the attributes above are of 4 or 8 bytes.
        let set = unsafe { result::set_matmul_desc_attribute(self.0, attribute, pointer, size_of::<T>()) };
        said("a setting", set)
    }

    fn set_bias(&self, bias: u64) -> Result<(), DeviceError> {
        self.set(sys::cublasLtMatmulDescAttributes_t::CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias)
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        // SAFETY: it was made once.
        let _ = unsafe { result::destroy_matmul_desc(self.0) };
    }
}

impl Gemm {
    /// Chooses how to multiply: what the library holds best for the largest number of rows or, with a stream, the fastest of
    /// its best few in a trial with these operands.
    pub fn new(
        library: &Library,
        (n_in, n_out): (usize, usize),
        epilogue: Epilogue,
        operands: Operands,
        trial: Option<&Stream>,
    ) -> Result<Gemm, DeviceError> {
        let operation = Operation::new(epilogue)?;
        operation.set_bias(operands.bias)?;
        let weight = Shape::new(n_in, n_out)?;
        let mut shapes = Vec::with_capacity(N_BUCKETS);
        for bucket in 0..N_BUCKETS {
            shapes.push((Shape::new(n_in, rows(bucket))?, Shape::new(n_out, rows(bucket))?));
        }
        let Some((input, output)) = shapes.last() else { return Err(DeviceError("no batch size".to_owned())) };
        let candidates = candidates(library, &operation, &weight, input, output)?;
        let mut chosen = candidates.first().copied();
        if let Some(stream) = trial {
            let mut fastest = f64::INFINITY;
            for candidate in &candidates {
                let run = || multiply(library, &operation, &weight, (input, output), candidate, operands, stream);
                let time = || -> Result<f64, DeviceError> {
                    let (begin, end) = (Event::new()?, Event::new()?);
                    run()?;
                    begin.record(stream)?;
                    (0..N_TIMED).try_for_each(|_| run())?;
                    end.record(stream)?;
                    end.wait()?;
                    end.seconds_since(&begin)
                };
                let seconds = time()?;
                if seconds < fastest {
                    (fastest, chosen) = (seconds, Some(*candidate));
                }
            }
        }
        let chosen = chosen.ok_or_else(|| {
            DeviceError(format!("cublasLt knows no way to multiply {n_in} by {n_out} in bf16; use `--device cpu`"))
        })?;
        let mut buckets = Vec::with_capacity(N_BUCKETS);
        for (input, output) in shapes {
            let algorithm = if fits(library, &operation, &weight, &input, &output, &chosen) {
                chosen
            } else {
                let others = self::candidates(library, &operation, &weight, &input, &output)?;
                *others.first().ok_or_else(|| DeviceError(format!("cublasLt cannot multiply {n_in} by {n_out}")))?
            };
            buckets.push(Bucket { input, output, algorithm });
        }
        Ok(Gemm { operation, weight, buckets })
    }

    /// Puts the product for a number of rows into a stream.
    ///
    /// The operands must have that many rows of the right size; they are this crate's own.
    pub fn run(
        &self,
        library: &Library,
        bucket: usize,
        operands: Operands,
        stream: &Stream,
    ) -> Result<(), DeviceError> {
        let known = self.buckets.get(bucket);
        let bucket = known.ok_or_else(|| DeviceError(format!("no matrix product has {} rows", rows(bucket))))?;
        self.operation.set_bias(operands.bias)?;
        let shapes = (&bucket.input, &bucket.output);
        multiply(library, &self.operation, &self.weight, shapes, &bucket.algorithm, operands, stream)
    }
}

fn multiply(
    library: &Library,
    operation: &Operation,
    weight: &Shape,
    (input, output): (&Shape, &Shape),
    algorithm: &sys::cublasLtMatmulAlgo_t,
    operands: Operands,
    stream: &Stream,
) -> Result<(), DeviceError> {
    let (one, zero) = (1.0_f32, 0.0_f32);
    let at = |place: u64| std::ptr::with_exposed_provenance_mut::<c_void>(place as usize);
    // SAFETY: descriptors live; the operands are device memory of these shapes, which stays until the stream is done.
    let multiplied = unsafe {
        result::matmul(
            library.handle,
            operation.0,
            (&raw const one).cast(),
            (&raw const zero).cast(),
            at(operands.weight),
            weight.0,
            at(operands.from),
            input.0,
            at(operands.to),
            output.0,
            at(operands.to),
            output.0,
            algorithm,
            at(library.workspace.at()),
            WORKSPACE,
            stream.raw().cast(),
        )
    };
    said("a matrix product", multiplied)
}

/// What the library holds best, best first.
fn candidates(
    library: &Library,
    operation: &Operation,
    weight: &Shape,
    input: &Shape,
    output: &Shape,
) -> Result<Vec<sys::cublasLtMatmulAlgo_t>, DeviceError> {
    let preference = said("a preference", result::create_matmul_pref())?;
    let no_split = sys::cublasLtReductionScheme_t::CUBLASLT_REDUCTION_SCHEME_NONE as u32;
    let space = WORKSPACE;
    let mut found = [const { MaybeUninit::<sys::cublasLtMatmulHeuristicResult_t>::zeroed() }; N_CANDIDATES];
    let mut n_found = 0;
    type Preference = sys::cublasLtMatmulPreferenceAttributes_t;
    // SAFETY: descriptors live, the settings are of 4 and 8 bytes as documented, and there is room for all results.
    let asked = unsafe {
        let set = |attribute, pointer: *const c_void, size| {
            result::set_matmul_pref_attribute(preference, attribute, pointer, size)
        };
        let scheme = (&raw const no_split).cast();
        set(Preference::CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, scheme, size_of::<u32>())
            .and_then(|()| {
                let bytes = (&raw const space).cast();
                set(Preference::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, bytes, size_of::<usize>())
            })
            .and_then(|()| {
                let asked = sys::cublasLtMatmulAlgoGetHeuristic(
                    library.handle,
                    operation.0,
                    weight.0,
                    input.0,
                    output.0,
                    output.0,
                    preference,
                    N_CANDIDATES as i32,
                    found.as_mut_ptr().cast(),
                    &raw mut n_found,
                );
                asked.result()
            })
    };
    // SAFETY: it was made above.
    let _ = unsafe { result::destroy_matmul_pref(preference) };
    said("the choice of an algorithm", asked)?;
    let found = found.iter().take(usize::try_from(n_found).unwrap_or(0));
    // SAFETY: the library has written that many.
    let found = found.map(|one| unsafe { one.assume_init() });
    let usable = found.filter(|one| one.state.result().is_ok() && one.workspaceSize <= WORKSPACE);
    Ok(usable.map(|one| one.algo).collect())
}

/// Whether an algorithm can do this number of rows too.
fn fits(
    library: &Library,
    operation: &Operation,
    weight: &Shape,
    input: &Shape,
    output: &Shape,
    algorithm: &sys::cublasLtMatmulAlgo_t,
) -> bool {
    let mut found = MaybeUninit::<sys::cublasLtMatmulHeuristicResult_t>::zeroed();
    // SAFETY: descriptors live, and there is room for the result, of which zeros are a valid one.
    unsafe {
        let (handle, to) = (library.handle, found.as_mut_ptr());
        sys::cublasLtMatmulAlgoCheck(handle, operation.0, weight.0, input.0, output.0, output.0, algorithm, to)
            .result()
            .is_ok_and(|()| found.assume_init().workspaceSize <= WORKSPACE)
    }
}
