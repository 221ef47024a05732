//! Keys, tokens and passwords: by the prefixes that services give them, as blocks, in URLs, and where one is assigned.

mod assigned;
mod random;

pub(super) use assigned::assigned;

use super::site::Site;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use std::sync::LazyLock;

/// What may follow a prefix.
#[derive(Clone, Copy)]
enum Body {
    /// Capital letters and digits.
    Capitals,
    /// Hexadecimal digits in lower case.
    Hex,
    /// Letters and digits.
    Alnum,
    /// Letters, digits, `-` and `_`, as in base 64 for URLs.
    Url,
    /// The same with dots: a signed JSON token.
    Jwt,
    /// A block of a private key.
    Block,
    /// All up to the quote that ends it.
    Quoted,
}

/// Prefixes of tokens, what follows, and how many bytes of it: from the documents of the services.
const PREFIXES: &[(&str, Body, usize, usize)] = &[
    // Amazon: access keys, lasting and temporary.
    ("AKIA", Body::Capitals, 16, 16),
    ("ASIA", Body::Capitals, 16, 16),
    ("ABIA", Body::Capitals, 16, 16),
    ("ACCA", Body::Capitals, 16, 16),
    // Alibaba.
    ("LTAI", Body::Alnum, 12, 24),
    // GitHub, GitLab.
    ("ghp_", Body::Alnum, 36, 255),
    ("gho_", Body::Alnum, 36, 255),
    ("ghu_", Body::Alnum, 36, 255),
    ("ghs_", Body::Alnum, 36, 255),
    ("ghr_", Body::Alnum, 36, 255),
    ("github_pat_", Body::Url, 60, 120),
    ("glpat-", Body::Url, 20, 64),
    // Slack.
    ("xoxb-", Body::Url, 20, 255),
    ("xoxp-", Body::Url, 20, 255),
    ("xoxa-", Body::Url, 20, 255),
    ("xoxr-", Body::Url, 20, 255),
    ("xoxs-", Body::Url, 20, 255),
    ("xapp-", Body::Url, 20, 255),
    // Stripe.
    ("sk_live_", Body::Alnum, 16, 255),
    ("sk_test_", Body::Alnum, 16, 255),
    ("rk_live_", Body::Alnum, 16, 255),
    ("rk_test_", Body::Alnum, 16, 255),
    ("whsec_", Body::Alnum, 24, 128),
    // Google: keys, OAuth tokens and secrets.
    ("AIza", Body::Url, 35, 35),
    ("ya29.", Body::Url, 20, 1024),
    ("GOCSPX-", Body::Url, 28, 28),
    // OpenAI, Anthropic, Hugging Face.
    ("sk-", Body::Url, 20, 255),
    ("hf_", Body::Alnum, 30, 40),
    // SendGrid, Mailgun, Shopify, DigitalOcean, Databricks.
    ("SG.", Body::Jwt, 60, 80),
    ("key-", Body::Hex, 32, 32),
    ("shpat_", Body::Hex, 32, 32),
    ("shpss_", Body::Hex, 32, 32),
    ("shpca_", Body::Hex, 32, 32),
    ("shppa_", Body::Hex, 32, 32),
    ("dop_v1_", Body::Hex, 64, 64),
    ("dapi", Body::Hex, 32, 32),
    // Registries of packages.
    ("npm_", Body::Alnum, 36, 36),
    ("pypi-", Body::Url, 50, 1024),
    // Signed JSON tokens (RFC 7519), whose header is `{"` in base 64.
    ("eyJ", Body::Jwt, 30, 8192),
    ("Bearer ", Body::Jwt, 20, 4096),
    ("AGE-SECRET-KEY-1", Body::Capitals, 58, 58),
    ("-----BEGIN ", Body::Block, 0, 0),
    ("IDENTIFIED BY '", Body::Quoted, 4, 128),
];

/// Bytes of the largest block of a private key.
const MAX_BLOCK: usize = 16 << 10;

/// Bytes of base 64 without which a block is only its header, quoted.
const MIN_BLOCK: usize = 40;

static AUTOMATON: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let prefixes = PREFIXES.iter().map(|(prefix, ..)| prefix);
    AhoCorasickBuilder::new().match_kind(MatchKind::LeftmostFirst).build(prefixes).ok()
});

/// Calls `found` with every secret that a prefix gives away, from left to right.
pub(super) fn prefixed(site: &Site<'_>, mut found: impl FnMut(usize, usize)) {
    let Some(automaton) = AUTOMATON.as_ref() else { return };
    let mut done = 0;
    for hit in automaton.find_iter(site.bytes) {
        let Some((prefix, body, min, max)) = PREFIXES.get(hit.pattern().as_usize()) else { continue };
        // A body may hold `-` and `.`: behind these a prefix is inside of one, which has been read once.
        let is_inside = matches!(site.byte_before(hit.start()), b'-' | b'.');
        if hit.start() < done || is_inside || !site.opens(hit.start()) {
            continue;
        }
        let end = match body {
            Body::Block => block(site, hit.start(), hit.end()),
            _ => token(site, hit.end(), *body, *min, *max),
        };
        if let Some(end) = end {
            // What is not part of the secret stays.
            let start = if matches!(body, Body::Quoted) || prefix.ends_with(' ') && !matches!(body, Body::Block) {
                hit.end()
            } else {
                hit.start()
            };
            found(start, end);
            done = end;
        }
    }
}

/// End of a token whose body starts here.
fn token(site: &Site<'_>, start: usize, body: Body, min: usize, max: usize) -> Option<usize> {
    let fits = |byte: &u8| match body {
        Body::Capitals => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        Body::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        Body::Alnum => byte.is_ascii_alphanumeric(),
        Body::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
        Body::Jwt => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'),
        Body::Quoted => !matches!(byte, b'\'' | b'\n'),
        Body::Block => false,
    };
    let window = site.slice(start, start + max + 1);
    let mut len = window.iter().take_while(|byte| fits(byte)).count();
    while len > 0 && matches!(window[len - 1], b'.' | b'-') {
        len -= 1;
    }
    if !(min..=max).contains(&len) {
        return None;
    }
    let token = &window[..len];
    let is_right = match body {
        Body::Quoted => site.byte(start + len) == b'\'' && random::is_password(token),
        Body::Jwt => token.contains(&b'.') && random::is_token(token),
        _ => random::is_token(token),
    };
    is_right.then_some(start + len)
}

/// End of the block of a private key whose header starts at `start`, with its kind from `kind` on.
fn block(site: &Site<'_>, start: usize, kind: usize) -> Option<usize> {
    const DASHES: &[u8] = b"-----";
    let header = site.slice(kind, kind + 48);
    let kind_len = memchr::memmem::find(header, DASHES)?;
    memchr::memmem::find(&header[..kind_len], b"PRIVATE KEY")?;
    let body_start = kind + kind_len + DASHES.len();
    let window = site.slice(body_start, start + MAX_BLOCK);
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    // The next dashes end the block or start another.
    let footer = memchr::memmem::find(window, DASHES).filter(|at| window[*at..].starts_with(b"-----END "));
    // Cut off, a block is as secret; it ends where base 64 ends.
    let inside = footer.unwrap_or_else(|| lines_of_base64(window));
    if window[..inside].iter().filter(|byte| is_base64(byte)).count() < MIN_BLOCK {
        return None;
    }
    let Some(footer) = footer else {
        let last = window[..inside].iter().rposition(is_base64)?;
        return Some(body_start + last + 1);
    };
    let rest = site.slice(body_start + footer + 9, body_start + footer + 64);
    let close = memchr::memmem::find(rest, DASHES).map_or(0, |close| close + DASHES.len());
    Some(body_start + footer + 9 + close)
}

/// Bytes of a block up to the first word that is no line of base 64.
fn lines_of_base64(window: &[u8]) -> usize {
    const MIN_LINE: usize = 16;
    let mut end = 0;
    for word in window.split(u8::is_ascii_whitespace) {
        let is_line = word.is_empty() || word.len() >= MIN_LINE || word.ends_with(b"=");
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        let n_right = word.iter().take_while(|byte| is_base64(byte)).count();
        if is_line {
            end += n_right;
        }
        if !is_line || n_right < word.len() {
            break;
        }
        end += 1;
    }
    end.min(window.len())
}

/// User and password before the `@` of a URL: `https://user:password@host`.
pub(super) fn in_url(site: &Site<'_>, at: usize) -> Option<(usize, usize)> {
    const MAX: usize = 256;
    let before = site.slice(at.saturating_sub(MAX), at);
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'<' | b'`');
    let token = &before[before.iter().rposition(is_end).map_or(0, |end| end + 1)..];
    let user = &token[memchr::memmem::rfind(token, b"://")? + 3..];
    let colon = memchr::memchr(b':', user)?;
    let password = &user[colon + 1..];
    let is_right = !user.contains(&b'/') && password.len() >= 3 && !random::is_dummy(password);
    (is_right && site.byte(at + 1).is_ascii_alphanumeric()).then_some((at - user.len(), at))
}

/// A token of a Telegram bot, `123456789:AA…`, at its colon.
pub(super) fn telegram(site: &Site<'_>, colon: usize) -> Option<(usize, usize)> {
    let digits =
        site.slice(colon.saturating_sub(11), colon).iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let start = colon - digits;
    let is_bot = (8..=10).contains(&digits) && site.opens(start) && site.slice(colon + 1, colon + 3) == b"AA";
    let end = is_bot.then(|| token(site, colon + 1, Body::Url, 35, 35)).flatten()?;
    Some((start, end))
}

#[cfg(test)]
mod tests {
    use crate::pii::tests::assert_finds;

    /// Joined here, so that no scanner takes the examples for leaks.
    fn joined(parts: &[&str]) -> String {
        parts.concat()
    }

    #[test]
    fn tokens_are_found_by_their_prefix() {
        let body = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
        for prefix in ["ghp_", "gho_", "npm_", "sk_live_", "sk-", "glpat-", "xoxb-"] {
            let text = joined(&["x = ⟦", prefix, body, "⟧, y"]);
            assert_finds("secret", "", &[&text]);
        }
        let hex = "0123456789abcdef0123456789abcdef";
        for (prefix, body) in [
            ("AKIA", "IOSFODNN7EXAMPLQ"),
            ("AIza", "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"),
            ("shpat_", hex),
            ("key-", hex),
            ("hf_", "abcdEFGHijklMNOPqrstUVWXyzABcdEF12"),
            ("eyJ", "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.c2lnbmF0dXJlLXdpdGgtMTI"),
        ] {
            assert_finds("secret", "", &[&joined(&["(⟦", prefix, body, "⟧).\n"])]);
        }
        assert_finds("secret", "", &["123456789:AAx "]);
        assert_finds("secret", "", &[&joined(&["bot ⟦123456789:AAH", "dqTcvCH1vGWJxfSeofSAs0K5PALDsaw1⟧"])]);
        assert_finds(
            "secret",
            "",
            &["CREATE USER 'ann' IDENTIFIED BY '⟦pw#17xK⟧';", "postgres://⟦ann:s3cr7xt⟧@db.example.org/x"],
        );
    }

    #[test]
    fn blocks_are_found_whole() {
        let body = "MIIEpAIBAAKCAQEA0123456789abcdefghijklmnopqrstuvwxyz+/AB\n";
        let (begin, end) =
            (joined(&["-----BEGIN RSA ", "PRIVATE KEY-----\n"]), joined(&["-----END RSA ", "PRIVATE KEY-----"]));
        assert_finds("secret", "", &[&joined(&["before ⟦", &begin, body, &end, "⟧ after"])]);
        assert_finds("secret", "", &[&joined(&["before ⟦", &begin, body.trim_end(), "⟧"])]);
        assert_finds("secret", "", &[&joined(&["a file with ", &begin, " at its head"])]);
        assert_finds("secret", "", &[&joined(&["-----BEGIN CERTIFICATE-----\n", body])]);
    }

    #[test]
    fn words_are_left() {
        assert_finds(
            "secret",
            "",
            &[
                "a risk-free desk-top-publishing-solution-for-everyone, sk-learn",
                "AKIA ghp_ ghp_short sk_live_ xoxb-your-token-goes-here-please",
                "Bearer of the ring. eyJ eyJust.a.sentence.without.any.digits.at.all",
                "AKIAAAAAAAAAAAAAAAAA",
                "https://user:password@example.org https://example.org:8080/@ann",
                "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            ],
        );
    }
}
