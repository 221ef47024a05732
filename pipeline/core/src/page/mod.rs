//! Stage pages: one Markdown file that is the doc, the config example and the golden test of a stage.
//!
//! A page is prose with three kinds of fenced blocks:
//!
//! - ```` ```toml ```` holds `[[step]]` with `use` and the parameters that the cases below it run with; the first one
//!   shows every parameter at its default;
//! - ```` ```text ```` or ```` ```html ```` is an input; words after the kind are fields: `url=… lang=… charset=… mime=…`,
//!   `robots=… license=…`, `date=… truncated=true extra={…}`, and `step.metric=…` for what a stage asks of earlier steps;
//!   exchanges settle on all inputs below one config block together;
//! - ```` ```expect ```` right after an input is what the stage says of it, written by `cargo xtask bless`.

mod exchange;
mod parse;
mod show;

use exchange::show_exchange;
pub use parse::{Block, blocks};

use crate::catalog::Entry;
use crate::{Assets, BuildError, Exchange, Params, Stage};

/// What a page says and what the stage says now.
pub struct Checked {
    /// The page with every `expect` block rewritten.
    pub blessed: String,
    /// One message per difference or missing case; empty when the page is true.
    pub problems: Vec<String>,
}

/// Where the page of a stage lies in its crate: that of `filter.length` is `docs/filter/length.md`.
pub fn path(name: &str) -> String {
    format!("docs/{}.md", name.replace('.', "/"))
}

/// Runs every case of a stage's page.
///
/// # Errors
/// When the page cannot be read: a config block that names another stage or is wrong, an input without a config, or
/// an asset that is not to be had.
pub fn check(entry: &'static Entry, page: &str, assets: &dyn Assets) -> Result<Checked, BuildError> {
    let mut checked = Checked { blessed: String::new(), problems: Vec::new() };
    let mut stage: Option<Stage> = None;
    let mut pending: Option<Pending<'_>> = None;
    let mut seen = Seen::default();
    let mut settled: std::vec::IntoIter<show::Shown> = Vec::new().into_iter();
    let blocks = blocks(page);
    for (at, block) in blocks.iter().enumerate() {
        match *block {
            Block::Prose(text) => match &mut pending {
                Some(pending) if text.trim().is_empty() => pending.gap = text,
                _ => {
                    finish(entry, &mut checked, pending.take());
                    checked.blessed.push_str(text);
                }
            },
            Block::Fence { info: "expect", body, .. } => {
                let Some(Pending { shown, gap }) = pending.take() else {
                    return Err(BuildError::new(format!("{}: an expect block without an input", entry.name)));
                };
                checked.blessed.push_str(gap);
                if body != shown.text {
                    checked.problems.push(format!("{}: expected\n{body}but it is\n{}", entry.name, shown.text));
                }
                checked.blessed.push_str(&parse::fence("expect", &shown.text));
            }
            Block::Fence { info, body, raw } => {
                finish(entry, &mut checked, pending.take());
                checked.blessed.push_str(raw);
                if info == "toml" {
                    let step = step_table(entry, body)?;
                    if stage.is_none() {
                        checked.problems.extend(not_at_default(entry, &step));
                    }
                    let built = (entry.build)(&Params::from_table(entry.params, &step)?, assets)?;
                    seen.rules.extend(built.rules().iter().map(|rule| (rule.reason, rule.metric)));
                    if let Stage::Exchange(exchange) = &built {
                        seen.exchanges.extend(removal_reason(exchange));
                        settled = show_exchange(entry, exchange, &inputs_below(&blocks[at + 1..])).into_iter();
                    }
                    stage = Some(built);
                } else if parse::is_input(info) {
                    let Some(stage) = &stage else {
                        return Err(BuildError::new(format!("{}: an input before any toml block", entry.name)));
                    };
                    let shown = settled.next().unwrap_or_else(|| show::show(entry, stage, info, body));
                    seen.note(&shown);
                    pending = Some(Pending { shown, gap: "" });
                }
            }
        }
    }
    finish(entry, &mut checked, pending.take());
    checked.problems.extend(seen.missing(entry.name));
    Ok(checked)
}

/// The reason by which an exchange removes documents, if it does.
fn removal_reason(exchange: &Exchange) -> Option<&'static str> {
    (!matches!(exchange, Exchange::Lines(_))).then(|| exchange.reason())
}

/// The inputs up to the next config block: info string and body.
fn inputs_below<'a>(blocks: &[Block<'a>]) -> Vec<(&'a str, &'a str)> {
    let fences = blocks.iter().filter_map(|block| match block {
        Block::Fence { info, body, .. } => Some((*info, *body)),
        Block::Prose(_) => None,
    });
    fences.take_while(|(info, _)| *info != "toml").filter(|(info, _)| parse::is_input(info)).collect()
}

/// An input whose `expect` block has not come yet.
struct Pending<'a> {
    shown: show::Shown,
    /// The blank lines after the input.
    gap: &'a str,
}

/// An input that no `expect` block followed gets one.
fn finish(entry: &Entry, checked: &mut Checked, pending: Option<Pending<'_>>) {
    if let Some(Pending { shown, gap }) = pending {
        checked.problems.push(format!("{}: an input has no expect block", entry.name));
        checked.blessed.push('\n');
        checked.blessed.push_str(&parse::fence("expect", &shown.text));
        checked.blessed.push_str(gap);
    }
}

/// The step in a page's config block, without `use`.
fn step_table(entry: &'static Entry, body: &str) -> Result<toml::Table, BuildError> {
    let table: toml::Table = body.parse().map_err(|error| BuildError::new(format!("{}: {error}", entry.name)))?;
    let step = table.get("step").and_then(|steps| steps.as_array()).and_then(|steps| steps.first());
    let mut step = step.and_then(|step| step.as_table()).cloned().unwrap_or_default();
    match step.remove("use") {
        Some(toml::Value::String(name)) if name == entry.name => Ok(step),
        _ => {
            Err(BuildError::new(format!("{}: its toml block must hold one [[step]] with `use = \"{0}\"`", entry.name)))
        }
    }
}

/// The parameters that a config block does not show at their defaults.
fn not_at_default<'a>(entry: &'a Entry, step: &'a toml::Table) -> impl Iterator<Item = String> + 'a {
    let differs = |param: &&crate::Param| {
        step.get(param.name).and_then(|value| param.default.read(value)) != Some(param.default.value())
    };
    entry.params.iter().filter(differs).map(|param| {
        let default = param.default.value().to_toml();
        format!("{}: the first toml block must show `{} = {default}`", entry.name, param.name)
    })
}

/// Which rules the cases exercise: every rule must be seen to keep and to drop.
#[derive(Default)]
struct Seen {
    rules: std::collections::BTreeSet<(&'static str, usize)>,
    kept_with: std::collections::BTreeSet<usize>,
    dropped_by: std::collections::BTreeSet<&'static str>,
    /// The reasons of exchanges, which have no rules.
    exchanges: std::collections::BTreeSet<&'static str>,
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
        let never_decides = self.exchanges.iter().filter(|reason| !self.dropped_by.contains(*reason));
        let never_drops = never_drops.map(|(reason, _)| reason).chain(never_decides);
        let never_keeps = self.rules.iter().filter(|(_, metric)| !self.kept_with.contains(metric));
        never_drops
            .map(move |reason| format!("{name}: no case is removed because `{reason}`"))
            .chain(never_keeps.map(move |(reason, _)| format!("{name}: no case passes the rule `{reason}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Shape;
    use crate::{Default, Doc, Measure, Metric, Numbers, Param, Rule, assets::MemoryAssets};

    struct Words(Vec<Rule>);

    impl Measure for Words {
        fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
            numbers.set(0, doc.words().len() as f32);
        }
        fn rules(&self) -> &[Rule] {
            &self.0
        }
    }

    static ENTRY: Entry = Entry {
        name: "test.words",
        version: 1,
        about: "",
        shape: Shape::Measure,
        needs_text: true,
        costly: false,
        params: &[Param { name: "min_words", default: Default::Limit(2.0), about: "" }],
        metrics: &[Metric::number("n_words", "")],
        asset_params: &[],
        page: "",
        build: |params, _| {
            let rule = Rule::at_least("too_few_words", 0, params.limit("min_words"));
            Ok(Stage::Measure(Box::new(Words(rule.into_iter().collect()))))
        },
    };

    const CONFIG: &str = "# Words\n```toml\n[[step]]\nuse = \"test.words\"\nmin_words = 2\n```\n";

    fn checked(page: &str) -> Checked {
        check(&ENTRY, page, &MemoryAssets::default()).unwrap()
    }

    #[test]
    fn blessing_makes_a_page_true() {
        let page = format!("{CONFIG}```text\none\n```\n\nAnd:\n\n```text\none two\n```\n```expect\nwrong\n```\n");
        let first = checked(&page);
        assert_eq!(first.problems.len(), 2, "{:?}", first.problems);
        let second = checked(&first.blessed);
        assert!(second.problems.is_empty(), "{:?}", second.problems);
        assert_eq!(second.blessed, first.blessed);
        let dropped = "removed because too_few_words (n_words = 1, limit 2)\nn_words = 1\n";
        assert!(first.blessed.contains(&format!("```text\none\n```\n\n```expect\n{dropped}```\n\nAnd:\n\n")));
    }

    #[test]
    fn missing_cases_and_parameters_are_problems() {
        let problems = checked(&CONFIG.replace("min_words = 2", "min_words = 3")).problems;
        for part in ["must show `min_words = 2.0`", "no case is removed", "no case passes"] {
            assert!(problems.iter().any(|problem| problem.contains(part)), "{part}: {problems:?}");
        }
    }

    #[test]
    fn pages_lie_by_family() {
        assert_eq!(path("filter.length"), "docs/filter/length.md");
    }
}
