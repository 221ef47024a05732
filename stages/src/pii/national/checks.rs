//! What the checks of national numbers share: dates, weighted sums, and the pure systems of ISO/IEC 7064.

/// The value of a digit, or of a letter (A is 10).
pub(super) fn value(byte: u8) -> u32 {
    match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        _ => u32::from(byte.saturating_sub(b'A')) + 10,
    }
}

/// Digits as one number; digits beyond the end count as none.
pub(super) fn int(digits: &[u8], start: usize, len: usize) -> u64 {
    digits.iter().skip(start).take(len).fold(0, |number, digit| number * 10 + u64::from(value(*digit)))
}

/// Whether there is such a day in some year.
pub(super) fn is_date(month: u64, day: u64) -> bool {
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Sum of the first digits times their weights.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| value(*digit) * weight).sum()
}

/// The last digit as a number.
pub(super) fn last(digits: &[u8]) -> u32 {
    digits.last().map_or(u32::MAX, |digit| value(*digit))
}

/// ISO/IEC 7064 MOD 11,10, a hybrid system.
pub(super) fn iso_11_10(digits: &[u8]) -> bool {
    let Some((check, body)) = digits.split_last() else { return false };
    let rest = body.iter().fold(10, |rest, digit| {
        let sum = (rest + value(*digit)) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - rest) % 10 == value(*check)
}

/// Whether all digits are the same, which no authority gives out.
pub(super) fn is_run(digits: &[u8]) -> bool {
    digits.windows(2).all(|pair| pair[0] == pair[1])
}
