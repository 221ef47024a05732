//! Fields of fixed-width rows as bytes whose order is the order of the fields (most significant byte first).

/// Reads a field.
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |chunk| u32::from_be_bytes(*chunk))
}

/// Reads a field.
pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |chunk| u64::from_be_bytes(*chunk))
}

/// Reads a field.
pub fn u128_at(bytes: &[u8], at: usize) -> u128 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |chunk| u128::from_be_bytes(*chunk))
}

/// Puts fields one behind the other.
pub fn row<const W: usize>(fields: &[&[u8]]) -> [u8; W] {
    let mut out = [0; W];
    let mut at = 0;
    for field in fields {
        out[at..at + field.len()].copy_from_slice(field);
        at += field.len();
    }
    debug_assert_eq!(at, W, "the fields must fill the row");
    out
}
