//! Stage pages: one Markdown file that is the doc, the config example and the golden test of a stage.
//!
//! A page is prose with three kinds of fenced blocks:
//!
//! - ```` ```toml ```` holds `[[step]]` with `use` and the parameters that the cases below it run with;
//! - ```` ```text ```` or ```` ```html ```` is an input; words after the kind are fields: `url=… lang=… charset=… mime=…`;
//! - ```` ```expect ```` right after an input is what the stage says of it, written by `cargo xtask bless`.

mod parse;
mod show;

pub use parse::{Block, blocks};

use crate::catalog::Entry;
use crate::{Assets, BuildError, Params, Stage};

/// What a page says and what the stage says now.
pub struct Checked {
    /// The page with every `expect` block rewritten.
    pub blessed: String,
    /// One message per difference or missing case; empty when the page is true.
    pub problems: Vec<String>,
}

/// Runs every case of a stage's page.
///
/// # Errors
/// When the page cannot be read: a config block that names another stage or is wrong, an input without a config, or
/// an asset that is not to be had.
pub fn check(entry: &'static Entry, page: &str, assets: &dyn Assets) -> Result<Checked, BuildError> {
    let mut checked = Checked { blessed: String::new(), problems: Vec::new() };
    let mut stage: Option<Stage> = None;
    let mut pending: Option<show::Shown> = None;
    let mut seen = Seen::default();
    for block in blocks(page) {
        match block {
            Block::Prose(text) => checked.blessed.push_str(text),
            Block::Fence { info: "expect", body, .. } => {
                let Some(shown) = pending.take() else {
                    return Err(BuildError::new(format!("{}: an expect block without an input", entry.name)));
                };
                if body != shown.text {
                    checked.problems.push(format!("{}: expected\n{body}but it is\n{}", entry.name, shown.text));
                }
                checked.blessed.push_str(&parse::fence("expect", &shown.text));
            }
            Block::Fence { info, body, raw } => {
                finish(entry, &mut checked, pending.take());
                checked.blessed.push_str(raw);
                if info == "toml" {
                    let built = (entry.build)(&step_params(entry, body)?, assets)?;
                    seen.rules.extend(built.rules().iter().map(|rule| (rule.reason, rule.metric)));
                    stage = Some(built);
                } else if parse::is_input(info) {
                    let Some(stage) = &stage else {
                        return Err(BuildError::new(format!("{}: an input before any toml block", entry.name)));
                    };
                    let shown = show::show(entry, stage, info, body);
                    seen.note(&shown);
                    pending = Some(shown);
                }
            }
        }
    }
    finish(entry, &mut checked, pending.take());
    checked.problems.extend(seen.missing(entry.name));
    Ok(checked)
}

/// An input that no `expect` block followed gets one.
fn finish(entry: &Entry, checked: &mut Checked, pending: Option<show::Shown>) {
    if let Some(shown) = pending {
        checked.problems.push(format!("{}: an input has no expect block", entry.name));
        checked.blessed.push('\n');
        checked.blessed.push_str(&parse::fence("expect", &shown.text));
    }
}

/// The parameters in a page's config block.
fn step_params(entry: &'static Entry, body: &str) -> Result<Params, BuildError> {
    let table: toml::Table = body.parse().map_err(|error| BuildError::new(format!("{}: {error}", entry.name)))?;
    let step = table.get("step").and_then(|steps| steps.as_array()).and_then(|steps| steps.first());
    let mut step = step.and_then(|step| step.as_table()).cloned().unwrap_or_default();
    match step.remove("use") {
        Some(toml::Value::String(name)) if name == entry.name => Params::from_table(entry.params, &step),
        _ => {
            Err(BuildError::new(format!("{}: its toml block must hold one [[step]] with `use = \"{0}\"`", entry.name)))
        }
    }
}

/// Which rules the cases exercise: every rule must be seen to keep and to drop.
#[derive(Default)]
struct Seen {
    rules: std::collections::BTreeSet<(&'static str, usize)>,
    kept_with: std::collections::BTreeSet<usize>,
    dropped_by: std::collections::BTreeSet<&'static str>,
}

impl Seen {
    fn note(&mut self, shown: &show::Shown) {
        match shown.dropped_by {
            Some(reason) => drop(self.dropped_by.insert(reason)),
            None => self.kept_with.extend(&shown.measured),
        }
    }

    fn missing<'a>(&'a self, name: &'a str) -> impl Iterator<Item = String> + 'a {
        let never_drops = self.rules.iter().filter(|(reason, _)| !self.dropped_by.contains(reason));
        let never_keeps = self.rules.iter().filter(|(_, metric)| !self.kept_with.contains(metric));
        never_drops
            .map(move |(reason, _)| format!("{name}: no case is removed because `{reason}`"))
            .chain(never_keeps.map(move |(reason, _)| format!("{name}: no case passes the rule `{reason}`")))
    }
}
