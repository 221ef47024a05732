//! Presentation MathML to LaTeX.

use super::dom::{Attr, Dom, NodeId, Tag};

/// Most nodes of one formula that are converted.
const MAX_FORMULA_NODES: usize = 20_000;

/// What is still to be written; a stack instead of recursion, since nesting is in the hands of the page.
enum Work {
    Node(NodeId),
    Literal(&'static str),
    Owned(String),
}

/// Appends the LaTeX of a `math` element, or of any element inside one.
pub fn push_latex(dom: &Dom, math: NodeId, out: &mut String) {
    let start = out.len();
    let mut writer = Writer { out, start };
    let mut stack = vec![Work::Node(math)];
    let mut n_nodes = 0;
    while let Some(work) = stack.pop() {
        match work {
            Work::Literal(text) => writer.push(text),
            Work::Owned(text) => writer.push(&text),
            Work::Node(id) => {
                n_nodes += 1;
                if n_nodes > MAX_FORMULA_NODES {
                    break;
                }
                let from = stack.len();
                expand(dom, id, &mut stack, &mut writer);
                stack[from..].reverse();
            }
        }
    }
    let kept = out.trim_end().len();
    out.truncate(kept.max(start));
}

/// Writes a leaf, or pushes the parts of an element in reading order.
fn expand(dom: &Dom, id: NodeId, work: &mut Vec<Work>, writer: &mut Writer<'_>) {
    use Work::{Literal, Node};
    let child = |index: usize| dom.elements(id).nth(index).map(Node).unwrap_or(Literal(""));
    match dom.tag(id) {
        Tag::Text => writer.push(dom.text(id).trim()),
        Tag::Mi | Tag::Mn => writer.push_identifier(leaf(dom, id).trim(), dom.attr(id, Attr::Mathvariant)),
        Tag::Mo => writer.push_operator(leaf(dom, id).trim()),
        Tag::Mtext | Tag::Ms => writer.push_text(&leaf(dom, id)),
        Tag::Mspace => writer.push(" "),
        Tag::Mphantom | Tag::Annotation | Tag::AnnotationXml | Tag::Mglyph => {}
        Tag::Semantics => work.push(child(0)),
        Tag::Mfrac => work.extend([Literal("\\frac{"), child(0), Literal("}{"), child(1), Literal("}")]),
        Tag::Msqrt => {
            work.push(Literal("\\sqrt{"));
            work.extend(dom.children(id).map(Node));
            work.push(Literal("}"));
        }
        Tag::Mroot => work.extend([Literal("\\sqrt["), child(1), Literal("]{"), child(0), Literal("}")]),
        Tag::Msub | Tag::Munder => push_scripts(dom, id, work, &["_{"]),
        Tag::Msup => push_scripts(dom, id, work, &["^{"]),
        Tag::Mover => match dom.elements(id).nth(1).and_then(|over| accent(leaf(dom, over).trim())) {
            Some(command) => work.extend([Literal(command), Literal("{"), child(0), Literal("}")]),
            None => push_scripts(dom, id, work, &["^{"]),
        },
        Tag::Msubsup | Tag::Munderover => push_scripts(dom, id, work, &["_{", "^{"]),
        Tag::Mmultiscripts => push_multiscripts(dom, id, work),
        Tag::Mfenced => push_fenced(dom, id, work),
        Tag::Mtable => push_table(dom, id, work),
        _ => work.extend(dom.children(id).map(Node)),
    }
}

/// Base and scripts; a base of several parts is put in braces.
fn push_scripts(dom: &Dom, id: NodeId, work: &mut Vec<Work>, marks: &[&'static str]) {
    let mut parts = dom.elements(id);
    if let Some(base) = parts.next() {
        let is_simple = matches!(dom.tag(base), Tag::Mi | Tag::Mn | Tag::Mo | Tag::Mtext)
            || dom.elements(base).nth(1).is_none() && dom.tag(base) == Tag::Mrow;
        let (open, close) = if is_simple { ("", "") } else { ("{", "}") };
        work.extend([Work::Literal(open), Work::Node(base), Work::Literal(close)]);
    }
    for (mark, script) in marks.iter().zip(parts) {
        work.extend([Work::Literal(mark), Work::Node(script), Work::Literal("}")]);
    }
}

/// Base, then pairs of sub- and superscripts; those after `mprescripts` stand before the base.
fn push_multiscripts(dom: &Dom, id: NodeId, work: &mut Vec<Work>) {
    let mut before = Vec::new();
    let mut after = Vec::new();
    let mut parts = dom.elements(id);
    let base = parts.next();
    let mut is_before = false;
    let mut n_scripts = 0;
    for script in parts {
        if dom.tag(script) == Tag::Mprescripts {
            is_before = true;
            n_scripts = 0;
            continue;
        }
        let mark = if n_scripts % 2 == 0 { "_{" } else { "^{" };
        n_scripts += 1;
        if dom.first_child(script).is_some() {
            let side = if is_before { &mut before } else { &mut after };
            side.extend([Work::Literal(mark), Work::Node(script), Work::Literal("}")]);
        }
    }
    if !before.is_empty() {
        work.push(Work::Literal("{}"));
        work.append(&mut before);
    }
    work.extend(base.map(Work::Node));
    work.append(&mut after);
}

fn push_fenced(dom: &Dom, id: NodeId, work: &mut Vec<Work>) {
    let mark = |name, default: &str| Work::Owned(dom.attr(id, name).unwrap_or(default).trim().to_owned());
    let separators: Vec<char> =
        dom.attr(id, Attr::Separators).unwrap_or(",").chars().filter(|mark| !mark.is_whitespace()).collect();
    work.push(mark(Attr::OpenAttr, "("));
    for (index, part) in dom.elements(id).enumerate() {
        if let Some(before) = index.checked_sub(1) {
            let separator = separators.get(before).or(separators.last());
            work.extend(separator.map(|mark| Work::Owned(mark.to_string())));
        }
        work.push(Work::Node(part));
    }
    work.push(mark(Attr::Close, ")"));
}

fn push_table(dom: &Dom, id: NodeId, work: &mut Vec<Work>) {
    work.push(Work::Literal("\\begin{matrix} "));
    for (row_index, row) in dom.elements(id).enumerate() {
        if row_index > 0 {
            work.push(Work::Literal(" \\\\ "));
        }
        for (cell_index, cell) in dom.elements(row).enumerate() {
            if cell_index > 0 {
                work.push(Work::Literal(" & "));
            }
            work.push(Work::Node(cell));
        }
    }
    work.push(Work::Literal(" \\end{matrix}"));
}

/// Text of a leaf element, white space as it stands.
fn leaf(dom: &Dom, id: NodeId) -> String {
    let mut text = String::new();
    dom.push_text_content(id, &mut text);
    text
}

struct Writer<'a> {
    out: &'a mut String,
    start: usize,
}

impl Writer<'_> {
    /// Appends a token; a space keeps a letter from running into the command before it.
    fn push(&mut self, token: &str) {
        let begins_with_letter = token.starts_with(|first: char| first.is_ascii_alphabetic());
        if begins_with_letter && self.ends_with_command() {
            self.out.push(' ');
        }
        if token == " " && (self.out.len() == self.start || self.out.ends_with(' ')) {
            return;
        }
        self.out.push_str(token);
    }

    fn ends_with_command(&self) -> bool {
        let written = &self.out[self.start..];
        let stem = written.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        stem.len() < written.len() && stem.ends_with('\\')
    }

    fn push_identifier(&mut self, name: &str, variant: Option<&str>) {
        let command = variant.and_then(|variant| match variant {
            "bold" | "bold-italic" => Some("\\mathbf{"),
            "double-struck" => Some("\\mathbb{"),
            "script" => Some("\\mathcal{"),
            "fraktur" => Some("\\mathfrak{"),
            _ => None,
        });
        if let Some(command) = command {
            self.push(command);
            self.push_symbols(name);
            self.push("}");
        } else if FUNCTIONS.binary_search(&name).is_ok() {
            self.push("\\");
            self.out.push_str(name);
        } else if name.len() > 1 && name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            self.push("\\mathrm{");
            self.push(name);
            self.push("}");
        } else {
            self.push_symbols(name);
        }
    }

    fn push_operator(&mut self, mark: &str) {
        match mark {
            "{" => self.push("\\{"),
            "}" => self.push("\\}"),
            _ if FUNCTIONS.binary_search(&mark).is_ok() => self.push_identifier(mark, None),
            _ => self.push_symbols(mark),
        }
    }

    fn push_text(&mut self, text: &str) {
        if text.trim().is_empty() {
            self.push(" ");
        } else {
            self.push("\\text{");
            self.push(&text.split_whitespace().collect::<Vec<_>>().join(" "));
            self.push("}");
        }
    }

    /// Symbols become commands; invisible operators vanish; all else is copied.
    fn push_symbols(&mut self, text: &str) {
        for letter in text.chars() {
            match SYMBOLS.binary_search_by_key(&letter, |&(symbol, _)| symbol) {
                Ok(at) => self.push(SYMBOLS[at].1),
                Err(_) => self.push(letter.encode_utf8(&mut [0; 4])),
            }
        }
    }
}

/// The accent that a mark over a base stands for.
fn accent(mark: &str) -> Option<&'static str> {
    Some(match mark {
        "^" | "\u{302}" | "ˆ" => "\\hat",
        "~" | "\u{303}" | "˜" => "\\tilde",
        "¯" | "‾" | "\u{304}" | "\u{305}" | "―" => "\\overline",
        "→" | "⃗" => "\\vec",
        "˙" | "." | "\u{307}" => "\\dot",
        "¨" | "\u{308}" => "\\ddot",
        "⏞" => "\\overbrace",
        _ => return None,
    })
}

/// Function names that LaTeX has commands for, sorted.
const FUNCTIONS: &[&str] = &[
    "arccos", "arcsin", "arctan", "arg", "cos", "cosh", "cot", "coth", "csc", "deg", "det", "dim", "exp", "gcd", "hom",
    "inf", "ker", "lg", "lim", "liminf", "limsup", "ln", "log", "max", "min", "sec", "sin", "sinh", "sup", "tan",
    "tanh",
];

/// Symbols that LaTeX has commands for, sorted; an empty command drops the symbol.
const SYMBOLS: &[(char, &str)] = &[
    ('%', "\\%"),
    ('\u{a0}', " "),
    ('±', "\\pm"),
    ('·', "\\cdot"),
    ('×', "\\times"),
    ('÷', "\\div"),
    ('Γ', "\\Gamma"),
    ('Δ', "\\Delta"),
    ('Θ', "\\Theta"),
    ('Λ', "\\Lambda"),
    ('Ξ', "\\Xi"),
    ('Π', "\\Pi"),
    ('Σ', "\\Sigma"),
    ('Φ', "\\Phi"),
    ('Ψ', "\\Psi"),
    ('Ω', "\\Omega"),
    ('α', "\\alpha"),
    ('β', "\\beta"),
    ('γ', "\\gamma"),
    ('δ', "\\delta"),
    ('ε', "\\varepsilon"),
    ('ζ', "\\zeta"),
    ('η', "\\eta"),
    ('θ', "\\theta"),
    ('ι', "\\iota"),
    ('κ', "\\kappa"),
    ('λ', "\\lambda"),
    ('μ', "\\mu"),
    ('ν', "\\nu"),
    ('ξ', "\\xi"),
    ('π', "\\pi"),
    ('ρ', "\\rho"),
    ('ς', "\\varsigma"),
    ('σ', "\\sigma"),
    ('τ', "\\tau"),
    ('υ', "\\upsilon"),
    ('φ', "\\varphi"),
    ('χ', "\\chi"),
    ('ψ', "\\psi"),
    ('ω', "\\omega"),
    ('ϑ', "\\vartheta"),
    ('ϕ', "\\phi"),
    ('ϖ', "\\varpi"),
    ('ϵ', "\\epsilon"),
    ('\u{2009}', " "),
    ('\u{200b}', ""),
    ('‖', "\\|"),
    ('…', "\\ldots"),
    ('′', "'"),
    ('″', "''"),
    ('\u{2061}', ""),
    ('\u{2062}', ""),
    ('\u{2063}', ""),
    ('\u{2064}', ""),
    ('ℂ', "\\mathbb{C}"),
    ('ℏ', "\\hbar"),
    ('ℓ', "\\ell"),
    ('ℕ', "\\mathbb{N}"),
    ('ℙ', "\\mathbb{P}"),
    ('ℚ', "\\mathbb{Q}"),
    ('ℝ', "\\mathbb{R}"),
    ('ℤ', "\\mathbb{Z}"),
    ('←', "\\leftarrow"),
    ('↑', "\\uparrow"),
    ('→', "\\to"),
    ('↓', "\\downarrow"),
    ('↔', "\\leftrightarrow"),
    ('↦', "\\mapsto"),
    ('⇐', "\\Leftarrow"),
    ('⇒', "\\Rightarrow"),
    ('⇔', "\\Leftrightarrow"),
    ('∀', "\\forall"),
    ('∂', "\\partial"),
    ('∃', "\\exists"),
    ('∅', "\\emptyset"),
    ('∇', "\\nabla"),
    ('∈', "\\in"),
    ('∉', "\\notin"),
    ('∏', "\\prod"),
    ('∑', "\\sum"),
    ('−', "-"),
    ('∓', "\\mp"),
    ('∗', "*"),
    ('∘', "\\circ"),
    ('√', "\\sqrt"),
    ('∝', "\\propto"),
    ('∞', "\\infty"),
    ('∠', "\\angle"),
    ('∣', "\\mid"),
    ('∥', "\\parallel"),
    ('∧', "\\wedge"),
    ('∨', "\\vee"),
    ('∩', "\\cap"),
    ('∪', "\\cup"),
    ('∫', "\\int"),
    ('∬', "\\iint"),
    ('∮', "\\oint"),
    ('∼', "\\sim"),
    ('≃', "\\simeq"),
    ('≅', "\\cong"),
    ('≈', "\\approx"),
    ('≠', "\\neq"),
    ('≡', "\\equiv"),
    ('≤', "\\leq"),
    ('≥', "\\geq"),
    ('≪', "\\ll"),
    ('≫', "\\gg"),
    ('⊂', "\\subset"),
    ('⊃', "\\supset"),
    ('⊆', "\\subseteq"),
    ('⊇', "\\supseteq"),
    ('⊕', "\\oplus"),
    ('⊗', "\\otimes"),
    ('⊥', "\\perp"),
    ('⋅', "\\cdot"),
    ('⋮', "\\vdots"),
    ('⋯', "\\cdots"),
    ('⌈', "\\lceil"),
    ('⌉', "\\rceil"),
    ('⌊', "\\lfloor"),
    ('⌋', "\\rfloor"),
    ('⟨', "\\langle"),
    ('⟩', "\\rangle"),
    ('⩽', "\\leqslant"),
    ('⩾', "\\geqslant"),
];

#[cfg(test)]
mod tests {
    use super::super::dom::ROOT;
    use super::*;

    fn latex(inner: &str) -> String {
        let mut dom = Dom::default();
        dom.parse(&format!("<math>{inner}</math>"));
        let math = dom.descendants(ROOT).find(|&id| dom.tag(id) == Tag::Math).unwrap();
        let mut out = String::from("before ");
        push_latex(&dom, math, &mut out);
        out.split_off("before ".len())
    }

    #[test]
    fn tables_are_sorted() {
        assert!(FUNCTIONS.is_sorted());
        assert!(SYMBOLS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn fractions_roots_and_scripts() {
        assert_eq!(latex("<mfrac><mi>x</mi><mn>7</mn></mfrac>"), "\\frac{x}{7}");
        assert_eq!(
            latex("<mroot><mi>x</mi><mn>3</mn></mroot><msqrt><mi>a</mi><mi>b</mi></msqrt>"),
            "\\sqrt[3]{x}\\sqrt{ab}"
        );
        assert_eq!(latex("<msubsup><mi>q</mi><mi>k</mi><mn>2</mn></msubsup>"), "q_{k}^{2}");
        assert_eq!(latex("<msup><mrow><mo>(</mo><mi>a</mi><mo>)</mo></mrow><mn>2</mn></msup>"), "{(a)}^{2}");
    }

    #[test]
    fn symbols_and_functions_become_commands() {
        assert_eq!(latex("<mi>α</mi><mi>x</mi><mo>≤</mo><mi>sin</mi><mi>y</mi>"), "\\alpha x\\leq\\sin y");
        assert_eq!(
            latex("<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover>"),
            "\\sum_{i=1}^{n}"
        );
        assert_eq!(latex("<mover><mi>x</mi><mo>^</mo></mover>"), "\\hat{x}");
        assert_eq!(latex("<mtext>if  so</mtext><mi mathvariant=bold>v</mi>"), "\\text{if so}\\mathbf{v}");
    }

    #[test]
    fn tables_fences_and_prescripts() {
        assert_eq!(
            latex(
                "<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr><mtr><mtd><mn>3</mn></mtd></mtr></mtable>"
            ),
            "\\begin{matrix} 1 & 2 \\\\ 3 \\end{matrix}"
        );
        assert_eq!(latex("<mfenced open='['><mi>a</mi><mi>b</mi></mfenced>"), "[a,b)");
        assert_eq!(
            latex(
                "<mmultiscripts><mi>C</mi><mn>6</mn><none></none><mprescripts></mprescripts><none></none><mn>14</mn></mmultiscripts>"
            ),
            "{}^{14}C_{6}"
        );
    }

    #[test]
    fn deep_nesting_is_no_trouble() {
        let deep = "<msqrt>".repeat(5_000);
        assert!(latex(&deep).starts_with("\\sqrt{\\sqrt{"));
    }
}
