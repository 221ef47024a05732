//! `classify.fasttext`: what a fastText model says of a document, or of each of its lines: toxicity, quality, topics.

use crate::fasttext::{LABEL_PREFIX, Model, Scratch};
use crate::shared;
use std::cell::RefCell;
use std::sync::Arc;
use tokenmill_core::catalog::Shape;
use tokenmill_core::numbers::share;
use tokenmill_core::text::n_chars;
use tokenmill_core::{Assets, BuildError, Default, Doc, Entry, Measure, Metric, Numbers, Param, Params, Rule, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "classify.fasttext",
    version: 1,
    about: "Scores documents, or each of their lines, with a fastText classifier.",
    shape: Shape::Measure,
    needs_text: true,
    costly: false,
    params: &[
        Param {
            name: "model",
            default: Default::Text("scorer.ftz"),
            about: "a fastText classifier: an asset, a path or `https://…#sha256=…`",
        },
        Param {
            name: "label",
            default: Default::Text(""),
            about: "the label whose probability is the score, with or without `__label__`; `*` for the likeliest, whichever it is; \
                    may be left out for two labels: then it is the second in alphabetical order",
        },
        Param {
            name: "unit",
            default: Default::Text("document"),
            about: "`document`, or `line`: each line is scored by itself, and the highest is the score",
        },
        Param {
            name: "lowercase",
            default: Default::Bool(false),
            about: "whether the model was trained on lower case",
        },
        Param { name: "max_bytes", default: Default::Int(65_536), about: "bytes of text looked at, from its start" },
        Param { name: "min_score", default: Default::NoLimit, about: "score, at least" },
        Param { name: "max_score", default: Default::NoLimit, about: "score, at most" },
        Param {
            name: "line_score",
            default: Default::Float(0.4),
            about: "with `unit = \"line\"`, the score from which a line is flagged; Dolma has 0.4 for sentences",
        },
        Param {
            name: "max_flagged_char_share",
            default: Default::NoLimit,
            about: "with `unit = \"line\"`, share of characters on flagged lines, at most",
        },
    ],
    metrics: &[
        Metric::number(
            "score",
            "probability of the label, of the line where it is highest; 0 when the model has no opinion",
        ),
        Metric::label("top_label", "the likeliest label of the document, or of that line"),
        Metric::number(
            "flagged_char_share",
            "share of the characters that are on flagged lines, of those within `max_bytes` and on no blank line; absent for \
             documents",
        ),
    ],
    asset_params: &["model"],
    page: include_str!("../docs/classify/fasttext.md"),
    build,
};

const SCORE: usize = 0;
const TOP_LABEL: usize = 1;
const FLAGGED_CHAR_SHARE: usize = 2;

struct Scorer {
    model: Arc<Model>,
    /// The labels without their prefix.
    labels: Vec<Arc<str>>,
    /// None for the likeliest.
    label: Option<usize>,
    by_line: bool,
    lowercase: bool,
    max_bytes: usize,
    line_score: f32,
    rules: Vec<Rule>,
}

fn build(params: &Params, assets: &dyn Assets) -> Result<Stage, BuildError> {
    let name = params.text("model");
    let model = shared::model(name, assets)?;
    let labels = model.label_names();
    let by_line = match params.text("unit") {
        "document" => false,
        "line" => true,
        other => {
            return Err(BuildError::new(format!("`unit` is `{other}`")).hint("it is `document` or `line`"));
        }
    };
    let max_bytes = params.size("max_bytes")?;
    if max_bytes == 0 {
        return Err(BuildError::new("`max_bytes` must not be `0`").hint("leave it out for the default"));
    }
    let rules = [
        Rule::at_least("score_too_low", SCORE, params.limit("min_score")),
        Rule::at_most("score_too_high", SCORE, params.limit("max_score")),
        Rule::at_most("too_many_flagged_lines", FLAGGED_CHAR_SHARE, params.limit("max_flagged_char_share")),
    ];
    Ok(Stage::Measure(Box::new(Scorer {
        label: label(name, params.text("label"), &labels)?,
        model,
        labels,
        by_line,
        lowercase: params.flag("lowercase"),
        max_bytes,
        line_score: params.number("line_score") as f32,
        rules: rules.into_iter().flatten().collect(),
    })))
}

/// What stands for the likeliest label.
const LIKELIEST: &str = "*";

/// The index of the label that is meant; none for the likeliest.
fn label(model: &str, wanted: &str, labels: &[Arc<str>]) -> Result<Option<usize>, BuildError> {
    if wanted == LIKELIEST {
        return Ok(None);
    }
    let wanted = wanted.strip_prefix(LABEL_PREFIX).unwrap_or(wanted);
    let mut sorted: Vec<usize> = (0..labels.len()).collect();
    sorted.sort_unstable_by_key(|at| &labels[*at]);
    if let (true, [_, second]) = (wanted.is_empty(), &*sorted) {
        return Ok(Some(*second));
    }
    labels.iter().position(|label| **label == *wanted).map(Some).ok_or_else(|| {
        let known: Vec<String> = sorted.iter().map(|at| format!("`{}`", labels[*at])).collect();
        let problem = if wanted.is_empty() { "`label` is missing".into() } else { format!("no label `{wanted}`") };
        BuildError::new(format!("model `{model}`: {problem}")).hint(format!("it knows {}", known.join(", ")))
    })
}

/// What a model sees of a text, in training and in use: the text, or the same in lower case.
pub fn seen<'t>(text: &'t str, lowercase: bool, lower: &'t mut String) -> &'t str {
    if !lowercase {
        return text;
    }
    lower.clear();
    lower.extend(text.chars().flat_map(char::to_lowercase));
    lower
}

/// What the model says of one piece of text.
struct Said {
    score: f32,
    top: usize,
}

impl Scorer {
    fn score(&self, text: &str, buffers: &mut Buffers) -> Option<Said> {
        let Buffers { scratch, lower } = buffers;
        let text = seen(text, self.lowercase, lower);
        let predictions = self.model.predict(text.as_bytes(), self.labels.len(), 0.0, scratch);
        let likeliest = predictions.first()?;
        let top = likeliest.label;
        let wanted = match self.label {
            None => Some(likeliest),
            Some(label) => predictions.iter().find(|prediction| prediction.label == label),
        };
        Some(Said { score: wanted.map_or(0.0, |prediction| prediction.probability.min(1.0)), top })
    }

    fn measure_lines(&self, doc: &Doc<'_>, numbers: &mut Numbers, buffers: &mut Buffers) -> Option<Said> {
        let text = doc.text();
        let (mut n_all, mut n_flagged) = (0, 0);
        let mut highest: Option<Said> = None;
        for line in doc.lines().iter().filter(|line| !line.is_blank()) {
            let room = self.max_bytes.saturating_sub(line.trimmed_start as usize);
            let line = line.trimmed(text);
            let line = &line[..line.floor_char_boundary(room)];
            if line.is_empty() {
                break;
            }
            let chars = n_chars(line);
            n_all += chars;
            let Some(said) = self.score(line, buffers) else { continue };
            n_flagged += if said.score >= self.line_score { chars } else { 0 };
            if highest.as_ref().is_none_or(|highest| said.score > highest.score) {
                highest = Some(said);
            }
        }
        numbers.set(FLAGGED_CHAR_SHARE, share(n_flagged, n_all));
        highest
    }
}

#[derive(Default)]
struct Buffers {
    scratch: Scratch,
    lower: String,
}

impl Measure for Scorer {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        thread_local! {
            static BUFFERS: RefCell<Buffers> = RefCell::default();
        }
        let said = BUFFERS.with_borrow_mut(|buffers| {
            if self.by_line {
                return self.measure_lines(doc, numbers, buffers);
            }
            let text = doc.text();
            self.score(&text[..text.floor_char_boundary(self.max_bytes)], buffers)
        });
        numbers.set(SCORE, said.as_ref().map_or(0.0, |said| said.score));
        if let Some(said) = said {
            numbers.set_label(TOP_LABEL, self.labels[said.top].clone());
        }
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use tokenmill_core::assets::MemoryAssets;
    use tokenmill_core::{Analysis, Document, page};

    fn assets() -> MemoryAssets {
        let rude: &[u8] = include_bytes!("../docs/assets/scorer.ftz");
        let languages: &[u8] = include_bytes!("../tests/fixtures/tree-pruned.ftz");
        MemoryAssets([("scorer.ftz".to_owned(), rude.into()), ("languages.ftz".to_owned(), languages.into())].into())
    }

    fn built(recipe: &str) -> Result<Stage, BuildError> {
        let recipe = format!("model = \"languages.ftz\"\n{recipe}");
        build(&Params::from_table(ENTRY.params, &recipe.parse().unwrap())?, &assets())
    }

    fn score(recipe: &str, text: &str) -> (Option<f32>, Option<f32>) {
        let Stage::Measure(stage) = built(recipe).unwrap() else { panic!("a measure") };
        let document = Document { text: text.to_owned(), ..Document::default() };
        let mut numbers = Numbers::new(ENTRY.metrics.len());
        stage.measure(&Doc::new(&document, &Analysis::default()), &mut numbers);
        (numbers.get(SCORE), numbers.get(FLAGGED_CHAR_SHARE))
    }

    #[test]
    fn the_highest_line_is_the_score_and_flagged_lines_are_counted() {
        let lines = "label = \"fr\"\nunit = \"line\"";
        let (score_of_both, flagged) = score(lines, "la forêt était très calme\n\nthe forest was very quiet");
        assert_eq!(score_of_both, score("label = \"fr\"", "la forêt était très calme").0);
        assert_eq!(flagged, Some(0.5));
        assert_eq!(score(lines, "\n \n"), (Some(0.0), Some(0.0)));
    }

    #[test]
    fn long_texts_are_cut_and_lower_case_is_made() {
        let long = format!("la forêt était très calme\n{}", "the forest was very quiet\n".repeat(20));
        let head = score("label = \"fr\"\nmax_bytes = 28", &long).0;
        assert_eq!(head, score("label = \"fr\"", "la forêt était très calme").0);
        let by_line = |n: usize| score(&format!("label = \"fr\"\nunit = \"line\"\nmax_bytes = {n}"), &long);
        assert_eq!((by_line(28), by_line(29)), ((head, Some(1.0)), (head, Some(1.0))));
        // The second line is cut behind `the forest w`; the first within `ê`.
        assert_eq!(by_line(41), (head, Some(25.0 / 37.0)));
        assert_eq!(by_line(7), by_line(6));
        let shouted = score("label = \"fr\"\nlowercase = true", "LA FORÊT ÉTAIT TRÈS CALME").0;
        assert_eq!(shouted, head);
    }

    #[test]
    fn labels_are_asked_for_unless_there_are_two() {
        let error = built("").err().unwrap();
        assert_eq!(error.message, "model `languages.ftz`: `label` is missing");
        assert!(built("label = \"de\"").err().unwrap().hint.unwrap().contains("`en`, `fr`"));
        assert!(built("label = \"__label__fr\"").is_ok());
        assert!(built("label = \"fr\"\nunit = \"word\"").is_err());
        let two: [Arc<str>; 2] = ["toxic".into(), "clean".into()];
        assert_eq!(label("m", "", &two).unwrap(), Some(0));
    }

    #[test]
    fn the_likeliest_label_is_the_one_with_the_highest_score() {
        for text in ["la forêt était très calme", "the forest was very quiet"] {
            let likeliest = score("label = \"*\"", text).0;
            let all = ["en", "fr"].map(|label| score(&format!("label = \"{label}\""), text).0);
            assert!(all.contains(&likeliest) && all.iter().all(|score| *score <= likeliest), "{likeliest:?}, {all:?}");
        }
    }

    /// With `TOKENMILL_BLESS` set, what the stage says is written into its page first.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "pages are files of the source tree")]
    fn the_page_is_true() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page::path(ENTRY.name));
        let mut checked = page::check(&ENTRY, &std::fs::read_to_string(&path).unwrap(), &assets()).unwrap();
        if std::env::var_os("TOKENMILL_BLESS").is_some() {
            std::fs::write(&path, &checked.blessed).unwrap();
            checked = page::check(&ENTRY, &checked.blessed, &assets()).unwrap();
        }
        assert!(
            checked.problems.is_empty(),
            "{}\nrun `cargo xtask bless` and read the diff",
            checked.problems.join("\n")
        );
    }
}
