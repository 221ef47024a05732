//! The Python reader: its own tests, and the shards of a real mix.

use std::path::Path;

use support::{Mixed, package, python, said, unittest};

#[test]
fn the_package_passes_its_own_tests() {
    let report = unittest(python(), &["test_dataset", "test_reader", "test_real_readers"]);
    let ran = report.lines().find_map(|line| line.strip_prefix("Ran ")).unwrap();
    let n_tests: usize = ran.split(' ').next().unwrap().parse().unwrap();
    assert!(n_tests >= 35, "{report}");
}

/// What the package says about a set.
fn ours(command: &str, set: &Path) -> String {
    said(package(python()).args(["-m", "tokenmill_reader", command]).arg(set)).0
}

#[test]
fn a_mix_and_its_export_are_sound_and_the_same() {
    let mixed = Mixed::new();
    let export = mixed.export("megatron");
    assert!(ours("check", &mixed.run_folder()).starts_with("sound: "));
    assert!(ours("check", &export).starts_with("sound: "));
    let sequences = ours("sequences", &export);
    assert!(sequences.lines().count() > 20, "{sequences}");
    assert_eq!(sequences, ours("sequences", &mixed.run_folder()));

    // One wrong byte is found.
    let bin = std::fs::read_dir(&export).unwrap().map(|entry| entry.unwrap().path());
    let bin = bin.into_iter().find(|path| path.extension().is_some_and(|end| end == "bin")).unwrap();
    let mut content = std::fs::read(&bin).unwrap();
    content[0] ^= 1;
    // The export may be a link to the file of the run.
    std::fs::remove_file(&bin).unwrap();
    std::fs::write(&bin, content).unwrap();
    let output = package(python()).args(["-m", "tokenmill_reader", "check"]).arg(&export).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && error.contains("another sha256"), "{error}");
    assert!(ours("check", &mixed.run_folder()).starts_with("sound: "));
}
