//! Crawled text as the page may hold it: short, and without characters that command a screen.

/// Text in which no control character and no bidirectional override is left, a character at most for each.
pub fn shown(text: &str, n_chars: usize) -> String {
    let mut out: String = text.chars().take(n_chars).map(harmless).collect();
    if text.chars().nth(n_chars).is_some() {
        out.push('…');
    }
    out
}

/// The character, or what stands for it. Marks that right-to-left scripts need by themselves stay; those that turn what
/// follows them around do not.
fn harmless(c: char) -> char {
    match c {
        '\n' | '\t' => c,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_commands_a_screen_is_left() {
        assert_eq!(shown("a\u{1b}[2J\u{202e}b\u{2067}\n\tc\u{9b}", 99), "a\u{fffd}[2J\u{fffd}b\u{fffd}\n\tc\u{fffd}");
        assert_eq!(shown("<script>\u{2028}\u{200f}é", 99), "<script>\u{2028}\u{200f}é");
    }

    #[test]
    fn what_is_cut_off_says_so() {
        assert_eq!((shown("äöü", 3), shown("äöü", 2)), ("äöü".to_owned(), "äö…".to_owned()));
    }
}
