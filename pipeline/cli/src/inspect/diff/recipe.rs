//! What differs between the recipes of two runs: keys with both values.

use serde::Serialize;
use std::collections::BTreeMap;
use tokenmill_engine::Spec;
use toml::Value;

/// Keys that say where a run is and how it is done, not what it makes.
const OF_THE_RUN: [&str; 6] = ["run.name", "run.root", "run.memory", "run.device", "run.alarm", "run.alarm_documents"];

/// A key that differs.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Differs {
    /// As `--set` has it.
    pub key: String,
    /// In the first recipe; `None` where it is not there.
    pub a: Option<String>,
    /// In the second.
    pub b: Option<String>,
}

/// All differences, steps in the order of the first recipe, then those that only the second has.
pub fn differences(a: &Spec, b: &Spec) -> Vec<Differs> {
    let [flat_a, flat_b] = [a, b].map(flat);
    let [steps_a, steps_b] = [a, b].map(|spec| spec.steps().map(|step| step.name.clone()).collect::<Vec<_>>());
    let mut out = Vec::new();
    let compare = |out: &mut Vec<Differs>, prefix: &str, is_step: bool| {
        let keys = flat_a.keys().chain(flat_b.keys()).filter(|key| match is_step {
            true => key.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.')),
            false => !key.starts_with("step."),
        });
        let mut keys: Vec<&String> = keys.collect();
        keys.sort();
        keys.dedup();
        for key in keys.into_iter().filter(|key| !OF_THE_RUN.contains(&key.as_str())) {
            let [a, b] = [&flat_a, &flat_b].map(|flat| flat.get(key).cloned());
            if a != b {
                out.push(Differs { key: key.clone(), a, b });
            }
        }
    };
    compare(&mut out, "", false);
    let only_b = steps_b.iter().filter(|name| !steps_a.contains(name));
    for name in steps_a.iter().chain(only_b) {
        match (steps_a.contains(name), steps_b.contains(name)) {
            (true, true) => compare(&mut out, &format!("step.{name}"), true),
            (in_a, _) => {
                let stage =
                    |spec: &Spec| spec.steps().find(|step| step.name == *name).map(|step| step.entry.name.to_owned());
                let [a, b] = if in_a { [stage(a), None] } else { [None, stage(b)] };
                out.push(Differs { key: format!("step.{name}"), a, b });
            }
        }
    }
    let common =
        |of: &[String], other: &[String]| of.iter().filter(|name| other.contains(name)).cloned().collect::<Vec<_>>();
    let (order_a, order_b) = (common(&steps_a, &steps_b), common(&steps_b, &steps_a));
    if order_a != order_b {
        let (a, b) = (Some(order_a.join(", ")), Some(order_b.join(", ")));
        out.push(Differs { key: "order of steps".to_owned(), a, b });
    }
    out
}

/// All keys of a recipe with every default written out, steps by their names.
fn flat(spec: &Spec) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let table: toml::Table = spec.to_toml().parse().unwrap_or_default();
    for (section, value) in &table {
        match (section.as_str(), value) {
            ("step", Value::Array(steps)) => {
                for step in steps.iter().filter_map(Value::as_table).filter(|step| !step.contains_key("checkpoint")) {
                    let name = step.get("name").and_then(Value::as_str).unwrap_or_default();
                    let params = step.iter().filter(|(key, _)| *key != "name");
                    params.for_each(|(key, value)| add(&mut out, format!("step.{name}.{key}"), value));
                }
            }
            (section, value) => add(&mut out, section.to_owned(), value),
        }
    }
    out
}

fn add(out: &mut BTreeMap<String, String>, key: String, value: &Value) {
    match value {
        Value::Table(table) => table.iter().for_each(|(name, value)| add(out, format!("{key}.{name}"), value)),
        // Limits are floats, which people write without a point.
        Value::Float(number) => drop(out.insert(key, number.to_string())),
        value => drop(out.insert(key, value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house::parse_recipe;
    use tokenmill_engine::Text;

    fn spec(name: &str, steps: &str) -> Spec {
        let content = format!("[run]\nname = \"{name}\"\n[source]\nkind = \"jsonl\"\npaths = [\"x\"]\n{steps}");
        parse_recipe(Text { name: "x".to_owned(), content }, &[]).unwrap()
    }

    #[test]
    fn changed_new_and_missing_steps_are_told_and_names_of_runs_are_not() {
        let step = |rest: &str| format!("[[step]]\nuse = {rest}\n");
        let a = spec("a", &(step("\"filter.length\"\nmin_chars = 10") + &step("\"line.policy_notices\"")));
        let b = spec(
            "b",
            &(step("\"filter.length\"\nmin_chars = 20\n[step.lang.de]\nmin_chars = 5") + &step("\"dedup.url\"")),
        );
        assert!(
            differences(
                &a,
                &spec("c", &(step("\"filter.length\"\nmin_chars = 10") + &step("\"line.policy_notices\"")))
            )
            .is_empty()
        );
        let found = differences(&a, &b);
        let told: Vec<(&str, Option<&str>, Option<&str>)> =
            found.iter().map(|it| (it.key.as_str(), it.a.as_deref(), it.b.as_deref())).collect();
        let expected = [
            ("step.filter.length.lang.de.min_chars", None, Some("5")),
            ("step.filter.length.min_chars", Some("10"), Some("20")),
            ("step.line.policy_notices", Some("line.policy_notices"), None),
            ("step.dedup.url", None, Some("dedup.url")),
        ];
        assert_eq!(told, expected);
    }
}
