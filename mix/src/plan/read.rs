//! Reads a mix: `[mix]`, the sources and the shards; groups and phases have files of their own.

use super::node::{Text, View, number, text, tokens, whole};
use super::read_group::group;
use super::read_phase::{Known, phase};
use super::spec::{Group, Mix, Phase, ShardSpec, Source};
use crate::pack::{Long, Packing};
use tokenmill_core::BuildError;
use tokenmill_core::suggest::suggest;
use toml::de::{DeTable, DeValue};

/// Bytes of a mix, at most: long lists of domains included.
const MAX_BYTES: usize = 16 << 20;

/// Bytes of a name, at most.
const MAX_NAME: usize = 64;

/// Tables of one kind, at most.
const MAX_TABLES: usize = 4096;

impl Mix {
    /// Reads a mix; `file` is what messages call it.
    ///
    /// # Errors
    /// On anything that is not understood, with its line and column.
    pub fn parse(text: &str, file: &str) -> Result<Mix, BuildError> {
        if text.len() > MAX_BYTES {
            return Err(BuildError::new(format!(
                "`{file}` has {} bytes, and a mix has at most {MAX_BYTES}",
                text.len()
            )));
        }
        let text = Text { file, content: text };
        let root = DeTable::parse(text.content).map_err(|error| {
            let message = error.message().lines().collect::<Vec<_>>().join("; ");
            text.error(error.span().unwrap_or(0..0), format!("this is not TOML: {message}"))
        })?;
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

    let sources = all(view, "source", "name the runs whose token stores are read: `[[source]]`, `name`, `run`")?;
    let sources = named(sources, source, |source: &Source| &source.name)?;
    let groups = all(view, "group", "add `[[group]]` with a `name`; without `where` it has all documents")?;
    let groups = named(groups, |view| group(view, &sources), |group: &Group| &group.name)?;
    let phases = all(view, "phase", "add `[[phase]]` with a `name` and `tokens`")?;
    let shards = shards(view)?;
    let known = Known { groups: groups.iter().map(|group| group.name.as_str()).collect(), shards: &shards };
    let phases = named(phases, |view| phase(view, &known), |phase: &Phase| &phase.name)?;
    view.finish()?;
    Ok(Mix { name, root, seed, sources, groups, phases, shards })
}

/// The tables `[[key]]`, of which there must be one.
fn all<'a>(view: &View<'a>, key: &'static str, hint: &str) -> Result<Vec<View<'a>>, BuildError> {
    let tables = view.tables(key)?;
    match tables.len() {
        0 => Err(BuildError::new(format!("the mix has no `[[{key}]]`")).hint(hint)),
        n if n > MAX_TABLES => {
            Err(BuildError::new(format!("the mix has {n} `[[{key}]]` tables, and may have {MAX_TABLES}")))
        }
        _ => Ok(tables),
    }
}

/// Reads tables whose names must differ.
fn named<'a, T>(
    views: Vec<View<'a>>,
    read: impl Fn(&View<'a>) -> Result<T, BuildError>,
    name: impl Fn(&T) -> &String,
) -> Result<Vec<T>, BuildError> {
    let mut done: Vec<T> = Vec::new();
    for view in views {
        let table = read(&view)?;
        view.finish()?;
        if done.iter().any(|other| name(other) == name(&table)) {
            return Err(view
                .error_at("name", format!("`{}` is already taken", name(&table)))
                .hint("choose another name"));
        }
        done.push(table);
    }
    Ok(done)
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

const FLAG: &str = "true or false";

/// What a number of tokens must look like.
pub const AMOUNT: &str = "a whole number of tokens from 1, such as 1000 or \"1.5B\"";

/// A name that can be part of a path, of a column, and of the name of a subgroup.
pub fn plain_name(view: &View<'_>) -> Result<String, BuildError> {
    let name = view.required("name", "text", text)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() || name.len() > MAX_NAME || name.starts_with('.') || !name.chars().all(is_plain) {
        let hint = "letters, digits, `.`, `_` and `-`, at most 64 of them, and no `.` in front";
        return Err(view.error_at("name", format!("`{name}` cannot be a name")).hint(hint));
    }
    Ok(name)
}

/// A number from `min` to `max`.
pub fn number_in(value: &DeValue<'_>, min: f64, max: f64) -> Option<f64> {
    number(value).filter(|number| (min..=max).contains(number))
}
