//! Subscripts and superscripts that would change a number or a symbol if they were run into it.

use super::dom::{Dom, NodeId, Tag};
use super::raised;

/// Nodes of a script.
const MAX_SCRIPT_NODES: usize = 8;

/// The text to write instead of a `sub` or `sup` element, given what stands before it on the line: `^6` in `10^6`.
/// `None` where its content reads well as it is: `1st`, a linked footnote, a script with nothing before it.
pub fn script(dom: &Dom, id: NodeId, before: &str) -> Option<String> {
    let mut content = String::new();
    for (index, node) in dom.descendants(id).enumerate() {
        content.push_str(dom.text(node));
        if index >= MAX_SCRIPT_NODES || dom.tag(node) == Tag::A || content.len() > raised::MAX_BYTES {
            return None;
        }
    }
    raised::mark(&content, dom.tag(id) == Tag::Sup, before)
}

#[cfg(test)]
mod tests {
    use super::super::dom::ROOT;
    use super::*;

    fn read(before: &str, html: &str) -> Option<String> {
        let mut dom = Dom::default();
        dom.parse(html);
        let id = dom.descendants(ROOT).find(|&id| matches!(dom.tag(id), Tag::Sub | Tag::Sup)).unwrap();
        script(&dom, id, before)
    }

    #[test]
    fn powers_and_indices_are_marked() {
        assert_eq!(read("10", "<sup>6</sup>").as_deref(), Some("^6"));
        assert_eq!(read("10", "<sup>-3</sup>").as_deref(), Some("^{-3}"));
        assert_eq!(read("x", "<sub>i</sub>").as_deref(), Some("_i"));
        assert_eq!(read("H", "<sub>2</sub>").as_deref(), Some("_2"));
        assert_eq!(read("x", "<sup>e</sup>").as_deref(), Some("^e"));
    }

    #[test]
    fn words_and_footnotes_read_on() {
        assert_eq!(read("1", "<sup>st</sup>"), None);
        assert_eq!(read("Brand", "<sup>TM</sup>"), None);
        assert_eq!(read("word", "<sup><a href=#f>1</a></sup>"), None);
        assert_eq!(read("end ", "<sup>1</sup>"), None);
        assert_eq!(read("word", "<sup>a whole sentence of it</sup>"), None);
    }
}
