//! A tiny model in `tests/fixtures`, and what `make.py` has found out about it.

use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_gpu_scoring::encoder::Encoder;

/// All models: float32, float16, bfloat16, float32, float16.
pub const ALL: [&str; 5] = ["bert", "roberta", "xlm-roberta", "distilbert", "heads"];

fn read(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read(folder.join(name)).expect("fixtures are in the repository")
}

/// A model's files.
pub struct Fixture {
    /// `config.json`
    pub config: Vec<u8>,
    /// `model.safetensors`
    pub weights: Arc<[u8]>,
    name: &'static str,
    expected: Value,
}

impl Fixture {
    /// Reads the files of this model.
    pub fn open(name: &'static str) -> Fixture {
        let read = |file: &str| read(&format!("{name}/{file}"));
        let expected = serde_json::from_slice(&read("expected.json")).expect("JSON");
        Fixture { config: read("config.json"), weights: read("model.safetensors").into(), name, expected }
    }

    /// The files, for those who ask for them by name.
    pub fn assets(&self) -> MemoryAssets {
        let tokenizer =
            (format!("{}/tokenizer.json", self.name), read(&format!("{}/tokenizer.json", self.name)).into());
        MemoryAssets([tokenizer].into())
    }

    /// The model.
    pub fn encoder(&self) -> Encoder {
        Encoder::read(&self.config, &self.weights, self.name)
            .unwrap_or_else(|error| panic!("{}: {} ({:?})", self.name, error.message, error.hint))
    }

    /// The texts.
    pub fn texts(&self) -> Vec<String> {
        let texts = self.expected["texts"].as_array().expect("a list").iter();
        texts.map(|text| text.as_str().expect("a text").to_owned()).collect()
    }

    /// The ids of each text.
    pub fn ids(&self) -> Vec<Vec<u32>> {
        let texts = self.expected["ids"].as_array().expect("a list").iter();
        let number = |id: &Value| u32::try_from(id.as_u64().expect("a number")).expect("an id");
        texts.map(|ids| ids.as_array().expect("a list").iter().map(number).collect()).collect()
    }

    /// The logits of a head for a text.
    pub fn logits(&self, head: &str, text: usize) -> Vec<f32> {
        let heads = self.expected["heads"].as_array().expect("a list");
        let head = heads.iter().find(|known| known["name"] == head).unwrap_or_else(|| panic!("no head `{head}`"));
        let logits = head["logits"][text].as_array().expect("a list");
        logits.iter().map(|logit| logit.as_f64().expect("a number") as f32).collect()
    }

    /// A score of a text.
    pub fn score(&self, name: &str, text: usize) -> f32 {
        let score = self.expected["scores"][name][text].as_f64();
        score.unwrap_or_else(|| panic!("{}: no score `{name}` is expected", self.name)) as f32
    }

    /// Scores of each text.
    pub fn n_scores(&self) -> usize {
        self.expected["scores"].as_object().expect("scores by name").len()
    }
}
