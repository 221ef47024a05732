//! `config.json` of an encoder: its architecture, its sizes, and what its head means.

use serde_json::Value;
use tokenmill_core::BuildError;

/// The architectures that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// BERT and MiniLM.
    Bert,
    /// RoBERTa, DistilRoBERTa, CamemBERT and XLM-RoBERTa: BERT with positions that begin behind the padding id.
    Roberta,
    /// DistilBERT: BERT without token types, and with names of its own.
    DistilBert,
}

/// The function between the two matrices of a feed-forward layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// x Φ(x), exactly.
    Gelu,
    /// x Φ(x) by a hyperbolic tangent (Hendrycks and Gimpel 2016), `gelu_new` and `gelu_pytorch_tanh`.
    GeluTanh,
    /// max(x, 0).
    Relu,
}

/// The sizes of an encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Which names and positions it has.
    pub family: Family,
    /// Rows of the table of words.
    pub n_words: usize,
    /// Numbers that stand for a token.
    pub hidden: usize,
    /// Layers.
    pub n_layers: usize,
    /// Attention heads; they share `hidden` evenly.
    pub n_heads: usize,
    /// Numbers between the two matrices of a feed-forward layer.
    pub intermediate: usize,
    /// Tokens of the longest sequence.
    pub max_tokens: usize,
    /// Row of the table of positions at which the first token is.
    pub first_position: usize,
    /// Added to the variance in layer normalisation.
    pub epsilon: f32,
    /// Between the matrices of feed-forward layers.
    pub activation: Activation,
}

/// Largest size that is believed of any dimension but the vocabulary.
const MAX_SIZE: usize = 16_384;
/// Largest vocabulary that is believed.
const MAX_WORDS: usize = 4_000_000;

impl Config {
    /// Reads the sizes; `file` is what messages call the file.
    ///
    /// # Errors
    /// When something is missing, unreasonable, or asks for what is not supported.
    pub fn read(json: &Value, file: &str) -> Result<Config, BuildError> {
        let refuse = |why: String| BuildError::new(format!("`{file}`: {why}"));
        let kind = json["model_type"].as_str().unwrap_or_default();
        let family = match kind {
            "bert" => Family::Bert,
            "roberta" | "xlm-roberta" | "camembert" => Family::Roberta,
            "distilbert" => Family::DistilBert,
            other => {
                let known =
                    "`bert` (also MiniLM), `roberta` (also DistilRoBERTa), `camembert`, `xlm-roberta`, `distilbert`";
                return Err(refuse(format!("`model_type` is `{other}`")).hint(format!("these are supported: {known}")));
            }
        };
        let positions = json["position_embedding_type"].as_str().unwrap_or("absolute");
        if positions != "absolute" {
            return Err(
                refuse(format!("`position_embedding_type` is `{positions}`")).hint("only `absolute` is supported")
            );
        }
        if json["is_decoder"].as_bool() == Some(true) {
            return Err(refuse("it is a decoder (`is_decoder`)".to_owned()).hint("encoders look both ways"));
        }
        let is_distilled = family == Family::DistilBert;
        let name = |usual: &'static str, distilled: &'static str| if is_distilled { distilled } else { usual };
        let size = |name: &str, limit: usize| {
            let value = json[name].as_u64().and_then(|value| usize::try_from(value).ok());
            value
                .filter(|value| (1..=limit).contains(value))
                .ok_or_else(|| refuse(format!("`{name}` is `{}`; it must be from 1 to {limit}", json[name])))
        };
        let hidden = size(name("hidden_size", "dim"), MAX_SIZE)?;
        let n_heads = size(name("num_attention_heads", "n_heads"), MAX_SIZE)?;
        if hidden % n_heads != 0 {
            return Err(refuse(format!("{n_heads} attention heads cannot share {hidden} numbers evenly")));
        }
        let n_positions = size("max_position_embeddings", MAX_SIZE)?;
        let first_position = match family {
            Family::Roberta => json["pad_token_id"].as_u64().unwrap_or(1) as usize + 1,
            _ => 0,
        };
        if first_position >= n_positions {
            return Err(refuse(format!("`pad_token_id` leaves none of the {n_positions} positions")));
        }
        let activation = json[name("hidden_act", "activation")].as_str().unwrap_or("gelu");
        let activation = match activation {
            "gelu" => Activation::Gelu,
            "gelu_new" | "gelu_pytorch_tanh" => Activation::GeluTanh,
            "relu" => Activation::Relu,
            other => {
                let known = "`gelu`, `gelu_pytorch_tanh`, `gelu_new`, `relu`";
                return Err(
                    refuse(format!("the activation is `{other}`")).hint(format!("these are supported: {known}"))
                );
            }
        };
        let epsilon = if is_distilled { 1e-12 } else { json["layer_norm_eps"].as_f64().unwrap_or(1e-12) };
        if !(0.0..1.0).contains(&epsilon) {
            return Err(refuse(format!("`layer_norm_eps` is `{epsilon}`")));
        }
        Ok(Config {
            family,
            n_words: size("vocab_size", MAX_WORDS)?,
            hidden,
            n_layers: size(name("num_hidden_layers", "n_layers"), 512)?,
            n_heads,
            intermediate: size(name("intermediate_size", "hidden_dim"), 4 * MAX_SIZE)?,
            max_tokens: n_positions - first_position,
            first_position,
            epsilon: epsilon as f32,
            activation,
        })
    }

    /// Numbers of one attention head.
    pub fn head_size(&self) -> usize {
        self.hidden / self.n_heads
    }

    /// Floating-point operations of one sequence of so many tokens: two for every multiplication that is added.
    pub fn operations(&self, n_tokens: usize) -> f64 {
        let (n, hidden) = (n_tokens as f64, self.hidden as f64);
        let matrices = hidden * (4.0 * hidden + 2.0 * self.intermediate as f64);
        self.n_layers as f64 * n * 2.0 * (matrices + 2.0 * n * hidden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn roberta() -> Value {
        json!({
            "model_type": "roberta", "vocab_size": 50265, "hidden_size": 768, "num_hidden_layers": 6,
            "num_attention_heads": 12, "intermediate_size": 3072, "max_position_embeddings": 514, "pad_token_id": 1,
            "layer_norm_eps": 1e-5, "hidden_act": "gelu",
        })
    }

    #[test]
    fn sizes_are_read() {
        let config = Config::read(&roberta(), "config.json").unwrap();
        assert_eq!((config.max_tokens, config.first_position, config.head_size()), (512, 2, 64));
        // 84.9 MFLOP per token in matrices and 9.4 in attention at 512 tokens.
        assert_eq!(config.operations(512) / 512.0, 84_934_656.0 + 9_437_184.0);
    }

    #[test]
    fn what_is_not_supported_is_said() {
        for (key, value, said) in [
            ("model_type", json!("deberta-v2"), "`model_type` is `deberta-v2`"),
            ("hidden_act", json!("silu"), "the activation is `silu`"),
            ("position_embedding_type", json!("relative_key"), "`relative_key`"),
            ("num_attention_heads", json!(13), "13 attention heads"),
            ("hidden_size", json!(1_000_000), "`hidden_size` is `1000000`"),
            ("hidden_size", json!(null), "`hidden_size` is `null`"),
            ("vocab_size", json!(-3), "`vocab_size` is `-3`"),
            ("pad_token_id", json!(600), "none of the 514 positions"),
            ("is_decoder", json!(true), "a decoder"),
            ("layer_norm_eps", json!(2), "`layer_norm_eps` is `2`"),
        ] {
            let mut json = roberta();
            json[key] = value;
            let error = Config::read(&json, "c").unwrap_err();
            assert!(error.message.contains(said), "{}", error.message);
        }
    }
}
