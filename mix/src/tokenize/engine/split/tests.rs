//! Compares a splitter with its pattern on made texts; the crate `regex` has no lookahead, which is added here.

use super::Splitter;
use regex::Regex;
use tokenmill_core::hash::hash64;

/// The pieces of a text.
pub fn pieces<'a>(splitter: &impl Splitter, text: &'a str) -> Vec<&'a str> {
    let (mut pieces, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let end = splitter.end(text.as_bytes(), at);
        assert!(end > at, "empty piece at {at} of {text:?}");
        pieces.push(&text[at..end]);
        at = end;
    }
    pieces
}

/// Characters of every class, and those that patterns name.
const CHARACTERS: [&str; 44] = [
    "a", "b", "S", "T", "'", "'", "s", "t", "re", "LL", "ve", "d", "m", "ſ", "K", " ", " ", "  ", "\n", "\r", "\t", "\u{b}",
    "\u{a0}", "\u{3000}", "\u{85}", "1", "23", "٣", "Ⅷ", "½", ".", "/", "(", "…", "🙂", "é", "É", "ǅ", "ʰ", "中", "文",
    "\u{301}", "\u{0903}", "longword",
];

/// Splits made texts both ways. The pattern is given without `(?!\S)` and `$`: its last alternative is `\s+`, and what
/// it matches is cut here. `newlines`: the pattern has `\s*[\r\n]+`; `whole_end`: and `\s++$` before it.
pub fn assert_like_pattern(splitter: &impl Splitter, pattern: &str, newlines: bool, whole_end: bool) {
    let regex = Regex::new(&format!(r"^(?:{pattern})")).unwrap();
    for seed in 0..60_000u64 {
        let n = 1 + hash64(seed, b"n") % 14;
        let text: String = (0..n)
            .map(|at| CHARACTERS[(hash64(seed, &at.to_le_bytes()) % CHARACTERS.len() as u64) as usize])
            .collect();
        let (mut want, mut rest) = (Vec::new(), text.as_str());
        while !rest.is_empty() {
            let mut found = regex.find(rest).unwrap().as_str();
            if found.trim().is_empty() {
                let run = &rest[..rest.len() - rest.trim_start().len()];
                let ends_in_newline = newlines && found.ends_with(['\r', '\n']);
                if whole_end && run.len() == rest.len() {
                    found = run;
                } else if !ends_in_newline && run.len() < rest.len() && found.chars().count() > 1 {
                    found = &found[..found.char_indices().next_back().unwrap().0];
                }
            }
            want.push(found);
            rest = &rest[found.len()..];
        }
        assert_eq!(pieces(splitter, &text), want, "{text:?}");
    }
}
