//! A page as a tree in one reusable arena: the only view of HTML that the rest of extraction has.

mod flood;
mod guard;
mod sink;
mod streamed;
mod tag;

pub use tag::{Attr, Tag};

use html5ever::LocalName;

/// Most nodes a tree may hold; what follows is not parsed. Two nodes for each of a million siblings still fit.
pub const MAX_NODES: usize = 4_000_000;
/// Nodes that even the shortest page may have. Beyond them one node a byte is the limit: markup takes two bytes a node at
/// the least, so only a page that makes the parser clone elements without end gets there.
const MIN_NODES: usize = 1_024;
/// Longest attribute value kept, in bytes; only data URIs are longer.
const MAX_ATTRIBUTE_BYTES: usize = 8 * 1024;

/// A node of the tree it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(u32);

/// The document node, parent of everything.
pub const ROOT: NodeId = NodeId(0);
/// Absent link.
const NIL: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Node {
    parent: u32,
    first_child: u32,
    last_child: u32,
    previous: u32,
    next: u32,
    /// Text: byte range in `Dom::text`. Element: index range in `Dom::attributes`.
    start: u32,
    end: u32,
    tag: Tag,
    namespace: u8,
    /// `annotation-xml` whose content is HTML.
    is_integration_point: bool,
}

#[derive(Clone, Copy, Debug)]
struct Attribute {
    name: Attr,
    /// Byte range in `Dom::values`.
    start: u32,
    end: u32,
}

/// What the parser had to leave out to stay within its limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParseLimits {
    /// More than [`MAX_NODES`] nodes, or more nodes than bytes: the rest of the page was not read.
    pub too_many_nodes: bool,
    /// Elements nested too deep were dropped, their text kept.
    pub too_deep: bool,
    /// A tag had too many attributes: the surplus was dropped.
    pub too_many_attributes: bool,
}

/// What `noscript` elements hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Noscript {
    /// Text without structure, as in a browser that runs scripts; readers skip it.
    #[default]
    Hidden,
    /// Elements, as in a browser that does not.
    Shown,
}

/// A parsed page. Reuse one per thread: parsing again keeps the buffers.
#[derive(Debug, Default)]
pub struct Dom {
    nodes: Vec<Node>,
    /// Element names, parallel to `nodes`; needed by the parser only.
    names: Vec<LocalName>,
    attributes: Vec<Attribute>,
    text: String,
    values: String,
    /// Bytes of attribute values that may still be stored; formatting elements are cloned by the parser, so a short
    /// page could otherwise multiply a long value without end.
    value_budget: usize,
    max_nodes: usize,
    noscript: Noscript,
    limits: ParseLimits,
    n_errors: u32,
}

impl Dom {
    /// Parses a page in the way of the HTML standard, as a browser would that runs scripts. Never fails: any text is a
    /// page.
    pub fn parse(&mut self, html: &str) {
        self.parse_with(html, Noscript::Hidden);
    }

    /// As [`Dom::parse`], with a choice about `noscript`.
    pub fn parse_with(&mut self, html: &str, noscript: Noscript) {
        self.clear();
        self.noscript = noscript;
        self.value_budget = html.len() + MAX_ATTRIBUTE_BYTES;
        self.max_nodes = MAX_NODES.min(html.len() + MIN_NODES);
        self.push_node(Tag::Document);
        sink::parse_into(self, html);
        if html.contains("id=\"S:") {
            streamed::place(self);
        }
        self.names.clear();
    }

    fn clear(&mut self) {
        self.nodes.clear();
        self.names.clear();
        self.attributes.clear();
        self.text.clear();
        self.values.clear();
        self.limits = ParseLimits::default();
        self.n_errors = 0;
    }

    fn push_node(&mut self, tag: Tag) -> u32 {
        let id = self.nodes.len() as u32;
        self.nodes.push(Node {
            parent: NIL,
            first_child: NIL,
            last_child: NIL,
            previous: NIL,
            next: NIL,
            start: 0,
            end: 0,
            tag,
            namespace: 0,
            is_integration_point: false,
        });
        self.names.push(LocalName::default());
        id
    }

    /// What was left out while parsing.
    pub fn limits(&self) -> ParseLimits {
        self.limits
    }

    /// Bytes of the buffers.
    pub fn memory_bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>()
            + self.names.capacity() * size_of::<LocalName>()
            + self.attributes.capacity() * size_of::<Attribute>()
            + self.text.capacity()
            + self.values.capacity()
    }

    /// Gives buffers back that an ordinary page does not need.
    pub fn shrink_to(&mut self, bytes: usize) {
        if self.memory_bytes() > bytes {
            *self = Dom::default();
        }
    }

    /// Errors of the page by the HTML standard.
    pub fn n_errors(&self) -> u32 {
        self.n_errors
    }

    /// What `noscript` elements of this page hold.
    pub fn noscript(&self) -> Noscript {
        self.noscript
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nothing was parsed yet.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What the node is.
    pub fn tag(&self, id: NodeId) -> Tag {
        self.nodes[id.0 as usize].tag
    }

    /// Text of a text node, entities decoded; empty for all others.
    pub fn text(&self, id: NodeId) -> &str {
        let node = &self.nodes[id.0 as usize];
        if node.tag == Tag::Text { &self.text[node.start as usize..node.end as usize] } else { "" }
    }

    /// Value of an attribute, entities decoded.
    pub fn attr(&self, id: NodeId, name: Attr) -> Option<&str> {
        self.attributes_of(id).iter().find(|attribute| attribute.name == name).map(|attribute| self.value(attribute))
    }

    /// All kept attributes of an element, in source order.
    pub fn attrs(&self, id: NodeId) -> impl Iterator<Item = (Attr, &str)> {
        self.attributes_of(id).iter().map(|attribute| (attribute.name, self.value(attribute)))
    }

    fn value(&self, attribute: &Attribute) -> &str {
        &self.values[attribute.start as usize..attribute.end as usize]
    }

    fn attributes_of(&self, id: NodeId) -> &[Attribute] {
        let node = &self.nodes[id.0 as usize];
        if node.tag == Tag::Text { &[] } else { &self.attributes[node.start as usize..node.end as usize] }
    }

    /// Parent, `None` for the document and for detached nodes.
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        link(self.nodes[id.0 as usize].parent)
    }

    /// First child.
    pub fn first_child(&self, id: NodeId) -> Option<NodeId> {
        link(self.nodes[id.0 as usize].first_child)
    }

    /// Next sibling.
    pub fn next_sibling(&self, id: NodeId) -> Option<NodeId> {
        link(self.nodes[id.0 as usize].next)
    }

    /// Previous sibling.
    pub fn previous_sibling(&self, id: NodeId) -> Option<NodeId> {
        link(self.nodes[id.0 as usize].previous)
    }

    /// Children in order.
    pub fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        std::iter::successors(self.first_child(id), |&child| self.next_sibling(child))
    }

    /// The children that are elements, in order.
    pub fn elements(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        self.children(id).filter(|&child| self.tag(child) != Tag::Text)
    }

    /// The nodes below `top`, each before its children, in document order.
    pub fn descendants(&self, top: NodeId) -> impl Iterator<Item = NodeId> {
        let first = self.first_child(top);
        std::iter::successors(first, move |&id| self.first_child(id).or_else(|| self.after_subtree(id, top)))
    }

    /// The next node in document order that is not below `id`, while it stays below `top`.
    pub fn after_subtree(&self, id: NodeId, top: NodeId) -> Option<NodeId> {
        let mut at = id;
        while at != top {
            if let Some(next) = self.next_sibling(at) {
                return Some(next);
            }
            at = self.parent(at)?;
        }
        None
    }

    /// Appends the text below `top` as it stands in the page, entities decoded, nothing collapsed.
    pub fn push_text_content(&self, top: NodeId, out: &mut String) {
        out.push_str(self.text(top));
        for id in self.descendants(top) {
            out.push_str(self.text(id));
        }
    }
}

fn link(id: u32) -> Option<NodeId> {
    (id != NIL).then_some(NodeId(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(html: &str) -> Dom {
        let mut dom = Dom::default();
        dom.parse(html);
        dom
    }

    fn find(dom: &Dom, tag: Tag) -> Option<NodeId> {
        dom.descendants(ROOT).find(|&id| dom.tag(id) == tag)
    }

    #[test]
    fn links_agree_in_all_directions() {
        let dom = parse("<table>stray<tr><td>1<td>2</table><p>a<b>c<p>d</b>e<template><i>x</i></template>");
        for id in dom.descendants(ROOT) {
            let parent = dom.parent(id).unwrap();
            assert!(dom.children(parent).any(|child| child == id));
            if let Some(next) = dom.next_sibling(id) {
                assert_eq!(dom.previous_sibling(next), Some(id));
                assert_eq!(dom.parent(next), Some(parent));
            }
        }
        let mut text = String::new();
        dom.push_text_content(ROOT, &mut text);
        assert_eq!(text, "stray12acdex");
    }

    #[test]
    fn attributes_are_decoded_and_unknown_ones_dropped() {
        let dom = parse("<p class='a &amp; b' onclick='x()' id=q data-tex='\\mu'>t");
        let p = find(&dom, Tag::P).unwrap();
        assert_eq!(dom.attr(p, Attr::Class), Some("a & b"));
        assert_eq!(dom.attr(p, Attr::DataTex), Some("\\mu"));
        assert_eq!(dom.attrs(p).count(), 3);
    }

    #[test]
    fn parsing_again_forgets_the_page_before() {
        let mut dom = parse("<p>first<p>second");
        let n_nodes = dom.len();
        dom.parse("<p>x");
        assert!(dom.len() < n_nodes);
        let mut text = String::new();
        dom.push_text_content(ROOT, &mut text);
        assert_eq!(text, "x");
    }

    #[test]
    fn prefixed_void_math_closes_itself() {
        let dom = parse("<mml:mrow><mml:mspace/><mml:mi>x</mml:mi></mml:mrow>");
        let row = find(&dom, Tag::Mrow).unwrap();
        assert_eq!(dom.elements(row).count(), 2);
    }
}
