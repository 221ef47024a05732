//! `line.refinedweb`: RefinedWeb's line-wise corrections (arXiv:2306.01116, appendix G.2), definition `refinedweb/v1`.

use super::cut::cut_lines_for;
use super::line_kinds::{Counters, is_mostly_uppercase, is_numeric};
use super::navigation::Navigation;
use std::cell::RefCell;
use std::ops::Range;
use tokenmill_core::catalog::Shape;
use tokenmill_core::numbers::share;
use tokenmill_core::text::lines::words_by_line;
use tokenmill_core::text::words::Word;
use tokenmill_core::{
    Assets, BuildError, Default, Doc, Edit, Edits, Entry, Metric, Numbers, Param, Params, Rule, Stage,
};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "line.refinedweb",
    version: 1,
    about: "RefinedWeb's corrections: cuts lines in capitals, numbers, counters, single words and navigation.",
    shape: Shape::Edit,
    needs_text: true,
    costly: false,
    params: PARAMS,
    metrics: &[
        Metric::number("n_lines_cut", "lines that are cut"),
        Metric::number("n_phrases_cut", "navigation phrases that are cut from lines that stay"),
        Metric::number("cut_word_share", "share of the words (words/v2) that is cut"),
    ],
    asset_params: &[],
    page: include_str!("../../docs/line/refinedweb.md"),
    build,
};

const PARAMS: &[Param] = &[
    Param {
        name: "max_uppercase_share",
        default: Default::Limit(0.5),
        about: "share of a line's characters that are capitals; a line with more is cut",
    },
    Param { name: "cut_numbers", default: Default::Bool(true), about: "cut lines of nothing but digits" },
    Param {
        name: "counters",
        default: Default::Texts(&[
            "like",
            "likes",
            "share",
            "shares",
            "comment",
            "comments",
            "retweet",
            "retweets",
            "repost",
            "reposts",
            "quote",
            "quotes",
            "bookmark",
            "bookmarks",
            "upvote",
            "upvotes",
            "downvote",
            "downvotes",
            "download",
            "downloads",
            "view",
            "views",
            "follower",
            "followers",
        ]),
        about: "what is counted: a line of nothing but numbers, each with one of these words, is cut",
    },
    Param { name: "min_words_per_line", default: Default::Limit(2.0), about: "words; a line of fewer is cut" },
    Param {
        name: "line_starts",
        default: Default::Texts(&["sign-in"]),
        about: "phrases that are cut where a short line starts with them",
    },
    Param {
        name: "line_ends",
        default: Default::Texts(&["read more...", "read more…"]),
        about: "phrases that are cut where a short line ends with them",
    },
    Param {
        name: "line_parts",
        default: Default::Texts(&["items in cart"]),
        about: "phrases that are cut wherever they stand in a short line",
    },
    Param { name: "max_short_line_words", default: Default::Int(10), about: "words of a short line, at most" },
    Param {
        name: "max_cut_word_share",
        default: Default::Limit(0.05),
        about: "share of words that is cut, at most; beyond it the document is removed",
    },
];

const N_LINES_CUT: usize = 0;
const N_PHRASES_CUT: usize = 1;
const CUT_WORD_SHARE: usize = 2;

struct RefinedWeb {
    max_uppercase_share: Option<f32>,
    cut_numbers: bool,
    counters: Counters,
    min_words: Option<f32>,
    navigation: Navigation,
    max_short_line_words: usize,
    rules: Vec<Rule>,
}

/// Buffers that one thread uses for one document after the other.
#[derive(Default)]
struct Scratch {
    cut: Vec<(usize, &'static str)>,
    phrases: Vec<Range<usize>>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let rule = Rule::at_most("too_many_words_cut", CUT_WORD_SHARE, params.limit("max_cut_word_share"));
    Ok(Stage::Edit(Box::new(RefinedWeb {
        max_uppercase_share: params.limit("max_uppercase_share"),
        cut_numbers: params.flag("cut_numbers"),
        counters: Counters::new(params.texts("counters")),
        min_words: params.limit("min_words_per_line"),
        navigation: Navigation::new(params)?,
        max_short_line_words: params.size("max_short_line_words")?,
        rules: rule.into_iter().collect(),
    })))
}

impl RefinedWeb {
    /// Why a trimmed line that is not blank goes.
    fn objection(&self, text: &str, line: &str, words: &[Word]) -> Option<&'static str> {
        if self.max_uppercase_share.is_some_and(|max| is_mostly_uppercase(line, max)) {
            return Some("mostly_uppercase");
        }
        if self.cut_numbers && is_numeric(line) {
            return Some("only_numbers");
        }
        if self.counters.are_all_of(text, words) {
            return Some("only_counters");
        }
        self.min_words.is_some_and(|min| (words.len() as f32) < min).then_some("too_few_words")
    }
}

impl Edit for RefinedWeb {
    fn edit(&self, doc: &Doc<'_>, edits: &mut Edits, numbers: &mut Numbers) {
        let (text, lines, words) = (doc.text(), doc.lines(), doc.words());
        let (mut n_words_cut, mut n_phrases) = (0, 0);
        SCRATCH.with_borrow_mut(|Scratch { cut, phrases }| {
            cut.clear();
            let mut navigation = self.navigation.lines(text, lines).peekable();
            for (at, (line, range)) in words_by_line(lines, words).enumerate() {
                let navigates = navigation.next_if_eq(&at).is_some();
                if line.is_blank() {
                    continue;
                }
                let words = &words[range];
                let mut reason = self.objection(text, line.trimmed(text), words);
                if reason.is_none() && navigates && words.len() <= self.max_short_line_words {
                    phrases.clear();
                    let leaves_something = self.navigation.find(text, line, phrases);
                    if leaves_something {
                        n_phrases += phrases.len();
                        for phrase in phrases.iter() {
                            n_words_cut += words.iter().filter(|word| phrase.contains(&(word.start as usize))).count();
                            edits.cut(phrase.start, phrase.end, "navigation");
                        }
                    } else {
                        reason = Some("navigation");
                    }
                }
                if let Some(reason) = reason {
                    n_words_cut += words.len();
                    cut.push((at, reason));
                }
            }
            cut_lines_for(text, lines, cut.iter().copied(), edits);
            numbers.set(N_LINES_CUT, cut.len() as f32);
        });
        numbers.set(N_PHRASES_CUT, n_phrases as f32);
        numbers.set(CUT_WORD_SHARE, share(n_words_cut, words.len()));
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::assets::MemoryAssets;
    use tokenmill_core::{Analysis, Document};

    #[test]
    fn words_of_phrases_are_counted_as_all_words_are() {
        let params = "line_parts = [\"続きを読む\"]".parse().unwrap();
        let params = Params::from_table(PARAMS, &params).unwrap();
        let Stage::Edit(stage) = build(&params, &MemoryAssets::default()).unwrap() else { panic!("an edit") };
        let cut_share = |text: &str| {
            let document = Document { text: text.to_owned(), ..Document::default() };
            let (analysis, mut numbers) = (Analysis::default(), Numbers::new(ENTRY.metrics.len()));
            let doc = Doc::new(&document, &analysis);
            stage.edit(&doc, &mut Edits::default(), &mut numbers);
            (numbers.get(N_PHRASES_CUT), numbers.get(CUT_WORD_SHARE), doc.words().len())
        };
        let (_, _, n_words) = cut_share("続きを読む");
        assert!(n_words > 1);
        assert_eq!(cut_share("東京 続きを読む"), (Some(1.0), Some(share(n_words, n_words + 1)), n_words + 1));
    }
}
