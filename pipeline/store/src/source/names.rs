//! What inputs are called: names that are the same on this machine and on object storage, so that ids are too.

use super::Input;
use std::collections::BTreeMap;
use std::path::{Component, Path};

/// Where the fixed part of a pattern ends: behind the last `/` before the first wildcard.
pub(super) fn fixed_length(pattern: &str) -> usize {
    let wildcard = pattern.find(WILDCARDS).unwrap_or(pattern.len());
    pattern[..wildcard].rfind('/').map_or(0, |slash| slash + 1)
}

/// The characters with a meaning in patterns.
pub(super) const WILDCARDS: [char; 3] = ['*', '?', '['];

/// The last part of a path or address, without what follows a `?`.
pub(super) fn file_name(uri: &str) -> String {
    let is_web = uri.starts_with("http://") || uri.starts_with("https://");
    let path = if is_web { uri.split(['?', '#']).next().unwrap_or(uri) } else { uri };
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if name.is_empty() { uri.to_owned() } else { name.to_owned() }
}

/// The path below the folder `fixed`, however both are written (`./a//b` is `a/b`).
pub(super) fn below(fixed: &str, path: &str) -> String {
    let parts = |path: &str| -> Vec<String> {
        let components = Path::new(path).components().filter(|part| *part != Component::CurDir);
        components.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
    };
    let (fixed, path) = (parts(fixed), parts(path));
    path.strip_prefix(&fixed[..]).unwrap_or(&path).join("/")
}

/// Each input once, under a name of its own, in the order of names.
///
/// An input that two patterns name keeps the name that the first gives it. Inputs that would share a name are called by
/// their addresses.
pub(super) fn settle(found: Vec<Input>) -> Vec<Input> {
    let mut by_uri: BTreeMap<String, Input> = BTreeMap::new();
    for input in found {
        by_uri.entry(input.uri.clone()).or_insert(input);
    }
    let mut n_of_name: BTreeMap<String, usize> = BTreeMap::new();
    by_uri.values().for_each(|input| *n_of_name.entry(input.name.clone()).or_default() += 1);
    let mut inputs: Vec<Input> = by_uri.into_values().collect();
    for input in &mut inputs {
        if n_of_name[&input.name] > 1 {
            input.name.clone_from(&input.uri);
        }
    }
    inputs.sort_by(|a, b| (&a.name, &a.uri).cmp(&(&b.name, &b.uri)));
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_the_fixed_folder() {
        for (pattern, path, name) in [
            ("crawl/*.warc.gz", "crawl/a.warc.gz", "a.warc.gz"),
            ("./crawl/2024-*/x/*.gz", "crawl/2024-33/x/b.gz", "2024-33/x/b.gz"),
            ("/data/**/*.gz", "/data/a/b/c.gz", "a/b/c.gz"),
            ("*.gz", "c.gz", "c.gz"),
            ("part-[0-9].gz", "part-1.gz", "part-1.gz"),
        ] {
            assert_eq!(below(&pattern[..fixed_length(pattern)], path), name, "{pattern}");
        }
        assert_eq!(file_name("https://a.example/x/b.warc.gz?token=1/2"), "b.warc.gz");
        assert_eq!(file_name("s3://b/x/what?.gz"), "what?.gz");
        assert_eq!(file_name("a.warc"), "a.warc");
    }

    fn input(uri: &str, name: &str) -> Input {
        Input { uri: uri.into(), name: name.into(), bytes: 1, version: String::new(), picked: None }
    }

    #[test]
    fn inputs_are_sorted_by_name_and_namesakes_go_by_their_address() {
        let found = vec![input("z/a", "a"), input("y/b", "b"), input("x/b", "b"), input("z/a", "z/a"), input("c", "0")];
        let settled = settle(found);
        let names: Vec<_> = settled.iter().map(|input| (input.uri.as_str(), input.name.as_str())).collect();
        assert_eq!(names, [("c", "0"), ("z/a", "a"), ("x/b", "x/b"), ("y/b", "y/b")]);
    }
}
