//! Punctuation around templates that left nothing: `Mill ( ; "grinder")`.

use super::piece::GAP;

/// Removes the marks of gaps from a text, with the white space and the punctuation that they leave alone.
pub fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_gap = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == GAP {
            is_gap = true;
            continue;
        }
        if !is_gap {
            out.push(letter);
            continue;
        }
        let before = out.trim_end_matches([' ', '\u{a0}']).chars().next_back();
        let is_open = matches!(before, Some('(' | '（' | '['));
        match letter {
            ' ' | '\u{a0}' if out.is_empty() || out.ends_with([' ', '\n', '(', '（']) => continue,
            ' ' => {
                out.push(' ');
                continue;
            }
            ',' | ';' | ':' | '，' | '；' | '、' if is_open => continue,
            ')' | '）' | ']' => {
                let kept = out.trim_end_matches([' ', '\u{a0}', ',', ';', ':', '，', '；', '、']).len();
                out.truncate(kept);
                if out.ends_with(['(', '（', '[']) {
                    out.pop();
                    let kept = out.trim_end_matches(' ').len();
                    // The white space behind the brackets is enough.
                    if letters.peek().is_none_or(|next| !next.is_alphanumeric()) {
                        out.truncate(kept);
                    }
                } else {
                    out.push(letter);
                }
            }
            ',' | '.' | ';' | ':' if out.ends_with(' ') => {
                out.truncate(out.trim_end_matches(' ').len());
                let repeats = out.ends_with([',', ';']) && letter != '.';
                if !repeats {
                    out.push(letter);
                }
            }
            _ => out.push(letter),
        }
        is_gap = false;
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_leave_no_punctuation_alone() {
        for (text, expected) in [
            ("Mill (\u{3}) grinds", "Mill grinds"),
            ("Mill (\u{3}; \"grinder\") is", "Mill (\"grinder\") is"),
            ("Mill (from mola; \u{3}) is", "Mill (from mola) is"),
            ("Mill (\u{3}, \u{3}).", "Mill."),
            ("a \u{3} b", "a b"),
            ("a \u{3}, b", "a, b"),
            ("a, \u{3}, b", "a, b"),
            ("a \u{3}. B", "a. B"),
            ("word\u{3}", "word"),
            ("\u{3} a", "a"),
            ("(\u{3}a)", "(a)"),
            ("f(\u{3})x", "fx"),
            ("水車（\u{3}、すいしゃ）は", "水車（すいしゃ）は"),
        ] {
            assert_eq!(tidy(text), expected, "{text}");
        }
    }
}
