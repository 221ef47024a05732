//! National numbers of the Americas.

use super::Id;
use super::Need::{Lang, Nothing, Word};
use super::checks::{int, is_date, is_run, last, value, weighted};
use crate::pii::digests::luhn;

pub(super) const IDS: &[Id] = &[
    Id {
        name: "US social security number",
        langs: &["en"],
        words: &["|ssn", "|social security", "|itin|", "|taxpayer id"],
        forms: &[("999-99-9999", Word), ("999 99 9999", Word), ("999999999", Word)],
        // No area 000 or 666, no group 00, no serial 0000 (20 CFR 422.103). 9xx are numbers of taxpayers.
        check: |d| !matches!(int(d, 0, 3), 0 | 666) && int(d, 3, 2) != 0 && int(d, 5, 4) != 0,
    },
    Id {
        name: "CA social insurance number",
        langs: &["en", "fr"],
        words: &["|sin|", "|social insurance", "|assurance sociale", "|nas|"],
        forms: &[("999-999-999", Word), ("999 999 999", Word), ("999999999", Word)],
        check: |d| !matches!(d.first(), Some(b'0' | b'8')) && luhn(d) && !is_run(d),
    },
    Id { name: "MX CURP", langs: &["es"], words: &["|curp|"], forms: &[("AAAA999999AAAAAAX9", Nothing)], check: curp },
    Id {
        name: "BR CPF",
        langs: &["pt"],
        words: &["|cpf|", "|cpf/", "|cadastro de pessoa"],
        forms: &[("999.999.999-99", Nothing), ("99999999999", Word)],
        check: |d| {
            let digit = |n: usize| (0..n).map(|at| value(d[at]) * (n + 1 - at) as u32).sum::<u32>() * 10 % 11 % 10;
            d.len() == 11 && !is_run(d) && digit(9) == value(d[9]) && digit(10) == value(d[10])
        },
    },
    Id {
        name: "AR CUIL",
        langs: &["es"],
        words: &["|cuil|", "|cuit|"],
        forms: &[("99-99999999-9", Lang), ("99999999999", Word)],
        check: |d| {
            let sum = weighted(d, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
            matches!(int(d, 0, 2), 20 | 23..=27) && (11 - sum) % 11 % 10 == last(d) % 10
        },
    },
    Id {
        name: "CL RUN",
        langs: &["es"],
        words: &["|rut|", "|run|", "|r.u.t"],
        forms: &[("99.999.999-X", Nothing), ("9.999.999-X", Nothing), ("99999999-X", Lang), ("9999999-X", Word)],
        check: |d| {
            let Some((check, body)) = d.split_last() else { return false };
            let sum: u32 = body.iter().rev().enumerate().map(|(at, digit)| value(*digit) * (2 + at as u32 % 6)).sum();
            b"0K987654321"[(sum % 11) as usize] == *check
        },
    },
    Id {
        name: "DO cédula",
        langs: &["es"],
        words: &["|cedula|", "|cédula|"],
        forms: &[("999-9999999-9", Lang), ("99999999999", Word)],
        check: |d| luhn(d) && !is_run(d),
    },
    Id {
        name: "EC cédula",
        langs: &["es"],
        words: &["|cedula|", "|cédula|", "|ruc|"],
        forms: &[("9999999999", Word)],
        // Provinces 1 to 24 and 30; a third digit of 6 and more is no person.
        check: |d| matches!(int(d, 0, 2), 1..=24 | 30) && int(d, 2, 1) < 6 && luhn(d),
    },
];

/// Initials, date of birth, sex, state and consonants, a serial and a digit (RENAPO, Instructivo normativo).
fn curp(d: &[u8]) -> bool {
    // Ñ stands between N and O.
    let of = |byte: u8| value(byte) + u32::from(byte > b'N');
    let sum: u32 = d.iter().take(17).enumerate().map(|(at, byte)| of(*byte) * (18 - at as u32)).sum();
    let is_sex = matches!(d.get(10), Some(b'H' | b'M' | b'X'));
    is_sex && is_date(int(d, 6, 2), int(d, 8, 2)) && (10 - sum % 10) % 10 == last(d)
}

#[cfg(test)]
mod tests {
    use crate::pii::tests::assert_finds;

    #[test]
    fn numbers_with_a_right_check_are_found() {
        assert_finds(
            "national_id",
            "en",
            &[
                "SSN: ⟦536-22-8726⟧. Social Security Number ⟦536 22 8726⟧, ssn_backup: \"⟦536228726⟧\"",
                "⟦536-22-8726⟧ (SSN)",
                "SIN ⟦130-692-544⟧",
                "(⟦BOXW310820HNERXN09⟧)",
                "⟦390.533.447-05⟧, CPF 39053344704 and CPF ⟦39053344705⟧",
                "⟦12.531.909-2⟧ RUT ⟦12531909-2⟧",
                "Cédula: ⟦00113918205⟧",
            ],
        );
        assert_finds("national_id", "es", &["mi número, ⟦20-26756539-3⟧."]);
    }

    #[test]
    fn wrong_checks_and_missing_words_are_left() {
        assert_finds(
            "national_id",
            "en",
            &[
                "536-22-8726 536228726 130-692-544",
                "SSN 000-22-8726, SSN 666-22-8726, SSN 536-00-8726, SSN 536-22-0000",
                "SIN 130-692-545",
                "BOXW310820HNERXN08 BOXW311320HNERXN09",
                "390.533.447-04 111.111.111-11 390.533.447-051 1390.533.447-05",
                "12.531.909-3 20-26756539-3",
            ],
        );
    }
}
