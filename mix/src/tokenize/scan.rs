//! The splitting patterns written out: where the pieces of a text end, in time linear in the text.
//!
//! The fast encoder has scanners of its own, which leave the pattern in one place (`(?i:'s)` also matches `'ſ`) and
//! hand long texts to threads. Texts where that matters are split here. Classes of characters are those of Unicode
//! 16, as in tiktoken 0.14; unassigned characters are neither letters nor digits, so they count as punctuation.

use super::family::Split;
use unicode_general_category::{GeneralCategory as Category, get_general_category};

/// A splitting pattern. The white space at the end of a text that cl100k takes as one piece is for the caller to set
/// aside, see [`super::trailing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// GPT-2: `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
    Gpt2,
    /// cl100k, Llama 3, and Qwen 2, which has one digit in a piece.
    Words {
        /// The most digits in a piece.
        digits: usize,
    },
    /// o200k, which also splits where lower case turns into upper case.
    CasedWords,
}

/// What the patterns tell apart outside words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Number,
    Space,
    Other,
}

impl Pattern {
    /// Whether contractions match in any case, and so also with the long s, U+017F, as `s`.
    pub fn folds_case(self) -> bool {
        self != Pattern::Gpt2
    }

    /// The pieces of `text`, in order; joined, they are the text again.
    pub fn pieces(self, text: &str) -> impl Iterator<Item = &str> {
        let mut rest = text;
        std::iter::from_fn(move || {
            let first = rest.chars().next()?;
            let end = match self {
                Pattern::Gpt2 => gpt2(rest, first),
                Pattern::Words { digits } => words(rest, first, digits),
                Pattern::CasedWords => cased_words(rest, first),
            };
            let (piece, tail) = rest.split_at(end);
            rest = tail;
            Some(piece)
        })
    }
}

impl From<Split> for Pattern {
    fn from(split: Split) -> Pattern {
        match split {
            Split::Gpt2 => Pattern::Gpt2,
            Split::Llama3 | Split::Cl100k => Pattern::Words { digits: 3 },
            Split::O200k => Pattern::CasedWords,
        }
    }
}

/// Where the first piece of `text` ends, whose first character is `first`.
fn gpt2(text: &str, first: char) -> usize {
    if let Some(end) = contraction(text, false) {
        return end;
    }
    let start = usize::from(first == ' ');
    match text[start..].chars().next().map(class) {
        None | Some(Class::Space) => white_space(text, false),
        Some(kind) => run(text, start, |character| class(character) == kind),
    }
}

fn words(text: &str, first: char, digits: usize) -> usize {
    if let Some(end) = contraction(text, true) {
        return end;
    }
    let start = prefix(first);
    let end = run(text, start, |character| class(character) == Class::Letter);
    if end > start { end } else { no_word(text, first, digits, &['\r', '\n']) }
}

fn cased_words(text: &str, first: char) -> usize {
    // As the pattern tries: words with lower case behind a prefix, then without one, then words without lower case.
    let starts = || [prefix(first), 0].into_iter();
    let lower = starts().find_map(|start| with_lower(text, start));
    let word = lower.or_else(|| {
        let upper = |start| (start, run(text, start, is_upper));
        starts().map(upper).find(|(start, end)| end > start).map(|(_, end)| end)
    });
    match word {
        Some(end) => end + contraction(&text[end..], true).unwrap_or(0),
        None => no_word(text, first, 3, &['\r', '\n', '/']),
    }
}

/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+` from `start`: the end, if it matches.
fn with_lower(text: &str, start: usize) -> Option<usize> {
    let (mut end, mut last) = (start, None);
    for character in text[start..].chars().take_while(|character| is_upper(*character)) {
        end += character.len_utf8();
        if is_lower(character) {
            last = Some(end);
        }
    }
    let lower = run(text, end, is_lower);
    if lower > end { Some(lower) } else { last }
}

/// Digits, or punctuation with a space before it and certain characters after it, or white space.
fn no_word(text: &str, first: char, digits: usize, behind_punctuation: &[char]) -> usize {
    if class(first) == Class::Number {
        let numbers = text.chars().take(digits).take_while(|character| class(*character) == Class::Number);
        return numbers.map(char::len_utf8).sum();
    }
    let start = usize::from(first == ' ');
    let end = run(text, start, |character| class(character) == Class::Other);
    if end > start { run(text, end, |c| behind_punctuation.contains(&c)) } else { white_space(text, true) }
}

/// `\s*[\r\n]+` if `by_line`, then `\s+(?!\S)|\s+`.
fn white_space(text: &str, by_line: bool) -> usize {
    let end = run(text, 0, char::is_whitespace);
    let space = &text[..end];
    if let Some(newline) = space.rfind(['\r', '\n']).filter(|_| by_line) {
        return newline + 1;
    }
    match space.char_indices().next_back() {
        Some((last, _)) if last > 0 && end < text.len() => last,
        _ => end,
    }
}

/// `[^\r\n\p{L}\p{N}]?`: how many bytes of `first` may stand before a word.
fn prefix(first: char) -> usize {
    let stands = !matches!(first, '\r' | '\n') && !matches!(class(first), Class::Letter | Class::Number);
    if stands { first.len_utf8() } else { 0 }
}

/// `'s|'t|'re|'ve|'m|'ll|'d` at the start of `text`. Without regard to case, `ſ` is an `s`.
fn contraction(text: &str, folds_case: bool) -> Option<usize> {
    let mut characters = text.strip_prefix('\'')?.chars();
    let mut next = || match characters.next() {
        Some('ſ') if folds_case => Some('s'),
        Some(character) if folds_case => Some(character.to_ascii_lowercase()),
        other => other,
    };
    match next()? {
        's' if text[1..].starts_with('ſ') => Some(3),
        's' | 't' | 'm' | 'd' => Some(2),
        'r' | 'v' => (next()? == 'e').then_some(3),
        'l' => (next()? == 'l').then_some(3),
        _ => None,
    }
}

/// Where characters from `start` on stop being such.
fn run(text: &str, start: usize, is_such: impl Fn(char) -> bool) -> usize {
    let rest = &text[start..];
    start + rest.find(|character| !is_such(character)).unwrap_or(rest.len())
}

fn class(character: char) -> Class {
    if character.is_ascii() {
        return match character {
            'a'..='z' | 'A'..='Z' => Class::Letter,
            '0'..='9' => Class::Number,
            '\t'..='\r' | ' ' => Class::Space,
            _ => Class::Other,
        };
    }
    use Category::{
        DecimalNumber, LetterNumber, LowercaseLetter, ModifierLetter, OtherLetter, OtherNumber, TitlecaseLetter,
        UppercaseLetter,
    };
    match get_general_category(character) {
        UppercaseLetter | LowercaseLetter | TitlecaseLetter | ModifierLetter | OtherLetter => Class::Letter,
        DecimalNumber | LetterNumber | OtherNumber => Class::Number,
        _ if character.is_whitespace() => Class::Space,
        _ => Class::Other,
    }
}

/// `[\p{Lm}\p{Lo}\p{M}]`: what counts as either case.
fn is_caseless(category: Category) -> bool {
    use Category::{EnclosingMark, ModifierLetter, NonspacingMark, OtherLetter, SpacingMark};
    matches!(category, ModifierLetter | OtherLetter | NonspacingMark | SpacingMark | EnclosingMark)
}

fn is_upper(character: char) -> bool {
    let category = get_general_category(character);
    matches!(category, Category::UppercaseLetter | Category::TitlecaseLetter) || is_caseless(category)
}

fn is_lower(character: char) -> bool {
    let category = get_general_category(character);
    category == Category::LowercaseLetter || is_caseless(category)
}

/// Whether a character is punctuation to the patterns: no letter, no digit, no white space.
pub fn is_punctuation(character: char) -> bool {
    class(character) == Class::Other
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(pattern: Pattern, text: &str) -> Vec<&str> {
        pattern.pieces(text).collect()
    }

    const WORDS: Pattern = Pattern::Words { digits: 3 };

    #[test]
    fn the_long_s_is_an_s_after_an_apostrophe() {
        assert_eq!(pieces(WORDS, "it'ſx"), ["it", "'ſ", "x"]);
        assert_eq!(pieces(Pattern::CasedWords, "It'ſx"), ["It'ſ", "x"]);
        assert_eq!(pieces(Pattern::Gpt2, "it'ſx"), ["it", "'", "ſx"]);
        assert_eq!(pieces(WORDS, "ſ'Sx'LLa'Vé"), ["ſ", "'S", "x", "'LL", "a", "'Vé"]);
    }

    #[test]
    fn words_take_one_character_before_them() {
        assert_eq!(
            pieces(WORDS, "a  b\tc (d e\u{301}f 1234 !?\n\nx"),
            ["a", " ", " b", "\tc", " (", "d", " e", "\u{301}f", " ", "123", "4", " !?\n\n", "x"]
        );
        assert_eq!(
            pieces(Pattern::Gpt2, "a  b\tc 12345 !?\n x"),
            ["a", " ", " b", "\t", "c", " 12345", " !?", "\n", " x"]
        );
        assert_eq!(pieces(Pattern::Words { digits: 1 }, "x12"), ["x", "1", "2"]);
    }

    #[test]
    fn case_splits_words_and_caseless_characters_are_both() {
        let cased = |text| pieces(Pattern::CasedWords, text);
        assert_eq!(cased("camelCaseHTTPRequest X"), ["camel", "Case", "HTTPRequest", " X"]);
        assert_eq!(cased("中ABc中A!"), ["中ABc中", "A", "!"]);
        assert_eq!(cased("\u{301}AB"), ["\u{301}", "AB"]);
        assert_eq!(cased("!\u{301}A"), ["!\u{301}", "A"]);
        assert_eq!(cased("a/\n/b x's's"), ["a", "/\n/", "b", " x's", "'s"]);
    }

    #[test]
    fn white_space_ends_at_its_last_newline_or_leaves_one_character() {
        assert_eq!(
            pieces(WORDS, " \n \r\n  \u{a0}x\u{85}\u{2028} \u{180e}"),
            [" \n \r\n", "  ", "\u{a0}x", "\u{85}\u{2028}", " \u{180e}"]
        );
        assert_eq!(pieces(Pattern::Gpt2, "\n\n x  "), ["\n\n", " x", "  "]);
    }

    #[test]
    fn a_million_characters_take_linear_time() {
        for unit in ["中", "A", "中A", " ", "\n", " \n", "1", "!", "'", "\u{301}", "a'S"] {
            let text = unit.repeat(1_000_000 / unit.len());
            for pattern in [Pattern::Gpt2, WORDS, Pattern::CasedWords] {
                assert_eq!(pattern.pieces(&text).map(str::len).sum::<usize>(), text.len());
            }
        }
    }
}
