//! `line.c4`: the rules of C4 for lines and pages (arXiv:1910.10683, section 2.2, and its program), definition `c4/v1`.

use super::cut::cut_lines_for;
use super::markers::find_markers;
use super::policy_notices::PHRASES;
use crate::datatrove;
use crate::datatrove::c4::{Options, edit_page};
use crate::phrases::Phrases;
use std::cell::RefCell;
use std::ops::Range;
use tokenmill_core::catalog::Shape;
use tokenmill_core::text::lines::{Line, words_by_line};
use tokenmill_core::text::n_chars;
use tokenmill_core::text::sentences::{count_sentences, ends_sentence, is_closing_quote};
use tokenmill_core::text::words::{Word, split_words};
use tokenmill_core::{
    Assets, BuildError, Default, Doc, Edit, Edits, Entry, Metric, Numbers, Param, Params, Rule, Stage,
};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "line.c4",
    version: 1,
    about: "C4's rules: cuts lines that are no sentences, and judges pages by placeholders, code and sentences.",
    shape: Shape::Edit,
    needs_text: true,
    costly: false,
    params: PARAMS,
    metrics: &[
        Metric::number("n_lines_cut", "lines that are cut"),
        Metric::number("n_markers_cut", "marks of references that are cut from the lines that stay"),
        Metric::number("n_lorem_ipsum", "mentions of `lorem ipsum` in the whole text"),
        Metric::number("n_curly_brackets", "`{` in the whole text"),
        Metric::number("n_sentences", "sentences (sentences/v1) in the lines that stay"),
        Metric::number("n_long_lines", "lines of the whole text that have `long_line_chars` or more"),
    ],
    asset_params: &[],
    page: include_str!("../../docs/line/c4.md"),
    build,
};

const PARAMS: &[Param] = &[
    Param {
        name: "require_terminal_punctuation",
        default: Default::Bool(true),
        about: "cut lines that end neither in terminal punctuation nor in a closing quotation mark, or in an ellipsis",
    },
    Param { name: "min_words_per_line", default: Default::Limit(3.0), about: "words; a line of fewer is cut" },
    Param {
        name: "max_word_chars",
        default: Default::Limit(1000.0),
        about: "characters; a line with a longer word is cut",
    },
    Param {
        name: "phrases",
        default: Default::Texts(PHRASES),
        about: "a line that holds one of these is cut; as in line.policy_notices",
    },
    Param {
        name: "remove_markers",
        default: Default::Bool(true),
        about: "cut `[1]`, `[edit]` and `[citation needed]`, before the lines are judged",
    },
    Param { name: "max_lorem_ipsum", default: Default::Limit(0.0), about: "mentions of `lorem ipsum`, at most" },
    Param { name: "max_curly_brackets", default: Default::Limit(0.0), about: "`{` in the text, at most" },
    Param { name: "min_sentences", default: Default::Limit(5.0), about: "sentences in the lines that stay, at least" },
    Param {
        name: "min_long_lines",
        default: Default::NoLimit,
        about: "long lines, at least; mC4 (arXiv:2010.11934) wants 3",
    },
    Param { name: "long_line_chars", default: Default::Int(200), about: "characters that make a line long" },
    Param {
        name: "compat",
        default: Default::Text("off"),
        about: "`datatrove` cuts and judges as datatrove 0.10.1 does, `off` by the definition of the page",
    },
];

const N_LINES_CUT: usize = 0;
const N_MARKERS_CUT: usize = 1;
const N_LOREM_IPSUM: usize = 2;
const N_CURLY_BRACKETS: usize = 3;
const N_SENTENCES: usize = 4;
const N_LONG_LINES: usize = 5;

struct C4 {
    judge: Judge,
    phrases: Phrases,
    lorem_ipsum: Phrases,
    remove_markers: bool,
    long_line_chars: usize,
    rules: Vec<Rule>,
}

/// What a line is judged by.
struct Judge {
    require_terminal_punctuation: bool,
    min_words: Option<f32>,
    max_word_chars: Option<f32>,
}

/// Buffers that one thread uses for one document after the other.
#[derive(Default)]
struct Scratch {
    markers: Vec<Range<usize>>,
    cut: Vec<(usize, &'static str)>,
    /// A line without its markers, and its words.
    line: String,
    words: Vec<Word>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let limit = |name| params.limit(name);
    let rules = [
        Rule::at_most("lorem_ipsum", N_LOREM_IPSUM, limit("max_lorem_ipsum")),
        Rule::at_most("curly_bracket", N_CURLY_BRACKETS, limit("max_curly_brackets")),
        Rule::at_least("too_few_sentences", N_SENTENCES, limit("min_sentences")),
        Rule::at_least("too_few_long_lines", N_LONG_LINES, limit("min_long_lines")),
    ];
    if datatrove::is_asked_for(params)? {
        let rules = rules.into_iter().flatten().collect();
        return Ok(Stage::Edit(Box::new(LikeDatatrove::new(params, rules)?)));
    }
    Ok(Stage::Edit(Box::new(C4 {
        judge: Judge {
            require_terminal_punctuation: params.flag("require_terminal_punctuation"),
            min_words: limit("min_words_per_line"),
            max_word_chars: limit("max_word_chars"),
        },
        phrases: Phrases::new("phrases", params.texts("phrases"))?,
        lorem_ipsum: Phrases::new("lorem ipsum", &["lorem ipsum".to_owned()])?,
        remove_markers: params.flag("remove_markers"),
        long_line_chars: params.size("long_line_chars")?,
        rules: rules.into_iter().flatten().collect(),
    })))
}

impl Judge {
    /// Why a trimmed line of these words goes.
    fn objection(&self, line: &str, words: &[Word]) -> Option<&'static str> {
        let too_long = |max: f32| line.len() as f32 > max && words.iter().any(|word| word.n_chars as f32 > max);
        if self.max_word_chars.is_some_and(too_long) {
            return Some("word_too_long");
        }
        if self.require_terminal_punctuation && !is_terminated(line) {
            return Some("no_terminal_punctuation");
        }
        let too_few = self.min_words.is_some_and(|min| (words.len() as f32) < min);
        too_few.then_some("too_few_words")
    }
}

/// Whether a line ends as C4 wants it: with a sentence or a quotation, and not with an ellipsis.
fn is_terminated(line: &str) -> bool {
    !line.ends_with("...") && (ends_sentence(line) || line.ends_with(is_closing_quote))
}

impl Edit for C4 {
    fn edit(&self, doc: &Doc<'_>, edits: &mut Edits, numbers: &mut Numbers) {
        SCRATCH.with_borrow_mut(|scratch| self.edit_with(scratch, doc, edits, numbers));
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

impl C4 {
    fn edit_with(&self, scratch: &mut Scratch, doc: &Doc<'_>, edits: &mut Edits, numbers: &mut Numbers) {
        let (text, lines, words) = (doc.text(), doc.lines(), doc.words());
        scratch.markers.clear();
        scratch.cut.clear();
        if self.remove_markers {
            find_markers(text, &mut scratch.markers);
        }
        let mut markers = scratch.markers.as_slice();
        let mut notices = self.phrases.lines(text, lines).peekable();
        let (mut n_sentences, mut n_long, mut n_markers) = (0, 0, 0);
        for (at, (line, range)) in words_by_line(lines, words).enumerate() {
            let is_notice = notices.next_if_eq(&at).is_some();
            let n_here = markers.iter().take_while(|marker| marker.start < line.end as usize).count();
            let (here, later) = markers.split_at(n_here);
            markers = later;
            if line.is_blank() {
                continue;
            }
            let trimmed = line.trimmed(text);
            n_long += usize::from(trimmed.len() >= self.long_line_chars && n_chars(trimmed) >= self.long_line_chars);
            let (trimmed, text, words) = if here.is_empty() {
                (trimmed, text, &words[range])
            } else {
                clean(text, line.start as usize..line.end as usize, here, &mut scratch.line);
                scratch.words.clear();
                split_words(&scratch.line, &mut scratch.words);
                (scratch.line.trim(), scratch.line.as_str(), scratch.words.as_slice())
            };
            let objection = self.judge.objection(trimmed, words);
            if let Some(reason) = objection.or_else(|| is_notice.then_some("policy_notice")) {
                scratch.cut.push((at, reason));
                continue;
            }
            n_sentences += count_sentences(text, words);
            n_markers += here.len();
            here.iter().for_each(|marker| edits.cut(marker.start, marker.end, "reference_marker"));
        }
        cut_lines_for(text, lines, scratch.cut.iter().copied(), edits);
        numbers.set(N_LINES_CUT, scratch.cut.len() as f32);
        numbers.set(N_MARKERS_CUT, n_markers as f32);
        numbers.set(N_LOREM_IPSUM, self.lorem_ipsum.count(text) as f32);
        numbers.set(N_CURLY_BRACKETS, memchr::memchr_iter(b'{', text.as_bytes()).count() as f32);
        numbers.set(N_SENTENCES, n_sentences as f32);
        numbers.set(N_LONG_LINES, n_long as f32);
    }
}

/// `compat = "datatrove"`: what datatrove leaves of a page, and what it counts.
struct LikeDatatrove {
    options: Options,
    long_line_chars: usize,
    rules: Vec<Rule>,
}

impl LikeDatatrove {
    /// # Errors
    /// When a parameter asks for what datatrove cannot do.
    fn new(params: &Params, rules: Vec<Rule>) -> Result<LikeDatatrove, BuildError> {
        let limit = |name| params.limit(name);
        let error = |message| Err(BuildError::new(message).hint("leave it out, or leave `compat` out"));
        for name in ["max_lorem_ipsum", "max_curly_brackets"] {
            if limit(name).is_some_and(|limit| limit != 0.0) {
                return error(format!("`{name}` must be 0 or \"off\" with `compat`"));
            }
        }
        if params.texts("phrases") != PHRASES {
            return error("`phrases` cannot be changed with `compat`".to_owned());
        }
        let options = Options {
            needs_punctuation: params.flag("require_terminal_punctuation"),
            without_citations: params.flag("remove_markers"),
            min_words: limit("min_words_per_line").map_or(0, |limit| limit.ceil() as usize),
            max_word_chars: limit("max_word_chars").map_or(usize::MAX, |limit| limit as usize),
            lorem_ipsum: limit("max_lorem_ipsum").is_some(),
            curly_bracket: limit("max_curly_brackets").is_some(),
        };
        Ok(LikeDatatrove { options, long_line_chars: params.size("long_line_chars")?, rules })
    }
}

impl Edit for LikeDatatrove {
    fn edit(&self, doc: &Doc<'_>, edits: &mut Edits, numbers: &mut Numbers) {
        let page = edit_page(doc.text(), &self.options, edits);
        numbers.set(N_LINES_CUT, page.n_lines_cut as f32);
        numbers.set(N_MARKERS_CUT, page.n_citations_cut as f32);
        for (metric, reason) in [(N_LOREM_IPSUM, "lorem_ipsum"), (N_CURLY_BRACKETS, "curly_bracket")] {
            numbers.set(metric, f32::from(u8::from(page.removed == Some(reason))));
        }
        // Nobody has counted to the end of a page that goes.
        if page.removed.is_none() {
            numbers.set(N_SENTENCES, page.n_sentences as f32);
        }
        let is_long = |line: &&Line| n_chars(line.of(doc.text())) >= self.long_line_chars;
        numbers.set(N_LONG_LINES, doc.lines().iter().filter(is_long).count() as f32);
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

/// Writes a line without its markers.
fn clean(text: &str, line: Range<usize>, markers: &[Range<usize>], out: &mut String) {
    out.clear();
    let mut done = line.start;
    for marker in markers {
        out.push_str(text.get(done..marker.start).unwrap_or(""));
        done = marker.end;
    }
    out.push_str(text.get(done..line.end).unwrap_or(""));
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::assets::MemoryAssets;

    #[test]
    fn ends_of_lines() {
        for line in ["a.", "a!", "a?\"", "\"a\"", "»a«", "a。", "a.)", "a’"] {
            assert!(is_terminated(line), "{line}");
        }
        for line in ["a", "a...", "a…", "(a)", "a:", "a,", "a....", ""] {
            assert!(!is_terminated(line), "{line}");
        }
    }

    #[test]
    fn what_datatrove_cannot_do_is_an_error() {
        let build = |text: &str| {
            let params =
                Params::from_table(PARAMS, &format!("compat = \"datatrove\"\n{text}").parse().unwrap()).unwrap();
            build(&params, &MemoryAssets::default()).map(|_| ())
        };
        assert!(build("max_curly_brackets = \"off\"\nmin_words_per_line = \"off\"").is_ok());
        for text in ["max_curly_brackets = 2", "max_lorem_ipsum = 1", "phrases = []"] {
            assert!(build(text).is_err(), "{text}");
        }
    }
}
