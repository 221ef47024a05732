//! The Python package with everything that it can use: torch, torchdata, pyarrow, and other projects' readers.

use support::{readers, unittest};

#[test]
fn no_test_of_the_package_is_skipped() {
    let report = unittest(readers(), &["discover"]);
    assert!(report.trim_end().ends_with("\nOK"), "{report}");
}
