//! The lines of a list that somebody else made: a few may be broken, and a file of another kind is refused.

use tokenmill_core::BuildError;

/// Most lines of a list that may be no entries, as a share. Lists from the web have a few; a list of another kind, or a
/// web page that was saved in its place, has many.
const MAX_BAD_SHARE: f64 = 0.01;

/// Bytes of a bad line that a message shows.
const SHOWN: usize = 80;

/// What a list held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines that are entries.
    pub n_entries: usize,
    /// Lines that are none and were skipped. Blank lines and comments are not counted.
    pub n_bad: usize,
}

/// Gives every line that is neither blank nor begins with `#` to `take`, which says whether it was an entry.
///
/// # Errors
/// When more than a hundredth of the lines are no entries; `wanted` says in the plural what they should be.
pub(super) fn each_line(
    name: &str,
    bytes: &[u8],
    wanted: &str,
    mut take: impl FnMut(&str) -> bool,
) -> Result<Counts, BuildError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut counts = Counts::default();
    let mut first_bad = None;
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        if str::from_utf8(line).is_ok_and(&mut take) {
            counts.n_entries += 1;
        } else {
            counts.n_bad += 1;
            first_bad = first_bad.or(Some((at + 1, line)));
        }
    }
    let Counts { n_entries, n_bad } = counts;
    match first_bad {
        Some((at, line)) if n_bad as f64 > MAX_BAD_SHARE * (n_entries + n_bad) as f64 => {
            let line = String::from_utf8_lossy(&line[..line.len().min(SHOWN)]);
            let message = format!(
                "`{name}`: {n_bad} of {} lines are no {wanted}, the first is line {at}: `{}`",
                n_entries + n_bad,
                line.escape_debug()
            );
            Err(BuildError::new(message).hint("of a list, at most 1 % of the lines are skipped as broken"))
        }
        _ => Ok(counts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Vec<String>, Result<Counts, BuildError>) {
        let mut taken = Vec::new();
        let counts = each_line("list", bytes, "words", |line| {
            taken.push(line.to_owned());
            !line.contains('!')
        });
        (taken, counts)
    }

    #[test]
    fn comments_and_blank_lines_are_no_entries() {
        let (taken, counts) = read(b"\xef\xbb\xbf# why\r\n a \r\n\n#b\nc # d");
        assert_eq!(taken, ["a", "c # d"]);
        assert_eq!(counts.unwrap(), Counts { n_entries: 2, n_bad: 0 });
        assert_eq!(read(b"").1.unwrap(), Counts::default());
    }

    #[test]
    fn one_broken_line_in_a_hundred_is_skipped() {
        let good = b"a\n".repeat(99);
        assert_eq!(read(&[&good[..], b"\xff\n"].concat()).1.unwrap(), Counts { n_entries: 99, n_bad: 1 });
        let error = read(&[b"b!\n", &good[2..]].concat()).1.unwrap_err();
        assert_eq!(error.message, "`list`: 1 of 99 lines are no words, the first is line 1: `b!`");
        assert!(read(b"\xff").1.is_err());
    }
}
