//! `extract.wikitext`: an article in wikitext to the text that its readers see.

use super::{Converted, Kind, Options, Sections, Templates, convert, sections};
use std::borrow::Cow;
use std::sync::Arc;
use tokenmill_core::catalog::Shape;
use tokenmill_core::text::n_chars;
use tokenmill_core::{
    Assets, BuildError, Default, Document, Entry, Extract, Metric, Numbers, Param, Params, Payload, Record, Rejection,
    Rule, Stage,
};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "extract.wikitext",
    version: 1,
    about: "Turns an article in wikitext into its plain text.",
    shape: Shape::Extract,
    needs_text: false,
    costly: false,
    params: &[
        Param { name: "title", default: Default::Bool(true), about: "whether the title becomes the first line" },
        Param {
            name: "tables",
            default: Default::Bool(true),
            about: "whether tables are kept; boxes beside the text never are",
        },
        Param {
            name: "drop_sections",
            default: Default::Texts(sections::DEFAULT),
            about: "sections to leave out: groups of titles in many languages, or titles",
        },
        Param {
            name: "templates",
            default: Default::Texts(&[]),
            about: "further templates of which a value is kept, as in `name=1`; `name=0` keeps nothing",
        },
        Param {
            name: "disambiguation",
            default: Default::Text("drop"),
            about: "pages that list the meanings of a title: `drop` or `keep`",
        },
        Param { name: "min_chars", default: Default::Limit(1.0), about: "characters of the text, at least" },
        Param {
            name: "max_list_share",
            default: Default::NoLimit,
            about: "share of the text in lists and tables, at most; the rest is prose, code and formulas",
        },
        Param { name: "max_bytes", default: Default::Int(16 * 1024 * 1024), about: "bytes of a page, at most" },
    ],
    metrics: &[
        Metric::number("wiki_bytes", "bytes of the wikitext"),
        Metric::number("n_chars", "characters of the text"),
        Metric::number("kept_share", "bytes of the text per byte of wikitext"),
        Metric::number("list_share", "share of the text, without headings, in items of lists and cells of tables"),
        Metric::number("n_links", "links to pages of the wiki"),
        Metric::number("n_templates", "templates that were used"),
        Metric::number("n_references", "references"),
        Metric::label("page", "`article`, `disambiguation` or `redirect`"),
        Metric::label("notes", "limits that were met: too_deep"),
    ],
    asset_params: &[],
    page: include_str!("../../../docs/extract/wikitext.md"),
    build,
};

const WIKI_BYTES: usize = 0;
const N_CHARS: usize = 1;
const KEPT_SHARE: usize = 2;
const LIST_SHARE: usize = 3;
const N_LINKS: usize = 4;
const N_TEMPLATES: usize = 5;
const N_REFERENCES: usize = 6;
const PAGE: usize = 7;
const NOTES: usize = 8;

/// Types that a source may give wikitext.
const TYPES: &[&str] = &["text/x-wiki", "text/x-mediawiki", "text/plain"];

struct Wikitext {
    options: Options,
    drops_disambiguation: bool,
    max_bytes: usize,
    rules: Vec<Rule>,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let drops_disambiguation = match params.text("disambiguation") {
        "drop" => true,
        "keep" => false,
        other => return Err(BuildError::new(format!("`disambiguation` must be `drop` or `keep`, not `{other}`"))),
    };
    let rules = [
        Rule::at_least("too_few_chars", N_CHARS, params.limit("min_chars")),
        Rule::at_most("mostly_lists", LIST_SHARE, params.limit("max_list_share")),
    ];
    Ok(Stage::Extract(Box::new(Wikitext {
        options: Options {
            templates: Templates::new(params.texts("templates"))?,
            sections: Sections::new(params.texts("drop_sections")),
            title: params.flag("title"),
            tables: params.flag("tables"),
        },
        drops_disambiguation,
        max_bytes: params.size("max_bytes")?,
        rules: rules.into_iter().flatten().collect(),
    })))
}

impl Extract for Wikitext {
    fn extract(&self, record: &Record<'_>, document: &mut Document, numbers: &mut Numbers) -> Result<(), Rejection> {
        let (wikitext, names) = match record.payload {
            Payload::Text(text) => (Cow::Borrowed(text), ""),
            Payload::Page { body, mime, .. } => {
                let (kind, names) = mime.split_once(';').unwrap_or((mime, ""));
                if !TYPES.contains(&kind.trim()) {
                    return Err(Rejection { reason: "not_wikitext", evidence: mime.to_owned() });
                }
                (String::from_utf8_lossy(body), names)
            }
        };
        numbers.set(WIKI_BYTES, wikitext.len() as f32);
        if wikitext.len() > self.max_bytes {
            return Err(Rejection { reason: "too_large", evidence: format!("{} bytes", wikitext.len()) });
        }
        let title = title_of(record.extra);
        let page = convert(&wikitext, &title, names, &self.options);
        set_numbers(&page, wikitext.len(), numbers);
        document.title = title;
        document.text = page.text;
        match page.kind {
            Kind::Redirect => Err(Rejection::new("redirect")),
            Kind::Disambiguation if self.drops_disambiguation => Err(Rejection::new("disambiguation")),
            _ if document.text.is_empty() => Err(Rejection::new("empty_text")),
            _ => Ok(()),
        }
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

/// The title that the source carries along.
fn title_of(extra: &str) -> String {
    let fields: Option<serde_json::Value> = if extra.is_empty() { None } else { serde_json::from_str(extra).ok() };
    let title = fields.as_ref().and_then(|fields| fields.get("title")).and_then(|title| title.as_str());
    title.unwrap_or_default().trim().to_owned()
}

fn set_numbers(page: &Converted, n_bytes: usize, numbers: &mut Numbers) {
    numbers.set_label(PAGE, Arc::from(page.kind.name()));
    if page.kind == Kind::Redirect {
        return;
    }
    numbers.set(N_CHARS, n_chars(&page.text) as f32);
    let share = |part: usize, whole: usize| if whole == 0 { f32::NAN } else { part as f32 / whole as f32 };
    numbers.set(KEPT_SHARE, share(page.text.len(), n_bytes));
    numbers.set(LIST_SHARE, share(page.n_list_bytes, page.n_body_bytes));
    numbers.set(N_LINKS, page.n_links as f32);
    numbers.set(N_TEMPLATES, page.n_templates as f32);
    numbers.set(N_REFERENCES, page.n_references as f32);
    if page.is_too_deep {
        numbers.set_label(NOTES, Arc::from("too_deep"));
    }
}
