//! `decon.benchmarks`: removes documents that hold an item of a benchmark, or cuts the item out of them.

use super::cut::cuts;
use super::items::{Draft, Items};
use super::read::Fields;
use super::search::{Found, Search};
use super::seeds::Limits;
use super::words::item_words;
use crate::asset_name::folder_and_name;
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
        Param { name: "n", default: Default::Int(8), about: "words of an n-gram (Llama 3: 8; GPT-3: 13)" },
        Param {
            name: "min_words",
            default: Default::Int(4),
            about: "words of the shortest text that is searched for as a whole",
        },
        Param {
            name: "max_coverage",
            default: Default::Limit(0.6),
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
        draft.add(folder_and_name(file).1, &fields.read_file(file, &assets.bytes(file)?)?, n)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::assets::MemoryAssets;
    use tokenmill_core::{Analysis, Document, Verdict, judge};

    /// What the stage says of a text: why it goes, the best item, and the text that is left.
    struct Said {
        reason: Option<&'static str>,
        item: Option<(String, String)>,
        coverage: f32,
        n_items: f32,
        text: String,
    }

    fn built(recipe: &str, files: &[(&str, &str)]) -> Result<Benchmarks, BuildError> {
        let files = files.iter().map(|(name, content)| ((*name).to_owned(), content.as_bytes().into()));
        Benchmarks::new(&Params::from_table(ENTRY.params, &recipe.parse().unwrap())?, &MemoryAssets(files.collect()))
    }

    fn say(stage: &Benchmarks, text: &str) -> Said {
        let document = Document { text: text.to_owned(), ..Document::default() };
        let mut numbers = Numbers::new(ENTRY.metrics.len());
        let (mut edits, mut out) = (Edits::default(), String::new());
        stage.edit(&Doc::new(&document, &Analysis::default()), &mut edits, &mut numbers);
        edits.apply(text, &mut out);
        let label = |metric| numbers.label(metric).map(str::to_owned);
        let reason = match judge(stage.rules(), &numbers) {
            Verdict::Keep => None,
            Verdict::Drop { reason, .. } => Some(reason),
        };
        let [coverage, n_items] = [COVERAGE, N_ITEMS_FOUND].map(|metric| numbers.get(metric).unwrap());
        Said { reason, item: label(BENCHMARK).zip(label(ITEM)), coverage, n_items, text: out }
    }

    const BIRDS: &str = r#"{"query": "Question: Which bird builds its nest on the chimney of a house in summer?", "choices": ["the white stork", "the common eider", "the emperor penguin"], "gold": 0}
{"query": "Question: What do puffins eat?", "choices": ["seeds of grasses and thistles", "sand eels and other small fish", "nothing but snow"], "gold": 1}
"#;
    const RIVERS: &str = "Through which countries does the river Oder flow before it reaches the sea?\n";

    fn both() -> Benchmarks {
        let recipe = "benchmarks = [\"set/birds.jsonl\", \"rivers.txt\"]";
        built(recipe, &[("set/birds.jsonl", BIRDS), ("rivers.txt", RIVERS)]).unwrap()
    }

    #[test]
    fn items_are_found_however_they_are_shown_and_named() {
        let stage = both();
        let some_text = "It rained all week, and the boats stayed where they were. ".repeat(20);
        for (shown, benchmark, item) in [
            ("Which bird builds its nest on the chimney of a house in summer?", "birds", "0"),
            (
                "**14.** WHICH BIRD builds\nits nest on the\nchimney of a \u{201c}house\u{201d} \u{2014} in summer",
                "birds",
                "0",
            ),
            ("What do puffins eat?\nA) seeds of grasses and thistles\nB) sand eels and other small fish", "birds", "1"),
            ("what do puffins eat\n\nAnswer: (b) sand eels and other small fish", "birds", "1"),
            ("- sand eels and other small fish\n- seeds of grasses and thistles\n- nothing but snow", "birds", "1"),
            ("through which countries does the river oder flow, before it reaches the sea", "rivers", "0"),
        ] {
            for text in [
                shown.to_owned(),
                format!("{shown}\n{some_text}"),
                format!("{some_text}{shown}"),
                format!("{some_text}\n\n{shown}\n{some_text}"),
            ] {
                let said = say(&stage, &text);
                assert_eq!(said.reason, Some("contaminated"), "{text}");
                assert_eq!(said.item, Some((benchmark.to_owned(), item.to_owned())), "{text}");
                assert_eq!((said.n_items, said.text == text), (1.0, true));
            }
        }
    }

    #[test]
    fn what_is_like_an_item_stays() {
        let stage = both();
        for text in [
            "",
            "Question: Answer: A B C",
            "What do puffins do in winter? They eat sand eels and other small fish.",
            "The stork builds its nest on the chimney of an old house, and in summer the young ones fly.",
            "Where does the river Oder flow? Through which countries does it flow before it reaches the sea?",
            "Nobody knows which bird builds its nest on a mill.",
        ] {
            assert_eq!(say(&stage, text).reason, None, "{text}");
        }
        assert_eq!(say(&stage, "Nothing.").item, None);
    }

    #[test]
    fn coverage_is_the_share_of_telling_words_in_agreeing_runs() {
        let stage =
            built("items = [\"amber basil cedar delta ember fjord grove heath of 7 ivory jetty knoll lotus\"]", &[]);
        let stage = stage.unwrap();
        // Twelve words say something.
        for (text, coverage) in [
            ("amber basil cedar delta ember fjord grove heath", 8.0 / 12.0),
            ("amber basil cedar delta ember fjord grove", 0.0),
            ("delta ember fjord grove heath of 7 ivory", 6.0 / 12.0),
            ("cedar delta ember fjord grove heath of 7 ivory jetty - knoll lotus", 10.0 / 12.0),
            ("fjord grove heath of 7 ivory jetty knoll x lotus. amber basil cedar delta ember fjord grove heath", 1.0),
        ] {
            assert_eq!(say(&stage, text).coverage, coverage as f32, "{text}");
        }
        for (n_between, coverage) in [(64, 1.0), (65, 8.0 / 12.0)] {
            let between = "no ".repeat(n_between);
            let text = format!(
                "fjord grove heath of 7 ivory jetty knoll lotus {between} amber basil cedar delta ember fjord grove heath"
            );
            assert_eq!(say(&stage, &text).coverage, coverage as f32, "{n_between}");
        }
    }

    #[test]
    fn templates_and_common_texts_are_not_searched_for() {
        let template = "Which of the following best describes the main idea of the passage about";
        let lines = |n: usize| (0..n).map(|at| format!("{template} subject{at}?\n")).collect::<String>();
        let few = built("benchmarks = [\"a\"]", &[("a", &lines(10))]).unwrap();
        let text = format!("{template} mice? The mouse.");
        assert_eq!(say(&few, &text).reason, Some("contaminated"));
        let many = built("benchmarks = [\"a\"]", &[("a", &lines(11))]).unwrap();
        assert_eq!(say(&many, &text).reason, None);
        assert_eq!(say(&many, &format!("{template} subject3?")).item, Some(("a".to_owned(), "3".to_owned())));
        let recipe = "benchmarks = [\"a\"]\ncommon_file = \"b\"";
        let common = built(
            recipe,
            &[("a", &format!("{template} mice?\nWhy do old mice sing?")), ("b", &format!("x {text} Old mice sing."))],
        );
        let common = common.unwrap();
        assert_eq!(say(&common, &text).reason, None);
        assert_eq!(say(&common, "Why do old mice sing?").reason, Some("contaminated"));
    }

    #[test]
    fn families_of_equal_items_are_found_by_what_they_share() {
        let member = |n: usize| {
            format!("A farmer sells eggs to the baker and {n} more to the smith, how many remain in his basket?\n")
        };
        for numbers in [(100..150).collect::<Vec<_>>(), vec![100; 50]] {
            let file: String = numbers.into_iter().map(member).collect();
            let family = built("benchmarks = [\"a\"]", &[("a", &file)]).unwrap();
            assert_eq!(say(&family, &member(100)).reason, Some("contaminated"));
        }
    }

    #[test]
    fn passages_that_items_share_are_found_and_told_apart_by_their_questions() {
        let passage = (0..40).map(|at| format!("word{at} ")).collect::<String>();
        let question = |at: usize| format!("what does the old master{at} say about the weather today");
        let record = |at: usize| format!("{{\"passage\": \"{passage}\", \"question\": \"{}\"}}\n", question(at));
        let stage = built("benchmarks = [\"a\"]", &[("a", &(0..15).map(record).collect::<String>())]).unwrap();
        for at in [0, 7, 14] {
            let said = say(&stage, &format!("{passage}\nQ: {}", question(at)));
            assert_eq!((said.reason, said.item.unwrap().1), (Some("contaminated"), at.to_string()));
        }
        assert_eq!(say(&stage, &passage).reason, Some("contaminated"));
    }

    #[test]
    fn spans_are_cut_and_the_rest_stays() {
        let recipe = "benchmarks = [\"a\"]\naction = \"span\"\nmargin = 3\nmin_piece = 5\nmax_pieces = 2";
        let stage =
            built(recipe, &[("a", "Why do old mice sing?\nThrough which countries does the river Oder flow today?")])
                .unwrap();
        let said = say(&stage, "A quiz for you. Why do OLD mice sing? Because they can.");
        assert_eq!((said.reason, said.text.as_str()), (None, "A quiz for\n\nthey can."));
        let said =
            say(&stage, "Here: why do old mice sing? Through which countries does the river Oder flow today, then?");
        assert_eq!((said.reason, said.text.as_str(), said.n_items), (None, "", 2.0));
        let said = say(
            &stage,
            "One two three why do old mice sing four five six through which countries does the river Oder flow today seven eight nine",
        );
        assert_eq!(said.reason, Some("too_many_pieces"));
        assert_eq!(say(&stage, "Nothing here.").text, "Nothing here.");
    }

    #[test]
    fn texts_made_to_cost_time_do_not() {
        let chant = "amber basil cedar ".repeat(30_000);
        let stage = built("benchmarks = [\"a\"]\nmax_items = \"off\"", &[("a", &chant)]).unwrap();
        assert_eq!(say(&stage, &chant).reason, Some("contaminated"));
    }

    #[test]
    fn an_n_gram_takes_few_bytes() {
        let lines: String =
            (0..50_000u32).map(|at| format!("w{at}{}", if at % 50 == 49 { '\n' } else { ' ' })).collect();
        let stage = built("benchmarks = [\"a\"]", &[("a", &lines)]).unwrap();
        let n_bytes = stage.items.n_bytes() as f64 / (50_000.0 * 43.0 / 50.0);
        assert!((10.0..14.0).contains(&n_bytes), "{n_bytes}");
    }

    #[test]
    fn wrong_parameters_are_errors() {
        for recipe in [
            "action = \"both\"",
            "n = 0",
            "n = 65",
            "min_words = 9",
            "min_words = 0",
            "items = [\"{\"]",
            "items = ['{\"body_text\": \"x\"}']",
            "benchmarks = [\"unknown\"]",
            "action = \"span\"\nmargin = -1",
        ] {
            assert!(built(recipe, &[]).is_err(), "{recipe}");
        }
    }
}
