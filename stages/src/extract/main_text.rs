//! `extract.main_text`: a web page to the text of its main content.

use tokenmill_core::catalog::Shape;
use tokenmill_core::{Assets, BuildError, Default, Entry, Param, Params, Stage};

use super::decide::Decision;
use super::{Mode, stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "extract.main_text",
    version: 2,
    about: "Turns a web page into the text of its main content.",
    shape: Shape::Extract,
    needs_text: false,
    costly: false,
    params: &[stage::MAX_BYTES, DECISION],
    metrics: stage::METRICS,
    asset_params: &[],
    page: include_str!("../../docs/extract/main_text.md"),
    build,
};

const DECISION: Param = Param {
    name: "decision",
    default: Default::Text("learned"),
    about: "who chooses the blocks: `learned`, a model that weighs the rules among much else, or `rules` alone",
};

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let decision = match params.text(DECISION.name) {
        "learned" => Decision::Learned,
        "rules" => Decision::Rules,
        other => return Err(BuildError::new(format!("`decision` must be `learned` or `rules`, not `{other}`"))),
    };
    stage::build(Mode::MainText(decision), params)
}
