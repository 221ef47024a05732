//! Cuts a long text where every splitting pattern has a border anyway, so that pieces can be encoded one by one.
//!
//! The fast encoder hands texts of 64 KiB and more to threads of its own; here one task is one thread, so longer
//! texts are cut first. A cut is made only after a letter and before ` ` + letter, or before one of `,.、。，।،`: there
//! a piece ends and another begins in all the patterns of [`super::scan::Pattern`], and none of them looks back.

/// Pieces have at least this many bytes, and seldom many more.
const PIECE_BYTES: usize = 32 * 1024;

/// A piece of this many bytes is too long for the fast encoder: it would go to several threads.
pub const LONG_BYTES: usize = 2 * PIECE_BYTES;

/// The pieces of `text`, in order; joined, they are the text again.
pub fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, tail) = rest.split_at(first_cut(rest));
        rest = tail;
        Some(piece)
    })
}

/// Where the first piece of `text` ends: at a cut, or at the end.
fn first_cut(text: &str) -> usize {
    if text.len() < LONG_BYTES {
        return text.len();
    }
    let start = text.floor_char_boundary(PIECE_BYTES);
    let mut characters = text[start..].char_indices().map(|(at, character)| (start + at, character)).peekable();
    let mut after_letter = false;
    while let Some((at, character)) = characters.next() {
        let before_letter = characters.peek().is_some_and(|(_, next)| is_plain_letter(*next));
        let border =
            matches!(character, ',' | '.' | '、' | '。' | '，' | '।' | '،') || (character == ' ' && before_letter);
        if after_letter && border {
            return at;
        }
        after_letter = is_plain_letter(character);
    }
    text.len()
}

/// Letters (`\p{L}`, cased or not) of common scripts, under every version of Unicode.
fn is_plain_letter(character: char) -> bool {
    matches!(
        character,
        'a'..='z' | 'A'..='Z' | 'À'..='Ö' | 'Ø'..='ö' | 'ø'..='ɏ' | 'а'..='я' | 'А'..='Я' | 'α'..='ω'
            | 'א'..='ת' | 'ء'..='ي' | 'अ'..='ह' | 'অ'..='ঌ' | 'ক'..='ন' | 'ก'..='ะ' | 'ぁ'..='ゖ' | 'ァ'..='ヺ'
            | '\u{4e00}'..='\u{9fa5}' | '가'..='힣'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_to_the_text_and_stay_small() {
        for sentence in [
            "the quick, brown fox 42 ",
            "Привет, мир! ",
            "他们在这里，测试。",
            "한국어 문장입니다. ",
            "مرحبا بالعالم، ",
            "यह एक वाक्य है। ",
            "ภาษาไทย และ ",
        ] {
            let text = sentence.repeat(20_000);
            let pieces: Vec<&str> = pieces(&text).collect();
            assert_eq!(pieces.concat(), text);
            assert!(pieces.iter().all(|piece| piece.len() < LONG_BYTES), "{sentence}");
        }
    }

    #[test]
    fn text_without_a_safe_cut_stays_whole() {
        for unit in ["a", " ", "\n", "1 ", ", ", "x\n", "e\u{301}, "] {
            let text = unit.repeat(200_000 / unit.len());
            assert_eq!(pieces(&text).count(), 1, "{unit:?}");
        }
        assert_eq!(pieces("").count(), 0);
    }

    /// A cut is no border unless the classes are right, for every character that is taken for a letter.
    #[test]
    fn plain_letters_are_letters_and_borders_are_punctuation() {
        use crate::tokenize::scan::{Pattern, is_punctuation};
        assert!(",.、。，।،".chars().all(is_punctuation));
        for letter in ('\0'..=char::MAX).filter(|character| is_plain_letter(*character)) {
            for border in [" x", ",", "।"] {
                let text = format!("{letter}{border}");
                for pattern in [Pattern::Gpt2, Pattern::Words { digits: 3 }, Pattern::CasedWords] {
                    assert_eq!(pattern.pieces(&text).collect::<Vec<_>>(), [&text[..letter.len_utf8()], border]);
                }
            }
        }
    }

    #[test]
    fn a_cut_stands_before_the_space() {
        let text = format!("{}b cd", "1".repeat(LONG_BYTES));
        let pieces: Vec<&str> = pieces(&text).collect();
        assert_eq!(pieces[1], " cd");
    }
}
