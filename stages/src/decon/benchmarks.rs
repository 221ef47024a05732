//! `decon.benchmarks`: removes documents that hold an item of a benchmark, or cuts the item out of them.

use super::cut::cuts;
use super::items::{Draft, Items};
use super::read::{Fields, name_of};
use super::search::{Found, Search};
use super::seeds::Limits;
use super::words::item_words;
use std::cell::RefCell;
use tokenmill_core::catalog::Shape;
use tokenmill_core::text::normal::locate_normal_words;
use tokenmill_core::{
    Assets, BuildError, Default, Doc, Edit, Edits, Entry, Metric, Numbers, Param, Params, Rule, Stage,
};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "decon.benchmarks",
    version: 1,
    about: "Removes documents that hold items of benchmarks, or cuts the items out of them.",
    shape: Shape::Edit,
    needs_text: true,
    costly: false,
    params: &[
        Param {
            name: "benchmarks",
            default: Default::Texts(&[]),
            about: "files of items, gzipped or not: JSON records, or one text on each line; a benchmark is called like its file",
        },
        Param {
            name: "items",
            default: Default::Texts(&[]),
            about: "more items, each a text or a JSON record; as a benchmark they are called `items`",
        },
        Param {
            name: "fields",
            default: Default::Texts(&[
                "context_options",
                "passage",
                "article",
                "context",
                "ctx",
                "premise",
                "sentence",
                "body",
                "text",
                "problem",
                "prompt",
                "query",
                "question",
                "goal",
            ]),
            about: "fields of a record that ask, in the order in which they are shown",
        },
        Param {
            name: "answer_fields",
            default: Default::Texts(&[
                "continuation",
                "hypothesis",
                "sol1",
                "sol2",
                "choices",
                "options",
                "endings",
                "answers",
                "answer",
                "solution",
                "canonical_solution",
            ]),
            about: "fields that answer, shown after those that ask; they tell an item only with it, or when they are long",
        },
        Param {
            name: "n",
            default: Default::Int(8),
            about: "words of an n-gram (Llama 3: 8; GPT-3: 13)",
        },
        Param {
            name: "min_words",
            default: Default::Int(4),
            about: "words of the shortest text that is searched for as a whole",
        },
        Param {
            name: "max_coverage",
            default: Default::Limit(0.5),
            about: "share of an item's words that a document may hold; an item is found above it (GPT-3: 0)",
        },
        Param {
            name: "max_items",
            default: Default::Limit(10.0),
            about: "items that an n-gram may occur in; beyond it is a template, and is not searched for",
        },
        Param {
            name: "common_file",
            default: Default::Text(""),
            about: "a text whose runs of words are not searched for, because many documents hold them; none when empty",
        },
        Param {
            name: "action",
            default: Default::Text("document"),
            about: "what is removed: the `document`, or the `span` that holds the item",
        },
        Param {
            name: "margin",
            default: Default::Int(200),
            about: "characters cut on each side of a span (GPT-3: 200)",
        },
        Param {
            name: "min_piece",
            default: Default::Int(200),
            about: "characters; shorter pieces between spans are cut too (GPT-3: 200)",
        },
        Param {
            name: "max_pieces",
            default: Default::Limit(10.0),
            about: "pieces into which spans may cut a document; beyond it the document is removed (GPT-3: 10)",
        },
    ],
    metrics: &[
        Metric::number("n_items_found", "items of which the document holds more than `max_coverage`"),
        Metric::number("coverage", "share of the words of an item that the document holds; of the best item"),
        Metric::number("n_grams_hit", "places in the document at which an n-gram or a short text of an item begins"),
        Metric::number("n_pieces", "pieces into which the document is cut, the short ones included; with `span` only"),
        Metric::label("benchmark", "the benchmark of the best item"),
        Metric::label("item", "the number of the best item in its benchmark, from 0"),
    ],
    asset_params: &["benchmarks", "common_file"],
    page: include_str!("../../docs/decon/benchmarks.md"),
    build,
};

const N_ITEMS_FOUND: usize = 0;
const COVERAGE: usize = 1;
const N_GRAMS_HIT: usize = 2;
const N_PIECES: usize = 3;
const BENCHMARK: usize = 4;
const ITEM: usize = 5;

/// Words of an n-gram, at most: all n-grams of a book's length would have to agree.
const MAX_N: usize = 64;

pub(super) struct Benchmarks {
    pub(super) items: Items,
    max_coverage: Option<f32>,
    cut: Option<CutSpans>,
    rules: Vec<Rule>,
}

struct CutSpans {
    margin: usize,
    min_piece: usize,
}

thread_local! {
    /// Buffers that are reused for the next document.
    static SEARCH: RefCell<Search> = RefCell::default();
}

fn build(params: &Params, assets: &dyn Assets) -> Result<Stage, BuildError> {
    Ok(Stage::Edit(Box::new(Benchmarks::new(params, assets)?)))
}

impl Benchmarks {
    pub(super) fn new(params: &Params, assets: &dyn Assets) -> Result<Benchmarks, BuildError> {
        let max_coverage = params.limit("max_coverage");
        let (cut, rule) = match params.text("action") {
            "document" => (None, Rule::at_most("contaminated", COVERAGE, max_coverage)),
            "span" => (
                Some(CutSpans { margin: params.size("margin")?, min_piece: params.size("min_piece")? }),
                Rule::at_most("too_many_pieces", N_PIECES, params.limit("max_pieces")),
            ),
            other => return Err(BuildError::new(format!("`action` must be `document` or `span`, not `{other}`"))),
        };
        Ok(Benchmarks { items: read(params, assets)?, max_coverage, cut, rules: rule.into_iter().collect() })
    }

    fn cut(&self, cut: &CutSpans, doc: &Doc<'_>, found: &Found, edits: &mut Edits) -> usize {
        let (text, mut words) = (doc.text(), Vec::new());
        locate_normal_words(text, &mut words);
        let bytes = |stretch: &std::ops::Range<usize>| words[stretch.start].start..words[stretch.end - 1].end;
        let cuts = cuts(text, found.stretches.iter().map(bytes).collect(), cut.margin, cut.min_piece);
        for range in &cuts.ranges {
            let is_inside = range.start > 0 && range.end < text.len();
            edits.replace(range.start, range.end, if is_inside { "\n\n" } else { "" }, "benchmark_item");
        }
        cuts.n_pieces
    }
}

fn read(params: &Params, assets: &dyn Assets) -> Result<Items, BuildError> {
    let n = params.size("n")?;
    let min_words = params.size("min_words")?;
    if !(1..=MAX_N).contains(&n) || !(1..=n).contains(&min_words) {
        return Err(BuildError::new(format!("`n` must be 1 to {MAX_N}, and `min_words` 1 to `n`")));
    }
    let fields = Fields { asking: params.texts("fields"), answering: params.texts("answer_fields") };
    let mut draft = Draft::new();
    for file in params.texts("benchmarks") {
        draft.add(name_of(file), &fields.read_file(file, &assets.bytes(file)?)?, n)?;
    }
    let given = params.texts("items").iter().map(|text| fields.read_text(text));
    draft.add("items", &given.collect::<Result<Vec<_>, _>>()?, n)?;
    let max_items = params.limit("max_items").map_or(u16::MAX, |max| max.clamp(1.0, f32::from(u16::MAX)) as u16);
    let mut limits = Limits { n, min_words, max_items, common: Vec::new() };
    let common = params.text("common_file");
    if !common.is_empty() {
        let bytes = assets.bytes(common)?;
        let text = str::from_utf8(&bytes);
        let text = text.map_err(|error| BuildError::new(format!("`{common}` is not UTF-8: {error}")))?;
        limits.add_common(&item_words(text).iter().map(|word| word.hash).collect::<Vec<_>>());
    }
    Ok(draft.finish(&limits))
}

impl Edit for Benchmarks {
    fn edit(&self, doc: &Doc<'_>, edits: &mut Edits, numbers: &mut Numbers) {
        let found = SEARCH.with_borrow_mut(|search| search.find(&self.items, doc.normal_words(), self.max_coverage));
        numbers.set(N_ITEMS_FOUND, found.n_items as f32);
        numbers.set(COVERAGE, found.best.map_or(0.0, |best| best.coverage));
        numbers.set(N_GRAMS_HIT, found.n_grams as f32);
        if let Some(best) = found.best {
            let (benchmark, item) = self.items.origin(best.item);
            numbers.set_label(BENCHMARK, benchmark);
            numbers.set_label(ITEM, item.to_string().into());
        }
        if let Some(cut) = &self.cut {
            let n_pieces = if found.stretches.is_empty() { 1 } else { self.cut(cut, doc, &found, edits) };
            numbers.set(N_PIECES, n_pieces as f32);
        }
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}
