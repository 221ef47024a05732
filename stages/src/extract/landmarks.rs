//! The part of a page that an element declares itself to be, by its tag or its ARIA role.

use super::dom::Tag;

/// A declared part of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Landmark {
    /// Nothing declared.
    #[default]
    None,
    /// The page itself.
    Page,
    /// `main`.
    Main,
    /// `article`.
    Article,
    /// `header`: of the page, or of an article.
    Header,
    /// A form.
    Form,
    /// The first heading level.
    Title,
    /// Navigation, footer, side column, search, dialogs and messages: never what a page is about.
    Frame,
}

/// The landmark of an element. A role overrides the tag; the first known one of several counts.
pub fn landmark(tag: Tag, role: Option<&str>) -> Landmark {
    let declared = role.and_then(|roles| roles.split_ascii_whitespace().find_map(of_role));
    declared.unwrap_or(match tag {
        Tag::Document | Tag::Html | Tag::Body => Landmark::Page,
        Tag::Main => Landmark::Main,
        Tag::Article => Landmark::Article,
        Tag::Header => Landmark::Header,
        Tag::Form => Landmark::Form,
        Tag::H1 => Landmark::Title,
        Tag::Nav | Tag::Footer | Tag::Aside | Tag::Dialog | Tag::Search | Tag::Legend | Tag::Address => Landmark::Frame,
        _ => Landmark::None,
    })
}

/// Roles of [WAI-ARIA 1.2](https://www.w3.org/TR/wai-aria-1.2/#role_definitions) that matter here.
fn of_role(role: &str) -> Option<Landmark> {
    Some(match role.to_ascii_lowercase().as_str() {
        "main" => Landmark::Main,
        "article" => Landmark::Article,
        "alert" | "alertdialog" | "banner" | "complementary" | "contentinfo" | "dialog" | "listbox" | "marquee"
        | "menu" | "menubar" | "menuitem" | "navigation" | "option" | "search" | "status" => Landmark::Frame,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_role_overrides_the_tag() {
        assert_eq!(landmark(Tag::Div, Some("navigation")), Landmark::Frame);
        assert_eq!(landmark(Tag::Aside, Some("Main")), Landmark::Main);
        assert_eq!(landmark(Tag::Nav, Some("presentation")), Landmark::Frame);
        assert_eq!(landmark(Tag::Div, Some("none search")), Landmark::Frame);
        assert_eq!(landmark(Tag::Div, None), Landmark::None);
        assert_eq!(landmark(Tag::Footer, None), Landmark::Frame);
    }
}
