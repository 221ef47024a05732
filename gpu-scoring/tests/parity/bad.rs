//! Models that cannot be read: the message names the file and what is wrong in it.

use crate::fixture::Fixture;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use tokenmill_core::BuildError;
use tokenmill_gpu_scoring::encoder::Encoder;

/// A tensor to be changed: its type, its shape, its bytes.
type Tensor = (Dtype, Vec<usize>, Vec<u8>);

/// The weights of a model, in which one tensor is changed, or left out when nothing is returned.
fn changed(fixture: &Fixture, name: &str, change: fn(Tensor) -> Option<Tensor>) -> Arc<[u8]> {
    let mut is_found = false;
    let file = SafeTensors::deserialize(&fixture.weights).unwrap();
    let mut tensors: Vec<(String, Tensor)> = Vec::new();
    for (known, view) in file.tensors() {
        let tensor = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
        is_found |= known == name;
        let tensor = if known == name { change(tensor) } else { Some(tensor) };
        tensors.extend(tensor.map(|tensor| (known, tensor)));
    }
    assert!(is_found, "there is no `{name}` to change");
    let mut views = Vec::new();
    for (name, (kind, shape, bytes)) in &tensors {
        views.push((name.clone(), TensorView::new(*kind, shape.clone(), bytes).unwrap()));
    }
    serialize(views, None).unwrap().into()
}

fn with(fixture: &Fixture, pointer: &str, value: Value) -> Vec<u8> {
    let mut config: Value = serde_json::from_slice(&fixture.config).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    config.pointer_mut(parent).unwrap()[key] = value;
    serde_json::to_vec(&config).unwrap()
}

/// What a test does to a tensor; none leaves it out.
type Change = fn(Tensor) -> Option<Tensor>;

fn refused(config: &[u8], weights: &Arc<[u8]>) -> BuildError {
    match Encoder::read(config, weights, "models/bad") {
        Ok(_) => panic!("a bad model was read"),
        Err(error) => error,
    }
}

#[test]
fn weights_that_do_not_fit_are_named() {
    let fixture = Fixture::open("bert");
    let bias = "bert.encoder.layer.1.output.dense.bias";
    let cases: [(&str, Change, &str); 7] = [
        (bias, |_| None, "`bert.encoder.layer.1.output.dense.bias` is missing"),
        ("bert.pooler.dense.weight", |_| None, "`bert.pooler.dense.weight` is missing"),
        ("classifier.weight", |_| None, "has no head: there is no tensor `classifier.weight`"),
        ("bert.embeddings.word_embeddings.weight", |_| None, "embeddings.word_embeddings.weight` is missing"),
        (bias, |(kind, _, bytes)| Some((kind, vec![12, 2], bytes)), "has shape [12, 2]; `config.json` says [24]"),
        (bias, |(_, shape, bytes)| Some((Dtype::I32, shape, bytes)), "is of type I32"),
        (
            bias,
            |(kind, shape, mut bytes)| {
                bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes());
                Some((kind, shape, bytes))
            },
            "holds `NaN` at 0",
        ),
    ];
    for (name, change, said) in cases {
        let error = refused(&fixture.config, &changed(&fixture, name, change));
        assert!(error.message.contains("`models/bad/model.safetensors`"), "{}", error.message);
        assert!(error.message.contains(said), "{}", error.message);
    }
}

#[test]
fn files_that_end_too_early_are_no_models() {
    let fixture = Fixture::open("bert");
    let n = fixture.weights.len();
    for length in [0, 7, 8, 100, n / 2, n - 1] {
        let error = refused(&fixture.config, &fixture.weights[..length].into());
        assert!(
            error.message.starts_with("`models/bad/model.safetensors` is no safetensors file"),
            "{}",
            error.message
        );
    }
    // A header that claims to be longer than memory.
    let mut claims = fixture.weights.to_vec();
    claims[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(refused(&fixture.config, &claims.into()).message.contains("is no safetensors file"));
    for length in [0, 1, fixture.config.len() / 2] {
        let error = refused(&fixture.config[..length], &fixture.weights);
        assert!(error.message.starts_with("`models/bad/config.json` is no JSON"), "{}", error.message);
    }
}

#[test]
fn a_config_of_something_else_is_refused() {
    let bert = Fixture::open("bert");
    for (pointer, value, said) in [
        ("/model_type", json!("deberta-v2"), "`model_type` is `deberta-v2`"),
        ("/hidden_size", json!(48), "has shape [100, 24]; `config.json` says [100, 48]"),
        ("/vocab_size", json!(101), "has shape [100, 24]; `config.json` says [101, 24]"),
        ("/num_hidden_layers", json!(3), "`bert.encoder.layer.2.attention.self.query.weight` is missing"),
        ("/intermediate_size", json!(41), "`config.json` says [41, 24]"),
        ("/max_position_embeddings", json!(39), "has shape [40, 24]; `config.json` says [39, 24]"),
        ("/problem_type", json!("regression"), "a regression has one number"),
    ] {
        let error = refused(&with(&bert, pointer, value), &bert.weights);
        assert!(error.message.contains("models/bad/") && error.message.contains(said), "{}", error.message);
    }
}

#[test]
fn heads_that_are_not_described_well_are_refused() {
    let heads = Fixture::open("heads");
    for (pointer, value, said) in [
        ("/tokenmill_heads", json!([]), "must list 1 to 64 heads"),
        ("/tokenmill_heads", json!({"quality": "regression"}), "must list 1 to 64 heads"),
        ("/tokenmill_heads/0/name", json!(""), "has no `name`"),
        ("/tokenmill_heads/1/name", json!("quality"), "two heads are called `quality`"),
        ("/tokenmill_heads/0/name", json!("depth"), "`heads.depth.out.weight` is missing"),
        ("/tokenmill_heads/0/kind", json!("softmax"), "head `quality`: `kind` is `softmax`"),
        ("/tokenmill_heads/1/labels", json!(["0", 1]), "head `level`: `labels` must list 1 to 1024 texts"),
        ("/tokenmill_heads/1/labels", json!(["0", "1"]), "has shape [6, 12]; `config.json` says [2, 12]"),
        ("/tokenmill_heads/2/pooling", json!("max"), "head `Topic`: `pooling` is `max`"),
        ("/tokenmill_heads/1/activation", json!("gelu"), "head `level`: `activation` is `gelu`"),
    ] {
        let error = refused(&with(&heads, pointer, value), &heads.weights);
        assert!(error.message.contains("models/bad/") && error.message.contains(said), "{}", error.message);
    }
}
