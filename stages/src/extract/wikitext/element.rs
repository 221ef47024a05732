//! The elements whose content is no wikitext, or is none of the text: what to do with them, and where they end.

/// What becomes of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// It goes with its content.
    Dropped,
    /// A reference: it goes, and is counted.
    Reference,
    /// Text in which markup does not count.
    Nowiki,
    /// TeX.
    Math,
    /// A formula of chemistry, in the TeX of mhchem.
    Chemistry,
    /// A listing.
    Code,
    /// Text as it stands, in which entities count.
    Pre,
}

/// Elements by name. The index of an element is its number.
pub const ELEMENTS: &[(&str, Element)] = &[
    ("ref", Element::Reference),
    ("references", Element::Dropped),
    ("nowiki", Element::Nowiki),
    ("math", Element::Math),
    ("ce", Element::Chemistry),
    ("chem", Element::Chemistry),
    ("syntaxhighlight", Element::Code),
    ("source", Element::Code),
    ("pre", Element::Pre),
    ("gallery", Element::Dropped),
    ("timeline", Element::Dropped),
    ("score", Element::Dropped),
    ("graph", Element::Dropped),
    ("chart", Element::Dropped),
    ("imagemap", Element::Dropped),
    ("mapframe", Element::Dropped),
    ("maplink", Element::Dropped),
    ("hiero", Element::Dropped),
    ("templatedata", Element::Dropped),
    ("templatestyles", Element::Dropped),
    ("categorytree", Element::Dropped),
    ("inputbox", Element::Dropped),
    ("indicator", Element::Dropped),
    ("phonos", Element::Dropped),
    ("includeonly", Element::Dropped),
    ("section", Element::Dropped),
];

/// Longest tag that is read, in bytes.
pub const MAX_TAG: usize = 1024;

/// A tag that begins an element.
#[derive(Clone, Copy, Debug)]
pub struct Tag<'a> {
    /// Its number in [`ELEMENTS`].
    pub number: usize,
    /// Its attributes, as they stand there.
    pub attributes: &'a str,
    /// Whether it is an element without content.
    pub is_empty: bool,
    /// Bytes of the tag.
    pub len: usize,
}

/// The tag of one of the elements that begins `text`.
pub fn tag(text: &str) -> Option<Tag<'_>> {
    let rest = text.strip_prefix('<')?;
    let name = rest.bytes().take(20).position(|byte| !byte.is_ascii_alphanumeric()).filter(|len| *len > 0)?;
    let number = ELEMENTS.iter().position(|(known, _)| rest[..name].eq_ignore_ascii_case(known))?;
    if !matches!(rest.as_bytes()[name], b'>' | b'/' | b' ' | b'\t' | b'\n') {
        return None;
    }
    let end = memchr::memchr(b'>', &rest.as_bytes()[..rest.len().min(MAX_TAG)])?;
    let inner = &rest[name..end];
    let is_empty = inner.ends_with('/');
    Some(Tag { number, attributes: inner.trim_end_matches('/'), is_empty, len: end + 2 })
}

/// Where the content of an element ends and what follows its end begins, counted from the start of `text`, which is its
/// content and all that follows.
///
/// A reference that another one begins in has been left open by mistake, and has no end.
pub fn end(text: &str, name: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let is_named =
        |from: usize| bytes.get(from..from + name.len()).is_some_and(|at| at.eq_ignore_ascii_case(name.as_bytes()));
    let ends_name = |at: usize| bytes.get(at).is_some_and(|byte| !byte.is_ascii_alphanumeric());
    for at in memchr::memchr_iter(b'<', bytes) {
        if name == "ref" && is_named(at + 1) && ends_name(at + 1 + name.len()) {
            return None;
        }
        if bytes.get(at + 1) == Some(&b'/') && is_named(at + 2) {
            let behind = at + 2 + name.len();
            let white = bytes[behind..].iter().take(20).take_while(|byte| byte.is_ascii_whitespace()).count();
            if bytes.get(behind + white) == Some(&b'>') {
                return Some((at, behind + white + 1));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_with_their_attributes() {
        let found = tag("<Ref name=\"a>").unwrap();
        assert_eq!(
            (ELEMENTS[found.number].0, found.attributes, found.is_empty, found.len),
            ("ref", " name=\"a", false, 13)
        );
        assert!(tag("<references/>x").unwrap().is_empty);
        assert!(tag("<nowiki />").unwrap().is_empty);
        for none in ["<b>", "<ref", "<>", "< ref>", "<reference>", "x", "<refé>"] {
            assert!(tag(none).is_none(), "{none}");
        }
    }

    #[test]
    fn elements_end_at_their_tag() {
        assert_eq!(end("a</b></REF >c", "ref"), Some((5, 12)));
        assert_eq!(end("a</refs></ref>", "ref"), Some((8, 14)));
        assert_eq!(end("a <ref>b</ref>", "ref"), None);
        assert_eq!(end("a<references/></ref>", "ref"), Some((14, 20)));
        assert_eq!(end("a</mat", "math"), None);
    }
}
