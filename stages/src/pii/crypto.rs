//! Addresses and keys of cryptocurrencies whose checksum is right.

use super::site::Site;
use sha2::{Digest, Sha256};
use sha3::Keccak256;

/// Bitcoin's digits; 0, O, I and l are missing.
const BITCOIN: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The same digits in the order of the XRP Ledger.
const XRP: &[u8; 58] = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";

/// First bytes of 25-byte contents: Bitcoin, Litecoin, Dogecoin, Dash, Tron, and Bitcoin's test network.
const VERSIONS: &[u8] = &[0x00, 0x05, 0x30, 0x32, 0x1e, 0x16, 0x4c, 0x10, 0x41, 0x6f, 0xc4];

/// Human-readable parts of Bech32 addresses: Bitcoin, its test network, Litecoin.
const PREFIXES: &[&[u8]] = &[b"bc", b"tb", b"ltc"];

/// Bytes of the longest content in base 58: an extended key (BIP 32) with its checksum.
const MAX_CONTENT: usize = 82;

/// Whether the letters and digits of a range are an address or a key.
pub(super) fn is_address(site: &Site<'_>, start: usize, end: usize) -> bool {
    let token = site.slice(start, end);
    let is_it = match token.len() {
        42 if token.starts_with(b"0x") => is_ethereum(&token[2..]),
        25..=35 => is_base58(token, BITCOIN) || is_bech32(token) || is_base58(token, XRP),
        51..=52 | 111 => is_base58(token, BITCOIN) || is_bech32(token),
        14..=90 => is_bech32(token),
        _ => false,
    };
    is_it && site.opens(start) && site.closes(end)
}

/// 20 bytes in hexadecimal; when the case is mixed it is a checksum (EIP-55).
fn is_ethereum(digits: &[u8]) -> bool {
    let has = |is: fn(&u8) -> bool| digits.iter().any(is);
    if !digits.iter().all(u8::is_ascii_hexdigit) || digits.windows(2).all(|pair| pair[0] == pair[1]) {
        return false;
    }
    if !(has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)) {
        return true;
    }
    let hash = Keccak256::digest(digits.to_ascii_lowercase());
    digits.iter().enumerate().all(|(at, digit)| {
        let nibble = (hash[at / 2] >> (4 * (1 - at % 2))) & 15;
        digit.is_ascii_digit() || digit.is_ascii_uppercase() == (nibble >= 8)
    })
}

/// Base 58 with four bytes of a doubled SHA-256 at its end, under a version that is used.
fn is_base58(token: &[u8], alphabet: &[u8; 58]) -> bool {
    let mut content = [0u8; MAX_CONTENT];
    // From the right; `len` bytes are in use.
    let mut len = 0;
    for byte in token {
        let Some(digit) = alphabet.iter().position(|letter| letter == byte) else { return false };
        let mut carry = digit as u32;
        for slot in content.iter_mut().rev().take(len) {
            carry += u32::from(*slot) * 58;
            *slot = carry as u8;
            carry >>= 8;
        }
        while carry > 0 {
            if len == MAX_CONTENT {
                return false;
            }
            len += 1;
            content[MAX_CONTENT - len] = carry as u8;
            carry >>= 8;
        }
    }
    len += token.iter().take_while(|byte| **byte == alphabet[0]).count();
    let Some(from) = MAX_CONTENT.checked_sub(len) else { return false };
    let content = &content[from..];
    let is_known = match (len, content.first()) {
        (25, Some(0)) => true,
        (25, Some(version)) => alphabet == BITCOIN && VERSIONS.contains(version),
        // Zcash.
        (26, Some(0x1c)) => true,
        // Private keys of Bitcoin, and extended keys.
        (37 | 38, Some(0x80)) => true,
        (82, Some(0x04)) => true,
        _ => false,
    };
    is_known && {
        let (payload, checksum) = content.split_at(len - 4);
        Sha256::digest(Sha256::digest(payload)).starts_with(checksum)
    }
}

/// Bech32 and Bech32m (BIP 173, BIP 350).
fn is_bech32(token: &[u8]) -> bool {
    const DIGITS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let Some(one) = token.iter().position(|byte| *byte == b'1') else { return false };
    let (name, data) = (&token[..one], &token[one + 1..]);
    let is_mixed = token.iter().any(u8::is_ascii_uppercase) && token.iter().any(u8::is_ascii_lowercase);
    if is_mixed || data.len() < 6 || !PREFIXES.iter().any(|prefix| prefix.eq_ignore_ascii_case(name)) {
        return false;
    }
    let step = |sum: u32, value: u32| {
        let sums: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
        let mixed = ((sum & 0x01ff_ffff) << 5) ^ value;
        sums.iter()
            .enumerate()
            .fold(mixed, |mixed, (bit, with)| mixed ^ if sum >> 25 >> bit & 1 == 1 { *with } else { 0 })
    };
    let lower = |byte: &u8| u32::from(byte.to_ascii_lowercase());
    let high = name.iter().fold(1, |sum, byte| step(sum, lower(byte) >> 5));
    let low = name.iter().fold(step(high, 0), |sum, byte| step(sum, lower(byte) & 31));
    let mut sum = low;
    for byte in data {
        let Some(value) = DIGITS.iter().position(|digit| *digit == byte.to_ascii_lowercase()) else { return false };
        sum = step(sum, value as u32);
    }
    sum == 1 || sum == 0x2bc8_30a3
}

#[cfg(test)]
mod tests {
    use crate::pii::tests::assert_finds;

    /// Vectors of BIP 173, BIP 350, EIP-55 and the documents of the currencies.
    #[test]
    fn addresses_with_a_right_checksum_are_found() {
        assert_finds(
            "crypto",
            "",
            &[
                "⟦1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa⟧",
                "send to ⟦3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy⟧, please. (⟦1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2⟧)",
                "bitcoin:⟦bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4⟧",
                "⟦BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4⟧",
                "⟦bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0⟧",
                "⟦0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed⟧ ⟦0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359⟧",
                "⟦0xde709f2102306220921060314715629080e2fb77⟧ ⟦0x52908400098527886E0F7030069857D2E4169EE7⟧",
                "地址⟦1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa⟧。",
                "⟦rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh⟧",
                "⟦TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t⟧",
                "⟦5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ⟧",
            ],
        );
    }

    #[test]
    fn others_are_left() {
        assert_finds(
            "crypto",
            "",
            &[
                "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb 3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLz",
                "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5 bc1Qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
                "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD 0x0000000000000000000000000000000000000000",
                "0xde709f2102306220921060314715629080e2fb7 x1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
                "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            ],
        );
    }
}
