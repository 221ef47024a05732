//! The first look at a repository: its licences, folder by folder, and the folder that an archive packs everything into.
//!
//! An archive may name its licence behind the files that it is for, so a repository is gone through twice: first for what
//! its licences and manifests say, then for its files.

use super::limits::MAX_LICENSED_FOLDERS;
use super::spdx::{UNKNOWN, join, of_text};
use serde::Deserialize;
use std::collections::BTreeMap;
use tokenmill_core::license::{LicenseType, is_expression};

/// What is known of a repository before its files are read.
#[derive(Debug, Default)]
pub struct Survey {
    folders: BTreeMap<String, Folder>,
    /// The first part of all paths, while they share one.
    top: Option<String>,
    is_scattered: bool,
}

#[derive(Debug, Default)]
struct Folder {
    /// What a manifest names.
    manifest: Option<(String, String)>,
    /// Licences of the texts of licences, with the name of the first file.
    texts: Vec<&'static str>,
    file: String,
}

/// What a file can tell of the licence of its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tells {
    License,
    Cargo,
    Package,
    Pyproject,
}

fn is_known(expression: &str) -> bool {
    !matches!(LicenseType::of(expression), LicenseType::Unknown | LicenseType::None)
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn tells(path: &str) -> Option<Tells> {
    let name = split(path).1;
    match name {
        "Cargo.toml" => return Some(Tells::Cargo),
        "package.json" | "composer.json" => return Some(Tells::Package),
        "pyproject.toml" => return Some(Tells::Pyproject),
        _ => {}
    }
    let name = name.to_ascii_lowercase();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
    // `license.rs` is about licences and is none.
    let is_prose = matches!(extension, "" | "txt" | "md" | "markdown" | "rst" | "adoc" | "html" | "lesser" | "lib")
        || extension.starts_with(|c: char| c.is_ascii_digit())
        || ["apache", "mit", "bsd", "gpl", "lgpl", "mpl", "isc", "boost", "zlib"]
            .iter()
            .any(|id| extension.starts_with(id));
    let begins = ["license", "licence", "copying", "unlicense", "unlicence", "copyright"].iter().any(|word| {
        let rest = stem.strip_prefix(word).map(|rest| rest.strip_prefix('s').unwrap_or(rest));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_', '.', ' ']))
    });
    let ends = ["license", "licence"]
        .iter()
        .any(|word| stem.strip_suffix(word).is_some_and(|rest| rest.ends_with(['-', '_', '.'])));
    (is_prose && (begins || ends)).then_some(Tells::License)
}

impl Survey {
    /// Whether the content of a file is asked for.
    pub fn wants(path: &str) -> bool {
        tells(path).is_some()
    }

    /// Takes note of a path.
    pub fn path(&mut self, path: &str) {
        match (path.split_once('/'), &self.top) {
            _ if self.is_scattered => {}
            (Some((first, _)), None) => self.top = Some(first.to_owned()),
            (Some((first, _)), Some(top)) if first == top => {}
            _ => (self.is_scattered, self.top) = (true, None),
        }
    }

    /// Takes note of what a file says of licences.
    pub fn file(&mut self, path: &str, content: &[u8]) {
        let Some(what) = tells(path) else { return };
        let (folder, name) = split(path);
        if self.folders.len() >= MAX_LICENSED_FOLDERS && !self.folders.contains_key(folder) {
            return;
        }
        let text = String::from_utf8_lossy(content);
        // Some write nothing but the expression.
        let expression = Some(text.trim()).filter(|text| is_expression(text) && is_known(text));
        if what == Tells::License && expression.is_none() {
            let mut found = of_text(&text);
            // A file named after copyright often has no licence, and anything else is one, known or not.
            if found.is_empty() && !text.trim().is_empty() && !name.to_ascii_lowercase().starts_with("copyright") {
                found.push(UNKNOWN);
            }
            if found.is_empty() {
                return;
            }
            let folder = self.folders.entry(folder.to_owned()).or_default();
            // Of several files the one with the smallest name is named, whatever their order.
            if folder.file.is_empty() || name < folder.file.as_str() {
                name.clone_into(&mut folder.file);
            }
            folder.texts.extend(found);
        } else if let Some(expression) = expression.map(str::to_owned).or_else(|| of_manifest(what, &text)) {
            let folder = self.folders.entry(folder.to_owned()).or_default();
            let stands = folder.manifest.as_ref().is_some_and(|(standing, _)| standing.as_str() <= name);
            if !stands {
                folder.manifest = Some((name.to_owned(), expression));
            }
        }
    }

    /// The folder that holds everything, with a `/`, or nothing.
    pub fn top(&self) -> String {
        self.top.as_ref().map_or(String::new(), |top| format!("{top}/"))
    }

    /// The licence of a file by the nearest folder going up that has one, and the path of the file that says so.
    pub fn license(&self, path: &str) -> Option<(String, String)> {
        let mut folder = split(path).0;
        loop {
            if let Some(found) = self.folders.get(folder) {
                let at = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
                if let Some((name, expression)) = &found.manifest {
                    return Some((expression.clone(), at(name)));
                }
                let mut texts = found.texts.clone();
                texts.sort_unstable();
                texts.dedup();
                // What is not known counts for nothing beside what is.
                if texts.len() > 1 {
                    texts.retain(|id| *id != UNKNOWN);
                }
                return Some((join(&texts), at(&found.file)));
            }
            if folder.is_empty() {
                return None;
            }
            folder = split(folder).0;
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Cargo {
    package: Package,
    workspace: Workspace,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Workspace {
    package: Package,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Package {
    license: Option<toml::Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Pyproject {
    project: Package,
    tool: Tool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tool {
    poetry: Package,
}

/// The licence expression that a manifest names.
fn of_manifest(what: Tells, text: &str) -> Option<String> {
    let found = match what {
        Tells::License => None,
        Tells::Cargo => {
            let cargo: Cargo = toml::from_str(text).ok()?;
            // `license.workspace = true` is a table: then the manifest of the workspace says it, further up.
            [cargo.package, cargo.workspace.package].into_iter().find_map(|package| text_of(package.license?))
        }
        Tells::Pyproject => {
            let pyproject: Pyproject = toml::from_str(text).ok()?;
            [pyproject.project, pyproject.tool.poetry].into_iter().find_map(|package| text_of(package.license?))
        }
        Tells::Package => {
            let package: serde_json::Value = serde_json::from_str(text).ok()?;
            match &package["license"] {
                serde_json::Value::String(license) => Some(license.clone()),
                // The old form of npm.
                other => other["type"].as_str().map(str::to_owned),
            }
        }
    }?;
    let found = found.trim();
    if found.to_ascii_uppercase().starts_with("SEE LICENSE IN") || !is_expression(found) {
        return None;
    }
    // Names that people write for identifiers.
    Some(match found.to_ascii_lowercase().as_str() {
        "mit license" | "the mit license" => "MIT".to_owned(),
        "bsd" | "bsd license" | "new bsd" => "BSD-3-Clause".to_owned(),
        "apache" | "apache 2" | "apache 2.0" | "apache2" | "apache license 2.0" | "apache license" => {
            "Apache-2.0".to_owned()
        }
        _ => found.to_owned(),
    })
}

/// `"MIT"`, or `{ text = "MIT" }` of older projects.
fn text_of(value: toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Table(table) => table.get("text")?.as_str().map(str::to_owned),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIT: &str = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and \
        associated documentation files. The above permission notice shall be included in all copies.";

    #[test]
    fn files_of_licences_are_told_by_their_names() {
        for name in [
            "LICENSE",
            "LICENSE.txt",
            "licence.md",
            "COPYING",
            "COPYING.LESSER",
            "LICENSE-MIT",
            "LICENSE_APACHE.txt",
            "MIT-LICENSE",
            "UNLICENSE",
            "LICENSE-2.0",
            "LICENSE.apache2",
            "a/b/License",
            "LICENSES.md",
            "package.json",
        ] {
            assert!(Survey::wants(name), "{name}");
        }
        for name in ["license.rs", "licenses.json", "LICENSE.py", "copying_gc.c", "licensee", "README.md"] {
            assert!(!Survey::wants(name), "{name}");
        }
    }

    #[test]
    fn the_nearest_licence_counts() {
        let mut survey = Survey::default();
        survey.file("LICENSE", MIT.as_bytes());
        survey.file("third_party/x/COPYING", b"GNU GENERAL PUBLIC LICENSE\n Version 2, June 1991");
        survey.file("mine/LICENSE.md", b"Ask me first.");
        survey.file("typed/LICENSE", b"MIT OR Apache-2.0\n");
        survey.file("npm/package.json", br#"{"license": {"type": "ISC"}}"#);
        survey.file("npm/LICENSE", MIT.as_bytes());
        survey.file("npm/sub/package.json", br#"{"license": "SEE LICENSE IN ../x"}"#);
        let of = |path: &str| survey.license(path).unwrap();
        let pair = |license: &str, file: &str| (license.to_owned(), file.to_owned());
        assert_eq!(of("src/a.rs"), pair("MIT", "LICENSE"));
        assert_eq!(of("third_party/x/src/a.c"), pair("GPL-2.0", "third_party/x/COPYING"));
        assert_eq!(of("third_party/y.c"), pair("MIT", "LICENSE"));
        assert_eq!(of("mine/a.c"), pair(UNKNOWN, "mine/LICENSE.md"));
        assert_eq!(of("typed/a.rs"), pair("MIT OR Apache-2.0", "typed/LICENSE"));
        assert_eq!(of("npm/sub/a.js"), pair("ISC", "npm/package.json"));
        assert_eq!(Survey::default().license("a/b.c"), None);
    }

    #[test]
    fn manifests_name_licences() {
        for (what, text, expected) in [
            (Tells::Cargo, "[package]\nlicense = \"MIT/Apache-2.0\"", Some("MIT/Apache-2.0")),
            (Tells::Cargo, "[workspace.package]\nlicense = \"MIT\"", Some("MIT")),
            (Tells::Cargo, "[package]\nlicense.workspace = true", None),
            (Tells::Cargo, "[package", None),
            (Tells::Pyproject, "[project]\nlicense = { text = \"BSD\" }", Some("BSD-3-Clause")),
            (Tells::Pyproject, "[tool.poetry]\nlicense = \"MIT\"", Some("MIT")),
            (Tells::Package, "{\"license\": \"(MIT OR GPL-3.0)\"}", Some("(MIT OR GPL-3.0)")),
            (Tells::Package, "[]", None),
            (Tells::Package, "{\"license\": \"<script>\"}", None),
        ] {
            assert_eq!(of_manifest(what, text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_folder_around_everything_is_seen() {
        let top = |paths: &[&str]| {
            let mut survey = Survey::default();
            paths.iter().for_each(|path| survey.path(path));
            survey.top()
        };
        assert_eq!(top(&["repo-1/a", "repo-1/b/c"]), "repo-1/");
        assert_eq!(top(&["repo-1/a", "b"]), "");
        assert_eq!(top(&["a", "repo-1/b"]), "");
        assert_eq!(top(&["x/a", "y/a", "x/b"]), "");
        assert_eq!(top(&[]), "");
    }
}
