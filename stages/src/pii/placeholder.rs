//! What stands in a text instead of personal data.

use super::digests::hmac_sha256;
use super::kind::Kind;
use std::fmt::Write;

/// How a placeholder is chosen.
pub(super) enum Placeholder {
    /// The kind: `<EMAIL>`.
    Typed,
    /// The kind and a keyed digest of the value, the same in all documents: `<EMAIL:3f9c2a>`.
    Stable {
        /// The secret.
        key: Vec<u8>,
    },
    /// One of a few values that belong to nobody, chosen by a digest of the value.
    Fixed,
}

impl Placeholder {
    /// Writes to `out` what stands instead of a value; `normal` is scratch.
    pub(super) fn write(&self, kind: Kind, value: &str, normal: &mut Vec<u8>, out: &mut String) {
        out.clear();
        // Writing to a string cannot fail.
        match self {
            Placeholder::Typed => _ = write!(out, "<{}>", label(kind)),
            Placeholder::Stable { key } => {
                normalize(kind, value, normal);
                let [a, b, c, ..] = hmac_sha256(key, kind.name(), normal);
                _ = write!(out, "<{}:{a:02x}{b:02x}{c:02x}>", label(kind));
            }
            Placeholder::Fixed => {
                let choices = fixed(kind);
                // A value that is one of them stays, so that a second pass changes nothing.
                let same = choices.iter().position(|choice| *choice == value);
                normalize(kind, value, normal);
                let chosen =
                    same.unwrap_or((tokenmill_core::hash::hash64(0, normal) % choices.len().max(1) as u64) as usize);
                out.push_str(choices.get(chosen).copied().unwrap_or(""));
            }
        }
    }
}

fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::Secret => "SECRET",
        Kind::Email => "EMAIL",
        Kind::Ip => "IP",
        Kind::Iban => "IBAN",
        Kind::Card => "CARD",
        Kind::NationalId => "NATIONAL_ID",
        Kind::Crypto => "CRYPTO",
        Kind::Phone => "PHONE",
    }
}

/// One spelling for all spellings of a value.
fn normalize(kind: Kind, value: &str, out: &mut Vec<u8>) {
    out.clear();
    match kind {
        Kind::Email | Kind::Ip => out.extend(value.bytes().map(|byte| byte.to_ascii_lowercase())),
        Kind::Phone | Kind::Card => out.extend(value.bytes().filter(u8::is_ascii_digit)),
        Kind::Iban | Kind::NationalId => {
            out.extend(value.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_uppercase()));
        }
        // Case matters.
        Kind::Crypto | Kind::Secret => out.extend(value.bytes()),
    }
}

/// Values that are set apart for examples, so that they are nobody's: RFC 2606, RFC 5737, numbers that the North American
/// plan keeps for fiction, and published test numbers.
fn fixed(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Email => &["email@example.com", "firstname.lastname@example.org"],
        Kind::Phone => &["202-555-0123", "202-555-0178", "312-555-0142", "415-555-0109"],
        Kind::Ip => &["192.0.2.1", "192.0.2.42", "192.0.2.97", "192.0.2.143", "192.0.2.188", "192.0.2.231"],
        Kind::Card => &["4111111111111111", "5555555555554444"],
        Kind::Iban => &["GB33BUKB20201555555555", "DE89370400440532013000"],
        Kind::NationalId => &["000-00-0000"],
        Kind::Crypto => &["1BitcoinEaterAddressDontSendf59kuE"],
        Kind::Secret => &["REDACTED"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(placeholder: &Placeholder, kind: Kind, value: &str) -> String {
        let mut out = String::new();
        placeholder.write(kind, value, &mut Vec::new(), &mut out);
        out
    }

    #[test]
    fn stable_placeholders_depend_on_value_kind_and_key() {
        let stable = |key: &str| Placeholder::Stable { key: key.as_bytes().to_vec() };
        let one = stable("0123456789abcdef");
        let ann = written(&one, Kind::Email, "ann@example.org");
        assert!(ann.starts_with("<EMAIL:") && ann.len() == 14, "{ann}");
        assert_eq!(ann, written(&one, Kind::Email, "Ann@Example.org"));
        assert_ne!(ann, written(&one, Kind::Email, "bob@example.org"));
        assert_ne!(ann, written(&stable("another key, as long"), Kind::Email, "ann@example.org"));
        let phone = |value| written(&one, Kind::Phone, value);
        assert_eq!(phone("+1 202-555-0123"), phone("+1 (202) 555 0123"));
        assert_ne!(phone("4111111111111111")[7..], written(&one, Kind::Card, "4111111111111111")[6..]);
        assert_ne!(written(&one, Kind::Secret, "aB"), written(&one, Kind::Secret, "ab"));
    }

    #[test]
    fn fixed_placeholders_stay_what_they_are() {
        for kind in Kind::ALL {
            let first = written(&Placeholder::Fixed, kind, "some value");
            assert_eq!(written(&Placeholder::Fixed, kind, &first), first);
            assert!(fixed(kind).contains(&first.as_str()));
        }
        let many: std::collections::BTreeSet<_> =
            (0..50).map(|n| written(&Placeholder::Fixed, Kind::Ip, &format!("81.2.69.{n}"))).collect();
        assert_eq!(many.len(), fixed(Kind::Ip).len());
    }
}
