//! Markup and the text that readers see of it.

use super::*;

fn text(wikitext: &str) -> String {
    let sections = Sections::new(&["references".to_owned(), "see_also".to_owned(), "Trivia".to_owned()]);
    let options = Options { sections, tables: true, ..Options::default() };
    convert(wikitext, "Mill", "", &options).text
}

fn check(cases: &[(&str, &str)]) {
    for (wikitext, expected) in cases {
        assert_eq!(text(wikitext), *expected, "{wikitext}");
    }
}

#[test]
fn lines_of_text() {
    check(&[
        ("a\nb\n\nc", "a b\n\nc"),
        ("'''''a''' b'' it's l'''''c'' 5''''d", "a b it's lc 5'd"),
        ("a<br>b<br/>\nc", "a\nb\nc"),
        ("<poem>\na\nb\n</poem>\nc", "a\nb\n\nc"),
        ("<div class=x>a</div><p>b</p>c", "a\n\nb\n\nc"),
        ("<blockquote>\na\n</blockquote>\nb", "a\n\nb"),
        ("a &lt;b&gt; &amp;amp; &#x41;&#66; &nbsp; &unknown; AT&T", "a <b> &amp; AB &unknown; AT&T"),
        ("x<sup>2</sup> H<sub>2</sub>O 1<sup>st</sup> a<sup>''n''+1</sup>", "x^2 H_2O 1st a^{n+1}"),
        ("__NOTOC__a __b__ __FORCETOC__\n----\nc", "a __b__\n\nc"),
        ("a <span style=\"display:none\">x</span>b < c > d <unknown>", "a b < c > d <unknown>"),
        (
            "[http://a.example the ''site''] [http://a.example] http://b.example/x [mailto:a@b c]",
            "the site http://b.example/x c",
        ),
        (" a  b\n  c\n\nd", "a  b\n c\n\nd"),
        ("<nowiki>''a'' [[b]] &amp;</nowiki>''c''", "''a'' [[b]] &c"),
    ]);
}

#[test]
fn lists() {
    check(&[
        ("a\n* b\n** c\n* d\ne", "a\n\nb\nc\nd\n\ne"),
        ("# a\n# b\n## c\n## d\n# e\n\n# f", "1. a\n2. b\n1. c\n2. d\n3. e\n\n1. f"),
        ("# a\n#: more\n# b", "1. a\nmore\n2. b"),
        ("; term : what it means\n: more", "term\nwhat it means\nmore"),
        ("* {{cite web|x}}\n* [[a]]", "a"),
        ("*#", ""),
    ]);
}

#[test]
fn formulas_and_code() {
    check(&[
        ("a <math>x^2</math>, b", "a $x^2$, b"),
        ("a\n: <math>\nx\n+ y</math>.\nb", "a\n\n$$x + y$$.\n\nb"),
        ("a <math display=\"block\">x</math> b", "a\n$$x$$\nb"),
        ("a <ce>H2O</ce>", "a $\\ce{H2O}$"),
        ("a <syntaxhighlight lang=c inline>f(x)</syntaxhighlight> b <code>g</code>", "a f(x) b g"),
        ("a\n<syntaxhighlight lang=\"c\">\n  {{x}}\n\n  [[y]]\n</syntaxhighlight>\nb", "a\n\n  {{x}}\n\n  [[y]]\n\nb"),
        ("<pre>\n a &lt; b\n</pre>", " a < b"),
        ("* a <source>x\ny</source> b", "a\n\nx\ny\n\nb"),
    ]);
}

#[test]
fn tables() {
    check(&[
        ("{|\n! a !! b\n|-\n| c || ''d''\n|}\ne", "a\tb\nc\td\n\ne"),
        ("{| class=\"wikitable\"\n|+ style=x | Caption\n| a\n| colspan=2 | b\n|}", "Caption\na\tb"),
        ("{|\n|\n* a\n* b\n| c\n|}", "a\nb\nc"),
        ("{|\n| a\n{|\n| b || c\n|}\n| d\n|}", "a\n\nb\tc\nd"),
        ("{| class=\"infobox\"\n| a\n|}b", "b"),
        (":{|\n| a || b<br>c\n|}", "a\tb c"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>d", "a\tb\nc\n\nd"),
        ("{|\n| a |{{!}} b\n|}", "a\tb"),
    ]);
    let long = "x".repeat(201);
    assert_eq!(text(&format!("{{|\n| a || {long}\n|}}")), format!("a\n{long}"));
    let options = Options::default();
    assert_eq!(convert("a\n{|\n| b\n|}\nc", "", "", &options).text, "a\n\nc");
}

#[test]
fn sections() {
    check(&[
        ("a\n== b ==\n=== c ===\nd\n== e ==\n== f ==\ng", "a\n\nb\n\nc\n\nd\n\nf\n\ng"),
        ("a\n== See also ==\n* b\n=== c ===\nd\n== e ==\nf", "a\n\ne\n\nf"),
        ("a\n==Références :==\nb\n== trivia ==\nc", "a"),
        ("== a ==<!-- x -->\nb", "a\n\nb"),
        ("= =\n===\n== a", "= = === == a"),
    ]);
}

#[test]
fn what_is_dropped() {
    check(&[
        ("[[File:a.png|thumb|b [[c]]]]d[[Category:e]]\n[[de:f]]", "d"),
        ("<gallery>\na.png|b\n</gallery>c", "c"),
        ("a ({{IPA|b}}, {{lang|de|c}}) d {{citation needed}}. e", "a (c) d. e"),
        ("a <ref name=\"x\">b</ref>. c<ref>d</ref>", "a. c"),
        ("<!-- a -->b<noinclude>c</noinclude>", "bc"),
        ("a{{quote|b\n\nc|d}}e", "a\n\nb\n\nc\n\ne"),
    ]);
}
