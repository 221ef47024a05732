//! The language of a file by its name, its first line and, where several languages share an extension, its text.

use super::content::settle;
use super::table::{LANGUAGES, Language};
use std::collections::BTreeMap;
use std::sync::LazyLock;

struct Index {
    extensions: BTreeMap<&'static str, Vec<&'static Language>>,
    names: BTreeMap<&'static str, &'static Language>,
    interpreters: BTreeMap<&'static str, &'static Language>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index { extensions: BTreeMap::new(), names: BTreeMap::new(), interpreters: BTreeMap::new() };
    for language in LANGUAGES {
        for extension in language.extensions {
            index.extensions.entry(extension).or_default().push(language);
        }
        index.names.extend(language.names.iter().map(|name| (*name, language)));
        index.interpreters.extend(language.interpreters.iter().map(|program| (*program, language)));
    }
    index
});

/// Extensions of files that are made from others of the same language: `config.h.in` is C.
const WRAPPERS: [&str; 7] = ["in", "tmpl", "tpl", "template", "dist", "sample", "example"];

/// Extensions that many programs use for something of their own, so that one language alone is no proof.
const RARE: [&str; 19] = [
    "as", "e", "g", "st", "do", "tag", "tab", "exp", "res", "re", "sig", "fun", "nb", "asc", "ps", "eps", "me", "def",
    "mod",
];

/// Beginnings of names of files that are prose, whatever follows.
const PAPERS: [&str; 6] = ["readme", "license", "licence", "copying", "unlicense", "copyright"];

fn named(name: &str) -> Option<&'static Language> {
    LANGUAGES.binary_search_by_key(&name, |language| language.name).ok().map(|at| &LANGUAGES[at])
}

/// The language of a file; `None` when nothing is known of it.
pub fn of(path: &str, text: &str) -> Option<&'static Language> {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    of_name(&name, text).or_else(|| of_first_line(text))
}

fn of_name(name: &str, text: &str) -> Option<&'static Language> {
    if let Some(language) = INDEX.names.get(name) {
        return Some(language);
    }
    // `LICENSE-MIT`, `COPYING.LESSER`, `README.first`.
    let is_paper = PAPERS
        .iter()
        .any(|paper| name.strip_prefix(paper).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_', '.'])));
    let by_extension = name.rsplit_once('.').and_then(|(stem, extension)| of_extension(stem, extension, text));
    by_extension.or_else(|| if is_paper { named("text") } else { None })
}

fn of_extension(stem: &str, extension: &str, text: &str) -> Option<&'static Language> {
    if WRAPPERS.contains(&extension) {
        return of_name(stem, text);
    }
    // `Dockerfile.dev`, `Makefile.linux`; but `version.rs` is Rust.
    let Some(languages) = INDEX.extensions.get(extension) else { return INDEX.names.get(stem).copied() };
    if let Some(settled) = settle(extension, text) {
        return named(settled);
    }
    let is_digit = extension.bytes().all(|byte| byte.is_ascii_digit());
    match languages[..] {
        [language] if !is_digit && !RARE.contains(&extension) => Some(language),
        // The other languages have been looked for.
        [first, ..] if matches!(extension, "d" | "hh" | "bb") => Some(first),
        _ => None,
    }
}

/// The language of a script: `#!/usr/bin/env python3`, `#!/bin/sh -e`; also what XML and PHP begin with.
fn of_first_line(text: &str) -> Option<&'static Language> {
    let line = text.lines().next()?;
    if line.starts_with("<?xml") {
        return named("xml");
    }
    if line.starts_with("<?php") {
        return named("php");
    }
    let lower: String = line.chars().take(15).collect::<String>().to_ascii_lowercase();
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        return named("html");
    }
    let line = line.strip_prefix("#!")?;
    let mut words = line.split_whitespace().filter(|word| !word.starts_with('-') && !word.contains('='));
    let last = |word: &str| word.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let mut program = last(words.next()?);
    if program == "env" {
        program = last(words.next()?);
    }
    let plain = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    INDEX.interpreters.get(program.as_str()).or_else(|| INDEX.interpreters.get(plain)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(path: &str, text: &str) -> &'static str {
        of(path, text).map_or("", |language| language.name)
    }

    #[test]
    fn files_have_languages() {
        for (path, text, expected) in [
            ("src/main.rs", "", "rust"),
            ("A.PY", "", "python"),
            ("Makefile", "", "makefile"),
            ("docker/Dockerfile.dev", "", "dockerfile"),
            ("CMakeLists.txt", "", "cmake"),
            ("README", "", "text"),
            ("README.md", "", "markdown"),
            ("LICENSE-MIT", "", "text"),
            ("COPYING.LESSER", "", "text"),
            ("license.rs", "", "rust"),
            ("LICENSE-2.0", "", "text"),
            ("licensee", "", ""),
            ("requirements.txt", "", "pip-requirements"),
            ("notes.txt", "", "text"),
            ("config.h.in", "#define X\n", "c"),
            ("version.rs", "", "rust"),
            ("Cargo.lock", "", "toml"),
            ("main.d", "module main;\n", "d"),
            ("a.hh", "class A {};\n", "cpp"),
            ("bin/tool", "#!/usr/bin/env python3.11\n", "python"),
            ("bin/tool", "#! /bin/bash -e\n", "shell"),
            ("bin/tool", "#!/usr/bin/env -S node --x\n", "javascript"),
            ("bin/tool", "#!/usr/bin/env A=1 ruby\n", "ruby"),
            ("bin/tool", "#!/opt/none\n", ""),
            ("unknown", "text", ""),
            ("page", "<!DOCTYPE html>\n", "html"),
            ("a.zzz", "<?xml version=\"1.0\"?>", "xml"),
            ("libx.so.1", "text", ""),
            ("printf.3", ".TH PRINTF 3\n", "roff"),
            ("data.do", "<b>", ""),
            ("x.tsx", "export default 1;\n", "typescript"),
            (".gitignore", "target\n", "ignore-list"),
            ("", "", ""),
            (".", "", ""),
            ("a.", "", ""),
        ] {
            assert_eq!(name(path, text), expected, "{path}: {text}");
        }
    }

    #[test]
    fn every_extension_leads_to_one_of_its_languages() {
        for (extension, languages) in &INDEX.extensions {
            let found = name(&format!("x.{extension}"), "");
            let is_one = languages.iter().any(|language| language.name == found);
            let is_digit = extension.bytes().all(|byte| byte.is_ascii_digit());
            let is_open = RARE.contains(extension) || is_digit || matches!(*extension, "inc" | "ms" | "config");
            assert!(is_one || is_open, "{extension}: {found:?}");
        }
        // What content decides for is in the table.
        for language in LANGUAGES {
            assert_eq!(named(language.name).unwrap().name, language.name);
        }
    }
}
