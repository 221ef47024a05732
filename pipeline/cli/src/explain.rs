//! `tokenmill extract --explain`: each block of a page, whether it is kept, and what spoke for and against it.

use std::fmt::Write;
use tokenmill_stages::extract::decide::Decision;
use tokenmill_stages::extract::explain::{Explained, explain};
use tokenmill_stages::extract::{Mode, Scratch, charset, extract};

/// Characters of a block that are shown.
const MAX_SHOWN: usize = 100;
/// The numbers that are shown without being asked for.
const NUMBERS: [&str; 10] = [
    "letters",
    "link_density",
    "copies",
    "role.blocks",
    "role.rules",
    "core.half",
    "prose_before",
    "around1.link",
    "section",
    "hidden",
];

/// The page explained, one block after the other.
pub fn page(id: &str, body: &[u8], header: &str, rules: bool, numbers: bool) -> String {
    let html = match charset::decode(body, header, None) {
        Ok(decoded) => decoded.text,
        Err(unsupported) => return format!("{id}: encoding `{}` is not supported", unsupported.label),
    };
    let mut scratch = Scratch::default();
    let decision = if rules { Decision::Rules } else { Decision::Learned };
    let page = extract(&html, Mode::MainText(decision), &mut scratch);
    let blocks = explain(&scratch);
    let kept = blocks.iter().filter(|block| block.is_kept).count();
    let mut out = format!("{id}: {} blocks, {kept} kept, {:.0} % of the text", blocks.len(), page.kept_share * 100.0);
    // Writing to a String cannot fail, here and below.
    let _ = match page.expected_f1 {
        Some(f1) => write!(out, "; decided by the model, expected F1 {f1:.2}"),
        None => write!(out, "; decided by the rules"),
    };
    let _ = writeln!(out, "; read as {}", page.domain.map_or("all text", |domain| domain.name()));
    let _ = writeln!(out, "title: {}", page.title);
    for block in &blocks {
        push_block(block, numbers, &mut out);
    }
    out
}

fn push_block(block: &Explained, all: bool, out: &mut String) {
    let mark = if block.is_kept { '+' } else { '-' };
    let _ = match block.probability {
        Some(probability) => write!(out, "\n{mark} {probability:.2}"),
        None => write!(out, "\n{mark}"),
    };
    let rules = match (block.is_ruled_in, block.is_in_frame) {
        (true, _) => "rules: keep",
        (false, true) => "rules: frame",
        (false, false) => "rules: drop",
    };
    let hidden = if block.is_hidden { ", hidden" } else { "" };
    let _ = writeln!(out, "  {}  {rules}{hidden}  {}", block.kind.name(), block.path);
    let shown = block.numbers.iter().filter(|(name, _)| all || NUMBERS.contains(name));
    let numbers: Vec<String> = shown.map(|(name, number)| format!("{name} {}", rounded(*number))).collect();
    let _ = writeln!(out, "    {}", numbers.join(" · "));
    let mut text: String = block.text.chars().take(MAX_SHOWN).map(|c| if c == '\n' { '⏎' } else { c }).collect();
    if block.text.chars().nth(MAX_SHOWN).is_some() {
        text.push('…');
    }
    let _ = writeln!(out, "    {text}");
}

/// At most three decimals.
fn rounded(number: f32) -> f32 {
    (number * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_explained_block_by_block() {
        let sentence = "This is a sentence of a paragraph of prose. ".repeat(15);
        let html = format!("<title>T</title><main><p>{sentence}</p></main><footer>imprint</footer>");
        let text = page("x", html.as_bytes(), "", false, false);
        assert!(text.starts_with("x: 2 blocks, 1 kept, 99 % of the text; decided by the model"), "{text}");
        assert!(text.contains("  paragraph  rules: keep  body>main>p\n    letters "), "{text}");
        assert!(text.contains("  text  rules: frame  body>footer\n"), "{text}");
        assert!(text.contains("…") && !text.contains("cue.more"), "{text}");
        let text = page("x", html.as_bytes(), "", true, true);
        assert!(text.contains("decided by the rules") && text.contains("cue.more 0"), "{text}");
        assert_eq!(page("x", b"\x88\xe1", "johab", false, false), "x: encoding `johab` is not supported");
    }
}
