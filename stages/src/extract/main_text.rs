//! `extract.main_text`: a web page to the text of its main content.

use tokenmill_core::catalog::Shape;
use tokenmill_core::{Assets, BuildError, Entry, Params, Stage};

use super::{Mode, stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "extract.main_text",
    version: 1,
    about: "Turns a web page into the text of its main content.",
    shape: Shape::Extract,
    needs_text: false,
    costly: false,
    params: stage::PARAMS,
    metrics: stage::METRICS,
    asset_params: &[],
    page: include_str!("../../docs/extract/main_text.md"),
    build,
};

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    stage::build(Mode::MainText, params)
}
