//! Text to token ids and back: one narrow interface over all kinds of vocabularies.
//!
//! Encoding is always the ordinary one: the text of a special token (`<|endoftext|>` in a web page) is encoded as
//! the text it is, as by `encode_ordinary` of tiktoken and with `encode_special_tokens` of Hugging Face's tokenizers.
//! Tokens that a `tokenizer.json` adds without calling them special belong to its vocabulary like any other (the runs
//! of spaces of GPT-NeoX), so their text gets their id, there as here. Truncation, padding and templates of the file
//! are not applied. Runs of any length are merged whole: the 25,000-character cut of Meta's Llama 3 wrapper changes
//! ids and is not made.
//!
//! Two engines do the work. Byte-level BPE with the splitting pattern of GPT-2, cl100k, Llama 3, Qwen 2 or o200k is
//! fast, and exact to tiktoken 0.14, whose Unicode is version 16. Everything else goes through the crate `tokenizers`,
//! which is slower by a factor of 10 to 50, and takes its time where a pattern meets a million spaces in a row.

mod byte_level;
mod cut;
mod error;
mod family;
mod general;
mod json;
mod known;
mod ranks;
mod scan;
#[cfg(test)]
pub(crate) mod tests;
mod trailing;

pub use error::TokenizerError;
pub use family::{FAMILIES, Family, Split};

use general::General;
use json::Rules;
use known::Known;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use tokenmill_core::{Assets, BuildError};

/// A vocabulary and its rules, shared by all threads; cloning is cheap.
#[derive(Clone)]
pub struct Tokenizer(Arc<Inner>);

/// What turns text into ids, on the thread that calls.
trait Engine: Send + Sync {
    /// Appends the ids of `text`.
    fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), TokenizerError>;
}

struct Inner {
    name: String,
    digest: String,
    engine: Box<dyn Engine>,
    decoder: Decoder,
    bos: Option<u32>,
    eos: Option<u32>,
}

/// What turns ids into bytes.
enum Decoder {
    /// The bytes of every token, to be put one behind the other.
    Bytes(ranks::Tokens),
    /// The rules of a file whose tokens are text.
    Rules(Arc<General>),
}

impl Tokenizer {
    /// Loads what a recipe names: a family (`llama3`), a file (`models/tokenizer.json`), or a rank file together
    /// with the family whose rules apply to it (`cl100k=models/mine.tiktoken`). `gpt2@2048` is the vocabulary of its first
    /// 2,048 tokens: those of the single bytes and the first merges, which are a vocabulary of their own.
    ///
    /// # Errors
    /// When the asset cannot be had or is not a vocabulary we can use.
    pub fn load(spec: &str, assets: &dyn Assets) -> Result<Tokenizer, BuildError> {
        let Named { family, asset, first } = parse_spec(spec)?;
        let bytes = assets.bytes(asset)?;
        let named = || Family::named(asset).or_else(|| Family::of_rank_file(&sha256(&bytes)));
        Ok(match (family, first) {
            (Some(family), first) => Tokenizer::from_ranks(spec, family, &bytes, first)?,
            (None, Some(first)) => {
                let family = named().ok_or_else(|| {
                    TokenizerError::vocabulary(spec, "only a rank file has first tokens that are a vocabulary")
                        .with_hint("for a rank file of your own, say whose rules apply to it: `llama3=my.model@2048`")
                })?;
                Tokenizer::from_ranks(spec, family, &bytes, Some(first))?
            }
            (None, None) => Tokenizer::from_bytes(asset, &bytes)?,
        })
    }

    /// The asset behind what a recipe names, which need not be there yet.
    ///
    /// # Errors
    /// When the recipe names an unknown family.
    pub fn asset(spec: &str) -> Result<&str, TokenizerError> {
        parse_spec(spec).map(|named| named.asset)
    }

    /// Reads a vocabulary file and finds out by its content what it is: a `tokenizer.json` or a known rank file.
    ///
    /// # Errors
    /// When the content is neither, or cannot be used.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Tokenizer, TokenizerError> {
        if bytes.trim_ascii_start().starts_with(b"{") {
            return Tokenizer::from_json(name, bytes);
        }
        let family = Family::named(name).or_else(|| Family::of_rank_file(&sha256(bytes)));
        let family = family.ok_or_else(|| {
            TokenizerError::vocabulary(name, "the file is not JSON and not a rank file we know")
                .with_hint(format!("for a rank file, say whose rules apply to it, for example `llama3={name}`"))
        })?;
        Tokenizer::from_rank_file(family.name, family, bytes)
    }

    /// Reads a rank file (`base64 rank` lines) under the rules of a family.
    ///
    /// # Errors
    /// Names the broken line.
    pub fn from_rank_file(name: &str, family: &'static Family, bytes: &[u8]) -> Result<Tokenizer, TokenizerError> {
        Tokenizer::from_ranks(name, family, bytes, None)
    }

    /// As [`Tokenizer::from_rank_file`]; of the `first` tokens alone, if so many are wanted. Behind those, only the end token
    /// follows, and the begin token where the family has one.
    fn from_ranks(
        name: &str,
        family: &'static Family,
        bytes: &[u8],
        first: Option<usize>,
    ) -> Result<Tokenizer, TokenizerError> {
        let fail = |problem: String| TokenizerError::vocabulary(name, problem);
        let mut tokens = ranks::parse(bytes).map_err(fail)?;
        let (mut digest, mut marks) = (sha256(bytes), (family.bos, family.eos));
        let mut specials: Vec<(String, u32)> = family.special_tokens().collect();
        if let Some(first) = first.filter(|first| *first < tokens.len()) {
            tokens.truncate(first);
            digest = sha256(format!("{digest}@{first}").as_bytes());
            let eos = first as u32;
            let bos = family.bos.map(|_| eos + 1);
            let new = |id: u32| if id == family.eos { Some(eos) } else { bos.filter(|_| Some(id) == family.bos) };
            specials = specials.into_iter().filter_map(|(text, id)| Some((text, new(id)?))).collect();
            marks = (bos, eos);
        }
        let merges = ranks::merges(&tokens)
            .into_iter()
            .map(|(left, right)| pair(byte_level::write(left), byte_level::write(right)));
        // The engine wants every id in use; a name outside the byte alphabet can never be met in a text.
        let text_of = |id: usize| match &tokens[id] {
            Some(token) => byte_level::write(token),
            None => format!("\u{E000}unused {id}"),
        };
        let vocabulary: Map<String, Value> = (0..tokens.len()).map(|id| (text_of(id), Value::from(id))).collect();
        let file = json::write(vocabulary, merges.collect(), family.split);
        for (text, id) in specials {
            let id = id as usize;
            tokens.resize(tokens.len().max(id + 1), None);
            tokens[id] = Some(text.into_bytes());
        }
        let engine = Known::new(file, family.split.into(), family.split == Split::Cl100k).map_err(fail)?;
        let contents = json::Contents { tokens, added: Vec::new(), bos: marks.0, eos: Some(marks.1) };
        Tokenizer::of_bytes(name, digest, Box::new(engine), contents)
    }

    /// Reads the older form of a vocabulary: `vocab.json` (or `encoder.json`) and `merges.txt` (or `vocab.bpe`),
    /// with the splitting pattern of GPT-2, the only one that was published so.
    ///
    /// # Errors
    /// When either file is malformed.
    pub fn from_vocab_and_merges(name: &str, vocab: &[u8], merges: &[u8]) -> Result<Tokenizer, TokenizerError> {
        let fail = |problem: String| TokenizerError::vocabulary(name, problem);
        let vocabulary: Map<String, Value> = serde_json::from_slice(vocab).map_err(|error| fail(error.to_string()))?;
        let lines = std::str::from_utf8(merges).map_err(|_| fail("the merges are not UTF-8".into()))?.lines();
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("#version"));
        let merges = lines.map(Value::from).collect();
        let mut file = json::write(vocabulary, merges, Split::Gpt2);
        let (mut contents, _) = json::read(&mut file).map_err(fail)?;
        let is_end = |token: &Option<Vec<u8>>| token.as_deref() == Some(b"<|endoftext|>");
        contents.eos = contents.tokens.iter().position(is_end).and_then(|id| u32::try_from(id).ok());
        let engine = Known::new(file, Split::Gpt2.into(), false).map_err(fail)?;
        Tokenizer::of_bytes(name, sha256(vocab), Box::new(engine), contents)
    }

    fn from_json(name: &str, bytes: &[u8]) -> Result<Tokenizer, TokenizerError> {
        let fail = |problem: String| TokenizerError::vocabulary(name, problem);
        let mut file: Value = serde_json::from_slice(bytes).map_err(|error| fail(error.to_string()))?;
        let (contents, rules) = json::read(&mut file).map_err(fail)?;
        let digest = sha256(bytes);
        let general = || {
            let general = General::new(bytes, &contents).map_err(fail);
            general.map_err(|error| error.with_hint("the file must be one that `tokenizers` 0.23 can read"))
        };
        match rules {
            Rules::Known(pattern) => {
                let engine = Known::new(file, pattern, false).map_err(fail)?;
                Tokenizer::of_bytes(name, digest, Box::new(engine), contents)
            }
            Rules::ByteLevel => {
                let engine = general()?;
                Tokenizer::of_bytes(name, digest, Box::new(engine), contents)
            }
            Rules::General => {
                let general = Arc::new(general()?);
                let (engine, decoder) = (Box::new(Arc::clone(&general)), Decoder::Rules(general));
                let json::Contents { bos, eos, .. } = contents;
                Ok(Tokenizer(Arc::new(Inner { name: name.to_owned(), digest, engine, decoder, bos, eos })))
            }
        }
    }

    /// A tokeniser whose tokens are byte strings.
    fn of_bytes(
        name: &str,
        digest: String,
        engine: Box<dyn Engine>,
        contents: json::Contents,
    ) -> Result<Tokenizer, TokenizerError> {
        let json::Contents { tokens, bos, eos, .. } = contents;
        // With every byte that UTF-8 uses in the vocabulary, every text has an encoding.
        let mut missing = (0u8..=0xF4).filter(|byte| !matches!(byte, 0xC0 | 0xC1));
        let single: BTreeSet<u8> = tokens.iter().flatten().filter(|t| t.len() == 1).map(|t| t[0]).collect();
        if let Some(byte) = missing.find(|byte| !single.contains(byte)) {
            let problem = format!("the vocabulary has no token for the single byte `{byte:#04x}`");
            return Err(TokenizerError::vocabulary(name, problem));
        }
        let decoder = Decoder::Bytes(tokens);
        Ok(Tokenizer(Arc::new(Inner { name: name.to_owned(), digest, engine, decoder, bos, eos })))
    }

    /// Appends the ids of `text`, without begin or end tokens.
    ///
    /// With a rank file this is linear in the text, whatever it holds, and stays on this thread. A `tokenizer.json` may bring
    /// rules that are neither, and has texts of 256 KiB and more searched for its added tokens by several threads.
    ///
    /// # Errors
    /// Never with a rank file; a `tokenizer.json` may bring rules that give up on a text.
    pub fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), TokenizerError> {
        self.0.engine.encode(text, ids)
    }

    /// The bytes of a sequence of ids; a special id gives the text of the special token. Where tokens are text and not
    /// bytes, what the rules of the file have changed (white space, case, unknown characters) does not come back.
    ///
    /// # Errors
    /// When an id is not in the vocabulary.
    pub fn decode(&self, ids: &[u32]) -> Result<Vec<u8>, TokenizerError> {
        let tokens = match &self.0.decoder {
            Decoder::Bytes(tokens) => tokens,
            Decoder::Rules(general) => return general.decode(ids),
        };
        let mut bytes = Vec::with_capacity(ids.len() * 4);
        for id in ids {
            let token = tokens.get(*id as usize).and_then(Option::as_deref);
            bytes.extend_from_slice(token.ok_or(TokenizerError::UnknownId(*id))?);
        }
        Ok(bytes)
    }

    /// One more than the largest id, special tokens included: the rows of an embedding.
    pub fn vocab_size(&self) -> u32 {
        let size = match &self.0.decoder {
            Decoder::Bytes(tokens) => tokens.len(),
            Decoder::Rules(general) => general.vocab_size(),
        };
        u32::try_from(size).unwrap_or(u32::MAX)
    }

    /// Id that begins a document, if the vocabulary has one that is not also the end.
    pub fn bos(&self) -> Option<u32> {
        self.0.bos
    }

    /// Id that ends a document, if the vocabulary has one.
    pub fn eos(&self) -> Option<u32> {
        self.0.eos
    }

    /// Name of the family, or the name or path the vocabulary was asked for.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Sha256 of the vocabulary file, hexadecimal.
    pub fn digest(&self) -> &str {
        &self.0.digest
    }
}

fn pair(left: String, right: String) -> Value {
    Value::Array(vec![left.into(), right.into()])
}

/// What a recipe names.
struct Named<'a> {
    /// Whose rules apply to a rank file, if it says so.
    family: Option<&'static Family>,
    /// The file.
    asset: &'a str,
    /// How many of its tokens are wanted, if not all.
    first: Option<usize>,
}

/// `family=asset`, the name of a family, or an asset (whose address may hold a `=` as well); each with the number of its first
/// tokens behind an `@`, if not all are wanted.
fn parse_spec(spec: &str) -> Result<Named<'_>, TokenizerError> {
    let is_name = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    let cut = spec.rsplit_once('@').and_then(|(rest, number)| Some((rest, number.parse::<usize>().ok()?)));
    let (spec, first) = cut.map_or((spec, None), |(rest, first)| (rest, Some(first)));
    let (family, asset) = match spec.split_once('=') {
        Some((name, asset)) if is_name(name) => match Family::named(name) {
            Some(family) => (Some(family), asset),
            None => {
                let names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
                return Err(TokenizerError::vocabulary(spec, format!("there is no vocabulary family `{name}`"))
                    .with_hint(format!("known families: {}", names.join(", "))));
            }
        },
        _ => (None, Family::named(spec).map_or(spec, |family| family.name)),
    };
    Ok(Named { family, asset, first })
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
