//! What the text of a file of code looks like: lines, characters, encoded data, marks of programs that write code.

/// Counts over one text. Lengths are in characters unless they say bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Characters, line ends among them.
    pub n_chars: usize,
    /// Letters of any script.
    pub n_letters: usize,
    /// Letters and digits of any script.
    pub n_alphanumerics: usize,
    /// Characters that are not blank.
    pub n_visible: usize,
    /// Characters of numbers: words that begin with a digit.
    pub n_numeric: usize,
    /// Lines; what follows the last line end counts when there is anything.
    pub n_lines: usize,
    /// Characters of the longest line.
    pub longest_line: usize,
}

impl Counts {
    /// Goes through a text once.
    pub fn of(text: &str) -> Counts {
        let mut counts = Counts::default();
        let (mut line, mut in_word, mut in_number) = (0, false, false);
        for c in text.chars() {
            counts.n_chars += 1;
            if c == '\n' {
                counts.n_lines += 1;
                counts.longest_line = counts.longest_line.max(line);
                (line, in_word, in_number) = (0, false, false);
                continue;
            }
            line += usize::from(c != '\r');
            let is_letter = c.is_alphabetic();
            let is_alphanumeric = is_letter || c.is_numeric();
            counts.n_letters += usize::from(is_letter);
            counts.n_alphanumerics += usize::from(is_alphanumeric);
            counts.n_visible += usize::from(!c.is_whitespace());
            if is_alphanumeric || c == '_' || (c == '.' && in_number) {
                in_number = if in_word { in_number } else { c.is_ascii_digit() };
                in_word = true;
                counts.n_numeric += usize::from(in_number);
            } else {
                (in_word, in_number) = (false, false);
            }
        }
        counts.n_lines += usize::from(line > 0);
        counts.longest_line = counts.longest_line.max(line);
        counts
    }
}

/// Data in a text that no person wrote: the longest piece and all of them, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encoded {
    /// The longest piece.
    pub longest: usize,
    /// All pieces.
    pub total: usize,
}

/// Bytes of a piece of Base64 at least (StarCoder 2).
const MIN_BASE64: usize = 64;
/// Bytes of a line of Base64 that goes on in the next; encoders break at 60 to 76.
const MIN_BASE64_LINE: usize = 40;
/// Pairs of digits, or escapes, of a piece at least (StarCoder 2).
const MIN_ITEMS: usize = 8;

impl Encoded {
    /// Looks for the three patterns of StarCoder 2 (arXiv:2402.19173, section 2.1): Base64, pairs of hexadecimal digits, and
    /// `\u` escapes. Unlike there, lines of Base64 belong together only when they are long, `=` is no part of it, and a
    /// blank may stand behind the comma between two pairs.
    pub fn of(text: &str) -> Encoded {
        let bytes = text.as_bytes();
        let mut found = Encoded::default();
        let mut at = 0;
        while at < bytes.len() {
            let length = escapes(&bytes[at..]).max(pairs(bytes, at)).max(base64(bytes, at));
            if length > 0 {
                found.longest = found.longest.max(length);
                found.total += length;
                at += length;
            } else if is_base64(bytes[at]) {
                // Nothing begins inside a word but where its own letters begin.
                at += bytes[at..].iter().take_while(|byte| is_base64(**byte)).count();
            } else {
                at += 1;
            }
        }
        found
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

fn base64(bytes: &[u8], from: usize) -> usize {
    let (mut at, mut has_letters) = (from, false);
    loop {
        let line = bytes[at..].iter().take_while(|byte| is_base64(**byte)).count();
        has_letters |= bytes[at..at + line].iter().any(u8::is_ascii_alphanumeric);
        at += line;
        let is_wrapped = line >= MIN_BASE64_LINE && bytes.get(at) == Some(&b'\n');
        if !is_wrapped || !bytes.get(at + 1).copied().is_some_and(is_base64) {
            break;
        }
        at += 1;
    }
    if has_letters && at - from >= MIN_BASE64 { at - from } else { 0 }
}

fn escapes(bytes: &[u8]) -> usize {
    let is_escape = |six: &[u8]| six.starts_with(b"\\u") && six[2..].iter().all(u8::is_ascii_hexdigit);
    let n = bytes.chunks_exact(6).take_while(|six| is_escape(six)).count();
    if n >= MIN_ITEMS { n * 6 } else { 0 }
}

/// Pairs of hexadecimal digits, perhaps behind `0x` or `\x`, with commas or blanks between them, or nothing before `\x`.
fn pairs(bytes: &[u8], from: usize) -> usize {
    let is_word = |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if from > 0 && is_word(from - 1) && is_word(from) {
        return 0;
    }
    let (mut at, mut n, mut end) = (from, 0, from);
    loop {
        let mark = usize::from(bytes[at..].starts_with(b"0x") || bytes[at..].starts_with(b"\\x")) * 2;
        let is_pair = (0..2).all(|digit| bytes.get(at + mark + digit).is_some_and(u8::is_ascii_hexdigit));
        if !is_pair || is_word(at + mark + 2) {
            break;
        }
        at += mark + 2;
        (n, end) = (n + 1, at);
        at += usize::from(bytes.get(at) == Some(&b','));
        at += bytes[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if at == end && !bytes[at..].starts_with(b"\\x") {
            break;
        }
    }
    if n >= MIN_ITEMS { end - from } else { 0 }
}

/// Lines in which StarCoder 2 looks for its phrases.
const FIRST_LINES: usize = 5;
/// Lines and bytes in which the marks of single programs are looked for: they stand behind a licence at times.
const HEAD_LINES: usize = 40;
const HEAD_BYTES: usize = 4 << 10;

/// Phrases of StarCoder 2.
const PHRASES: [&str; 5] =
    ["auto-generated", "autogenerated", "automatically generated", "generated automatically", "this file is generated"];

/// What generators write about their work, in small letters.
const MARKS: [&str; 17] = [
    "@generated",
    "do not edit",
    "do not modify this file",
    "generated by the protocol buffer compiler",
    "autogenerated by thrift",
    "generated by cython",
    "generated by swig",
    "<auto-generated",
    "file was generated by",
    "file is generated by",
    "code was generated by",
    "this is a generated file",
    "generated by autoconf",
    "generated by automake",
    "generated by bison",
    "a lexical scanner generated by flex",
    "generated by the swagger",
];

/// The mark of generators for Go, at the beginning of a comment: licences speak of "object code generated by" compilers.
const CODE_GENERATED: &str = "code generated by";

/// The mark by which a file says that a program has written it.
pub fn generated_mark(text: &str) -> Option<&'static str> {
    let mut end = text.len().min(HEAD_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = text[..end].to_ascii_lowercase();
    let first = |n: usize| head.match_indices('\n').nth(n - 1).map_or(head.len(), |(at, _)| at);
    let (first, head) = (&head[..first(FIRST_LINES)], &head[..first(HEAD_LINES)]);
    let phrase = PHRASES.into_iter().find(|phrase| first.contains(phrase));
    let is_code = |line: &str| line.trim_start_matches(|c: char| !c.is_alphanumeric()).starts_with(CODE_GENERATED);
    phrase
        .or_else(|| MARKS.into_iter().find(|mark| head.contains(mark)))
        .or_else(|| head.lines().any(is_code).then_some(CODE_GENERATED))
}

/// Characters of an HTML text that a reader sees: outside of tags, comments, scripts and styles; a run of blanks counts once.
pub fn n_visible_of_html(text: &str) -> usize {
    let starts = |rest: &str, name: &str| {
        rest.as_bytes().get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
    };
    let (mut rest, mut n, mut is_blank) = (text, 0, true);
    while !rest.is_empty() {
        let end = rest.find('<').unwrap_or(rest.len());
        for c in rest[..end].chars() {
            n += usize::from(!(c.is_whitespace() && is_blank));
            is_blank = c.is_whitespace();
        }
        rest = &rest[end..];
        let hidden = [("<!--", "-->"), ("<script", "</script"), ("<style", "</style")];
        let close = hidden.into_iter().find(|(open, _)| starts(rest, open)).map_or(">", |(_, close)| close);
        let closed = if close == ">" || close == "-->" {
            rest.find(close)
        } else {
            memchr::memchr_iter(b'<', rest.as_bytes()).skip(1).find(|at| starts(&rest[*at..], close))
        };
        rest = closed.map_or("", |at| &rest[at + if close.starts_with('<') { 0 } else { close.len() }..]);
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_counted() {
        let counts = Counts::of("x1 = 0x1F + 2.5;\r\n\n  größe\n");
        let expected = Counts {
            n_chars: 27,
            n_letters: 1 + 2 + 5,
            n_alphanumerics: 2 + 4 + 2 + 5,
            n_visible: 2 + 1 + 4 + 1 + 4 + 5,
            n_numeric: 4 + 3,
            n_lines: 3,
            longest_line: 16,
        };
        assert_eq!(counts, expected);
        assert_eq!(Counts::of(""), Counts::default());
        assert_eq!((Counts::of("abc").n_lines, Counts::of("abc").longest_line), (1, 3));
    }

    #[test]
    fn encoded_data_are_found() {
        let of = |text: &str| Encoded::of(text).total;
        let line = "QWxhZGRpbjpvcGVuIHNlc2FtZQ0KQWxhZGRpbjpvcGVuIHNlc2FtZQ0KQWxh";
        assert_eq!(line.len(), 60);
        assert_eq!(of(line), 0, "too short");
        assert_eq!(of(&format!("k = \"{line}abcd\"")), 64);
        assert_eq!(of(&format!("{line}\n{line}\nYQ==\n")), 60 + 1 + 60 + 1 + 2);
        assert_eq!(of("\"\\x48\\x31\\xc0\\x50\\x68\\x2f\\x2f\\x73\\x68\""), 36);
        assert_eq!(of("{0x12, 0x34,0x56, 0x78,\n 0x9a, 0xbc, 0xde, 0xf0}"), 46);
        assert_eq!(of("12 34 56 78 9a bc de f0"), 23);
        assert_eq!(of("12 34 56 78 9a bc de"), 0, "seven are too few");
        assert_eq!(of(&"\\u00e9".repeat(8)), 48);
        for text in [
            "fn main() { let x = add(be, ef, fe, ad, ca); }",
            "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\neleven\ntwelve\nthirteen\n",
            "// ================================================================================\n",
            "////////////////////////////////////////////////////////////////////////////////////\n",
            "123 456 789 123 456 789 123 456 789",
        ] {
            assert_eq!(of(text), 0, "{text}");
        }
    }

    #[test]
    fn generated_files_say_so() {
        for (text, mark) in [
            ("// Code generated by protoc-gen-go.\npackage a\n", Some("code generated by")),
            ("// Code generated by protoc-gen-go. DO NOT EDIT.\npackage a\n", Some("do not edit")),
            ("// in the form of machine-executable object code generated by a source language processor.", None),
            ("/* This file is @generated by x */", Some("@generated")),
            ("\n\n# Automatically generated by y\n", Some("automatically generated")),
            ("a\nb\nc\nd\ne\nf\n# AUTO-GENERATED", None),
            ("// A generator of code\nfn generate() {}\n", None),
        ] {
            assert_eq!(generated_mark(text), mark, "{text}");
        }
        let far = "x\n".repeat(HEAD_LINES) + "// DO NOT EDIT";
        assert_eq!(generated_mark(&far), None);
        assert_eq!(generated_mark(&"漢".repeat(2000)), None);
    }

    #[test]
    fn visible_text_of_pages() {
        for (html, n) in [
            ("<p>one  two</p>", 7),
            ("<script>if (a < b) {}</script>x<STYLE>p{}</STYLE >y<!-- a > b -->z", 3),
            ("<p title='a'", 0),
            ("<script>never closed", 0),
            ("größe < 5", 6),
        ] {
            assert_eq!(n_visible_of_html(html), n, "{html}");
        }
    }
}
