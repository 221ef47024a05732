//! Zstandard files: any number of frames, with or without the dictionary of the WARC zstd profile.
//!
//! Profile: <https://iipc.github.io/warc-specifications/specifications/warc-zstd/>. The dictionary stands in a
//! skippable frame with magic 0x184D2A5D at the start of the file, and may itself be compressed.

use std::io::{self, Read};

use ::zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use super::resync::{Begins, Probe, Resync};
use super::stream::{Damage, Step, Stop};
use super::text::Text;
use super::window::Window;

/// First bytes of a frame (RFC 8878, section 3.1.1).
pub(super) const MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// The skippable frame that holds the dictionary.
const DICTIONARY_MAGIC: u32 = 0x184d_2a5d;
/// The first of the sixteen magic numbers of skippable frames (RFC 8878, section 3.1.2).
const SKIPPABLE_MAGIC: u32 = 0x184d_2a50;
/// Largest dictionary taken, compressed or not.
const MAX_DICTIONARY: usize = 16 << 20;
/// Largest window of a frame, as a power of two: 128 MiB, the default of the zstd tool.
const MAX_WINDOW_LOG: u32 = 27;
/// Input held before a frame is begun, and output of one step.
const CHUNK: usize = 256 << 10;

/// Whether a file begins like a zstd file.
pub(super) fn is_start(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC) || skippable(bytes).is_some()
}

/// Magic number and length of the skippable frame at the start of `bytes`.
fn skippable(bytes: &[u8]) -> Option<(u32, u32)> {
    let word = |at| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    let magic = word(0)?;
    (magic & 0xffff_fff0 == SKIPPABLE_MAGIC).then_some((magic, word(4)?))
}

/// The decoder of one file.
pub(super) struct Zstd {
    decoder: Decoder<'static>,
    frame: Option<Frame>,
    probe: ZstdProbe,
    resync: Resync,
}

/// A frame in the middle of being decoded.
struct Frame {
    /// Place in the file.
    offset: u64,
    /// Bytes of the window that were decoded already (kept as gzip's streaming keeps them).
    ahead: usize,
    /// Bytes that zstd wants next: up to the end of one block, so that damage costs that block only.
    wanted: usize,
    written: u64,
}

impl Zstd {
    /// Fails only if memory is short.
    pub fn new() -> io::Result<Self> {
        let decoder = decoder(&[])?;
        Ok(Zstd { decoder, frame: None, probe: ZstdProbe::new(&[])?, resync: Resync::default() })
    }

    /// Appends text of the present frame.
    pub fn more<R: Read>(&mut self, window: &mut Window<R>, text: &mut Text) -> io::Result<Step> {
        if self.frame.is_none()
            && let Some(step) = self.begin(window, text)?
        {
            return Ok(step);
        }
        let Some(frame) = &mut self.frame else { return Ok(Step::Data) };
        let goal = frame.written + CHUNK as u64;
        let step = loop {
            if frame.ahead == window.len() && !frame.refill(window)? {
                break self.cut(window);
            }
            let mut input = InBuffer::around(&window.bytes()[frame.ahead..]);
            input.src = &input.src[..frame.wanted.clamp(1, input.src.len())];
            let mut output = OutBuffer::around(text.spare(CHUNK));
            let result = self.decoder.run(&mut input, &mut output);
            let (read, written) = (input.pos(), output.pos());
            frame.ahead += read;
            frame.written += written as u64;
            text.commit(written);
            match result {
                Ok(0) => {
                    window.consume(frame.ahead);
                    break Step::MemberEnd;
                }
                Ok(_) if read == 0 && written == 0 => break self.broken(window, "the decoder is stuck"),
                Ok(_) if frame.written >= goal => return Ok(Step::Data),
                Ok(wanted) => frame.wanted = wanted,
                Err(e) => break self.broken(window, &e.to_string()),
            }
        };
        self.frame = None;
        Ok(step)
    }

    /// Begins the next frame, past skippable ones. A step means that there is none.
    fn begin<R: Read>(&mut self, window: &mut Window<R>, text: &mut Text) -> io::Result<Option<Step>> {
        loop {
            window.fill(CHUNK)?;
            let offset = window.offset();
            if window.len() == 0 {
                return Ok(Some(Step::Stop(Stop::End)));
            }
            if let Some((magic, length)) = skippable(window.bytes()) {
                if magic == DICTIONARY_MAGIC && length as usize <= MAX_DICTIONARY {
                    let end = 8 + length as usize;
                    window.fill(end)?;
                    // A damaged dictionary is not used: the frames that need it then say so.
                    if let Some(dictionary) = window.bytes().get(8..end).and_then(plain_dictionary)
                        && let (Ok(decoder), Ok(probe)) = (decoder(&dictionary), ZstdProbe::new(&dictionary))
                    {
                        (self.decoder, self.probe) = (decoder, probe);
                    }
                }
                window.skip(8 + u64::from(length))?;
                continue;
            }
            if !window.bytes().starts_with(MAGIC) {
                self.resync.failed(offset, offset);
                return Ok(Some(Step::Stop(Stop::Broken(Damage::new(
                    offset,
                    "not_a_zstd_frame",
                    "no zstd magic number",
                )))));
            }
            self.decoder.reinit()?;
            text.begin(offset, false);
            self.frame = Some(Frame { offset, ahead: 0, wanted: 5, written: 0 });
            return Ok(None);
        }
    }

    /// Moves on to the next good frame.
    pub fn resync<R: Read>(&mut self, window: &mut Window<R>) -> io::Result<()> {
        self.frame = None;
        self.resync.run(window, &mut self.probe)
    }

    /// Index of the first frame in the bytes that begins with a record.
    pub fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        self.resync.find(bytes, bytes.len(), Begins::Record, &mut self.probe)
    }

    /// The input ended within the frame; see the same function of gzip's streaming.
    fn cut<R: Read>(&mut self, window: &mut Window<R>) -> Step {
        let held = window.bytes();
        let behind = held.get(1..).unwrap_or_default();
        let swallowed = self.resync.find(behind, behind.len(), Begins::Record, &mut self.probe).is_some();
        if swallowed || self.frame.as_ref().is_none_or(|frame| frame.written == 0) {
            return self.broken(window, "the frame has no end");
        }
        window.consume(window.len());
        Step::Stop(Stop::End)
    }

    fn broken<R: Read>(&mut self, window: &Window<R>, why: &str) -> Step {
        let (offset, ahead, written) =
            self.frame.as_ref().map_or((window.offset(), 0, 0), |frame| (frame.offset, frame.ahead, frame.written));
        self.resync.failed(offset, window.offset() + ahead as u64);
        let detail = format!("{why} after {written} bytes of text");
        Step::Stop(Stop::Broken(Damage::new(offset, "zstd_frame_damaged", detail)))
    }
}

impl Frame {
    fn refill<R: Read>(&mut self, window: &mut Window<R>) -> io::Result<bool> {
        self.ahead -= window.keep_half();
        let before = window.len();
        window.fill(before + CHUNK)?;
        Ok(window.len() > before)
    }
}

fn decoder(dictionary: &[u8]) -> io::Result<Decoder<'static>> {
    let mut decoder = Decoder::with_dictionary(dictionary)?;
    decoder.set_parameter(DParameter::WindowLogMax(MAX_WINDOW_LOG))?;
    Ok(decoder)
}

/// The dictionary itself, decompressed if it is compressed. None if that fails.
fn plain_dictionary(content: &[u8]) -> Option<Vec<u8>> {
    if !content.starts_with(MAGIC) {
        return Some(content.to_vec());
    }
    let mut decoder = decoder(&[]).ok()?;
    let (mut out, mut at) = (vec![0; MAX_DICTIONARY], 0);
    let mut written = 0;
    loop {
        let status = decoder.run_on_buffers(&content[at..], &mut out[written..]).ok()?;
        at += status.bytes_read;
        written += status.bytes_written;
        if status.remaining == 0 {
            out.truncate(written);
            return Some(out);
        }
        if status.bytes_read == 0 && status.bytes_written == 0 {
            return None;
        }
    }
}

/// Decodes the first block of what may be a frame.
struct ZstdProbe {
    decoder: Decoder<'static>,
    out: Vec<u8>,
}

impl ZstdProbe {
    fn new(dictionary: &[u8]) -> io::Result<Self> {
        Ok(ZstdProbe { decoder: decoder(dictionary)?, out: vec![0; 4 << 10] })
    }
}

impl Probe for ZstdProbe {
    /// A compressed block has at most 128 KiB (RFC 8878, section 3.1.1.2.4); headers come before it.
    const LOOKAHEAD: usize = 160 << 10;

    fn magic(&self) -> &'static [u8] {
        MAGIC
    }

    fn text(&mut self, bytes: &[u8], effort: &mut u64) -> Option<&[u8]> {
        self.decoder.reinit().ok()?;
        let (mut at, mut written) = (0, 0);
        // A header, at most a few empty blocks, a block.
        for _ in 0..16 {
            let status = self.decoder.run_on_buffers(&bytes[at..], &mut self.out[written..]);
            *effort += 1_000 + status.as_ref().map_or(bytes.len(), |status| status.bytes_read) as u64;
            let status = status.ok()?;
            at += status.bytes_read;
            written += status.bytes_written;
            if status.remaining == 0
                || written == self.out.len()
                || (status.bytes_read == 0 && status.bytes_written == 0)
            {
                break;
            }
        }
        Some(&self.out[..written])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skippable_frames_are_told_by_their_first_28_bits() {
        assert_eq!(skippable(b"\x5d\x2a\x4d\x18\x00\x10\x00\x00rest"), Some((DICTIONARY_MAGIC, 4096)));
        assert_eq!(skippable(b"\x50\x2a\x4d\x18\x01\x00\x00\x00"), Some((SKIPPABLE_MAGIC, 1)));
        assert_eq!(skippable(b"\x60\x2a\x4d\x18\x01\x00\x00\x00"), None);
        assert_eq!(skippable(b"\x5d\x2a\x4d\x18\x00"), None);
        assert!(is_start(b"\x28\xb5\x2f\xfd") && !is_start(b"WARC"));
    }

    #[test]
    fn a_compressed_dictionary_is_decompressed_within_a_limit() {
        let plain = b"a dictionary of words".to_vec();
        assert_eq!(plain_dictionary(&plain), Some(plain.clone()));
        let packed = ::zstd::bulk::compress(&plain, 3).unwrap();
        assert_eq!(plain_dictionary(&packed), Some(plain));
        let bomb = ::zstd::bulk::compress(&vec![0; MAX_DICTIONARY + 1], 3).unwrap();
        assert_eq!(plain_dictionary(&bomb), None);
        assert_eq!(plain_dictionary(&packed[..packed.len() - 3]), None);
    }
}
