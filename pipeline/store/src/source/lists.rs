//! Lists of input files, such as `warc.paths.gz`: one name a line, below a base.

use super::Input;
use super::expand::expand;
use super::input::{find, stream};
use super::lines::{Line, LineReader};
use super::names::{file_name, settle};
use crate::StoreError;
use crate::location::Location;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How the name of a list ends.
const ENDINGS: [&str; 2] = [".paths", ".paths.gz"];

/// Bytes of a line of a list, at most.
const MAX_LINE: usize = 4 << 10;

/// Names in one list, at most: Common Crawl's longest have 100,000.
const MAX_NAMES: usize = 10_000_000;

/// Files that are looked up at a time, where they are across a network.
const LOOKUPS: usize = 32;

/// As [`expand`], with the files that lists name in place of the lists. Relative names are below `base`, or below the root of the
/// server or bucket that the list comes from if `base` is empty; their ids and tables call them as the list does.
///
/// # Errors
/// As [`expand`], and when a list is too large, names something that is not there, or has relative names and no base.
pub fn expand_lists(patterns: &[String], base: &str) -> Result<Vec<Input>, StoreError> {
    let (lists, inputs): (Vec<Input>, Vec<Input>) =
        expand(patterns)?.into_iter().partition(|input| ENDINGS.iter().any(|end| file_name(&input.uri).ends_with(end)));
    if lists.is_empty() {
        return Ok(inputs);
    }
    let mut found = inputs;
    for list in lists {
        let named = read(&list, base)?;
        found.extend(find_all(&named, &format!("the list `{}`", list.uri))?);
    }
    Ok(settle(found))
}

/// Looks up files of which address and name are given, many at a time; `who` names them, for people.
///
/// # Errors
/// When one is missing or cannot be looked up: the first in their order.
pub fn find_all(files: &[(String, String)], who: &str) -> Result<Vec<Input>, StoreError> {
    let look_up = |(uri, name): &(String, String)| match find(uri) {
        Ok(input) => Ok(Input { name: name.clone(), ..input }),
        Err(StoreError::Missing(_)) => Err(StoreError::Refused {
            what: format!("{who} names `{uri}`, which does not exist"),
            hint: "`source.base` says where the files are; a mirror needs every file that is named".to_owned(),
        }),
        Err(error) => Err(error),
    };
    if files.iter().all(|(uri, _)| Location::is_local(uri)) {
        return files.iter().map(look_up).collect();
    }
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(files.len())));
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(at) else { return };
            let input = look_up(file);
            if input.is_err() {
                // Nobody begins another one; those before it are still waited for, so that the first error is told.
                next.store(files.len(), Ordering::Relaxed);
            }
            found.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((at, input));
        }
    };
    std::thread::scope(|scope| (0..LOOKUPS.min(files.len())).for_each(|_| drop(scope.spawn(work))));
    let mut found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, input)| input).collect()
}

/// The address and the name of every file in a list.
fn read(list: &Input, base: &str) -> Result<Vec<(String, String)>, StoreError> {
    let mut lines = LineReader::new(stream(list)?, &list.uri, MAX_LINE)?;
    let mut named = Vec::new();
    let mut number = 0u64;
    while let Some(line) = lines.next_line()? {
        number += 1;
        let corrupt = |why: String| StoreError::corrupt(&list.uri, format!("line {number}: {why}"));
        let line = match line {
            Line::Bytes(line) => std::str::from_utf8(line).map_err(|error| corrupt(error.to_string()))?.trim(),
            Line::TooLong(bytes) => return Err(corrupt(format!("{bytes} bytes are no name; at most {MAX_LINE} are"))),
        };
        if line.is_empty() {
            continue;
        }
        if named.len() >= MAX_NAMES {
            return Err(corrupt(format!("a list has at most {MAX_NAMES} names; split it")));
        }
        let is_whole = line.contains("://") || line.starts_with('/');
        let name = if is_whole { file_name(line) } else { line.to_owned() };
        if ENDINGS.iter().any(|end| name.ends_with(end)) {
            return Err(corrupt(format!("`{line}` is a list itself")));
        }
        let uri =
            if is_whole { line.to_owned() } else { join(base, line, &list.uri).map_err(corrupt_usage(corrupt))? };
        named.push((uri, name));
    }
    if named.is_empty() {
        return Err(StoreError::corrupt(&list.uri, "the list names no file"));
    }
    Ok(named)
}

/// Keeps what already has a hint, and says of everything else which line it is about.
fn corrupt_usage(corrupt: impl Fn(String) -> StoreError) -> impl Fn(StoreError) -> StoreError {
    move |error| if let StoreError::Usage(why) = error { corrupt(why) } else { error }
}

/// The address of a file below `base`, or below the root of `origin`'s server or bucket when there is no base.
///
/// # Errors
/// When the name leads out of the base, or there is none.
pub fn join(base: &str, name: &str, origin: &str) -> Result<String, StoreError> {
    if !is_below(name) {
        return Err(StoreError::Usage(format!("`{name}` is not the name of a file below a base")));
    }
    let base = if base.is_empty() { root_of(origin) } else { Some(base.to_owned()) };
    let base = base.ok_or_else(|| StoreError::Refused {
        what: format!("`{origin}` holds relative names, and `source.base` does not say below what"),
        hint: "give the folder or the address, such as `base = \"s3://commoncrawl/\"` or `base = \"/mirror\"`"
            .to_owned(),
    })?;
    Ok(if base.ends_with('/') { format!("{base}{name}") } else { format!("{base}/{name}") })
}

/// Whether a name is a path that stays below where it starts.
pub fn is_below(name: &str) -> bool {
    let is_sound = |part: &str| !matches!(part, "" | "." | "..");
    !name.contains("://") && !name.contains(['\\', '\0']) && name.split('/').all(is_sound) && name.len() <= MAX_LINE
}

/// `s3://bucket/` or `https://host/`.
fn root_of(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://").filter(|(scheme, _)| *scheme != "file")?;
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
    Some(format!("{scheme}://{host}/"))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files as a user would")]
mod tests {
    use super::*;
    use std::io::Write;
    use std::path::Path;

    fn gzip(text: &str) -> Vec<u8> {
        let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        member.write_all(text.as_bytes()).unwrap();
        member.finish().unwrap()
    }

    fn mirror() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("crawl-data/a")).unwrap();
        for name in ["crawl-data/a/1.warc.gz", "crawl-data/a/2.warc.gz", "3.warc"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        folder
    }

    fn expanded(folder: &Path, list: &str, content: &[u8], base: &str) -> Result<Vec<(String, String)>, String> {
        let list = folder.join(list);
        std::fs::write(&list, content).unwrap();
        let inputs = expand_lists(&[list.display().to_string(), folder.join("3.warc").display().to_string()], base);
        let found = inputs.map_err(|error| error.to_string())?.into_iter().map(|input| (input.name, input.uri));
        Ok(found.collect())
    }

    #[test]
    fn the_files_of_a_list_take_its_place() {
        let folder = mirror();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let base = folder.path().display().to_string();
        let text = "crawl-data/a/2.warc.gz\r\n\ncrawl-data/a/1.warc.gz\ncrawl-data/a/2.warc.gz\n";
        let names = ["3.warc", "crawl-data/a/1.warc.gz", "crawl-data/a/2.warc.gz"];
        let expected = names.map(|name| (name.to_owned(), at(name)));
        assert_eq!(expanded(folder.path(), "warc.paths.gz", &gzip(text), &base).unwrap(), expected);
        assert_eq!(expanded(folder.path(), "warc.paths", text.as_bytes(), &(base.clone() + "/")).unwrap(), expected);
        let whole = expanded(folder.path(), "whole.paths", at("crawl-data/a/1.warc.gz").as_bytes(), "").unwrap();
        assert_eq!(whole[0], ("1.warc.gz".to_owned(), at("crawl-data/a/1.warc.gz")));
    }

    #[test]
    fn what_is_wrong_with_a_list_is_told() {
        let folder = mirror();
        let base = folder.path().display().to_string();
        for (text, base, expected) in [
            ("crawl-data/a/9.warc.gz", base.as_str(), "9.warc.gz`, which does not exist\nhint: `source.base`"),
            ("crawl-data/a/1.warc.gz", "", "does not say below what\nhint: give the folder"),
            ("3.warc\n../x", &base, "line 2: `../x` is not the name of a file below a base"),
            ("a//b", &base, "line 1: `a//b` is not the name"),
            ("other.paths.gz", &base, "line 1: `other.paths.gz` is a list itself"),
            ("\n\n", &base, "the list names no file"),
            (&"x".repeat(MAX_LINE + 9), &base, "line 1: 4105 bytes are no name"),
        ] {
            let error = expanded(folder.path(), "t.paths", text.as_bytes(), base).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert!(expanded(folder.path(), "cut.paths.gz", &gzip("3.warc\n")[..12], &base).is_err());
    }

    #[test]
    fn remote_names_are_below_the_root_of_where_the_list_is() {
        let join = |base: &str, origin: &str| join(base, "crawl-data/x.gz", origin).unwrap();
        assert_eq!(join("", "s3://commoncrawl/crawl-data/C/warc.paths.gz"), "s3://commoncrawl/crawl-data/x.gz");
        assert_eq!(join("", "https://h.example/a/b.paths?x"), "https://h.example/crawl-data/x.gz");
        assert_eq!(join("/mirror", "s3://commoncrawl/w.paths"), "/mirror/crawl-data/x.gz");
    }
}
