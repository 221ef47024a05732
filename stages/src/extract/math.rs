//! Formulas: finds the TeX that a page carries for a formula, and drops its renderings.

use super::dom::{Attr, Dom, NodeId, Tag};
use super::mathml;

/// Nodes searched for the source inside a rendered formula; renderings of long formulas have thousands.
const MAX_SEARCH_NODES: usize = 5_000;

/// What an element is to the reader of formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Formula {
    /// Not a formula: read on.
    None,
    /// A rendering whose source stands elsewhere: skip the element.
    Rendering,
    /// Its source was appended, delimited, for use inside a line: skip the element.
    Inline,
    /// Its source was appended, delimited, and stands on its own line: skip the element.
    Display,
}

/// Looks at an element and appends the formula it stands for.
pub fn read(dom: &Dom, id: NodeId, out: &mut String) -> Formula {
    match dom.tag(id) {
        Tag::Math => math_element(dom, id, false, out),
        Tag::Script => script(dom, id, out),
        Tag::Text | Tag::Img => Formula::None,
        _ => rendered(dom, id, out),
    }
}

/// `annotation`, else `alttext`, else the MathML itself.
fn math_element(dom: &Dom, math: NodeId, is_display: bool, out: &mut String) -> Formula {
    let is_display = is_display || dom.attr(math, Attr::Display) == Some("block");
    let mut tex = String::new();
    let annotation = dom.descendants(math).take(MAX_SEARCH_NODES).find(|&id| {
        dom.tag(id) == Tag::Annotation && dom.attr(id, Attr::Encoding).is_some_and(|encoding| encoding.contains("tex"))
    });
    if let Some(annotation) = annotation {
        dom.push_text_content(annotation, &mut tex);
    } else if let Some(alternative) = dom.attr(math, Attr::AltText) {
        tex.push_str(alternative);
    }
    if tex.trim().is_empty() {
        tex.clear();
        mathml::push_latex(dom, math, &mut tex);
    }
    push_delimited(&tex, is_display, out)
}

/// MathJax 2 sources: `math/tex`, `math/asciimath`. Any other script is none of ours.
fn script(dom: &Dom, id: NodeId, out: &mut String) -> Formula {
    let Some(kind) = dom.attr(id, Attr::TypeAttr).filter(|kind| kind.starts_with("math/")) else {
        return Formula::Rendering;
    };
    let mut source = String::new();
    dom.push_text_content(id, &mut source);
    let source = source.trim();
    let source = source.strip_prefix("% <![CDATA[").and_then(|rest| rest.strip_suffix("%]]>")).unwrap_or(source);
    if kind.starts_with("math/tex") {
        push_delimited(source, kind.contains("mode=display"), out)
    } else if kind.starts_with("math/mml") {
        let mut inner = Dom::default();
        inner.parse(source);
        first_math(&inner, super::dom::ROOT).map_or(Formula::Rendering, |math| math_element(&inner, math, false, out))
    } else {
        out.push_str(source);
        Formula::Inline
    }
}

/// Spans and blocks that a formula library made.
fn rendered(dom: &Dom, id: NodeId, out: &mut String) -> Formula {
    for name in [Attr::DataTex, Attr::DataExpr, Attr::DataLatex, Attr::DataEquation, Attr::DataFormula] {
        if let Some(tex) = dom.attr(id, name).filter(|tex| !tex.trim().is_empty()) {
            return push_delimited(tex, false, out);
        }
    }
    let class = dom.attr(id, Attr::Class).unwrap_or_default();
    let has = |name: &str| class.split_ascii_whitespace().any(|part| part == name);
    if has("MathJax_Preview") {
        return Formula::Rendering;
    }
    let is_display = has("katex-display") || has("MathJax_Display") || dom.attr(id, Attr::Display) == Some("true");
    let is_library = is_display
        || has("katex")
        || has("mwe-math-element")
        || dom.tag(id) == Tag::MjxContainer
        || class.starts_with("MathJax");
    if !is_library {
        return Formula::None;
    }
    if let Some(math) = first_math(dom, id) {
        return math_element(dom, math, is_display, out);
    }
    if let Some(source) = dom.attr(id, Attr::DataMathml) {
        let mut inner = Dom::default();
        inner.parse(source);
        if let Some(math) = first_math(&inner, super::dom::ROOT) {
            return math_element(&inner, math, is_display, out);
        }
    }
    let has_source_after = std::iter::successors(dom.next_sibling(id), |&next| dom.next_sibling(next))
        .take(3)
        .any(|next| dom.attr(next, Attr::TypeAttr).is_some_and(|kind| kind.starts_with("math/")));
    if has_source_after { Formula::Rendering } else { Formula::None }
}

fn first_math(dom: &Dom, top: NodeId) -> Option<NodeId> {
    dom.descendants(top).take(MAX_SEARCH_NODES).find(|&id| dom.tag(id) == Tag::Math)
}

/// What an image says in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageText {
    /// Nothing.
    None,
    /// A formula, appended with delimiters.
    Formula,
    /// Its alternative text, appended as it is.
    Alternative,
}

/// Appends the formula or the alternative text of an image.
pub fn read_image(dom: &Dom, img: NodeId, out: &mut String) -> ImageText {
    let alternative = dom.attr(img, Attr::Alt).unwrap_or_default().trim();
    let source =
        [Attr::Src, Attr::DataSrc].iter().filter_map(|&name| dom.attr(img, name)).find(|src| is_formula_service(src));
    let class = dom.attr(img, Attr::Class).unwrap_or_default();
    let is_formula = source.is_some()
        || class
            .split(|letter: char| !letter.is_ascii_alphabetic())
            .any(|part| matches!(part, "latex" | "tex" | "math"));
    if alternative.is_empty() {
        return match source.and_then(formula_in_url) {
            Some(tex) => {
                push_delimited(&tex, false, out);
                ImageText::Formula
            }
            None => ImageText::None,
        };
    }
    if is_formula || looks_like_tex(alternative) {
        push_delimited(alternative, false, out);
        return ImageText::Formula;
    }
    out.push_str(alternative);
    ImageText::Alternative
}

/// Sites and scripts that draw the formula in their URL.
fn is_formula_service(url: &str) -> bool {
    const SERVICES: [&str; 8] =
        ["latex.codecogs.com", "latex.php", "mimetex", "mathtex", "texify", "math/render", "/eqnedt", "cht=tx"];
    SERVICES.iter().any(|service| url.contains(service))
}

/// The TeX in the query of a formula service, percent-decoded.
fn formula_in_url(url: &str) -> Option<String> {
    let (path, query) = url.split_once('?')?;
    let query = query.split('#').next().unwrap_or(query);
    let named = query.split('&').find_map(|field| {
        let (name, value) = field.split_once('=')?;
        matches!(name, "latex" | "tex" | "eq" | "chl" | "formula" | "math").then_some(value)
    });
    // codecogs, mimetex and mathtex take the whole query; an `=` or `&` in it belongs to the formula.
    let encoded = match named {
        Some(value) => value,
        None if path.contains("latex.php") || query.contains("cht=") => return None,
        None => query,
    };
    let tex = percent_decode(encoded);
    let tex = tex.trim().trim_start_matches("\\dpi{").trim().to_owned();
    let tex = match tex.split_once('}') {
        Some((digits, rest)) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            rest.trim().to_owned()
        }
        _ => tex,
    };
    (!tex.is_empty()).then_some(tex)
}

fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = |index: usize| bytes.get(index).and_then(|&digit| (digit as char).to_digit(16));
        match (byte, hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'+', ..) => decoded.push(b' '),
            _ => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Whether an alternative text is TeX: a command followed by a brace, or a braced script.
fn looks_like_tex(text: &str) -> bool {
    let has_command =
        text.match_indices('\\').any(|(at, _)| text[at + 1..].starts_with(|next: char| next.is_ascii_alphabetic()));
    has_command && !text.contains(":\\") || text.contains("^{") || text.contains("_{")
}

/// Appends TeX between dollar signs, without those it had.
fn push_delimited(tex: &str, is_display: bool, out: &mut String) -> Formula {
    let tex = tex.trim();
    let pairs = [("$$", "$$"), ("\\[", "\\]"), ("$", "$"), ("\\(", "\\)")];
    let stripped = pairs.iter().find_map(|&(open, close)| {
        let inner = tex.strip_prefix(open)?.strip_suffix(close)?;
        (!inner.contains(open)).then_some((inner.trim(), open == "$$" || open == "\\["))
    });
    let (tex, is_display) = match stripped {
        Some((inner, display)) => (inner, is_display || display),
        None => (tex, is_display),
    };
    if tex.is_empty() {
        return Formula::Rendering;
    }
    if tex.contains('$') && !tex.contains("\\$") {
        // Several formulas with their own delimiters.
        out.push_str(tex);
        return Formula::Inline;
    }
    let mark = if is_display { "$$" } else { "$" };
    out.push_str(mark);
    for (index, word) in tex.split_ascii_whitespace().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(word);
    }
    out.push_str(mark);
    if is_display { Formula::Display } else { Formula::Inline }
}

#[cfg(test)]
mod tests {
    use super::super::dom::ROOT;
    use super::*;

    fn formulas(html: &str) -> Vec<String> {
        let mut dom = Dom::default();
        dom.parse(html);
        let mut found = Vec::new();
        let mut at = dom.first_child(ROOT);
        while let Some(id) = at {
            let mut out = String::new();
            let formula = if dom.tag(id) == Tag::Img {
                read_image(&dom, id, &mut out);
                Formula::Inline
            } else {
                read(&dom, id, &mut out)
            };
            if !out.is_empty() {
                found.push(out);
            }
            let child = dom.first_child(id).filter(|_| formula == Formula::None);
            at = child.or_else(|| dom.after_subtree(id, ROOT));
        }
        found
    }

    #[test]
    fn the_source_wins_over_the_rendering() {
        let katex = "<span class=katex><span class=katex-mathml><math><semantics><mrow><mi>c</mi></mrow>\
                     <annotation encoding='application/x-tex'>c^2</annotation></semantics></math></span>\
                     <span class=katex-html aria-hidden=true>c2</span></span>";
        assert_eq!(formulas(katex), ["$c^2$"]);
        assert_eq!(formulas(&format!("<span class=katex-display>{katex}</span>")), ["$$c^2$$"]);
        assert_eq!(formulas("<math alttext='\\frac12' display=block><mn>1</mn></math>"), ["$$\\frac12$$"]);
        assert_eq!(formulas("<math><msup><mi>x</mi><mn>5</mn></msup></math>"), ["$x^{5}$"]);
    }

    #[test]
    fn mathjax_scripts_and_previews() {
        let html = "<span class=MathJax_Preview>?</span><span class=MathJax><i>E</i></span>\
                    <script type='math/tex'>E=mc^2</script><script type='math/tex; mode=display'>x\n y</script>\
                    <script>alert(1)</script>";
        assert_eq!(formulas(html), ["$E=mc^2$", "$$x y$$"]);
        assert_eq!(formulas("<script type='math/asciimath'>sum_(i=1)^n</script>"), ["sum_(i=1)^n"]);
        assert_eq!(
            formulas("<script type='math/mml'><math><msub><mi>a</mi><mn>1</mn></msub></math></script>"),
            ["$a_{1}$"]
        );
        assert_eq!(formulas("<span class=MathJax data-mathml='<math><mi>q</mi></math>'><i>q</i></span>"), ["$q$"]);
    }

    #[test]
    fn attributes_carry_sources() {
        assert_eq!(
            formulas("<span data-tex='\\nu_1'>x</span><span data-expr='$\\mu$'>y</span>"),
            ["$\\nu_1$", "$\\mu$"]
        );
    }

    #[test]
    fn images_speak() {
        assert_eq!(formulas("<img alt='f(x) = 3x'>"), ["f(x) = 3x"]);
        assert_eq!(formulas("<img class=latex alt='\\alpha'>"), ["$\\alpha$"]);
        assert_eq!(
            formulas("<img src='https://latex.codecogs.com/png.latex?%5Cdelta%5E%7B3%7D=a'>"),
            ["$\\delta^{3}=a$"]
        );
        assert_eq!(formulas("<img src='https://s0.wp.com/latex.php?latex=x%2By&bg=fff'>"), ["$x+y$"]);
        assert_eq!(formulas("<img src='https://latex.codecogs.com/gif.latex?%5Cdpi%7B120%7D%20y'>"), ["$y$"]);
        assert_eq!(formulas("<img src='/photo.jpg?latex=no'>"), Vec::<String>::new());
    }

    #[test]
    fn delimiters_are_not_doubled() {
        let mut out = String::new();
        assert_eq!(push_delimited("\\[ a \\]", false, &mut out), Formula::Display);
        assert_eq!(out, "$$a$$");
        out.clear();
        assert_eq!(push_delimited("$a$ and $b$", false, &mut out), Formula::Inline);
        assert_eq!(out, "$a$ and $b$");
    }
}
