//! `text.mojibake`: repairs lines that were decoded by the wrong encoding somewhere on their way.

use super::repair::repair;
use tokenmill_core::catalog::Shape;
use tokenmill_core::numbers::share;
use tokenmill_core::text::n_chars;
use tokenmill_core::{
    Assets, BuildError, Default, Doc, Edit, Edits, Entry, Metric, Numbers, Param, Params, Rule, Stage,
};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "text.mojibake",
    version: 1,
    about: "Repairs lines of UTF-8 that was read as another encoding, such as `cafÃ©`.",
    shape: Shape::Edit,
    needs_text: true,
    costly: false,
    params: &[
        Param {
            name: "repair",
            default: Default::Bool(true),
            about: "repair what can be repaired; without, only measure",
        },
        Param {
            name: "max_replacement_char_share",
            default: Default::Limit(0.01),
            about: "share of characters that are U+FFFD, which stands for what could not be decoded and is lost, at most",
        },
    ],
    metrics: &[
        Metric::number("n_lines_repaired", "lines that are repaired, or could be"),
        Metric::number("replacement_char_share", "share of the characters of the text that are U+FFFD"),
    ],
    asset_params: &[],
    page: include_str!("../../docs/text/mojibake.md"),
    build,
};

const N_LINES_REPAIRED: usize = 0;
const REPLACEMENT_CHAR_SHARE: usize = 1;

/// Bytes of a line, at most; longer ones stay as they are.
const MAX_LINE: usize = 1 << 20;

struct Mojibake {
    repair: bool,
    rules: Vec<Rule>,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let limit = params.limit("max_replacement_char_share");
    let rule = Rule::at_most("undecodable", REPLACEMENT_CHAR_SHARE, limit);
    Ok(Stage::Edit(Box::new(Mojibake { repair: params.flag("repair"), rules: rule.into_iter().collect() })))
}

impl Edit for Mojibake {
    fn edit(&self, doc: &Doc<'_>, edits: &mut Edits, numbers: &mut Numbers) {
        let text = doc.text();
        if text.is_ascii() {
            numbers.set(N_LINES_REPAIRED, 0.0);
            numbers.set(REPLACEMENT_CHAR_SHARE, 0.0);
            return;
        }
        let mut n_repaired = 0u32;
        let mut fixed = String::new();
        for line in doc.lines() {
            let (start, end) = (line.trimmed_start as usize, line.trimmed_end as usize);
            if end - start <= MAX_LINE && repair(line.trimmed(text), &mut fixed) {
                n_repaired += 1;
                if self.repair {
                    edits.replace(start, end, &fixed, "mojibake");
                }
            }
        }
        numbers.set(N_LINES_REPAIRED, n_repaired as f32);
        let n_lost = memchr::memmem::find_iter(text.as_bytes(), "\u{fffd}").count();
        numbers.set(REPLACEMENT_CHAR_SHARE, share(n_lost, n_chars(text)));
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}
