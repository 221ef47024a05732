//! Links to other pages: what of them is text.

use super::namespaces::{Namespaces, Target};

/// What a link shows.
#[derive(Debug, PartialEq, Eq)]
pub enum Shown<'a> {
    /// A part of its markup, and whether it leads to a page of the wiki.
    Text(&'a str, bool),
    /// Nothing: a file, a category, another language.
    Nothing,
}

/// Beginnings of addresses.
pub const SCHEMES: &[&str] = &[
    "http://",
    "https://",
    "//",
    "ftp://",
    "ftps://",
    "mailto:",
    "news:",
    "irc://",
    "ircs://",
    "gopher://",
    "tel:",
    "sftp://",
    "git://",
];

/// Whether an address of the web begins here.
pub fn is_address(text: &str) -> bool {
    let start = text.as_bytes();
    SCHEMES
        .iter()
        .any(|scheme| start.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes())))
}

/// What `[[target|label]]` shows; `bar` is where its first `|` is.
pub fn shown<'a>(inner: &'a str, bar: Option<usize>, names: &Namespaces) -> Shown<'a> {
    let (target, label) = match bar {
        Some(bar) => (&inner[..bar], Some(&inner[bar + 1..])),
        None => (inner, None),
    };
    let target = target.trim();
    if is_address(target) {
        // An address in double brackets by mistake.
        let label = target.split_once(' ').map_or("", |(_, label)| label);
        return Shown::Text(label.trim(), false);
    }
    let (target, is_named) = match target.strip_prefix(':') {
        Some(target) => (target.trim_start(), true),
        None => (target, false),
    };
    if !is_named && names.target(target) != Target::Page {
        return Shown::Nothing;
    }
    match label {
        Some(label) if !label.trim().is_empty() => Shown::Text(label, true),
        Some(_) => Shown::Text(bare(target), true),
        None => Shown::Text(target, true),
    }
}

/// A title without its namespace and what tells it from others of the name, as `[[Mill (tool)|]]` shows it.
fn bare(target: &str) -> &str {
    let name = target.split_once(':').map_or(target, |(_, name)| name);
    let name = name.trim();
    match name.rfind(['(', '（']) {
        Some(at) if at > 0 && name.ends_with([')', '）']) => name[..at].trim_end(),
        _ => name.split_once(", ").map_or(name, |(name, _)| name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(link: &str) -> Shown<'_> {
        shown(link, link.find('|'), &Namespaces::default())
    }

    #[test]
    fn links_show_their_label_or_their_target() {
        for (link, expected) in [
            ("Mill", "Mill"),
            ("Mill|mills", "mills"),
            ("Mill|a|b", "a|b"),
            ("Mill (tool)|", "Mill"),
            ("Help:Mill, Kent|", "Mill"),
            (":Category:Mills", "Category:Mills"),
            (":de:Mühle|Mühle", "Mühle"),
            ("wikt:mill|mill", "mill"),
        ] {
            assert_eq!(of(link), Shown::Text(expected, true), "{link}");
        }
        assert_eq!(of("http://a.example the site"), Shown::Text("the site", false));
        for nothing in ["File:Mill.jpg|thumb|A mill", "Category:Mills", "de:Mühle"] {
            assert_eq!(of(nothing), Shown::Nothing, "{nothing}");
        }
    }
}
