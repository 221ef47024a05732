//! `extract.main_text`: a web page to the text of its main content.

use tokenmill_core::catalog::Shape;
use tokenmill_core::{Assets, BuildError, Default, Entry, Param, Params, Stage};

use super::decide::Decision;
use super::site_rules::SiteRules;
use super::{Mode, stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "extract.main_text",
    version: 2,
    about: "Turns a web page into the text of its main content.",
    shape: Shape::Extract,
    needs_text: false,
    costly: false,
    params: &[stage::MAX_BYTES, DECISION, SITE_RULES, SITE_RULES_FILE],
    metrics: stage::METRICS,
    asset_params: &[SITE_RULES_FILE.name],
    page: include_str!("../../docs/extract/main_text.md"),
    build,
};

const DECISION: Param = Param {
    name: "decision",
    default: Default::Text("learned"),
    about: "who chooses the blocks: `learned`, a model that weighs the rules among much else, or `rules` alone",
};

const SITE_RULES: Param = Param {
    name: "site_rules",
    default: Default::Texts(&[]),
    about: "what to keep or drop of the pages of a site, as in `example.org drop .related`",
};

const SITE_RULES_FILE: Param = Param {
    name: "site_rules_file",
    default: Default::Text(""),
    about: "a file with more of them, one on each line; none when empty",
};

fn build(params: &Params, assets: &dyn Assets) -> Result<Stage, BuildError> {
    let decision = match params.text(DECISION.name) {
        "learned" => Decision::Learned,
        "rules" => Decision::Rules,
        other => return Err(BuildError::new(format!("`decision` must be `learned` or `rules`, not `{other}`"))),
    };
    let file = params.text(SITE_RULES_FILE.name);
    let bytes = if file.is_empty() { None } else { Some(assets.bytes(file)?) };
    let listed = str::from_utf8(bytes.as_deref().unwrap_or_default());
    let listed = listed.map_err(|error| BuildError::new(format!("`{file}` is not UTF-8: {error}")))?;
    let given = params.texts(SITE_RULES.name).iter().map(String::as_str);
    let rules = SiteRules::parse(given.chain(listed.lines()))?;
    stage::build(Mode::MainText(decision), rules, params)
}
