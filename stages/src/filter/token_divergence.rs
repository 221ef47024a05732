//! `filter.token_divergence`: documents whose words are distributed otherwise than those of a reference.

use crate::divergence::{MIN_LEVEL, Reference, Scorer};
use tokenmill_core::catalog::Shape;
use tokenmill_core::{Assets, BuildError, Default, Doc, Entry, Measure, Metric, Numbers, Param, Params, Rule, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "filter.token_divergence",
    version: 1,
    about: "Judges a document by how far its words are distributed from those of a reference of its language.",
    shape: Shape::Measure,
    needs_text: true,
    costly: false,
    params: &[
        Param {
            name: "reference",
            default: Default::Text(""),
            about: "a file that `tokenmill reference` has made; without one nothing is measured",
        },
        Param {
            name: "max_score",
            default: Default::Limit(7.0),
            about: "divergence, at most: 0 is the median of reference documents of the same length, 1 their third quartile",
        },
        Param {
            name: "min_words",
            default: Default::Int(32),
            about: "normal words that a document must have to be judged; 32 or more",
        },
    ],
    metrics: &[
        Metric::number("n_words", "normal words (normal_words/v1); absent without a reference"),
        Metric::number(
            "divergence",
            "Kullback-Leibler divergence from the reference, in bits; absent below `min_words`",
        ),
        Metric::number("score", "the divergence on the scale of `max_score`; absent below `min_words`"),
    ],
    asset_params: &["reference"],
    page: include_str!("../../docs/filter/token_divergence.md"),
    build,
};

const N_WORDS: usize = 0;
const DIVERGENCE: usize = 1;
const SCORE: usize = 2;

struct TokenDivergence {
    scorer: Option<Scorer>,
    min_words: usize,
    rules: Vec<Rule>,
}

fn build(params: &Params, assets: &dyn Assets) -> Result<Stage, BuildError> {
    let min_words = params.size("min_words")?;
    if min_words < 1 << MIN_LEVEL {
        return Err(BuildError::new(format!("`min_words` must be at least {}, not `{min_words}`", 1 << MIN_LEVEL))
            .hint("shorter texts cannot be compared: one name more or less decides"));
    }
    let name = params.text("reference");
    let scorer = if name.is_empty() { None } else { Some(read(name, assets)?) };
    let rules = Rule::at_most("unusual_token_distribution", SCORE, params.limit("max_score")).into_iter().collect();
    Ok(Stage::Measure(Box::new(TokenDivergence { scorer, min_words, rules })))
}

fn read(name: &str, assets: &dyn Assets) -> Result<Scorer, BuildError> {
    let bytes = assets.bytes(name)?;
    let scorer = Reference::from_bytes(&bytes).and_then(|reference| Scorer::new(&reference));
    scorer.map_err(|error| BuildError { message: format!("reference `{name}`: {}", error.message), ..error })
}

impl Measure for TokenDivergence {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        let Some(scorer) = &self.scorer else { return };
        let words = doc.normal_words();
        numbers.set(N_WORDS, words.len() as f32);
        if words.len() >= self.min_words {
            let divergence = scorer.divergence(words);
            numbers.set(DIVERGENCE, divergence);
            numbers.set(SCORE, scorer.score(words.len(), divergence));
        }
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::divergence::Sample;
    use tokenmill_core::assets::MemoryAssets;
    use tokenmill_core::{Analysis, Document};

    fn assets() -> MemoryAssets {
        let mut sample = Sample::new(1 << 20);
        for seed in 0..100u32 {
            let words: Vec<String> =
                (0..40).map(|at| format!("word{}", (at * 7 + seed * at) % (11 + seed % 9))).collect();
            sample.add(&words.join(" "));
        }
        let bytes = sample.build("en").unwrap().to_bytes();
        MemoryAssets([("en".to_owned(), bytes.into()), ("junk".to_owned(), b"junk"[..].into())].into())
    }

    fn built(recipe: &str) -> Result<Stage, BuildError> {
        build(&Params::from_table(ENTRY.params, &recipe.parse().unwrap())?, &assets())
    }

    fn measured(recipe: &str, text: &str) -> [Option<f32>; 3] {
        let Stage::Measure(stage) = built(recipe).unwrap() else { panic!("a measure") };
        let document = Document { text: text.to_owned(), ..Document::default() };
        let mut numbers = Numbers::new(ENTRY.metrics.len());
        stage.measure(&Doc::new(&document, &Analysis::default()), &mut numbers);
        [N_WORDS, DIVERGENCE, SCORE].map(|metric| numbers.get(metric))
    }

    #[test]
    fn short_texts_and_stages_without_a_reference_abstain() {
        let (short, long) = ("word1 ".repeat(31), "word1 ".repeat(32));
        assert_eq!(measured("", &long), [None; 3]);
        assert_eq!(measured("reference = \"en\"", &short), [Some(31.0), None, None]);
        assert!(measured("reference = \"en\"", &long).iter().all(Option::is_some));
        assert_eq!(measured("reference = \"en\"\nmin_words = 33", &long), [Some(32.0), None, None]);
    }

    #[test]
    fn any_text_can_be_measured() {
        for text in ["", "\0", "🙂 … !", &"a".repeat(1 << 20), &"漢".repeat(1000), &"\u{301}".repeat(99)] {
            let [_, divergence, score] = measured("reference = \"en\"", text);
            assert!(divergence.is_none_or(|value| (0.0..=24.0).contains(&value)), "{divergence:?}");
            assert!(score.is_none_or(f32::is_finite));
        }
    }

    #[test]
    fn wrong_parameters_say_what_is_right() {
        let message = |recipe: &str| built(recipe).err().unwrap().message;
        assert_eq!(message("min_words = 31"), "`min_words` must be at least 32, not `31`");
        assert_eq!(message("reference = \"junk\""), "reference `junk`: not a reference of words");
        assert!(message("reference = \"none\"").contains("unknown asset"));
    }
}
