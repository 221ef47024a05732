//! The newcomer's path is open: what CONTRIBUTING.md tells a reader to do works in a copy of the tree.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use support::{follow, root, target};

/// Folders that are not part of the sources.
const SKIPPED: [&str; 4] = [".git", "target", "runs", "__pycache__"];

#[test]
fn a_filter_added_by_the_book_appears_in_docs_and_plan() {
    // Always the same place, so that a second time cargo finds what it built for the copy the first time.
    let target = target();
    let copy = target.join("contributing");
    mirror(&root(), &copy);
    rename(&copy);
    let page = std::fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    follow(&page, &copy, &target);
    let stages = std::fs::read_to_string(copy.join("docs/stages.md")).unwrap();
    assert!(stages.contains("`filter.shouting`"), "the new filter is not in docs/stages.md");
    let schema = std::fs::read_to_string(copy.join("configs/schema.json")).unwrap();
    assert!(schema.contains("max_shouted_word_share"), "the new parameter is not in configs/schema.json");
    let before = std::fs::read_to_string(root().join("docs/stages.md")).unwrap();
    assert!(!before.contains("filter.shouting"), "the copy was no copy");
}

/// Gives the crates of the copy another version. Cargo tells crates apart by name and version, and not by the place of
/// their workspace: without this it would take what it built for the copy for what it should build for the original.
fn rename(copy: &Path) {
    let path = copy.join("Cargo.toml");
    let manifest = std::fs::read_to_string(&path).unwrap();
    let (ours, theirs) = (format!("version = \"{}\"", env!("CARGO_PKG_VERSION")), "version = \"0.0.0-copy\"");
    assert_eq!(manifest.matches(&ours).count(), 1, "the version in the workspace's manifest");
    let time = std::fs::metadata(&path).unwrap().modified().unwrap();
    std::fs::write(&path, manifest.replace(&ours, theirs)).unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
}

/// Makes `to` hold the sources that `from` holds and nothing else. Times are kept, so that cargo rebuilds only what
/// has changed.
fn mirror(from: &Path, to: &Path) {
    if to.exists() {
        std::fs::remove_dir_all(to).unwrap();
    }
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        std::fs::create_dir_all(to.join(&folder)).unwrap();
        for entry in std::fs::read_dir(from.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                if !SKIPPED.iter().any(|name| entry.file_name() == *name) {
                    folders.push(path);
                }
            } else {
                std::fs::copy(entry.path(), to.join(&path)).unwrap();
                let time: SystemTime = entry.metadata().unwrap().modified().unwrap();
                std::fs::File::options().write(true).open(to.join(&path)).unwrap().set_modified(time).unwrap();
            }
        }
    }
}
