//! Reads the tables of a recipe: `[run]`, `[source]`, `[[step]]` and the sections.

use super::House;
use super::blocks::{Blocks, Refused};
use super::error::{ConfigError, Text};
use super::lang_table::LangTable;
use super::node::{Node, Tree};
use super::view::{View, at};
use crate::alarm::AlarmLimits;
use crate::index::IndexSpec;
use crate::size;
use crate::spec::{Block, SourceSpec, Spec, StepSpec, When};
use std::collections::{BTreeMap, BTreeSet};
use tokenmill_core::Params;
use tokenmill_core::score::AUTO;
use tokenmill_core::suggest::suggest;
use tokenmill_store::Section;
use tokenmill_store::source::{CC_INDEX, ColumnMap, Format};

/// Memory for sorting, unless the recipe says otherwise.
const DEFAULT_MEMORY: u64 = 1 << 30;

/// The key of a step that names a file of limits for languages.
const LANG_TABLE: &str = "lang_table";

/// Bytes of the name of a step, at most.
const MAX_NAME: usize = 64;

pub fn spec(text: &Text, root: &Node, house: &House<'_>) -> Result<Spec, ConfigError> {
    let view = View::of(text, root, "")?;
    let run = view.table("run")?.ok_or_else(|| {
        ConfigError::new("the recipe has no `[run]` table").hint("start it with `[run]` and `name = \"my-run\"`")
    })?;
    let name = run.required("name")?;
    if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(run.error_at("name", format!("`{name}` cannot name a folder")));
    }
    let non_negative = |value: &toml::Value| value.as_integer().and_then(|number| u64::try_from(number).ok());
    let seed = run.value("seed", "a whole number from 0", non_negative)?.unwrap_or(0);
    let limit = run.value("limit", "a whole number from 0", non_negative)?;
    let rate = |value: &toml::Value| {
        let number = value.as_float().or_else(|| value.as_integer().map(|int| int as f64));
        number.filter(|rate| (0.0..=1.0).contains(rate))
    };
    let removed = run.value("removed", "a number from 0 to 1", rate)?.unwrap_or(0.01);
    let memory = run.value("memory", "a size such as `2GiB`", |value| value.as_str().and_then(size::parse))?;
    let device = run.string("device")?.unwrap_or_else(|| AUTO.to_owned());
    let share = |value: &toml::Value| if value.as_str() == Some("off") { Some(None) } else { rate(value).map(Some) };
    let alarm = run.value("alarm", "a number from 0 to 1, or \"off\"", share)?;
    let documents = run.value("alarm_documents", "a whole number from 0", non_negative)?;
    let alarm = alarm
        .unwrap_or(Some(AlarmLimits::default().share))
        .map(|share| AlarmLimits { share, documents: documents.unwrap_or(AlarmLimits::default().documents) });
    let run_root = run.string("root")?.unwrap_or_else(|| "runs".to_owned());
    run.finish()?;

    let source = view.table("source")?.ok_or_else(|| {
        ConfigError::new("the recipe has no `[source]` table").hint("add `[source]` with `kind` and `paths`")
    })?;
    let source = read_source(source)?;
    let blocks = read_steps(text, view.get("step"), &source, house)?;
    let section = read_section(&view, house)?;
    view.finish()?;
    let memory = memory.unwrap_or(DEFAULT_MEMORY);
    Ok(Spec { name, seed, root: run_root, removed, limit, memory, device, alarm, source, blocks, section })
}

/// The one table behind the steps, if there is one.
fn read_section(view: &View<'_>, house: &House<'_>) -> Result<Option<(Section, Params)>, ConfigError> {
    let mut found: Option<(Section, Params)> = None;
    for section in house.sections {
        let Some(table) = view.table(section.name)? else { continue };
        if let Some((other, _)) = &found {
            let message = format!("the recipe has both `[{}]` and `[{}]`", other.name, section.name);
            return Err(table.error(message).hint(format!("`[{}]` {}", section.name, section.about)));
        }
        let params = table.params(section.params, &Params::defaults(section.params))?;
        table.finish()?;
        found = Some((*section, params));
    }
    Ok(found)
}

fn read_source(view: View<'_>) -> Result<SourceSpec, ConfigError> {
    let given = view.required("kind")?;
    let kinds = Format::ALL.map(|(name, _)| name);
    let Some((kind, format)) = Format::ALL.into_iter().find(|(name, _)| *name == given) else {
        return Err(view.error_at("kind", format!("unknown source kind `{given}`")).hint(suggest(&given, &kinds)));
    };
    let paths = view.strings("paths")?.unwrap_or_default();
    if paths.is_empty() {
        return Err(view.error("`source.paths` is missing").hint("name files, or patterns such as `crawl/*.warc.gz`"));
    }
    let mut columns = ColumnMap::default();
    if let Some(table) = view.table("columns")? {
        for (key, name) in [
            ("text", &mut columns.text),
            ("id", &mut columns.id),
            ("url", &mut columns.url),
            ("date", &mut columns.date),
            ("lang", &mut columns.lang),
        ] {
            if let Some(given) = table.string(key)? {
                *name = given;
            }
        }
        if let Some(extra) = table.strings("extra")? {
            columns.extra = extra;
        }
        table.finish()?;
    }
    let base = view.string("base")?.unwrap_or_default();
    let index = read_index(&view, kind)?;
    view.finish()?;
    Ok(SourceSpec { format, kind, paths, columns, base, index })
}

/// What is wanted of the index, for the kind of source that begins with one.
fn read_index(view: &View<'_>, kind: &str) -> Result<Option<IndexSpec>, ConfigError> {
    let table = view.table("index")?;
    match (kind == CC_INDEX, table) {
        (true, Some(table)) => super::index::read(table).map(Some),
        (true, None) => Ok(Some(IndexSpec::default())),
        (false, None) => Ok(None),
        (false, Some(table)) => {
            let error = table.error(format!("a source of the kind `{kind}` has no index"));
            Err(error.hint("`kind = \"cc_index\"` reads an index first, and then the records that it wants"))
        }
    }
}

/// The steps, cut into blocks at checkpoints and behind exchanges.
fn read_steps(
    text: &Text,
    node: Option<&Node>,
    source: &SourceSpec,
    house: &House<'_>,
) -> Result<Vec<Block>, ConfigError> {
    let nodes: &[Node] = match node {
        None => &[],
        Some(Node { value: Tree::Array(nodes), .. }) => nodes,
        Some(other) => return Err(at(text, &other.place, "steps are written as `[[step]]`")),
    };
    let mut names = BTreeSet::new();
    // Tables hold text from the start; pages hold it after extraction.
    let mut blocks = Blocks { done: Vec::new(), open: Block::default(), has_text: !source.format.is_pages() };
    for node in nodes {
        let error = |(message, hint): Refused| {
            let error = at(text, &node.place, message);
            if hint.is_empty() { error } else { error.hint(hint) }
        };
        let view = View::of(text, node, "step")?;
        if view.value("checkpoint", "true or false", |value| value.as_bool())? == Some(true) {
            view.finish()?;
            blocks.checkpoint().map_err(error)?;
            continue;
        }
        let step = read_step(text, node, house)?;
        if !names.insert(step.name.clone()) {
            return Err(error((format!("there are two steps named `{}`", step.name), "give one of them a `name`")));
        }
        blocks.step(step).map_err(error)?;
    }
    blocks.finish().map_err(|(message, hint)| ConfigError::new(message).hint(hint))
}

fn read_step(text: &Text, node: &Node, house: &House<'_>) -> Result<StepSpec, ConfigError> {
    let unnamed = View::of(text, node, "step")?;
    let given = unnamed.required("use")?;
    let Some(entry) = house.catalog.get(&given) else {
        let known: Vec<&str> = house.catalog.entries().iter().map(|entry| entry.name).collect();
        return Err(unnamed.error_at("use", format!("unknown stage `{given}`")).hint(suggest(&given, &known)));
    };
    let view = View::of(text, node, entry.name)?;
    let _ = (view.get("use"), view.get("checkpoint"));
    let name = view.string("name")?.unwrap_or_else(|| entry.name.to_owned());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(is_plain) {
        let message = format!("`{name}` cannot name a step: its columns and objects are called after it");
        return Err(view.error_at("name", message).hint("letters, digits, `.`, `_` and `-`, at most 64 of them"));
    }
    let mut when = When::default();
    if let Some(table) = view.table("when")? {
        when.lang = table.strings("lang")?.unwrap_or_default();
        when.kind = table.strings("kind")?.unwrap_or_default();
        table.finish()?;
    }
    let params = view.params(entry.params, &Params::defaults(entry.params))?;
    let base = params.inherited();
    let mut by_lang = match view.string(LANG_TABLE)? {
        None => BTreeMap::new(),
        Some(path) => {
            LangTable::read(&path).and_then(|table| table.params(entry, &base, house)).map_err(|error| {
                // What is wrong in the file has a place there; what is wrong with the file, here.
                let here = view.error_at(LANG_TABLE, error.message.clone());
                if error.place.is_some() { error } else { ConfigError { hint: error.hint, ..here } }
            })?
        }
    };
    for (lang, table) in view.tables("lang")? {
        let params = table.params(entry.params, by_lang.get(lang).unwrap_or(&base))?;
        by_lang.insert(lang.to_owned(), params);
        table.finish()?;
    }
    view.finish()?;
    Ok(StepSpec { name, entry, params, by_lang, when })
}
