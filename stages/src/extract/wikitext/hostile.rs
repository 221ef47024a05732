//! Pages that were made to need much time, memory or stack. All of them are read to the end: what grew with the square of
//! their length would take minutes.

use super::*;

/// Repetitions of a piece.
const MANY: usize = 60_000;

fn options() -> Options {
    let sections = Sections::new(&sections::DEFAULT.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    Options { sections, title: true, tables: true, ..Options::default() }
}

fn read(wikitext: &str) -> Converted {
    convert(wikitext, "Mill", "", &options())
}

/// Pieces of markup that begin something, or end what nothing began.
const PIECES: [&str; 62] = [
    "{{",
    "}}",
    "{{{",
    "}}}",
    "{",
    "}",
    "[[",
    "]]",
    "[",
    "]",
    "|",
    "||",
    "\n|-\n",
    "\n{|\n",
    "\n|}\n",
    "\n|+",
    "\n!",
    "!!",
    "<!--",
    "-->",
    "<ref>",
    "<ref name=a>",
    "</ref>",
    "<ref name=a/>",
    "<nowiki>",
    "</nowiki>",
    "<math>",
    "</math>",
    "<pre>",
    "</pre>",
    "<syntaxhighlight lang=c>",
    "<div style=\"display:none\">",
    "<sup>",
    "</sup>",
    "<sub>",
    "<",
    ">",
    "''",
    "'''",
    "'''''",
    "==",
    "\n== a ==\n",
    "\n=",
    "\n*",
    "\n#",
    "\n;a : b",
    "\n:",
    "\n ",
    "\n\n",
    "-{",
    "}-",
    "&",
    "&amp;",
    "&#x",
    "__",
    "__TOC__",
    "[http://a.example ",
    "[[File:a.png|",
    "{{nowrap|",
    "{{quote|",
    "\u{1}0\u{2}",
    "<br>",
];

#[test]
fn repeated_markup_is_read_in_one_pass() {
    for piece in PIECES {
        for filler in ["", "a", " b\n"] {
            let n = if piece.len() > 12 { MANY / 4 } else { MANY };
            let page = format!("word{}end", format!("{piece}{filler}").repeat(n));
            read(&page);
        }
    }
}

#[test]
fn pairs_of_markup_are_read_in_one_pass() {
    for one in PIECES {
        for other in PIECES {
            let page = format!("{one}{other}").repeat(300) + &one.repeat(300) + &other.repeat(300);
            let long = format!("{one} a {other}").repeat(500);
            read(&page);
            read(&long);
        }
    }
}

#[test]
fn nesting_needs_no_stack() {
    for (open, close) in [
        ("{{", "}}"),
        ("{{nowrap|", "}}"),
        ("[[a|", "]]"),
        ("\n{|\n|\n", "\n|}\n"),
        ("-{a;", "}-"),
        ("<div>", "</div>"),
    ] {
        let page = format!("before {}inner{} after", open.repeat(100_000), close.repeat(100_000));
        let text = read(&page).text;
        assert!(text.contains("before"), "{open}: {:?}", &text[..text.len().min(200)]);
    }
}

/// Markup that is not closed is text; nothing behind it is lost.
#[test]
fn damage_loses_nothing_behind_it() {
    for piece in PIECES {
        let read = read(&format!("First words.\n\n{piece}\n\n== Section ==\nLast words."));
        assert!(read.text.starts_with("Mill\n\nFirst words."), "{piece}: {}", read.text);
        assert!(read.text.ends_with("Last words."), "{piece}: {}", read.text);
    }
}

/// Marks of ours that a page holds itself stand for nothing, not in formulas and listings either.
#[test]
fn marks_of_ours_do_not_get_out() {
    let marks = "\u{1}0\u{2}\u{3}";
    for (open, close) in
        [("", ""), ("<math>", "</math>"), ("<pre>", "</pre>"), ("<nowiki>", "</nowiki>"), ("<math>", "")]
    {
        let text = read(&format!("First {open}a{marks}b{close} last")).text;
        assert!(text.contains("a0b") && !text.contains(['\u{1}', '\u{2}', '\u{3}']), "{open}: {text:?}");
    }
}

/// Whatever stands on a page, reading ends without a panic, control characters of ours do not get out, and templates with
/// a text do not make the text grow without bound.
#[test]
fn random_pages_are_read() {
    bolero::check!().with_iterations(5_000).with_type::<Vec<(u8, u8)>>().for_each(|steps| {
        let page: String = steps
            .iter()
            .flat_map(|(piece, filler)| {
                [PIECES[usize::from(*piece) % PIECES.len()], ["", "a", " b ", "é", "1|2=3"][usize::from(*filler) % 5]]
            })
            .collect();
        let read = read(&page);
        assert!(!read.text.contains(['\u{1}', '\u{2}', '\u{3}']), "{page:?}");
        assert!(read.text.len() <= 4 * page.len() + 64, "{page:?}");
    });
}
