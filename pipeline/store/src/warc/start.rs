//! Where does a record start? Asked leniently where one is expected, strictly where one is searched for.

use memchr::{memchr, memmem};

use super::arc;

/// The two families of formats. A file holds one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavour {
    Warc,
    Arc,
}

/// The magic of every WARC version; a version number follows.
const MAGIC: &[u8] = b"WARC/";
/// Bytes in which a WARC header must show its type and length to count as found.
const STRICT_HEAD: usize = 16 << 10;
/// Longest ARC URL line that is recognised.
pub(super) const MAX_URL_LINE: usize = 16 << 10;

/// Answer to "does a record start here?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Record(Flavour),
    Nothing,
    /// Too few bytes to say.
    Short,
}

/// Whether a record starts with the first byte, at a place where one is due. `flavour` is that of the file if known.
pub(super) fn at(bytes: &[u8], flavour: Option<Flavour>) -> At {
    if flavour != Some(Flavour::Arc) {
        let shared = bytes.len().min(MAGIC.len());
        if bytes[..shared].eq_ignore_ascii_case(&MAGIC[..shared]) {
            return match bytes.get(MAGIC.len()) {
                Some(digit) if digit.is_ascii_digit() => At::Record(Flavour::Warc),
                Some(_) => At::Nothing,
                None => At::Short,
            };
        }
    }
    if flavour == Some(Flavour::Warc) {
        return At::Nothing;
    }
    match memchr(b'\n', &bytes[..bytes.len().min(MAX_URL_LINE)]) {
        Some(end) if arc::parse(&bytes[..end]).is_some() => At::Record(Flavour::Arc),
        None if bytes.len() < MAX_URL_LINE => At::Short,
        _ => At::Nothing,
    }
}

/// Answer to "where is the next record?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Find {
    /// A record starts at this index.
    At(usize),
    /// No record starts before `resume`; from there on more bytes are needed to say.
    None { resume: usize },
}

/// The first index at or after `from` that is without doubt a record start.
pub(super) fn find(bytes: &[u8], from: usize, flavour: Option<Flavour>) -> Find {
    match flavour {
        Some(Flavour::Warc) => find_warc(bytes, from),
        Some(Flavour::Arc) => find_arc(bytes, from),
        None => match find_warc(bytes, from) {
            // Only what comes before can be first.
            Find::At(at) => match find_arc(&bytes[..at], from) {
                Find::At(earlier) => Find::At(earlier),
                Find::None { .. } => Find::At(at),
            },
            Find::None { resume } => match find_arc(bytes, from) {
                // A place that needs more bytes comes first only if nothing was found before it.
                Find::At(at) if resume > at || bytes.len() - resume >= STRICT_HEAD => Find::At(at),
                Find::At(_) => Find::None { resume },
                Find::None { resume: other } => Find::None { resume: resume.min(other) },
            },
        },
    }
}

fn find_warc(bytes: &[u8], from: usize) -> Find {
    let mut at = from.min(bytes.len());
    while let Some(next) = memmem::find(&bytes[at..], MAGIC) {
        at += next;
        match warc_head(&bytes[at..]) {
            At::Record(_) => return Find::At(at),
            At::Short => return Find::None { resume: at },
            At::Nothing => at += MAGIC.len(),
        }
    }
    Find::None { resume: bytes.len().saturating_sub(MAGIC.len() - 1).max(at) }
}

/// Whether a complete, plausible WARC header starts here: a version line, then only fields, among them one that says
/// what the record is and one that says how long it is. A line that is no field ends the check, so text full of magic
/// words is read once.
fn warc_head(bytes: &[u8]) -> At {
    let window = &bytes[..bytes.len().min(STRICT_HEAD)];
    let digits = window[MAGIC.len()..].iter().take_while(|&&b| b.is_ascii_digit() || b == b'.').count();
    if let Some(next) = window.get(MAGIC.len() + digits)
        && (digits < 3 || !matches!(next, b'\r' | b'\n' | b' '))
    {
        return At::Nothing;
    }
    let (mut named, mut sized, mut first) = (false, false, true);
    let mut rest = window;
    while let Some(end) = memchr(b'\n', rest) {
        let line = rest[..end].trim_ascii_end();
        rest = &rest[end + 1..];
        if std::mem::take(&mut first) {
            if line.len() != MAGIC.len() + digits {
                return At::Nothing;
            }
        } else if line.is_empty() {
            return At::Nothing;
        } else if !line[0].is_ascii_whitespace() {
            let Some(colon) = memchr(b':', line) else { return At::Nothing };
            let name = line[..colon].trim_ascii_end();
            if !name.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
                return At::Nothing;
            }
            named |= name.eq_ignore_ascii_case(b"WARC-Type") || name.eq_ignore_ascii_case(b"WARC-Record-ID");
            sized |= name.eq_ignore_ascii_case(b"Content-Length");
            if named && sized {
                return At::Record(Flavour::Warc);
            }
        }
    }
    if bytes.len() < STRICT_HEAD { At::Short } else { At::Nothing }
}

fn find_arc(bytes: &[u8], from: usize) -> Find {
    let mut at = from.min(bytes.len());
    while let Some(end) = memchr(b'\n', &bytes[at..]) {
        if let Some(start) = arc::find_in_line(&bytes[at..at + end]) {
            return Find::At(at + start);
        }
        at += end + 1;
    }
    // A line longer than any URL line need not be kept whole.
    Find::None { resume: at.max(bytes.len().saturating_sub(MAX_URL_LINE)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 3\r\n\r\nabc";
    const LINE: &[u8] = b"http://a.example/ 1.2.3.4 20100106234911 text/html 12\n";

    #[test]
    fn a_record_is_recognised_where_it_is_due() {
        assert_eq!(at(b"WARC/1.0\r\n", None), At::Record(Flavour::Warc));
        assert_eq!(at(b"WARC/0.18\n", None), At::Record(Flavour::Warc));
        assert_eq!(at(b"WARC/", None), At::Short);
        assert_eq!(at(b"WAR", None), At::Short);
        assert_eq!(at(b"WARC/x", None), At::Nothing);
        assert_eq!(at(LINE, None), At::Record(Flavour::Arc));
        assert_eq!(at(&LINE[..20], None), At::Short);
        assert_eq!(at(LINE, Some(Flavour::Warc)), At::Nothing);
        assert_eq!(at(b"<html>\n", None), At::Nothing);
    }

    #[test]
    fn the_search_wants_a_type_and_a_length() {
        let mut text = b"prose about WARC/1.0 files\r\n".to_vec();
        let prose = text.len();
        text.extend_from_slice(HEAD);
        assert_eq!(find(&text, 0, None), Find::At(prose));
        assert_eq!(find(&text[..prose + 40], 0, Some(Flavour::Warc)), Find::None { resume: prose });
        let without = b"WARC/1.0\r\nWARC-Type: response\r\n\r\n";
        assert!(matches!(find(without, 0, Some(Flavour::Warc)), Find::None { .. }));
    }

    #[test]
    fn a_magic_word_cut_by_the_end_is_kept() {
        assert_eq!(find(b"xxxxWAR", 0, Some(Flavour::Warc)), Find::None { resume: 3 });
    }

    #[test]
    fn url_lines_are_found_even_behind_a_body_without_line_end() {
        let mut text = b"\xff\xd8binary\n\xff\xd9".to_vec();
        let start = text.len();
        text.extend_from_slice(LINE);
        assert_eq!(find(&text, 0, Some(Flavour::Arc)), Find::At(start));
        assert_eq!(find(&text, 0, None), Find::At(start));
    }

    #[test]
    fn crowds_of_magic_words_take_linear_time() {
        let text = b"WARC/1.0\r\n".repeat(200_000);
        assert!(matches!(find(&text, 0, None), Find::None { .. }));
    }
}
