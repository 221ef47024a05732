//! `dedup.lines`: lines that occur in many documents are cut.

use super::line_key::line_key;
use super::scope::{self, Scope};
use crate::line::cut::cut_lines;
use tokenmill_core::catalog::Shape;
use tokenmill_core::exchange::{Kind, LineKey, LineLimits, Lines};
use tokenmill_core::numbers::share;
use tokenmill_core::text::lines::Line;
use tokenmill_core::text::n_chars;
use tokenmill_core::{Assets, BuildError, Default, Doc, Edits, Entry, Exchange, Metric, Numbers, Param, Params, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "dedup.lines",
    version: 1,
    about: "Cuts lines that occur too often in a bucket of documents.",
    shape: Shape::Exchange(Kind::Lines),
    needs_text: true,
    costly: false,
    params: &[
        Param { name: "scope", default: Default::Text("language"), about: scope::PARAM.about },
        Param {
            name: "bucket_documents",
            default: Default::Int(30_000_000),
            about: "documents that are counted together (Llama 3: buckets of 30 million)",
        },
        Param {
            name: "max_copies",
            default: Default::Int(6),
            about: "occurrences of a line in a bucket that are tolerated (Llama 3: 6)",
        },
        Param {
            name: "keep_first",
            default: Default::Int(0),
            about: "of a line that occurs more often, keep so many, in the order of the documents' ids; 0 cuts all (Llama 3, \
                    ccNet)",
        },
        Param {
            name: "spare_code",
            default: Default::Bool(true),
            about: "leave lines of code listings alone, and do not count them: indented lines, those next to one, and what \
                    stands between ``` fences",
        },
    ],
    metrics: &[
        Metric::number("n_lines_cut", "lines that were cut"),
        Metric::number("cut_char_share", "share of the characters that are on those lines"),
    ],
    asset_params: &[],
    page: include_str!("../../docs/dedup/lines.md"),
    build,
};

const N_LINES_CUT: usize = 0;
const CUT_CHAR_SHARE: usize = 1;

struct DedupLines {
    scope: Scope,
    limits: LineLimits,
    spare_code: bool,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let at_least = |name: &str, least: usize| match params.size(name)? {
        value if value >= least => Ok(value as u64),
        _ => Err(BuildError::new(format!("`{name}` must be at least {least}"))),
    };
    let limits = LineLimits {
        bucket_documents: at_least("bucket_documents", 1)?,
        max_copies: at_least("max_copies", 1)?,
        keep_first: at_least("keep_first", 0)?,
    };
    if limits.keep_first > limits.max_copies {
        return Err(BuildError::new("`keep_first` must not be more than `max_copies`"));
    }
    let lines = DedupLines { scope: Scope::of(params)?, limits, spare_code: params.flag("spare_code") };
    Ok(Stage::Exchange(Exchange::Lines(Box::new(lines))))
}

impl Lines for DedupLines {
    fn scope<'a>(&self, doc: &Doc<'a>) -> &'a str {
        self.scope.name(doc)
    }

    fn keys(&self, doc: &Doc<'_>, keys: &mut Vec<LineKey>) {
        let (text, lines) = (doc.text(), doc.lines());
        let mut code = Code::default();
        let mut normal = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            if self.spare_code && code.has(text, lines, at) {
                continue;
            }
            if let Some(hash) = line_key(line.trimmed(text), &mut normal) {
                keys.push(LineKey { line: at as u32, hash });
            }
        }
    }

    fn limits(&self) -> LineLimits {
        self.limits
    }

    fn cut(&self, doc: &Doc<'_>, lines: &[u32], edits: &mut Edits, numbers: &mut Numbers) {
        let (text, all) = (doc.text(), doc.lines());
        let cut: Vec<usize> = lines.iter().map(|line| *line as usize).filter(|line| *line < all.len()).collect();
        let n_cut_chars: usize = cut.iter().map(|at| n_chars(all[*at].of(text))).sum();
        // Most documents lose nothing, and need not be counted.
        let n_all_chars = if cut.is_empty() { 1 } else { n_chars(text) };
        numbers.set(N_LINES_CUT, cut.len() as f32);
        numbers.set(CUT_CHAR_SHARE, share(n_cut_chars, n_all_chars));
        cut_lines(text, all, &cut, edits, self.reason());
    }

    fn reason(&self) -> &'static str {
        "frequent_line"
    }
}

/// Tells which lines are code; asked for one line after the other.
#[derive(Default)]
struct Code {
    in_fence: bool,
}

impl Code {
    fn has(&mut self, text: &str, lines: &[Line], at: usize) -> bool {
        if lines[at].trimmed(text).starts_with("```") {
            self.in_fence = !self.in_fence;
            return true;
        }
        let is_indented = |at: usize| {
            let Some(line) = lines.get(at).filter(|line| !line.is_blank()) else { return false };
            let indent = &text.as_bytes()[line.start as usize..line.trimmed_start as usize];
            indent.first() == Some(&b'\t') || indent.starts_with(b"  ")
        };
        self.in_fence || is_indented(at) || is_indented(at + 1) || at.checked_sub(1).is_some_and(is_indented)
    }
}
