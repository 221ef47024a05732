//! A report as its readers take it: the data in its page, and the policy that the page has for itself.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::Sandbox;

/// Strings that would run, or end what they stand in, were they taken for markup.
pub const HOSTILE: [&str; 8] = [
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "\"><img src=x onerror=alert(3)>",
    "'><svg onload=alert(4)>",
    "<!--<script>",
    "]]>-->&lt;b&gt;{{data}}{{script}}",
    "line\u{2028}and\u{2029}page `${alert(5)}` \\u003cscript\\u003e",
    "\u{202e}gpj.exe\u{2066}\u{202a}",
];

/// A report.
pub struct Page {
    /// The whole page.
    pub html: String,
    /// The data in it.
    pub data: Value,
}

impl Page {
    /// Writes the report of a run in a sandbox to `report.html` there, and reads it.
    ///
    /// # Panics
    /// When there is none, or its data are no JSON.
    pub fn of(sandbox: &Sandbox, run: &str, arguments: &[&str]) -> Self {
        sandbox.tokenmill(&[&["inspect", "report", run, "-o", "report.html"], arguments].concat()).ok();
        Self::read(&sandbox.path().join("report.html"))
    }

    /// Reads a report.
    ///
    /// # Panics
    /// When its data are no JSON.
    pub fn read(path: &Path) -> Self {
        let html = std::fs::read_to_string(path).expect("a page");
        let data = serde_json::from_str(between(&html, "<script type=\"application/json\" id=\"data\">", "</script>"));
        Self { data: data.expect("JSON in the page"), html }
    }

    /// What the policy of the page allows, and what it should: the digests of its style and script.
    ///
    /// # Panics
    /// When the page has no policy.
    pub fn policy(&self) -> (String, String) {
        let found = between(&self.html, "http-equiv=\"Content-Security-Policy\" content=\"", "\"").to_owned();
        let digest = |start: &str, end: &str| {
            format!("'sha256-{}'", STANDARD.encode(Sha256::digest(between(&self.html, start, end).as_bytes())))
        };
        let (style, script) = (digest("<style>", "</style>"), digest("<script>", "</script>"));
        let expected =
            format!("default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'");
        (found, expected)
    }
}

/// The text between the last start and the first end behind it.
fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, rest) = text.rsplit_once(start).unwrap_or_else(|| panic!("no `{start}` in the page"));
    rest.split_once(end).unwrap_or_else(|| panic!("no `{end}` behind `{start}`")).0
}

/// A run of documents whose addresses, languages and texts are hostile; some are removed and some are kept.
///
/// # Panics
/// When it fails.
pub fn hostile_run() -> Sandbox {
    let sandbox = Sandbox::new();
    let document = |at: usize, hostile: &str| {
        // Half of them are too short, and go.
        let text = if at.is_multiple_of(2) {
            hostile.to_owned()
        } else {
            format!("{hostile}\n{}", "Words enough to stay. ".repeat(40))
        };
        let url = format!("http://{}/{hostile}", if at < HOSTILE.len() { "bad.example" } else { hostile });
        serde_json::json!({"id": format!("{at} {hostile}"), "url": url, "lang": hostile, "text": text}).to_string()
    };
    let lines = HOSTILE.iter().chain(&HOSTILE).chain(&HOSTILE[1..]).chain(&HOSTILE[..1]);
    let lines: Vec<String> = lines.enumerate().map(|(at, hostile)| document(at, hostile)).collect();
    std::fs::write(sandbox.path().join("hostile.jsonl"), lines.join("\n")).expect("an input");
    let recipe = "[run]\nname = \"<img src=x onerror=alert(6)>\"\nroot = \"runs\"\nremoved = 1.0\n\
                  [source]\nkind = \"jsonl\"\npaths = [\"hostile.jsonl\"]\n\
                  [[step]]\nuse = \"filter.length\"\nmin_chars = 200\n\
                  [shards]\ntokenizer = \"gpt2=fixtures/mini.tiktoken\"\n";
    std::fs::write(sandbox.path().join("recipe.toml"), recipe).expect("a recipe");
    sandbox.run(&[]);
    sandbox
}

/// The folder of [`hostile_run`].
pub const HOSTILE_RUN: &str = "runs/<img src=x onerror=alert(6)>";
