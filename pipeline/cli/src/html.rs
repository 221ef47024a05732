//! One file of markup, style, script and data: the data stands in it as JSON that no browser takes for markup, and a policy
//! lets nothing run but the script that the page was made with.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// What a page is made of.
pub struct Blanks<'t> {
    /// Markup with `{{title}}`, `{{policy}}`, `{{version}}`, `{{style}}`, `{{script}}` and `{{data}}`.
    pub page: &'t str,
    /// The title, as text.
    pub title: &'t str,
    /// The version of this program.
    pub version: &'t str,
    /// The one style.
    pub style: &'t str,
    /// The one script.
    pub script: &'t str,
    /// JSON.
    pub data: &'t str,
}

/// The page.
pub fn document(blanks: &Blanks<'_>) -> String {
    let Blanks { page, title, version, style, script, data } = *blanks;
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        digest(style),
        digest(script)
    );
    let values = [
        ("title", &*html(title)),
        ("policy", &policy),
        ("version", &html(version)),
        ("style", style),
        ("script", script),
        ("data", &json(data)),
    ];
    fill(page, &values)
}

/// Puts values where the page says `{{name}}`; what is in a value is not looked at again.
fn fill(page: &str, blanks: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(page.len() + blanks.iter().map(|(_, value)| value.len()).sum::<usize>());
    let mut pieces = page.split("{{");
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").unwrap_or(("", piece));
        out.push_str(blanks.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        out.push_str(rest);
    }
    out
}

/// The digest of an inline style or script, as a content security policy names it.
fn digest(content: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(content.as_bytes())))
}

/// JSON in which no character is left that means anything to a reader of HTML or to an old reader of scripts.
fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for c in text.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// Text as it may stand in markup.
fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A script makes no markup of data and asks for nothing, and neither it nor the style ends its own element.
#[cfg(test)]
pub fn assert_harmless(style: &str, script: &str) {
    let banned =
        ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "fetch(", "import("];
    for banned in banned {
        assert!(!script.contains(banned), "{banned}");
    }
    for own in [script, style] {
        assert!(!own.to_ascii_lowercase().contains("</s"), "it would end its own element");
        let addresses = own.matches("://").count() - own.matches("http://www.w3.org/2000/svg").count();
        assert_eq!(addresses, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_holds_no_markup_and_says_the_same() {
        let hostile = "</script><!--<script>&amp;\u{2028}\u{2029}\"\\u003c é]]>";
        let text = serde_json::to_string(hostile).unwrap();
        let escaped = json(&text);
        assert!(!escaped.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{escaped}");
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), hostile);
    }

    #[test]
    fn blanks_are_filled_once() {
        assert_eq!(fill("a{{x}}b{{y}}c", &[("x", "{{y}}"), ("y", "z")]), "a{{y}}bzc");
        assert_eq!(html("<b a=\"c\">&"), "&lt;b a=&quot;c&quot;&gt;&amp;");
    }

    #[test]
    fn digests_are_those_of_the_policy() {
        // From the examples of the specification's tests: the empty text.
        assert_eq!(digest(""), "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
    }
}
