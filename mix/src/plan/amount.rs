//! Numbers of tokens as people write and read them: `15T`, `256M`.

/// Tokens of a budget or of all supply, at most: sums and products with shares stay within 128 bits.
pub const MAX_TOKENS: u64 = 1 << 60;

/// The units, from large to small.
const UNITS: [(char, u64); 4] = [('T', 1_000_000_000_000), ('B', 1_000_000_000), ('M', 1_000_000), ('K', 1_000)];

/// Reads `15T`, `1.5B` or `1_000`; K, M, B and T are powers of a thousand. `None` unless it is a whole number of tokens.
pub fn parse(text: &str) -> Option<u64> {
    let unit = UNITS.iter().find(|(letter, _)| text.ends_with(*letter));
    let (digits, factor) = unit.map_or((text, 1), |(_, factor)| (&text[..text.len() - 1], *factor));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let number = |digits: &str| {
        let plain =
            digits.starts_with(|c: char| c.is_ascii_digit()) && digits.bytes().all(|b| b.is_ascii_digit() || b == b'_');
        plain.then(|| digits.replace('_', "").parse::<u64>().ok()).flatten()
    };
    if part.contains('_') {
        return None;
    }
    let scale = 10u64.checked_pow(u32::try_from(part.len()).ok()?)?;
    let part = u128::from(number(part)?) * u128::from(factor);
    if part % u128::from(scale) != 0 {
        return None;
    }
    let tokens = u128::from(number(whole)?) * u128::from(factor) + part / u128::from(scale);
    u64::try_from(tokens).ok().filter(|tokens| *tokens <= MAX_TOKENS)
}

/// A number of tokens for a table: four digits and a unit, cut off and not rounded up.
pub fn short(tokens: u64) -> String {
    let Some((letter, factor)) = UNITS.iter().find(|(_, factor)| tokens >= *factor && tokens >= 10_000) else {
        return tokens.to_string();
    };
    let (whole, rest) = (tokens / factor, tokens % factor);
    let digits = 4usize.saturating_sub(whole.to_string().len());
    let part = format!("{:012}", u128::from(rest) * 1_000_000_000_000 / u128::from(*factor));
    let part = part[..digits].trim_end_matches('0');
    if part.is_empty() { format!("{whole}{letter}") } else { format!("{whole}.{part}{letter}") }
}

/// A number of tokens to copy into a mix: `9_600_000`.
pub fn exact(tokens: u64) -> String {
    let digits = tokens.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly() {
        let read =
            [("15T", 15_000_000_000_000), ("1.5B", 1_500_000_000), ("256M", 256_000_000), ("7", 7), ("1_000", 1000)];
        for (text, tokens) in read {
            assert_eq!(parse(text), Some(tokens), "{text}");
        }
        for text in [
            "",
            "T",
            ".5B",
            "1.",
            "1.0001K",
            "-1",
            "1 B",
            "1e9",
            "1b",
            "1.5",
            "2000000T",
            "_1",
            "1.5_0B",
            "1.99999999999999999999B",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn amounts_are_shown_short_or_exactly() {
        let shown =
            [(0, "0"), (9999, "9999"), (12_345, "12.34K"), (15_000_000_000_000, "15T"), (999_999_999, "999.9M")];
        for (tokens, text) in shown {
            assert_eq!(short(tokens), text);
        }
        assert_eq!(short(1_002_000_000), "1.002B");
        assert_eq!(exact(0), "0");
        assert_eq!(exact(9_600_000), "9_600_000");
        assert_eq!(parse(&exact(123_456)), Some(123_456));
    }
}
