//! Pages that are mostly about code or mathematics, which are read for recall: a listing or a formula that is lost is a
//! worse mistake than a line too many (Llama 3, section 3.1.1, has extraction of its own for both).

use super::super::blocks::{Block, BlockKind, Outline};
use super::super::rules::Ruled;

/// Share of the letters outside of the frame that are listings, on a page of code.
const MIN_CODE_SHARE: f32 = 0.1;
/// Letters for each formula or command of TeX, and the number of them, on a page of mathematics.
const MAX_LETTERS_PER_FORMULA: u32 = 500;
const MIN_FORMULAS: u32 = 5;

/// How a page is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Domain {
    /// As any page.
    #[default]
    General,
    /// As a page of code.
    Code,
    /// As a page of mathematics.
    Math,
}

impl Domain {
    /// The name in records.
    pub fn name(self) -> &'static str {
        match self {
            Domain::General => "general",
            Domain::Code => "code",
            Domain::Math => "math",
        }
    }

    /// What a page is about.
    pub fn of(outline: &Outline, ruled: Ruled<'_>) -> Domain {
        let (mut letters, mut code, mut formulas) = (0, 0, 0);
        for block in outline.blocks.iter().filter(|block| is_open(block, ruled)) {
            letters += block.letters;
            match block.kind {
                BlockKind::Code => code += block.letters,
                _ => formulas += block.n_formulas,
            }
        }
        if code as f32 >= MIN_CODE_SHARE * letters.max(1) as f32 {
            Domain::Code
        } else if formulas >= MIN_FORMULAS && formulas * MAX_LETTERS_PER_FORMULA >= letters {
            Domain::Math
        } else {
            Domain::General
        }
    }

    /// Adds to a choice what must not be lost: on pages of code or mathematics, all that the rules keep, and listings or
    /// formulas wherever they stand outside of the frame.
    pub fn complete(self, outline: &Outline, ruled: Ruled<'_>, keep: &mut [bool]) {
        if self == Domain::General {
            return;
        }
        for (index, block) in outline.blocks.iter().enumerate() {
            let is_subject = match self {
                Domain::Code => block.kind == BlockKind::Code,
                _ => block.n_formulas > 0,
            };
            keep[index] |= ruled.keep[index] || is_subject && is_open(block, ruled);
        }
    }
}

fn is_open(block: &Block, ruled: Ruled<'_>) -> bool {
    !ruled.in_frame[block.container as usize]
}
