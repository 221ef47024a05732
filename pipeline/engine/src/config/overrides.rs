//! `--set key.path=value`: changes a recipe before it is read.

use super::error::ConfigError;
use super::node::{Node, Place, Tree};
use tokenmill_core::suggest::suggest;

/// Applies one override to the tree.
///
/// The path has dots; under `step` the next part is the name of a step (which may hold dots itself) or its number from
/// 1. The value is TOML; what is not TOML is taken as text, so that paths need no quotes.
///
/// # Errors
/// When there is no `=`, or no step of that name.
pub fn apply(root: &mut Node, typed: &str) -> Result<(), ConfigError> {
    let (path, value) = typed.split_once('=').ok_or_else(|| {
        ConfigError::new(format!("`--set {typed}` has no `=`")).hint("write it as `--set run.name=my-run`")
    })?;
    let value = value.trim();
    let parsed = format!("v = {value}").parse::<toml::Table>().ok().and_then(|mut table| table.remove("v"));
    let value = parsed.unwrap_or_else(|| toml::Value::String(value.to_owned()));
    let node = Node::of_override(&value, typed);
    match path.trim().strip_prefix("step.") {
        Some(rest) => {
            let (step, key) = find_step(root, rest)?;
            set(step, key, node, typed);
        }
        None => set(root, path.trim(), node, typed),
    }
    Ok(())
}

fn set(at: &mut Node, path: &str, node: Node, typed: &str) {
    let (key, rest) = path.split_once('.').map_or((path, None), |(key, rest)| (key, Some(rest)));
    if !matches!(at.value, Tree::Table(_)) {
        at.value = Tree::Table(Vec::new());
    }
    let Tree::Table(entries) = &mut at.value else { return };
    let place = Place::Set(typed.to_owned());
    let index = entries.iter().position(|(name, _, _)| name == key).unwrap_or_else(|| {
        let empty = Node { place: place.clone(), value: Tree::Table(Vec::new()) };
        entries.push((key.to_owned(), place.clone(), empty));
        entries.len() - 1
    });
    match rest {
        Some(rest) => set(&mut entries[index].2, rest, node, typed),
        None => entries[index] = (key.to_owned(), place, node),
    }
}

/// The step that `rest` begins with, and what follows its name.
fn find_step<'a, 'b>(root: &'a mut Node, rest: &'b str) -> Result<(&'a mut Node, &'b str), ConfigError> {
    let names = step_names(root);
    let numbers: Vec<String> = (1..=names.len()).map(|number| number.to_string()).collect();
    let found = names.iter().zip(&numbers).enumerate().find_map(|(at, (name, number))| {
        let key = |name: &str| rest.strip_prefix(name).and_then(|rest| rest.strip_prefix('.'));
        key(name).or_else(|| key(number)).map(|key| (at, key))
    });
    let Some((index, key)) = found else {
        let known: Vec<&str> = names.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        return Err(ConfigError::new(format!("`--set step.{rest}` names no step")).hint(suggest(rest, &known)));
    };
    match steps(root).and_then(|steps| steps.get_mut(index)) {
        Some(step) => Ok((step, key)),
        None => Err(ConfigError::new("the recipe has no steps")),
    }
}

fn steps(root: &mut Node) -> Option<&mut Vec<Node>> {
    let Tree::Table(entries) = &mut root.value else { return None };
    let (_, _, node) = entries.iter_mut().find(|(name, _, _)| name == "step")?;
    if let Tree::Array(steps) = &mut node.value { Some(steps) } else { None }
}

fn step_names(root: &mut Node) -> Vec<String> {
    let name = |step: &Node| {
        let table = step.to_toml();
        let text = |key| table.get(key).and_then(|value| value.as_str()).map(str::to_owned);
        text("name").or_else(|| text("use")).unwrap_or_default()
    };
    steps(root).map(|steps| steps.iter().map(name).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overridden(recipe: &str, sets: &[&str]) -> Result<toml::Value, ConfigError> {
        let document = toml_edit::Document::parse(recipe.to_owned()).unwrap();
        let mut root = Node::of_document(&document);
        sets.iter().try_for_each(|typed| apply(&mut root, typed))?;
        Ok(root.to_toml())
    }

    const RECIPE: &str = "[run]\nname='a'\n[[step]]\nuse='filter.x'\nmin=1\n[[step]]\nuse='filter.y'\n";

    #[test]
    fn values_are_replaced_or_added() {
        let value =
            overridden(RECIPE, &["run.name=b", "run.removed=0.5", "step.filter.x.min=7", "step.2.max=9"]).unwrap();
        assert_eq!(value["run"]["name"].as_str(), Some("b"));
        assert_eq!(value["run"]["removed"].as_float(), Some(0.5));
        assert_eq!(value["step"][0]["min"].as_integer(), Some(7));
        assert_eq!(value["step"][1]["max"].as_integer(), Some(9));
    }

    #[test]
    fn text_needs_no_quotes_and_lists_work() {
        let value = overridden("", &["run.root=/tmp/x y", "source.paths=[\"a\", \"b\"]"]).unwrap();
        assert_eq!(value["run"]["root"].as_str(), Some("/tmp/x y"));
        assert_eq!(value["source"]["paths"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn mistakes_are_explained() {
        assert!(overridden(RECIPE, &["run.name"]).unwrap_err().message.contains("no `=`"));
        let error = overridden(RECIPE, &["step.filter.z.min=1"]).unwrap_err();
        assert!(error.hint.unwrap().contains("filter."), "it names what there is");
    }
}
