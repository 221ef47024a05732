//! Which NVIDIA GPUs can be used, or why none can.

use cudarc::driver::sys::CUdevice_attribute as Attribute;
use cudarc::{cublaslt, driver};

/// A GPU that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its number, as the driver counts.
    pub index: usize,
    /// What its maker calls it.
    pub name: String,
    /// Its memory, in bytes.
    pub memory: usize,
    /// Its compute capability.
    pub compute: (i32, i32),
}

/// The driver's version of CUDA from which on the kernels load: 13.0, which is driver 580.
const MIN_DRIVER: i32 = 13_000;
/// The version of cublasLt from which on it is as used here.
const MIN_LIBRARY: usize = 130_000;
/// The compute capability from which on GPUs have bf16 and asynchronous copies.
const MIN_COMPUTE: (i32, i32) = (8, 0);

/// The GPUs that can be used.
///
/// # Errors
/// A plain reason when there is none. Nothing but this function may touch CUDA before it succeeded: the bindings panic
/// where a library is missing.
pub fn probe() -> Result<Vec<Found>, String> {
    // SAFETY: loading the driver's library runs its initialisers, which are made for that.
    if !unsafe { driver::sys::is_culib_present() } {
        return Err("there is no NVIDIA driver: `libcuda.so.1` cannot be loaded".to_owned());
    }
    let mut version = 0;
    // SAFETY: the driver's library is there, and the pointer is valid for the call.
    let asked = unsafe { driver::sys::cuDriverGetVersion(&raw mut version) }.result();
    asked.map_err(|error| format!("the NVIDIA driver does not tell its version: {error:?}"))?;
    if version < MIN_DRIVER {
        let (major, minor) = (version / 1000, version % 1000 / 10);
        return Err(format!(
            "the NVIDIA driver is made for CUDA {major}.{minor}; 13.0 is needed, which is driver 580 or newer"
        ));
    }
    driver::result::init().map_err(|error| format!("the NVIDIA driver finds no GPU: {error:?}"))?;
    // SAFETY: as above.
    if !unsafe { cublaslt::sys::is_culib_present() } {
        let places = "in the Python package `nvidia-cublas` it lies in `nvidia/cu13/lib`";
        return Err(format!("`libcublasLt.so.13` cannot be loaded; put its folder into LD_LIBRARY_PATH ({places})"));
    }
    // SAFETY: the library is there, and the function takes nothing.
    let library = unsafe { cublaslt::sys::cublasLtGetVersion() };
    if library < MIN_LIBRARY {
        return Err(format!("`libcublasLt` is of version {library}; {MIN_LIBRARY} or newer is needed (CUDA 13)"));
    }
    let count =
        driver::result::device::get_count().map_err(|error| format!("the NVIDIA driver counts no GPUs: {error:?}"))?;
    let found: Vec<Found> = (0..count).map(look_at).collect::<Result<_, _>>()?;
    let too_old = found.iter().find(|gpu| gpu.compute < MIN_COMPUTE).map(|gpu| (gpu.name.clone(), gpu.compute));
    let usable: Vec<Found> = found.into_iter().filter(|gpu| gpu.compute >= MIN_COMPUTE).collect();
    match (usable.is_empty(), too_old) {
        (false, _) => Ok(usable),
        (true, Some((name, (major, minor)))) => {
            let (least, _) = MIN_COMPUTE;
            Err(format!("`{name}` has compute capability {major}.{minor}; {least}.0 or newer is needed (Ampere)"))
        }
        (true, None) => Err("the NVIDIA driver sees no GPU; CUDA_VISIBLE_DEVICES may hide it".to_owned()),
    }
}

fn look_at(index: i32) -> Result<Found, String> {
    let look = || {
        let device = driver::result::device::get(index)?;
        // SAFETY: the driver gave this device.
        let (memory, major, minor) = unsafe {
            let number = |attribute| driver::result::device::get_attribute(device, attribute);
            let major = number(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
            let minor = number(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
            (driver::result::device::total_mem(device)?, major, minor)
        };
        let name = driver::result::device::get_name(device)?;
        Ok(Found { index: usize::try_from(index).unwrap_or(0), name, memory, compute: (major, minor) })
    };
    look().map_err(|error: driver::DriverError| format!("GPU {index} does not answer: {error:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_given_or_a_gpu_found() {
        match probe() {
            Ok(found) => assert!(!found.is_empty() && found.iter().all(|gpu| gpu.compute >= MIN_COMPUTE)),
            Err(why) => assert!(why.len() > 20, "{why}"),
        }
    }
}
