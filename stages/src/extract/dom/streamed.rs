//! Puts the segments of a streamed page where they belong.
//!
//! React sends slow parts of a page at its end, as `<div hidden id="S:0">`, and a script moves the content of each to a
//! `<template id="B:0">` (a boundary) or `<template id="P:0">` (a place inside an earlier segment); see
//! `ReactFizzInstructionSet` in React 18 and 19. Without this the page reads as hidden, and out of order.

use std::collections::BTreeMap;

use super::{Attr, Dom, NIL, Tag};

/// Longest id of a segment or a place: a letter, a colon and a number in hexadecimal digits.
const MAX_ID_BYTES: u32 = 12;

/// Moves the content of every segment before its place and unlinks the segment.
pub(super) fn place(dom: &mut Dom) {
    let (mut segments, mut places) = (Vec::new(), BTreeMap::new());
    for id in 0..dom.nodes.len() as u32 {
        let node = &dom.nodes[id as usize];
        if !matches!(node.tag, Tag::Div | Tag::Template) || node.parent == NIL {
            continue;
        }
        let attributes = &dom.attributes[node.start as usize..node.end as usize];
        let named = attributes.iter().find(|attribute| attribute.name == Attr::Id);
        let Some(name) = named.filter(|name| name.end - name.start <= MAX_ID_BYTES) else { continue };
        match (node.tag, &dom.values[name.start as usize..name.end as usize].split_at_checked(2)) {
            (Tag::Div, Some(("S:", number))) if attributes.iter().any(|attribute| attribute.name == Attr::Hidden) => {
                segments.push((id, (*number).to_owned()));
            }
            (Tag::Template, Some(("B:" | "P:", number))) => {
                places.entry((*number).to_owned()).or_insert(id);
            }
            _ => {}
        }
    }
    for (segment, number) in segments {
        if let Some(&place) = places.get(&number).filter(|&&place| !is_inside(dom, place, segment)) {
            while dom.nodes[segment as usize].first_child != NIL {
                let child = dom.nodes[segment as usize].first_child;
                dom.unlink(child);
                dom.link_before(place, child);
            }
            dom.unlink(segment);
        }
    }
}

/// Whether a node lies in the subtree of another; the depth of a tree is bounded.
fn is_inside(dom: &Dom, node: u32, top: u32) -> bool {
    std::iter::successors(Some(node), |&at| Some(dom.nodes[at as usize].parent).filter(|&parent| parent != NIL))
        .any(|at| at == top)
}
