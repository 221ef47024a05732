//! The white space at the end of a text, which cl100k takes as one piece.
//!
//! The pattern of tiktoken 0.14 has `\s++$` before `\s*[\r\n]`, so `"a\n  "` ends in the piece `"\n  "`, where
//! Llama 3 and the older cl100k pattern have `"\n"` and `"  "`. Newlines right after punctuation belong to the
//! punctuation (`[^\s\p{L}\p{N}]++[\r\n]*+` comes first) and stay outside.

use super::scan::is_punctuation;

/// Splits `text` into what the ordinary pattern splits correctly and one last piece of white space, often empty.
pub fn split(text: &str) -> (&str, &str) {
    let body = text.trim_end_matches(char::is_whitespace);
    let space = &text[body.len()..];
    let tail = if body.chars().next_back().is_some_and(is_punctuation) {
        space.trim_start_matches(['\r', '\n'])
    } else {
        space
    };
    // Both patterns agree on a run without newlines and on one that ends in a newline.
    let differs = tail.contains(['\r', '\n']) && !tail.ends_with(['\r', '\n']);
    text.split_at(if differs { text.len() - tail.len() } else { text.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_newlines_followed_by_other_space_differ() {
        for (text, tail) in [
            ("a\n  ", "\n  "),
            ("a \n \t", " \n \t"),
            ("a.\n  ", ""),
            ("a. \n  ", " \n  "),
            ("a.\n \n  ", " \n  "),
            ("\n ", "\n "),
            ("a\n", ""),
            ("a  \n\n", ""),
            ("a  ", ""),
            ("a", ""),
            ("", ""),
        ] {
            assert_eq!(split(text), (&text[..text.len() - tail.len()], tail), "{text:?}");
        }
    }

    #[test]
    fn marks_count_as_punctuation_and_numerals_do_not() {
        assert_eq!(split("e\u{301}\n ").1, "");
        assert_eq!(split("Ⅷ\n ").1, "\n ");
    }
}
