//! Sizes as people write them: `512MiB`, `2GiB`, `1.5GB`, or plain bytes.

const UNITS: [(&str, u64); 8] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

/// Reads a size in bytes; `None` if it is none, or zero.
pub fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) =
        UNITS.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit))).unwrap_or((text, 1));
    let number: f64 = number.trim().parse().ok()?;
    let bytes = number * unit as f64;
    (bytes >= 1.0 && bytes < u64::MAX as f64).then_some(bytes as u64)
}

/// The shortest exact way to write a size.
pub fn to_text(bytes: u64) -> String {
    let binary = UNITS[..4].iter().rev().find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit));
    binary.map_or_else(|| format!("{bytes}B"), |(name, unit)| format!("{}{name}", bytes / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        for (text, bytes) in
            [("1024", 1024), ("2GiB", 2 << 30), (" 1.5 GB ", 1_500_000_000), ("256 MiB", 256 << 20), ("7B", 7)]
        {
            assert_eq!(parse(text), Some(bytes), "{text}");
            assert_eq!(parse(&to_text(bytes)), Some(bytes), "{text}");
        }
        assert_eq!(to_text(256 << 20), "256MiB");
        for text in ["", "MiB", "-1", "0", "many", "1e99GB"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
