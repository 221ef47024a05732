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
            Normal::Whitespace => {
                for word in text.split_whitespace() {
                    if normal.len() > start {
                        normal.push(' ');
                    }
                    normal.push_str(word);
                }
            }
            Normal::Letters => {
                normal.extend(text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase));
            }
        }
        (normal.len() > start).then(|| hash128(normal.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
