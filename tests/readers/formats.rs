//! Every form of export, opened by the readers that it is for: they find what our own reader finds in the run.

use std::path::Path;

use support::{Mixed, package, readers, said};

/// What a program in the folder of the package prints.
fn out(arguments: &[&str], set: &Path) -> String {
    said(package(readers()).args(arguments).arg(set)).0
}

#[test]
fn each_export_opens_in_the_reader_that_it_is_for() {
    let mixed = Mixed::new();
    let documents = out(&["-m", "tokenmill_reader", "documents"], &mixed.run_folder());
    let sequences = out(&["-m", "tokenmill_reader", "sequences"], &mixed.run_folder());
    assert!(documents.lines().count() > 20 && sequences.lines().count() > 20);
    for (form, reader, expected) in [
        ("megatron", "megatron", &documents),
        ("olmo", "olmo", &documents),
        ("olmo", "olmo-core", &documents),
        ("mds", "mds", &sequences),
    ] {
        let folder = mixed.export(form);
        let found = out(&["real_readers.py", reader], &folder);
        let differs = found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
        assert_eq!((differs, found.lines().count()), (None, expected.lines().count()), "`{reader}` on `{form}`");
    }
}
