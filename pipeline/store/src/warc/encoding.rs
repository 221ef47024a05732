//! Content encodings of HTTP bodies: gzip, deflate in both readings, brotli and zstd, each within a size limit.

use ::zstd::stream::raw::{DParameter, Decoder, Operation};
use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::{Decompress, FlushDecompress, Status};

/// Largest zstd window in HTTP as a power of two: 8 MiB (RFC 9659).
const MAX_ZSTD_WINDOW_LOG: u32 = 23;
/// Output grows in steps of at least this.
const STEP: usize = 32 << 10;

/// Outcome of undoing one encoding.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decoding {
    /// All of it.
    Whole(Vec<u8>),
    /// The body is cut or damaged; this came before.
    Damaged(Vec<u8>),
    /// As much as the limit allows.
    Capped(Vec<u8>),
    /// The body is not in this encoding.
    NotEncoded,
    /// Nothing is known of this encoding.
    Unknown,
}

/// Whether a name means that there is no encoding.
pub(super) fn is_identity(name: &[u8]) -> bool {
    [&b""[..], b"identity", b"none"].iter().any(|identity| name.eq_ignore_ascii_case(identity))
}

/// Undoes one encoding.
pub(super) fn decode(name: &[u8], body: &[u8], cap: usize) -> Decoding {
    match name.to_ascii_lowercase().as_slice() {
        b"gzip" | b"x-gzip" => gzip(body, cap),
        b"deflate" => deflate(body, cap),
        b"br" => brotli(body, cap),
        b"zstd" => zstd(body, cap),
        _ => Decoding::Unknown,
    }
}

/// Why a decoder stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    End,
    Cut,
    Bad,
    Cap,
}

/// Gzip of any number of members. What follows the last one is ignored, as browsers do.
fn gzip(body: &[u8], cap: usize) -> Decoding {
    const MAGIC: &[u8] = &[0x1f, 0x8b];
    let (mut out, mut rest) = (Vec::new(), body);
    if !rest.starts_with(MAGIC) {
        return Decoding::NotEncoded;
    }
    loop {
        let before = out.len();
        let (stop, read) = inflate(Decompress::new_gzip(15), rest, &mut out, cap);
        rest = &rest[read..];
        // A further member that gives nothing is no member.
        if before > 0 && out.len() == before && stop != Stop::Cap {
            return Decoding::Whole(out);
        }
        if stop != Stop::End || !rest.starts_with(MAGIC) {
            return finish(stop, out, cap);
        }
    }
}

/// The name means zlib (RFC 9110, section 8.4.1.2), but some servers send raw deflate data.
fn deflate(body: &[u8], cap: usize) -> Decoding {
    let zlib = matches!(body, [cmf, flg, ..] if cmf & 15 == 8 && (u16::from(*cmf) << 8 | u16::from(*flg)) % 31 == 0);
    for wrapped in [true, false] {
        if wrapped && !zlib {
            continue;
        }
        let mut out = Vec::new();
        let (stop, _) = inflate(Decompress::new(wrapped), body, &mut out, cap);
        let plain = out.is_empty() || (stop == Stop::Bad && looks_like_text(body));
        if stop == Stop::End || !plain {
            return finish(stop, out, cap);
        }
    }
    Decoding::NotEncoded
}

fn inflate(mut inflate: Decompress, body: &[u8], out: &mut Vec<u8>, cap: usize) -> (Stop, usize) {
    loop {
        if out.len() >= cap {
            return (Stop::Cap, inflate.total_in() as usize);
        }
        reserve(out, body.len(), cap);
        let (read, written) = (inflate.total_in(), inflate.total_out());
        let result = inflate.decompress_vec(&body[read as usize..], out, FlushDecompress::None);
        let stuck = inflate.total_in() == read && inflate.total_out() == written;
        let stop = match result {
            Ok(Status::StreamEnd) => Stop::End,
            Ok(_) if stuck => Stop::Cut,
            Ok(_) => continue,
            Err(_) => Stop::Bad,
        };
        return (stop, inflate.total_in() as usize);
    }
}

/// Brotli has no magic number: text that does not decode to its end is taken for text.
fn brotli(body: &[u8], cap: usize) -> Decoding {
    let alloc = StandardAlloc::default;
    // Strict: without the large windows that no HTTP server may use and that take a gigabyte.
    let mut state = BrotliState::new_strict(alloc(), alloc(), alloc());
    let (mut available, mut offset) = (body.len(), 0);
    let (mut out, mut written, mut total) = (Vec::new(), 0, 0);
    let stop = loop {
        if written >= cap {
            break Stop::Cap;
        }
        out.resize((written * 2).max(written + STEP).max(body.len() * 4).min(cap), 0);
        let mut room = out.len() - written;
        match BrotliDecompressStream(
            &mut available,
            &mut offset,
            body,
            &mut room,
            &mut written,
            &mut out,
            &mut total,
            &mut state,
        ) {
            BrotliResult::ResultSuccess => break Stop::End,
            BrotliResult::NeedsMoreOutput => {}
            BrotliResult::NeedsMoreInput => break Stop::Cut,
            BrotliResult::ResultFailure => break Stop::Bad,
        }
    };
    out.truncate(written);
    if stop != Stop::End && stop != Stop::Cap && (out.is_empty() || looks_like_text(body)) {
        return Decoding::NotEncoded;
    }
    finish(stop, out, cap)
}

fn zstd(body: &[u8], cap: usize) -> Decoding {
    if !super::zstd::is_start(body) {
        return Decoding::NotEncoded;
    }
    let mut out = Vec::new();
    let stop = zstd_frames(body, &mut out, cap).unwrap_or(Stop::Bad);
    finish(stop, out, cap)
}

fn zstd_frames(body: &[u8], out: &mut Vec<u8>, cap: usize) -> std::io::Result<Stop> {
    let mut decoder = Decoder::new()?;
    decoder.set_parameter(DParameter::WindowLogMax(MAX_ZSTD_WINDOW_LOG))?;
    let (mut at, mut buffer, mut wanted) = (0, vec![0; 128 << 10], 5);
    loop {
        if out.len() >= cap {
            return Ok(Stop::Cap);
        }
        // Block by block, so that a damaged one does not take those before it.
        let input = &body[at..body.len().min(at + wanted)];
        let status = decoder.run_on_buffers(input, &mut buffer)?;
        at += status.bytes_read;
        wanted = status.remaining.max(1);
        out.extend_from_slice(&buffer[..status.bytes_written]);
        if status.remaining == 0 {
            if !super::zstd::is_start(&body[at..]) {
                return Ok(Stop::End);
            }
            decoder.reinit()?;
            wanted = 5;
        } else if status.bytes_read == 0 && status.bytes_written == 0 {
            return Ok(Stop::Cut);
        }
    }
}

fn finish(stop: Stop, mut out: Vec<u8>, cap: usize) -> Decoding {
    let over = out.len() > cap;
    out.truncate(cap);
    match stop {
        _ if over => Decoding::Capped(out),
        Stop::End => Decoding::Whole(out),
        Stop::Cap => Decoding::Capped(out),
        Stop::Cut | Stop::Bad => Decoding::Damaged(out),
    }
}

/// Room for more output: a guess from the size of the input at first, then twice as much each time.
fn reserve(out: &mut Vec<u8>, input: usize, cap: usize) {
    if out.len() == out.capacity() {
        let more = out.len().max(STEP).max(if out.is_empty() { input.saturating_mul(4) } else { 0 });
        out.reserve_exact(more.min(cap - out.len()).max(1));
    }
}

/// Whether the first bytes are text: compressed data has a control character among any few dozen bytes.
fn looks_like_text(body: &[u8]) -> bool {
    let start = &body[..body.len().min(256)];
    start.iter().all(|&b| b >= 0x20 || matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::warc::testing::gzip as packed;

    const CAP: usize = 1 << 20;

    fn text() -> Vec<u8> {
        (0..2_000u64).flat_map(|i| format!("word{} ", i * i * i % 99_991).into_bytes()).collect()
    }

    fn zlib(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn encodings() -> Vec<(&'static [u8], Vec<u8>)> {
        let text = text();
        let zlib = zlib(&text);
        let raw = zlib[2..zlib.len() - 4].to_vec();
        let zstd = ::zstd::bulk::compress(&text, 3).unwrap();
        vec![
            (b"gzip", packed(&text)),
            (b"X-Gzip", packed(&text)),
            (b"deflate", zlib),
            (b"deflate", raw),
            (b"zstd", zstd),
        ]
    }

    #[test]
    fn every_encoding_is_undone() {
        for (name, body) in encodings() {
            assert_eq!(decode(name, &body, CAP), Decoding::Whole(text()), "{}", name.escape_ascii());
        }
        // "hello" twice, as brotli's own tool writes it: one stored block.
        assert_eq!(decode(b"br", b"\x8b\x04\x80hellohello\x03", CAP), Decoding::Whole(b"hellohello".to_vec()));
        assert_eq!(decode(b"compress", b"x", CAP), Decoding::Unknown);
    }

    #[test]
    fn a_cut_body_gives_a_prefix_at_every_cut() {
        let text = text();
        for (name, body) in encodings() {
            for cut in (0..body.len()).step_by(37) {
                match decode(name, &body[..cut], CAP) {
                    Decoding::Damaged(part) => assert!(text.starts_with(&part)),
                    Decoding::NotEncoded => assert!(cut < 64, "{} cut at {cut}", name.escape_ascii()),
                    other => panic!("{} cut at {cut}: {other:?}", name.escape_ascii()),
                }
            }
        }
    }

    #[test]
    fn a_half_gives_most_of_its_text() {
        for (name, body) in encodings() {
            if name != b"zstd" {
                let Decoding::Damaged(part) = decode(name, &body[..body.len() / 2], CAP) else { panic!("not damaged") };
                assert!(part.len() > text().len() / 3, "{}: {}", name.escape_ascii(), part.len());
            }
        }
    }

    #[test]
    fn bombs_are_capped() {
        let bomb = vec![0u8; 10 << 20];
        let zstd = ::zstd::bulk::compress(&bomb, 1).unwrap();
        for (name, body) in [(&b"gzip"[..], packed(&bomb)), (b"deflate", zlib(&bomb)), (b"zstd", zstd)] {
            let Decoding::Capped(out) = decode(name, &body, 100_000) else { panic!("{}", name.escape_ascii()) };
            assert_eq!(out.len(), 100_000);
        }
    }

    #[test]
    fn members_are_joined_and_garbage_behind_them_is_ignored() {
        let two = [packed(b"one "), packed(b"two")].concat();
        assert_eq!(decode(b"gzip", &two, CAP), Decoding::Whole(b"one two".to_vec()));
        for garbage in [&b"\0\0\0"[..], b"\x1f\x8b", b"\x1f\x8b garbage"] {
            let body = [&two, garbage].concat();
            assert_eq!(decode(b"gzip", &body, CAP), Decoding::Whole(b"one two".to_vec()));
        }
    }

    #[test]
    fn random_bytes_never_panic() {
        let mut random = crate::warc::testing::Random(7);
        for round in 0..3_000 {
            let mut body: Vec<u8> = (0..random.below(300)).map(|_| random.next() as u8).collect();
            if round % 2 == 0 {
                body.splice(
                    0..0,
                    [&[0x1f, 0x8b, 8][..], &[0x28, 0xb5, 0x2f, 0xfd], &[0x78, 0x9c]][round % 3].iter().copied(),
                );
            }
            for name in [&b"gzip"[..], b"deflate", b"br", b"zstd"] {
                if let Decoding::Whole(out) | Decoding::Damaged(out) | Decoding::Capped(out) =
                    decode(name, &body, 10_000)
                {
                    assert!(out.len() <= 10_000);
                }
            }
        }
    }
}
