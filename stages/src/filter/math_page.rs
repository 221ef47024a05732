//! `filter.math_page`: rules for pages with mathematics, in place of those for prose.

use crate::page::Profile;
use memchr::memmem::Finder;
use tokenmill_core::catalog::Shape;
use tokenmill_core::numbers::share;
use tokenmill_core::{Assets, BuildError, Default, Doc, Entry, Measure, Metric, Numbers, Param, Params, Rule, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "filter.math_page",
    version: 1,
    about: "Judges pages with mathematics: the prose around the formulas, and whether the formulas are whole.",
    shape: Shape::Measure,
    needs_text: true,
    costly: false,
    params: &[
        Param { name: "min_words", default: Default::Limit(20.0), about: "words, at least" },
        Param {
            name: "min_prose_char_share",
            default: Default::Limit(0.1),
            about: "share of characters on lines of prose, at least",
        },
        Param {
            name: "max_formula_char_share",
            default: Default::Limit(0.95),
            about: "share of characters in formulas, at most",
        },
        Param {
            name: "max_broken_formula_share",
            default: Default::Limit(0.2),
            about: "share of messages in place of formulas, of these and all formulas, at most",
        },
    ],
    metrics: &[
        Metric::number("n_words", "words (words/v2)"),
        Metric::number("prose_char_share", "share of characters on lines of six words or more that are no code"),
        Metric::number("formula_char_share", "share of characters in formulas"),
        Metric::number("formulas_per_1000_words", "formulas in LaTeX, per 1,000 words"),
        Metric::number(
            "broken_formula_share",
            "messages of formulas that could not be shown, of these and all formulas",
        ),
    ],
    asset_params: &[],
    page: include_str!("../../docs/filter/math_page.md"),
    build,
};

const N_WORDS: usize = 0;
const PROSE_CHAR_SHARE: usize = 1;
const FORMULA_CHAR_SHARE: usize = 2;
const FORMULAS_PER_1000_WORDS: usize = 3;
const BROKEN_FORMULA_SHARE: usize = 4;

/// What MathJax, KaTeX and MediaWiki write in place of a formula that they cannot show.
const BROKEN: [&str; 5] = [
    "Math Processing Error",
    "ParseError: KaTeX",
    "Failed to parse (",
    "Undefined control sequence",
    "Math input error",
];

struct MathPage {
    broken: [Finder<'static>; 5],
    rules: Vec<Rule>,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let limit = |name| params.limit(name);
    let rules = [
        Rule::at_least("too_few_words", N_WORDS, limit("min_words")),
        Rule::at_least("too_little_prose", PROSE_CHAR_SHARE, limit("min_prose_char_share")),
        Rule::at_most("too_many_formulas", FORMULA_CHAR_SHARE, limit("max_formula_char_share")),
        Rule::at_most("broken_formulas", BROKEN_FORMULA_SHARE, limit("max_broken_formula_share")),
    ];
    let rules = rules.into_iter().flatten().collect();
    Ok(Stage::Measure(Box::new(MathPage { broken: BROKEN.map(Finder::new), rules })))
}

impl Measure for MathPage {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        let (profile, n_words) = (Profile::of(doc), doc.shape().n_words);
        let n_broken: usize = self.broken.iter().map(|finder| finder.find_iter(doc.text().as_bytes()).count()).sum();
        numbers.set(N_WORDS, n_words as f32);
        numbers.set(PROSE_CHAR_SHARE, profile.prose_share());
        numbers.set(FORMULA_CHAR_SHARE, profile.formula_share());
        numbers.set(FORMULAS_PER_1000_WORDS, 1_000.0 * share(profile.n_formulas, n_words));
        numbers.set(BROKEN_FORMULA_SHARE, share(n_broken, n_broken + profile.n_formulas));
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}
