//! `extract.all_text`: a web page to all the text that it shows.

use tokenmill_core::catalog::Shape;
use tokenmill_core::{Assets, BuildError, Entry, Params, Stage};

use super::site_rules::SiteRules;
use super::{Mode, stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "extract.all_text",
    version: 2,
    about: "Turns a web page into all the text that it shows.",
    shape: Shape::Extract,
    needs_text: false,
    costly: false,
    params: &[stage::MAX_BYTES],
    metrics: stage::METRICS,
    asset_params: &[],
    page: include_str!("../../docs/extract/all_text.md"),
    build,
};

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    stage::build(Mode::AllText, SiteRules::default(), params)
}
