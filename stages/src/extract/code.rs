//! Code listings as they are shown: indentation, blank lines and tabs kept, line numbers and buttons dropped.

use super::dom::{Attr, Dom, NodeId, Tag};
use super::hints::{HintReader, Hints};

/// Nodes looked at to decide whether a `code` element is a listing.
const MAX_PROBE_NODES: usize = 2_000;

/// Whether the element shows its text verbatim.
pub fn is_preformatted(tag: Tag) -> bool {
    matches!(tag, Tag::Pre | Tag::Listing | Tag::Xmp | Tag::Plaintext)
}

/// Whether a `code` element outside `pre` is a listing: it has line breaks of its own, by elements or by a text whose
/// lines are indented (which style sheets then show as written).
pub fn is_listing(dom: &Dom, code: NodeId) -> bool {
    let mut n_indented = 0;
    for id in dom.descendants(code).take(MAX_PROBE_NODES) {
        match dom.tag(id) {
            Tag::Br | Tag::Div | Tag::P | Tag::Li | Tag::Tr => return true,
            Tag::Text => n_indented += dom.text(id).matches("\n  ").count() + dom.text(id).matches("\n\t").count(),
            _ => {}
        }
    }
    n_indented >= 2
}

/// Appends the text of a listing without surrounding blank lines; nothing if it is only a column of line numbers.
///
/// Outside of `pre` a line end of the source right after `<br>` is not shown, so it does not count again.
pub fn push_listing(dom: &Dom, top: NodeId, hints: &mut HintReader, out: &mut String) {
    let start = out.len();
    let mut is_after_break = false;
    let mut at = dom.first_child(top);
    while let Some(id) = at {
        let tag = dom.tag(id);
        match tag {
            Tag::Text if is_after_break => push_verbatim(out, without_line_end(dom.text(id))),
            Tag::Text => push_verbatim(out, dom.text(id)),
            Tag::Br => out.push('\n'),
            _ if breaks_line(tag) => start_line(out, start),
            _ => {}
        }
        is_after_break = tag == Tag::Br && !is_preformatted(dom.tag(top));
        let is_dropped = tag != Tag::Text && is_tool(dom, id, hints);
        at = match dom.first_child(id) {
            Some(child) if !is_dropped => Some(child),
            _ => after_subtree(dom, id, top, out, start),
        };
    }
    trim_blank_lines(out, start);
    if is_line_numbers(&out[start..]) {
        out.truncate(start);
    }
}

/// As [`Dom::after_subtree`], ending the line of each block element that is left.
fn after_subtree(dom: &Dom, id: NodeId, top: NodeId, out: &mut String, start: usize) -> Option<NodeId> {
    let mut at = id;
    loop {
        if breaks_line(dom.tag(at)) && dom.next_sibling(at).is_some() {
            start_line(out, start);
        }
        if let Some(next) = dom.next_sibling(at) {
            return Some(next);
        }
        at = dom.parent(at)?;
        if at == top {
            return None;
        }
    }
}

/// Elements that stand on lines of their own inside a listing.
fn breaks_line(tag: Tag) -> bool {
    matches!(tag, Tag::Div | Tag::P | Tag::Li | Tag::Tr | Tag::Ol | Tag::Ul | Tag::Table | Tag::Blockquote | Tag::Pre)
}

fn start_line(out: &mut String, start: usize) {
    if out.len() > start && !out.ends_with('\n') {
        out.push('\n');
    }
}

fn without_line_end(text: &str) -> &str {
    text.strip_prefix("\r\n").or_else(|| text.strip_prefix('\n')).unwrap_or(text)
}

/// Copies text, with line ends as `\n`, no-break spaces as spaces and zero-width marks dropped.
fn push_verbatim(out: &mut String, mut text: &str) {
    while let Some(at) = text.find(['\u{a0}', '\u{200b}', '\u{feff}', '\r', '\0']) {
        out.push_str(&text[..at]);
        let mut rest = text[at..].chars();
        if rest.next() == Some('\u{a0}') {
            out.push(' ');
        }
        text = rest.as_str();
    }
    out.push_str(text);
}

/// Line numbers and buttons.
fn is_tool(dom: &Dom, id: NodeId, reader: &mut HintReader) -> bool {
    if matches!(dom.tag(id), Tag::Button | Tag::Script | Tag::Style | Tag::Svg | Tag::Textarea) {
        return true;
    }
    let hints = dom.attr(id, Attr::Class).map_or(Hints::default(), |class| reader.read(class).1);
    let may_be_gutter = hints.any(Hints::GUTTER) || dom.attr(id, Attr::DataLineNumber).is_some();
    hints.any(Hints::CODE_TOOL) && dom.tag(id) != Tag::Code || may_be_gutter && is_gutter(dom, id)
}

/// Whether the element holds digits and white space only, as a column of line numbers does.
pub fn is_gutter(dom: &Dom, id: NodeId) -> bool {
    dom.descendants(id).all(|node| {
        dom.text(node).chars().all(|letter| letter.is_ascii_digit() || letter.is_whitespace() || letter == '.')
    })
}

/// Whether the text is two or more lines that count upwards by one.
pub fn is_line_numbers(text: &str) -> bool {
    let mut previous: Option<u32> = None;
    let mut n_lines = 0;
    for line in text.split_ascii_whitespace() {
        let Ok(number) = line.parse::<u32>() else { return false };
        if previous.is_some_and(|previous| previous.checked_add(1) != Some(number)) {
            return false;
        }
        previous = Some(number);
        n_lines += 1;
    }
    n_lines >= 2
}

fn trim_blank_lines(out: &mut String, start: usize) {
    out.truncate(start + out[start..].trim_end().len());
    let text = &out[start..];
    let first = text.len() - text.trim_start().len();
    let lead = text[..first].rfind('\n').map_or(0, |newline| newline + 1);
    out.replace_range(start..start + lead, "");
}

#[cfg(test)]
mod tests {
    use super::super::dom::ROOT;
    use super::*;

    fn listing(html: &str) -> String {
        let mut dom = Dom::default();
        dom.parse(html);
        let pre = dom.descendants(ROOT).find(|&id| matches!(dom.tag(id), Tag::Pre | Tag::Code)).unwrap();
        let mut hints = HintReader::default();
        hints.reset();
        let mut out = String::from("x");
        push_listing(&dom, pre, &mut hints, &mut out);
        out.split_off(1)
    }

    #[test]
    fn indentation_tabs_and_blank_lines_stay() {
        assert_eq!(listing("<pre>\n\n    a\n\n\tb\n  c\n\n</pre>"), "    a\n\n\tb\n  c");
        assert_eq!(listing("<pre>a\r\n&nbsp;&nbsp;b &lt;c&gt;</pre>"), "a\n  b <c>");
    }

    #[test]
    fn breaks_come_from_br_and_from_blocks() {
        assert_eq!(listing("<pre>a<br>  b<br><br>c</pre>"), "a\n  b\n\nc");
        assert_eq!(listing("<pre><code><div>a</div><div>  b</div></code></pre>"), "a\n  b");
        assert_eq!(listing("<pre><ol><li>a\n</li><li>b</li></ol></pre>"), "a\nb");
    }

    #[test]
    fn outside_of_pre_a_break_and_its_line_end_are_one() {
        assert_eq!(listing("<code>\na<br>\n&nbsp;b<br>\n<br>\nc</code>"), "a\n b\n\nc");
        assert_eq!(listing("<pre>a<br>\nb</pre>"), "a\n\nb");
    }

    #[test]
    fn spans_add_nothing() {
        assert_eq!(listing("<pre><span class=k>if</span> <span>x</span>:\n    <b>y</b></pre>"), "if x:\n    y");
    }

    #[test]
    fn gutters_and_buttons_go() {
        let html = "<pre><button>Copy</button><span class=lineno>1 </span>a\n<span class=lineno>2 </span>b</pre>";
        assert_eq!(listing(html), "a\nb");
        assert_eq!(listing("<pre>1\n2\n3</pre>"), "");
        assert_eq!(listing("<pre>1\n3</pre>"), "1\n3");
        assert_eq!(listing("<pre class=linenos><span class=gutter>x</span>y</pre>"), "xy");
    }

    #[test]
    fn a_code_element_with_lines_is_a_listing() {
        let mut dom = Dom::default();
        dom.parse("<code>a<br>b</code><code>a b</code><code>if:\n  a\n  b</code>");
        let found: Vec<bool> =
            dom.descendants(ROOT).filter(|&id| dom.tag(id) == Tag::Code).map(|id| is_listing(&dom, id)).collect();
        assert_eq!(found, [true, false, true]);
    }
}
