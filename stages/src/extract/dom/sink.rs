//! Builds the arena from html5ever's tree construction calls.

use std::borrow::Cow;
use std::cell::{Cell, Ref, RefCell};

use html5ever::buffer_queue::BufferQueue;
use html5ever::interface::{ElemName, ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};
use html5ever::{Attribute as ParsedAttribute, LocalName, Namespace, QualName, TokenizerResult, ns};

use super::guard::Guard;
use super::tag::{Attr, Tag};
use super::{Attribute, Dom, MAX_ATTRIBUTE_BYTES, NIL, Noscript, flood};

/// Bytes handed to the tokenizer at once: small enough that what it copies stays in cache.
const CHUNK_BYTES: usize = 64 * 1024;
/// The handle of every comment and processing instruction; they are never linked into the tree.
const COMMENT: u32 = NIL;

static NAMESPACES: [Namespace; 4] = [ns!(html), ns!(mathml), ns!(svg), ns!()];

/// Parses `html` below the document node, which must be the only node of `dom`.
pub(super) fn parse_into(dom: &mut Dom, html: &str) {
    let surplus = flood::surplus_attributes(html);
    dom.limits.too_many_attributes = !surplus.is_empty();

    let options = TreeBuilderOpts { scripting_enabled: dom.noscript == Noscript::Hidden, ..TreeBuilderOpts::default() };
    let sink = ArenaSink { dom: RefCell::new(dom), is_full: Cell::new(false) };
    let builder = TreeBuilder::new(sink, options);
    let tokenizer = Tokenizer::new(Guard::new(builder), TokenizerOpts::default());
    let mut from = 0;
    for cut in surplus {
        feed(&tokenizer, &html[from..cut.start]);
        from = cut.end;
    }
    feed(&tokenizer, &html[from..]);
    tokenizer.end();
    let too_deep = tokenizer.sink.too_deep();
    tokenizer.sink.into_sink().finish();
    dom.limits.too_deep = too_deep;
}

fn feed(tokenizer: &Tokenizer<Guard<'_>>, mut html: &str) {
    let queue = BufferQueue::default();
    while !html.is_empty() && !tokenizer.sink.is_full() {
        let mut end = html.len().min(CHUNK_BYTES);
        while !html.is_char_boundary(end) {
            end -= 1;
        }
        let (chunk, rest) = html.split_at(end);
        queue.push_back(StrTendril::from_slice(chunk));
        // Scripts and encoding hints pause the tokenizer; neither has an effect here.
        while !matches!(tokenizer.feed(&queue), TokenizerResult::Done) {}
        html = rest;
    }
}

/// Receives tree construction; handles are node numbers.
pub(super) struct ArenaSink<'a> {
    dom: RefCell<&'a mut Dom>,
    is_full: Cell<bool>,
}

impl ArenaSink<'_> {
    /// Whether the node limit was reached; everything that follows is ignored.
    pub(super) fn is_full(&self) -> bool {
        self.is_full.get()
    }
}

/// The name of an element, borrowed from the arena.
pub(super) struct Name<'a> {
    dom: Ref<'a, &'a mut Dom>,
    id: u32,
}

impl std::fmt::Debug for Name<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.local_name())
    }
}

impl ElemName for Name<'_> {
    fn ns(&self) -> &Namespace {
        &NAMESPACES[self.dom.nodes[self.id as usize].namespace as usize]
    }

    fn local_name(&self) -> &LocalName {
        &self.dom.names[self.id as usize]
    }
}

impl<'s> TreeSink for ArenaSink<'s> {
    type Handle = u32;
    type Output = ();
    type ElemName<'a>
        = Name<'a>
    where
        Self: 'a;

    fn finish(self) {}

    fn parse_error(&self, _message: Cow<'static, str>) {
        self.dom.borrow_mut().n_errors += 1;
    }

    fn get_document(&self) -> u32 {
        0
    }

    fn elem_name<'a>(&'a self, target: &'a u32) -> Name<'a> {
        Name { dom: self.dom.borrow(), id: *target }
    }

    fn create_element(&self, name: QualName, attrs: Vec<ParsedAttribute>, flags: ElementFlags) -> u32 {
        let dom = &mut **self.dom.borrow_mut();
        if dom.nodes.len() >= dom.max_nodes {
            dom.limits.too_many_nodes = true;
            self.is_full.set(true);
        }
        let id = dom.push_node(Tag::of(&name.local));
        let range = dom.push_attributes(attrs);
        let node = &mut dom.nodes[id as usize];
        (node.start, node.end) = range;
        node.namespace = NAMESPACES.iter().position(|known| *known == name.ns).unwrap_or(NAMESPACES.len() - 1) as u8;
        node.is_integration_point = flags.mathml_annotation_xml_integration_point;
        dom.names[id as usize] = name.local;
        id
    }

    fn create_comment(&self, _text: StrTendril) -> u32 {
        COMMENT
    }

    fn create_pi(&self, _target: StrTendril, _data: StrTendril) -> u32 {
        COMMENT
    }

    fn append(&self, parent: &u32, child: NodeOrText<u32>) {
        let dom = &mut **self.dom.borrow_mut();
        match child {
            NodeOrText::AppendNode(COMMENT) => {}
            NodeOrText::AppendNode(node) => dom.link_last(*parent, node),
            NodeOrText::AppendText(text) => {
                let last = dom.nodes[*parent as usize].last_child;
                if !dom.extend_text(last, &text) {
                    let node = dom.push_text(&text);
                    dom.link_last(*parent, node);
                }
            }
        }
    }

    fn append_based_on_parent_node(&self, element: &u32, previous: &u32, child: NodeOrText<u32>) {
        let has_parent = self.dom.borrow().nodes[*element as usize].parent != NIL;
        if has_parent {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_doctype_to_document(&self, _name: StrTendril, _public_id: StrTendril, _system_id: StrTendril) {}

    /// Contents of a template hang below the template itself; readers skip it by its tag.
    fn get_template_contents(&self, target: &u32) -> u32 {
        *target
    }

    fn same_node(&self, x: &u32, y: &u32) -> bool {
        x == y
    }

    fn set_quirks_mode(&self, _mode: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &u32, new_node: NodeOrText<u32>) {
        let dom = &mut **self.dom.borrow_mut();
        match new_node {
            NodeOrText::AppendNode(COMMENT) => {}
            NodeOrText::AppendNode(node) => {
                dom.unlink(node);
                dom.link_before(*sibling, node);
            }
            NodeOrText::AppendText(text) => {
                let previous = dom.nodes[*sibling as usize].previous;
                if !dom.extend_text(previous, &text) {
                    let node = dom.push_text(&text);
                    dom.link_before(*sibling, node);
                }
            }
        }
    }

    /// Only a repeated `html` or `body` tag comes here. Its attributes replace the range when there was none, as a
    /// page that states them twice has no meaning worth a second list.
    fn add_attrs_if_missing(&self, target: &u32, attrs: Vec<ParsedAttribute>) {
        let dom = &mut **self.dom.borrow_mut();
        let node = dom.nodes[*target as usize];
        if node.start == node.end {
            let range = dom.push_attributes(attrs);
            let node = &mut dom.nodes[*target as usize];
            (node.start, node.end) = range;
        }
    }

    fn remove_from_parent(&self, target: &u32) {
        self.dom.borrow_mut().unlink(*target);
    }

    fn reparent_children(&self, node: &u32, new_parent: &u32) {
        let dom = &mut **self.dom.borrow_mut();
        let mut child = dom.nodes[*node as usize].first_child;
        while child != NIL {
            let next = dom.nodes[child as usize].next;
            dom.unlink(child);
            dom.link_last(*new_parent, child);
            child = next;
        }
    }

    fn is_mathml_annotation_xml_integration_point(&self, handle: &u32) -> bool {
        self.dom.borrow().nodes[*handle as usize].is_integration_point
    }
}

impl Dom {
    fn push_attributes(&mut self, attrs: Vec<ParsedAttribute>) -> (u32, u32) {
        let start = self.attributes.len() as u32;
        for attribute in attrs {
            let Some(name) = Attr::of(&attribute.name.local) else { continue };
            let mut length = attribute.value.len().min(MAX_ATTRIBUTE_BYTES);
            while !attribute.value.is_char_boundary(length) {
                length -= 1;
            }
            if length > self.value_budget {
                continue;
            }
            self.value_budget -= length;
            let from = self.values.len() as u32;
            self.values.push_str(&attribute.value[..length]);
            self.attributes.push(Attribute { name, start: from, end: self.values.len() as u32 });
        }
        (start, self.attributes.len() as u32)
    }

    fn push_text(&mut self, text: &str) -> u32 {
        let id = self.push_node(Tag::Text);
        let start = self.text.len() as u32;
        self.text.push_str(text);
        let node = &mut self.nodes[id as usize];
        (node.start, node.end) = (start, start + text.len() as u32);
        id
    }

    /// Lengthens a text node in place. Possible only for the text stored last: copying an older one to the end each
    /// time would cost quadratic work on hostile pages, so such text becomes a sibling node instead.
    fn extend_text(&mut self, id: u32, text: &str) -> bool {
        if id == NIL {
            return false;
        }
        let node = &mut self.nodes[id as usize];
        if node.tag != Tag::Text || node.end as usize != self.text.len() {
            return false;
        }
        self.text.push_str(text);
        node.end = self.text.len() as u32;
        true
    }

    fn link_last(&mut self, parent: u32, node: u32) {
        let last = self.nodes[parent as usize].last_child;
        let child = &mut self.nodes[node as usize];
        (child.parent, child.previous, child.next) = (parent, last, NIL);
        self.nodes[parent as usize].last_child = node;
        match last {
            NIL => self.nodes[parent as usize].first_child = node,
            _ => self.nodes[last as usize].next = node,
        }
    }

    pub(super) fn link_before(&mut self, sibling: u32, node: u32) {
        let (parent, previous) = (self.nodes[sibling as usize].parent, self.nodes[sibling as usize].previous);
        if parent == NIL {
            return;
        }
        let child = &mut self.nodes[node as usize];
        (child.parent, child.previous, child.next) = (parent, previous, sibling);
        self.nodes[sibling as usize].previous = node;
        match previous {
            NIL => self.nodes[parent as usize].first_child = node,
            _ => self.nodes[previous as usize].next = node,
        }
    }

    pub(super) fn unlink(&mut self, node: u32) {
        let (parent, previous, next) = {
            let node = &self.nodes[node as usize];
            (node.parent, node.previous, node.next)
        };
        if parent == NIL {
            return;
        }
        match previous {
            NIL => self.nodes[parent as usize].first_child = next,
            _ => self.nodes[previous as usize].next = next,
        }
        match next {
            NIL => self.nodes[parent as usize].last_child = previous,
            _ => self.nodes[next as usize].previous = previous,
        }
        let node = &mut self.nodes[node as usize];
        (node.parent, node.previous, node.next) = (NIL, NIL, NIL);
    }
}
