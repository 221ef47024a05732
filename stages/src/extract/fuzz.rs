//! Pages made of pieces at random: whatever a page is, reading it neither panics nor depends on the page before.
//!
//! A short run is part of the tests. For a long one that follows the coverage: `cargo install cargo-bolero`, then
//! `cargo bolero test -p tokenmill-stages extract::fuzz::any_page_can_be_read`.

use bolero::{TypeGenerator, check};

use super::decide::Decision;
use super::{Extracted, Mode, Scratch, extract};

/// Runs of the short test.
const ITERATIONS: usize = 2_000;

/// Tags that some rule looks at, and some that none does.
const TAGS: [&str; 40] = [
    "div",
    "p",
    "span",
    "a",
    "b",
    "i",
    "ul",
    "ol",
    "li",
    "table",
    "tr",
    "td",
    "th",
    "tbody",
    "caption",
    "pre",
    "code",
    "br",
    "hr",
    "img",
    "h1",
    "h2",
    "main",
    "article",
    "nav",
    "footer",
    "form",
    "button",
    "select",
    "template",
    "script",
    "style",
    "noscript",
    "svg",
    "math",
    "mfrac",
    "annotation-xml",
    "ruby",
    "sup",
    "x-y",
];
/// Attributes that some rule looks at.
const ATTRIBUTES: [&str; 16] = [
    "class=nav",
    "class='comment related'",
    "class=sr-only",
    "class=katex",
    "id=S:0 hidden",
    "id=B:0",
    "hidden",
    "style='display:none'",
    "role=main",
    "role=search",
    "data-tex='x^2'",
    "alt='a b'",
    "src='latex.php?latex=%5Cfrac'",
    "start=9999999999",
    "type=math/tex",
    "display=block",
];
/// Text that some rule looks at.
const TEXTS: [&str; 16] = [
    "word ",
    "A sentence of some length, with a comma. ",
    "10",
    "\\frac{a}{b} ",
    "$x$ ",
    "&amp;lt; ",
    "&#x110000;",
    "\0",
    "\u{ad}",
    "日本語。",
    "نص ",
    "\n\n\t ",
    "<",
    "]]>",
    "© 2020 ",
    "Read more: ",
];

/// A piece of a page.
#[derive(Debug, TypeGenerator)]
enum Piece {
    Open { tag: u8, attribute: u8, other: u8 },
    Close { tag: u8 },
    Text { text: u8, times: u8 },
    Comment,
    Doctype,
    Bytes(Vec<u8>),
}

fn page(pieces: &[Piece]) -> String {
    let mut html = String::new();
    for piece in pieces {
        match piece {
            Piece::Open { tag, attribute, other } => {
                // A third of the numbers stands for no attribute.
                let named = |number: &u8| ATTRIBUTES.get(*number as usize % 24).copied().unwrap_or_default();
                html += &format!("<{} {} {}>", pick(&TAGS, *tag), named(attribute), named(other));
            }
            Piece::Close { tag } => html += &format!("</{}>", pick(&TAGS, *tag)),
            Piece::Text { text, times } => html += &pick(&TEXTS, *text).repeat(1 + *times as usize % 32),
            Piece::Comment => html += "<!-- - -->",
            Piece::Doctype => html += "<!doctype html>",
            Piece::Bytes(bytes) => html += &String::from_utf8_lossy(bytes),
        }
    }
    html
}

fn pick<'a>(list: &[&'a str], number: u8) -> &'a str {
    list[number as usize % list.len()]
}

fn look(html: &str, mode: Mode, scratch: &mut Scratch) -> Extracted {
    let page = extract(html, mode, scratch);
    assert!((0.0..=1.0).contains(&page.kept_share) && (0.0..=1.0).contains(&page.link_density));
    assert!(page.expected_f1.is_none_or(|f1| (0.0..=1.0).contains(&f1)));
    assert!(page.text.trim_matches('\n').len() == page.text.len(), "blank lines around the text");
    assert!(!page.text.contains('\0'));
    assert_eq!(scratch.outline().blocks.len(), scratch.decider().kept().len());
    page
}

#[test]
fn any_page_can_be_read() {
    check!().with_iterations(ITERATIONS).with_type::<Vec<Piece>>().for_each(|pieces| {
        let html = page(pieces);
        let mut scratch = Scratch::default();
        for mode in [Mode::MainText(Decision::Learned), Mode::MainText(Decision::Rules), Mode::AllText] {
            let fresh = look(&html, mode, &mut Scratch::default());
            assert_eq!(look(&html, mode, &mut scratch), fresh, "the page before changes nothing");
        }
    });
}
