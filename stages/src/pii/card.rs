//! Payment cards: a Luhn digit (ISO/IEC 7812-1), and a range and length that some issuer uses or a word that announces one.

use super::digests::luhn;
use super::site::Site;

/// Ranges of first digits, the lengths with them, and whether a number without separators needs a word for cards before it,
/// because the range or the length is used by much else.
const ISSUERS: &[(u32, u32, &[usize], bool)] = &[
    // Visa.
    (4, 4, &[16, 19], false),
    (4, 4, &[13], true),
    // Mastercard.
    (51, 55, &[16], false),
    (2221, 2720, &[16], false),
    // American Express.
    (34, 34, &[15], false),
    (37, 37, &[15], false),
    // Diners Club.
    (300, 305, &[14, 16], false),
    (3095, 3095, &[14, 16], false),
    (36, 36, &[14, 16], false),
    (38, 39, &[14, 16], false),
    // Discover.
    (6011, 6011, &[16, 19], false),
    (644, 649, &[16, 19], false),
    (65, 65, &[16, 19], false),
    // JCB.
    (3528, 3589, &[16, 19], false),
    (1800, 1800, &[15], false),
    (2131, 2131, &[15], false),
    // China UnionPay.
    (62, 62, &[16, 17, 18, 19], false),
    (81, 81, &[16, 17, 18, 19], true),
    // RuPay, Elo, Hipercard, Mir, Troy, Verve.
    (60, 60, &[16], false),
    (82, 82, &[16], true),
    (508, 509, &[16], false),
    (2200, 2204, &[16, 17, 18, 19], false),
    (9792, 9792, &[16], false),
    (506, 507, &[16, 18, 19], false),
    // Maestro.
    (50, 50, &[12, 13, 14, 15, 16, 17, 18, 19], true),
    (56, 58, &[12, 13, 14, 15, 16, 17, 18, 19], true),
    (63, 63, &[12, 13, 14, 15, 16, 17, 18, 19], true),
    (67, 69, &[12, 13, 14, 15, 16, 17, 18, 19], true),
];

/// Groups in which the digits of cards are printed.
const PRINTED: &[&[usize]] =
    &[&[4, 4, 4, 4], &[4, 4, 4, 4, 3], &[4, 6, 5], &[4, 6, 4], &[6, 13], &[4, 4, 5], &[4, 4, 4, 1], &[4, 5, 4]];

/// End of the card whose first digit stands here.
pub(super) fn number(site: &Site<'_>, start: usize) -> Option<usize> {
    let mut digits = [0u8; 19];
    let mut groups = [0usize; 5];
    let (mut n, mut n_groups, mut at) = (0, 0, start);
    let mut separator = 0;
    loop {
        let group = at;
        while site.byte(at).is_ascii_digit() {
            *digits.get_mut(n)? = site.byte(at);
            n += 1;
            at += 1;
        }
        *groups.get_mut(n_groups)? = at - group;
        n_groups += 1;
        let (next, len) = match (site.byte(at), site.byte(at + 1)) {
            (0xc2, 0xa0) => (b' ', 2),
            (byte, _) => (byte, 1),
        };
        let goes_on = at - group < 12 && matches!(next, b' ' | b'-') && (separator == 0 || separator == next);
        // A group behind the longest printed form belongs to something else, as a date of expiry does.
        if !goes_on || !site.byte(at + len).is_ascii_digit() || PRINTED.contains(&&groups[..n_groups]) && n >= 15 {
            break;
        }
        separator = next;
        at += len;
    }
    let groups = &groups[..n_groups];
    let is_printed = PRINTED.contains(&groups);
    if n < 12 || !(is_printed || n_groups == 1) || !luhn(&digits[..n]) {
        return None;
    }
    let announced = site.clues(start).card();
    let asks = issuer(&digits[..n]).or(announced.then_some(true))?;
    let is_run = digits[1..n].iter().all(|digit| *digit == digits[0]);
    let int = |from: usize, len: usize| {
        digits[from..from + len].iter().fold(0, |int, digit| int * 10 + u32::from(digit - b'0'))
    };
    // Year, month, day and time, as archives write them.
    let is_time =
        n == 14 && matches!(int(0, 4), 1900..2100) && matches!(int(4, 2), 1..=12) && matches!(int(6, 2), 1..=31);
    let fits =
        !is_time && opens(site, start) && site.closes(at) && site.byte(at) != b'@' && !is_run && !is_fraction(site, at);
    (fits && (announced || !((asks && !is_printed) || site.clues(start).other() || site.in_url(start)))).then_some(at)
}

fn opens(site: &Site<'_>, start: usize) -> bool {
    let before = site.byte_before(start);
    site.opens(start)
        && !matches!(before, b'.' | b'/' | b'#' | b'+' | b'-')
        && !(before == b',' && site.byte(start.saturating_sub(2)).is_ascii_digit())
}

fn is_fraction(site: &Site<'_>, end: usize) -> bool {
    matches!(site.byte(end), b'.' | b'-' | b',') && site.byte(end + 1).is_ascii_digit()
}

/// Whether an issuer has this range and length; `Some(true)` when that says little.
fn issuer(digits: &[u8]) -> Option<bool> {
    let head = digits.iter().take(4).fold(0, |head, digit| head * 10 + u32::from(digit - b'0'));
    let mut best = None;
    for (low, high, lengths, asks) in ISSUERS {
        let scale = 10u32.pow(3 - low.ilog10());
        if lengths.contains(&digits.len()) && (*low..=*high).contains(&(head / scale)) {
            best = Some(best.unwrap_or(true) && *asks);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use crate::pii::tests::assert_finds;

    /// Numbers that issuers publish for tests.
    #[test]
    fn numbers_of_all_issuers_are_found() {
        assert_finds(
            "card",
            "",
            &[
                "⟦4111111111111111⟧ ⟦4012888888881881⟧",
                "pay with ⟦5555555555554444⟧, ⟦5105105105105100⟧ or ⟦2223003122003222⟧.",
                "⟦378282246310005⟧ ⟦371449635398431⟧",
                "⟦30569309025904⟧ (⟦38520000023237⟧) ⟦36227206271667⟧",
                "⟦6011111111111117⟧ ⟦6011000990139424⟧",
                "⟦3530111333300000⟧ ⟦3566002020360505⟧",
                "⟦6200000000000005⟧ ⟦2201382000000013⟧",
                "Visa ⟦4222222222222⟧, the card ⟦6759649826438453⟧",
                "card number ⟦3598899323053410⟧",
            ],
        );
    }

    #[test]
    fn numbers_are_found_as_they_are_printed() {
        assert_finds(
            "card",
            "",
            &[
                "⟦4111 1111 1111 1111⟧",
                "card:⟦4111-1111-1111-1111⟧, ends 12/27",
                "⟦3782 822463 10005⟧ 12/27",
                "⟦4111 1111 1111 1111⟧ 123",
                "卡号⟦4111111111111111⟧。",
                "“⟦4111\u{a0}1111\u{a0}1111\u{a0}1111⟧”",
            ],
        );
    }

    #[test]
    fn other_numbers_are_left() {
        assert_finds(
            "card",
            "",
            &[
                "4111111111111112 4111 1111 1111 1112",
                "0.4111111111111111 x4111111111111111 4111111111111111x #4111111111111111 4111111111111111.5",
                "https://example.org/status/4111111111111111",
                "ISBN 4111111111111111",
                "4222222222222 and 6759649826438453 without a word",
                "411111111111111 41111111111111111111111",
                "4111 11111111 1111 and 41 11 11 11 11 11 11 11",
                "0000000000000000",
                "card from 20110812101130",
            ],
        );
    }
}
