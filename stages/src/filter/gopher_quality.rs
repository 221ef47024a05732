//! `filter.gopher_quality`: the quality rules of Gopher (arXiv:2112.11446, appendix A.1.1), definition `gopher/v1`.

use super::stop_words::StopWords;
use crate::datatrove;
use crate::datatrove::quality::{ExactWords, quality};
use memchr::memmem::Finder;
use tokenmill_core::catalog::Shape;
use tokenmill_core::numbers::share;
use tokenmill_core::{Assets, BuildError, Default, Doc, Entry, Measure, Metric, Numbers, Param, Params, Rule, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "filter.gopher_quality",
    version: 2,
    about: "Gopher's quality rules: number and length of words, symbols, bullets, ellipses, letters, stop words.",
    shape: Shape::Measure,
    needs_text: true,
    costly: false,
    params: PARAMS,
    metrics: METRICS,
    asset_params: &[],
    page: include_str!("../../docs/filter/gopher_quality.md"),
    build,
};

const PARAMS: &[Param] = &[
    Param { name: "min_words", default: Default::Limit(50.0), about: "words, at least" },
    Param { name: "max_words", default: Default::Limit(100_000.0), about: "words, at most" },
    Param { name: "min_mean_word_length", default: Default::Limit(3.0), about: "characters per word, at least" },
    Param { name: "max_mean_word_length", default: Default::Limit(10.0), about: "characters per word, at most" },
    Param { name: "max_hashes_per_word", default: Default::Limit(0.1), about: "hash symbols per word, at most" },
    Param { name: "max_ellipses_per_word", default: Default::Limit(0.1), about: "ellipses per word, at most" },
    Param {
        name: "max_bullet_line_share",
        default: Default::Limit(0.9),
        about: "share of lines that start with a bullet, at most",
    },
    Param {
        name: "max_ellipsis_line_share",
        default: Default::Limit(0.3),
        about: "share of lines that end in an ellipsis, at most",
    },
    Param {
        name: "min_alphabetic_word_share",
        default: Default::Limit(0.8),
        about: "share of words with an alphabetic character, at least",
    },
    Param { name: "min_stop_words", default: Default::Limit(2.0), about: "different stop words, at least" },
    Param {
        name: "stop_words",
        default: Default::Texts(&["the", "be", "to", "of", "and", "that", "have", "with"]),
        about: "the stop words; case does not matter",
    },
    Param {
        name: "compat",
        default: Default::Text("off"),
        about: "`datatrove` measures and judges as datatrove 0.10.1 does, `off` by the definition of the page",
    },
];

const METRICS: &[Metric] = &[
    Metric::number("n_words", "words (words/v2)"),
    Metric::number("mean_word_length", "Unicode scalar values per word"),
    Metric::number("hashes_per_word", "`#` in the text, per word"),
    Metric::number("ellipses_per_word", "`...` and `…` in the text, per word"),
    Metric::number("bullet_line_share", "share of lines, blank ones apart, that start with a bullet"),
    Metric::number("ellipsis_line_share", "share of lines, blank ones apart, that end in `...` or `…`"),
    Metric::number("alphabetic_word_share", "share of words with an alphabetic character"),
    Metric::number("n_stop_words", "different stop words in the text"),
];

const N_WORDS: usize = 0;
const MEAN_WORD_LENGTH: usize = 1;
const HASHES_PER_WORD: usize = 2;
const ELLIPSES_PER_WORD: usize = 3;
const BULLET_LINE_SHARE: usize = 4;
const ELLIPSIS_LINE_SHARE: usize = 5;
const ALPHABETIC_WORD_SHARE: usize = 6;
const N_STOP_WORDS: usize = 7;

/// What a line may start with to count as a list item. The en dash is missing because it opens direct speech.
const BULLETS: [char; 13] = ['-', '*', '·', '•', '‣', '⁃', '◦', '●', '○', '▪', '▫', '■', '□'];

const ELLIPSES: [&str; 2] = ["...", "…"];

struct GopherQuality {
    stop_words: StopWords,
    ellipses: [Finder<'static>; 2],
    rules: Vec<Rule>,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let limit = |name| params.limit(name);
    let rules = [
        Rule::at_least("too_few_words", N_WORDS, limit("min_words")),
        Rule::at_most("too_many_words", N_WORDS, limit("max_words")),
        Rule::at_least("words_too_short", MEAN_WORD_LENGTH, limit("min_mean_word_length")),
        Rule::at_most("words_too_long", MEAN_WORD_LENGTH, limit("max_mean_word_length")),
        Rule::at_most("too_many_hashes", HASHES_PER_WORD, limit("max_hashes_per_word")),
        Rule::at_most("too_many_ellipses", ELLIPSES_PER_WORD, limit("max_ellipses_per_word")),
        Rule::at_most("too_many_bullet_lines", BULLET_LINE_SHARE, limit("max_bullet_line_share")),
        Rule::at_most("too_many_ellipsis_lines", ELLIPSIS_LINE_SHARE, limit("max_ellipsis_line_share")),
        Rule::at_least("too_few_alphabetic_words", ALPHABETIC_WORD_SHARE, limit("min_alphabetic_word_share")),
        Rule::at_least("too_few_stop_words", N_STOP_WORDS, limit("min_stop_words")),
    ];
    let rules = rules.into_iter().flatten().collect();
    let list = params.texts("stop_words");
    let stop_words = StopWords::new("stop_words", list)?;
    Ok(Stage::Measure(if datatrove::is_asked_for(params)? {
        Box::new(LikeDatatrove { stop_words: ExactWords::new(list), rules })
    } else {
        Box::new(GopherQuality { stop_words, ellipses: ELLIPSES.map(Finder::new), rules })
    }))
}

impl Measure for GopherQuality {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        let shape = doc.shape();
        numbers.set(N_WORDS, shape.n_words as f32);
        if shape.n_words == 0 {
            return;
        }
        let text = doc.text().as_bytes();
        let n_hashes = memchr::memchr_iter(b'#', text).count();
        let n_ellipses: usize = self.ellipses.iter().map(|finder| finder.find_iter(text).count()).sum();
        let lines = doc.lines().iter().map(|line| line.trimmed(doc.text()));
        let (mut n_bullet_lines, mut n_ellipsis_lines) = (0, 0);
        for line in lines {
            n_bullet_lines += usize::from(line.starts_with(BULLETS));
            n_ellipsis_lines += usize::from(ELLIPSES.iter().any(|ellipsis| line.ends_with(ellipsis)));
        }
        numbers.set(MEAN_WORD_LENGTH, share(shape.n_word_chars, shape.n_words));
        numbers.set(HASHES_PER_WORD, share(n_hashes, shape.n_words));
        numbers.set(ELLIPSES_PER_WORD, share(n_ellipses, shape.n_words));
        numbers.set(BULLET_LINE_SHARE, share(n_bullet_lines, shape.n_lines));
        numbers.set(ELLIPSIS_LINE_SHARE, share(n_ellipsis_lines, shape.n_lines));
        numbers.set(ALPHABETIC_WORD_SHARE, share(shape.n_alphabetic_words, shape.n_words));
        numbers.set(N_STOP_WORDS, self.stop_words.n_distinct(doc) as f32);
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

/// `compat = "datatrove"`: the same rules, which datatrove asks in the same order, on what it counts.
struct LikeDatatrove {
    stop_words: ExactWords,
    rules: Vec<Rule>,
}

impl Measure for LikeDatatrove {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        let found = quality(doc, &self.stop_words);
        numbers.set(N_WORDS, found.n_words as f32);
        if found.n_tokens == 0 {
            return;
        }
        if found.n_words > 0 {
            numbers.set(MEAN_WORD_LENGTH, share(found.n_word_chars, found.n_words));
        }
        numbers.set(HASHES_PER_WORD, share(found.n_hashes, found.n_tokens));
        numbers.set(ELLIPSES_PER_WORD, share(found.n_ellipses, found.n_tokens));
        numbers.set(BULLET_LINE_SHARE, share(found.n_bullet_lines, found.n_lines));
        numbers.set(ELLIPSIS_LINE_SHARE, share(found.n_ellipsis_lines, found.n_lines));
        numbers.set(ALPHABETIC_WORD_SHARE, share(found.n_letter_tokens, found.n_tokens));
        numbers.set(N_STOP_WORDS, found.n_stop_words as f32);
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}
