//! Texts to sequences of ids: as much of a text as a model looks at, cut into windows that begin and end as it was trained.
//!
//! Text that looks like a special token (`</s>` in a web page) is text, as in the token stores of this house.

mod cut;
mod file;

use cut::head;
use tokenizers::{PostProcessorWrapper, Tokenizer as General};
use tokenmill_core::{Assets, BuildError};

/// A vocabulary and what the model puts around a text. Shared by all threads.
pub struct Tokenizer {
    engine: Engine,
    /// Before a text: `[CLS]`.
    prefix: Vec<u32>,
    /// Behind it: `[SEP]`.
    suffix: Vec<u32>,
}

/// What turns text into ids, on the thread that calls.
enum Engine {
    /// Byte-level BPE with the splitting pattern of GPT-2 (RoBERTa): 40 times as fast, and the same ids.
    Fast(Box<fastokens::Tokenizer>),
    /// Everything else.
    General(Box<General>),
}

/// How a long document is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Tokens of a sequence, with what the model puts around it.
    pub max_tokens: usize,
    /// Sequences of a document, at most; text beyond them is not looked at.
    pub max_windows: usize,
}

/// Tokens that a text must have beyond those that are looked at, so that where it was cut cannot show.
const MARGIN: usize = 8;

impl Tokenizer {
    /// Reads the vocabulary of the model in `folder`: `tokenizer.json`, else `vocab.json` and `merges.txt` (RoBERTa), else
    /// `vocab.txt` (BERT). `n_words` is how many words the model knows.
    ///
    /// # Errors
    /// When there is none, it cannot be read, or it has ids that the model does not know.
    pub fn load(folder: &str, assets: &dyn Assets, n_words: usize) -> Result<Tokenizer, BuildError> {
        let (name, bytes) = file::read(folder, assets)?;
        let refuse = |why: String| BuildError::new(format!("`{name}`: {why}"));
        let mut general = General::from_bytes(&bytes).map_err(|error| refuse(error.to_string()))?;
        general.with_truncation(None).map_err(|error| refuse(error.to_string()))?;
        general.with_padding(None);
        let (prefix, suffix) = around(&general).map_err(refuse)?;
        general.with_post_processor(None::<PostProcessorWrapper>);
        general.set_encode_special_tokens(true);
        let largest = general.get_vocab(true).into_values().max().unwrap_or(0);
        if largest as usize >= n_words {
            let hint = "the files belong to different models";
            return Err(refuse(format!("it has the id {largest}; the model knows {n_words} words")).hint(hint));
        }
        let engine = match file::fast(&bytes) {
            Some(fast) => Engine::Fast(Box::new(fast)),
            None => Engine::General(Box::new(general)),
        };
        Ok(Tokenizer { engine, prefix, suffix })
    }

    /// Tokens that are put around every text.
    pub fn n_around(&self) -> usize {
        self.prefix.len() + self.suffix.len()
    }

    /// The windows of a text, each a sequence for the model; one at least.
    ///
    /// # Errors
    /// When the rules of the file give up on the text.
    pub fn windows(&self, text: &str, windows: Windows) -> Result<Vec<Vec<u32>>, String> {
        let room = windows.max_tokens.saturating_sub(self.n_around()).max(1);
        let ids = self.first(text, room.saturating_mul(windows.max_windows.max(1)))?;
        let around = |ids: &[u32]| [&self.prefix, ids, &self.suffix].concat();
        if ids.is_empty() {
            return Ok(vec![around(&[])]);
        }
        Ok(ids.chunks(room).map(around).collect())
    }

    /// The first `wanted` ids of a text. Reading stops not far behind them, however long the text is.
    fn first(&self, text: &str, wanted: usize) -> Result<Vec<u32>, String> {
        let mut bytes = wanted.saturating_mul(6).saturating_add(256);
        loop {
            let part = head(text, bytes);
            let mut ids = self.encode(part)?;
            if part.len() == text.len() || ids.len() >= wanted.saturating_add(MARGIN) {
                ids.truncate(wanted);
                return Ok(ids);
            }
            bytes = bytes.saturating_mul(2);
        }
    }

    fn encode(&self, text: &str) -> Result<Vec<u32>, String> {
        match &self.engine {
            Engine::Fast(engine) => engine.encode_ordinary(text).map_err(|error| error.to_string()),
            Engine::General(engine) => {
                let encoding = engine.encode_fast(text, false).map_err(|error| error.to_string())?;
                Ok(encoding.get_ids().to_vec())
            }
        }
    }
}

/// The ids that a file's template puts before and behind a text.
fn around(general: &General) -> Result<(Vec<u32>, Vec<u32>), String> {
    let ids = |with: bool| general.encode_fast("a", with).map(|encoding| encoding.get_ids().to_vec());
    let (bare, whole) = (ids(false).map_err(|e| e.to_string())?, ids(true).map_err(|e| e.to_string())?);
    let at = whole.windows(bare.len().max(1)).position(|part| part == bare);
    match at.filter(|_| !bare.is_empty()) {
        Some(at) => Ok((whole[..at].to_vec(), whole[at + bare.len()..].to_vec())),
        None => Err("its template does not leave a text whole".to_owned()),
    }
}

#[cfg(test)]
mod tests;
