//! The slow engine: any `tokenizer.json` (SentencePiece-like BPE, Unigram, WordPiece, other patterns) through the
//! crate `tokenizers`, on one thread.

use super::Engine;
use super::error::TokenizerError;
use super::json::{Contents, MAX_ID};
use std::sync::Arc;
use tokenizers::{PostProcessorWrapper, Tokenizer};

/// A vocabulary of any kind, with its own rules.
pub struct General {
    tokenizer: Tokenizer,
    /// Whether an id is in use.
    is_known: Vec<bool>,
}

impl General {
    /// Takes the bytes of a `tokenizer.json`, and what was read from it.
    ///
    /// Bytes, because a score that is written and read once more may be another in its last bit, and decide ties.
    ///
    /// # Errors
    /// When the file is not one for this crate, or its ids are out of bounds or not those it says.
    pub fn new(bytes: &[u8], contents: &Contents) -> Result<General, String> {
        let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(|error| error.to_string())?;
        tokenizer.with_truncation(None).map_err(|error| error.to_string())?;
        tokenizer.with_padding(None).with_post_processor(None::<PostProcessorWrapper>);
        tokenizer.set_encode_special_tokens(true);
        for (text, id) in &contents.added {
            let found = tokenizer.token_to_id(text);
            if found != Some(*id) {
                let found = found.map_or("none".to_owned(), |id| id.to_string());
                return Err(format!(
                    "the added token `{text}` has the id {id} in the file, but its place gives {found}"
                ));
            }
        }
        let vocabulary = tokenizer.get_vocab(true);
        let largest = vocabulary.values().copied().max().ok_or("the file has no tokens")?;
        if u64::from(largest) > MAX_ID {
            return Err(format!("the token id {largest} is too large; ids are at most {MAX_ID}"));
        }
        let mut is_known = vec![false; largest as usize + 1];
        vocabulary.values().for_each(|id| is_known[*id as usize] = true);
        Ok(General { tokenizer, is_known })
    }

    /// One more than the largest id.
    pub fn vocab_size(&self) -> usize {
        self.is_known.len()
    }

    /// The text of ids as the file's decoder puts it together, which may drop a space at the start.
    ///
    /// # Errors
    /// When an id is not in the vocabulary.
    pub fn decode(&self, ids: &[u32]) -> Result<Vec<u8>, TokenizerError> {
        let is_known = |id: &u32| self.is_known.get(*id as usize) == Some(&true);
        if let Some(unknown) = ids.iter().find(|id| !is_known(id)) {
            return Err(TokenizerError::UnknownId(*unknown));
        }
        let text = self.tokenizer.decode(ids, false).map_err(|error| TokenizerError::Decode(error.to_string()))?;
        Ok(text.into_bytes())
    }
}

impl Engine for Arc<General> {
    fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), TokenizerError> {
        self.as_ref().encode(text, ids)
    }
}

impl Engine for General {
    fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), TokenizerError> {
        let encoding = self.tokenizer.encode_fast(text, false);
        let encoding = encoding.map_err(|error| TokenizerError::Encode(error.to_string()))?;
        ids.extend_from_slice(encoding.get_ids());
        Ok(())
    }
}
