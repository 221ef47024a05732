//! `line.policy_notices`: cuts lines that talk of JavaScript, cookies or policies, as C4 does.

use super::cut::{char_share, cut_lines};
use crate::phrases::Phrases;
use tokenmill_core::catalog::Shape;
use tokenmill_core::{
    Assets, BuildError, Default, Doc, Edit, Edits, Entry, Metric, Numbers, Param, Params, Rule, Stage,
};

/// What C4 takes for a notice (arXiv:1910.10683, section 2.2, and its program).
pub(super) const PHRASES: &[&str] =
    &["javascript", "terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"];

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "line.policy_notices",
    version: 2,
    about: "Cuts lines that talk of JavaScript, cookies or policies.",
    shape: Shape::Edit,
    needs_text: true,
    costly: false,
    params: &[
        Param {
            name: "phrases",
            default: Default::Texts(PHRASES),
            about: "a line that holds one of these is cut; case and the white space between words do not matter",
        },
        Param { name: "max_words", default: Default::NoLimit, about: "words; a longer line stays" },
        Param {
            name: "max_cut_char_share",
            default: Default::NoLimit,
            about: "share of characters that is cut, at most; beyond it the document is removed",
        },
    ],
    metrics: &[
        Metric::number("n_lines_cut", "lines that are cut"),
        Metric::number("cut_char_share", "share of the characters of all trimmed lines that is cut"),
    ],
    asset_params: &[],
    page: include_str!("../../docs/line/policy_notices.md"),
    build,
};

const N_LINES_CUT: usize = 0;
const CUT_CHAR_SHARE: usize = 1;

struct PolicyNotices {
    phrases: Phrases,
    max_words: Option<f32>,
    rules: Vec<Rule>,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let rule = Rule::at_most("mostly_notices", CUT_CHAR_SHARE, params.limit("max_cut_char_share"));
    Ok(Stage::Edit(Box::new(PolicyNotices {
        phrases: Phrases::new("phrases", params.texts("phrases"))?,
        max_words: params.limit("max_words"),
        rules: rule.into_iter().collect(),
    })))
}

impl PolicyNotices {
    /// Indexes of the lines to cut.
    fn notices(&self, doc: &Doc<'_>) -> Vec<usize> {
        let (text, lines) = (doc.text(), doc.lines());
        let is_short = |at: &usize| self.max_words.is_none_or(|max| doc.words_of(&lines[*at]).len() as f32 <= max);
        self.phrases.lines(text, lines).filter(is_short).collect()
    }
}

impl Edit for PolicyNotices {
    fn edit(&self, doc: &Doc<'_>, edits: &mut Edits, numbers: &mut Numbers) {
        let (text, lines) = (doc.text(), doc.lines());
        let cut = self.notices(doc);
        cut_lines(text, lines, &cut, edits, "policy_notice");
        numbers.set(N_LINES_CUT, cut.len() as f32);
        numbers.set(CUT_CHAR_SHARE, char_share(text, lines, &cut));
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}
