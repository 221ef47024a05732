//! Writes a mix with every default written out; reading it back gives the same mix.

use super::spec::{Budget, Conditions, Group, Mix, Phase, Proportions, SplitBy};
use std::collections::BTreeMap;
use toml::{Table, Value};

impl Mix {
    /// The mix with every default written out; it parses to an equal mix.
    pub fn to_toml(&self) -> String {
        let mut mix = Table::new();
        mix.insert("name".into(), self.name.clone().into());
        mix.insert("root".into(), self.root.clone().into());
        mix.insert("seed".into(), number(self.seed));
        let source = |source: &super::spec::Source| {
            let mut table = Table::new();
            table.insert("name".into(), source.name.clone().into());
            table.insert("run".into(), source.run.clone().into());
            Value::Table(table)
        };
        let mut shards = Table::new();
        shards.insert("packing".into(), self.shards.packing.name().into());
        shards.insert("long".into(), self.shards.long.name().into());
        shards.insert("shard_tokens".into(), number(self.shards.shard_tokens));
        shards.insert("bos".into(), self.shards.bos.into());
        shards.insert("eos".into(), self.shards.eos.into());
        let sections = [
            ("mix", Value::Table(mix)),
            ("source", Value::Array(self.sources.iter().map(source).collect())),
            ("group", Value::Array(self.groups.iter().map(group).collect())),
            ("phase", Value::Array(self.phases.iter().map(phase).collect())),
            ("shards", Value::Table(shards)),
        ];
        self::sections(sections)
    }
}

/// A file of these keys, in this order.
pub fn sections(sections: impl IntoIterator<Item = (&'static str, Value)>) -> String {
    // One key at a time, because a table writes its keys in alphabetical order.
    let text = sections.into_iter().map(|(key, value)| Table::from_iter([(key.to_owned(), value)]).to_string());
    text.collect::<Vec<_>>().join("\n")
}

/// A number that was read from TOML or is far below the limit of its whole numbers.
pub fn number(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn texts(list: &[String]) -> Value {
    Value::Array(list.iter().map(|text| Value::String(text.clone())).collect())
}

fn by_name<T>(values: &BTreeMap<String, T>, value: impl Fn(&T) -> Value) -> Value {
    Value::Table(values.iter().map(|(name, given)| (name.clone(), value(given))).collect())
}

fn conditions(conditions: &Conditions) -> Value {
    let mut table = Table::new();
    let lists = [
        ("source", &conditions.source),
        ("lang", &conditions.lang),
        ("kind", &conditions.kind),
        ("domain", &conditions.domain),
    ];
    for (key, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        table.insert(key.into(), texts(list));
    }
    if !conditions.label.is_empty() {
        table.insert("label".into(), by_name(&conditions.label, |list| texts(list)));
    }
    if !conditions.score.is_empty() {
        let range = |range: &super::spec::Range| {
            let ends = [("min", range.min), ("max", range.max)];
            Value::Table(ends.into_iter().filter_map(|(key, end)| Some((key.to_owned(), Value::Float(end?)))).collect())
        };
        table.insert("score".into(), by_name(&conditions.score, range));
    }
    Value::Table(table)
}

/// A group as a table.
pub fn group(group: &Group) -> Value {
    let mut table = Table::new();
    table.insert("name".into(), group.name.clone().into());
    table.insert("where".into(), conditions(&group.conditions));
    if let Some(not) = &group.not {
        table.insert("not".into(), conditions(not));
    }
    if let Some(split) = &group.split {
        table.insert("split".into(), split.by.text().into());
        if let SplitBy::Score(_, edges) = &split.by {
            table.insert("edges".into(), Value::Array(edges.iter().map(|edge| Value::Float(*edge)).collect()));
        }
        table.insert("temperature".into(), Value::Float(split.temperature));
        table.insert("weights".into(), by_name(&split.weights, |weight| Value::Float(*weight)));
    }
    let epochs = group.max_epochs.number().map_or_else(|| "off".into(), Value::Float);
    table.insert("max_epochs".into(), epochs);
    Value::Table(table)
}

fn phase(phase: &Phase) -> Value {
    let mut table = Table::new();
    table.insert("name".into(), phase.name.clone().into());
    table.insert("context".into(), number(phase.context));
    let (key, budget) = match phase.budget {
        Budget::Tokens(tokens) => ("tokens", number(tokens)),
        Budget::All => ("tokens", "all".into()),
        Budget::AtMost(tokens) => ("max_tokens", number(tokens)),
    };
    table.insert(key.into(), budget);
    let (key, value) = match &phase.proportions {
        Proportions::Natural => ("mix", "natural".into()),
        Proportions::Shares(shares) => ("shares", by_name(shares, |share| Value::Float(*share))),
        Proportions::Weights(weights) => ("weights", by_name(weights, |weight| Value::Float(*weight))),
        Proportions::Tokens(tokens) => ("tokens_by_group", by_name(tokens, |tokens| number(*tokens))),
    };
    table.insert(key.into(), value);
    table.insert("on_shortfall".into(), phase.on_shortfall.name().into());
    Value::Table(table)
}
