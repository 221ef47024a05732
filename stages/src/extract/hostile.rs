//! Pages made to cost time or memory. Sizes are small enough for the dev profile; quadratic work on them would still
//! take minutes.

use super::decide::Decision;
use super::{Extracted, Mode, Note, Scratch, extract};

fn main_text(html: &str) -> Extracted {
    extract(html, Mode::MainText(Decision::default()), &mut Scratch::default())
}

fn all_text(html: &str) -> Extracted {
    extract(html, Mode::AllText, &mut Scratch::default())
}

#[test]
fn deep_nesting() {
    for tag in [
        "div",
        "b",
        "span",
        "ul><li",
        "blockquote",
        "table><tr><td",
        "a",
        "font color=x",
        "my-tag",
        "svg",
        "math",
        "button",
    ] {
        let page = all_text(&format!("{}deep", format!("<{tag}>").repeat(100_000)));
        assert!(page.notes.contains(&Note::TooDeep) || tag == "a" || tag == "button", "{tag}");
        assert!(page.text.contains("deep") || matches!(tag, "svg" | "math" | "button"), "{tag}: {}", page.text.len());
    }
}

#[test]
fn text_after_deep_nesting_is_still_found() {
    let html = format!("{}inner{}<p>outer</p>", "<div>".repeat(5_000), "</div>".repeat(5_000));
    assert_eq!(all_text(&html).text, "inner\n\nouter");
}

#[test]
fn many_siblings() {
    let page = all_text(&"<p>x".repeat(100_000));
    assert_eq!(page.text.lines().filter(|line| *line == "x").count(), 100_000);
    assert_eq!(page.notes, []);
    let page = main_text(&"<li><a href=x>y</a>".repeat(100_000));
    assert!(page.n_nodes > 300_000);
}

#[test]
fn too_many_nodes_are_cut_off_with_a_note() {
    let html = "<p><b a=1><b a=2><b a=3><b a=4><b a=5><b a=6><b a=7><b a=8>".to_owned() + &"<p>x".repeat(50_000);
    let page = all_text(&html);
    assert_eq!(page.notes, [Note::TooManyNodes]);
    assert!(page.text.starts_with('x'));
}

#[test]
fn long_attributes() {
    let long = "y".repeat(5_000_000);
    let page = all_text(&format!("<img src='data:{long}'><p class='{long}' title={long}>text</p>"));
    assert_eq!(page.text, "text");
    let reopened = format!("<b class='{}'>{}", "z".repeat(8_000), "<p>x".repeat(10_000));
    assert_eq!(all_text(&reopened).text.len(), "x\n\n".len() * 10_000 - 2);
}

#[test]
fn many_attributes() {
    let many: String = (0..200_000).map(|i| format!(" a{i}=1")).collect();
    let page = all_text(&format!("<p{many}>text</p{many}><p{many}"));
    assert_eq!((page.text.as_str(), page.notes.as_slice()), ("text", [Note::TooManyAttributes].as_slice()));
}

#[test]
fn formatting_elements_that_are_never_closed() {
    let open: String = (0..20_000).map(|i| format!("<b id=q{i}><p>x")).collect();
    assert!(all_text(&open).text.contains('x'));
    let misnested: String = (0..20_000).map(|i| format!("<a href=q{i}><div>x</a>y")).collect();
    assert!(all_text(&misnested).text.contains('y'));
}

#[test]
fn text_that_the_parser_must_move_out_of_tables() {
    let html = "<table>".to_owned() + &"x<b>y</b><tr>z".repeat(50_000);
    assert!(all_text(&html).text.len() >= 150_000);
}

#[test]
fn everything_unclosed() {
    for html in [
        "<",
        "<a",
        "<a href='",
        "<!--",
        "<!doctype",
        "<script>",
        "<title>x",
        "<textarea>",
        "&",
        "&#",
        "&#x110000;",
        "</",
        "<?",
    ] {
        for times in [1, 20_000] {
            main_text(&html.repeat(times));
        }
    }
    assert_eq!(all_text("<p>a<b>b<table><tr><td>c").text, "ab\n\nc");
}

#[test]
fn control_characters_and_odd_unicode() {
    assert_eq!(all_text("<p>a\0b\u{1}c\u{feff}\u{202e}d\u{fffe}</p>\0").text, "abc\u{202e}d\u{fffe}");
    assert_eq!(all_text("\0\0\0").text, "");
    assert_eq!(all_text("").text, "");
    let marks = "e\u{301}".repeat(100_000);
    assert_eq!(all_text(&marks).text, marks);
}

#[test]
fn long_runs_without_any_markup() {
    for run in ["word ", " ", "x", "\u{a0}", "\n", "&nbsp;", "&amp;"] {
        main_text(&run.repeat(300_000));
        main_text(&format!("<pre>{}", run.repeat(300_000)));
    }
}

#[test]
fn many_listings_and_formulas() {
    main_text(&"<code><br>".repeat(20_000));
    main_text(&"<pre><span class=lineno>".repeat(20_000));
    main_text(&"<span class=katex>".repeat(20_000));
    main_text(&"<math><msup>".repeat(20_000));
    main_text(&"<sup>1".repeat(20_000));
    main_text(&"<span class=MathJax data-mathml='<math><mi>x</mi></math>'></span>".repeat(5_000));
}

#[test]
fn what_is_weighed_is_bounded_and_takes_linear_time() {
    let inner = "<div class=a><p>Some words.</p></div>";
    // As many blocks as are weighed, below a chain of containers that all hold the same ones.
    let chain = format!("{}{}", "<section>".repeat(400), inner.repeat(50_000));
    assert!(main_text(&chain).expected_f1.is_some());
    assert_eq!(main_text(&inner.repeat(100_001)).expected_f1, None);
    // Hidden parts inside hidden parts.
    let hidden = format!("<p>{}{}", "word ".repeat(200), "<div hidden>some hidden words".repeat(20_000));
    assert!(main_text(&hidden).expected_f1.is_some());
}

#[test]
fn streamed_segments_cannot_go_in_circles() {
    let html = r#"<div hidden id="S:0"><template id="B:1"></template>a</div><div hidden id="S:1"><template id="B:0"></template>b</div>
        <template id="B:2"></template><div hidden id="S:2">c<template id="P:2"></template></div>"#;
    assert_eq!(all_text(html).text, "c");
    let many: String = (0..20_000)
        .map(|n| format!("<template id=\"B:{n:x}\"></template><div hidden id=\"S:{n:x}\">x</div>"))
        .collect();
    assert_eq!(all_text(&format!("<body>{many}")).text.len(), 20_000);
}
