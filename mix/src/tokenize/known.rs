//! The fast engine: byte-level BPE behind a splitting pattern that we know to the letter, on one thread.

use super::error::TokenizerError;
use super::scan::Pattern;
use super::{Engine, cut, trailing};
use serde_json::{Value, json};

/// A byte-level vocabulary with one of our patterns, in fastokens.
pub struct Known {
    fast: fastokens::Tokenizer,
    pattern: Pattern,
    /// Whether white space at the very end of a text is one piece, as in tiktoken's cl100k.
    joins_last_space: bool,
    /// Whether nothing happens to a text before it is split: no normaliser, no added token that counts.
    is_plain: bool,
}

impl Known {
    /// Takes the `tokenizer.json` of a byte-level BPE, whose pattern is `pattern`.
    ///
    /// Special tokens are not looked for; other added tokens are, as the published encoders do.
    ///
    /// # Errors
    /// When fastokens cannot read the file.
    pub fn new(mut file: Value, pattern: Pattern, joins_last_space: bool) -> Result<Known, String> {
        let added = file.get("added_tokens").and_then(Value::as_array);
        let is_special = |token: &Value| token.get("special").and_then(Value::as_bool) == Some(true);
        let has_words = added.into_iter().flatten().any(|token| !is_special(token));
        if !has_words {
            file["added_tokens"] = json!([]);
        }
        let is_plain = !has_words && file.get("normalizer").is_none_or(Value::is_null);
        let fast = fastokens::Tokenizer::from_json(file).map_err(|error| error.to_string())?;
        Ok(Known { fast, pattern, joins_last_space, is_plain })
    }

    /// Encodes text that is normalised and free of added tokens.
    fn encode_text(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), String> {
        let (body, tail) = if self.joins_last_space { trailing::split(text) } else { (text, "") };
        for part in cut::pieces(body) {
            let has_long_s = self.pattern.folds_case() && part.contains("'ſ");
            if has_long_s || part.len() >= cut::LONG_BYTES {
                // The pieces go to the model one by one: this is the pattern in full, and never another thread.
                let mut pieces = self.pattern.pieces(part);
                pieces.try_for_each(|piece| self.fast.model().tokenize_into_fused(piece, ids))?;
            } else {
                ids.extend(self.fast.encode_ordinary(part).map_err(|error| error.to_string())?);
            }
        }
        self.fast.model().tokenize_into_fused(tail, ids)
    }
}

impl Engine for Known {
    fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), TokenizerError> {
        if self.is_plain {
            return self.encode_text(text, ids).map_err(TokenizerError::Encode);
        }
        let parts = self.fast.build_pre_tokenized_with(text, true);
        for part in parts.splits() {
            match part.token_id {
                Some(id) => ids.push(id),
                None => self.encode_text(parts.split_text(part), ids).map_err(TokenizerError::Encode)?,
            }
        }
        Ok(())
    }
}
