//! Whether a value is a secret or a word: by its kinds of characters and how they change.

/// What stands in the place of a secret in examples and templates; compared in lower case.
const DUMMIES: &[&str] = &[
    "xxx",
    "***",
    "...",
    "…",
    "your",
    "change",
    "example",
    "password",
    "passwd",
    "secret",
    "placeholder",
    "dummy",
    "sample",
    "insert",
    "redacted",
    "hidden",
    "todo",
    "process.env",
    "environ",
    "getenv",
    "env.",
    "null",
    "none",
    "undefined",
    "string",
    "${",
    "{{",
    "{%",
    "<%",
    "#{",
    "$(",
    "%(",
    "://",
    "====",
    "----",
];

/// How a value's characters are.
struct Look {
    n: usize,
    lower: usize,
    upper: usize,
    digits: usize,
    /// All that is neither letter nor digit nor one of `-_.`.
    symbols: usize,
    distinct: usize,
    /// Changes between lower and upper case.
    turns: usize,
}

fn look(value: &[u8]) -> Look {
    let count = |is: fn(&u8) -> bool| value.iter().filter(|byte| is(byte)).count();
    let mut seen = [false; 256];
    value.iter().for_each(|byte| seen[*byte as usize] = true);
    let is_turn = |pair: &[u8]| {
        pair[0].is_ascii_alphabetic()
            && pair[1].is_ascii_alphabetic()
            && pair[0].is_ascii_uppercase() != pair[1].is_ascii_uppercase()
    };
    Look {
        n: value.len(),
        lower: count(u8::is_ascii_lowercase),
        upper: count(u8::is_ascii_uppercase),
        digits: count(u8::is_ascii_digit),
        symbols: count(|byte| byte.is_ascii_punctuation() && !b"-_.".contains(byte)),
        distinct: seen.iter().filter(|seen| **seen).count(),
        turns: value.windows(2).filter(|pair| is_turn(pair)).count(),
    }
}

/// Whether it stands for a secret instead of being one.
pub(super) fn is_dummy(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    DUMMIES.iter().any(|dummy| memchr::memmem::find(&lower, dummy.as_bytes()).is_some())
        || matches!(value, [b'<', .., b'>'] | [b'[', .., b']'] | [b'{', .., b'}'] | [.., b'(', b')'])
        || matches!(value, [b'$' | b'%' | b'@', rest @ ..] if rest.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_'))
        || matches!(value, [b'/' | b'.', ..])
}

/// Whether a value that is called a password or a token is one: words alone are not.
pub(super) fn is_password(value: &[u8]) -> bool {
    let look = look(value);
    let is_mixed = look.turns * 3 >= look.n && look.turns >= 3;
    let n_classes = [look.lower, look.upper, look.digits, look.symbols].iter().filter(|n| **n > 0).count();
    let has_letters = look.lower + look.upper >= 2;
    let varied = look.distinct * 2 > look.n.min(16) && look.distinct >= 4;
    let odd = look.digits > 0 || is_mixed || (look.symbols > 0 && n_classes >= 3);
    (6..=256).contains(&look.n)
        && value.iter().all(u8::is_ascii_graphic)
        && has_letters
        && varied
        && n_classes >= 2
        && odd
        && !is_dummy(value)
}

/// Whether a value behind the prefix of a service is a token.
pub(super) fn is_token(value: &[u8]) -> bool {
    let look = look(value);
    let letters = look.lower + look.upper;
    let longest = value.split(|byte| matches!(byte, b'-' | b'_' | b'.')).map(<[u8]>::len).max().unwrap_or(0);
    look.distinct >= 8 && look.digits > 0 && letters > 0 && longest >= 10 && !is_dummy(value)
}

/// Whether a value that is called a key of any kind is a secret one: long, without words, and no identifier of a thing.
pub(super) fn is_key(value: &[u8]) -> bool {
    let look = look(value);
    let is_base64 = value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=_-".contains(byte));
    let is_uuid = look.n == 36 && value.iter().filter(|byte| **byte == b'-').count() == 4;
    let longest = value.split(|byte| matches!(byte, b'-' | b'_')).map(<[u8]>::len).max().unwrap_or(0);
    (20..=256).contains(&look.n)
        && is_base64
        && !is_uuid
        && look.digits >= 3
        && look.lower + look.upper >= 4
        && longest >= 16
        && entropy(value) >= 3.2
        && !is_dummy(value)
}

/// Shannon's entropy of the bytes, in bits per byte.
fn entropy(value: &[u8]) -> f32 {
    let mut counts = [0u32; 256];
    value.iter().for_each(|byte| counts[*byte as usize] += 1);
    let share = |count: &u32| *count as f32 / value.len() as f32;
    counts.iter().filter(|count| **count > 0).map(share).map(|share| -share * libm::log2f(share)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_no_words() {
        for value in ["KfX3813SO9l", "WEoqYIgIq", "gKPXAWrX", "p@ssW0rx", "hunter2x", "#Kd!lqWe", "sTFNqSVe"] {
            assert!(is_password(value.as_bytes()), "{value}");
        }
        for value in [
            "required",
            "accessTokenName",
            "my_token_name",
            "12345678",
            "aaaaaaa1",
            "${DB_PASS}",
            "<password1>",
            "getenv('X1')",
            "/run/s3cret",
        ] {
            assert!(!is_password(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn keys_are_long_and_without_words() {
        assert!(is_key(b"9f86d081884c7d659a2feaa0c55ad015") && is_key(b"wJalrXUtnFEMI4K7MDENGbPxRfiCYzK1"));
        for value in
            ["550e8400-e29b-41d4-a716-446655440000", "the-quick-brown-fox-jumps-over", "item_12_of_2019_in_house_1"]
        {
            assert!(!is_key(value.as_bytes()), "{value}");
        }
        assert_eq!(entropy(b"aabb"), 1.0);
        assert_eq!(entropy(b"abcdabcd"), 2.0);
    }
}
