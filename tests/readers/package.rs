//! The Python package with everything that it can use: torch, torchdata, pyarrow, and other projects' readers.

use support::{package, readers, said};

#[test]
fn no_test_of_the_package_is_skipped() {
    let mut unittest = package(readers());
    unittest.args(["-m", "unittest", "discover", "-s", "tests"]);
    let (_, report) = said(&mut unittest);
    assert!(report.trim_end().ends_with("\nOK"), "{report}");
}
