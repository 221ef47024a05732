//! `sentences/v1`: where a sentence may end, and a count of sentences that needs no model.
//!
//! A sentence ends at sentence-terminal punctuation that ends a word, closing quotes and brackets apart; terminal
//! punctuation beyond ASCII (`。`, `؟`, `।`) ends one anywhere, since its scripts may have no spaces. A full stop ends none
//! when the next word starts in lower case, or when it belongs to an abbreviation, to initials, or to a number that begins
//! the sentence, as in lists. What is left at the end counts as one more. Every sentence has a letter or a digit.

use super::words::Word;

/// Characters that end a sentence: Unicode's property `Sentence_Terminal` (16.0), and the three Khmer signs that FineWeb-2
/// adds to it. The ellipsis `…` is none.
const TERMINALS: [(char, char); 89] = [
    ('!', '!'),
    ('.', '.'),
    ('?', '?'),
    ('\u{589}', '\u{589}'),
    ('\u{61d}', '\u{61f}'),
    ('\u{6d4}', '\u{6d4}'),
    ('\u{700}', '\u{702}'),
    ('\u{7f9}', '\u{7f9}'),
    ('\u{837}', '\u{837}'),
    ('\u{839}', '\u{839}'),
    ('\u{83d}', '\u{83e}'),
    ('\u{964}', '\u{965}'),
    ('\u{104a}', '\u{104b}'),
    ('\u{1362}', '\u{1362}'),
    ('\u{1367}', '\u{1368}'),
    ('\u{166e}', '\u{166e}'),
    ('\u{1735}', '\u{1736}'),
    ('\u{17d4}', '\u{17d6}'),
    ('\u{17d9}', '\u{17da}'),
    ('\u{1803}', '\u{1803}'),
    ('\u{1809}', '\u{1809}'),
    ('\u{1944}', '\u{1945}'),
    ('\u{1aa8}', '\u{1aab}'),
    ('\u{1b4e}', '\u{1b4f}'),
    ('\u{1b5a}', '\u{1b5b}'),
    ('\u{1b5e}', '\u{1b5f}'),
    ('\u{1b7d}', '\u{1b7f}'),
    ('\u{1c3b}', '\u{1c3c}'),
    ('\u{1c7e}', '\u{1c7f}'),
    ('\u{2024}', '\u{2024}'),
    ('\u{203c}', '\u{203d}'),
    ('\u{2047}', '\u{2049}'),
    ('\u{2cf9}', '\u{2cfb}'),
    ('\u{2e2e}', '\u{2e2e}'),
    ('\u{2e3c}', '\u{2e3c}'),
    ('\u{2e53}', '\u{2e54}'),
    ('\u{3002}', '\u{3002}'),
    ('\u{a4ff}', '\u{a4ff}'),
    ('\u{a60e}', '\u{a60f}'),
    ('\u{a6f3}', '\u{a6f3}'),
    ('\u{a6f7}', '\u{a6f7}'),
    ('\u{a876}', '\u{a877}'),
    ('\u{a8ce}', '\u{a8cf}'),
    ('\u{a92f}', '\u{a92f}'),
    ('\u{a9c8}', '\u{a9c9}'),
    ('\u{aa5d}', '\u{aa5f}'),
    ('\u{aaf0}', '\u{aaf1}'),
    ('\u{abeb}', '\u{abeb}'),
    ('\u{fe12}', '\u{fe12}'),
    ('\u{fe15}', '\u{fe16}'),
    ('\u{fe52}', '\u{fe52}'),
    ('\u{fe56}', '\u{fe57}'),
    ('\u{ff01}', '\u{ff01}'),
    ('\u{ff0e}', '\u{ff0e}'),
    ('\u{ff1f}', '\u{ff1f}'),
    ('\u{ff61}', '\u{ff61}'),
    ('\u{10a56}', '\u{10a57}'),
    ('\u{10f55}', '\u{10f59}'),
    ('\u{10f86}', '\u{10f89}'),
    ('\u{11047}', '\u{11048}'),
    ('\u{110be}', '\u{110c1}'),
    ('\u{11141}', '\u{11143}'),
    ('\u{111c5}', '\u{111c6}'),
    ('\u{111cd}', '\u{111cd}'),
    ('\u{111de}', '\u{111df}'),
    ('\u{11238}', '\u{11239}'),
    ('\u{1123b}', '\u{1123c}'),
    ('\u{112a9}', '\u{112a9}'),
    ('\u{113d4}', '\u{113d5}'),
    ('\u{1144b}', '\u{1144c}'),
    ('\u{115c2}', '\u{115c3}'),
    ('\u{115c9}', '\u{115d7}'),
    ('\u{11641}', '\u{11642}'),
    ('\u{1173c}', '\u{1173e}'),
    ('\u{11944}', '\u{11944}'),
    ('\u{11946}', '\u{11946}'),
    ('\u{11a42}', '\u{11a43}'),
    ('\u{11a9b}', '\u{11a9c}'),
    ('\u{11c41}', '\u{11c42}'),
    ('\u{11ef7}', '\u{11ef8}'),
    ('\u{11f43}', '\u{11f44}'),
    ('\u{16a6e}', '\u{16a6f}'),
    ('\u{16af5}', '\u{16af5}'),
    ('\u{16b37}', '\u{16b38}'),
    ('\u{16b44}', '\u{16b44}'),
    ('\u{16d6e}', '\u{16d6f}'),
    ('\u{16e98}', '\u{16e98}'),
    ('\u{1bc9f}', '\u{1bc9f}'),
    ('\u{1da88}', '\u{1da88}'),
];

/// The first terminal beyond ASCII.
const FIRST_TERMINAL: char = '\u{589}';

/// The lowest first byte that characters from [`FIRST_TERMINAL`] on have in UTF-8.
const FIRST_TERMINAL_BYTE: u8 = 0xd6;

/// Abbreviations that go before something, in lower case and without their last full stop: titles and the like of English,
/// German, French, Spanish and Italian. Those that often end a sentence (`etc.`, `Inc.`) are missing on purpose.
const BEFORE_ANYTHING: [&str; 35] = [
    "approx", "bzw", "ca", "capt", "cf", "col", "dott", "dr", "dra", "esp", "gen", "gov", "hon", "hr", "inkl", "lt",
    "maj", "messrs", "mme", "mr", "mrs", "ms", "mt", "prof", "rep", "rev", "sen", "sgt", "sig", "sr", "sra", "st",
    "vgl", "vs", "zzgl",
];

/// Abbreviations only where a number follows, as other words or the ends of sentences else: references and months.
const BEFORE_NUMBERS: [&str; 32] = [
    "al", "apr", "art", "aug", "cap", "ch", "dec", "ed", "eq", "feb", "fig", "figs", "jan", "jul", "jun", "mar", "no",
    "nos", "nov", "nr", "núm", "oct", "okt", "op", "pp", "pág", "ref", "sec", "sep", "sept", "tel", "vol",
];

/// Last bytes of words at which a sentence may end: full stops and the like, closing marks, and all that is not ASCII.
const MAY_END: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0u8;
    loop {
        table[byte as usize] = matches!(byte, b'.' | b'!' | b'?' | b'"' | b'\'' | b')' | b']' | b'}' | 128..);
        if byte == u8::MAX {
            break table;
        }
        byte += 1;
    }
};

/// Whether `c` may end a sentence.
pub fn is_terminal(c: char) -> bool {
    if c < FIRST_TERMINAL {
        return matches!(c, '.' | '!' | '?');
    }
    let at = TERMINALS.partition_point(|(_, last)| *last < c);
    TERMINALS.get(at).is_some_and(|(first, _)| *first <= c)
}

/// Whether `c` may close a quotation; in some languages the same mark opens one.
pub fn is_closing_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '«' | '»' | '‘'..='‟' | '‹' | '›' | '」' | '』' | '〞' | '〟' | '＂' | '＇' | '｣')
}

/// Whether `c` may stand between the end of a sentence and the white space after it.
fn is_closing(c: char) -> bool {
    is_closing_quote(c) || matches!(c, ')' | ']' | '}' | '）' | '］' | '｝' | '】' | '〉' | '》' | '〕')
}

/// Whether a text without white space at its end stops where a sentence may end: at terminal punctuation, perhaps
/// followed by closing quotes and brackets.
pub fn ends_sentence(text: &str) -> bool {
    match text.as_bytes().last() {
        Some(b'.' | b'!' | b'?') => true,
        Some(byte) if byte.is_ascii_alphanumeric() => false,
        _ => text.trim_end_matches(is_closing).chars().next_back().is_some_and(is_terminal),
    }
}

/// Sentences (`sentences/v1`) in a run of words, such as those of one line: line feeds end none by themselves.
pub fn count_sentences(text: &str, words: &[Word]) -> usize {
    let mut n_ended = 0;
    // Whether there was a letter or digit since the last end, and the index of the word that began the sentence.
    let (mut open, mut first) = (false, 0);
    for (at, word) in words.iter().enumerate() {
        let word_text = word.of(text);
        let bytes = word_text.as_bytes();
        if bytes.len() != word.n_chars as usize && bytes.iter().any(|byte| *byte >= FIRST_TERMINAL_BYTE) {
            for c in word_text.chars() {
                if open && c >= FIRST_TERMINAL && is_terminal(c) {
                    n_ended += 1;
                    (open, first) = (false, at + 1);
                }
                open |= c.is_alphanumeric();
            }
        } else {
            open |= word.has_alphabetic || word_text.chars().any(char::is_numeric);
        }
        if !open || !bytes.last().is_some_and(|last| MAY_END[usize::from(*last)]) {
            continue;
        }
        let stem = word_text.trim_end_matches(is_closing);
        let ends = match stem.as_bytes().last() {
            Some(b'!' | b'?') => true,
            Some(b'.') => {
                let next = words.get(at + 1).and_then(|next| next.of(text).chars().find(|c| c.is_alphanumeric()));
                !next.is_some_and(char::is_lowercase) && !is_shortened(stem, at == first, next)
            }
            _ => false,
        };
        if ends {
            n_ended += 1;
            (open, first) = (false, at + 1);
        }
    }
    n_ended + usize::from(open)
}

/// Whether the full stop at the end of `word` belongs to the word: to an abbreviation, to initials, or to a number that is
/// the first word of its sentence. `next` is the first letter or digit of the next word.
fn is_shortened(word: &str, is_first: bool, next: Option<char>) -> bool {
    let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
    let Some(stem) = word.strip_suffix('.') else { return false };
    if stem.bytes().all(|byte| byte.is_ascii_digit()) {
        return is_first;
    }
    let is_letter = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(char::is_alphabetic) && chars.as_str().is_empty()
    };
    if stem.split('.').all(is_letter) {
        return true;
    }
    // Longer words are in neither list.
    if stem.len() > 8 {
        return false;
    }
    let stem = stem.to_lowercase();
    let is_in = |list: &[&str]| list.binary_search(&stem.as_str()).is_ok();
    is_in(&BEFORE_ANYTHING) || (next.is_some_and(char::is_numeric) && is_in(&BEFORE_NUMBERS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::words::split_words;

    fn count(text: &str) -> usize {
        let mut words = Vec::new();
        split_words(text, &mut words);
        count_sentences(text, &words)
    }

    #[test]
    fn sentences_of_many_scripts() {
        for (text, n) in [
            ("", 0),
            ("... !!! —", 0),
            ("no end", 1),
            ("One. Two! Three? Four", 4),
            ("He said: \u{201c}Go.\u{201d} (She went.) \"Why?!\"", 3),
            ("Wait... What?... so it is", 2),
            ("今天天气很好。我们去公园！“好。”走", 4),
            ("یہ کیا ہے؟ یہ کتاب ہے۔", 2),
            ("यह घर है। वह पेड़ है॥", 2),
            ("Τι ώρα είναι; Δεν ξέρω.", 1),
        ] {
            assert_eq!(count(text), n, "{text}");
        }
    }

    #[test]
    fn full_stops_that_end_no_sentence() {
        for (text, n) in [
            ("Dr. J. R. Smith paid $3.50 to Mrs. Jones, i.e. the owner of example.org.", 1),
            ("See Fig. 3 and Smith et al. (2010). The answer is no. It was in Mar. 2010.", 3),
            ("1. Open the box. 2. Take it out.", 2),
            ("It was 1990. The wall had gone.", 2),
            ("Er kam z. B. am 3. oder z.B. am 4. Tag. Dann ging er.", 3),
            ("He lives in the U.S. and works.", 1),
            ("The \u{201c}St. Mary\u{201d} sank.", 1),
        ] {
            assert_eq!(count(text), n, "{text}");
        }
    }

    #[test]
    fn lines_end_with_terminals_behind_closing_marks() {
        for text in ["a.", "a?\"", "a.\u{201d})", "a。」", "है।", "a..."] {
            assert!(ends_sentence(text), "{text}");
        }
        for text in ["", "a", "a…", "a:", "(a)", "\"a\"", "é"] {
            assert!(!ends_sentence(text), "{text}");
        }
    }

    #[test]
    fn ascii_at_which_words_may_end() {
        for byte in 0..128 {
            let c = char::from(byte);
            assert_eq!(MAY_END[usize::from(byte)], is_terminal(c) || is_closing(c), "{c:?}");
        }
    }

    #[test]
    fn tables_are_sorted() {
        assert!(TERMINALS.iter().all(|(first, last)| first <= last));
        assert!(TERMINALS.windows(2).all(|pair| pair[0].1 < pair[1].0));
        assert!(BEFORE_ANYTHING.is_sorted() && BEFORE_NUMBERS.is_sorted());
        assert_eq!(TERMINALS[3].0, FIRST_TERMINAL);
        let mut utf8 = [0; 4];
        FIRST_TERMINAL.encode_utf8(&mut utf8);
        assert_eq!(utf8[0], FIRST_TERMINAL_BYTE);
        assert_eq!(TERMINALS.iter().map(|(first, last)| *last as usize - *first as usize + 1).sum::<usize>(), 173);
    }
}
