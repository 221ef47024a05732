//! Writes a study with every default written out; reading it back gives the same study.

use super::{Question, Study, Trainer};
use crate::plan::write as written;
use std::collections::BTreeMap;
use toml::{Table, Value};

impl Study {
    /// The study with every default written out, templates included; it parses to an equal study.
    pub fn to_toml(&self) -> String {
        let study = table([
            ("name", text(&self.name)),
            ("root", text(&self.root)),
            ("seed", whole(self.seed)),
            ("validation_tokens", whole(self.validation_tokens)),
            ("pool_tokens", whole(self.pool_tokens)),
            ("bos", self.marks.0.into()),
            ("eos", self.marks.1.into()),
        ]);
        let source = |source: &super::StudySource| {
            let mut entries = vec![("name", text(&source.source.name))];
            match &source.recipe {
                Some((recipe, sets)) if source.source.run.is_empty() => {
                    entries.extend([("recipe", text(recipe)), ("set", texts(sets))]);
                }
                _ => entries.push(("run", text(&source.source.run))),
            }
            table(entries)
        };
        let proxy = |proxy: &super::Proxy| {
            let mut entries = vec![
                ("name", text(&proxy.name)),
                ("layers", whole(proxy.layers)),
                ("hidden", whole(proxy.hidden)),
                ("heads", whole(proxy.heads)),
                ("ffn", whole(proxy.ffn)),
                ("context", whole(proxy.context)),
                ("batch", whole(proxy.batch)),
                ("tokens", whole(proxy.tokens)),
                ("lr", proxy.lr.into()),
            ];
            entries.extend(proxy.mixes.map(|mixes| ("mixes", whole(mixes))));
            table(entries)
        };
        let mut sections = vec![
            ("study", study),
            ("source", Value::Array(self.sources.iter().map(source).collect())),
            ("group", Value::Array(self.groups.iter().map(written::group).collect())),
            ("proxy", Value::Array(self.proxies.iter().map(proxy).collect())),
        ];
        sections.extend(question(&self.question));
        sections.push(("objective", shares(&self.objective)));
        sections.push(("trainer", trainer(&self.trainer)));
        written::sections(sections)
    }
}

fn question(question: &Question) -> Vec<(&'static str, Value)> {
    match question {
        Question::Mix(design) => {
            let mut entries = vec![
                ("mixes", whole(design.mixes)),
                ("held_out", whole(design.held_out)),
                ("repeats", whole(design.repeats)),
                ("temperature", design.temperature.into()),
                ("strength", Value::Array(vec![design.strength.0.into(), design.strength.1.into()])),
                ("min_share", design.min_share.into()),
                ("max_epochs", design.max_epochs.into()),
            ];
            entries.extend(design.prior.as_ref().map(|prior| ("prior", shares(prior))));
            entries.extend(design.max_kl.map(|max_kl| ("max_kl", max_kl.into())));
            entries.extend(design.target_tokens.map(|tokens| ("target_tokens", whole(tokens))));
            vec![("design", table(entries))]
        }
        Question::Arms { arms, seeds } => {
            let arm = |arm: &super::Arm| table([("name", text(&arm.name)), ("shares", shares(&arm.shares))]);
            let arms = Value::Array(arms.iter().map(arm).collect());
            vec![("compare", table([("seeds", whole(*seeds)), ("arm", arms)]))]
        }
        Question::Anneal(anneal) => {
            let mut entries = vec![
                ("candidate", text(&anneal.candidate)),
                ("share", anneal.share.into()),
                ("base_tokens", whole(anneal.base_tokens)),
                ("seeds", whole(anneal.seeds)),
            ];
            entries.extend(anneal.default.as_ref().map(|default| ("default", shares(default))));
            entries.extend(anneal.checkpoint.as_ref().map(|path| ("checkpoint", text(path))));
            vec![("anneal", table(entries))]
        }
    }
}

fn trainer(trainer: &Trainer) -> Value {
    let by_name = |values: &BTreeMap<String, String>| {
        Value::Table(values.iter().map(|(name, value)| (name.clone(), text(value))).collect())
    };
    let mut entries = vec![
        ("name", text(&trainer.name)),
        ("command", texts(&trainer.command)),
        ("train", texts(&trainer.train)),
        ("valid", texts(&trainer.valid)),
        ("evaluate", texts(&trainer.evaluate)),
        ("env", by_name(&trainer.env)),
        ("files", by_name(&trainer.files)),
        ("with", by_name(&trainer.with)),
        ("silence", whole(trainer.silence)),
    ];
    let log = &trainer.log;
    let patterns = [("train", &log.train), ("valid", &log.valid), ("score", &log.score)];
    let patterns = patterns.into_iter().filter_map(|(key, pattern)| Some((key, text(pattern.as_ref()?))));
    entries.push(("log", table(patterns)));
    entries.extend(trainer.checkpoint.as_ref().map(|path| ("checkpoint", text(path))));
    entries.extend(trainer.at_once.map(|number| ("at_once", whole(number))));
    entries.extend(trainer.folder.as_ref().map(|folder| ("folder", text(folder))));
    table(entries)
}

fn table(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Table(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Table>())
}

fn shares(shares: &BTreeMap<String, f64>) -> Value {
    Value::Table(shares.iter().map(|(name, share)| (name.clone(), (*share).into())).collect())
}

fn texts(list: &[String]) -> Value {
    Value::Array(list.iter().map(|item| text(item)).collect())
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn whole(number: u64) -> Value {
    written::number(number)
}
