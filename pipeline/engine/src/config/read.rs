//! Reads the tables of a recipe: `[run]`, `[source]`, `[[step]]` and the sections.

use super::House;
use super::error::{ConfigError, Text, suggest};
use super::node::{Node, Tree};
use super::view::{View, at};
use crate::spec::{SourceSpec, Spec, StepSpec, When};
use std::collections::{BTreeMap, BTreeSet};
use tokenmill_core::{Params, catalog::Shape};
use tokenmill_store::source::{ColumnMap, Format};

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
    let run_root = run.string("root")?.unwrap_or_else(|| "runs".to_owned());
    run.finish()?;

    let source = view.table("source")?.ok_or_else(|| {
        ConfigError::new("the recipe has no `[source]` table").hint("add `[source]` with `kind` and `paths`")
    })?;
    let source = read_source(source)?;
    let maps = read_steps(text, view.get("step"), &source, house)?;
    let mut sections = Vec::new();
    for section in house.sections {
        if let Some(table) = view.table(section.name)? {
            let params = table.params(section.params, &Params::defaults(section.params))?;
            table.finish()?;
            sections.push((*section, params));
        }
    }
    view.finish()?;
    Ok(Spec { name, seed, root: run_root, removed, limit, source, maps, sections })
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
    view.finish()?;
    Ok(SourceSpec { format, kind, paths, columns })
}

/// The steps, cut into phases at checkpoints.
fn read_steps(
    text: &Text,
    node: Option<&Node>,
    source: &SourceSpec,
    house: &House<'_>,
) -> Result<Vec<Vec<StepSpec>>, ConfigError> {
    let nodes: &[Node] = match node {
        None => &[],
        Some(Node { value: Tree::Array(nodes), .. }) => nodes,
        Some(other) => return Err(at(text, &other.place, "steps are written as `[[step]]`")),
    };
    let mut maps = vec![Vec::new()];
    let mut names = BTreeSet::new();
    // Tables hold text from the start; pages hold it after extraction.
    let mut has_text = source.format != Format::Warc;
    for node in nodes {
        let view = View::of(text, node, "step")?;
        if view.value("checkpoint", "true or false", |value| value.as_bool())? == Some(true) {
            view.finish()?;
            if maps.last().is_some_and(Vec::is_empty) {
                return Err(at(text, &node.place, "a checkpoint needs a step before it"));
            }
            if !has_text {
                return Err(at(text, &node.place, "a checkpoint must stand after the extraction")
                    .hint("only text is stored between phases, never raw pages"));
            }
            maps.push(Vec::new());
            continue;
        }
        let step = read_step(text, node, house)?;
        let error = |message: String| at(text, &node.place, message);
        if !names.insert(step.name.clone()) {
            let error = error(format!("there are two steps named `{}`", step.name));
            return Err(error.hint("give one of them a `name`"));
        }
        match step.entry.shape {
            Shape::Extract if has_text => {
                return Err(error(format!("`{}` finds nothing to extract: there is text already", step.name)));
            }
            Shape::Extract => has_text = true,
            Shape::Measure | Shape::Edit if step.entry.needs_text && !has_text => {
                let error = error(format!("`{}` needs text, and no step before it makes any", step.name));
                return Err(error.hint("put an `extract.…` step before it"));
            }
            Shape::Measure | Shape::Edit => {}
        }
        if let Some(steps) = maps.last_mut() {
            steps.push(step);
        }
    }
    if !has_text {
        return Err(ConfigError::new("no step makes text from the pages")
            .hint("add `[[step]]` with `use = \"extract.main_text\"`"));
    }
    if maps.len() > 1 && maps.last().is_some_and(Vec::is_empty) {
        return Err(ConfigError::new("a checkpoint needs a step after it"));
    }
    Ok(maps)
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
    let mut when = When::default();
    if let Some(table) = view.table("when")? {
        when.lang = table.strings("lang")?.unwrap_or_default();
        when.kind = table.strings("kind")?.unwrap_or_default();
        table.finish()?;
    }
    let params = view.params(entry.params, &Params::defaults(entry.params))?;
    let mut by_lang = BTreeMap::new();
    for (lang, table) in view.tables("lang")? {
        by_lang.insert(lang.to_owned(), table.params(entry.params, &params)?);
        table.finish()?;
    }
    view.finish()?;
    Ok(StepSpec { name, entry, params, by_lang, when })
}
