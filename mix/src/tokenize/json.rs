//! `tokenizer.json`: writing one for a rank vocabulary, and reading tokens and rules out of a given one.

use super::byte_level;
use super::family::Split;
use super::ranks::Tokens;
use super::scan::Pattern;
use serde_json::{Map, Value, json};

/// Ids above this are refused, so that a broken file cannot ask for a table of gigabytes.
pub const MAX_ID: u64 = 1 << 21;

/// Words and numbers as Llama 3 and cl100k split them (the white space rule of [`Split::Cl100k`] is added elsewhere).
const WORDS: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)",
    r"|[^\r\n\p{L}\p{N}]?\p{L}+",
    r"|\p{N}{1,3}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*",
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
);

/// Words as Qwen 2 splits them: as `WORDS`, with digits one by one.
const SINGLE_DIGITS: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)",
    r"|[^\r\n\p{L}\p{N}]?\p{L}+",
    r"|\p{N}",
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
    /// Bytes of every token, added tokens included; nothing where the model is not byte-level.
    pub tokens: Tokens,
    /// Text and id of every added token.
    pub added: Vec<(String, u32)>,
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

/// Which engine a `tokenizer.json` needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Byte-level BPE behind a pattern that we know.
    Known(Pattern),
    /// Byte-level BPE with rules of its own.
    ByteLevel,
    /// Tokens are text.
    General,
}

/// Reads tokens and special ids, and takes away what must not touch ids: truncation, padding, templates.
///
/// # Errors
/// When the model has chance in it, or a number is out of bounds.
pub fn read(file: &mut Value) -> Result<(Contents, Rules), String> {
    let object = file.as_object_mut().ok_or("the file is not a JSON object")?;
    for key in ["truncation", "padding", "post_processor"] {
        object.insert(key.to_owned(), Value::Null);
    }
    let model = object.get("model").filter(|model| model.is_object()).ok_or("the file has no `model`")?;
    if model.get("dropout").and_then(Value::as_f64).is_some_and(|rate| rate > 0.0) {
        return Err("the model has `dropout`, so its ids are random".into());
    }
    let null = Value::Null;
    let part = |name: &str| object.get(name).unwrap_or(&null);
    let rules = match (is_byte_level(model, part("pre_tokenizer")), pattern(part("normalizer"), part("pre_tokenizer")))
    {
        (true, Some(pattern)) => Rules::Known(pattern),
        (true, None) => Rules::ByteLevel,
        (false, _) => Rules::General,
    };
    let mut contents = Contents::default();
    if rules != Rules::General {
        let vocabulary = model.get("vocab").and_then(Value::as_object).ok_or("the model has no `vocab`")?;
        for (text, id) in vocabulary {
            let bytes = byte_level::read(text).unwrap_or_else(|| text.as_bytes().to_vec());
            contents.insert(number(id)?, bytes);
        }
    }
    for token in part("added_tokens").as_array().into_iter().flatten() {
        let text = token.get("content").and_then(Value::as_str).ok_or("an added token has no `content`")?;
        let id = number(token.get("id").unwrap_or(&Value::Null))?;
        // What the model has is written in its own alphabet.
        if rules != Rules::General && contents.tokens.get(id as usize).is_none_or(Option::is_none) {
            contents.insert(id, text.as_bytes().to_vec());
        }
        if token.get("special").and_then(Value::as_bool) == Some(true) {
            contents.note_special(text, id);
        }
        contents.added.push((text.to_owned(), id));
    }
    Ok((contents, rules))
}

/// Whether every token is a string of bytes, written in the alphabet of GPT-2.
fn is_byte_level(model: &Value, pre_tokenizer: &Value) -> bool {
    let is_step = |step: &Value| step["type"] == "ByteLevel";
    let steps = pre_tokenizer["pretokenizers"].as_array();
    let has_step = is_step(pre_tokenizer) || steps.is_some_and(|steps| steps.iter().any(is_step));
    let is_empty = |name: &str| model[name].as_str().is_none_or(str::is_empty);
    let is_bpe = model["type"] == "BPE" || (model["type"].is_null() && model["merges"].is_array());
    is_bpe
        && has_step
        && model["byte_fallback"] != true
        && is_empty("continuing_subword_prefix")
        && is_empty("end_of_word_suffix")
}

/// The pattern by which a file splits, if it is one that we know and nothing but NFC happens to a text before.
fn pattern(normalizer: &Value, pre_tokenizer: &Value) -> Option<Pattern> {
    if !(normalizer.is_null() || normalizer["type"] == "NFC") {
        return None;
    }
    let bytes_only = |step: &Value| step["type"] == "ByteLevel" && step["add_prefix_space"] == false;
    if bytes_only(pre_tokenizer) && pre_tokenizer["use_regex"] != false {
        return Some(Pattern::Gpt2);
    }
    let steps = pre_tokenizer["pretokenizers"].as_array().filter(|_| pre_tokenizer["type"] == "Sequence")?;
    let [split, bytes] = steps.as_slice() else { return None };
    let keeps_matches = (split["behavior"] == "Isolated" && split["invert"] != true)
        || (split["behavior"] == "Removed" && split["invert"] == true);
    if split["type"] != "Split" || !keeps_matches || !bytes_only(bytes) || bytes["use_regex"] != false {
        return None;
    }
    match split["pattern"]["Regex"].as_str()? {
        WORDS => Some(Pattern::Words { digits: 3 }),
        SINGLE_DIGITS => Some(Pattern::Words { digits: 1 }),
        CASED_WORDS => Some(Pattern::CasedWords),
        _ => None,
    }
}

/// A token id within bounds.
fn number(id: &Value) -> Result<u32, String> {
    let number = id.as_u64().filter(|id| *id <= MAX_ID).and_then(|id| u32::try_from(id).ok());
    number.ok_or_else(|| format!("`{id}` is not a token id"))
}

impl Contents {
    fn insert(&mut self, id: u32, bytes: Vec<u8>) {
        let index = id as usize;
        if self.tokens.len() <= index {
            self.tokens.resize(index + 1, None);
        }
        self.tokens[index] = Some(bytes);
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
        let (contents, rules) = read(&mut file).unwrap();
        assert_eq!(rules, Rules::Known(Pattern::Gpt2));
        assert_eq!(contents.tokens[0], Some(b" ".to_vec()));
        assert_eq!(contents.tokens[1], None);
        assert_eq!(contents.tokens[2], Some(b"  ".to_vec()));
        assert_eq!(contents.added, [("<|endoftext|>".to_owned(), 3), ("  ".to_owned(), 2)]);
        assert_eq!((contents.bos, contents.eos), (None, Some(3)));
        assert_eq!(file["padding"], Value::Null);
    }

    fn changed(change: fn(&mut Value)) -> Result<(Contents, Rules), String> {
        let mut file = minimal();
        change(&mut file);
        read(&mut file)
    }

    #[test]
    fn what_we_do_not_know_goes_to_the_slow_engine() {
        let rules = |change| changed(change).unwrap().1;
        assert_eq!(rules(|file| file["normalizer"] = json!({"type": "NFC"})), Rules::Known(Pattern::Gpt2));
        assert_eq!(rules(|file| file["normalizer"] = json!({"type": "Lowercase"})), Rules::ByteLevel);
        assert_eq!(rules(|file| file["pre_tokenizer"]["add_prefix_space"] = json!(true)), Rules::ByteLevel);
        assert_eq!(rules(|file| file["model"]["type"] = json!("Unigram")), Rules::General);
        assert_eq!(rules(|file| file["model"]["byte_fallback"] = json!(true)), Rules::General);
        assert_eq!(rules(|file| file["pre_tokenizer"] = Value::Null), Rules::General);
        assert_eq!(rules(|file| file["model"]["end_of_word_suffix"] = json!("</w>")), Rules::General);
    }

    #[test]
    fn patterns_are_known_to_the_letter() {
        for split in [Split::Gpt2, Split::Llama3, Split::O200k] {
            let file = write(Map::new(), Vec::new(), split);
            assert_eq!(pattern(&Value::Null, &file["pre_tokenizer"]), Some(split.into()));
            let step = |change: &dyn Fn(&mut Value)| {
                let mut pre_tokenizer = file["pre_tokenizer"].clone();
                change(&mut pre_tokenizer["pretokenizers"][0]);
                pattern(&Value::Null, &pre_tokenizer)
            };
            if split != Split::Gpt2 {
                assert_eq!(step(&|step| step["invert"] = json!(true)), None);
                assert_eq!(step(&|step| step["pattern"]["Regex"] = json!(r"\S+|\s+")), None);
            }
        }
    }

    #[test]
    fn files_with_chance_or_broken_ids_are_refused() {
        let with = |change| changed(change).unwrap_err();
        assert!(with(|file| file["model"]["dropout"] = json!(0.1)).contains("random"));
        assert!(with(|file| file["model"]["vocab"]["x"] = json!(-1)).contains("`-1` is not a token id"));
        assert!(with(|file| file["model"]["vocab"]["x"] = json!(1u64 << 40)).contains("not a token id"));
        assert!(with(|file| file["added_tokens"][0]["id"] = json!("3")).contains("not a token id"));
        assert!(with(|file| *file = json!([])).contains("not a JSON object"));
        assert!(with(|file| file["model"] = json!(3)).contains("no `model`"));
    }
}
