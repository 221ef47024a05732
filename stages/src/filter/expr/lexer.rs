//! Cuts an expression into tokens: names, numbers, texts and signs.

use super::fault::Fault;
use std::ops::Range;

/// A token and its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Lexeme {
    pub token: Token,
    pub span: Range<usize>,
}

/// What can stand in an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    Number(f64),
    Text(String),
    Name(Name),
    Sign(&'static str),
    End,
}

/// A name of one or more parts with dots between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub parts: Vec<String>,
    /// Whether the first part stands in backquotes: it is a step then, never a word of the language.
    pub is_quoted: bool,
}

impl Name {
    /// The name as one text.
    pub fn full(&self) -> String {
        self.parts.join(".")
    }

    /// The one part of a name that may be a word of the language, or empty.
    pub fn word(&self) -> &str {
        match &self.parts[..] {
            [one] if !self.is_quoted => one,
            _ => "",
        }
    }
}

/// Bytes of a name, at most.
const MAX_NAME: usize = 256;

/// Longer signs come before those that they begin with.
const SIGNS: [&str; 17] = ["<=", ">=", "==", "!=", "<", ">", "(", ")", "[", "]", ",", "+", "-", "*", "/", "=", "!"];

/// What people write who know other languages, and what it is called here.
const FOREIGN: [(&str, &str); 6] = [("&&", "and"), ("||", "or"), ("<>", "!="), ("&", "and"), ("|", "or"), ("~", "not")];

/// All tokens, the last of which is [`Token::End`].
pub fn tokens(source: &str) -> Result<Vec<Lexeme>, Fault> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        let rest = &source[at..];
        at += rest.len() - rest.trim_start().len();
        let Some(first) = source[at..].chars().next() else {
            found.push(Lexeme { token: Token::End, span: at..at });
            return Ok(found);
        };
        let (token, end) = match first {
            '0'..='9' => number(source, at)?,
            '\'' => text(source, at)?,
            '`' => name(source, at)?,
            c if is_name_start(c) => name(source, at)?,
            _ => sign(source, at, first)?,
        };
        found.push(Lexeme { token, span: at..end });
        at = end;
    }
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Bytes from `at` while `accepts` holds.
fn run(source: &str, at: usize, accepts: impl Fn(char) -> bool) -> usize {
    source[at..].find(|c| !accepts(c)).map_or(source.len(), |length| at + length)
}

fn number(source: &str, start: usize) -> Result<(Token, usize), Fault> {
    let digits = |at| run(source, at, |c| c.is_ascii_digit());
    let mut end = digits(start);
    if source[end..].starts_with('.') {
        end = digits(end + 1);
    }
    if source[end..].starts_with(['e', 'E']) {
        let sign = usize::from(source[end + 1..].starts_with(['+', '-']));
        end = digits(end + 1 + sign);
    }
    let word_end = run(source, end, |c| is_name_char(c) || c == '.');
    let written = &source[start..word_end];
    match written.parse::<f64>() {
        // Numbers are compared as they are stored, in 32 bits.
        Ok(number) if word_end == end && (number as f32).is_finite() => Ok((Token::Number(number), end)),
        _ => Err(Fault::new(start..word_end, format!("`{written}` is no number"))),
    }
}

fn text(source: &str, start: usize) -> Result<(Token, usize), Fault> {
    let mut text = String::new();
    let mut at = start + 1;
    loop {
        let Some(length) = source[at..].find('\'') else {
            return Err(Fault::new(start..start + 1, "the text that begins here does not end")
                .hint("a text stands between single quotes; a quote in it is written twice"));
        };
        text.push_str(&source[at..at + length]);
        at += length + 1;
        if !source[at..].starts_with('\'') {
            return Ok((Token::Text(text), at));
        }
        text.push('\'');
        at += 1;
    }
}

fn name(source: &str, start: usize) -> Result<(Token, usize), Fault> {
    let mut name = Name { parts: Vec::new(), is_quoted: source[start..].starts_with('`') };
    let mut at = start;
    loop {
        if source[at..].starts_with('`') {
            let length = source[at + 1..].find('`').filter(|length| *length > 0);
            let length = length.ok_or_else(|| Fault::new(at..at + 1, "the name that begins here does not end"))?;
            name.parts.push(source[at + 1..at + 1 + length].to_owned());
            at += length + 2;
        } else {
            let end = run(source, at, is_name_char);
            name.parts.push(source[at..end].to_owned());
            at = end;
        }
        if at - start > MAX_NAME {
            return Err(Fault::new(start..at, format!("a name of more than {MAX_NAME} bytes")));
        }
        let mut next = source[at..].chars();
        if next.next() != Some('.') || !next.next().is_some_and(|c| is_name_char(c) || c == '`') {
            return Ok((Token::Name(name), at));
        }
        at += 1;
    }
}

fn sign(source: &str, at: usize, first: char) -> Result<(Token, usize), Fault> {
    let rest = &source[at..];
    if let Some((foreign, ours)) = FOREIGN.into_iter().find(|(foreign, _)| rest.starts_with(foreign)) {
        return Err(Fault::new(at..at + foreign.len(), format!("`{foreign}` is not known here"))
            .hint(format!("write `{ours}`")));
    }
    match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
        Some("=") => Err(Fault::new(at..at + 1, "`=` is not known here").hint("equality is written `==`")),
        Some("!") => Err(Fault::new(at..at + 1, "`!` is not known here").hint("write `not`")),
        Some(sign) => Ok((Token::Sign(sign), at + sign.len())),
        None if matches!(first, '"' | '“' | '”' | '‘' | '’') => {
            let fault = Fault::new(at..at + first.len_utf8(), format!("`{first}` begins no text"));
            Err(fault.hint("a text stands between single quotes: `'en'`"))
        }
        None => {
            let fault = Fault::new(at..at + first.len_utf8(), format!("`{}` cannot stand here", first.escape_debug()));
            Err(fault.hint("a name with signs in it stands in backquotes"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexed(source: &str) -> Vec<Token> {
        tokens(source).unwrap().into_iter().map(|lexeme| lexeme.token).collect()
    }

    #[test]
    fn tokens_and_their_places() {
        let found = tokens("a.b >= 1.5e-1 'it''s' \n(`x-y`.z)").unwrap();
        let spans: Vec<_> = found.iter().map(|lexeme| lexeme.span.clone()).collect();
        assert_eq!(spans, [0..3, 4..6, 7..13, 14..21, 23..24, 24..31, 31..32, 32..32]);
        assert_eq!(found[2].token, Token::Number(0.15));
        assert_eq!(found[3].token, Token::Text("it's".into()));
        let Token::Name(name) = &found[5].token else { panic!("a name") };
        assert_eq!((name.full().as_str(), name.is_quoted, name.word()), ("x-y.z", true, ""));
        assert_eq!(lexed(""), [Token::End]);
        assert_eq!(lexed("''"), [Token::Text(String::new()), Token::End]);
    }

    #[test]
    fn a_dot_joins_only_names() {
        assert_eq!(lexed("a-1").len(), 4);
        assert_eq!(lexed("a.1b").len(), 2);
        assert!(tokens("a. b").is_err() && tokens("a.").is_err());
    }

    #[test]
    fn what_is_no_token_is_pointed_at() {
        for (source, span, hint) in [
            ("a && b", 2..4, "`and`"),
            ("a = 1", 2..3, "`==`"),
            ("x == \"en\"", 5..6, "single quotes"),
            ("'open", 0..1, "single quotes"),
            ("1x", 0..2, ""),
            ("1.2.3", 0..5, ""),
            ("1e", 0..2, ""),
            ("9e99", 0..4, ""),
            ("a # b", 2..3, "backquotes"),
            ("``", 0..1, ""),
            ("é", 0..2, "backquotes"),
        ] {
            let fault = tokens(source).unwrap_err();
            assert_eq!(fault.span, span, "{source}");
            assert!(fault.hint.unwrap_or_default().contains(hint), "{source}");
        }
    }
}
