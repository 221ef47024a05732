//! Compiles the CUDA kernels of `gpu-scoring/kernels` with a pinned compiler from Python packages; no CUDA need be installed.
//!
//! `cargo xtask cuda` writes `encoder.fatbin` and `encoder.lock`; with `--check` it compiles to another place, compares the
//! bytes, and runs the kernels' emulation on the CPU where a C++ compiler is.

use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::repo::{self, Repo};

/// The compiler and what it needs; the lock names the version of the first.
const PACKAGES: [&str; 5] = [
    "nvidia-cuda-nvcc==13.0.88",
    "nvidia-cuda-crt==13.0.88",
    "nvidia-nvvm==13.0.88",
    "nvidia-cuda-runtime==13.0.96",
    "nvidia-cuda-cccl==13.0.85",
];
const VERSION: &str = "13.0.88";

const FOLDER: &str = "gpu-scoring/kernels";
/// The sources in the order of the lock; the one that is compiled includes the others.
const SOURCES: [&str; 4] = ["attention.cuh", "encoder.cu", "rows.cuh", "warp.cuh"];
const MAIN: &str = "encoder.cu";
const BINARY: &str = "encoder.fatbin";
const LOCK: &str = "encoder.lock";

/// Machine code for Ampere and Ada, and for Hopper; PTX, which the driver compiles for what comes after.
const TARGETS: [&str; 3] =
    ["arch=compute_80,code=sm_80", "arch=compute_90,code=sm_90", "arch=compute_80,code=compute_80"];

pub fn run(repo: &Repo, arguments: &[String]) -> Result<()> {
    let is_check = match arguments {
        [] => false,
        [word] if word == "--check" => true,
        _ => return Err(Error::new("usage: cargo xtask cuda [--check]")),
    };
    let folder = repo.target()?.join("cuda");
    let compiled = compile(repo, &folder)?;
    let lock = lock(repo, &compiled)?;
    if is_check {
        if repo.read_bytes(&in_folder(BINARY))? != compiled || repo.read(&in_folder(LOCK))? != lock {
            return Err(Error::new(format!(
                "`{FOLDER}/{BINARY}` is not what the sources give; run `cargo xtask cuda`"
            )));
        }
        println!("`{FOLDER}/{BINARY}` is what the sources give");
        return emulate(repo, &folder);
    }
    repo.write(&in_folder(BINARY), &compiled)?;
    repo.write(&in_folder(LOCK), lock.as_bytes())?;
    println!("wrote `{FOLDER}/{BINARY}`, {} bytes", compiled.len());
    Ok(())
}

fn in_folder(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

/// Compiles in a folder of its own, so that no path of this machine can reach the output.
fn compile(repo: &Repo, folder: &Path) -> Result<Vec<u8>> {
    let nvcc = compiler(folder)?;
    let work = folder.join("work");
    std::fs::create_dir_all(&work).map_err(|error| Error::io("create", &work, &error))?;
    for name in SOURCES {
        let path = work.join(name);
        std::fs::write(&path, repo.read_bytes(&in_folder(name))?).map_err(|error| Error::io("write", &path, &error))?;
    }
    let mut command = Command::new(nvcc);
    command.current_dir(&work).args(["-fatbin", "-std=c++17", "-O3", "-I", "."]);
    for target in TARGETS {
        command.args(["-gencode", target]);
    }
    repo::run(command.args(["-o", BINARY, MAIN]))?;
    let path = work.join(BINARY);
    std::fs::read(&path).map_err(|error| Error::io("read", &path, &error))
}

/// The compiler's path; it is installed once.
fn compiler(folder: &Path) -> Result<PathBuf> {
    let environment = folder.join("python");
    let python = environment.join("bin").join("python");
    let stamp = environment.join("packages");
    let wanted = PACKAGES.join("\n");
    if std::fs::read_to_string(&stamp).ok().as_deref() != Some(&wanted) {
        println!("installing nvcc {VERSION} from Python packages, once");
        repo::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
        repo::run(crate::bench::python::pip(&python).args(PACKAGES))?;
        std::fs::write(&stamp, &wanted).map_err(|error| Error::io("write", &stamp, &error))?;
    }
    let site =
        repo::output(Command::new(&python).args(["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]))?;
    let nvcc = Path::new(site.trim()).join("nvidia").join("cu13").join("bin").join("nvcc");
    if nvcc.is_file() { Ok(nvcc) } else { Err(Error::new(format!("the packages have no `{}`", nvcc.display()))) }
}

fn lock(repo: &Repo, compiled: &[u8]) -> Result<String> {
    let mut lock = format!(
        "# Written by `cargo xtask cuda` with nvcc {VERSION}: SHA-256 of the sources and of what was compiled from them.\n"
    );
    for name in SOURCES {
        lock += &line(name, &repo.read_bytes(&in_folder(name))?);
    }
    Ok(lock + &line(BINARY, compiled))
}

fn line(name: &str, bytes: &[u8]) -> String {
    let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{name} {digest}\n")
}

/// Runs the kernels on the CPU, thread for thread, against plain loops.
fn emulate(repo: &Repo, folder: &Path) -> Result<()> {
    let program = folder.join("emulate");
    let mut build = Command::new(std::env::var_os("CXX").unwrap_or_else(|| "c++".into()));
    build.args(["-std=c++17", "-O2", "-Wno-unknown-pragmas", "-fno-strict-aliasing", "-o"]).arg(&program);
    repo::run(build.arg(repo.root().join(FOLDER).join("emulation").join("emulate.cpp")))?;
    repo::run(Command::new(&program))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_is_of_these_sources() {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo::at(folder.path());
        for name in SOURCES {
            repo.write(&in_folder(name), name.as_bytes()).unwrap();
        }
        let before = lock(&repo, b"x").unwrap();
        assert_eq!(before.lines().count(), 2 + SOURCES.len());
        assert!(before.contains(&format!("nvcc {VERSION}")) && PACKAGES[0].ends_with(VERSION));
        repo.write(&in_folder("rows.cuh"), b"changed").unwrap();
        assert_ne!(lock(&repo, b"x").unwrap(), before);
        assert_ne!(lock(&repo, b"y").unwrap(), lock(&repo, b"x").unwrap());
        assert!(run(&repo, &["--what".to_owned()]).is_err());
    }
}
