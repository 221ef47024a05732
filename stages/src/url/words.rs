//! `url.words`: judges a URL by listed words in it, in three strengths, as RefinedWeb does.

use super::parts::after_scheme;
use super::squeeze::Squeezed;
use super::word_lists::{Strength, WordLists};
use std::cell::RefCell;
use tokenmill_core::catalog::Shape;
use tokenmill_core::{Assets, BuildError, Default, Doc, Entry, Measure, Metric, Numbers, Param, Params, Rule, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "url.words",
    version: 1,
    about: "Removes documents whose URL holds words of adult sites.",
    shape: Shape::Measure,
    needs_text: false,
    costly: false,
    params: PARAMS,
    metrics: &[
        Metric::number("n_strict", "different strict words in the URL"),
        Metric::number("n_hard", "different hard words in the URL"),
        Metric::number("n_soft", "different soft words in the URL"),
        Metric::number("score", "2 for each strict and each hard word, 1 for each soft one"),
        Metric::label("words", "the words found, at most eight, strict ones first, then hard ones; absent without any"),
    ],
    asset_params: &["strict_file", "hard_file", "soft_file"],
    page: include_str!("../../docs/url/words.md"),
    build,
};

const PARAMS: &[Param] = &[
    Param {
        name: "strict",
        default: Default::Texts(&[
            "blowjob",
            "bongacams",
            "brazzers",
            "chaturbate",
            "cumshot",
            "freeporn",
            "gangbang",
            "gayporn",
            "pornhd",
            "pornhub",
            "pornmovie",
            "pornpic",
            "pornstar",
            "porntube",
            "pornvideo",
            "stripchat",
            "teenporn",
            "xnxx",
            "youporn",
        ]),
        about: "words that are found anywhere, even inside a word or split by other signs than `/ ? & = ;`",
    },
    Param {
        name: "strict_file",
        default: Default::Text(""),
        about: "a file with more strict words, one on each line, `#` switches a line off; none when empty",
    },
    Param {
        name: "hard",
        default: Default::Texts(&[
            "bdsm",
            "camgirl",
            "camgirls",
            "footjob",
            "handjob",
            "hentai",
            "livejasmin",
            "milfs",
            "porn",
            "porno",
            "pornos",
            "redtube",
            "rimjob",
            "xhamster",
            "xvideos",
            "xxxvideos",
        ]),
        about: "words that are found as whole words",
    },
    Param { name: "hard_file", default: Default::Text(""), about: "a file with more hard words" },
    Param {
        name: "soft",
        default: Default::Texts(&[
            "amateur",
            "anal",
            "ass",
            "boobs",
            "busty",
            "cams",
            "cock",
            "cuckold",
            "deepthroat",
            "dildo",
            "erotic",
            "erotica",
            "escort",
            "escorts",
            "fetish",
            "fuck",
            "fucked",
            "fucking",
            "hardcore",
            "horny",
            "kinky",
            "masturbation",
            "milf",
            "naked",
            "nsfw",
            "nude",
            "nudes",
            "orgasm",
            "orgasms",
            "orgy",
            "pussy",
            "sex",
            "sexcam",
            "sexo",
            "sexy",
            "slut",
            "sluts",
            "softcore",
            "swingers",
            "threesome",
            "tits",
            "webcam",
            "webcams",
            "whore",
            "xxx",
        ]),
        about: "words that are found as whole words and count only together with others",
    },
    Param { name: "soft_file", default: Default::Text(""), about: "a file with more soft words" },
    Param { name: "max_strict", default: Default::Limit(0.0), about: "different strict words, at most" },
    Param { name: "max_hard", default: Default::Limit(0.0), about: "different hard words, at most" },
    Param {
        name: "max_soft",
        default: Default::Limit(1.0),
        about: "different soft words, at most; RefinedWeb and datatrove allow one",
    },
    Param { name: "max_score", default: Default::NoLimit, about: "score, at most; 1 is the three rules above in one" },
];

const N_STRICT: usize = 0;
const N_HARD: usize = 1;
const N_SOFT: usize = 2;
const SCORE: usize = 3;
const WORDS: usize = 4;

/// Most words that the label names.
const MAX_NAMED: usize = 8;

/// What one soft word adds to the score; a strict or a hard one adds as much as the two soft ones that weigh the same.
const SOFT_WEIGHT: usize = 1;
const HARD_WEIGHT: usize = 2;

struct UrlWords {
    lists: WordLists,
    rules: Vec<Rule>,
}

fn build(params: &Params, assets: &dyn Assets) -> Result<Stage, BuildError> {
    let rules = [
        Rule::at_most("strict_word_in_url", N_STRICT, params.limit("max_strict")),
        Rule::at_most("hard_word_in_url", N_HARD, params.limit("max_hard")),
        Rule::at_most("soft_words_in_url", N_SOFT, params.limit("max_soft")),
        Rule::at_most("bad_words_in_url", SCORE, params.limit("max_score")),
    ];
    let lists = WordLists::new(params, assets)?;
    Ok(Stage::Measure(Box::new(UrlWords { lists, rules: rules.into_iter().flatten().collect() })))
}

thread_local! {
    static SCRATCH: RefCell<(Squeezed, Vec<u32>)> = RefCell::default();
}

impl UrlWords {
    fn note(&self, found: &[u32], numbers: &mut Numbers) {
        let count = |strength| found.iter().filter(|number| self.lists.strength(**number) == strength).count();
        let (n_strict, n_hard, n_soft) = if found.is_empty() {
            (0, 0, 0)
        } else {
            (count(Strength::Strict), count(Strength::Hard), count(Strength::Soft))
        };
        numbers.set(N_STRICT, n_strict as f32);
        numbers.set(N_HARD, n_hard as f32);
        numbers.set(N_SOFT, n_soft as f32);
        numbers.set(SCORE, ((n_strict + n_hard) * HARD_WEIGHT + n_soft * SOFT_WEIGHT) as f32);
        if !found.is_empty() {
            let words: Vec<&str> = found.iter().take(MAX_NAMED).map(|number| self.lists.word(*number)).collect();
            numbers.set_label(WORDS, words.join(", ").into());
        }
    }
}

impl Measure for UrlWords {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        if doc.url().is_empty() {
            return;
        }
        SCRATCH.with_borrow_mut(|(squeezed, found)| {
            squeezed.squeeze(after_scheme(doc.url()));
            self.lists.find(squeezed, found);
            self.note(found, numbers);
        });
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}
