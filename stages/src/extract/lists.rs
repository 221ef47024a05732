//! Lists: each item begins a line, and the items of ordered lists carry their number as they do on screen.

use super::dom::{Attr, Dom, NodeId, Tag};

/// The open lists around the current position.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    /// Number of the next item; `None` for a list without numbers.
    next: Vec<Option<u32>>,
}

impl Lists {
    /// Forgets all open lists.
    pub fn reset(&mut self) {
        self.next.clear();
    }

    /// Enters a list element.
    pub fn open(&mut self, dom: &Dom, list: NodeId) {
        let is_plain = dom.attr(list, Attr::TypeAttr).is_none_or(|kind| kind == "1")
            && !dom.attr(list, Attr::Style).is_some_and(|style| style.contains("none"));
        let start = dom.attr(list, Attr::Start).and_then(|start| start.trim().parse().ok()).unwrap_or(1);
        self.next.push((dom.tag(list) == Tag::Ol && is_plain).then_some(start));
    }

    /// Leaves a list element.
    pub fn close(&mut self) {
        self.next.pop();
    }

    /// Number of an item that begins, counting it.
    pub fn number(&mut self, dom: &Dom, item: NodeId) -> Option<u32> {
        let next = self.next.last_mut()?.as_mut()?;
        let stated = dom.attr(item, Attr::Value).and_then(|value| value.trim().parse().ok());
        let number = stated.unwrap_or(*next);
        *next = number.saturating_add(1);
        Some(number)
    }

    /// Whether the position is inside a list.
    pub fn is_open(&self) -> bool {
        !self.next.is_empty()
    }
}

/// Whether the element is a list of items.
pub fn is_list(tag: Tag) -> bool {
    matches!(tag, Tag::Ul | Tag::Ol | Tag::Menu | Tag::Dir)
}

#[cfg(test)]
mod tests {
    use super::super::dom::ROOT;
    use super::*;

    fn numbers(html: &str) -> Vec<Option<u32>> {
        let mut dom = Dom::default();
        dom.parse(html);
        let mut lists = Lists::default();
        let mut found = Vec::new();
        for id in dom.descendants(ROOT) {
            match dom.tag(id) {
                tag if is_list(tag) => lists.open(&dom, id),
                Tag::Li => found.push(lists.number(&dom, id)),
                _ => {}
            }
        }
        found
    }

    #[test]
    fn numbers_follow_start_and_value() {
        assert_eq!(numbers("<ol><li>a<li>b</ol>"), [Some(1), Some(2)]);
        assert_eq!(numbers("<ol start=4><li>a<li value=9>b<li>c</ol>"), [Some(4), Some(9), Some(10)]);
        assert_eq!(numbers("<ol start=x><li value=4294967295>a<li>b</ol>"), [Some(u32::MAX), Some(u32::MAX)]);
    }

    #[test]
    fn other_lists_have_none() {
        assert_eq!(numbers("<ul><li>a</ul>"), [None]);
        assert_eq!(numbers("<ol style='list-style: none'><li>a</ol><ol type=a><li>b</ol>"), [None, None]);
        assert_eq!(numbers("<li>stray"), [None]);
    }
}
