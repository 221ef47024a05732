//! Where a long text is cut before it is tokenised.

/// Bytes before a cut in which a space is looked for.
const REACH: usize = 256;

/// The first `bytes` of a text or a few less: up to a space if there is one near, so that no word is cut.
pub fn head(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let end = text.floor_char_boundary(bytes);
    let start = text.floor_char_boundary(end.saturating_sub(REACH));
    // The space goes with the word behind it, as in most vocabularies.
    let space = text[start..end].char_indices().rev().find(|(_, c)| c.is_whitespace());
    match space.map(|(at, _)| start + at).filter(|at| *at > 0) {
        Some(at) => &text[..at],
        None => &text[..end],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole_where_that_is_possible() {
        assert_eq!(head("one two", 7), "one two");
        assert_eq!(head("one two", 6), "one");
        assert_eq!(head("one two", 4), "one");
        assert_eq!(head("one two", 2), "on");
        assert_eq!(head(" x", 1), " ");
        assert_eq!(head("ééé", 3), "é");
        let endless = "é".repeat(1000);
        assert_eq!(head(&endless, 1001).len(), 1000);
        assert_eq!(head("", 0), "");
    }
}
