//! Memory, streams, events and kernels of the CUDA driver: freed when dropped, and with errors that say what failed.

use crate::device::DeviceError;
use cudarc::driver::{DriverError, result, sys};
use std::ffi::{CString, c_void};
use std::marker::PhantomData;

/// An error of the driver with what was being done.
pub fn said<T>(what: &str, result: Result<T, DriverError>) -> Result<T, DeviceError> {
    result.map_err(|error| {
        let name = error.error_name().map_or_else(|_| "unknown".into(), |name| name.to_string_lossy());
        let text = error.error_string().map_or_else(|_| "no text".into(), |text| text.to_string_lossy());
        DeviceError(format!("the GPU failed at `{what}`: {text} ({name})"))
    })
}

/// The primary context of a GPU.
#[derive(Debug)]
pub struct Context {
    device: sys::CUdevice,
    context: sys::CUcontext,
}

impl Context {
    /// Takes the context of a GPU and makes it this thread's.
    pub fn of(index: usize) -> Result<Context, DeviceError> {
        let index = i32::try_from(index).map_err(|_| DeviceError(format!("there is no GPU {index}")))?;
        let device = said("cuDeviceGet", result::device::get(index))?;
        // SAFETY: the driver gave this device.
        let context = said("cuDevicePrimaryCtxRetain", unsafe { result::primary_ctx::retain(device) })?;
        let context = Context { device, context };
        context.enter()?;
        Ok(context)
    }

    /// Makes it this thread's context.
    pub fn enter(&self) -> Result<(), DeviceError> {
        // SAFETY: the context is retained as long as this lives.
        said("cuCtxSetCurrent", unsafe { result::ctx::set_current(self.context) })
    }

    /// Waits until everything is done.
    pub fn wait(&self) -> Result<(), DeviceError> {
        self.enter()?;
        said("cuCtxSynchronize", result::ctx::synchronize())
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: it was retained once. An error at the end has nobody to go to.
        let _ = unsafe { result::primary_ctx::release(self.device) };
    }
}

/// Memory of the GPU.
#[derive(Debug)]
pub struct Memory(sys::CUdeviceptr);

impl Memory {
    /// So many bytes, all zero.
    pub fn zeros(n_bytes: usize) -> Result<Memory, DeviceError> {
        let n_bytes = n_bytes.max(256);
        // SAFETY: what is in it is set below.
        let at = said(&format!("cuMemAlloc of {n_bytes} bytes"), unsafe { result::malloc_sync(n_bytes) })?;
        let memory = Memory(at);
        // SAFETY: it has that many bytes.
        said("cuMemsetD8", unsafe { result::memset_d8_sync(at, 0, n_bytes) })?;
        Ok(memory)
    }

    /// A copy of numbers.
    pub fn of<T: Copy>(numbers: &[T]) -> Result<Memory, DeviceError> {
        let memory = Memory::zeros(size_of_val(numbers))?;
        // SAFETY: it has as many bytes as the numbers, and the call returns when they have been read.
        said("cuMemcpyHtoD", unsafe { result::memcpy_htod_sync(memory.0, numbers) })?;
        Ok(memory)
    }

    /// Where it begins.
    pub fn at(&self) -> u64 {
        self.0
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: it was allocated once, and its owner has waited for the GPU.
        let _ = unsafe { result::free_sync(self.0) };
    }
}

/// Memory of the host that the GPU copies from and to by itself.
#[derive(Debug)]
pub struct Pinned<T> {
    at: *mut T,
    n: usize,
    kind: PhantomData<T>,
}

/// Numbers of which all bits are valid.
pub trait Plain: Copy {}
impl Plain for u32 {}
impl Plain for f32 {}

impl<T: Plain> Pinned<T> {
    /// So many numbers, all zero.
    pub fn zeros(n: usize) -> Result<Pinned<T>, DeviceError> {
        let n = n.max(1);
        // SAFETY: what is in it is set below.
        let at = said("cuMemHostAlloc", unsafe { result::malloc_host(n * size_of::<T>(), 0) })?.cast::<T>();
        // SAFETY: it has that many numbers, at the address of a page.
        unsafe { std::ptr::write_bytes(at, 0, n) };
        Ok(Pinned { at, n, kind: PhantomData })
    }

    /// The numbers.
    pub fn numbers(&self) -> &[T] {
        // SAFETY: it has `n` numbers that were set; copies into them have been waited for.
        unsafe { std::slice::from_raw_parts(self.at, self.n) }
    }

    /// The numbers, to be changed.
    pub fn numbers_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and nothing else refers to them.
        unsafe { std::slice::from_raw_parts_mut(self.at, self.n) }
    }
}

impl<T> Drop for Pinned<T> {
    fn drop(&mut self) {
        // SAFETY: it was allocated once, and its owner has waited for the GPU.
        let _ = unsafe { result::free_host(self.at.cast()) };
    }
}

/// An order of work.
#[derive(Debug)]
pub struct Stream(sys::CUstream);

impl Stream {
    /// One that does not wait for the default stream.
    pub fn new() -> Result<Stream, DeviceError> {
        said("cuStreamCreate", result::stream::create(result::stream::StreamKind::NonBlocking)).map(Stream)
    }

    /// As the libraries want it.
    pub fn raw(&self) -> *mut c_void {
        self.0.cast()
    }

    /// What follows waits for the event.
    pub fn wait_for(&self, event: &Event) -> Result<(), DeviceError> {
        let flags = sys::CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT;
        // SAFETY: both live.
        said("cuStreamWaitEvent", unsafe { result::stream::wait_event(self.0, event.0, flags) })
    }

    /// Copies numbers to the GPU.
    ///
    /// # Safety
    /// The numbers are pinned, and neither they nor the memory behind `to` is touched before the copy is done.
    pub unsafe fn copy_in(&self, to: u64, from: &[u32]) -> Result<(), DeviceError> {
        // SAFETY: the caller's.
        said("cuMemcpyHtoDAsync", unsafe { result::memcpy_htod_async(to, from, self.0) })
    }

    /// Copies numbers from the GPU.
    ///
    /// # Safety
    /// The numbers are pinned, and neither they nor the memory behind `from` is touched before the copy is done.
    pub unsafe fn copy_out(&self, to: &mut [f32], from: u64) -> Result<(), DeviceError> {
        // SAFETY: the caller's.
        said("cuMemcpyDtoHAsync", unsafe { result::memcpy_dtoh_async(to, from, self.0) })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: it was made once; the driver finishes what is in it.
        let _ = unsafe { result::stream::destroy(self.0) };
    }
}

/// A point in a stream.
#[derive(Debug)]
pub struct Event(sys::CUevent);

impl Event {
    /// A point whose time is taken, and waiting for which leaves the core to others.
    pub fn new() -> Result<Event, DeviceError> {
        said("cuEventCreate", result::event::create(sys::CUevent_flags::CU_EVENT_BLOCKING_SYNC)).map(Event)
    }

    /// Sets it behind what is in the stream.
    pub fn record(&self, stream: &Stream) -> Result<(), DeviceError> {
        // SAFETY: both live.
        said("cuEventRecord", unsafe { result::event::record(self.0, stream.0) })
    }

    /// Waits for it.
    pub fn wait(&self) -> Result<(), DeviceError> {
        // SAFETY: it lives.
        said("cuEventSynchronize", unsafe { result::event::synchronize(self.0) })
    }

    /// Seconds from an earlier event, both of which have been waited for.
    pub fn seconds_since(&self, earlier: &Event) -> Result<f64, DeviceError> {
        // SAFETY: both live.
        let milliseconds = said("cuEventElapsedTime", unsafe { result::event::elapsed(earlier.0, self.0) })?;
        Ok(f64::from(milliseconds) / 1000.0)
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: it was made once.
        let _ = unsafe { result::event::destroy(self.0) };
    }
}

/// Compiled kernels.
#[derive(Debug)]
pub struct Module(sys::CUmodule);

impl Module {
    /// Loads a fat binary.
    pub fn load(image: &'static [u8]) -> Result<Module, DeviceError> {
        // SAFETY: the image is a complete fat binary, which tells its own length.
        said("cuModuleLoadData", unsafe { result::module::load_data(image.as_ptr().cast()) }).map(Module)
    }

    /// A kernel by its name.
    pub fn kernel(&self, name: &str) -> Result<Kernel, DeviceError> {
        let text = CString::new(name).map_err(|_| DeviceError(format!("`{name}` is no name of a kernel")))?;
        // SAFETY: the module is loaded, and stays so as long as its owner, who owns the kernel, too.
        said(&format!("cuModuleGetFunction of {name}"), unsafe { result::module::get_function(self.0, text) })
            .map(Kernel)
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // SAFETY: it was loaded once, and its owner has waited for the GPU.
        let _ = unsafe { result::module::unload(self.0) };
    }
}

/// A kernel of a module that is loaded.
#[derive(Clone, Copy, Debug)]
pub struct Kernel(sys::CUfunction);

/// An argument of a kernel, of 4 or 8 bytes: the lower ones count.
pub trait Argument {
    /// Its bytes.
    fn bits(self) -> u64;
}
impl Argument for u64 {
    fn bits(self) -> u64 {
        self
    }
}
impl Argument for u32 {
    fn bits(self) -> u64 {
        u64::from(self)
    }
}
impl Argument for f32 {
    fn bits(self) -> u64 {
        u64::from(self.to_bits())
    }
}

/// Arguments of a kernel at most.
const MAX_ARGUMENTS: usize = 12;

impl Kernel {
    /// Puts a kernel into a stream: `blocks` in two directions of `threads`, with so many bytes of shared memory.
    ///
    /// # Safety
    /// The arguments are those of the kernel, in order, and what it reads and writes is there until it is done.
    pub unsafe fn launch(
        self,
        stream: &Stream,
        blocks: (u32, u32),
        threads: u32,
        shared: u32,
        arguments: &[u64],
    ) -> Result<(), DeviceError> {
        let mut pointers = [std::ptr::null_mut::<c_void>(); MAX_ARGUMENTS];
        let Some(pointers) = pointers.get_mut(..arguments.len()) else {
            return Err(DeviceError(format!("a kernel has more than {MAX_ARGUMENTS} arguments")));
        };
        for (pointer, argument) in pointers.iter_mut().zip(arguments) {
            *pointer = std::ptr::from_ref(argument).cast_mut().cast();
        }
        let grid = (blocks.0, blocks.1, 1);
        // SAFETY: the caller's; the driver copies the arguments before it returns.
        let launched = unsafe { result::launch_kernel(self.0, grid, (threads, 1, 1), shared, stream.0, pointers) };
        said("cuLaunchKernel", launched)
    }
}

/// Copies numbers from the GPU and waits.
///
/// # Safety
/// There are as many numbers at `from`, and nothing is writing them.
pub unsafe fn copy_out_now(to: &mut [f32], from: u64) -> Result<(), DeviceError> {
    // SAFETY: the caller's.
    said("cuMemcpyDtoH", unsafe { result::memcpy_dtoh_sync(to, from) })
}
