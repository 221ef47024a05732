//! The profile of a text, `page_profile/v1`: how much of it is code, formulas and prose.

use super::code::CodeLines;
use super::formulas::Formulas;
use tokenmill_core::Doc;
use tokenmill_core::numbers::share;
use tokenmill_core::text::n_chars;

/// Words with a letter that make a line prose.
const PROSE_WORDS: usize = 6;

/// Counts over a text. Characters are those of trimmed lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Profile {
    /// All characters.
    pub n_chars: usize,
    /// Characters on lines of code.
    pub n_code_chars: usize,
    /// Lines of code.
    pub n_code_lines: usize,
    /// Characters of the longest line of code.
    pub longest_code_line: usize,
    /// Characters on lines that are no code and have at least six words with a letter.
    pub n_prose_chars: usize,
    /// Formulas in LaTeX.
    pub n_formulas: usize,
    /// Characters in formulas.
    pub n_formula_chars: usize,
    /// Mathematical symbols of Unicode.
    pub n_math_symbols: usize,
}

impl Profile {
    /// Reads a document.
    pub(crate) fn of(doc: &Doc<'_>) -> Profile {
        let text = doc.text();
        let formulas = Formulas::of(text);
        let mut profile = Profile {
            n_formulas: formulas.n,
            n_formula_chars: formulas.n_chars,
            n_math_symbols: formulas.n_symbols,
            ..Profile::default()
        };
        let mut code = CodeLines::default();
        let mut words = doc.words();
        for line in doc.lines() {
            if line.is_blank() {
                code.blank();
                continue;
            }
            let (of_line, rest) = words.split_at(words.partition_point(|word| word.start < line.end));
            words = rest;
            let n = n_chars(line.trimmed(text));
            profile.n_chars += n;
            if code.is_code(line.of(text)) {
                profile.n_code_chars += n;
                profile.n_code_lines += 1;
                profile.longest_code_line = profile.longest_code_line.max(n);
            } else if of_line.iter().filter(|word| word.has_alphabetic).count() >= PROSE_WORDS {
                profile.n_prose_chars += n;
            }
        }
        profile
    }

    /// Share of characters on lines of code.
    pub(crate) fn code_share(&self) -> f32 {
        share(self.n_code_chars, self.n_chars)
    }

    /// Share of characters on lines of prose.
    pub(crate) fn prose_share(&self) -> f32 {
        share(self.n_prose_chars, self.n_chars)
    }

    /// Share of characters in formulas.
    pub(crate) fn formula_share(&self) -> f32 {
        share(self.n_formula_chars, self.n_chars)
    }

    /// Mathematical symbols of Unicode, per character.
    pub(crate) fn math_symbol_share(&self) -> f32 {
        share(self.n_math_symbols, self.n_chars)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::{Analysis, Document};

    #[test]
    fn a_text_has_code_formulas_and_prose() {
        let text = "A short tutorial\n\nThe loop below adds the numbers up to ten:\n\nfor (int i = 0; i <= 10; i++) {\n  sum += i;\n}\n\n\
                    The sum is $n(n+1)/2 = 55$, and ∑ is its sign in most books.";
        let document = Document { text: text.to_owned(), ..Document::default() };
        let profile = Profile::of(&Doc::new(&document, &Analysis::default()));
        assert_eq!((profile.n_code_lines, profile.n_code_chars, profile.longest_code_line), (3, 41, 31));
        assert_eq!((profile.n_formulas, profile.n_formula_chars, profile.n_math_symbols), (1, 15, 1));
        assert_eq!((profile.n_prose_chars, profile.n_chars), (102, 159));
    }

    #[test]
    fn nothing_but_formulas_is_all_formulas() {
        let text = "  $$\n\n\n      x = 1  \n    $$\n";
        let document = Document { text: text.to_owned(), ..Document::default() };
        assert_eq!(Profile::of(&Doc::new(&document, &Analysis::default())).formula_share(), 1.0);
    }
}
