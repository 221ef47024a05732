//! The external links in the wikitext of an article.
//!
//! Links are found as MediaWiki finds them: `[http://… text]`, `[//…]`, and bare `http://…` in text and in what is given to
//! templates. In doubt about where one ends, it ends where its writer meant it to: at `|` and `}}`. Pages are read in one pass,
//! whatever is in them.

use super::archives::original;
use aho_corasick::{AhoCorasick, BuildError, MatchKind};
use memchr::memchr2;
use std::borrow::Cow;

/// Bytes of the longest link that is taken, as written.
const MAX_LINK: usize = 4096;

/// What is looked for. Wiki markup within the elements is none, and so on.
const PATTERNS: [&str; 11] =
    ["<!--", "<nowiki", "<pre", "<syntaxhighlight", "<source", "<math", "<ref", "</ref", "{{", "}}", "//"];

const COMMENT: usize = 0;
/// `PATTERNS[VERBATIM]` are elements whose content is shown as it is.
const VERBATIM: std::ops::RangeInclusive<usize> = 1..=5;
const REF: usize = 6;
const REF_END: usize = 7;
const TEMPLATE: usize = 8;
const TEMPLATE_END: usize = 9;

/// Finds links.
pub struct LinkFinder(AhoCorasick);

/// Where in the markup a place is.
#[derive(Default)]
struct Place {
    /// Templates around it.
    depth: usize,
    /// The depth of the outermost template around it that cites a source.
    citation: Option<usize>,
    /// Whether it is in a `<ref>`.
    in_ref: bool,
}

impl LinkFinder {
    /// A finder.
    ///
    /// # Errors
    /// Never: the patterns are few.
    pub fn new() -> Result<LinkFinder, BuildError> {
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostFirst);
        builder.build(PATTERNS).map(LinkFinder)
    }

    /// Shows every external link: the URL, for a copy in an archive that of the page, and whether it is a reference: in a
    /// `<ref>`, or given to a template whose name begins with `cit` (`cite web`, `citation`, `cita`, `citar`, `citeer` of other
    /// languages).
    pub fn each(&self, wikitext: &str, see: &mut dyn FnMut(&str, bool)) {
        let (mut at, mut place, mut headings) = (0, Place::default(), Headings::new(wikitext));
        // Elements that are not closed in what follows; nobody looks for their end again.
        let mut unclosed = [false; PATTERNS.len()];
        while let Some(found) = self.0.find(&wikitext[at..]) {
            let (start, end) = (at + found.start(), at + found.end());
            if headings.passed(start) {
                // What is still open was forgotten: markup does not reach over headings.
                place = Place::default();
            }
            at = end;
            match found.pattern().as_usize() {
                COMMENT => match wikitext[end..].find("-->") {
                    Some(length) => at = end + length + 3,
                    None => return,
                },
                kind if VERBATIM.contains(&kind) => {
                    at = end_of_tag(wikitext, end).map_or(end, |(tag_end, is_closed)| {
                        if is_closed || unclosed[kind] {
                            return tag_end;
                        }
                        find_end(wikitext, tag_end, &PATTERNS[kind][1..]).unwrap_or_else(|| {
                            unclosed[kind] = true;
                            tag_end
                        })
                    });
                }
                REF => {
                    if let Some((tag_end, is_closed)) = end_of_tag(wikitext, end) {
                        place.in_ref |= !is_closed;
                        at = tag_end;
                    }
                }
                REF_END => place.in_ref &= end_of_tag(wikitext, end).is_none(),
                TEMPLATE => {
                    place.depth += 1;
                    let name = wikitext[end..].trim_start().as_bytes();
                    if place.citation.is_none() && name.get(..3).is_some_and(|name| name.eq_ignore_ascii_case(b"cit")) {
                        place.citation = Some(place.depth);
                    }
                }
                TEMPLATE_END => {
                    if place.citation == Some(place.depth) {
                        place.citation = None;
                    }
                    place.depth = place.depth.saturating_sub(1);
                }
                _ => {
                    if let Some(link) = link_at(wikitext, start, &place) {
                        at = link.end;
                        if let Some(url) = link.url(wikitext)
                            && let Some(page) = original(&url)
                        {
                            see(&page, place.in_ref || place.citation.is_some());
                        }
                    }
                }
            }
        }
    }
}

/// The places of headings, asked for in order.
struct Headings<'a>(Box<dyn Iterator<Item = usize> + 'a>, Option<usize>);

impl<'a> Headings<'a> {
    fn new(wikitext: &'a str) -> Headings<'a> {
        let mut all = memchr::memmem::find_iter(wikitext.as_bytes(), b"\n==");
        let first = all.next();
        Headings(Box::new(all), first)
    }

    /// Whether there was one since the last question.
    fn passed(&mut self, at: usize) -> bool {
        let mut any = false;
        while self.1.is_some_and(|next| next < at) {
            self.1 = self.0.next();
            any = true;
        }
        any
    }
}

/// Where a tag ends whose name ends at `at`, and whether it closes itself; none when its name goes on or it does not end.
fn end_of_tag(text: &str, at: usize) -> Option<(usize, bool)> {
    let bytes = text.as_bytes();
    if !bytes.get(at).is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>')) {
        return None;
    }
    let end = at + memchr2(b'>', b'<', &bytes[at..])?;
    (bytes[end] == b'>').then(|| (end + 1, bytes[end - 1] == b'/'))
}

/// The place behind `</name` of an element.
fn find_end(text: &str, mut at: usize, name: &str) -> Option<usize> {
    loop {
        at += memchr::memchr(b'<', &text.as_bytes()[at..])? + 1;
        let rest = text.as_bytes()[at..].strip_prefix(b"/");
        if rest.and_then(|rest| rest.get(..name.len())).is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
        {
            return Some(at + 1 + name.len());
        }
    }
}

/// A link in wikitext.
struct Link {
    start: usize,
    end: usize,
    /// Whether the scheme is left to the reader.
    is_relative: bool,
    /// Whether the markup says where it ends, so punctuation belongs to it.
    is_delimited: bool,
    /// Whether a part of it comes from a template.
    is_partial: bool,
}

/// The link whose `//` stands at `slashes`.
fn link_at(text: &str, slashes: usize, place: &Place) -> Option<Link> {
    let before = &text.as_bytes()[..slashes];
    let has_scheme = |scheme: &&str| {
        let from = before.len().checked_sub(scheme.len());
        from.is_some_and(|from| before[from..].eq_ignore_ascii_case(scheme.as_bytes()))
    };
    let scheme_length = ["https:", "http:"].iter().find(|scheme| has_scheme(scheme)).map_or(0, |scheme| scheme.len());
    let start = slashes - scheme_length;
    let before = &text.as_bytes()[..start];
    let is_relative = scheme_length == 0;
    let is_word = before.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let last = before.trim_ascii_end().last();
    let is_bracketed = before.ends_with(b"[") && !(is_relative && before.ends_with(b"[["));
    let is_given = place.depth > 0 && matches!(last, Some(b'=' | b'|'));
    if is_word || (is_relative && !is_bracketed && !is_given) {
        return None;
    }
    let (end, is_partial) = end_of_link(text, slashes + 2);
    Some(Link { start, end, is_relative, is_delimited: is_bracketed || is_given, is_partial })
}

/// Where a link ends, and whether that is because a template goes on with it.
fn end_of_link(text: &str, mut at: usize) -> (usize, bool) {
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        let rest = &text[at..];
        match byte {
            0..=b' ' | 0x7f | b'[' | b']' | b'<' | b'>' | b'"' | b'|' => break,
            b'\'' if rest.starts_with("''") => break,
            b'}' if rest.starts_with("}}") => break,
            b'{' if rest.starts_with("{{=}}") || rest.starts_with("{{!}}") => at += 5,
            b'{' if rest.starts_with("{{") => return (at, true),
            b'&' if ["&lt;", "&gt;", "&quot;", "&nbsp;", "&#32;", "&#160;"].iter().any(|end| rest.starts_with(end)) => {
                break;
            }
            0x80.. => match rest.chars().next() {
                Some(c) if !c.is_whitespace() && c != '\u{fffd}' => at += c.len_utf8(),
                _ => break,
            },
            _ => at += 1,
        }
    }
    (at, false)
}

impl Link {
    /// The URL it is written as, without markup.
    fn url<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        let mut written = &text[self.start..self.end];
        if self.is_partial || written.len() > MAX_LINK {
            return None;
        }
        if !self.is_delimited {
            // As MediaWiki does: a bracket at the end belongs to the link when one was opened in it.
            let is_open = written.contains('(');
            written = written.trim_end_matches(|c| ",;\\.:!?".contains(c) || (c == ')' && !is_open));
        }
        let mut url = Cow::Borrowed(written);
        for (markup, meant) in [("{{=}}", "="), ("{{!}}", "|"), ("&amp;", "&")] {
            if url.contains(markup) {
                url = Cow::Owned(url.replace(markup, meant));
            }
        }
        if self.is_relative {
            url = Cow::Owned(format!("http:{url}"));
        }
        Some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The links, with a `*` before those that are references.
    fn links(wikitext: &str) -> Vec<String> {
        let mut found = Vec::new();
        let finder = LinkFinder::new().unwrap();
        finder.each(wikitext, &mut |url, is_reference| {
            found.push(format!("{}{url}", if is_reference { "*" } else { "" }));
        });
        found
    }

    #[test]
    fn every_way_to_write_a_link() {
        for (wikitext, expected) in [
            ("see [http://a.example/x The X], or", &["http://a.example/x"][..]),
            ("see http://a.example/x, or (https://b.example/y).", &["http://a.example/x", "https://b.example/y"]),
            ("http://a.example/x_(y) and http://a.example/z).", &["http://a.example/x_(y)", "http://a.example/z"]),
            ("[HTTP://A.example/x.]", &["HTTP://A.example/x."]),
            ("[//a.example/x y] but [[//a.example/x]] and a //b.example/", &["http://a.example/x"]),
            ("''http://a.example/x''", &["http://a.example/x"]),
            ("http://a.example/x's", &["http://a.example/x's"]),
            ("xhttp://a.example/ ftp://b.example/ mailto:c@d.example shttp://e.example", &[]),
            (
                "http://a.example/?x=1&amp;y=2&nbsp;or http://b.example/&lt;",
                &["http://a.example/?x=1&y=2", "http://b.example/"],
            ),
            (
                "http://a.example/größe\u{3000}x http://b.example/\u{fffd}",
                &["http://a.example/größe", "http://b.example/"],
            ),
            ("<!-- http://a.example/ --> http://b.example/", &["http://b.example/"]),
            ("http://b.example/ <!-- http://a.example/", &["http://b.example/"]),
            ("<NoWiki>http://a.example/</nowiki> http://b.example/", &["http://b.example/"]),
            ("<nowiki/> http://a.example/ <nowiki> http://b.example/", &["http://a.example/", "http://b.example/"]),
            (
                "<syntaxhighlight lang=\"c\">// http://a.example/</syntaxhighlight>http://b.example/",
                &["http://b.example/"],
            ),
            ("<preface> http://a.example/", &["http://a.example/"]),
            ("http://a.example/{{PAGENAME}} http://b.example/{{=}}1", &["http://b.example/=1"]),
            ("|| http://a.example/x||http://b.example/", &["http://a.example/x", "http://b.example/"]),
            ("{{official|//a.example/x.}}", &["http://a.example/x."]),
            ("http://", &["http://"]),
        ] {
            assert_eq!(links(wikitext), expected, "{wikitext}");
        }
        assert_eq!(links(&format!("http://a.example/{}", "x".repeat(MAX_LINK))), [""; 0]);
    }

    #[test]
    fn references_are_told_from_other_links() {
        for (wikitext, expected) in [
            ("<ref>http://a.example/</ref> http://b.example/", &["*http://a.example/", "http://b.example/"][..]),
            ("<ref name=\"x\" /> http://b.example/", &["http://b.example/"]),
            ("<ref name=\"x\">http://a.example/</ref >http://b.example/", &["*http://a.example/", "http://b.example/"]),
            ("<references>http://a.example/</references>", &["http://a.example/"]),
            (
                "{{Cite web|url= http://a.example/x |title={{lang|fr|X}}|archive-url=https://web.archive.org/web/2010/http://a.example/y}} http://b.example/",
                &["*http://a.example/x", "*http://a.example/y", "http://b.example/"],
            ),
            ("{{ citation\n| url = http://a.example/x}}", &["*http://a.example/x"]),
            (
                "{{infobox|website=http://b.example/|ref={{cite book|url=//a.example}}|x=http://c.example}}",
                &["http://b.example/", "*http://a.example", "http://c.example"],
            ),
            (
                "<ref>{{cite web|url=http://a.example/\n== Links ==\nhttp://b.example/",
                &["*http://a.example/", "http://b.example/"],
            ),
            ("}}}} {{cite web|url=http://a.example/}}", &["*http://a.example/"]),
        ] {
            assert_eq!(links(wikitext), expected, "{wikitext}");
        }
    }

    /// Pieces of markup in any order: no panic, no link that is not in the text, and time in proportion to length.
    #[test]
    fn any_markup_does() {
        let pieces = [
            "http://a.b/",
            "https:",
            "//",
            "{{",
            "}}",
            "{{=}}",
            "<ref>",
            "<ref",
            "</ref>",
            "<!--",
            "-->",
            "<nowiki>",
            "</nowiki>",
            "<pre ",
            "é",
            "\u{3000}",
            "&amp;",
            "&lt;",
            "''",
            "[",
            "]",
            "|",
            "=",
            "\n==",
            "cite",
            " ",
            "(",
            ")",
            ".",
            "/>",
            "web.archive.org/web/2008/",
        ];
        for seed in 0..4000_u64 {
            let pick = |at: u64| {
                pieces[(tokenmill_core::hash::hash64(seed, &at.to_le_bytes()) % pieces.len() as u64) as usize]
            };
            let text: String = (0..30).map(pick).collect();
            for link in links(&text) {
                let link = link.trim_start_matches('*');
                assert!(link.starts_with("http:") || link.starts_with("https:"), "{text}: {link}");
            }
        }
        for piece in pieces {
            let _ = links(&piece.repeat(300_000));
        }
    }
}
