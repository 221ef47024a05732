//! `score.encoder`: what an encoder with heads says of each document: quality, code, reasoning, knowledge.

mod stream;

use crate::cpu::Precision;
use crate::encoder::{Encoder, Output};
use crate::fleet::{Fleet, choose};
use crate::tokenize::{Tokenizer, Windows};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use stream::Stream;
use tokenmill_core::catalog::Shape;
use tokenmill_core::pipe::{NUMBERS, declared};
use tokenmill_core::score::{Place, Scoring};
use tokenmill_core::suggest::nearest;
use tokenmill_core::{Assets, BuildError, Default, Entry, Metric, Param, Params, Score, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "score.encoder",
    version: 1,
    about: "Scores documents with an encoder classifier (BERT, RoBERTa, DistilBERT and their like), on the CPU or on GPUs.",
    shape: Shape::Score,
    needs_text: true,
    costly: true,
    params: &[
        Param {
            name: "model",
            default: Default::Text("encoder"),
            about: "the folder of the model, as `save_pretrained` leaves it: `config.json`, `model.safetensors`, `tokenizer.json`",
        },
        Param {
            name: NUMBERS,
            default: Default::Texts(&["score"]),
            about: "the scores that are wanted, each a metric of the step: `score` of a regression, the labels of a classifier, \
                    `head` or `head_label` where a model has several heads; an error lists those that it has",
        },
        Param {
            name: "max_tokens",
            default: Default::Int(512),
            about: "tokens of a window, with those that the model puts around a text; never more than the model takes",
        },
        Param {
            name: "windows",
            default: Default::Text("first"),
            about: "how a longer document is scored: by its `first` window, or by the `mean` or `max` over its windows",
        },
        Param {
            name: "max_windows",
            default: Default::Int(8),
            about: "with `mean` and `max`: windows of a document, at most; the text behind them is not looked at",
        },
        Param {
            name: "precision",
            default: Default::Text("f32"),
            about: "on the CPU: `f32`, or `int8` for about twice the speed and slightly other scores; GPUs compute in bf16",
        },
    ],
    metrics: &[Metric::number("n_tokens", "tokens that were looked at, with those around every window")],
    asset_params: &["model/"],
    page: include_str!("../../docs/score/encoder.md"),
    build,
};

/// What a document's windows come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Join {
    /// There is one window.
    First,
    Mean,
    Max,
}

/// A model that is read, and the devices that it is on.
struct Scorer {
    /// The folder, as the recipe names it.
    folder: String,
    encoder: Arc<Encoder>,
    tokenizer: Tokenizer,
    /// The metrics that are wanted, in order.
    names: Vec<String>,
    /// For each, the head and what of it.
    outputs: Vec<(usize, Output)>,
    windows: Windows,
    join: Join,
    precision: Precision,
    /// One fleet for every word that has asked for one, which is one.
    fleets: Mutex<BTreeMap<String, Arc<Fleet>>>,
}

fn build(params: &Params, assets: &dyn Assets) -> Result<Stage, BuildError> {
    let names = declared(params, ENTRY.metrics)?.to_vec();
    if names.is_empty() {
        return Err(BuildError::new(format!("`{NUMBERS}` is empty")).hint("name the scores that are wanted"));
    }
    let word = |param: &'static str, known: &[&str]| match known.iter().position(|word| *word == params.text(param)) {
        Some(at) => Ok(at),
        None => {
            let known: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
            let error = BuildError::new(format!("`{param}` is `{}`", params.text(param)));
            Err(error.hint(format!("it is {}", known.join(" or "))))
        }
    };
    let join = [Join::First, Join::Mean, Join::Max][word("windows", &["first", "mean", "max"])?];
    let precision = [Precision::F32, Precision::Int8][word("precision", &["f32", "int8"])?];
    let positive = |param: &'static str| match params.size(param)? {
        0 => Err(BuildError::new(format!("`{param}` must not be `0`"))),
        size => Ok(size),
    };
    let (max_tokens, max_windows) = (positive("max_tokens")?, positive("max_windows")?);
    let folder = params.text("model").trim_end_matches('/');
    let encoder = Encoder::load(folder, assets)?;
    let tokenizer = Tokenizer::load(folder, assets, encoder.config.n_words)?;
    let max_tokens = max_tokens.min(encoder.config.max_tokens);
    if max_tokens <= tokenizer.n_around() {
        let n = tokenizer.n_around();
        return Err(BuildError::new(format!("`max_tokens` leaves no room: {n} tokens are put around every text")));
    }
    let windows = Windows { max_tokens, max_windows: if join == Join::First { 1 } else { max_windows } };
    let outputs = outputs(folder, &encoder, &names)?;
    let (encoder, fleets) = (Arc::new(encoder), Mutex::default());
    Ok(Stage::Score(Box::new(Scorer {
        folder: folder.to_owned(),
        encoder,
        tokenizer,
        names,
        outputs,
        windows,
        join,
        precision,
        fleets,
    })))
}

/// Finds the scores that are wanted among those that the heads give.
fn outputs(folder: &str, encoder: &Encoder, names: &[String]) -> Result<Vec<(usize, Output)>, BuildError> {
    let known: Vec<(String, usize, Output)> = encoder
        .heads
        .iter()
        .enumerate()
        .flat_map(|(at, head)| head.outputs().into_iter().map(move |(name, output)| (name, at, output)))
        .collect();
    let find = |wanted: &String| {
        let mut same = known.iter().filter(|(name, ..)| name == wanted);
        match (same.next(), same.next()) {
            (Some((_, head, output)), None) => Ok((*head, *output)),
            (Some(_), Some(_)) => Err(BuildError::new(format!("model `{folder}` has two scores called `{wanted}`"))),
            (None, _) => {
                let all: Vec<&str> = known.iter().map(|(name, ..)| name.as_str()).collect();
                let near = nearest(wanted, all.iter().copied()).map(|near| format!("did you mean `{near}`? "));
                let error = BuildError::new(format!("model `{folder}` gives no score `{wanted}`"));
                Err(error.hint(format!("{}it gives {}", near.unwrap_or_default(), all.join(", "))))
            }
        }
    };
    names.iter().map(find).collect()
}

impl Scorer {
    /// The devices with the model on them; opened by the first task, shared by all.
    fn fleet(&self, place: &Place<'_>) -> Result<Arc<Fleet>, BuildError> {
        let mut fleets = self.fleets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fleet) = fleets.get(place.device) {
            return Ok(fleet.clone());
        }
        let choice = choose(place.device)?;
        let fleet = Fleet::open(&self.folder, &self.encoder, &choice, self.precision, place.threads);
        let fleet = Arc::new(fleet.map_err(|error| {
            BuildError::new(error.to_string()).hint("`--device cpu` runs every model that is supported")
        })?);
        fleets.insert(place.device.to_owned(), fleet.clone());
        Ok(fleet)
    }
}

impl Score for Scorer {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn begin(&self, place: &Place<'_>) -> Result<Box<dyn Scoring + '_>, BuildError> {
        Ok(Box::new(Stream::new(self, self.fleet(place)?)))
    }
}

#[cfg(test)]
mod tests;
