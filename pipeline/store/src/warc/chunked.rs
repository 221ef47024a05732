//! The chunked transfer encoding (RFC 9112, section 7.1), also where its sizes lie or it is not there at all.

use std::borrow::Cow;

use memchr::memchr;

use super::notes::{Note, Notes};

/// Longest size line with its extensions.
const MAX_LINE: usize = 4 << 10;

/// Joins the chunks of a body, at most `cap` bytes of them. A body that is not chunked comes back as it is; one whose
/// sizes are wrong is cut at the next lines that look like sizes and fit what follows them.
pub(super) fn join(body: &[u8], cap: usize) -> (Cow<'_, [u8]>, Notes) {
    let mut notes = Notes::default();
    let mut joined: Cow<'_, [u8]> = Cow::Borrowed(&[]);
    let mut at = 0;
    loop {
        let Some(line) = size_line(&body[at..]) else {
            if at == 0 {
                notes.add(Note::NotChunked);
                return (Cow::Borrowed(body), notes);
            }
            notes.add(Note::ChunksTruncated);
            break;
        };
        let data = at + line.length;
        if line.size == 0 {
            break;
        }
        let (end, next) = match line_end_at(body, data.saturating_add(line.size)) {
            // The size is right if another size line, or nothing, follows.
            Some(next) if next == body.len() || size_line(&body[next..]).is_some() => (data + line.size, next),
            fits => match find_size_line(body, data) {
                Some((end, next)) => {
                    notes.add(Note::ChunkSizesWrong);
                    (end, next)
                }
                // A bare line feed behind the first "size" is how text looks that happens to begin with digits.
                None if at == 0 && !line.strict => {
                    notes.add(Note::NotChunked);
                    return (Cow::Borrowed(body), notes);
                }
                None => {
                    let short = fits.is_none() && line.size > body.len() - data;
                    notes.add(if short { Note::ChunksTruncated } else { Note::ChunkSizesWrong });
                    push(&mut joined, &body[data..], cap, &mut notes);
                    break;
                }
            },
        };
        if !push(&mut joined, &body[data..end], cap, &mut notes) {
            break;
        }
        if next == body.len() {
            notes.add(Note::ChunksTruncated);
            break;
        }
        at = next;
    }
    (joined, notes)
}

/// Adds a chunk; false when the cap is reached. A single chunk is not copied.
fn push<'a>(joined: &mut Cow<'a, [u8]>, chunk: &'a [u8], cap: usize, notes: &mut Notes) -> bool {
    let room = cap - joined.len().min(cap);
    notes.add_if(chunk.len() > room, Note::BodyCapped);
    let kept = &chunk[..chunk.len().min(room)];
    if joined.is_empty() {
        *joined = Cow::Borrowed(kept);
    } else {
        joined.to_mut().extend_from_slice(kept);
    }
    chunk.len() <= room
}

/// A line with a chunk's size.
struct SizeLine {
    size: usize,
    /// Bytes of the line with its end.
    length: usize,
    /// Ends in CR LF as the standard wants.
    strict: bool,
}

fn size_line(bytes: &[u8]) -> Option<SizeLine> {
    let end = memchr(b'\n', &bytes[..bytes.len().min(MAX_LINE)])?;
    let strict = end > 0 && bytes[end - 1] == b'\r';
    let line = bytes[..end].trim_ascii();
    let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let extension = line[digits..].trim_ascii_start();
    if digits == 0 || digits > 16 || !matches!(extension.first(), None | Some(b';')) {
        return None;
    }
    let size =
        line[..digits].iter().fold(0u64, |sum, &b| sum << 4 | u64::from(char::from(b).to_digit(16).unwrap_or(0)));
    Some(SizeLine { size: usize::try_from(size).unwrap_or(usize::MAX), length: end + 1, strict })
}

/// Where the line end at `at` ends, or the end of the body.
fn line_end_at(body: &[u8], at: usize) -> Option<usize> {
    match body.get(at..)? {
        [] => Some(at),
        [b'\r', b'\n', ..] => Some(at + 2),
        [b'\n', ..] | [b'\r'] => Some(at + 1),
        _ => None,
    }
}

/// The first line end at or after `from` behind which a size line stands that is right about its chunk. Gives the end
/// of the data before it and the start of the size line.
fn find_size_line(body: &[u8], from: usize) -> Option<(usize, usize)> {
    let mut at = from;
    while let Some(step) = memchr(b'\n', body.get(at..)?) {
        let next = at + step + 1;
        if let Some(line) = size_line(&body[next..]) {
            let end = (next + line.length).saturating_add(line.size);
            if line.size == 0 || line_end_at(body, end).is_some() {
                let end = next - 1;
                return Some((if end > from && body[end - 1] == b'\r' { end - 1 } else { end }, next));
            }
        }
        at = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(body: &str) -> (String, Vec<Note>) {
        let (bytes, notes) = join(body.as_bytes(), 1_000);
        (String::from_utf8(bytes.into_owned()).unwrap(), notes.iter().collect())
    }

    #[test]
    fn chunks_are_joined() {
        for body in [
            "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
            "5;name=value\r\nhello\r\n06 \r\n world\r\n0\r\nTrailer: x\r\n\r\n",
            "5\nhello\n6\n world\n0\n\n",
            "b\r\nhello world\r\n0\r\n\r\n",
            "B\r\nhello world\r\n0\r\n",
        ] {
            assert_eq!(joined(body), ("hello world".to_owned(), vec![]), "{body:?}");
        }
        assert!(matches!(join(b"5\r\nhello\r\n0\r\n\r\n", 1_000).0, Cow::Borrowed(b"hello")));
    }

    #[test]
    fn a_plain_body_stays() {
        for body in
            ["<html>x</html>", "", "hello\nworld\n", "add\nand go on", "\n\r\n<!DOCTYPE html>", "12345 apples\n"]
        {
            assert_eq!(joined(body), (body.to_owned(), vec![Note::NotChunked]), "{body:?}");
        }
    }

    #[test]
    fn lying_sizes_lose_nothing() {
        for body in [
            "3\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
            "9\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
            "5\r\nhello\r\n2\r\n world\r\n0\r\n\r\n",
            "5\r\nhello\r\nfff\r\n world\r\n0\r\n\r\n",
            "ffffffffffffffff\r\nhello world\r\n0\r\n\r\n",
        ] {
            assert_eq!(joined(body), ("hello world".to_owned(), vec![Note::ChunkSizesWrong]), "{body:?}");
        }
        assert_eq!(joined("3\r\nhello world"), ("hello world".to_owned(), vec![Note::ChunkSizesWrong]));
    }

    #[test]
    fn a_cut_body_gives_what_is_there() {
        for body in ["b\r\nhello worl", "5\r\nhello\r\n6\r\n worl", "a\r\nhello worl\r\n", "a\r\nhello worl"] {
            assert_eq!(joined(body), ("hello worl".to_owned(), vec![Note::ChunksTruncated]), "{body:?}");
        }
    }

    #[test]
    fn the_cap_holds() {
        let (body, notes) = join(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", 7);
        assert_eq!((&*body, notes.contains(Note::BodyCapped)), (&b"hello w"[..], true));
    }

    #[test]
    fn crowds_of_lines_take_linear_time() {
        let body = b"f\r\n\r\n".repeat(400_000);
        assert!(join(&body, body.len()).0.len() < body.len());
    }
}
