//! `tokenizer.json`: writing one for a rank vocabulary, and reading tokens and rules out of a given one.

use super::byte_level;
use super::family::Split;
use super::ranks::Tokens;
use serde_json::{Map, Value, json};

/// Ids above this are refused, so that a broken file cannot ask for a table of gigabytes.
const MAX_ID: u64 = 1 << 21;

/// Words and numbers as Llama 3 and cl100k split them (the white space rule of [`Split::Cl100k`] is added elsewhere).
const WORDS: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)",
    r"|[^\r\n\p{L}\p{N}]?\p{L}+",
    r"|\p{N}{1,3}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*",
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
);

/// Words as o200k splits them: also where lower case turns into upper case.
const CASED_WORDS: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|\p{N}{1,3}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]*",
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
);

/// Tokens in the order of their ids and what a `tokenizer.json` says about special ones.
#[derive(Debug, Default)]
pub struct Contents {
    /// Bytes of every token, added tokens included.
    pub tokens: Tokens,
    /// Id of the token that begins a document.
    pub bos: Option<u32>,
    /// Id of the token that ends a document.
    pub eos: Option<u32>,
}

/// The `tokenizer.json` of a byte-level vocabulary without added tokens, so that special text stays text.
pub fn write(vocabulary: Map<String, Value>, merges: Vec<Value>, split: Split) -> Value {
    let byte_level = |use_regex: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex});
    let by_pattern = |pattern: &str| {
        let split = json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false});
        json!({"type": "Sequence", "pretokenizers": [split, byte_level(false)]})
    };
    let pre_tokenizer = match split {
        Split::Gpt2 => byte_level(true),
        Split::Llama3 | Split::Cl100k => by_pattern(WORDS),
        Split::O200k => by_pattern(CASED_WORDS),
    };
    // `ignore_merges`: a piece that is a token is that token, whether or not merging reaches it.
    let model = json!({"type": "BPE", "vocab": vocabulary, "merges": merges, "ignore_merges": true});
    json!({"version": "1.0", "added_tokens": [], "pre_tokenizer": pre_tokenizer, "model": model})
}

/// Reads tokens and special ids, and takes away what must not touch ids: truncation, padding, templates.
///
/// # Errors
/// When the file is not a byte-level BPE without chance in it, or a number is out of bounds.
pub fn read(file: &mut Value) -> Result<Contents, String> {
    let object = file.as_object_mut().ok_or("the file is not a JSON object")?;
    for key in ["truncation", "padding", "post_processor"] {
        object.insert(key.to_owned(), Value::Null);
    }
    let model = object.get("model").ok_or("the file has no `model`")?;
    check_model(model, object.get("pre_tokenizer"))?;
    let vocabulary = model.get("vocab").and_then(Value::as_object).ok_or("the model has no `vocab`")?;
    let mut contents = Contents::default();
    for (text, id) in vocabulary {
        let bytes = byte_level::read(text).unwrap_or_else(|| text.as_bytes().to_vec());
        contents.insert(id, bytes)?;
    }
    let added = object.get("added_tokens").and_then(Value::as_array);
    for token in added.into_iter().flatten() {
        let text = token.get("content").and_then(Value::as_str).ok_or("an added token has no `content`")?;
        let id = contents.insert(token.get("id").unwrap_or(&Value::Null), text.as_bytes().to_vec())?;
        if token.get("special").and_then(Value::as_bool) == Some(true) {
            contents.note_special(text, id);
        }
    }
    Ok(contents)
}

/// Whether ids follow from the text alone and bytes from the ids.
fn check_model(model: &Value, pre_tokenizer: Option<&Value>) -> Result<(), String> {
    let kind = model.get("type").and_then(Value::as_str).unwrap_or("BPE");
    if kind != "BPE" {
        return Err(format!("the model is `{kind}`, only byte-level BPE is supported"));
    }
    let falls_back = model.get("byte_fallback").and_then(Value::as_bool) == Some(true);
    if falls_back || !pre_tokenizer.is_some_and(has_byte_level) {
        return Err("the model is not byte-level: it has no `ByteLevel` pre-tokeniser".into());
    }
    if model.get("dropout").and_then(Value::as_f64).is_some_and(|rate| rate > 0.0) {
        return Err("the model has `dropout`, so its ids are random".into());
    }
    for affix in ["continuing_subword_prefix", "end_of_word_suffix"] {
        if model.get(affix).and_then(Value::as_str).is_some_and(|text| !text.is_empty()) {
            return Err(format!("the model has a `{affix}`, which byte-level BPE does not"));
        }
    }
    Ok(())
}

fn has_byte_level(pre_tokenizer: &Value) -> bool {
    let is_byte_level = |step: &Value| step.get("type").and_then(Value::as_str) == Some("ByteLevel");
    let steps = pre_tokenizer.get("pretokenizers").and_then(Value::as_array);
    is_byte_level(pre_tokenizer) || steps.is_some_and(|steps| steps.iter().any(is_byte_level))
}

impl Contents {
    fn insert(&mut self, id: &Value, bytes: Vec<u8>) -> Result<u32, String> {
        let id = id.as_u64().filter(|id| *id <= MAX_ID).ok_or_else(|| format!("`{id}` is not a token id"))?;
        let index = id as usize;
        if self.tokens.len() <= index {
            self.tokens.resize(index + 1, None);
        }
        self.tokens[index] = Some(bytes);
        Ok(id as u32)
    }

    /// Recognises the tokens that begin and end a document by the texts published models use.
    fn note_special(&mut self, text: &str, id: u32) {
        match text {
            "<|begin_of_text|>" | "<s>" | "<bos>" | "<｜begin▁of▁sentence｜>" => self.bos = self.bos.or(Some(id)),
            "<|end_of_text|>" | "<|endoftext|>" | "</s>" | "<eos>" | "<｜end▁of▁sentence｜>" => {
                self.eos = self.eos.or(Some(id));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minimal() -> Value {
        let mut file = write(Map::from_iter([("Ġ".to_owned(), json!(0))]), Vec::new(), Split::Gpt2);
        file["added_tokens"] = json!([
            {"id": 3, "content": "<|endoftext|>", "special": true},
            {"id": 2, "content": "  ", "special": false},
        ]);
        file["padding"] = json!({"length": 8});
        file
    }

    #[test]
    fn tokens_are_bytes_and_specials_are_found() {
        let mut file = minimal();
        let contents = read(&mut file).unwrap();
        assert_eq!(contents.tokens[0], Some(b" ".to_vec()));
        assert_eq!(contents.tokens[1], None);
        assert_eq!(contents.tokens[2], Some(b"  ".to_vec()));
        assert_eq!((contents.bos, contents.eos), (None, Some(3)));
        assert_eq!(file["padding"], Value::Null);
    }

    #[test]
    fn models_that_are_not_byte_level_are_refused() {
        let with = |change: fn(&mut Value)| {
            let mut file = minimal();
            change(&mut file);
            read(&mut file).unwrap_err()
        };
        assert!(with(|file| file["model"]["type"] = json!("Unigram")).contains("`Unigram`"));
        assert!(with(|file| file["model"]["byte_fallback"] = json!(true)).contains("not byte-level"));
        assert!(with(|file| file["pre_tokenizer"] = Value::Null).contains("not byte-level"));
        assert!(with(|file| file["model"]["dropout"] = json!(0.1)).contains("random"));
        assert!(with(|file| file["model"]["end_of_word_suffix"] = json!("</w>")).contains("end_of_word_suffix"));
        assert!(with(|file| file["model"]["vocab"]["x"] = json!(-1)).contains("`-1` is not a token id"));
        assert!(with(|file| file["model"]["vocab"]["x"] = json!(1u64 << 40)).contains("not a token id"));
        assert!(with(|file| *file = json!([])).contains("not a JSON object"));
    }
}
