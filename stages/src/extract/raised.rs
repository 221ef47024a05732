//! Marks for raised and lowered text that would change a number or a symbol if it were run into it.

/// Longest script, in bytes, that is read as one; anything longer is ordinary text.
pub const MAX_BYTES: usize = 16;

/// Raised letters that belong to a word: ordinals and trade marks.
const RAISED_WORDS: &[&str] = &[
    "st", "nd", "rd", "th", "er", "re", "e", "è", "ère", "eme", "ème", "de", "o", "a", "os", "as", "me", "le", "tm",
    "sm", "md", "®", "™", "©", "º", "ª", "°",
];

/// What to write for a raised or lowered text, given what stands before it on the line: `^6` in `10^6`. `None` where it reads
/// well as it is: `1st`, a script with nothing before it.
pub fn mark(content: &str, is_raised: bool, before: &str) -> Option<String> {
    let content = content.trim();
    let is_plain = |letter: char| {
        letter.is_alphanumeric() || matches!(letter, '+' | '-' | '−' | '–' | '/' | '.' | ',' | '(' | ')' | '=')
    };
    let mut last = before.chars().rev();
    let base = last.next().filter(|letter| letter.is_alphanumeric() || matches!(letter, ')' | ']' | '}'))?;
    if content.is_empty() || content.len() > MAX_BYTES || !content.chars().all(is_plain) {
        return None;
    }
    let is_number = content.bytes().all(|byte| byte.is_ascii_digit());
    let mark = if is_raised {
        if RAISED_WORDS.contains(&content.to_lowercase().as_str()) && !is_variable(base, last.next()) {
            return None;
        }
        '^'
    } else {
        '_'
    };
    Some(if is_number || content.chars().nth(1).is_none() {
        format!("{mark}{content}")
    } else {
        format!("{mark}{{{content}}}")
    })
}

/// A single letter with nothing alphanumeric before it.
fn is_variable(base: char, before: Option<char>) -> bool {
    base.is_alphabetic() && !before.is_some_and(char::is_alphanumeric)
}
