//! Numbers that states give to persons: forms to match, a check for each, and words where the check says little.

mod americas;
mod asia;
mod checks;
mod europe;

use super::clues;
use super::site::Site;
use std::sync::LazyLock;

/// A number of one state.
pub(super) struct Id {
    /// Country and local name.
    #[cfg_attr(not(test), expect(dead_code, reason = "says what the entry is"))]
    pub name: &'static str,
    /// Languages in which it is expected.
    pub langs: &'static [&'static str],
    /// Words that announce it, as in [`clues`].
    pub words: &'static [&'static str],
    /// How it is written, and what it takes to believe it.
    pub forms: &'static [(&'static str, Need)],
    /// Whether digits and upper-case letters, without separators, can be such a number.
    pub check: fn(&[u8]) -> bool,
}

/// What it takes to believe a form of which the check is right.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing more: form and check leave less than one in a thousand to chance.
    Nothing,
    /// The language of the text, or a word.
    Lang,
    /// A word.
    Word,
}

/// All numbers.
pub(super) static IDS: LazyLock<Vec<&'static Id>> =
    LazyLock::new(|| europe::IDS.iter().chain(americas::IDS).chain(asia::IDS).collect());

/// Letters that a form may begin with.
const MAX_LETTERS: usize = 6;

/// Digits of a first group.
const MAX_GROUP: usize = 18;

/// Bytes of a number without separators.
const MAX_LEN: usize = 20;

/// Bytes behind a number in which words count.
const AFTER: usize = 24;

/// Forms by the letters they begin with and the digits that follow these: index of the id, form, need.
type Index = Vec<Vec<(usize, &'static str, Need)>>;

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = vec![Vec::new(); (MAX_LETTERS + 1) * (MAX_GROUP + 1)];
    for (at, id) in IDS.iter().enumerate() {
        for (form, need) in id.forms {
            let letters = form.bytes().take_while(|byte| *byte == b'A').count();
            let rest = form[letters..].trim_start_matches([' ', '-']);
            let digits = rest.bytes().take_while(|byte| *byte == b'9').count();
            if let Some(slot) = index.get_mut(slot(letters, digits)) {
                slot.push((at, *form, *need));
            }
        }
    }
    index
});

fn slot(letters: usize, digits: usize) -> usize {
    letters * (MAX_GROUP + 1) + digits.min(MAX_GROUP)
}

/// The number of which the first digits stand at `start..end`; letters may stand before them.
pub(super) fn number(site: &Site<'_>, start: usize, end: usize) -> Option<(usize, usize)> {
    let letters_before = |at: usize| {
        let window = site.slice(at.saturating_sub(MAX_LETTERS + 1), at);
        window.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count()
    };
    let mut letters = letters_before(start);
    let mut first = start - letters;
    if letters == 0 && matches!(site.byte_before(start), b' ' | b'-') {
        let before = letters_before(start - 1);
        if (1..=2).contains(&before)
            && let Some(found) = of_forms(site, start - 1 - before, slot(before, end - start))
        {
            return Some(found);
        }
        (letters, first) = (0, start);
    }
    if letters > MAX_LETTERS { None } else { of_forms(site, first, slot(letters, end - start)) }
}

fn of_forms(site: &Site<'_>, start: usize, slot: usize) -> Option<(usize, usize)> {
    for (at, form, need) in INDEX.get(slot)? {
        let id = IDS.get(*at)?;
        let mut number = [0u8; MAX_LEN];
        let Some((end, len, is_upper)) = matches(site, start, form, &mut number) else { continue };
        let fits = site.opens_number(start) && !is_joined(site, start) && site.closes_number(end);
        if !fits || !(id.check)(&number[..len]) {
            continue;
        }
        let announced = site.clues(start).national(*at) || clues::after(site.slice(end, end + AFTER)).national(*at);
        let expected = match need {
            Need::Nothing => true,
            Need::Lang => id.langs.contains(&site.lang),
            Need::Word => false,
        };
        if announced || (expected && is_upper && !site.clues(start).other() && !site.in_url(start)) {
            return Some((start, end));
        }
    }
    None
}

/// Whether a hyphen joins the number to the one before, as in the groups of a UUID.
fn is_joined(site: &Site<'_>, start: usize) -> bool {
    site.byte_before(start) == b'-' && start >= 2 && site.byte(start - 2).is_ascii_alphanumeric()
}

/// Matches a form: `9` is a digit, `A` a letter, `X` either, `S` a separator of Finnish numbers, a blank any space; all
/// else is itself. Gives the end, the bytes written to `out`, and whether all letters are upper case.
fn matches(site: &Site<'_>, start: usize, form: &str, out: &mut [u8; MAX_LEN]) -> Option<(usize, usize, bool)> {
    let (mut at, mut len, mut is_upper) = (start, 0, true);
    for want in form.bytes() {
        let byte = site.byte(at);
        let fits = match want {
            b'9' => byte.is_ascii_digit(),
            b'A' => byte.is_ascii_alphabetic(),
            b'X' => byte.is_ascii_alphanumeric(),
            b'S' => byte == b'-' || byte == b'+' || matches!(byte, b'A'..=b'F' | b'U'..=b'Y'),
            b' ' => byte == b' ' || (byte == 0xc2 && site.byte(at + 1) == 0xa0),
            _ => byte == want,
        };
        if !fits {
            return None;
        }
        if matches!(want, b'9' | b'A' | b'X') {
            *out.get_mut(len)? = byte.to_ascii_uppercase();
            len += 1;
            is_upper &= !byte.is_ascii_lowercase();
        }
        at += if byte == 0xc2 { 2 } else { 1 };
    }
    Some((at, len, is_upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_fit_their_tables() {
        for id in IDS.iter() {
            assert!(!id.words.is_empty() && !id.forms.is_empty(), "{}", id.name);
            for (form, _) in id.forms {
                let len = form.bytes().filter(|byte| matches!(byte, b'9' | b'A' | b'X')).count();
                assert!(len <= MAX_LEN && form.starts_with(['9', 'A']), "{}: {form}", id.name);
            }
        }
        // Each has a bit beside those of the other classes of words.
        assert!(IDS.len() < 128 - 8);
    }
}
