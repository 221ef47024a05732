//! Tells lines of code from lines of prose by their marks: keywords, operators, calls, identifiers, indentation.
//!
//! No language is parsed. Each mark is one point, a fence or a brace at the end is more, and a line with three points is
//! code; next to code two are enough, so that `else` and a lone argument belong to the listing around them.

use super::formulas::Formulas;
use memchr::memmem;

/// Points from which a line is code.
const ENOUGH: u32 = 3;
/// Points that are enough behind a line of code.
const ENOUGH_BEHIND_CODE: u32 = 2;
/// Share of the characters of a line that are symbols, from which that is a mark.
const SYMBOL_SHARE: (usize, usize) = (1, 8);
/// Bytes of a line from which it must have that share to be code: a paragraph of prose has room for many marks.
const MAX_SPARSE: usize = 160;
/// Bytes of a line that are looked at.
const MAX_BYTES: usize = 1_024;

/// What lines of code begin with, in the languages that the web writes about. A word counts when a space or a symbol follows.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "#define", "#include", "$", ">>>", "@", "BEGIN", "CREATE", "DELETE", "FROM", "INSERT", "SELECT", "UPDATE", "WHERE",
    "assert", "async", "await", "begin", "break", "case", "catch", "char", "class", "const", "def", "do", "double",
    "elif", "else", "end", "enum", "except", "export", "extern", "finally", "float", "fn", "for", "from", "func",
    "function", "if", "impl", "import", "int", "interface", "let", "local", "long", "module", "mut", "namespace", "new",
    "package", "print", "private", "protected", "pub", "public", "raise", "require", "return", "static", "std",
    "struct", "sub", "sudo", "switch", "template", "throw", "try", "type", "typedef", "union", "use", "using", "val",
    "var", "void", "while", "with", "yield",
];

/// Pairs of symbols that prose does not have.
const OPERATORS: [&[u8; 2]; 17] = [
    b"==", b"!=", b"<=", b">=", b"->", b"=>", b"::", b"&&", b"||", b"+=", b"-=", b"++", b":=", b"</", b"/>", b"[]",
    b"()",
];

/// Reads lines one after the other.
#[derive(Default)]
pub(super) struct CodeLines {
    in_fence: bool,
    behind_code: bool,
}

impl CodeLines {
    /// Whether the next line is code; `line` is not blank and still has its indentation.
    pub(super) fn is_code(&mut self, line: &str) -> bool {
        let trimmed = line.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            self.in_fence = !self.in_fence;
            self.behind_code = true;
            return true;
        }
        let needed = if self.behind_code { ENOUGH_BEHIND_CODE } else { ENOUGH };
        let is_indented = line.starts_with('\t') || line.starts_with("  ");
        let has_marks = u32::from(is_indented) + points(trimmed) >= needed;
        let is_code = self.in_fence || (has_marks && Formulas::of(trimmed).n == 0);
        self.behind_code = is_code;
        is_code
    }

    /// Behind a blank line a listing may have ended; a fence stays open.
    pub(super) fn blank(&mut self) {
        self.behind_code = false;
    }
}

/// The marks of a trimmed line that is not empty.
fn points(line: &str) -> u32 {
    let bytes = &line.as_bytes()[..line.len().min(MAX_BYTES)];
    let marks = Marks::of(bytes);
    let ending = match line.as_bytes().last() {
        Some(b'{' | b'}') => 2,
        Some(b';') => 1,
        _ => 0,
    };
    let is_dense = marks.n_symbols * SYMBOL_SHARE.1 >= marks.n_visible * SYMBOL_SHARE.0 && marks.n_visible > 0;
    if bytes.len() > MAX_SPARSE && !is_dense {
        return 0;
    }
    let flags = [starts_with_keyword(line), marks.has_operator, marks.has_call, marks.has_identifier, is_dense];
    ending + flags.into_iter().map(u32::from).sum::<u32>()
}

/// Whether a line begins with a tag, a prompt or a keyword.
fn starts_with_keyword(line: &str) -> bool {
    if let [b'<', b'a'..=b'z' | b'A'..=b'Z' | b'/' | b'!', ..] = line.as_bytes() {
        return true;
    }
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let bytes = line.as_bytes();
    let n_marks = bytes.iter().take_while(|byte| matches!(byte, b'#' | b'$' | b'>' | b'@')).count();
    let n = n_marks + bytes[n_marks..].iter().take_while(|byte| is_word(byte)).count();
    let word = if n_marks > 0 && matches!(bytes[0], b'$' | b'>' | b'@') { &line[..n_marks] } else { &line[..n] };
    KEYWORDS.binary_search(&word).is_ok() && (n_marks > 0 || is_terse(&bytes[n..]))
}

/// Whether what follows a keyword is short or has symbols: `import os`, `def f(x):`, `else {`; not `for a few days`.
fn is_terse(rest: &[u8]) -> bool {
    let n_words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).count();
    n_words <= 2 || rest.iter().any(|byte| is_symbol(*byte) && !matches!(byte, b'-' | b'/' | b'!' | b'"'))
}

/// What one pass over the bytes of a line can tell.
#[derive(Default)]
struct Marks {
    n_visible: usize,
    n_symbols: usize,
    has_operator: bool,
    has_call: bool,
    has_identifier: bool,
}

impl Marks {
    fn of(bytes: &[u8]) -> Marks {
        let mut marks = Marks::default();
        let (mut before_that, mut before) = (b' ', b' ');
        for byte in bytes.iter().copied() {
            let pair = [before, byte];
            marks.n_visible += usize::from(byte > b' ');
            if is_symbol(byte) {
                marks.n_symbols += 1;
                marks.has_call |= byte == b'(' && is_word(before);
                marks.has_operator |= is_symbol(before) && OPERATORS.contains(&&pair);
                marks.has_operator |= byte == b'=' && before == b' ';
            }
            // `snake_case`, `camelCase` and `dotted.names`.
            marks.has_identifier |= byte == b'_' && before.is_ascii_alphanumeric();
            marks.has_identifier |= byte.is_ascii_uppercase() && before.is_ascii_lowercase();
            marks.has_identifier |= before == b'.' && byte.is_ascii_lowercase() && is_word(before_that);
            (before_that, before) = (before, byte);
        }
        // An address is full of marks and no code.
        if memmem::find(bytes, b"://").is_some() {
            return Marks { n_visible: marks.n_visible, ..Marks::default() };
        }
        marks
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_symbol(byte: u8) -> bool {
    matches!(
        byte,
        b'{' | b'}'
            | b'['
            | b']'
            | b'('
            | b')'
            | b'<'
            | b'>'
            | b'='
            | b';'
            | b':'
            | b'+'
            | b'-'
            | b'*'
            | b'/'
            | b'&'
            | b'|'
            | b'^'
            | b'%'
            | b'$'
            | b'#'
            | b'@'
            | b'\\'
            | b'_'
            | b'!'
            | b'~'
            | b'"'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_sorted() {
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn lines_of_code_are_told_from_lines_of_prose() {
        for line in [
            "def area(width, height):",
            "import java.util.List;",
            "#include <stdio.h>",
            "for (int i = 0; i < n; i++) {",
            "}",
            "SELECT name, size FROM files WHERE size >= 1024;",
            "std::cout << value << std::endl;",
            "const items = list.map(x => x.id);",
            "$ ./configure --prefix=/usr && make",
            "<div class=\"menu\"><a href=\"/x\"></a></div>",
            "self.weights_by_layer[i] += rate * gradient",
        ] {
            assert!(CodeLines::default().is_code(line), "{line}");
        }
        for line in [
            "The function returns the area of a rectangle (width times height).",
            "For example, if you use the class twice, it will be loaded once;",
            "    An indented quotation, as in a letter of McDonald's lawyer.",
            "See https://example.org/a_b/index.php?page=12&sort=up for the rest",
            "Price: $5 - $10 (plus shipping & handling)",
            "- tea, sugar and milk",
            "Let us know what you think!",
            "Wasser läuft aus dem Hahn (seit gestern), und es ist kalt.",
            "return to sender",
            "The method list.sort() is called by sorted(items), which returns a new_list, whereas my_list.sort(key=None) changes the \
             list itself, so that nothing is returned, and that is the reason why a chain of calls fails;",
            r"so $f(x_1) == a_{n+1}$ and \(g(x)\) = 1;",
        ] {
            assert!(!CodeLines::default().is_code(line), "{line}");
        }
    }

    #[test]
    fn fences_and_neighbours_carry_code_along() {
        let mut lines = CodeLines::default();
        let found = ["```", "plain words", "```", "plain words"].map(|line| lines.is_code(line));
        assert_eq!(found, [true, true, true, false]);
        let mut lines = CodeLines::default();
        let found = ["if (done) {", "  return width * height", "}", "Then it ends."].map(|line| lines.is_code(line));
        assert_eq!(found, [true, true, true, false]);
    }
}
