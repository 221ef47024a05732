//! Whether and how an element is shown.

use super::dom::Tag;
use super::text::Join;

/// How an element takes part in the flow of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Part of a line.
    Inline,
    /// Begins and ends lines, with this break around it.
    Block(Join),
    /// Not part of the text of a page.
    Absent,
}

/// The flow of an element, as browsers' default style sheets have it.
pub fn flow(tag: Tag) -> Flow {
    match tag {
        Tag::Div
        | Tag::Li
        | Tag::Dt
        | Tag::Dd
        | Tag::Tr
        | Tag::Td
        | Tag::Th
        | Tag::Label
        | Tag::Legend
        | Tag::Center => Flow::Block(Join::Line),
        Tag::P
        | Tag::H1
        | Tag::H2
        | Tag::H3
        | Tag::H4
        | Tag::H5
        | Tag::H6
        | Tag::Hgroup
        | Tag::Ul
        | Tag::Ol
        | Tag::Dl
        | Tag::Menu
        | Tag::Dir
        | Tag::Table
        | Tag::Caption
        | Tag::Thead
        | Tag::Tbody
        | Tag::Tfoot
        | Tag::Blockquote
        | Tag::Figure
        | Tag::Figcaption
        | Tag::Section
        | Tag::Article
        | Tag::Main
        | Tag::Aside
        | Tag::Nav
        | Tag::Header
        | Tag::Footer
        | Tag::Address
        | Tag::Details
        | Tag::Summary
        | Tag::Fieldset
        | Tag::Form
        | Tag::Search
        | Tag::Body
        | Tag::Noscript
        | Tag::Dialog => Flow::Block(Join::Paragraph),
        Tag::Head
        | Tag::Style
        | Tag::Script
        | Tag::Template
        | Tag::Noembed
        | Tag::Noframes
        | Tag::Iframe
        | Tag::Object
        | Tag::Embed
        | Tag::Video
        | Tag::Audio
        | Tag::Canvas
        | Tag::Map
        | Tag::Svg
        | Tag::Datalist
        | Tag::Select
        | Tag::Optgroup
        | Tag::Option
        | Tag::Input
        | Tag::Textarea
        | Tag::Progress
        | Tag::Meter
        | Tag::Rp
        | Tag::Rt
        | Tag::Frame
        | Tag::Frameset => Flow::Absent,
        _ => Flow::Inline,
    }
}

/// Whether an inline style takes the element off the page.
pub fn hides(style: &str) -> bool {
    style.split(';').filter_map(|rule| rule.split_once(':')).any(|(property, value)| {
        let value = value.trim().trim_end_matches("!important").trim_end();
        match property.trim() {
            property if property.eq_ignore_ascii_case("display") => value.eq_ignore_ascii_case("none"),
            property if property.eq_ignore_ascii_case("visibility") => value.eq_ignore_ascii_case("hidden"),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_hide() {
        for style in ["display:none", " color:red;DISPLAY : None", "visibility: hidden;", "display:none!important"] {
            assert!(hides(style), "{style}");
        }
        for style in ["", "display:block", "display", "overflow:hidden", "mask:url(a;display:nonex)"] {
            assert!(!hides(style), "{style}");
        }
    }
}
