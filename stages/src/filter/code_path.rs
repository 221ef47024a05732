//! `filter.code_path`: removes files that their path tells to be copies, made by programs, or data of tests.

use crate::code::place::{PARAM, Place};
use tokenmill_core::catalog::Shape;
use tokenmill_core::combine::{Given, Input};
use tokenmill_core::{
    Assets, BuildError, Combine, Default, Doc, Entry, Keep, Metric, Numbers, Param, Params, Rule, Stage,
};

/// Where copies of other projects lie. After the list `vendor.yml` of GitHub Linguist, less what may as well be own code.
const VENDORED: &[&str] = &[
    "vendor",
    "vendors",
    "vendored",
    "_vendor",
    "third_party",
    "third-party",
    "thirdparty",
    "3rdparty",
    "3rd-party",
    "3rd_party",
    "extern",
    "external",
    "externals",
    "deps",
    "godeps",
    "node_modules",
    "bower_components",
    "jspm_packages",
    "site-packages",
    "pods",
    "carthage",
    "dist",
    "wwwroot/lib",
    "gradle/wrapper",
    "*.min.js",
    "*.min.css",
    "*.min.mjs",
    "jquery*.js",
    "bootstrap*.js",
    "bootstrap*.css",
    "gradlew",
    "gradlew.bat",
    "mvnw",
    "mvnw.cmd",
    "config.guess",
    "config.sub",
    "configure",
    "install-sh",
    "ltmain.sh",
    "libtool.m4",
    "aclocal.m4",
    "depcomp",
    "missing",
    "test-driver",
];

/// What programs write. After the rules of `generated.rb` of GitHub Linguist that go by name.
const GENERATED: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "deno.lock",
    "cargo.lock",
    "composer.lock",
    "gemfile.lock",
    "poetry.lock",
    "pdm.lock",
    "uv.lock",
    "pipfile.lock",
    "podfile.lock",
    "pubspec.lock",
    "mix.lock",
    "flake.lock",
    "go.sum",
    "go.work.sum",
    "gopkg.lock",
    "glide.lock",
    "packages.lock.json",
    ".terraform.lock.hcl",
    ".cargo_vcs_info.json",
    "*.map",
    "*.pb.go",
    "*.pb.cc",
    "*.pb.h",
    "*_pb2.py",
    "*_pb2.pyi",
    "*_pb2_grpc.py",
    "*_pb.js",
    "*_pb.d.ts",
    "*.pb.swift",
    "*.g.dart",
    "*.freezed.dart",
    "*.designer.cs",
    "*.designer.vb",
    "*.g.cs",
    "*.g.i.cs",
    "*.xlf",
    "*.snap",
    "*.pyi.orig",
    "__generated__",
    "*.bundle.js",
    "*-bundle.js",
    "*.chunk.js",
];

/// Where tests keep what they compare with.
const TEST_DATA: &[&str] = &[
    "testdata",
    "test-data",
    "test_data",
    "fixtures",
    "fixture",
    "__fixtures__",
    "__snapshots__",
    "snapshots",
    "cassettes",
    "goldens",
    "golden",
];

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "filter.code_path",
    version: 1,
    about: "Removes files that their path tells to be copies of other projects, written by programs, or data of tests.",
    shape: Shape::Combine,
    needs_text: false,
    costly: false,
    params: &[
        PARAM,
        Param {
            name: "vendored",
            default: Default::Texts(VENDORED),
            about: "folders, and names of files, of copies; `*` stands for anything",
        },
        Param {
            name: "generated",
            default: Default::Texts(GENERATED),
            about: "folders, and names of files, that programs write",
        },
        Param {
            name: "test_data",
            default: Default::Texts(TEST_DATA),
            about: "folders, and names of files, that tests compare with",
        },
    ],
    metrics: &[
        Metric::number("is_vendored", "1 when the path has one of `vendored`, else 0"),
        Metric::number("is_generated", "1 when it has one of `generated`, else 0"),
        Metric::number("is_test_data", "1 when it has one of `test_data`, else 0"),
        Metric::label("pattern", "the first that it has"),
    ],
    asset_params: &[],
    page: include_str!("../../docs/filter/code_path.md"),
    build,
};

const IS_VENDORED: usize = 0;
const IS_GENERATED: usize = 1;
const IS_TEST_DATA: usize = 2;
const PATTERN: usize = 3;

struct CodePath {
    place: Place,
    lists: [Vec<String>; 3],
    rules: Vec<Rule>,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let lists = ["vendored", "generated", "test_data"].map(|name| {
        params.texts(name).iter().map(|pattern| pattern.trim_matches('/').to_lowercase()).collect::<Vec<_>>()
    });
    if lists.iter().flatten().any(|pattern| pattern.replace('*', "").is_empty()) {
        return Err(BuildError::new("a pattern of nothing would remove every file"));
    }
    let reasons = [("vendored", IS_VENDORED), ("generated_file", IS_GENERATED), ("test_data", IS_TEST_DATA)];
    let rules = reasons.map(|(reason, metric)| Rule { reason, metric, keep: Keep::IsFalse });
    Ok(Stage::Combine(Box::new(CodePath { place: Place::new(params), lists, rules: rules.to_vec() })))
}

/// Whether a pattern is a part of a path: some of its folders, or its file. The path is `/small/letters`.
fn is_part(path: &str, pattern: &str) -> bool {
    if pattern.contains('*') {
        return path.split('/').any(|part| matches(part, pattern));
    }
    path.match_indices(pattern).any(|(at, _)| {
        let end = at + pattern.len();
        path[..at].ends_with('/') && (end == path.len() || path[end..].starts_with('/'))
    })
}

/// Whether a name is what a pattern with `*` says.
fn matches(name: &str, pattern: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

impl Combine for CodePath {
    fn inputs(&self) -> &[Input] {
        self.place.inputs()
    }

    fn combine(&self, doc: &Doc<'_>, _: &Given<'_>, numbers: &mut Numbers) {
        let path = format!("/{}", self.place.of(doc).to_lowercase());
        let mut first = None;
        for (metric, list) in self.lists.iter().enumerate() {
            let found = list.iter().find(|pattern| is_part(&path, pattern));
            numbers.set(metric, f32::from(found.is_some()));
            first = first.or(found);
        }
        if let Some(pattern) = first {
            numbers.set_label(PATTERN, pattern.as_str().into());
        }
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::assets::MemoryAssets;

    #[test]
    fn patterns_are_whole_parts_of_paths() {
        for (path, pattern, expected) in [
            ("/a/vendor/b.c", "vendor", true),
            ("/vendor/b.c", "vendor", true),
            ("/a/vendors/b.c", "vendor", false),
            ("/a/myvendor/b.c", "vendor", false),
            ("/x/vendored/vendor", "vendor", true),
            ("/x/wwwroot/lib/a.js", "wwwroot/lib", true),
            ("/x/wwwroot/library/a.js", "wwwroot/lib", false),
            ("/a/x.min.js", "*.min.js", true),
            ("/a/min.js", "*.min.js", false),
            ("/jquery-3.1.js", "jquery*.js", true),
            ("/a/jquery.js/b.c", "jquery*.js", true),
            ("/jquery.ts", "jquery*.js", false),
            ("/aXbXc", "a*b*c", false),
            ("/axbxc", "a*b*c", true),
        ] {
            assert_eq!(is_part(path, pattern), expected, "{path} {pattern}");
        }
    }

    #[test]
    fn lists_are_in_small_letters() {
        for pattern in VENDORED.iter().chain(GENERATED).chain(TEST_DATA) {
            assert_eq!(*pattern, pattern.to_lowercase());
        }
        let params = Params::from_table(ENTRY.params, &"vendored = [\"*\"]".parse().unwrap()).unwrap();
        assert!(build(&params, &MemoryAssets::default()).is_err());
    }
}
