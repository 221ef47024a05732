//! International bank account numbers (ISO 13616): the length of the country, and check digits modulo 97.

use super::digests::mod97;
use super::site::Site;

/// Countries and the length of their numbers, from the IBAN registry of SWIFT.
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// The number whose check digits start here; its two letters stand right before, or one separator away.
pub(super) fn number(site: &Site<'_>, digits: usize) -> Option<(usize, usize)> {
    let gap = usize::from(matches!(site.byte_before(digits), b' ' | b'-'));
    let start = digits.checked_sub(2 + gap)?;
    let letters = site.slice(start, start + 2);
    let country = [letters.first()?.to_ascii_uppercase(), letters.get(1)?.to_ascii_uppercase()];
    let has_digits = site.byte(digits).is_ascii_digit() && site.byte(digits + 1).is_ascii_digit();
    if !site.opens(start) || !has_digits {
        return None;
    }
    let length = LENGTHS.iter().find(|(name, _)| **name == country)?.1;
    let mut number = [0u8; 34];
    number[..2].copy_from_slice(&country);
    let (mut n, mut at) = (2, digits);
    while n < length {
        let byte = site.byte(at);
        if byte.is_ascii_alphanumeric() {
            number[n] = byte.to_ascii_uppercase();
            n += 1;
            at += 1;
        } else {
            // One separator between groups.
            let len = if byte == 0xc2 && site.byte(at + 1) == 0xa0 { 2 } else { 1 };
            let is_gap = matches!(byte, b' ' | b'-' | b'.' | 0xc2) && site.byte(at + len).is_ascii_alphanumeric();
            if !is_gap {
                return None;
            }
            at += len;
        }
    }
    let number = &number[..length];
    let checks = mod97(number.iter().cycle().skip(4).take(length).copied()) == 1;
    (checks && site.closes(at)).then_some((start, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pii::tests::assert_finds;

    /// The examples of the registry.
    #[test]
    fn numbers_of_many_countries_are_found() {
        assert_finds(
            "iban",
            "",
            &[
                "⟦GB29NWBK60161331926819⟧",
                "IBAN: ⟦DE89 3704 0044 0532 0130 00⟧, BIC",
                "(⟦FR14 2004 1010 0505 0001 3M02 606⟧)",
                "⟦NL91ABNA0417164300⟧. ⟦BE68539007547034⟧; ⟦CH9300762011623852957⟧",
                "⟦MT84MALT011000012345MTLCAST001S⟧ ⟦NO9386011117947⟧",
                "⟦es91-2100-0418-4502-0005-1332⟧ ⟦SA0380000000608010167519⟧",
                "⟦BR1800360305000010009795493C1⟧ ⟦LC55HEMM000100010012001200023015⟧",
                "⟦RU0204452560040702810412345678901⟧ IBAN: ⟦PL61109010140000071219812874⟧",
                "conto ⟦IT60\u{a0}X054\u{a0}2811\u{a0}1010\u{a0}0000\u{a0}0123\u{a0}456⟧",
                "账号⟦GB29NWBK60161331926819⟧",
            ],
        );
    }

    #[test]
    fn other_numbers_are_left() {
        assert_finds(
            "iban",
            "",
            &[
                "GB29NWBK60161331926818 GB29NWBK6016133192681 GB29NWBK601613319268190",
                "XX29NWBK60161331926819 AGB29NWBK60161331926819",
                "GB29  NWBK60161331926819",
                "DE 2019",
            ],
        );
    }

    #[test]
    fn the_registry_is_sorted() {
        assert!(LENGTHS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
