//! Check digits and keyed digests: the arithmetic that the kinds share.

use sha2::{Digest, Sha256};

/// Whether the last ASCII digit is right by Luhn's rule (ISO/IEC 7812-1, annex B).
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum = digits.iter().rev().enumerate().fold(0u32, |sum, (at, digit)| {
        let value = u32::from(digit - b'0') << (at % 2);
        sum + value / 10 + value % 10
    });
    sum.is_multiple_of(10)
}

/// Digits and letters (A is 10) as one decimal number, modulo 97 (ISO/IEC 7064, as ISO 13616 uses it).
pub(super) fn mod97(number: impl Iterator<Item = u8>) -> u32 {
    number.fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte.to_ascii_uppercase().saturating_sub(b'A')) + 10) % 97,
    })
}

/// Whether the last ASCII digit is right by Verhoeff's rule (the dihedral group of ten elements).
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    /// Where a digit goes by one turn.
    const TURN: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let times = |a: u8, b: u8| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let sum = digits.iter().rev().enumerate().fold(0, |sum, (at, digit)| {
        let turned = (0..at % 8).fold(digit - b'0', |digit, _| TURN[digit as usize]);
        times(sum, turned)
    });
    sum == 0
}

/// HMAC-SHA256 (RFC 2104) of a message in two parts that are told apart by the zero byte between them.
pub(super) fn hmac_sha256(key: &[u8], name: &str, value: &[u8]) -> [u8; 32] {
    const BLOCK: usize = 64;
    let mut padded = [0u8; BLOCK];
    match padded.get_mut(..key.len()) {
        Some(room) => room.copy_from_slice(key),
        None => padded[..32].copy_from_slice(&Sha256::digest(key)),
    }
    let inner = Sha256::new().chain_update(padded.map(|byte| byte ^ 0x36)).chain_update(name).chain_update([0]);
    let inner = inner.chain_update(value).finalize();
    Sha256::new().chain_update(padded.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luhn_digits() {
        assert!(luhn(b"79927398713") && luhn(b"0"));
        assert!((0..9).all(|last| last == 3 || !luhn(format!("7992739871{last}").as_bytes())));
    }

    #[test]
    fn verhoeff_digits() {
        assert!(verhoeff(b"2363") && verhoeff(b"123451") && verhoeff(b"84736430954837284567892"));
        assert!(!verhoeff(b"2364") && !verhoeff(b"2633") && !verhoeff(b"123415"));
    }

    #[test]
    fn numbers_modulo_97() {
        assert_eq!(mod97(b"3214282912345698765432161182".iter().copied()), 1);
        assert_eq!(mod97(b"WEST12345698765432GB82".iter().copied()), 1);
        assert_eq!(mod97(b"WEST12345698765432GB83".iter().copied()), 2);
    }

    /// The keys are those of RFC 4231, test cases 1 and 6; the digests are from Python's `hmac`.
    #[test]
    fn keyed_digests() {
        let hex = |digest: [u8; 32]| digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(hex(hmac_sha256(&[0x0b; 20], "Hi", b"There")), GOLDEN[0]);
        assert_eq!(hex(hmac_sha256(&[0xaa; 131], "email", b"ann@example.org")), GOLDEN[1]);
        assert_ne!(hmac_sha256(b"k", "ab", b"c"), hmac_sha256(b"k", "a", b"bc"));
    }

    const GOLDEN: [&str; 2] = [
        "a360bc9c453e3bc24f8d59ecc9a553183a52ed3d7b2ee986393f1a89731270be",
        "1e4124a777bc71701d30359bad3ee8acfb930e7536a27ef87fc95bb5f430407a",
    ];
}
