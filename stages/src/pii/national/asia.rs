//! National numbers of Asia, Africa and Oceania.

use super::Id;
use super::Need::{Lang, Nothing, Word};
use super::checks::{int, is_date, is_run, last, value, weighted};
use crate::pii::digests::{luhn, verhoeff};

pub(super) const IDS: &[Id] = &[
    Id {
        name: "CN resident identity number",
        langs: &["zh"],
        words: &["身份证", "身份證", "|resident id"],
        forms: &[("999999999999999999", Nothing), ("99999999999999999X", Nothing)],
        // GB 11643-1999: region, date of birth, serial, ISO/IEC 7064 MOD 11-2.
        check: |d| {
            let sum = weighted(d, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11;
            matches!(int(d, 0, 2), 11..=91)
                && matches!(int(d, 6, 4), 1880..2100)
                && is_date(int(d, 10, 2), int(d, 12, 2))
                && d.last() == Some(&b"10X98765432"[sum as usize])
        },
    },
    Id {
        name: "TW national identification number",
        langs: &["zh"],
        words: &["身分證", "身份證"],
        forms: &[("A999999999", Lang)],
        check: |d| {
            // Letters are numbered in an order of their own.
            const ORDER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVXYWZIO";
            let Some(letter) = d.first().and_then(|letter| ORDER.iter().position(|known| known == letter)) else {
                return false;
            };
            let letter = letter as u32 + 10;
            let sum = letter / 10 + letter % 10 * 9 + weighted(&d[1..], &[8, 7, 6, 5, 4, 3, 2, 1, 1]);
            matches!(d.get(1), Some(b'1' | b'2' | b'8' | b'9')) && sum.is_multiple_of(10)
        },
    },
    Id {
        name: "HK identity card",
        langs: &["zh", "en"],
        words: &["|hkid|", "身份證", "身份证"],
        forms: &[("A999999(X)", Nothing), ("A999999X", Word)],
        check: |d| {
            let Some((check, body)) = d.split_last() else { return false };
            let check = if *check == b'A' { 10 } else { value(*check) };
            check <= 10 && (36 * 9 + weighted(body, &[8, 7, 6, 5, 4, 3, 2]) + check).is_multiple_of(11)
        },
    },
    Id {
        name: "SG NRIC",
        langs: &["en", "zh", "ms"],
        words: &["|nric|", "|fin|"],
        forms: &[("A9999999A", Nothing)],
        check: |d| {
            let sum = weighted(d.get(1..).unwrap_or_default(), &[2, 7, 6, 5, 4, 3, 2]);
            let (offset, letters) = match d.first() {
                Some(b'S') => (0, b"JZIHGFEDCBA"),
                Some(b'T') => (4, b"JZIHGFEDCBA"),
                Some(b'F') => (0, b"XWUTRQPNMLK"),
                Some(b'G') => (4, b"XWUTRQPNMLK"),
                Some(b'M') => (3, b"KLJNPQRTUWX"),
                _ => return false,
            };
            let at = (sum + offset) % 11;
            let at = if d.first() == Some(&b'M') { 10 - at } else { at };
            d.last() == Some(&letters[at as usize])
        },
    },
    Id {
        name: "MY NRIC",
        langs: &["ms", "en"],
        words: &["|nric|", "|mykad|", "|kad pengenalan", "|ic no"],
        forms: &[("999999-99-9999", Nothing), ("999999999999", Word)],
        // Date of birth and a place; these are given to none.
        check: |d| {
            is_date(int(d, 2, 2), int(d, 4, 2))
                && !matches!(int(d, 6, 2), 0 | 17..=20 | 69 | 70 | 73 | 80 | 81 | 94..=97)
        },
    },
    Id {
        name: "KR resident registration number",
        langs: &["ko"],
        words: &["주민등록", "주민번호", "|rrn|"],
        forms: &[("999999-9999999", Nothing), ("9999999999999", Word)],
        check: |d| {
            let sum = weighted(d, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11;
            is_date(int(d, 2, 2), int(d, 4, 2)) && (11 - sum) % 10 == last(d)
        },
    },
    Id {
        // Since October 2020 the last digits are random.
        name: "KR resident registration number without a check digit",
        langs: &["ko"],
        words: &["주민등록", "주민번호", "|rrn|"],
        forms: &[("999999-9999999", Lang)],
        check: |d| is_date(int(d, 2, 2), int(d, 4, 2)) && matches!(d.get(6), Some(b'1'..=b'8')),
    },
    Id {
        name: "JP individual number",
        langs: &["ja"],
        words: &["マイナンバー", "個人番号", "|my number"],
        forms: &[("9999 9999 9999", Word), ("9999-9999-9999", Word), ("999999999999", Word)],
        check: |d| {
            let sum = weighted(d, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
            last(d) == if sum <= 1 { 0 } else { 11 - sum }
        },
    },
    Id {
        name: "IN Aadhaar",
        langs: &["hi"],
        words: &["|aadhaar", "|aadhar", "|uid|", "|uidai|", "आधार"],
        forms: &[("9999 9999 9999", Word), ("9999-9999-9999", Word), ("999999999999", Word)],
        check: |d| matches!(d.first(), Some(b'2'..=b'9')) && verhoeff(d) && !is_run(d),
    },
    Id {
        name: "IN PAN",
        langs: &["hi"],
        words: &["|pan|", "|permanent account"],
        forms: &[("AAAAA9999A", Word)],
        // The fourth letter says whose it is; P is a person.
        check: |d| {
            matches!(d.get(3), Some(b'A' | b'B' | b'C' | b'F' | b'G' | b'H' | b'J' | b'L' | b'P' | b'T'))
                && int(d, 5, 4) > 0
        },
    },
    Id {
        name: "ID NIK",
        langs: &["id"],
        words: &["|nik|", "|ktp|", "|no ktp"],
        forms: &[("9999999999999999", Word)],
        check: |d| matches!(int(d, 0, 2), 11..=96) && is_date(int(d, 8, 2), int(d, 6, 2) % 40) && int(d, 12, 4) > 0,
    },
    Id {
        name: "TH identification number",
        langs: &["th"],
        words: &["บัตรประชาชน", "ประจำตัวประชาชน"],
        forms: &[("9-9999-99999-99-9", Nothing), ("9999999999999", Lang)],
        check: |d| {
            let sum = weighted(d, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
            !matches!(d.first(), Some(b'0')) && (11 - sum) % 10 == last(d)
        },
    },
    Id {
        name: "PK CNIC",
        langs: &["ur"],
        words: &["|cnic|", "|nic|", "شناختی"],
        forms: &[("99999-9999999-9", Lang), ("9999999999999", Word)],
        check: |d| matches!(d.first(), Some(b'1'..=b'7')) && !is_run(d),
    },
    Id {
        name: "IL identity number",
        langs: &["he", "iw"],
        words: &["תעודת זהות", "|ת.ז", "|teudat zehut"],
        forms: &[("999999999", Word), ("99999999-9", Word)],
        check: |d| luhn(d) && !is_run(d),
    },
    Id {
        name: "SA national identity",
        langs: &["ar"],
        words: &["الهوية", "|iqama|"],
        forms: &[("9999999999", Word)],
        check: |d| matches!(d.first(), Some(b'1' | b'2')) && luhn(d),
    },
    Id {
        name: "AE Emirates ID",
        langs: &["ar"],
        words: &["|emirates id"],
        forms: &[("999-9999-9999999-9", Nothing)],
        check: |d| int(d, 0, 3) == 784 && matches!(int(d, 3, 4), 1900..2100),
    },
    Id {
        name: "ZA identity number",
        langs: &["en", "af", "zu"],
        words: &["|south african id", "|identiteitsnommer"],
        forms: &[("9999999999999", Nothing), ("999999 9999 999", Nothing), ("999999 9999 99 9", Nothing)],
        check: |d| {
            let is_person =
                is_date(int(d, 2, 2), int(d, 4, 2)) && int(d, 10, 1) <= 1 && matches!(d.get(11), Some(b'8' | b'9'));
            is_person && luhn(d)
        },
    },
    Id {
        name: "AU tax file number",
        langs: &["en"],
        words: &["|tfn|", "|tax file"],
        forms: &[("999 999 999", Word), ("999999999", Word), ("999-999-999", Word)],
        check: |d| weighted(d, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11) && !is_run(d),
    },
];

#[cfg(test)]
mod tests {
    use crate::pii::tests::assert_finds;

    #[test]
    fn numbers_with_a_right_check_are_found() {
        assert_finds(
            "national_id",
            "",
            &[
                "身份证号⟦11010519491231002X⟧，⟦440524188001010014⟧",
                "身分證 ⟦A123456789⟧",
                "⟦A123456(3)⟧ ⟦S1234567D⟧",
                "(⟦770305-02-1234⟧)",
                "⟦971013-9019902⟧",
                "マイナンバー：⟦6214 9832 0257⟧",
                "Aadhaar no. ⟦2341 2341 2346⟧, PAN: ⟦ACUPA7085R⟧",
                "NIK: ⟦3171011708450001⟧",
                "⟦1-2345-45678-78-1⟧",
                "CNIC 54401-1234567-1x, CNIC ⟦54401-1234567-1⟧",
                "תעודת זהות ⟦039337423⟧",
                "⟦784-1984-1234567-9⟧",
                "ID: ⟦8001015009087⟧ TFN ⟦123 456 782⟧",
            ],
        );
        assert_finds("national_id", "ko", &["⟦971013-1019903⟧"]);
    }

    #[test]
    fn wrong_checks_and_missing_words_are_left() {
        assert_finds(
            "national_id",
            "",
            &[
                "110105194912310021 440524188013010014",
                "A123456789 A123456(4) S1234567A",
                "770305-17-1234 771305-02-1234",
                "971013-1019903 971313-9019902",
                "6214 9832 0257",
                "マイナンバー 6214 9832 0258",
                "2341 2341 2346",
                "Aadhaar 2341 2341 2347",
                "ACUPA7085R 3171011708450001",
                "1-2345-45678-78-2 8001015009088 123 456 782",
            ],
        );
    }
}
