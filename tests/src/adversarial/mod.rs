//! Hostile texts for tokenisers: some 50,000 short ones of many kinds, decided by a seed and a vocabulary.

mod random;
mod text;
mod unicode;
mod vocabulary;

use random::Random;

/// A kind of text: its name, how many there are, and how one is made.
type Kind = (&'static str, usize, fn(&mut Random) -> String);

const KINDS: [Kind; 11] = [
    ("blocks", 6_000, unicode::blocks),
    ("soup", 8_000, unicode::soup),
    ("emoji", 2_000, unicode::emoji),
    ("odd", 2_500, unicode::odd),
    ("scripts", 3_000, unicode::scripts),
    ("contractions", 4_000, text::contractions),
    ("white space", 4_000, text::white_space),
    ("digits", 2_500, text::digits),
    ("specials", 2_500, text::specials),
    ("code", 2_500, text::code),
    ("runs", 400, text::runs),
];

/// Hostile texts, always the same for a seed and the tokens of a vocabulary (byte strings, none of them empty).
///
/// # Panics
/// When the vocabulary is empty.
pub fn adversarial(seed: u64, tokens: &[Vec<u8>]) -> Vec<String> {
    assert!(!tokens.is_empty(), "near misses need a vocabulary");
    let mut texts = unicode::code_points(&mut Random::new(seed, "code points"));
    for (name, n, make) in KINDS {
        let mut random = Random::new(seed, name);
        texts.extend((0..n).map(|_| make(&mut random)));
    }
    let mut random = Random::new(seed, "vocabulary");
    texts.extend((0..6_000).map(|_| vocabulary::near(&mut random, tokens)));
    texts.extend((0..3_000).map(|_| vocabulary::whole(&mut random, tokens)));
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn tokens() -> Vec<Vec<u8>> {
        ["the", " quick", "\u{301}", "中文"].map(|token| token.as_bytes().to_vec()).into()
    }

    #[test]
    fn texts_are_many_different_and_the_same_every_time() {
        let texts = adversarial(1, &tokens());
        assert!(texts.len() >= 40_000, "{}", texts.len());
        assert_eq!(texts, adversarial(1, &tokens()));
        assert_ne!(texts, adversarial(2, &tokens()));
        let different: BTreeSet<&String> = texts.iter().collect();
        assert!(different.len() > 40_000, "{}", different.len());
    }

    #[test]
    fn every_character_of_two_planes_and_every_trap_is_met() {
        let texts = adversarial(1, &tokens());
        let met: BTreeSet<char> = texts.iter().flat_map(|text| text.chars()).collect();
        assert!((0..0x20000).filter_map(char::from_u32).all(|character| met.contains(&character)));
        for trap in ["'ſ", "'S", "<|endoftext|>", "\r\n\r\n", "\u{200d}", "\u{180e}", "12345", "   "] {
            assert!(texts.iter().any(|text| text.contains(trap)), "{trap:?}");
        }
    }
}
