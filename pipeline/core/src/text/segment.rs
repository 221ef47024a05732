//! Words of scripts that are written without spaces, by the dictionaries of ICU4X.
//!
//! A run without white space falls into words where the script changes, and inside of Han, Kana, Thai, Lao, Khmer and Myanmar
//! where the dictionary of ICU4X says so (the longest words that fit; Tibetan is cut behind its syllables). What is no
//! letter, mark or digit stays with the word before it, or with the one after it at the start of the run: as in `well-known,`.
//! Marks of other scripts, such as variation selectors, are what the character before them is.
//!
//! The version of the crate `icu_segmenter` is part of the definition, and is pinned.

use super::is_mark;
use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};
use std::sync::LazyLock;

/// Dictionaries rather than the neural models that ICU4X has too: those compute with floats, and are slower.
static SEGMENTER: LazyLock<WordSegmenterBorrowed<'static>> =
    LazyLock::new(|| WordSegmenter::new_dictionary(WordBreakInvariantOptions::default()));

/// Bytes that the dictionary sees at once; in a longer stretch a word ends behind each so many of them.
const MAX_STRETCH: usize = 4096;

/// Whether a character is a letter of a script that is written without spaces between words: Han, Kana, Thai, Lao,
/// Tibetan, Myanmar, Khmer.
pub fn is_unspaced(c: char) -> bool {
    is_of_block(c) && c.is_alphabetic()
}

fn is_of_block(c: char) -> bool {
    matches!(u32::from(c),
        0x0e00..=0x109f | 0x1780..=0x17ff | 0x2e80..=0x2fdf | 0x3005..=0x3007 | 0x3040..=0x30ff | 0x31f0..=0x31ff
        | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xa9e0..=0xa9ff | 0xaa60..=0xaa7f | 0xf900..=0xfaff | 0xff66..=0xff9f
        | 0x2_0000..=0x3_ffff)
}

/// What a character is to the words around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// A letter or a mark of a script without spaces.
    Unspaced,
    /// Another letter or digit.
    Spaced,
    /// Another mark: part of the character before it.
    Mark,
    /// Anything else.
    Other,
}

fn class(c: char) -> Class {
    if is_of_block(c) && (c.is_alphabetic() || is_mark(c)) {
        Class::Unspaced
    } else if is_mark(c) {
        Class::Mark
    } else if c.is_alphanumeric() {
        Class::Spaced
    } else {
        Class::Other
    }
}

/// Calls `visit` with the places in `run`, which holds no white space, where a word after the first begins.
pub(super) fn boundaries(run: &str, mut visit: impl FnMut(usize)) {
    // Of the last letter or digit.
    let mut before = Class::Other;
    let mut at = 0;
    while let Some(c) = run[at..].chars().next() {
        let class = class(c);
        let starts_word = match class {
            Class::Other | Class::Mark => false,
            Class::Spaced => before == Class::Unspaced,
            Class::Unspaced => before != Class::Other,
        };
        if starts_word {
            visit(at);
        }
        if matches!(class, Class::Spaced | Class::Unspaced) {
            before = class;
        }
        at += if class == Class::Unspaced { stretch(&run[at..], at, &mut visit) } else { c.len_utf8() };
    }
}

/// Cuts the letters without spaces that `rest` begins with, and returns their length; `rest` stands at byte `at`.
fn stretch(rest: &str, at: usize, visit: &mut impl FnMut(usize)) -> usize {
    let rest = &rest[..rest.floor_char_boundary(MAX_STRETCH)];
    let goes_on = |c: char| matches!(class(c), Class::Unspaced | Class::Mark);
    let end = rest.find(|c| !goes_on(c)).unwrap_or(rest.len());
    // The dictionaries do not know marks of other scripts.
    let is_inside =
        |place: &usize| *place > 0 && rest[*place..end].chars().next().is_some_and(|c| class(c) != Class::Mark);
    SEGMENTER.segment_str(&rest[..end]).filter(is_inside).for_each(|place| visit(at + place));
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(run: &str) -> String {
        let mut out = String::new();
        let mut done = 0;
        boundaries(run, |place| {
            out = format!("{out}{}|", &run[done..place]);
            done = place;
        });
        out + &run[done..]
    }

    #[test]
    fn dictionaries_find_the_words() {
        let cases = [
            ("私は学校で勉強しています。", "私|は|学校|で|勉強|し|てい|ます。"),
            ("北京是中华人民共和国的首都", "北京|是|中华|人民|共和国|的|首都"),
            ("ภาษาไทยไม่มีช่องว่าง", "ภาษา|ไทย|ไม่มี|ช่อง|ว่าง"),
            ("ພາສາລາວ", "ພາສາ|ລາວ"),
            ("ខ្ញុំស្រឡាញ់ប្រទេសកម្ពុជា", "ខ្ញុំ|ស្រឡាញ់|ប្រទេស|កម្ពុជា"),
            ("ကျောင်းသားများစာဖတ်သည်", "ကျောင်းသား|များ|စာဖတ်သည်"),
            ("བོད་སྐད་", "བོད་|སྐད་"),
        ];
        assert_eq!(cases.map(|(run, _)| words(run)), cases.map(|(_, expected)| expected));
    }

    #[test]
    fn a_change_of_script_is_a_boundary_and_punctuation_stays_behind() {
        for (run, expected) in [
            ("abc漢字def", "abc|漢字|def"),
            ("「漢字」、abc。", "「漢字」、|abc。"),
            ("2024年", "2024|年"),
            ("well-known,漢字", "well-known,|漢字"),
            ("、。", "、。"),
            ("漢字❤\u{fe0f}", "漢字❤\u{fe0f}"),
            ("漢字❤\u{fe0f}a", "漢字❤\u{fe0f}|a"),
            ("葛\u{e0100}城", "葛\u{e0100}|城"),
            ("e\u{301}漢\u{301}", "e\u{301}|漢\u{301}"),
            ("\u{fe0f}漢", "\u{fe0f}漢"),
            ("", ""),
        ] {
            assert_eq!(words(run), expected);
        }
    }

    #[test]
    fn endless_stretches_are_cut() {
        let run = "漢".repeat(10_000);
        let mut places = Vec::new();
        boundaries(&run, |place| places.push(place));
        assert!(places.is_sorted_by(|a, b| a < b) && places.len() > 1000);
        assert!(places.iter().all(|place| run.is_char_boundary(*place)));
    }
}
