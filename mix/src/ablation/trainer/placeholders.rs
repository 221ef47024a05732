//! Texts with placeholders: `${name}` stands for a value, `$$` for a dollar.

use crate::ablation::study::Trainer;
use std::collections::BTreeMap;
use tokenmill_core::BuildError;
use tokenmill_core::suggest::suggest;

/// The values of a trial.
pub type Values = BTreeMap<String, String>;

/// What a whole argument `${train...}` stands for: the arguments of every shard, one after the other.
const LISTS: [&str; 2] = ["train", "valid"];

/// Values that every trial has. docs/ablations.md says what they are.
pub const TRIAL: [&str; 25] = [
    "trial",
    "seed",
    "proxy",
    "out",
    "data",
    "data_json",
    "tokens",
    "steps",
    "context",
    "batch",
    "layers",
    "hidden",
    "heads",
    "ffn",
    "vocab",
    "eos",
    "dtype",
    "lr",
    "final_lr",
    "warmup_steps",
    "decay",
    "start",
    "save",
    "slot",
    "tokenmill",
];

/// Values of one shard.
pub const SHARD: [&str; 4] = ["group", "weight", "prefix", "n_tokens"];

/// Puts values in their places.
///
/// # Errors
/// The name that has no value, or what is wrong with the braces.
pub fn expand(text: &str, values: &Values) -> Result<String, String> {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('$') {
        done.push_str(before);
        rest = match (behind.strip_prefix('$'), behind.strip_prefix('{')) {
            (Some(rest), _) => {
                done.push('$');
                rest
            }
            (None, Some(inner)) => {
                let (name, rest) = inner.split_once('}').ok_or("a `${` has no `}`")?;
                done.push_str(values.get(name).ok_or_else(|| name.to_owned())?);
                rest
            }
            (None, None) => return Err("a `$` stands alone; write `$$`".to_owned()),
        };
    }
    done.push_str(rest);
    Ok(done)
}

/// The name of a list that a whole argument stands for.
fn list(argument: &str) -> Option<&'static str> {
    let name = argument.strip_prefix("${")?.strip_suffix("...}")?;
    LISTS.into_iter().find(|list| *list == name)
}

/// A command with its values; `lists` are the arguments of all shards, trained and held out.
///
/// # Errors
/// As [`expand`].
pub fn command(arguments: &[String], values: &Values, lists: [&[String]; 2]) -> Result<Vec<String>, String> {
    let mut done = Vec::with_capacity(arguments.len());
    for argument in arguments {
        match list(argument) {
            Some(name) => done.extend_from_slice(lists[usize::from(name != LISTS[0])]),
            None => done.push(expand(argument, values)?),
        }
    }
    Ok(done)
}

/// Makes sure that all placeholders of a trainer will have values.
///
/// # Errors
/// When one will not, with what there is.
pub fn check(trainer: &Trainer) -> Result<(), BuildError> {
    let own = trainer.with.keys().map(String::as_str);
    let known: Vec<&str> = TRIAL.into_iter().chain(own).collect();
    let with_shard: Vec<&str> = known.iter().copied().chain(SHARD).collect();
    let with_group: Vec<&str> = known.iter().copied().chain(["group"]).collect();
    let texts = |list: &[String]| list.to_vec();
    let places = [
        ("command", texts(&trainer.command), &known),
        ("evaluate", texts(&trainer.evaluate), &with_group),
        ("train", texts(&trainer.train), &with_shard),
        ("valid", texts(&trainer.valid), &with_shard),
        ("env", trainer.env.values().cloned().collect(), &known),
        ("files", trainer.files.iter().flat_map(|(name, content)| [name.clone(), content.clone()]).collect(), &known),
        ("checkpoint", trainer.checkpoint.iter().cloned().collect(), &known),
    ];
    for (key, texts, known) in places {
        let values: Values = known.iter().map(|name| ((*name).to_owned(), String::new())).collect();
        for text in texts.iter().filter(|text| list(text).is_none() || !matches!(key, "command" | "evaluate")) {
            if let Err(name) = expand(text, &values) {
                let error = BuildError::new(format!("`{key}` of the trainer `{}`: `{name}`", trainer.name));
                let hint = match name.contains(' ') {
                    true => "placeholders are written as `${name}`".to_owned(),
                    false => format!("there is no such placeholder: {}", suggest(&name, known)),
                };
                return Err(error.hint(hint));
            }
        }
    }
    let log = &trainer.log;
    let groups = |pattern: &Option<String>, wanted: &[&str]| {
        let Some(pattern) = pattern.as_ref().and_then(|pattern| regex::Regex::new(pattern).ok()) else { return Ok(()) };
        let has = |name: &&&str| pattern.capture_names().flatten().any(|found| found == **name);
        match wanted.iter().find(|name| !has(name)) {
            None => Ok(()),
            Some(name) => Err(BuildError::new(format!("the pattern `{pattern}` has no group `{name}`"))
                .hint(format!("write `(?<{name}>…)` around what it is"))),
        }
    };
    groups(&log.train, &["loss"])?;
    groups(&log.valid, if trainer.evaluate.is_empty() { &["loss", "group"] } else { &["loss"] })?;
    groups(&log.score, &["name", "value"])?;
    if !trainer.is_embedded() && log.valid.is_none() {
        return Err(BuildError::new(format!("the trainer `{}` has no `log.valid`", trainer.name))
            .hint("a study needs the loss of every group: say how the log tells it"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_their_places() {
        let values = Values::from([("seed".to_owned(), "7".to_owned()), ("a b".to_owned(), "x".to_owned())]);
        assert_eq!(expand("--seed=${seed} $$HOME {} ${a b}", &values).unwrap(), "--seed=7 $HOME {} x");
        assert_eq!(expand("${sed}", &values).unwrap_err(), "sed");
        assert!(expand("${seed", &values).unwrap_err().contains("no `}`"));
        assert!(expand("$HOME", &values).unwrap_err().contains("$$"));
        let lists = [&["0.5".to_owned(), "a".to_owned()][..], &["v".to_owned()][..]];
        let arguments = ["x", "${train...}", "--valid", "${valid...}", "${seed}"].map(str::to_owned);
        assert_eq!(command(&arguments, &values, lists).unwrap(), ["x", "0.5", "a", "--valid", "v", "7"]);
    }
}
