//! The digits of a telephone number as they are written: groups, and what parts them.

use crate::pii::site::Site;

/// Digits of the longest number with a prefix (ITU-T E.164 allows 15 without).
const MAX_DIGITS: usize = 18;

/// Groups of the most scattered number.
const MAX_GROUPS: usize = 8;

/// What parts two groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// Blanks only.
    Blank,
    /// A hyphen or dash, perhaps between blanks.
    Hyphen,
    /// A dot.
    Dot,
    /// A slash.
    Slash,
    /// Nothing but the end of parentheses.
    Paren,
}

/// Consecutive digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    /// What stands before it.
    pub gap: Gap,
    /// Whether it is in parentheses.
    pub parens: bool,
    /// Digits of the number up to the end of the group.
    pub until: usize,
    /// First byte behind it, and behind its parenthesis.
    pub end: usize,
}

/// The groups of a number.
pub(super) struct Digits {
    digits: [u8; MAX_DIGITS],
    groups: [Group; MAX_GROUPS],
    n_groups: usize,
    /// What stands before one more group, for which there was no room.
    rest: Option<Gap>,
    /// First byte behind all groups.
    pub end: usize,
}

impl Digits {
    /// Reads on from the first digit, up to what no number has room for; `parens` when an open parenthesis stands before.
    pub(super) fn read(site: &Site<'_>, start: usize, parens: bool) -> Digits {
        let group = Group { gap: Gap::Blank, parens: false, until: 0, end: 0 };
        let mut read =
            Digits { digits: [0; MAX_DIGITS], groups: [group; MAX_GROUPS], n_groups: 0, rest: None, end: start };
        let (mut at, mut n, mut gap, mut parens) = (start, 0, Gap::Blank, parens);
        loop {
            let digits = site.slice(at, at + MAX_DIGITS + 1).iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (Some(room), Some(group)) = (read.digits.get_mut(n..n + digits), read.groups.get_mut(read.n_groups))
            else {
                read.rest = Some(gap);
                return read;
            };
            room.copy_from_slice(site.slice(at, at + digits));
            n += digits;
            at += digits;
            let closes = parens && site.byte(at) == b')';
            at += usize::from(closes);
            *group = Group { gap, parens: closes, until: n, end: at };
            read.n_groups += 1;
            read.end = at;
            match next_group(site, at, closes) {
                Some(next) => (at, gap, parens) = next,
                None => return read,
            }
        }
    }

    /// The first digit behind the first groups.
    pub(super) fn digit_after(&self, n_groups: usize) -> Option<u8> {
        self.of(self.n_groups).get(self.of(n_groups).len()).copied()
    }

    /// What stands behind the first groups, before one more; `None` when there is no more.
    pub(super) fn gap_after(&self, n_groups: usize) -> Option<Gap> {
        self.groups().get(n_groups).map(|group| group.gap).or(self.rest)
    }

    /// The groups.
    pub(super) fn groups(&self) -> &[Group] {
        &self.groups[..self.n_groups]
    }

    /// The digits of the first groups.
    pub(super) fn of(&self, n_groups: usize) -> &[u8] {
        let until = n_groups.checked_sub(1).and_then(|last| self.groups.get(last)).map_or(0, |group| group.until);
        self.digits.get(..until).unwrap_or_default()
    }
}

/// The next group behind a gap: its first digit, the gap, and whether a parenthesis opens before it.
fn next_group(site: &Site<'_>, end: usize, closed: bool) -> Option<(usize, Gap, bool)> {
    let (mut at, mut gap) = (end, if closed { Gap::Paren } else { Gap::Blank });
    let mut blanks = 0;
    let mut parens = false;
    loop {
        let rest = site.slice(at, at + 3);
        let (mark, len) = match rest {
            [b'-', ..] => (Some(Gap::Hyphen), 1),
            [b'.', ..] => (Some(Gap::Dot), 1),
            [b'/', ..] => (Some(Gap::Slash), 1),
            // Hyphens and dashes of General Punctuation, and the wide hyphen of East Asia.
            [0xe2, 0x80, 0x90..=0x95] | [0xef, 0xbc, 0x8d] => (Some(Gap::Hyphen), 3),
            [b' ', ..] => (None, 1),
            // No-break spaces.
            [0xc2, 0xa0, ..] => (None, 2),
            [0xe2, 0x80, 0xaf] => (None, 3),
            [b'(', ..] if !parens => {
                parens = true;
                at += 1;
                continue;
            }
            [byte, ..] if byte.is_ascii_digit() => break,
            _ => return None,
        };
        match mark {
            Some(_) if parens || matches!(gap, Gap::Hyphen | Gap::Dot | Gap::Slash) => return None,
            Some(mark) => gap = mark,
            None if blanks == 2 => return None,
            None => {
                blanks += 1;
                gap = if gap == Gap::Paren { Gap::Blank } else { gap };
            }
        }
        at += len;
    }
    (at > end || closed).then_some((at, gap, parens))
}
