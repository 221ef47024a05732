//! Reads `[[group]]`: conditions, splits and caps.

use super::grammar::{number_in, plain_name};
use super::node::{Node, View, number, text};
use super::spec::{BILLION, Conditions, Epochs, Group, Range, Source, Split, SplitBy, buckets};
use std::collections::BTreeMap;
use tokenmill_core::BuildError;
use tokenmill_core::suggest::{nearest, suggest};
use toml::de::DeValue;

/// Epochs after which repeated text is worth clearly less than new text (Muennighoff et al., arXiv:2305.16264).
const DEFAULT_EPOCHS: f64 = 4.0;

/// Epochs and factors, at most.
const MAX_FACTOR: f64 = 1e6;

/// Edges of a split by score, at most.
const MAX_EDGES: usize = 1000;

pub fn group(view: &View<'_>, sources: &[Source]) -> Result<Group, BuildError> {
    let name = plain_name(view)?;
    let conditions = view.table("where")?.map(|view| conditions(&view, sources)).transpose()?.unwrap_or_default();
    let not = match view.table("not")? {
        None => None,
        Some(table) => {
            let not = self::conditions(&table, sources)?;
            if not == Conditions::default() {
                return Err(table.error("`not` without a condition leaves no document").hint("leave the key out"));
            }
            Some(not)
        }
    };
    let split = split(view, sources)?;
    let epochs = |value: &DeValue<'_>| {
        if value.as_str() == Some("off") {
            return Some(Epochs(None));
        }
        let billionths = (number_in(value, 0.0, MAX_FACTOR)? * BILLION).round() as u64;
        (billionths > 0).then_some(Epochs(Some(billionths)))
    };
    let expected = "a number of epochs from 0.000000001 to 1000000, or \"off\"";
    let default = Epochs(Some((DEFAULT_EPOCHS * BILLION) as u64));
    let max_epochs = view.value("max_epochs", expected, epochs)?.unwrap_or(default);
    Ok(Group { name, conditions, not, split, max_epochs })
}

fn conditions(view: &View<'_>, sources: &[Source]) -> Result<Conditions, BuildError> {
    let list = |key: &'static str| match view.get(key) {
        None => Ok(Vec::new()),
        Some(node) => texts(view, key, node),
    };
    let source = list("source")?;
    if let Some(unknown) = source.iter().find(|name| !sources.iter().any(|source| source.name == **name)) {
        let known: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        let span = place_of(view, "source", unknown);
        let message = format!("there is no source `{unknown}`");
        let error = span.map_or_else(|| view.error_at("source", &message), |span| view.error_in(span, &message));
        return Err(error.hint(suggest(unknown, &known)));
    }
    let (lang, kind, domain) = (list("lang")?, list("kind")?, list("domain")?);
    let mut label = BTreeMap::new();
    if let Some(table) = view.table("label")? {
        for (name, _, node) in table.entries() {
            label.insert(name.to_owned(), texts(&table, name, node)?);
        }
    }
    let mut score = BTreeMap::new();
    if let Some(table) = view.table("score")? {
        for (name, _, node) in table.entries() {
            score.insert(name.to_owned(), range(&table.inner(name, node)?)?);
        }
    }
    view.finish()?;
    Ok(Conditions { source, lang, kind, domain, label, score })
}

/// Where a text stands in a list.
fn place_of(view: &View<'_>, key: &'static str, item: &str) -> Option<std::ops::Range<usize>> {
    let items = view.get(key)?.get_ref().as_array()?;
    items.iter().find(|node| node.get_ref().as_str() == Some(item)).map(|node| node.span())
}

/// A list of texts that is not empty; one text counts as a list of one.
fn texts(view: &View<'_>, key: &str, node: &Node<'_>) -> Result<Vec<String>, BuildError> {
    let read = |value: &DeValue<'_>| match value {
        DeValue::String(text) => Some(vec![text.clone().into_owned()]),
        DeValue::Array(items) => items.iter().map(|item| text(item.get_ref())).collect(),
        _ => None,
    };
    let list: Vec<String> = view.read(key, node, "a list of texts", read)?;
    if list.is_empty() {
        let message = format!("no document fulfils `{}` when it is empty", view.name(key));
        return Err(view.error_in(node.span(), message).hint("leave the key out where every value will do"));
    }
    Ok(list)
}

fn range(view: &View<'_>) -> Result<Range, BuildError> {
    let finite = |value: &DeValue<'_>| number(value).filter(|number| number.is_finite());
    let (min, max) = (view.value("min", "a number", finite)?, view.value("max", "a number", finite)?);
    view.finish()?;
    match (min, max) {
        (None, None) => Err(view.error("a range of scores has `min`, `max` or both")),
        (Some(min), Some(max)) if min > max => {
            Err(view.error(format!("no score is from {min} to {max}")).hint("exchange `min` and `max`"))
        }
        _ => Ok(Range { min, max }),
    }
}

fn split(view: &View<'_>, sources: &[Source]) -> Result<Option<Split>, BuildError> {
    let Some(by) = view.value("split", "text", text)? else {
        for key in ["edges", "temperature", "weights"] {
            if view.get(key).is_some() {
                let error =
                    view.error_at(key, format!("`{}` is about the parts of a group that is split", view.name(key)));
                return Err(error.hint("say by what: `split = \"lang\"`; shares of whole groups stand in `[[phase]]`"));
            }
        }
        return Ok(None);
    };
    let by = split_by(view, &by)?;
    let temperature = |value: &DeValue<'_>| number_in(value, 0.01, f64::INFINITY);
    let temperature = view.value("temperature", "a number from 0.01, or inf", temperature)?.unwrap_or(1.0);
    let mut weights = BTreeMap::new();
    if let Some(table) = view.table("weights")? {
        let known: Option<Vec<String>> = match &by {
            SplitBy::Source => Some(sources.iter().map(|source| source.name.clone()).collect()),
            SplitBy::Score(_, edges) => {
                Some(buckets(edges).into_iter().chain([super::spec::NONE.to_owned()]).collect())
            }
            _ => None,
        };
        for (value, span, node) in table.entries() {
            if let Some(known) = known.as_ref().filter(|known| !known.iter().any(|name| name == value)) {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                return Err(view
                    .error_in(span, format!("no subgroup is called `{value}`"))
                    .hint(suggest(value, &known)));
            }
            let factor =
                table.read(value, node, "a factor from 0 to 1000000", |value| number_in(value, 0.0, MAX_FACTOR))?;
            weights.insert(value.to_owned(), factor);
        }
    }
    Ok(Some(Split { by, temperature, weights }))
}

fn split_by(view: &View<'_>, given: &str) -> Result<SplitBy, BuildError> {
    let plain =
        [("source", SplitBy::Source), ("lang", SplitBy::Lang), ("kind", SplitBy::Kind), ("domain", SplitBy::Domain)];
    let by = if let Some((_, by)) = plain.iter().find(|(name, _)| *name == given) {
        by.clone()
    } else if let Some(name) = given.strip_prefix("label.").filter(|name| !name.is_empty()) {
        SplitBy::Label(name.to_owned())
    } else if let Some(name) = given.strip_prefix("score.").filter(|name| !name.is_empty()) {
        return Ok(SplitBy::Score(name.to_owned(), edges(view)?));
    } else {
        let names = ["source", "lang", "kind", "domain", "label.<name>", "score.<name>"];
        let hint = match nearest(given, plain.iter().map(|(name, _)| *name)) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("known are: {}", names.join(", ")),
        };
        return Err(view.error_at("split", format!("a group cannot be split by `{given}`")).hint(hint));
    };
    match view.get("edges") {
        None => Ok(by),
        Some(_) => Err(view.error_at("edges", "only a split by score has `edges`").hint("leave the key out")),
    }
}

fn edges(view: &View<'_>) -> Result<Vec<f64>, BuildError> {
    let read = |value: &DeValue<'_>| -> Option<Vec<f64>> {
        let edges: Option<Vec<f64>> = value.as_array()?.iter().map(|edge| number(edge.get_ref())).collect();
        let edges = edges?;
        let fine = (1..=MAX_EDGES).contains(&edges.len()) && edges.iter().all(|edge| edge.is_finite());
        // Scores are stored with 32 bits, where near edges may fall together.
        (fine && edges.windows(2).all(|pair| (pair[0] as f32) < pair[1] as f32)).then_some(edges)
    };
    view.required("edges", "a list of ascending numbers, such as [0.2, 0.5]", read)
}
