//! The files of a vocabulary, whichever a model has, in the form of `tokenizer.json`.

use serde_json::{Map, Value, json};
use std::sync::Arc;
use tokenmill_core::{Assets, BuildError};

/// Largest file that is read.
const MAX_BYTES: usize = 256 << 20;

/// Reads a model's vocabulary; says what messages call it, and its content as a `tokenizer.json`.
pub fn read(folder: &str, assets: &dyn Assets) -> Result<(String, Arc<[u8]>), BuildError> {
    let name = |file: &str| format!("{folder}/{file}");
    let bytes = |file: &str| -> Result<Arc<[u8]>, BuildError> {
        let bytes = assets.bytes(&name(file))?;
        if bytes.len() > MAX_BYTES {
            return Err(BuildError::new(format!(
                "`{}` has {} bytes; the limit is {MAX_BYTES}",
                name(file),
                bytes.len()
            )));
        }
        Ok(bytes)
    };
    let is_there = |file: &str| assets.is_there(&name(file));
    let written = |file: &str, json: Value| Ok((name(file), json.to_string().into_bytes().into()));
    if is_there("tokenizer.json") {
        return Ok((name("tokenizer.json"), bytes("tokenizer.json")?));
    }
    if is_there("vocab.json") && is_there("merges.txt") {
        let (vocab, merges) = (bytes("vocab.json")?, bytes("merges.txt")?);
        return written("vocab.json", roberta(&vocab, &merges).map_err(|why| refuse(&name("vocab.json"), &why))?);
    }
    if is_there("vocab.txt") {
        let config =
            if is_there("tokenizer_config.json") { bytes("tokenizer_config.json")? } else { Arc::from(*b"{}") };
        let json = bert(&bytes("vocab.txt")?, &config).map_err(|why| refuse(&name("vocab.txt"), &why))?;
        return written("vocab.txt", json);
    }
    let hint =
        "`tokenizer.json`, or `vocab.json` and `merges.txt`, or `vocab.txt`; `tokenizer.save_pretrained` writes them";
    Err(BuildError::new(format!("`{folder}` has no vocabulary")).hint(hint))
}

fn refuse(name: &str, why: &str) -> BuildError {
    BuildError::new(format!("`{name}`: {why}"))
}

/// Byte-level BPE as RoBERTa has it.
fn roberta(vocab: &[u8], merges: &[u8]) -> Result<Value, String> {
    let vocab: Map<String, Value> = serde_json::from_slice(vocab).map_err(|error| error.to_string())?;
    let merges = std::str::from_utf8(merges).map_err(|_| "the merges beside it are not UTF-8")?;
    let merges = merges.lines().filter(|line| !line.is_empty() && !line.starts_with("#version"));
    let merges: Vec<&str> = merges.collect();
    let pair = |token: &str| match vocab.get(token) {
        Some(id) => Ok(json!([token, id])),
        None => Err(format!("it has no token `{token}`")),
    };
    let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
    let around = json!({"type": "RobertaProcessing", "cls": pair("<s>")?, "sep": pair("</s>")?, "trim_offsets": true,
        "add_prefix_space": false});
    Ok(json!({"version": "1.0", "added_tokens": [], "pre_tokenizer": bytes, "post_processor": around,
        "model": {"type": "BPE", "vocab": vocab, "merges": merges}}))
}

/// WordPiece as BERT has it.
fn bert(vocab: &[u8], config: &[u8]) -> Result<Value, String> {
    let config: Value = serde_json::from_slice(config).map_err(|error| format!("`tokenizer_config.json`: {error}"))?;
    let words = std::str::from_utf8(vocab).map_err(|_| "it is not UTF-8")?;
    let vocab: Map<String, Value> = words.lines().enumerate().map(|(id, word)| (word.to_owned(), id.into())).collect();
    let pair = |token: &str| match vocab.get(token) {
        Some(id) => Ok(json!([token, id])),
        None => Err(format!("it has no token `{token}`")),
    };
    let flag = |key: &str, default: bool| config[key].as_bool().unwrap_or(default);
    let lower = flag("do_lower_case", true);
    let normalizer = json!({"type": "BertNormalizer", "clean_text": true, "strip_accents": config["strip_accents"],
        "handle_chinese_chars": flag("tokenize_chinese_chars", true), "lowercase": lower});
    let around = json!({"type": "BertProcessing", "cls": pair("[CLS]")?, "sep": pair("[SEP]")?});
    pair("[UNK]")?;
    Ok(json!({"version": "1.0", "added_tokens": [], "normalizer": normalizer,
        "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": around,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocab}}))
}

/// The fast engine, where the file has exactly its rules: byte-level BPE with GPT-2's pattern, nothing done to a text
/// before it is split, and no added words but special ones, which are not looked for.
pub fn fast(bytes: &[u8]) -> Option<fastokens::Tokenizer> {
    let mut file: Value = serde_json::from_slice(bytes).ok()?;
    let (model, split) = (&file["model"], &file["pre_tokenizer"]);
    let is_empty = |value: &Value| value.is_null() || value.as_str() == Some("");
    let is_bpe = model["type"] == "BPE" || (model["type"].is_null() && model["merges"].is_array());
    let is_plain = is_bpe
        && model["byte_fallback"] != true
        && model["dropout"].as_f64().is_none_or(|rate| rate == 0.0)
        && is_empty(&model["continuing_subword_prefix"])
        && is_empty(&model["end_of_word_suffix"])
        && split["type"] == "ByteLevel"
        && split["add_prefix_space"] == false
        && split["use_regex"] != false
        && file["normalizer"].is_null();
    let added = file["added_tokens"].as_array();
    let has_words = added.into_iter().flatten().any(|token| token["special"] != true);
    if !is_plain || has_words {
        return None;
    }
    for key in ["truncation", "padding", "post_processor"] {
        file[key] = Value::Null;
    }
    file["added_tokens"] = json!([]);
    fastokens::Tokenizer::from_json(file).ok()
}
