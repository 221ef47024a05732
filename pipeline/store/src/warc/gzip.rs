//! Gzip files: one member after the other, each inflated in one call if it fits into the window, else streamed.

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status};

use super::limits::Limits;
use super::member::{Inflated, Inflater};
use super::resync::{Begins, Probe, Resync};
use super::stream::{Damage, Step, Stop};
use super::text::Text;
use super::window::Window;

/// Magic number and the only compression method (RFC 1952, section 2.3).
pub(super) const MAGIC: &[u8] = &[0x1f, 0x8b, 8];
/// Input held before a member is tried: most members fit and need no second try.
const LOW_WATER: usize = 512 << 10;
/// Output room of the first try; it grows with the largest member met.
const FIRST_ROOM: usize = 1 << 20;
/// Output of one streaming step.
const CHUNK: usize = 256 << 10;

/// The decoder of one file.
pub(super) struct Gzip {
    inflater: Option<Inflater>,
    room: usize,
    max_room: usize,
    streaming: Option<Streaming>,
    probe: GzipProbe,
    resync: Resync,
}

/// A member that does not fit, or is damaged, in the middle of being streamed.
struct Streaming {
    inflate: Decompress,
    /// Place of the member in the file.
    offset: u64,
    /// Bytes of the window that were inflated already. They stay as long as they fit: damage may mean that the next
    /// member begins among them.
    ahead: usize,
}

impl Gzip {
    pub fn new(limits: &Limits) -> Self {
        let max_room = limits.max_text();
        Gzip {
            inflater: Inflater::new(),
            room: FIRST_ROOM.min(max_room),
            max_room,
            streaming: None,
            probe: GzipProbe::new(),
            resync: Resync::default(),
        }
    }

    /// Appends text: a whole member, or a chunk of one that is streamed.
    pub fn more<R: Read>(&mut self, window: &mut Window<R>, text: &mut Text) -> io::Result<Step> {
        if self.streaming.is_none()
            && let Some(step) = self.whole(window, text)?
        {
            return Ok(step);
        }
        let streaming = self.streaming.get_or_insert_with(|| Streaming::new(window.offset()));
        let step = streaming.more(window, text, &mut self.resync, &mut self.probe)?;
        if !matches!(step, Step::Data) {
            self.streaming = None;
        }
        Ok(step)
    }

    /// Tries the member at the front of the window in one call. None means that it has to be streamed.
    fn whole<R: Read>(&mut self, window: &mut Window<R>, text: &mut Text) -> io::Result<Option<Step>> {
        if window.len() < LOW_WATER / 2 {
            window.fill(LOW_WATER)?;
        }
        let offset = window.offset();
        if window.len() == 0 {
            return Ok(Some(Step::Stop(Stop::End)));
        }
        if !window.bytes().starts_with(MAGIC) {
            self.resync.failed(offset, offset);
            return Ok(Some(Step::Stop(Stop::Broken(Damage::new(
                offset,
                "not_a_gzip_member",
                "no gzip magic number",
            )))));
        }
        text.begin(offset, false);
        let Some(inflater) = &mut self.inflater else { return Ok(None) };
        loop {
            let out = text.spare(self.room);
            let room = out.len();
            match inflater.inflate(window.bytes(), out) {
                Inflated::Whole { read, written } => {
                    text.commit(written);
                    window.consume(read);
                    return Ok(Some(Step::MemberEnd));
                }
                Inflated::OutputFull if room < self.max_room => {
                    self.room = (room * 4).min(self.max_room);
                }
                Inflated::Unreadable if !window.ended() && !window.is_full() => window.fill(window.len() * 4)?,
                Inflated::OutputFull | Inflated::Unreadable => return Ok(None),
            }
        }
    }

    /// Moves on to the next good member.
    pub fn resync<R: Read>(&mut self, window: &mut Window<R>) -> io::Result<()> {
        self.streaming = None;
        self.resync.run(window, &mut self.probe)
    }

    /// Index of the first member in the bytes that begins with a record.
    pub fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        self.resync.find(bytes, bytes.len(), Begins::Record, &mut self.probe)
    }

    /// Index of the first member in the bytes.
    pub fn find_any(&mut self, bytes: &[u8]) -> Option<usize> {
        self.resync.find(bytes, bytes.len(), Begins::Text, &mut self.probe)
    }
}

impl Streaming {
    fn new(offset: u64) -> Self {
        Streaming { inflate: Decompress::new_gzip(15), offset, ahead: 0 }
    }

    fn more<R: Read>(
        &mut self,
        window: &mut Window<R>,
        text: &mut Text,
        resync: &mut Resync,
        probe: &mut GzipProbe,
    ) -> io::Result<Step> {
        let goal = self.inflate.total_out() + CHUNK as u64;
        loop {
            if self.ahead == window.len() && !self.refill(window)? {
                return Ok(self.cut(window, resync, probe));
            }
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            let result =
                self.inflate.decompress(&window.bytes()[self.ahead..], text.spare(CHUNK), FlushDecompress::None);
            self.ahead += (self.inflate.total_in() - read) as usize;
            text.commit((self.inflate.total_out() - written) as usize);
            let stuck = self.inflate.total_in() == read && self.inflate.total_out() == written;
            match result {
                Ok(Status::StreamEnd) => {
                    window.consume(self.ahead);
                    return Ok(Step::MemberEnd);
                }
                Ok(_) if stuck => return Ok(self.broken(window, resync, "gzip_member_damaged", "inflate is stuck")),
                Ok(_) if self.inflate.total_out() >= goal => return Ok(Step::Data),
                Ok(_) => {}
                Err(e) => {
                    // The wording is zlib's own, the same in every implementation of it.
                    let checksum = e.message().is_some_and(|m| m.contains("data check") || m.contains("length check"));
                    let (reason, why) = if checksum {
                        ("gzip_checksum_mismatch", "the checksum is wrong")
                    } else {
                        ("gzip_member_damaged", "the deflate data is bad")
                    };
                    return Ok(self.broken(window, resync, reason, why));
                }
            }
        }
    }

    /// Reads more input; false at its end.
    fn refill<R: Read>(&mut self, window: &mut Window<R>) -> io::Result<bool> {
        self.ahead -= window.keep_half();
        let before = window.len();
        window.fill(before + CHUNK)?;
        Ok(window.len() > before)
    }

    /// The input ended within the member: the end of a file that was cut, unless another member begins among the bytes
    /// that this one seemed to cover.
    fn cut<R: Read>(&self, window: &mut Window<R>, resync: &mut Resync, probe: &mut GzipProbe) -> Step {
        let held = window.bytes();
        let swallowed = resync.find(held.get(1..).unwrap_or_default(), held.len(), Begins::Record, probe).is_some();
        if swallowed || self.inflate.total_out() == 0 {
            return self.broken(window, resync, "gzip_member_cut", "the member has no end");
        }
        window.consume(window.len());
        Step::Stop(Stop::End)
    }

    fn broken<R: Read>(&self, window: &Window<R>, resync: &mut Resync, reason: &'static str, why: &str) -> Step {
        resync.failed(self.offset, window.offset() + self.ahead as u64);
        let detail = format!("{why} after {} bytes of text", self.inflate.total_out());
        Step::Stop(Stop::Broken(Damage::new(self.offset, reason, detail)))
    }
}

/// Inflates the start of what may be a member.
struct GzipProbe {
    inflate: Decompress,
    out: Vec<u8>,
}

impl GzipProbe {
    fn new() -> Self {
        GzipProbe { inflate: Decompress::new(false), out: vec![0; 4 << 10] }
    }
}

impl Probe for GzipProbe {
    const LOOKAHEAD: usize = 16 << 10;

    fn magic(&self) -> &'static [u8] {
        MAGIC
    }

    fn text(&mut self, bytes: &[u8], effort: &mut u64) -> Option<&[u8]> {
        let header = header_length(bytes)?;
        self.inflate.reset(false);
        let result = self.inflate.decompress(&bytes[header..], &mut self.out, FlushDecompress::None);
        *effort += self.inflate.total_in() + self.inflate.total_out();
        result.ok()?;
        Some(&self.out[..self.inflate.total_out() as usize])
    }
}

/// Bytes of the gzip header at the start of `bytes`: ten fixed ones and what the flags announce (RFC 1952).
fn header_length(bytes: &[u8]) -> Option<usize> {
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    const HEADER_CHECK: u8 = 2;
    const RESERVED: u8 = 0xe0;
    let flags = *bytes.get(3)?;
    if !bytes.starts_with(MAGIC) || flags & RESERVED != 0 {
        return None;
    }
    let mut at = 10;
    if flags & EXTRA != 0 {
        at += 2 + usize::from(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            at += memchr::memchr(0, bytes.get(at..)?)? + 1;
        }
    }
    if flags & HEADER_CHECK != 0 {
        at += 2;
    }
    (at <= bytes.len()).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warc::testing::gzip;

    #[test]
    fn header_lengths_follow_the_flags() {
        assert_eq!(header_length(&gzip(b"x")), Some(10));
        let mut all = vec![0x1f, 0x8b, 8, 4 | 8 | 16 | 2, 0, 0, 0, 0, 0, 3];
        all.extend_from_slice(b"\x03\x00abcname\0comment\0\x12\x34");
        assert_eq!(header_length(&all), Some(all.len()));
        for cut in 0..all.len() {
            assert_eq!(header_length(&all[..cut]), None, "cut at {cut}");
        }
        assert_eq!(header_length(&[0x1f, 0x8b, 8, 0x20, 0, 0, 0, 0, 0, 0]), None);
    }

    #[test]
    fn a_member_is_found_among_false_magic_numbers() {
        let record = b"WARC/1.0\r\nWARC-Type: warcinfo\r\n\r\n";
        let mut bytes = MAGIC.repeat(50);
        bytes.extend(gzip(b"not a record"));
        let expected = bytes.len();
        bytes.extend(gzip(record));
        let mut gzip = Gzip::new(&Limits::default());
        assert_eq!(gzip.find(&bytes), Some(expected));
        assert_eq!(gzip.find(&bytes[expected + 1..]), None);
        assert!(gzip.find_any(&bytes).is_some_and(|at| at < expected));
    }
}
