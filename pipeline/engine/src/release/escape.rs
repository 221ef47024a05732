//! Texts that nobody has checked, in Markdown and in YAML: whatever they hold, they stay text.

/// Characters of a crawled text that are shown, at most.
pub const SHOWN: usize = 120;

/// A text in one line of a Markdown table, as code: in there nothing is a link, an image, a tag or emphasis.
pub fn code(text: &str) -> String {
    code_up_to(text, SHOWN)
}

/// As [`code`], with another limit of characters.
pub fn code_up_to(text: &str, n_chars: usize) -> String {
    let plain = plain(text, n_chars);
    // A backtick would end the span and a bar the cell.
    let plain = plain.replace('`', "'").replace('|', "\\|");
    if plain.is_empty() { "(empty)".to_owned() } else { format!("`{plain}`") }
}

/// A text of ours or of the recipe's author, in running Markdown: nothing in it is markup.
pub fn prose(text: &str) -> String {
    let mut out = String::new();
    for c in plain(text, 1_000).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// The first characters of a text, on one line, without anything that steers a terminal or turns the direction of
/// writing.
pub fn plain(text: &str, n_chars: usize) -> String {
    let mut out = String::new();
    for (n, c) in text.trim().chars().enumerate() {
        if n == n_chars {
            out.push('…');
            break;
        }
        out.push(match c {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
            c if c.is_control() || is_invisible(c) => '\u{fffd}',
            c => c,
        });
    }
    out.trim().to_owned()
}

/// Marks of direction, joiners and tags, with which a text looks like another one.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// A text as a YAML scalar. A string of JSON is one in YAML too (YAML 1.2.2, section 1.3), and with its quotes `no` is the
/// language and not `false`.
pub fn yaml(text: &str) -> String {
    serde_json::Value::from(plain(text, 1_000)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_crawled_stays_text() {
        for (text, shown) in [
            ("https://a.example/x", "`https://a.example/x`"),
            ("a`b|c", "`a'b\\|c`"),
            ("`](https://evil.example) <img src=x>", "`'](https://evil.example) <img src=x>`"),
            ("a\n\n# b\u{1b}[31m\u{202e}", "`a  # b\u{fffd}[31m\u{fffd}`"),
            (" \n", "(empty)"),
        ] {
            assert_eq!(code(text), shown);
        }
        assert_eq!(code(&"x".repeat(9_999)).chars().count(), SHOWN + 3);
        assert_eq!(prose("a [b](c) <i>|*"), "a \\[b\\](c) &lt;i&gt;\\|\\*");
    }

    #[test]
    fn yaml_has_quotes() {
        assert_eq!(yaml("no"), "\"no\"");
        assert_eq!(yaml("a\": b\n- c\u{7}"), "\"a\\\": b - c\u{fffd}\"");
    }
}
