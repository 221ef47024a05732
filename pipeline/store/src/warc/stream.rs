//! A file as one text with seams: sniffs the format, decompresses, and says where members end and damage begins.

use std::io::{self, Read};

use super::gzip::{self, Gzip};
use super::limits::Limits;
use super::start::{self, At, Find, Flavour};
use super::text::Text;
use super::window::Window;
use super::zstd::{self, Zstd};

/// Bytes copied at once from an uncompressed file.
const CHUNK: usize = 256 << 10;

/// A stretch of a file that gave no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Place in the file: of the damaged member, or of the first byte that belongs to no record. Inside a compressed
    /// member, the place of that member.
    pub offset: u64,
    /// Bytes from `offset` to the next place that could be read; of the file for damaged members, of the text within
    /// a sound one.
    pub bytes_skipped: u64,
    /// Stable name in snake case that completes "removed because …".
    pub reason: &'static str,
    /// What was seen, for people.
    pub detail: String,
}

impl Damage {
    pub(super) fn new(offset: u64, reason: &'static str, detail: impl Into<String>) -> Self {
        Damage { offset, bytes_skipped: 0, reason, detail: detail.into() }
    }
}

/// What one step of a decoder brought. Text may have been appended in every case.
pub(super) enum Step {
    /// The same member goes on.
    Data,
    /// A member ended well at the end of the text.
    MemberEnd,
    /// Nothing more follows here.
    Stop(Stop),
}

/// Why the text ends.
pub(super) enum Stop {
    /// The input ended, possibly within a member.
    End,
    /// The member that the end of the text belongs to is damaged.
    Broken(Damage),
}

/// What [`Stream::pull_within`] brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pulled {
    /// More text of the record at hand.
    More,
    /// A new member that begins with a record at this index: the record at hand ends there.
    Wall(usize),
    /// Nothing: the text stops.
    Stop,
}

enum Codec {
    Plain { begun: bool },
    Gzip(Box<Gzip>),
    Zstd(Box<Zstd>),
}

/// The text of a file.
pub(super) struct Stream<R> {
    window: Window<R>,
    limits: Limits,
    /// None until the format is known.
    codec: Option<Codec>,
    text: Text,
    member_ended: bool,
    stop: Option<Stop>,
}

impl<R: Read> Stream<R> {
    pub fn new(input: R, limits: &Limits) -> Self {
        Stream {
            window: Window::new(input, limits.window()),
            limits: limits.clone(),
            codec: None,
            text: Text::default(),
            member_ended: false,
            stop: None,
        }
    }

    /// Text that waits to be taken.
    pub fn bytes(&self) -> &[u8] {
        self.text.bytes()
    }

    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Place in the file of the first waiting byte.
    pub fn offset(&self) -> u64 {
        self.text.offset()
    }

    pub fn advance(&mut self, n: usize) {
        self.text.advance(n);
    }

    /// Whether the waiting text ends where a compressed member ended well.
    pub fn at_member_end(&self) -> bool {
        self.member_ended
    }

    /// Whether the waiting text ends in damage.
    pub fn is_broken(&self) -> bool {
        matches!(self.stop, Some(Stop::Broken(_)))
    }

    /// Appends text. False if there is none: the text stops here.
    pub fn pull(&mut self) -> io::Result<bool> {
        if self.stop.is_some() {
            return Ok(false);
        }
        let before = self.text.len();
        let codec = match &mut self.codec {
            Some(codec) => codec,
            none => none.insert(sniff(&mut self.window, &self.limits)?),
        };
        let step = match codec {
            Codec::Plain { begun } => plain(&mut self.window, &mut self.text, begun)?,
            Codec::Gzip(gzip) => gzip.more(&mut self.window, &mut self.text)?,
            Codec::Zstd(zstd) => zstd.more(&mut self.window, &mut self.text)?,
        };
        let grown = self.text.len() > before;
        match step {
            Step::Data => self.member_ended = false,
            Step::MemberEnd => self.member_ended = true,
            Step::Stop(stop) => {
                self.member_ended &= !grown;
                self.stop = Some(stop);
            }
        }
        Ok(grown || self.stop.is_none())
    }

    /// Appends text for a record that is not complete yet. A member that begins with a record ends it.
    pub fn pull_within(&mut self, flavour: Flavour) -> io::Result<Pulled> {
        let seam = self.member_ended.then(|| self.text.len());
        if !self.pull()? {
            return Ok(Pulled::Stop);
        }
        let Some(seam) = seam else { return Ok(Pulled::More) };
        let blank = self.bytes()[seam..].iter().take_while(|&&b| b == b'\r' || b == b'\n').count();
        let begins = start::at(&self.bytes()[seam + blank..], Some(flavour));
        Ok(if matches!(begins, At::Record(_)) { Pulled::Wall(seam) } else { Pulled::More })
    }

    /// Goes past the stop, dropping text that was not taken. Gives the damage, or None at the end of the file. After an
    /// error of the input it may be called again.
    pub fn pass_stop(&mut self) -> io::Result<Option<Damage>> {
        self.text.advance(self.text.len());
        if !self.is_broken() {
            return Ok(None);
        }
        match &mut self.codec {
            Some(Codec::Gzip(gzip)) => gzip.resync(&mut self.window)?,
            Some(Codec::Zstd(zstd)) => zstd.resync(&mut self.window)?,
            _ => {}
        }
        self.member_ended = false;
        Ok(match self.stop.take() {
            Some(Stop::Broken(mut damage)) => {
                damage.bytes_skipped = self.window.offset() - damage.offset;
                Some(damage)
            }
            other => {
                self.stop = other;
                None
            }
        })
    }
}

/// Copies a chunk of an uncompressed file.
fn plain<R: Read>(window: &mut Window<R>, text: &mut Text, begun: &mut bool) -> io::Result<Step> {
    if !std::mem::replace(begun, true) {
        text.begin(window.offset(), true);
    }
    if window.len() == 0 {
        window.fill(CHUNK)?;
    }
    let n = window.len().min(CHUNK);
    if n == 0 {
        return Ok(Step::Stop(Stop::End));
    }
    text.spare(n)[..n].copy_from_slice(&window.bytes()[..n]);
    text.commit(n);
    window.consume(n);
    Ok(Step::Data)
}

/// Tells the format from the first bytes. If they are damaged, from the first place that looks right.
fn sniff<R: Read>(window: &mut Window<R>, limits: &Limits) -> io::Result<Codec> {
    window.fill(CHUNK)?;
    let bytes = window.bytes();
    if bytes.starts_with(&gzip::MAGIC[..2]) {
        return Ok(Codec::Gzip(Box::new(Gzip::new(limits))));
    }
    if zstd::is_start(bytes) {
        return Ok(Codec::Zstd(Box::new(Zstd::new()?)));
    }
    let blank = bytes.iter().take_while(|&&b| b == b'\r' || b == b'\n').count();
    if bytes.is_empty() || matches!(start::at(&bytes[blank..], None), At::Record(_)) {
        return Ok(Codec::Plain { begun: false });
    }
    window.fill(limits.window())?;
    let bytes = window.bytes();
    let (mut gzip, mut zstd) = (Gzip::new(limits), Zstd::new()?);
    let plain_at = match start::find(bytes, 0, None) {
        Find::At(at) => at,
        Find::None { .. } => bytes.len(),
    };
    let gzip_at = gzip.find(bytes).unwrap_or(usize::MAX);
    let zstd_at = zstd.find(bytes).unwrap_or(usize::MAX);
    Ok(if gzip_at < plain_at.min(zstd_at) {
        Codec::Gzip(Box::new(gzip))
    } else if zstd_at < plain_at {
        Codec::Zstd(Box::new(zstd))
    } else if plain_at == bytes.len() && gzip.find_any(bytes).is_some() {
        Codec::Gzip(Box::new(gzip))
    } else {
        Codec::Plain { begun: false }
    })
}
