//! The detector: one scan for what a kind cannot do without, and the validators behind it.

use super::kind::{Kind, Kinds};
use super::phone::plan::{self, Plan};
use super::phone::{self, Read};
use super::site::Site;
use super::{card, crypto, email, iban, ip, national, secret};
use tokenmill_core::BuildError;

/// A place where personal data stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// What it is.
    pub(crate) kind: Kind,
    /// First byte, on a character boundary.
    pub(crate) start: usize,
    /// One past the last byte, on a character boundary.
    pub(crate) end: usize,
}

/// Finds personal data of some kinds.
pub(crate) struct Detector {
    kinds: Kinds,
    plan: Option<&'static Plan>,
    /// Bytes at which the scan stops.
    stops: [bool; 256],
}

/// Letters and digits of the longest run in which an address is looked for.
const MAX_TOKEN: usize = 120;

/// Fewer digits, with what parts them, are no telephone number and no card.
const MIN_DIGITS: usize = 7;

/// The same for telephone numbers of a region that is named.
const MIN_DIGITS_OF_REGION: usize = 5;

impl Detector {
    /// A detector of these kinds. Telephone numbers without a country code belong to the region (ISO 3166-1), or to those of
    /// the language when it is empty.
    ///
    /// # Errors
    /// When no region has this name.
    pub(crate) fn new(kinds: Kinds, region: &str) -> Result<Detector, BuildError> {
        let plan = plan::of_region(region);
        if plan.is_none() && !region.is_empty() {
            return Err(BuildError::new(format!("`default_region`: there is no region `{}`", region.escape_debug()))
                .hint("give two capital letters (ISO 3166-1), as `DE`"));
        }
        let mut stops = [false; 256];
        let numbers = [Kind::Phone, Kind::Ip, Kind::Card, Kind::Iban, Kind::NationalId, Kind::Crypto];
        if numbers.into_iter().any(|kind| kinds.has(kind)) {
            stops[usize::from(b'0')..=usize::from(b'9')].fill(true);
        }
        stops[usize::from(b'@')] = kinds.has(Kind::Email) || kinds.has(Kind::Secret);
        stops[usize::from(b':')] = kinds.has(Kind::Secret);
        stops[usize::from(b'=')] = kinds.has(Kind::Secret);
        Ok(Detector { kinds, plan, stops })
    }

    /// Writes to `found` what stands in a text in this language (a label, or empty), in order and without overlaps.
    pub(crate) fn find(&self, text: &str, lang: &str, found: &mut Vec<Found>) {
        found.clear();
        let site = Site::new(text, lang, self.plan);
        self.scan(&site, found);
        if self.kinds.has(Kind::Secret) {
            secret::prefixed(&site, |start, end| found.push(Found { kind: Kind::Secret, start, end }));
        }
        settle(found);
    }

    /// How many places [`Detector::find`] would give.
    pub(crate) fn count(&self, text: &str, lang: &str) -> usize {
        thread_local! {
            static FOUND: std::cell::RefCell<Vec<Found>> = const { std::cell::RefCell::new(Vec::new()) };
        }
        FOUND.with_borrow_mut(|found| {
            self.find(text, lang, found);
            found.len()
        })
    }

    fn scan(&self, site: &Site<'_>, found: &mut Vec<Found>) {
        let bytes = site.bytes;
        // End of the run of letters and digits that was looked at last.
        let mut token_end = 0;
        let mut at = 0;
        while let Some(skip) =
            bytes.get(at..).and_then(|rest| rest.iter().position(|byte| self.stops[usize::from(*byte)]))
        {
            at += skip;
            match bytes[at] {
                b'@' => at = self.at_sign(site, at, found),
                b':' | b'=' => {
                    let secret = secret::assigned(site, at).or_else(|| secret::telegram(site, at));
                    found.extend(secret.map(|(start, end)| Found { kind: Kind::Secret, start, end }));
                    at += 1;
                }
                _ => at = self.digits(site, at, &mut token_end, found),
            }
        }
    }

    /// Looks at an `@`; gives the place to go on.
    fn at_sign(&self, site: &Site<'_>, at: usize, found: &mut Vec<Found>) -> usize {
        let email = self.kinds.has(Kind::Email).then(|| email::address(site, at)).flatten();
        if let Some((start, end)) = email {
            found.push(Found { kind: Kind::Email, start, end });
            site.done.set(end);
            return end;
        }
        if self.kinds.has(Kind::Secret)
            && let Some((start, end)) = secret::in_url(site, at)
        {
            found.push(Found { kind: Kind::Secret, start, end });
        }
        at + 1
    }

    /// Looks at the first digit of a run; gives the place to go on.
    fn digits(&self, site: &Site<'_>, start: usize, token_end: &mut usize, found: &mut Vec<Found>) -> usize {
        let is_digit = |at: usize| site.byte(at).is_ascii_digit();
        let mut end = start + 1;
        while is_digit(end) {
            end += 1;
        }
        let before = site.byte_before(start);
        let next = site.byte(end);
        let in_word = before.is_ascii_alphabetic() || next.is_ascii_alphabetic();
        // Most numbers are short and stand alone.
        let is_joined = matches!(next, b' ' | b'-' | b'.' | b'/' | b'(' | b')' | b':' | 0xc2 | 0xe2 | 0xef);
        if end - start < MIN_DIGITS_OF_REGION && !in_word && !is_joined {
            return end;
        }
        if start < *token_end {
            return end;
        }
        let mut push = |kind: Kind, start: usize, stop: usize| {
            found.push(Found { kind, start, end: stop });
            site.done.set(stop);
            stop.max(end)
        };
        if next == b'.'
            && end - start <= 3
            && self.kinds.has(Kind::Ip)
            && let Some(stop) = ip::v4(site, start)
        {
            return push(Kind::Ip, start, stop);
        }
        if (next == b':' || before == b':' || in_word)
            && self.kinds.has(Kind::Ip)
            && site.slice(start, start + 6).contains(&b':')
            && let Some((start, stop)) = ip::v6(site, start)
        {
            return push(Kind::Ip, start, stop);
        }
        let (letters, gap) = letters_before(site, start);
        if letters == 2
            && self.kinds.has(Kind::Iban)
            && let Some((start, stop)) = iban::number(site, start)
        {
            return push(Kind::Iban, start, stop);
        }
        if in_word {
            let first = start - if gap { 0 } else { letters };
            *token_end = end + site.bytes[end..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            let fits = *token_end - first <= MAX_TOKEN;
            if fits && self.kinds.has(Kind::Crypto) && crypto::is_address(site, first, *token_end) {
                return push(Kind::Crypto, first, *token_end);
            }
        }
        let min = if self.plan.is_some() { MIN_DIGITS_OF_REGION } else { MIN_DIGITS };
        let enough = end - start >= min || n_digits(site, start) >= min;
        if enough
            && self.kinds.has(Kind::Card)
            && let Some(stop) = card::number(site, start)
        {
            return push(Kind::Card, start, stop);
        }
        if (enough || letters > 0 || in_word)
            && self.kinds.has(Kind::NationalId)
            && let Some((start, stop)) = national::number(site, start, end)
        {
            return push(Kind::NationalId, start, stop);
        }
        if enough && self.kinds.has(Kind::Phone) {
            return match phone::number(site, start) {
                Read::Number(start, stop) => push(Kind::Phone, start, stop),
                Read::Nothing(stop) => stop.max(end),
            };
        }
        end
    }
}

/// Letters right before a place, or one blank or hyphen away, and whether there is such a gap.
fn letters_before(site: &Site<'_>, at: usize) -> (usize, bool) {
    let count = |at: usize| {
        let window = site.slice(at.saturating_sub(MAX_TOKEN), at);
        window.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count()
    };
    match site.byte_before(at) {
        b' ' | b'-' => (count(at - 1), true),
        _ => (count(at), false),
    }
}

/// Digits from here on, as far as single marks or two part them.
fn n_digits(site: &Site<'_>, start: usize) -> usize {
    /// Enough for any number.
    const FAR: usize = 48;
    let (mut n, mut gap) = (0, 0);
    for byte in site.slice(start, start + FAR) {
        match byte {
            b'0'..=b'9' => (n, gap) = (n + 1, 0),
            b' ' | b'-' | b'.' | b'/' | b'(' | b')' if gap < 5 => gap += 1,
            // Bytes of no-break spaces, of dashes, and of the wide hyphen of East Asia.
            0xc2 | 0xa0 | 0xe2 | 0x80 | 0x90..=0x95 | 0xaf | 0xef | 0xbc | 0x8d if gap < 5 => gap += 1,
            _ => break,
        }
        if n >= MIN_DIGITS {
            break;
        }
    }
    n
}

/// Puts places in order and leaves one where they overlap: the kind that stands first among kinds, then the longer.
fn settle(found: &mut Vec<Found>) {
    found.sort_unstable_by_key(|place| (place.start, std::cmp::Reverse(place.end), place.kind));
    let mut kept = 0usize;
    for at in 0..found.len() {
        let place = found[at];
        match kept.checked_sub(1).map(|last| found[last]) {
            Some(last) if place.start < last.end => {
                let wins = (place.kind, std::cmp::Reverse(place.end - place.start))
                    < (last.kind, std::cmp::Reverse(last.end - last.start));
                if wins {
                    found[kept - 1] = place;
                }
            }
            _ => {
                found[kept] = place;
                kept += 1;
            }
        }
    }
    found.truncate(kept);
}
