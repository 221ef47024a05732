//! Reads a study: `[study]`, sources, groups, proxies and the objective.

use super::read_design::question;
use super::read_trainer::trainer;
use super::{Proxy, Study, StudySource};
use crate::plan::Source;
use crate::plan::grammar::{self, AMOUNT, FLAG, Text, View, group, number_in, plain_name, text, tokens, whole};
use std::collections::BTreeMap;
use tokenmill_core::BuildError;
use tokenmill_core::suggest::suggest;
use toml::de::DeValue;

/// Bytes of a study, at most.
const MAX_BYTES: usize = 16 << 20;

/// Held-out tokens of a group when the study does not say.
const VALIDATION_TOKENS: u64 = 1_000_000;

/// Training tokens of a group that are made into shards when the study does not say: 20 or 40 GB.
const POOL_TOKENS: u64 = 10_000_000_000;

/// Blocks, widths, lengths and batches, at most.
const MAX_SHAPE: u64 = 1 << 24;

/// The proxy of studies that name none: 19M parameters without embeddings. Rank correlations with larger models are above .89
/// from 15M on and .73 at 1M (Olmix, 2026); 100 tokens a parameter are what it used.
fn default_proxy() -> Proxy {
    Proxy {
        name: "19M".to_owned(),
        layers: 6,
        hidden: 512,
        heads: 8,
        ffn: 1368,
        context: 1024,
        batch: 256,
        tokens: 2_000_000_000,
        lr: 3e-3,
        mixes: None,
    }
}

impl Study {
    /// Reads a study; `file` is what messages call it, and `template` reads a trainer's template by its path.
    ///
    /// # Errors
    /// On anything that is not understood, with its line and column.
    pub fn parse(
        text: &str,
        file: &str,
        template: &dyn Fn(&str) -> Result<String, BuildError>,
    ) -> Result<Study, BuildError> {
        grammar::check_size(text, file, "study", MAX_BYTES)?;
        let text = Text { file, content: text };
        let root = text.parse()?;
        read(&View::root(&text, root.get_ref()), template)
    }
}

fn read(view: &View<'_>, template: &dyn Fn(&str) -> Result<String, BuildError>) -> Result<Study, BuildError> {
    let head = view.table("study")?.ok_or_else(|| {
        BuildError::new("the study has no `[study]` table").hint("start it with `[study]` and `name = \"my-study\"`")
    })?;
    let name = plain_name(&head)?;
    let root = head.value("root", "text", text)?.unwrap_or_else(|| "runs".to_owned());
    let seed = head.value("seed", "a whole number from 0", whole)?.unwrap_or(0);
    let some = |value: &DeValue<'_>| tokens(value).filter(|tokens| *tokens > 0);
    let validation_tokens = head.value("validation_tokens", AMOUNT, some)?.unwrap_or(VALIDATION_TOKENS);
    let pool_tokens = head.value("pool_tokens", AMOUNT, some)?.unwrap_or(POOL_TOKENS);
    let flag = |key: &'static str| head.value(key, FLAG, |value| value.as_bool());
    let marks = (flag("bos")?.unwrap_or(false), flag("eos")?.unwrap_or(true));
    head.finish()?;

    let sources = grammar::all(view, "source", "name what documents come from: `[[source]]`, `name`, `run`", "study")?;
    let sources = grammar::named(sources, source, |source: &StudySource| &source.source.name)?;
    let plain: Vec<Source> = sources.iter().map(|source| source.source.clone()).collect();
    let groups = grammar::all(view, "group", "add `[[group]]` with a `name` and `where`", "study")?;
    let groups = grammar::named(groups, |view| group(view, &plain), |group: &crate::plan::Group| &group.name)?;
    let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();

    let proxies = match view.tables("proxy")? {
        tables if tables.is_empty() => vec![default_proxy()],
        tables => grammar::named(tables, proxy, |proxy: &Proxy| &proxy.name)?,
    };
    if let Some(other) = proxies.iter().find(|proxy| proxy.context != proxies[0].context) {
        let message = format!("the proxies `{}` and `{}` have different contexts", proxies[0].name, other.name);
        return Err(BuildError::new(message).hint("all read the same shards: give them one `context`"));
    }
    let question = question(view, &names)?;
    let objective = objective(view, &names)?;
    let trainer = trainer(view, template)?;
    view.finish()?;
    Ok(Study {
        name,
        root,
        seed,
        sources,
        groups,
        validation_tokens,
        pool_tokens,
        marks,
        proxies,
        question,
        objective,
        trainer,
    })
}

fn source(view: &View<'_>) -> Result<StudySource, BuildError> {
    let name = plain_name(view)?;
    let run = view.value("run", "the directory of a finished run", text)?;
    let recipe = view.value("recipe", "the path of a recipe", text)?;
    let sets = view.list("set", "a list of overrides such as `run.root=/data/runs`")?;
    match (run, recipe) {
        (Some(run), None) => Ok(StudySource { source: Source { name, run }, recipe: None }),
        (None, Some(recipe)) => {
            Ok(StudySource { source: Source { name, run: String::new() }, recipe: Some((recipe, sets)) })
        }
        _ => Err(view
            .error(format!("source `{name}` has either `run` or `recipe`"))
            .hint("`run` is the directory of a finished run; a `recipe` is run first")),
    }
}

fn proxy(view: &View<'_>) -> Result<Proxy, BuildError> {
    let default = default_proxy();
    let name = plain_name(view)?;
    let shape = |value: &DeValue<'_>| whole(value).filter(|number| (1..=MAX_SHAPE).contains(number));
    let shape = |key: &'static str| view.value(key, "a whole number from 1", shape);
    let some = |value: &DeValue<'_>| tokens(value).filter(|tokens| *tokens > 0);
    let hidden = shape("hidden")?.unwrap_or(default.hidden);
    let heads = shape("heads")?.unwrap_or(default.heads);
    if hidden % (2 * heads) != 0 {
        let message = format!("a width of {hidden} cannot be shared evenly by {heads} heads, in pairs");
        return Err(view.error_at("heads", message).hint("`hidden` is a multiple of twice `heads`"));
    }
    // Eight thirds of the width, as in Llama, rounded up to a multiple of 8.
    let ffn = shape("ffn")?.unwrap_or((hidden * 8).div_ceil(3).next_multiple_of(8));
    Ok(Proxy {
        name,
        layers: shape("layers")?.unwrap_or(default.layers),
        hidden,
        heads,
        ffn,
        context: shape("context")?.unwrap_or(default.context),
        batch: shape("batch")?.unwrap_or(default.batch),
        tokens: view.value("tokens", AMOUNT, some)?.unwrap_or(default.tokens),
        lr: view.value("lr", "a number above 0", |value| number_in(value, 1e-9, 10.0))?.unwrap_or(default.lr),
        mixes: shape("mixes")?,
    })
}

/// The weights of the groups' losses; all alike when the study does not say.
fn objective(view: &View<'_>, names: &[&str]) -> Result<BTreeMap<String, f64>, BuildError> {
    let Some(table) = view.table("objective")? else {
        return Ok(names.iter().map(|name| ((*name).to_owned(), 1.0)).collect());
    };
    let weights = numbers(&table, names, "a weight from 0", |value| number_in(value, 0.0, 1e12))?;
    if weights.values().all(|weight| *weight == 0.0) {
        return Err(table.error("no group has a weight above 0"));
    }
    Ok(weights)
}

/// A table with groups as keys.
pub fn numbers<'a>(
    table: &View<'a>,
    names: &[&str],
    expected: &str,
    read: impl Fn(&DeValue<'a>) -> Option<f64>,
) -> Result<BTreeMap<String, f64>, BuildError> {
    let mut values = BTreeMap::new();
    for (name, span, node) in table.entries() {
        if !names.contains(&name) {
            return Err(table.error_in(span, format!("there is no group `{name}`")).hint(suggest(name, names)));
        }
        values.insert(name.to_owned(), table.read(name, node, expected, &read)?);
    }
    Ok(values)
}
