//! The normal form of a text before it is hashed as a whole.

use tokenmill_core::BuildError;
use tokenmill_core::hash::hash128;

/// What counts as the same text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Normal {
    /// Byte for byte.
    Bytes,
    /// Runs of white space are one space.
    Whitespace,
    /// Letters and digits only, in lower case.
    Letters,
}

impl Normal {
    /// Reads the parameter.
    pub(super) fn named(name: &str) -> Result<Normal, BuildError> {
        match name {
            "bytes" => Ok(Normal::Bytes),
            "whitespace" => Ok(Normal::Whitespace),
            "letters" => Ok(Normal::Letters),
            other => {
                Err(BuildError::new(format!("`normalize` must be `bytes`, `whitespace` or `letters`, not `{other}`")))
            }
        }
    }

    /// xxh3-128 of the normal form of `text`, with `salt` before it; `None` when nothing is left of the text.
    pub(super) fn key(self, salt: &str, text: &str) -> Option<u128> {
        let mut normal = String::with_capacity(salt.len() + 1 + text.len());
        normal.push_str(salt);
        // NUL cannot stand in a salt, so no text can imitate one.
        normal.push('\0');
        let start = normal.len();
        match self {
            Normal::Bytes => normal.push_str(text),
            Normal::Whitespace => push_collapsed(text, &mut normal),
            Normal::Letters => {
                normal.extend(text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase));
            }
        }
        (normal.len() > start).then(|| hash128(normal.as_bytes()))
    }
}

/// Adds a text with one space for every run of white space inside it. What has single spaces already is copied as it is.
fn push_collapsed(text: &str, normal: &mut String) {
    let text = text.trim();
    let bytes = text.as_bytes();
    let (mut copied, mut at) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        // Words and single spaces; only control characters, a second space and characters of several bytes are looked at.
        let is_plain = matches!(byte, b'!'..=0x7f) || (*byte == b' ' && matches!(bytes.get(at + 1), Some(b'!'..=0x7f)));
        if is_plain {
            at += 1;
            continue;
        }
        let rest = &text[at..];
        let n_white = rest.len() - rest.trim_start().len();
        if n_white == 0 {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        }
        normal.push_str(&text[copied..at]);
        normal.push(' ');
        at += n_white;
        copied = at;
    }
    normal.push_str(&text[copied..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_white_space_are_one_space() {
        const PARTS: [&str; 10] = ["a", "word", " ", "  ", "\n", "\u{a0}", "é", "\t", "\u{3000}", "漢"];
        for seed in 0..2_000u64 {
            let part = |at: u64| PARTS[(tokenmill_core::hash::hash64(seed, &at.to_le_bytes()) % 10) as usize];
            let text: String = (0..seed % 20).map(part).collect();
            let mut found = String::new();
            push_collapsed(&text, &mut found);
            assert_eq!(found, text.split_whitespace().collect::<Vec<_>>().join(" "), "{text:?}");
        }
    }

    #[test]
    fn forms_differ_in_what_they_overlook() {
        let same = |normal: Normal, a: &str, b: &str| normal.key("", a) == normal.key("", b);
        let texts = ["Hello,\n  world! 1", "Hello, world! 1", "hello world 1", "hello world 2"];
        let expected = [
            (Normal::Bytes, [false, false, false]),
            (Normal::Whitespace, [true, false, false]),
            (Normal::Letters, [true, true, false]),
        ];
        for (normal, same_as_first) in expected {
            assert_eq!([1, 2, 3].map(|at| same(normal, texts[0], texts[at])), same_as_first, "{normal:?}");
        }
    }

    #[test]
    fn nothing_has_no_key() {
        assert_eq!(Normal::Bytes.key("en", ""), None);
        assert_eq!(Normal::Whitespace.key("en", " \n\u{3000}"), None);
        assert_eq!(Normal::Letters.key("en", "-- ?!"), None);
        assert_ne!(Normal::Bytes.key("en", "x"), Normal::Bytes.key("de", "x"));
    }

    #[test]
    fn keys_are_frozen() {
        let key = Normal::Whitespace.key("", "To be,\tor not to be").map(|key| format!("{key:032x}"));
        assert_eq!(key.as_deref(), Some("1eb5952f48bea185ac49de61691a2e5b"));
    }
}
