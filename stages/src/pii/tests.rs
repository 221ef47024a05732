//! What the tests of all kinds share, and tests of all kinds together.

use super::{Detector, Found, Kind, Kinds};
use tokenmill_core::hash::hash64;

fn detector(kinds: &[&str]) -> Detector {
    detector_of(kinds, "")
}

fn detector_of(kinds: &[&str], region: &str) -> Detector {
    let kinds: Vec<_> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    Detector::new(Kinds::new("kinds", &kinds).unwrap(), region).unwrap()
}

/// What a detector of one kind finds.
pub(super) fn found<'a>(kind: &str, lang: &str, text: &'a str) -> Vec<&'a str> {
    let mut found = Vec::new();
    detector(&[kind]).find(text, lang, &mut found);
    found.iter().map(|place| &text[place.start..place.end]).collect()
}

/// Whether exactly the parts in white brackets are found, when the text stands alone, and with words around it.
pub(super) fn assert_finds(kind: &str, lang: &str, texts: &[&str]) {
    for marked in texts {
        let (plain, expected) = unmark(marked);
        for (before, after) in [("", ""), ("word ", " word"), ("(", ")"), ("\n", "\n")] {
            let text = format!("{before}{plain}{after}");
            assert_eq!(found(kind, lang, &text), expected, "{kind} in {text:?}");
        }
    }
}

/// The text without marks, and what they marked.
fn unmark(marked: &str) -> (String, Vec<String>) {
    let (mut plain, mut expected, mut start) = (String::new(), Vec::new(), 0);
    for c in marked.chars() {
        match c {
            '⟦' => start = plain.len(),
            '⟧' => expected.push(plain[start..].to_owned()),
            _ => plain.push(c),
        }
    }
    (plain, expected)
}

#[test]
fn kinds_are_told_apart_where_they_meet() {
    let text = "Mail 4111111111111111@example.org, card 4111 1111 1111 1111, IBAN GB29NWBK60161331926819, from 81.2.69.142, \
                call +44 20 7946 0958 or 536-22-8726 (SSN); password = \"ann@xK9.org\"";
    let mut found = Vec::new();
    detector(&Kind::ALL.map(Kind::name)).find(text, "en", &mut found);
    let kinds: Vec<_> = found.iter().map(|place| place.kind).collect();
    let expected = [Kind::Email, Kind::Card, Kind::Iban, Kind::Ip, Kind::Phone, Kind::NationalId, Kind::Secret];
    assert_eq!(kinds, expected);
}

#[test]
fn only_the_kinds_that_were_asked_for_are_found() {
    let text = "ann@example.org 81.2.69.142 +44 20 7946 0958";
    assert_eq!(found("ip", "", text), ["81.2.69.142"]);
    assert_eq!(found("email", "", text), ["ann@example.org"]);
    let unknown = Kinds::new("kinds", &["mail".to_owned()]).unwrap_err();
    assert!(unknown.message.contains("`mail`") && unknown.hint.is_some_and(|hint| hint.contains("`national_id`")));
    assert!(Kinds::new("kinds", &[]).is_err());
}

#[test]
fn a_region_decides_about_national_numbers() {
    let of = |region: &str, text: &str| detector_of(&Kind::ALL.map(Kind::name), region).count(text, "en");
    assert_eq!((of("GB", "tel 020 7946 0958"), of("GB", "tel 020 7946 095")), (1, 0));
    assert_eq!((of("NO", "tel 22 12 34 56"), of("NO", "tel 22 12 34 5")), (1, 0));
}

/// Pieces that lead the validators as far as they go.
const PIECES: &[&str] = &[
    "@",
    ".",
    "..",
    "-",
    "+",
    "(",
    ")",
    " ",
    "\n",
    "\u{a0}",
    "\u{2013}",
    "é",
    "汉",
    "🙂",
    "\"",
    "'",
    ":",
    "::",
    "=",
    "://",
    "0",
    "1",
    "00",
    "12",
    "202",
    "555",
    "0123",
    "4111",
    "1111111111111111",
    "19991231",
    "GB29",
    "NWBK",
    "a",
    "Z",
    "example.org",
    "ann",
    "bc1q",
    "0x",
    "sk-",
    "eyJ",
    "password",
    "token",
    "key",
    "-----BEGIN ",
    "PRIVATE KEY-----",
    "-----END ",
    "tel",
    "ISBN",
    "2a00:",
    "fe80",
    "%20",
    "\\n",
    "x",
    "ext",
    "\u{301}",
    "９",
    "[",
    "]",
    "AKIA",
    "A1b2C3d4E5f6G7h8",
    "123456789:AA",
];

#[test]
fn random_texts_give_ordered_places_on_character_boundaries() {
    let detector = detector(&Kind::ALL.map(Kind::name));
    let (mut found, mut n_found) = (Vec::new(), 0);
    for seed in 0..20_000u64 {
        let n = hash64(seed, b"n") % 40;
        let text: String =
            (0..n).map(|at| PIECES[(hash64(seed, &at.to_le_bytes()) % PIECES.len() as u64) as usize]).collect();
        detector.find(&text, ["", "en", "de", "zh", "xx-YY"][(seed % 5) as usize], &mut found);
        assert!(found.windows(2).all(|pair| pair[0].end <= pair[1].start), "{text:?}: {found:?}");
        for Found { start, end, .. } in &found {
            assert!(start < end && text.get(*start..*end).is_some(), "{text:?}: {found:?}");
        }
        n_found += found.len();
    }
    assert!(n_found > 300, "{n_found}");
}

#[test]
fn random_bytes_do_no_harm() {
    let detector = detector(&Kind::ALL.map(Kind::name));
    let mut found = Vec::new();
    for seed in 0..2_000u64 {
        let bytes: Vec<u8> = (0..200u64).map(|at| hash64(seed, &at.to_le_bytes()) as u8).collect();
        detector.find(&String::from_utf8_lossy(&bytes), "en", &mut found);
        let digits: String =
            bytes.iter().map(|byte| char::from(b"0123456789 -.()+/:@xA"[*byte as usize % 21])).collect();
        detector.find(&digits, "", &mut found);
    }
}
