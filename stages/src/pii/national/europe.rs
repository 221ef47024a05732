//! National numbers of Europe.

use super::Id;
use super::Need::{Lang, Nothing, Word};
use super::checks::{int, is_date, is_run, iso_11_10, last, value, weighted};
use crate::pii::digests::luhn;

pub(super) const IDS: &[Id] = &[
    Id {
        name: "GB national insurance number",
        langs: &["en"],
        words: &["|national insurance", "|nino|", "|ni number", "|ni no"],
        forms: &[("AA999999A", Nothing), ("AA 99 99 99 A", Nothing), ("AA 999999 A", Nothing)],
        // HMRC, National Insurance Manual NIM39110.
        check: |d| {
            let [first, second, .., suffix] = d else { return false };
            !b"DFIQUV".contains(first)
                && !b"DFIQUVO".contains(second)
                && ![b"BG", b"GB", b"NK", b"KN", b"TN", b"NT", b"ZZ"].iter().any(|pair| d.starts_with(*pair))
                && matches!(suffix, b'A'..=b'D')
        },
    },
    Id {
        name: "GB NHS number",
        langs: &["en"],
        words: &["|nhs|"],
        forms: &[("999 999 9999", Word), ("999-999-9999", Word), ("9999999999", Word)],
        check: |d| (11 - weighted(d, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11 == last(d) && !is_run(d),
    },
    Id {
        name: "IE PPS number",
        langs: &["en", "ga"],
        words: &["|pps", "|personal public service"],
        forms: &[("9999999A", Word), ("9999999AA", Word)],
        check: |d| {
            let second = d.get(8).map_or(0, |letter| (value(*letter) - 9) * 9);
            let sum = (weighted(d, &[8, 7, 6, 5, 4, 3, 2]) + second) % 23;
            d.get(7) == Some(&b"WABCDEFGHIJKLMNOPQRSTUV"[sum as usize])
        },
    },
    Id {
        name: "FR NIR",
        langs: &["fr"],
        words: &["|nir|", "sécurité sociale", "securite sociale", "|insee"],
        forms: &[
            ("9 99 99 XX 999 999 99", Nothing),
            ("999999999999999", Nothing),
            ("99999XX99999999", Nothing),
            ("9 99 99 XX 999 999", Word),
        ],
        check: nir,
    },
    Id {
        name: "ES DNI",
        langs: &["es", "ca", "gl", "eu"],
        words: &["|dni|", "|nif|", "|d.n.i", "|n.i.f"],
        forms: &[("99999999A", Lang), ("99999999-A", Lang), ("99999999 A", Word), ("99.999.999-A", Nothing)],
        check: |d| d.last() == Some(&DNI[(int(d, 0, 8) % 23) as usize]),
    },
    Id {
        name: "ES NIE",
        langs: &["es", "ca", "gl", "eu"],
        words: &["|nie|", "|nif|", "|n.i.e"],
        forms: &[("A9999999A", Lang), ("A-9999999-A", Nothing), ("A-9999999A", Lang)],
        check: |d| {
            let Some(first @ b'X'..=b'Z') = d.first() else { return false };
            d.last() == Some(&DNI[((u64::from(first - b'X') * 10_000_000 + int(d, 1, 7)) % 23) as usize])
        },
    },
    Id {
        name: "IT codice fiscale",
        langs: &["it"],
        words: &["|codice fiscale", "|c.f.", "|cf|"],
        forms: &[("AAAAAA99A99A999A", Nothing)],
        check: codice_fiscale,
    },
    Id {
        name: "PT NIF",
        langs: &["pt"],
        words: &["|nif|", "|contribuinte"],
        forms: &[("999999999", Word), ("999 999 999", Word)],
        check: |d| {
            let sum = weighted(d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
            matches!(d.first(), Some(b'1'..=b'4')) && last(d) == if sum < 2 { 0 } else { 11 - sum }
        },
    },
    Id {
        name: "NL BSN",
        langs: &["nl"],
        words: &["|bsn|", "|burgerservicenummer", "|sofinummer", "|sofi"],
        forms: &[("999999999", Word), ("9999.99.999", Word), ("9999 99 999", Word), ("999 999 999", Word)],
        check: |d| weighted(d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == last(d) % 11 && !is_run(d),
    },
    Id {
        name: "BE national register number",
        langs: &["nl", "fr"],
        words: &["|rijksregister", "|registre national", "|insz|", "|niss|"],
        forms: &[
            ("99.99.99-999.99", Nothing),
            ("99 99 99 999 99", Nothing),
            ("99.99.99 999.99", Nothing),
            ("99999999999", Lang),
        ],
        check: |d| {
            let (body, check) = (int(d, 0, 9), int(d, 9, 2));
            // Months of bis numbers are 20 or 40 higher; those born since 2000 have a 2 before the number.
            is_date(int(d, 2, 2) % 20, int(d, 4, 2))
                && (97 - body % 97 == check || 97 - (2_000_000_000 + body) % 97 == check)
        },
    },
    Id {
        name: "DE Steuer-ID",
        langs: &["de"],
        words: &["|steuer-id", "|steueridentifikation", "|steuer-identifikation", "|idnr", "|steuerid", "|tin|"],
        forms: &[("99 999 999 999", Lang), ("99999999999", Word)],
        // Of the first ten digits one occurs twice or three times, and the others once or never.
        check: |d| {
            let mut counts = [0u8; 10];
            d.iter().take(10).for_each(|digit| counts[value(*digit) as usize % 10] += 1);
            let repeated: Vec<_> = counts.iter().filter(|count| **count > 1).collect();
            d.first() != Some(&b'0') && matches!(repeated[..], [2 | 3]) && iso_11_10(d)
        },
    },
    Id {
        name: "AT social insurance number",
        langs: &["de"],
        words: &["|svnr", "|sozialversicherung", "|sv-nr", "|vnr|"],
        forms: &[("9999 999999", Lang), ("9999999999", Word)],
        check: |d| {
            let sum = weighted(d, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11;
            d.first() != Some(&b'0')
                && is_date(int(d, 6, 2), int(d, 4, 2))
                && d.get(3).is_some_and(|digit| value(*digit) == sum)
        },
    },
    Id {
        name: "CH AHV number",
        langs: &["de", "fr", "it", "rm"],
        words: &["|ahv", "|avs|", "|sozialversicherung"],
        forms: &[("999.9999.9999.99", Nothing), ("9999999999999", Nothing)],
        check: |d| {
            int(d, 0, 3) == 756 && (10 - weighted(d, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10) % 10 == last(d)
        },
    },
    Id {
        name: "PL PESEL",
        langs: &["pl"],
        words: &["|pesel"],
        forms: &[("99999999999", Lang)],
        check: |d| {
            let sum = weighted(d, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
            is_date(int(d, 2, 2) % 20, int(d, 4, 2)) && (10 - sum % 10) % 10 == last(d)
        },
    },
    Id {
        name: "CZ and SK birth number",
        langs: &["cs", "sk"],
        words: &["|rodné číslo", "|rodne cislo", "|rodného čísla", "|r.č", "|rč|"],
        forms: &[("999999/9999", Nothing), ("9999999999", Word), ("999999/999", Lang)],
        check: |d| {
            let is_born = is_date(int(d, 2, 2) % 50 % 20, int(d, 4, 2));
            let by_11 = || int(d, 0, 10).is_multiple_of(11) || (int(d, 0, 9) % 11 == 10 && last(d) == 0);
            // Nine digits were given out until 1953.
            is_born && if d.len() == 9 { int(d, 0, 2) < 54 } else { by_11() }
        },
    },
    Id {
        name: "SE personnummer",
        langs: &["sv"],
        words: &["|personnummer", "|personnr", "|pnr|", "|samordningsnummer"],
        forms: &[
            ("999999-9999", Lang),
            ("999999+9999", Lang),
            ("99999999-9999", Lang),
            ("9999999999", Word),
            ("999999999999", Lang),
        ],
        check: |d| {
            let d = d.get(d.len().saturating_sub(10)..).unwrap_or_default();
            // Days of coordination numbers are 60 higher.
            is_date(int(d, 2, 2), int(d, 4, 2) % 60) && luhn(d)
        },
    },
    Id {
        name: "NO fødselsnummer",
        langs: &["no", "nb", "nn"],
        words: &["|fødselsnummer", "|fodselsnummer", "|personnummer", "|fnr|", "|d-nummer"],
        forms: &[("999999 99999", Nothing), ("99999999999", Lang)],
        check: |d| {
            let check = |weights: &[u32]| (11 - weighted(d, weights) % 11) % 11;
            let is_born = is_date(int(d, 2, 2) % 40, int(d, 0, 2) % 40);
            is_born
                && check(&[3, 7, 6, 1, 8, 9, 4, 5, 2]) == value(d[9])
                && check(&[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) == last(d)
        },
    },
    Id {
        name: "DK CPR number",
        langs: &["da"],
        words: &["|cpr", "|personnummer"],
        forms: &[("999999-9999", Lang), ("9999999999", Word)],
        // Since 2007 the sum modulo 11 says nothing.
        check: |d| is_date(int(d, 2, 2), int(d, 0, 2)),
    },
    Id {
        name: "FI personal identity code",
        langs: &["fi", "sv"],
        words: &["|henkilötunnus", "|hetu|", "|personbeteckning"],
        forms: &[("999999S999X", Nothing)],
        check: |d| {
            let number = int(d, 0, 6) * 1000 + int(d, 6, 3);
            is_date(int(d, 2, 2), int(d, 0, 2))
                && d.last() == Some(&b"0123456789ABCDEFHJKLMNPRSTUVWXY"[(number % 31) as usize])
        },
    },
    Id {
        name: "IS kennitala",
        langs: &["is"],
        words: &["|kennitala", "|kt|", "|kennitölu"],
        forms: &[("999999-9999", Lang), ("9999999999", Word)],
        check: |d| {
            let sum = weighted(d, &[3, 2, 7, 6, 5, 4, 3, 2]) % 11;
            is_date(int(d, 2, 2), int(d, 0, 2)) && d.get(8).is_some_and(|digit| value(*digit) == (11 - sum) % 11)
        },
    },
    Id {
        name: "EE and LT personal code",
        langs: &["et", "lt"],
        words: &["|isikukood", "|asmens kod"],
        forms: &[("99999999999", Lang)],
        check: |d| {
            let first = weighted(d, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
            let second = weighted(d, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11;
            let check = if first < 10 { first } else { second % 10 };
            matches!(d.first(), Some(b'1'..=b'8')) && is_date(int(d, 3, 2), int(d, 5, 2)) && check == last(d)
        },
    },
    Id {
        name: "LV personal code",
        langs: &["lv"],
        words: &["|personas kod"],
        forms: &[("999999-99999", Lang)],
        check: |d| {
            let sum = 1 + weighted(d, &[10, 5, 8, 4, 2, 1, 6, 3, 7, 9]);
            // Codes that begin with 32 have no date and no check digit, since 2017.
            int(d, 0, 2) == 32 || (is_date(int(d, 2, 2), int(d, 0, 2)) && sum % 11 % 10 == last(d))
        },
    },
    Id {
        name: "RO CNP",
        langs: &["ro"],
        words: &["|cnp|", "|cod numeric"],
        forms: &[("9999999999999", Lang)],
        check: |d| {
            let sum = weighted(d, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
            let is_born = matches!(d.first(), Some(b'1'..=b'9')) && is_date(int(d, 3, 2), int(d, 5, 2));
            is_born && matches!(int(d, 7, 2), 1..=52 | 70 | 80..=83) && last(d) == if sum == 10 { 1 } else { sum }
        },
    },
    Id {
        name: "BG EGN",
        langs: &["bg"],
        words: &["ЕГН", "егн", "|egn|"],
        forms: &[("9999999999", Lang)],
        check: |d| {
            let sum = weighted(d, &[2, 4, 8, 5, 10, 9, 7, 3, 6]);
            is_date(int(d, 2, 2) % 20, int(d, 4, 2)) && sum % 11 % 10 == last(d)
        },
    },
    Id { name: "HR OIB", langs: &["hr"], words: &["|oib"], forms: &[("99999999999", Word)], check: iso_11_10 },
    Id {
        name: "JMBG of the former Yugoslavia",
        langs: &["sl", "hr", "sr", "bs", "mk", "sh"],
        words: &["|jmbg|", "|emšo|", "|EMŠO|", "|emso|", "јмбг", "ЈМБГ", "ЕМБГ"],
        forms: &[("9999999999999", Lang)],
        check: |d| {
            let sum = weighted(d, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
            is_date(int(d, 2, 2), int(d, 0, 2)) && last(d) == if sum < 2 { 0 } else { 11 - sum }
        },
    },
    Id {
        name: "GR AMKA",
        langs: &["el"],
        words: &["ΑΜΚΑ", "α.μ.κ.α", "|amka|"],
        forms: &[("99999999999", Lang)],
        check: |d| is_date(int(d, 2, 2), int(d, 0, 2)) && luhn(d),
    },
    Id {
        name: "HU TAJ",
        langs: &["hu"],
        words: &["|taj|", "|taj-", "|tajszám"],
        forms: &[("999 999 999", Word), ("999-999-999", Word), ("999999999", Word)],
        check: |d| weighted(d, &[3, 7, 3, 7, 3, 7, 3, 7]) % 10 == last(d) && !is_run(d),
    },
    Id {
        name: "TR identification number",
        langs: &["tr"],
        words: &["|tc kimlik", "|t.c. kimlik", "|kimlik no", "|tckn|"],
        forms: &[("99999999999", Lang)],
        check: |d| {
            let tenth = weighted(d, &[7, 9, 7, 9, 7, 9, 7, 9, 7]) % 10;
            let eleventh = weighted(d, &[1; 10]) % 10;
            d.first() != Some(&b'0') && d.get(9).is_some_and(|digit| value(*digit) == tenth) && eleventh == last(d)
        },
    },
    Id {
        name: "UA RNTRC",
        langs: &["uk"],
        words: &["РНОКПП", "рнокпп", "ІПН"],
        forms: &[("9999999999", Word)],
        // The weight of the first digit is -1.
        check: |d| weighted(d, &[10, 5, 7, 9, 4, 6, 10, 5, 7]) % 11 % 10 == last(d),
    },
    Id {
        name: "RU SNILS",
        langs: &["ru"],
        words: &["СНИЛС", "снилс"],
        forms: &[("999-999-999 99", Nothing), ("999-999-999-99", Nothing), ("99999999999", Word)],
        check: |d| u64::from(weighted(d, &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101 % 100) == int(d, 9, 2) && !is_run(d),
    },
    Id {
        name: "RU INN of a person",
        langs: &["ru"],
        words: &["ИНН", "инн"],
        forms: &[("999999999999", Word)],
        check: |d| {
            let check = |weights: &[u32]| weighted(d, weights) % 11 % 10;
            d.get(10).is_some_and(|digit| value(*digit) == check(&[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]))
                && check(&[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) == last(d)
        },
    },
];

/// The letters of Spanish numbers, by the rest modulo 23.
const DNI: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// Sex, year and month of birth, department, commune, serial, and a key modulo 97 (INSEE).
fn nir(d: &[u8]) -> bool {
    let department = match (d.get(5), d.get(6)) {
        // Corsica's departments count as 19 and 18.
        (Some(b'2'), Some(b'A')) => 19,
        (Some(b'2'), Some(b'B')) => 18,
        (Some(b'0'..=b'9'), Some(b'0'..=b'9')) => int(d, 5, 2),
        _ => return false,
    };
    let number = int(d, 0, 5) * 100_000_000 + department * 1_000_000 + int(d, 7, 6);
    let is_born =
        matches!(d.first(), Some(b'1'..=b'4' | b'7' | b'8')) && matches!(int(d, 3, 2), 1..=12 | 20..=42 | 50..=99);
    is_born && department > 0 && (d.len() == 13 || 97 - number % 97 == int(d, 13, 2))
}

/// Consonants of the names, year, month and day of birth, commune, and a letter (Decreto ministeriale 23/12/1976).
fn codice_fiscale(d: &[u8]) -> bool {
    // Values of digits and letters at odd places.
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let Some((check, body)) = d.split_last() else { return false };
    let sum: u32 = body
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            let even = if byte.is_ascii_digit() { value(*byte) } else { value(*byte) - 10 };
            if at % 2 == 0 { ODD[even as usize % 26] } else { even }
        })
        .sum();
    let day = int(d, 9, 2);
    let is_born =
        d.get(8).is_some_and(|month| b"ABCDEHLMPRST".contains(month)) && matches!(day % 40, 1..=31) && day < 72;
    is_born && value(*check) - 10 == sum % 26
}

#[cfg(test)]
mod tests {
    use crate::pii::tests::assert_finds;

    #[test]
    fn numbers_with_a_right_check_are_found() {
        assert_finds(
            "national_id",
            "",
            &[
                "⟦AB123456C⟧, ⟦AB 12 34 56 C⟧. NHS number: ⟦943 476 5919⟧",
                "PPS ⟦6433435F⟧ or PPSN ⟦6433435FW⟧",
                "⟦2 95 10 99 126 111 93⟧ ⟦295109912611193⟧ NIR: ⟦2 95 10 99 126 111⟧",
                "DNI ⟦54362315K⟧, dni: ⟦54362315k⟧. ⟦X-2482300-W⟧ NIE ⟦X2482300W⟧",
                "(⟦RCCMNL83S18D969H⟧)",
                "NIF ⟦123456789⟧",
                "BSN: ⟦111222333⟧, burgerservicenummer ⟦1112.22.333⟧",
                "⟦85.07.30-033.28⟧ ⟦85 07 30 033 28⟧ ⟦17.07.30-033.84⟧",
                "Steuer-ID ⟦36 574 261 809⟧ Steueridentifikationsnummer: ⟦36574261809⟧",
                "SVNR ⟦1237 010180⟧",
                "⟦756.9217.0769.85⟧ ⟦7569217076985⟧",
                "PESEL: ⟦44051401359⟧",
                "⟦710319/2745⟧",
                "personnummer ⟦811218-9876⟧",
                "⟦151086 95088⟧, fødselsnummer: ⟦15108695088⟧",
                "CPR-nr. ⟦211062-5629⟧",
                "⟦131052-308T⟧, ⟦131052A308T⟧",
                "kt. ⟦120174-3399⟧",
                "isikukood ⟦37605030299⟧",
                "personas kods ⟦161175-19997⟧",
                "CNP: ⟦1630615123457⟧",
                "ЕГН: ⟦7523169263⟧",
                "OIB ⟦33392005961⟧",
                "EMŠO: ⟦0101006500006⟧",
                "ΑΜΚΑ ⟦01013099997⟧",
                "TAJ ⟦111 111 110⟧",
                "TC Kimlik No: ⟦17291716060⟧",
                "РНОКПП ⟦1759013776⟧",
                "⟦112-233-445 95⟧",
                "ИНН ⟦500100732259⟧",
            ],
        );
    }

    #[test]
    fn the_language_stands_for_a_word() {
        for (lang, text) in [
            ("es", "⟦54362315K⟧"),
            ("de", "⟦36 574 261 809⟧ ⟦1237 010180⟧"),
            ("pl", "⟦44051401359⟧"),
            ("sv_SE", "⟦811218-9876⟧ ⟦19811218-9876⟧"),
            ("da", "⟦211062-5629⟧"),
            ("ro-RO", "⟦1630615123457⟧"),
        ] {
            assert_finds("national_id", lang, &[text]);
        }
    }

    #[test]
    fn wrong_checks_and_missing_words_are_left() {
        assert_finds(
            "national_id",
            "",
            &[
                "QQ123456C GB123456A AB123456E ab123456c NHS 943 476 5918",
                "PPS 6433435E",
                "6433435F",
                "2 95 10 99 126 111 92 295139912611193",
                "54362315K X2482300W",
                "DNI 54362315L",
                "RCCMNL83S18D969G",
                "111222333",
                "BSN 111222334",
                "85.07.30-033.27 85.13.30-033.28",
                "36 574 261 809",
                "IdNr 36574261890, IdNr 36554266806",
                "1237 010180",
                "SVNR 2237 010180",
                "756.9217.0769.84 44051401359",
                "PESEL 44051401358",
                "710319/2746 711319/2745",
                "811218-9876",
                "personnummer 811218-9875",
                "151086 95089 211062-5629",
                "CPR 511062-5629",
                "131052-308U 120174-3399",
                "CNP 1630615123458, CNP 1632215123457, CNP 1630615993454",
                "112-233-445 96",
                "550e8400-e29b-41d4-a716-446655440000",
            ],
        );
    }
}
