//! Reads `[trainer]`, with the template it names.

use super::{EMBEDDED, LogPatterns, Trainer};
use crate::ablation::trainer::placeholders;
use crate::plan::grammar::{Text, View, text, whole};
use std::collections::BTreeMap;
use tokenmill_core::BuildError;
use toml::de::DeValue;

/// Seconds without a line after which a trainer is taken to hang.
const SILENCE: u64 = 3_600;

/// Reads the trainer of a study. What the study itself says stands above its template.
pub fn trainer(view: &View<'_>, template: &dyn Fn(&str) -> Result<String, BuildError>) -> Result<Trainer, BuildError> {
    let Some(own) = view.table("trainer")? else { return Ok(embedded()) };
    let named = own.value("template", "`embedded`, or the path of a template", text)?;
    let mut trainer = match named.as_deref() {
        None | Some(EMBEDDED) => embedded(),
        Some(path) => {
            let content = template(path)?;
            let text = Text { file: path, content: &content };
            let root = text.parse()?;
            let root = View::root(&text, root.get_ref());
            let table = root.table("trainer")?.ok_or_else(|| {
                BuildError::new(format!("`{path}` has no `[trainer]` table"))
                    .hint("templates to start from are in `configs/trainers/`")
            })?;
            let mut trainer = embedded();
            trainer.name = stem(path).to_owned();
            fill(&mut trainer, &table)?;
            root.finish()?;
            trainer
        }
    };
    fill(&mut trainer, &own)?;
    placeholders::check(&trainer)?;
    Ok(trainer)
}

fn embedded() -> Trainer {
    Trainer {
        name: EMBEDDED.to_owned(),
        command: Vec::new(),
        train: Vec::new(),
        valid: Vec::new(),
        evaluate: Vec::new(),
        env: BTreeMap::new(),
        files: BTreeMap::new(),
        with: BTreeMap::new(),
        checkpoint: None,
        log: LogPatterns::default(),
        at_once: None,
        silence: SILENCE,
        folder: None,
    }
}

/// The file name of a path, without its ending.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".toml").unwrap_or(name)
}

/// Takes over what a table says.
fn fill(trainer: &mut Trainer, view: &View<'_>) -> Result<(), BuildError> {
    let _ = view.get("template");
    let texts = |key: &'static str| -> Result<Option<Vec<String>>, BuildError> {
        if view.get(key).is_none() { Ok(None) } else { view.list(key, "a list of texts").map(Some) }
    };
    let seconds = |value: &DeValue<'_>| whole(value).filter(|number| (1..=1 << 32).contains(number));
    let seconds = |key: &'static str| view.value(key, "a whole number from 1", seconds);
    let put = |place: &mut Vec<String>, given: Option<Vec<String>>| {
        if let Some(given) = given {
            *place = given;
        }
    };
    if let Some(name) = view.value("name", "text", text)? {
        trainer.name = name;
    }
    put(&mut trainer.command, texts("command")?);
    put(&mut trainer.train, texts("train")?);
    put(&mut trainer.valid, texts("valid")?);
    put(&mut trainer.evaluate, texts("evaluate")?);
    for (key, place) in [("env", &mut trainer.env), ("files", &mut trainer.files), ("with", &mut trainer.with)] {
        let Some(table) = view.table(key)? else { continue };
        for (name, _, node) in table.entries() {
            let read = |value: &DeValue<'_>| match value {
                DeValue::Integer(number) => Some(number.as_str().to_owned()),
                DeValue::Float(number) => Some(number.as_str().to_owned()),
                other => text(other),
            };
            place.insert(name.to_owned(), table.read(name, node, "text or a number", read)?);
        }
    }
    if let Some(path) = view.value("checkpoint", "a path", text)? {
        trainer.checkpoint = Some(path);
    }
    if let Some(table) = view.table("log")? {
        let mut log = std::mem::take(&mut trainer.log);
        for (key, place) in [("train", &mut log.train), ("valid", &mut log.valid), ("score", &mut log.score)] {
            if let Some(pattern) = table.value(key, "a regular expression", text)? {
                if let Err(error) = regex::Regex::new(&pattern) {
                    return Err(table.error_at(key, format!("this is no regular expression: {error}")));
                }
                *place = Some(pattern);
            }
        }
        table.finish()?;
        trainer.log = log;
    }
    trainer.at_once = seconds("at_once")?.or(trainer.at_once);
    trainer.silence = seconds("silence")?.unwrap_or(trainer.silence);
    if let Some(folder) = view.value("folder", "a folder of the machine", text)? {
        trainer.folder = Some(folder);
    }
    view.finish()
}
