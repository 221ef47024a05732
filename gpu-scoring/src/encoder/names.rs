//! What the architectures call their tensors, and what the heads of plain models look like.

use super::config::{Config, Family};
use super::heads::{Head, HeadActivation, HeadKind, Pooling};
use super::tensors::Tensors;
use super::weights::{Dense, Embeddings, Encoder, Layer, Norm};
use serde_json::Value;
use tokenmill_core::BuildError;

/// The key of `config.json` under which `gpu-scoring/train` lists several heads on one trunk.
pub const HEADS: &str = "tokenmill_heads";
/// Heads and labels of one model, at most.
const MAX_HEADS: usize = 64;
const MAX_LABELS: usize = 1024;

/// The parts of a layer, as an architecture calls them.
struct Names {
    layers: &'static str,
    query: &'static str,
    key: &'static str,
    value: &'static str,
    attention_out: &'static str,
    attention_norm: &'static str,
    up: &'static str,
    down: &'static str,
    output_norm: &'static str,
}

const BERT: Names = Names {
    layers: "encoder.layer",
    query: "attention.self.query",
    key: "attention.self.key",
    value: "attention.self.value",
    attention_out: "attention.output.dense",
    attention_norm: "attention.output.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    output_norm: "output.LayerNorm",
};

const DISTILBERT: Names = Names {
    layers: "transformer.layer",
    query: "attention.q_lin",
    key: "attention.k_lin",
    value: "attention.v_lin",
    attention_out: "attention.out_lin",
    attention_norm: "sa_layer_norm",
    up: "ffn.lin1",
    down: "ffn.lin2",
    output_norm: "output_layer_norm",
};

/// Reads trunk and heads.
pub fn read(json: &Value, config: Config, tensors: &Tensors<'_>, folder: &str) -> Result<Encoder, BuildError> {
    let names = if config.family == Family::DistilBert { DISTILBERT } else { BERT };
    let words = "embeddings.word_embeddings.weight";
    let prefix =
        ["", "bert.", "roberta.", "distilbert."].into_iter().find(|prefix| tensors.has(&format!("{prefix}{words}")));
    let reader = Reader { tensors, prefix: prefix.unwrap_or_default(), hidden: config.hidden };
    let embeddings = reader.embeddings(&config)?;
    let layers = (0..config.n_layers).map(|at| reader.layer(&config, &names, at)).collect::<Result<_, _>>()?;
    let heads = reader.heads(json, &config, folder)?;
    Ok(Encoder { config, embeddings, layers, heads })
}

struct Reader<'a> {
    tensors: &'a Tensors<'a>,
    prefix: &'static str,
    hidden: usize,
}

impl Reader<'_> {
    fn dense(&self, name: &str, n_in: usize, n_out: usize) -> Result<Dense, BuildError> {
        let weight = self.tensors.read(&format!("{name}.weight"), &[n_out, n_in])?;
        let bias = self.tensors.read(&format!("{name}.bias"), &[n_out])?;
        Ok(Dense { n_in, n_out, weight, bias })
    }

    fn norm(&self, name: &str) -> Result<Norm, BuildError> {
        // Before 2020 gain and bias were called `gamma` and `beta`.
        let old = self.tensors.has(&format!("{name}.gamma"));
        let (gain, bias) = if old { ("gamma", "beta") } else { ("weight", "bias") };
        let gain = self.tensors.read(&format!("{name}.{gain}"), &[self.hidden])?;
        let bias = self.tensors.read(&format!("{name}.{bias}"), &[self.hidden])?;
        Ok(Norm { gain, bias })
    }

    fn embeddings(&self, config: &Config) -> Result<Embeddings, BuildError> {
        let table = |name: &str, n_rows: usize| {
            self.tensors.read(&format!("{}embeddings.{name}.weight", self.prefix), &[n_rows, self.hidden])
        };
        let words = table("word_embeddings", config.n_words)?;
        let positions = table("position_embeddings", config.first_position + config.max_tokens)?;
        let mut positions = positions.get(config.first_position * self.hidden..).unwrap_or_default().to_vec();
        let types = format!("{}embeddings.token_type_embeddings.weight", self.prefix);
        if config.family != Family::DistilBert {
            let types = self.tensors.read(&types, &[self.tensors.rows(&types), self.hidden])?;
            for row in positions.chunks_exact_mut(self.hidden) {
                row.iter_mut().zip(&types).for_each(|(position, kind)| *position += kind);
            }
        }
        Ok(Embeddings { words, positions, norm: self.norm(&format!("{}embeddings.LayerNorm", self.prefix))? })
    }

    fn layer(&self, config: &Config, names: &Names, at: usize) -> Result<Layer, BuildError> {
        let hidden = self.hidden;
        let name = |part: &str| format!("{}{}.{at}.{part}", self.prefix, names.layers);
        let dense = |part: &str, n_in: usize, n_out: usize| self.dense(&name(part), n_in, n_out);
        let mut qkv = dense(names.query, hidden, hidden)?;
        for part in [names.key, names.value] {
            let more = dense(part, hidden, hidden)?;
            qkv.n_out += more.n_out;
            qkv.weight.extend(more.weight);
            qkv.bias.extend(more.bias);
        }
        Ok(Layer {
            qkv,
            attention_out: dense(names.attention_out, hidden, hidden)?,
            attention_norm: self.norm(&name(names.attention_norm))?,
            up: dense(names.up, hidden, config.intermediate)?,
            down: dense(names.down, config.intermediate, hidden)?,
            output_norm: self.norm(&name(names.output_norm))?,
        })
    }

    fn heads(&self, json: &Value, config: &Config, folder: &str) -> Result<Vec<Head>, BuildError> {
        let refuse = |why: String| BuildError::new(format!("`{folder}/config.json`: {why}"));
        let Some(listed) = json.get(HEADS) else { return self.plain_head(json, config, folder).map(|head| vec![head]) };
        let listed = listed.as_array().filter(|heads| (1..=MAX_HEADS).contains(&heads.len()));
        let listed = listed.ok_or_else(|| refuse(format!("`{HEADS}` must list 1 to {MAX_HEADS} heads")))?;
        let mut heads: Vec<Head> = Vec::with_capacity(listed.len());
        for spec in listed {
            let name = spec["name"].as_str().filter(|name| !name.is_empty());
            let name = name.ok_or_else(|| refuse(format!("a head of `{HEADS}` has no `name`")))?;
            if heads.iter().any(|head| head.name == name) {
                return Err(refuse(format!("two heads are called `{name}`")));
            }
            let word = |key: &str| spec[key].as_str().unwrap_or_default();
            let unknown = |key: &str, known: &str| {
                refuse(format!("head `{name}`: `{key}` is `{}`", word(key))).hint(format!("it is {known}"))
            };
            let labels = || -> Result<Vec<String>, BuildError> {
                let labels = spec["labels"].as_array().filter(|labels| (1..=MAX_LABELS).contains(&labels.len()));
                let labels =
                    labels.and_then(|labels| labels.iter().map(|label| label.as_str().map(str::to_owned)).collect());
                labels.ok_or_else(|| refuse(format!("head `{name}`: `labels` must list 1 to {MAX_LABELS} texts")))
            };
            let kind = match word("kind") {
                "regression" => HeadKind::Regression,
                "one_of" => HeadKind::OneOf(labels()?),
                "any_of" => HeadKind::AnyOf(labels()?),
                _ => return Err(unknown("kind", "`regression`, `one_of` or `any_of`")),
            };
            let pooling = match word("pooling") {
                "" | "first" => Pooling::First,
                "mean" => Pooling::Mean,
                _ => return Err(unknown("pooling", "`first` or `mean`")),
            };
            let activation = match word("activation") {
                "" | "tanh" => HeadActivation::Tanh,
                "relu" => HeadActivation::Relu,
                _ => return Err(unknown("activation", "`tanh` or `relu`")),
            };
            let dense = format!("heads.{name}.dense");
            let n_between = self.tensors.rows(&format!("{dense}.weight"));
            let dense = (n_between > 0).then(|| self.dense(&dense, self.hidden, n_between)).transpose()?;
            let n_in = dense.as_ref().map_or(self.hidden, |dense| dense.n_out);
            let out = self.dense(&format!("heads.{name}.out"), n_in, n_logits(&kind))?;
            heads.push(Head {
                name: name.to_owned(),
                kind,
                pooling,
                dense: dense.map(|dense| (dense, activation)),
                out,
            });
        }
        Ok(heads)
    }

    /// The head of a model `…ForSequenceClassification`.
    fn plain_head(&self, json: &Value, config: &Config, folder: &str) -> Result<Head, BuildError> {
        let (dense, out, activation) = match config.family {
            Family::Bert => (format!("{}pooler.dense", self.prefix), "classifier", HeadActivation::Tanh),
            Family::Roberta => ("classifier.dense".to_owned(), "classifier.out_proj", HeadActivation::Tanh),
            Family::DistilBert => ("pre_classifier".to_owned(), "classifier", HeadActivation::Relu),
        };
        let n_out = self.tensors.rows(&format!("{out}.weight"));
        if n_out == 0 || n_out > MAX_LABELS {
            let why = format!("`{folder}/model.safetensors` has no head: there is no tensor `{out}.weight`");
            let hint = format!(
                "a classifier is needed (`…ForSequenceClassification`), or heads that `{HEADS}` of `config.json` lists"
            );
            return Err(BuildError::new(why).hint(hint));
        }
        let kind = match json["problem_type"].as_str() {
            Some("regression") => HeadKind::Regression,
            None if n_out == 1 => HeadKind::Regression,
            Some("multi_label_classification") => HeadKind::AnyOf(plain_labels(json, n_out)),
            _ => HeadKind::OneOf(plain_labels(json, n_out)),
        };
        let dense = self.dense(&dense, self.hidden, self.hidden)?;
        let out = self.dense(out, self.hidden, n_out)?;
        if n_logits(&kind) != n_out {
            let why = format!("a regression has one number; tensor `classifier` gives {n_out}");
            return Err(BuildError::new(format!("`{folder}/config.json`: {why}")));
        }
        Ok(Head { name: String::new(), kind, pooling: Pooling::First, dense: Some((dense, activation)), out })
    }
}

fn n_logits(kind: &HeadKind) -> usize {
    match kind {
        HeadKind::Regression => 1,
        HeadKind::OneOf(labels) | HeadKind::AnyOf(labels) => labels.len(),
    }
}

/// The labels of a plain model; `LABEL_n`, as transformers has it, for those without a name.
fn plain_labels(json: &Value, n: usize) -> Vec<String> {
    let name =
        |at: usize| json["id2label"][at.to_string()].as_str().map_or_else(|| format!("LABEL_{at}"), str::to_owned);
    (0..n).map(name).collect()
}
