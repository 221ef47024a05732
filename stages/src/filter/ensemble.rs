//! `filter.ensemble`: several scores of a document, each ranked among those of a sample, as one rank and one bucket.

use crate::quantiles::{Ranking, Table};
use tokenmill_core::catalog::Shape;
use tokenmill_core::combine::{Given, Input, Need, Used};
use tokenmill_core::numbers::Measured;
use tokenmill_core::{Assets, BuildError, Combine, Default, Doc, Entry, Metric, Numbers, Param, Params, Rule, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "filter.ensemble",
    version: 1,
    about: "Ranks scores of earlier steps among those of a sample and joins the ranks into one of twenty buckets.",
    shape: Shape::Combine,
    needs_text: false,
    costly: false,
    params: &[
        Param {
            name: "scores",
            default: Default::Texts(&[]),
            about: "the scores, as `step.metric`; with `-` before it one of which less is better; none: nothing is measured",
        },
        Param {
            name: "quantiles",
            default: Default::Text(""),
            about: "how each score is distributed: a file that `tokenmill quantiles` has made",
        },
        Param {
            name: "join",
            default: Default::Text("max"),
            about: "`max`, as in Nemotron-CC, `mean` or `min` of the ranks that there are",
        },
        Param { name: "buckets", default: Default::Int(20), about: "buckets, as many as twenty in Nemotron-CC" },
        Param { name: "min_rank", default: Default::NoLimit, about: "rank, at least" },
        Param { name: "min_bucket", default: Default::NoLimit, about: "bucket, at least; the lowest is 0" },
        Param { name: "max_bucket", default: Default::NoLimit, about: "bucket, at most" },
    ],
    metrics: &[
        Metric::number("n_scores", "scores that were there and could be ranked; absent without `scores`"),
        Metric::number("rank", "their ranks joined, from 0 to 1; absent when there are none"),
        Metric::number("bucket", "the bucket of the rank, from 0 for the lowest; absent when there is no rank"),
    ],
    asset_params: &["quantiles"],
    page: include_str!("../../docs/filter/ensemble.md"),
    build,
};

const N_SCORES: usize = 0;
const RANK: usize = 1;
const BUCKET: usize = 2;

/// Buckets, at most: more than a table can tell apart would be a promise.
const MAX_BUCKETS: usize = 1_000;

#[derive(Clone, Copy)]
enum Join {
    Max,
    Mean,
    Min,
}

struct Score {
    ranking: Ranking,
    /// Whether less is better.
    is_reversed: bool,
}

struct Ensemble {
    inputs: Vec<Input>,
    /// One for every input.
    scores: Vec<Score>,
    join: Join,
    n_buckets: f32,
    rules: Vec<Rule>,
}

fn build(params: &Params, assets: &dyn Assets) -> Result<Stage, BuildError> {
    let join = match params.text("join") {
        "max" => Join::Max,
        "mean" => Join::Mean,
        "min" => Join::Min,
        other => return Err(BuildError::new(format!("`join` is `{other}`")).hint("it is `max`, `mean` or `min`")),
    };
    let n_buckets = params.size("buckets")?;
    if !(1..=MAX_BUCKETS).contains(&n_buckets) {
        return Err(BuildError::new(format!("`buckets` must be from 1 to {MAX_BUCKETS}, not `{n_buckets}`")));
    }
    let (names, file) = (params.texts("scores"), params.text("quantiles"));
    let table = match (names, file) {
        ([], _) => Table::new("", Vec::new()),
        (_, "") => {
            return Err(BuildError::new("`quantiles` is missing").hint("`tokenmill quantiles` makes such a file"));
        }
        (_, file) => Table::read(file, &assets.bytes(file)?)?,
    };
    let (mut inputs, mut scores) = (Vec::new(), Vec::new());
    for written in names {
        let name = written.strip_prefix('-').unwrap_or(written);
        let ranking = table.of(name).ok_or_else(|| {
            let known: Vec<String> = table.scores.iter().map(|one| format!("`{}`", one.score)).collect();
            BuildError::new(format!("quantiles `{file}` has no score `{name}`"))
                .hint(format!("it has {}", known.join(", ")))
        })?;
        let need = Need::Metric { name: name.to_owned(), kind: Used::Number };
        inputs.push(Input { need, param: "scores", span: 0..written.len() });
        scores.push(Score { ranking, is_reversed: name.len() < written.len() });
    }
    let rules = [
        Rule::at_least("rank_too_low", RANK, params.limit("min_rank")),
        Rule::at_least("bucket_too_low", BUCKET, params.limit("min_bucket")),
        Rule::at_most("bucket_too_high", BUCKET, params.limit("max_bucket")),
    ];
    let rules = rules.into_iter().flatten().collect();
    Ok(Stage::Combine(Box::new(Ensemble { inputs, scores, join, n_buckets: n_buckets as f32, rules })))
}

impl Combine for Ensemble {
    fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    fn combine(&self, doc: &Doc<'_>, given: &Given<'_>, numbers: &mut Numbers) {
        let ranks = self.scores.iter().enumerate().filter_map(|(at, score)| {
            let Measured::Number(value) = *given.get(at) else { return None };
            let rank = score.ranking.rank(doc.lang(), value)?;
            Some(if score.is_reversed { 1.0 - rank } else { rank })
        });
        let (mut n, mut sum, mut low, mut high) = (0, 0.0, 1.0_f32, 0.0_f32);
        for rank in ranks {
            (n, sum, low, high) = (n + 1, sum + rank, low.min(rank), high.max(rank));
        }
        if !self.scores.is_empty() {
            numbers.set(N_SCORES, n as f32);
        }
        if n > 0 {
            let rank = match self.join {
                Join::Max => high,
                Join::Mean => sum / n as f32,
                Join::Min => low,
            };
            numbers.set(RANK, rank);
            numbers.set(BUCKET, (rank * self.n_buckets).floor().min(self.n_buckets - 1.0));
        }
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantiles::Quantiles;
    use tokenmill_core::assets::MemoryAssets;
    use tokenmill_core::combine::Slot;
    use tokenmill_core::{Analysis, Document};

    fn built(recipe: &str) -> Result<Box<dyn Combine>, BuildError> {
        let even: Vec<f32> = (0..=100).map(|n| n as f32 / 100.0).collect();
        let one = |score: &str, lang: &str, values: Vec<f32>| Quantiles {
            score: score.to_owned(),
            lang: lang.to_owned(),
            documents: 100,
            values,
        };
        let squares = even.iter().map(|value| value * value).collect();
        let table = Table::new("test", vec![one("a.score", "", even), one("b.score", "en", squares)]);
        let assets = MemoryAssets([("t".to_owned(), table.to_json().into_bytes().into())].into());
        match build(&Params::from_table(ENTRY.params, &recipe.parse().unwrap())?, &assets)? {
            Stage::Combine(stage) => Ok(stage),
            _ => panic!("it combines"),
        }
    }

    fn measured(recipe: &str, lang: &str, scores: [Option<f32>; 2]) -> [Option<f32>; 3] {
        let stage = built(recipe).unwrap();
        let document = Document { lang: lang.to_owned(), ..Document::default() };
        let mut given = Numbers::new(2);
        scores.iter().enumerate().for_each(|(at, score)| {
            if let Some(score) = score {
                given.set(at, *score);
            }
        });
        let slots = [0, 1].map(|metric| Some(Slot { step: 0, metric }));
        let mut numbers = Numbers::new(ENTRY.metrics.len());
        let given = [given];
        stage.combine(&Doc::new(&document, &Analysis::default()), &Given::new(&slots, &given), &mut numbers);
        [N_SCORES, RANK, BUCKET].map(|metric| numbers.get(metric))
    }

    const BOTH: &str = "quantiles = \"t\"\nscores = [\"a.score\", \"b.score\"]\n";

    #[test]
    fn ranks_are_joined_as_asked_for() {
        let joined = |join: &str, scores| measured(&format!("{BOTH}join = \"{join}\""), "en", scores);
        let both = [Some(0.805), Some(0.3)];
        let [high, low] = [81.0 / 101.0, 55.0 / 101.0];
        assert_eq!(joined("max", both), [Some(2.0), Some(high), Some(16.0)]);
        assert_eq!(joined("min", both), [Some(2.0), Some(low), Some(10.0)]);
        assert_eq!(joined("mean", both), [Some(2.0), Some((high + low) / 2.0), Some(13.0)]);
        assert_eq!(joined("mean", [None, Some(0.3)]), [Some(1.0), Some(low), Some(10.0)]);
        assert_eq!(joined("max", [None, None]), [Some(0.0), None, None]);
    }

    #[test]
    fn a_score_without_quantiles_of_the_language_does_not_count() {
        assert_eq!(measured(BOTH, "de", [Some(0.805), Some(0.3)])[0], Some(1.0));
        assert_eq!(measured("", "en", [Some(0.805), None]), [None; 3]);
    }

    #[test]
    fn less_is_better_where_the_recipe_says_so() {
        let reversed = "quantiles = \"t\"\nscores = [\"-a.score\"]\n";
        assert_eq!(measured(reversed, "", [Some(-1.0), None]), [Some(1.0), Some(1.0), Some(19.0)]);
        assert_eq!(measured(reversed, "", [Some(2.0), None]), [Some(1.0), Some(0.0), Some(0.0)]);
        assert_eq!(
            built(reversed).unwrap().inputs()[0].need,
            Need::Metric { name: "a.score".to_owned(), kind: Used::Number }
        );
    }

    #[test]
    fn every_bucket_is_filled_and_as_full_as_the_others() {
        let recipe = "quantiles = \"t\"\nscores = [\"a.score\"]\nbuckets = 5";
        let mut counts = [0; 5];
        for n in 0..1000 {
            counts[measured(recipe, "", [Some(n as f32 / 1000.0), None])[2].unwrap() as usize] += 1;
        }
        assert!(counts.iter().all(|n| (190..=210).contains(n)), "{counts:?}");
    }

    #[test]
    fn wrong_parameters_say_what_is_right() {
        for (recipe, expected) in [
            ("join = \"sum\"", "`join` is `sum`"),
            ("buckets = 0", "`buckets` must be"),
            ("scores = [\"a.score\"]", "`quantiles` is missing"),
            ("quantiles = \"t\"\nscores = [\"c.score\"]", "has no score `c.score`"),
            ("quantiles = \"u\"\nscores = [\"a.score\"]", "`u`"),
        ] {
            let error = built(recipe).err().unwrap();
            assert!(error.message.contains(expected), "{}", error.message);
        }
    }
}
