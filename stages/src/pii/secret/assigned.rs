//! Secrets that are assigned: `password = "…"`, `"apiKey": "…"`, `token: …`.

use super::random;
use crate::pii::site::Site;

/// Bytes of a name.
const MAX_NAME: usize = 40;

/// Bytes of a value.
const MAX_VALUE: usize = 256;

/// Endings of names whose values are secret, in lower case.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "passwort",
    "passphrase",
    "passcode",
    "kennwort",
    "contrasena",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "accesskey",
    "access_key",
    "access-key",
    "privatekey",
    "private_key",
    "secretkey",
    "secret_key",
    "accountkey",
    "account_key",
    "authkey",
    "auth_key",
    "key_base",
    "credential",
    "credentials",
];

/// Endings that are words of their own only behind a separator, a capital letter, or nothing.
const SHORT: &[&str] = &["pass", "auth"];

/// The value that is assigned by the `=` or `:` at a place, when its name and its looks say that it is secret.
pub(in crate::pii) fn assigned(site: &Site<'_>, at: usize) -> Option<(usize, usize)> {
    let strength = strength(name(site, at))?;
    let mut start = at + 1;
    // `:=`, `=>`, `==`.
    start += usize::from(matches!(site.byte(start), b'=' | b'>'));
    start += site.slice(start, start + 3).iter().take_while(|byte| **byte == b' ').count();
    let quote = Some(site.byte(start)).filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    start += usize::from(quote.is_some());
    let window = site.slice(start, start + MAX_VALUE + 1);
    let len = match quote {
        Some(quote) => window.iter().position(|byte| *byte == quote || *byte == b'\n')?,
        None => {
            let is_end = |byte: &u8| byte.is_ascii_whitespace() || b",;)}]>\"'`<&".contains(byte);
            let len = window.iter().position(is_end).unwrap_or(window.len());
            window[..len].iter().rposition(|byte| *byte != b'.').map_or(0, |last| last + 1)
        }
    };
    let value = &window[..len];
    let is_secret = match (strength, quote) {
        (Strength::Named, Some(_)) => random::is_password(value),
        (Strength::Named, None) => {
            site.has_bare_texts && value.len() >= 8 && !is_path(value) && random::is_password(value)
        }
        (Strength::Key, Some(_)) => random::is_key(value),
        (Strength::Key, None) => false,
    };
    is_secret.then_some((start, start + len))
}

/// Whether a value is a path of names, as in `token: lexer::Token2`; the first colon of a path is no assignment.
fn is_path(value: &[u8]) -> bool {
    value.first() == Some(&b':') || memchr::memmem::find(value, b"::").is_some()
}

#[derive(Clone, Copy)]
enum Strength {
    /// The name says that the value is secret.
    Named,
    /// It is a key, of a door or of a table.
    Key,
}

/// The name before a sign of assignment: an identifier, perhaps in quotes.
fn name<'a>(site: &Site<'a>, at: usize) -> &'a [u8] {
    let before = site.slice(at.saturating_sub(MAX_NAME + 4), at);
    let is_around = |byte: &u8| matches!(byte, b' ' | b'"' | b'\'' | b'`' | b']' | b':');
    let len = before.iter().rposition(|byte| !is_around(byte)).map_or(0, |last| last + 1);
    // No more than a quote, a bracket and a blank may stand between.
    if before.len() - len > 3 {
        return &[];
    }
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let start = before[..len].iter().rposition(|byte| !is_name(byte)).map_or(0, |before| before + 1);
    &before[start..len]
}

fn strength(name: &[u8]) -> Option<Strength> {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let name = &name[..name.len() - digits];
    let ends = |ending: &str| {
        let tail = name.len().checked_sub(ending.len()).and_then(|at| name.get(at..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(ending.as_bytes()))
    };
    let is_word = |ending: &str| {
        let at = name.len() - ending.len();
        let before = at.checked_sub(1).and_then(|before| name.get(before)).copied().unwrap_or(b'_');
        let is_camel = before.is_ascii_lowercase() && name[at].is_ascii_uppercase();
        !before.is_ascii_alphabetic() || is_camel
    };
    if NAMES.iter().any(|ending| ends(ending)) || SHORT.iter().any(|ending| ends(ending) && is_word(ending)) {
        return Some(Strength::Named);
    }
    (ends("key") && is_word("key")).then_some(Strength::Key)
}

#[cfg(test)]
mod tests {
    use crate::pii::tests::assert_finds;

    #[test]
    fn values_of_secret_names_are_found() {
        assert_finds(
            "secret",
            "",
            &[
                "password = \"⟦xK9#pq2L⟧\"",
                "DB_PASS=⟦xK9pq2Lw⟧\n",
                "{\"apiKey\": \"⟦k3jd82hslq0⟧\", \"x\": 1}",
                "pass := '⟦WEoqYIgIq⟧'",
                "config['token'] = `⟦a8f5f167f44f4964e6c998dee827110c⟧`",
                "Password: ⟦xK9pq2Lw⟧. Next",
                "secret => \"⟦s8Kd02jf⟧\"",
                "key = \"⟦9f86d081884c7d659a2feaa0c55ad015⟧\"",
                "the token:⟦abc123def456⟧",
            ],
        );
    }

    #[test]
    fn other_values_are_left() {
        assert_finds(
            "secret",
            "",
            &[
                "password = \"password1\" password: required, password = os.environ[\"X1\"]",
                "tokenizer = \"bert-base-2\" max_tokens: 4096 token = get_token()",
                "monkey: \"9f86d081884c7d659a2feaa0c55ad015\" compass = \"x9f86d08\" key: 9f86d081884c7d659a2feaa0c55ad015",
                "key = \"the-quick-brown-fox\" Key: C major. Secret: nobody knows",
                "secret = '<your-secret-1>' token=${TOKEN1} pwd: $PWD",
                "a:b = c: == :: =",
                "token: lexer::Token2, Token::Number2{ Auth::Basic64 }",
            ],
        );
    }

    #[test]
    fn a_program_has_its_texts_in_quotes() {
        let text = "token: ⟦xK9pq2LwT4⟧\npassword = \"⟦xK9pq2Lw⟧\"";
        assert_finds("secret", "x-yaml", &[text]);
        let text = "token: xK9pq2LwT4\npassword = \"⟦xK9pq2Lw⟧\"";
        assert_finds("secret", "x-rust", &[text]);
    }
}
