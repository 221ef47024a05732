//! Tag and attribute names as small enums, looked up once per element from the parser's interned names.

use std::sync::OnceLock;

use html5ever::LocalName;

macro_rules! names {
    ($(#[$doc:meta])* $enum:ident, $list:ident { $($variant:ident $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $enum { $(#[doc = concat!("`", $name, "`")] $variant,)+ }

        const $list: &[(&str, $enum)] = &[$(($name, $enum::$variant),)+];
    };
}

names! {
    /// What a node is: a kind of element that some rule looks at, any other element, text, or the document itself.
    Tag, TAGS {
        Document "#document", Text "#text", Other "#other",
        A "a", Abbr "abbr", Address "address", Annotation "annotation", AnnotationXml "annotation-xml",
        Article "article", Aside "aside", Audio "audio", B "b", Base "base", Blockquote "blockquote", Body "body", Br "br",
        Button "button", Canvas "canvas", Caption "caption", Center "center", Cite "cite", Code "code", Col "col",
        Colgroup "colgroup", Datalist "datalist", Dd "dd", Del "del", Details "details", Dialog "dialog", Dir "dir",
        Div "div", Dl "dl", Dt "dt", Em "em", Embed "embed", Fieldset "fieldset", Figcaption "figcaption",
        Figure "figure", Font "font", Footer "footer", Form "form", Frame "frame", Frameset "frameset", H1 "h1",
        H2 "h2", H3 "h3", H4 "h4", H5 "h5", H6 "h6", Head "head", Header "header", Hgroup "hgroup", Hr "hr",
        Html "html", I "i", Iframe "iframe", Img "img", Input "input", Kbd "kbd", Label "label", Legend "legend",
        Li "li", Link "link", Listing "listing", Main "main", Map "map", Mark "mark", Menu "menu", Meta "meta",
        Meter "meter", Nav "nav", Noembed "noembed", Noframes "noframes", Noscript "noscript", Object "object",
        Ol "ol", Optgroup "optgroup", Option "option", Output "output", P "p", Param "param", Picture "picture",
        Plaintext "plaintext", Pre "pre", Progress "progress", Q "q", Rp "rp", Rt "rt", Ruby "ruby", S "s",
        Samp "samp", Script "script", Search "search", Section "section", Select "select", Small "small",
        Source "source", Span "span", Strong "strong", Style "style", Sub "sub", Summary "summary", Sup "sup",
        Svg "svg", Table "table", Tbody "tbody", Td "td", Template "template", Textarea "textarea", Tfoot "tfoot",
        Th "th", Thead "thead", Time "time", Title "title", Tr "tr", Track "track", Tt "tt", U "u", Ul "ul",
        Var "var", Video "video", Wbr "wbr", Xmp "xmp",
        // MathML, and the elements of MathJax 3.
        Math "math", Semantics "semantics", Mrow "mrow", Mi "mi", Mn "mn", Mo "mo", Ms "ms", Mtext "mtext",
        Mspace "mspace", Mfrac "mfrac", Msqrt "msqrt", Mroot "mroot", Msub "msub", Msup "msup", Msubsup "msubsup",
        Munder "munder", Mover "mover", Munderover "munderover", Mmultiscripts "mmultiscripts",
        Mprescripts "mprescripts", Mfenced "mfenced", Mtable "mtable", Mtr "mtr", Mlabeledtr "mlabeledtr", Mtd "mtd",
        Mphantom "mphantom", Menclose "menclose", Mstyle "mstyle", Mpadded "mpadded", Merror "merror",
        Mglyph "mglyph", MjxContainer "mjx-container", MjxAssistive "mjx-assistive-mml",
    }
}

names! {
    /// The attributes that are kept; all others are dropped while parsing.
    Attr, ATTRS {
        Alt "alt", AltText "alttext", AriaHidden "aria-hidden", AriaLabel "aria-label", Charset "charset",
        Class "class", Close "close", Content "content", DataEquation "data-equation", DataExpr "data-expr",
        DataFormula "data-formula", DataLatex "data-latex", DataLineNumber "data-line-number",
        DataMathml "data-mathml", DataSrc "data-src", DataTex "data-tex", Datetime "datetime", Display "display",
        Encoding "encoding", Hidden "hidden", Href "href", Id "id", Itemprop "itemprop", Lang "lang",
        Mathvariant "mathvariant", Name "name", OpenAttr "open", Property "property", Rel "rel", Role "role",
        Separators "separators", Src "src", Start "start", Style "style", TypeAttr "type", Value "value",
        XmlLang "xml:lang",
    }
}

const SLOTS: usize = 1024;

struct Table<T>(Vec<Option<(LocalName, T)>>);

impl<T: Copy> Table<T> {
    fn new(list: &[(&str, T)]) -> Self {
        let mut slots = vec![None; SLOTS];
        for &(name, value) in list {
            let name = LocalName::from(name);
            let mut at = slot(&name);
            while slots[at].is_some() {
                at = (at + 1) % SLOTS;
            }
            slots[at] = Some((name, value));
        }
        Table(slots)
    }

    fn get(&self, name: &LocalName) -> Option<T> {
        let mut at = slot(name);
        while let Some((candidate, value)) = &self.0[at] {
            if candidate == name {
                return Some(*value);
            }
            at = (at + 1) % SLOTS;
        }
        None
    }
}

/// Short names hash to their own bytes, so the high bits are mixed by a multiplication (Fibonacci hashing).
fn slot(name: &LocalName) -> usize {
    (name.get_hash().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54) as usize % SLOTS
}

impl Tag {
    /// The tag of an element name. A namespace prefix is ignored (`mml:math` is `math`), since HTML knows none.
    pub fn of(name: &LocalName) -> Tag {
        static TABLE: OnceLock<Table<Tag>> = OnceLock::new();
        let table = TABLE.get_or_init(|| Table::new(&TAGS[Tag::Other as usize + 1..]));
        table.get(name).unwrap_or_else(|| match name.rsplit_once(':') {
            Some((_, local)) => table.get(&LocalName::from(local)).filter(|tag| tag.is_math()).unwrap_or(Tag::Other),
            None => Tag::Other,
        })
    }

    /// The name as written in HTML; text, document and unknown elements have a name beginning with `#`.
    pub fn name(self) -> &'static str {
        TAGS[self as usize].0
    }

    /// Whether the element belongs to MathML or to a MathJax rendering.
    pub fn is_math(self) -> bool {
        self >= Tag::Math || matches!(self, Tag::Annotation | Tag::AnnotationXml)
    }

    /// Level of a heading, 1 to 6.
    pub fn heading(self) -> Option<u8> {
        (Tag::H1..=Tag::H6).contains(&self).then(|| self as u8 - Tag::H1 as u8 + 1)
    }
}

impl Attr {
    /// The attribute of that name, if it is one that is kept.
    pub fn of(name: &LocalName) -> Option<Attr> {
        static TABLE: OnceLock<Table<Attr>> = OnceLock::new();
        TABLE.get_or_init(|| Table::new(ATTRS)).get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_own_tag_and_attribute() {
        for &(name, tag) in &TAGS[Tag::Other as usize + 1..] {
            assert_eq!(Tag::of(&LocalName::from(name)), tag);
            assert_eq!(tag.name(), name);
        }
        for &(name, attr) in ATTRS {
            assert_eq!(Attr::of(&LocalName::from(name)), Some(attr));
        }
    }

    #[test]
    fn prefixes_matter_for_math_only() {
        assert_eq!(Tag::of(&LocalName::from("mml:mfrac")), Tag::Mfrac);
        assert_eq!(Tag::of(&LocalName::from("o:p")), Tag::Other);
        assert_eq!(Tag::of(&LocalName::from("my-widget")), Tag::Other);
    }

    #[test]
    fn headings_have_levels() {
        assert_eq!(Tag::H1.heading(), Some(1));
        assert_eq!(Tag::H6.heading(), Some(6));
        assert_eq!(Tag::Head.heading(), None);
        assert_eq!(Tag::Header.heading(), None);
    }
}
