//! Reads a mix: `[mix]`, the sources and the shards; groups and phases have files of their own.

use super::grammar::{AMOUNT, FLAG, Text, View, all, check_size, named, plain_name, text, tokens, whole};
use super::read_group::group;
use super::read_phase::{Known, phase};
use super::spec::{Group, Mix, Phase, ShardSpec, Source};
use crate::pack::{Long, Packing};
use tokenmill_core::BuildError;
use tokenmill_core::suggest::suggest;
use toml::de::DeValue;

/// Bytes of a mix, at most: long lists of domains included.
const MAX_BYTES: usize = 16 << 20;

impl Mix {
    /// Reads a mix; `file` is what messages call it.
    ///
    /// # Errors
    /// On anything that is not understood, with its line and column.
    pub fn parse(text: &str, file: &str) -> Result<Mix, BuildError> {
        check_size(text, file, "mix", MAX_BYTES)?;
        let text = Text { file, content: text };
        let root = text.parse()?;
        read(&View::root(&text, root.get_ref()))
    }

    /// Compares the columns that the groups ask for with those that the token store of a source has.
    ///
    /// # Errors
    /// When one is missing; names those that there are.
    pub fn check_columns(&self, source: &str, scores: &[&str], labels: &[&str]) -> Result<(), BuildError> {
        for (kind, asked, there) in [("score", self.scores(), scores), ("label", self.labels(), labels)] {
            if let Some(name) = asked.iter().find(|name| !there.contains(&name.as_str())) {
                let message =
                    format!("the groups ask for the {kind} `{name}`, which the token store of source `{source}` lacks");
                let hint = match there {
                    [] => format!("it has no {kind}s: name them in `[tokens]` of its recipe and run that again"),
                    _ => format!("{}; others must be named in `[tokens]` of its recipe", suggest(name, there)),
                };
                return Err(BuildError::new(message).hint(hint));
            }
        }
        Ok(())
    }
}

fn read(view: &View<'_>) -> Result<Mix, BuildError> {
    let mix = view.table("mix")?.ok_or_else(|| {
        BuildError::new("the mix has no `[mix]` table").hint("start it with `[mix]` and `name = \"my-mix\"`")
    })?;
    let name = plain_name(&mix)?;
    let root = mix.value("root", "text", text)?.unwrap_or_else(|| "runs".to_owned());
    let seed = mix.value("seed", "a whole number from 0", whole)?.unwrap_or(0);
    mix.finish()?;

    let sources = all(view, "source", "name the runs whose token stores are read: `[[source]]`, `name`, `run`", "mix")?;
    let sources = named(sources, source, |source: &Source| &source.name)?;
    let groups = all(view, "group", "add `[[group]]` with a `name`; without `where` it has all documents", "mix")?;
    let groups = named(groups, |view| group(view, &sources), |group: &Group| &group.name)?;
    let phases = all(view, "phase", "add `[[phase]]` with a `name` and `tokens`", "mix")?;
    let shards = shards(view)?;
    let known = Known { groups: groups.iter().map(|group| group.name.as_str()).collect(), shards: &shards };
    let phases = named(phases, |view| phase(view, &known), |phase: &Phase| &phase.name)?;
    view.finish()?;
    Ok(Mix { name, root, seed, sources, groups, phases, shards })
}

fn source(view: &View<'_>) -> Result<Source, BuildError> {
    Ok(Source { name: plain_name(view)?, run: view.required("run", "the directory of a finished run", text)? })
}

fn shards(view: &View<'_>) -> Result<ShardSpec, BuildError> {
    let default =
        ShardSpec { packing: Packing::BestFit, long: Long::Fragment, shard_tokens: 64_000_000, bos: false, eos: true };
    let Some(view) = view.table("shards")? else { return Ok(default) };
    let some_tokens = |value: &DeValue<'_>| tokens(value).filter(|tokens| *tokens > 0);
    let shards = ShardSpec {
        packing: view.choice("packing", &Packing::NAMES, default.packing)?,
        long: view.choice("long", &Long::NAMES, default.long)?,
        shard_tokens: view.value("shard_tokens", AMOUNT, some_tokens)?.unwrap_or(default.shard_tokens),
        bos: view.value("bos", FLAG, |value| value.as_bool())?.unwrap_or(default.bos),
        eos: view.value("eos", FLAG, |value| value.as_bool())?.unwrap_or(default.eos),
    };
    view.finish()?;
    Ok(shards)
}
