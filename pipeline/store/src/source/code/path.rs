//! Paths of files in a repository: which are taken, and what they are called.

use super::limits::{MAX_DEPTH, MAX_PATH};

/// What becomes of a file, by its path alone.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is read, under this path.
    Yes(String),
    /// It lies in a hidden folder, such as `.git`.
    Hidden,
    /// Its path leads out of the repository, or cannot be one.
    Unsafe,
}

/// Tidies a path: `./a//b` is `a/b`.
pub fn take(raw: &str) -> Taken {
    let is_drive = raw.as_bytes().get(1) == Some(&b':') && raw.as_bytes()[0].is_ascii_alphabetic();
    if raw.len() > MAX_PATH || raw.starts_with(['/', '\\']) || is_drive || raw.contains(char::is_control) {
        return Taken::Unsafe;
    }
    let parts: Vec<&str> = raw.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let Some((_, folders)) = parts.split_last() else { return Taken::Unsafe };
    if folders.len() > MAX_DEPTH || parts.iter().any(|part| *part == ".." || part.split('\\').any(|part| part == ".."))
    {
        return Taken::Unsafe;
    }
    if folders.iter().any(|folder| folder.starts_with('.')) {
        return Taken::Hidden;
    }
    Taken::Yes(parts.join("/"))
}

/// The name of the repository that is in an input of this name: without what tells the form of an archive.
pub fn repository(input: &str) -> &str {
    const ENDS: [&str; 15] = [
        ".tar.gz",
        ".tar.zst",
        ".tar.bz2",
        ".tar.zstd",
        ".tgz",
        ".tzst",
        ".tbz2",
        ".tbz",
        ".tar",
        ".zip",
        ".crate",
        ".whl",
        ".gem",
        ".jar",
        ".nupkg",
    ];
    let stem = ENDS.iter().find_map(|end| {
        let at = input.len().checked_sub(end.len()).filter(|at| input.is_char_boundary(*at))?;
        input[at..].eq_ignore_ascii_case(end).then(|| &input[..at])
    });
    stem.filter(|stem| !stem.is_empty() && !stem.ends_with('/')).unwrap_or(input)
}

/// `repo://NAME/PATH`: an address that is nobody's on the web, with what has a meaning in addresses encoded (RFC 3986).
pub fn address(repository: &str, path: &str) -> String {
    let mut out = String::from("repo://");
    let parts = [repository.trim_start_matches('/'), "/", path];
    for byte in parts.into_iter().flat_map(str::bytes) {
        if byte.is_ascii_alphanumeric() || b"/-._~+,@=".contains(&byte) {
            out.push(char::from(byte));
        } else {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_tidied_or_refused() {
        let yes = |path: &str| Taken::Yes(path.into());
        let (deep, long) = ("a/".repeat(65), "x".repeat(5000));
        for (raw, expected) in [
            ("./src//main.rs", yes("src/main.rs")),
            (".gitignore", yes(".gitignore")),
            ("a/.git/config", Taken::Hidden),
            (".github/x.yml", Taken::Hidden),
            ("/etc/passwd", Taken::Unsafe),
            ("a/../../b", Taken::Unsafe),
            ("a\\..\\..\\b", Taken::Unsafe),
            ("x:\\b", Taken::Unsafe),
            ("..", Taken::Unsafe),
            ("", Taken::Unsafe),
            ("./", Taken::Unsafe),
            ("a\nb", Taken::Unsafe),
            // 64 folders and a file are the most.
            (&deep, yes(deep.trim_end_matches('/'))),
            (&long, Taken::Unsafe),
        ] {
            assert_eq!(take(raw), expected, "{raw:?}");
        }
        assert_eq!(take(&"a/".repeat(66)), Taken::Unsafe);
    }

    #[test]
    fn repositories_are_named_after_their_input() {
        for (input, name) in [
            ("owner/repo.tar.gz", "owner/repo"),
            ("serde-1.0.200.crate", "serde-1.0.200"),
            ("repo.TAR.ZST", "repo"),
            ("repo", "repo"),
            (".zip", ".zip"),
            ("v1.2", "v1.2"),
        ] {
            assert_eq!(repository(input), name);
        }
    }

    #[test]
    fn addresses_are_unique_and_encoded() {
        assert_eq!(address("o/r", "a b/c#?%.py"), "repo://o/r/a%20b/c%23%3F%25.py");
        assert_eq!(address("/abs/r", "ö.c"), "repo://abs/r/%C3%B6.c");
    }
}
