//! `page.kind`: whether a page is prose, code or mathematics, so that rules for prose can leave the others alone.

use super::Profile;
use std::sync::{Arc, LazyLock};
use tokenmill_core::catalog::Shape;
use tokenmill_core::{
    Assets, BuildError, Default, Doc, DocField, Entry, Measure, Metric, Numbers, Param, Params, Rule, Stage,
};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "page.kind",
    version: 1,
    about: "Tells code and mathematics from prose, for conditions such as `when = { kind = [\"code\"] }`.",
    shape: Shape::Measure,
    needs_text: true,
    costly: false,
    params: &[
        Param {
            name: "code_char_share",
            default: Default::Float(0.1),
            about: "share of characters on lines of code from which a page is `code`",
        },
        Param {
            name: "formula_char_share",
            default: Default::Float(0.03),
            about: "share of characters in formulas from which a page is `math`",
        },
        Param {
            name: "math_symbol_share",
            default: Default::Float(0.005),
            about: "mathematical symbols of Unicode per character from which a page is `math`",
        },
    ],
    metrics: &[
        Metric::field("kind", DocField::Kind, "`code`, `math` or `prose`"),
        Metric::number("code_char_share", "share of characters on lines of code"),
        Metric::number("formula_char_share", "share of characters in formulas"),
        Metric::number("math_symbol_share", "mathematical symbols of Unicode, per character"),
        Metric::number("prose_char_share", "share of characters on lines of six words or more that are no code"),
    ],
    asset_params: &[],
    page: include_str!("../../docs/page/kind.md"),
    build,
};

const KIND: usize = 0;
const CODE_CHAR_SHARE: usize = 1;
const FORMULA_CHAR_SHARE: usize = 2;
const MATH_SYMBOL_SHARE: usize = 3;
const PROSE_CHAR_SHARE: usize = 4;

/// The kinds, shared by all documents.
static LABELS: LazyLock<[Arc<str>; 3]> = LazyLock::new(|| ["code", "math", "prose"].map(Arc::from));

struct Kind {
    code: f32,
    formulas: f32,
    symbols: f32,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let number = |name| params.number(name) as f32;
    Ok(Stage::Measure(Box::new(Kind {
        code: number("code_char_share"),
        formulas: number("formula_char_share"),
        symbols: number("math_symbol_share"),
    })))
}

impl Kind {
    /// Place of the kind in [`LABELS`]. A page with both is of the kind that it reaches further beyond its threshold.
    fn of(&self, profile: &Profile) -> usize {
        let code = profile.code_share() / self.code;
        let math = (profile.formula_share() / self.formulas).max(profile.math_symbol_share() / self.symbols);
        match (code >= 1.0, math >= 1.0) {
            (true, true) => usize::from(math > code),
            (true, false) => 0,
            (false, true) => 1,
            (false, false) => 2,
        }
    }
}

impl Measure for Kind {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        let profile = Profile::of(doc);
        numbers.set_label(KIND, LABELS[self.of(&profile)].clone());
        numbers.set(CODE_CHAR_SHARE, profile.code_share());
        numbers.set(FORMULA_CHAR_SHARE, profile.formula_share());
        numbers.set(MATH_SYMBOL_SHARE, profile.math_symbol_share());
        numbers.set(PROSE_CHAR_SHARE, profile.prose_share());
    }

    fn rules(&self) -> &[Rule] {
        &[]
    }
}
