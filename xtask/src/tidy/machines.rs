//! Nothing in the tree depends on one machine: no home folders, no private hosts, no registry but the public one.

use super::Problem;
use super::sources::Sources;

/// Folders that exist on one machine only; written in two halves because of this very rule.
const PATHS: [&str; 5] =
    [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/Us", "ers/"), concat!("C:", "\\")];

/// Hosts that package clients choose themselves from their configuration.
const REGISTRY_HOSTS: [&str; 5] = [
    concat!("static.", "crates.io"),
    concat!("index.", "crates.io"),
    concat!("files.", "pythonhosted.org"),
    concat!("pypi.", "org/simple"),
    concat!("registry.", "npmjs.org"),
];

/// Top-level names and address ranges that only a private network resolves.
const PRIVATE_ENDINGS: [&str; 5] = [".internal", ".local", ".lan", ".corp", ".intranet"];
const PRIVATE_STARTS: [&str; 2] = ["10.", "192.168."];

const LOCK_SOURCE: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

pub fn check(sources: &Sources) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in sources.ending("") {
        for (index, line) in text.lines().enumerate() {
            let found = if path.ends_with("Cargo.lock") { in_lock(line) } else { in_text(line) };
            problems.extend(found.map(|message| Problem::new(path, index + 1, message)));
        }
    }
    problems
}

fn in_lock(line: &str) -> Option<String> {
    let is_foreign = line.starts_with("source = ") && line != LOCK_SOURCE;
    is_foreign.then(|| format!("a dependency from elsewhere than the public registry: {line}"))
}

fn in_text(line: &str) -> Option<String> {
    if let Some(path) = PATHS.iter().find(|path| stands_alone(line, path)) {
        return Some(format!("`{path}` is a folder of one machine; use a relative path or a variable"));
    }
    if let Some(host) = REGISTRY_HOSTS.iter().find(|host| line.contains(**host)) {
        return Some(format!("`{host}` is for the package client to know; ask the client instead"));
    }
    let host = line.split("://").skip(1).map(host_of).find(|host| is_private(host))?;
    Some(format!("`{host}` is a host of a private network; use a name that ends in `.example`"))
}

/// Whether the path begins a path here and is not the middle of an address such as `https://a.example/home/`.
fn stands_alone(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|letter| !letter.is_alphanumeric() && !matches!(letter, '.' | '/' | '-' | '_' | '}' | '~'))
    })
}

fn host_of(rest: &str) -> &str {
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-')).unwrap_or(rest.len());
    rest[..end].trim_end_matches('.')
}

fn is_private(host: &str) -> bool {
    PRIVATE_ENDINGS.iter().any(|end| host.ends_with(end)) || PRIVATE_STARTS.iter().any(|start| host.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n_problems(path: &str, text: &str) -> usize {
        check(&Sources::of(&[(path, text)])).len()
    }

    #[test]
    fn folders_of_one_machine_are_found() {
        for path in PATHS {
            assert_eq!(n_problems("a.md", &format!("see `{path}x`\n")), 1, "{path}");
        }
        assert_eq!(n_problems("a.md", &format!("https://a.example{}x\n", PATHS[0])), 0);
    }

    #[test]
    fn private_hosts_are_found_and_public_ones_are_not() {
        for end in PRIVATE_ENDINGS {
            assert_eq!(n_problems("a.toml", &format!("url = \"https://mirror{end}/x\"\n")), 1, "{end}");
        }
        assert_eq!(n_problems("a.toml", &format!("url = \"http://{}0.0.7:8080/\"\n", PRIVATE_STARTS[0])), 1);
        assert_eq!(n_problems("a.toml", "url = \"https://data.example/x\"\n"), 0);
    }

    #[test]
    fn registry_hosts_are_found() {
        for host in REGISTRY_HOSTS {
            assert_eq!(n_problems("a.rs", &format!("let url = \"https://{host}/x\";\n")), 1, "{host}");
        }
    }

    #[test]
    fn the_lock_file_knows_one_registry() {
        assert_eq!(n_problems("Cargo.lock", &format!("{LOCK_SOURCE}\n")), 0);
        assert_eq!(n_problems("Cargo.lock", "source = \"git+https://github.com/a/b\"\n"), 1);
    }
}
