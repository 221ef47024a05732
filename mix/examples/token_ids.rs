//! Writes hostile texts, and hashes of the ids that we and fastokens give: `cargo xtask bench tokens` compares them.
//!
//!     token_ids RANKS FOLDER KIND...
//!
//! RANKS is the rank file of Llama 3. Writes FOLDER/adversarial.texts, each a 32-bit little-endian length and UTF-8, and reads
//! FOLDER/KIND.txt, texts with a zero byte between them, and FOLDER/tokenizer.json for fastokens. Writes
//! FOLDER/ENCODER.KIND.hash: xxh3-64 of the little-endian ids of every text, 8 bytes each. Prints the tokens of each kind as
//! JSON.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measuring program"
)]

#[path = "../../tests/src/adversarial/mod.rs"]
mod adversarial;

use serde_json::{Map, Value};
use std::error::Error;
use std::path::Path;
use tokenmill_core::hash::hash64;
use tokenmill_mix::tokenize::Tokenizer;

/// The seed of the hostile texts.
const SEED: u64 = 1;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [ranks, folder, kinds @ ..] = arguments.as_slice() else {
        return Err("usage: token_ids RANKS FOLDER KIND...".into());
    };
    let folder = Path::new(folder);
    let ours = Tokenizer::from_bytes("llama3", &std::fs::read(ranks)?)?;
    let tokens: Vec<Vec<u8>> =
        (0..ours.vocab_size()).filter_map(|id| ours.decode(&[id]).ok()).filter(|token| !token.is_empty()).collect();
    let hostile = adversarial::adversarial(SEED, &tokens);
    write_texts(&folder.join("adversarial.texts"), &hostile)?;
    let file: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("tokenizer.json"))?)?;
    let fastokens = fastokens::Tokenizer::from_json(file)?;
    let mut n_tokens: Map<String, Value> = Map::new();
    let mut compare = |kind: &str, texts: &[&str]| -> Result<(), Box<dyn Error>> {
        let write =
            |encoder: &str, hashes: Vec<u8>| std::fs::write(folder.join(format!("{encoder}.{kind}.hash")), hashes);
        let mut n = 0;
        let hashes = texts.iter().flat_map(|text| {
            let mut ids = Vec::new();
            ours.encode(text, &mut ids).expect("a family encodes every text");
            n += ids.len();
            hash_of(&ids)
        });
        write("tokenmill", hashes.collect())?;
        n_tokens.insert(kind.to_owned(), n.into());
        let hashes =
            texts.iter().flat_map(|text| hash_of(&fastokens.encode_ordinary(text).expect("fastokens encodes")));
        write("fastokens", hashes.collect())?;
        Ok(())
    };
    for kind in kinds {
        let text = std::fs::read_to_string(folder.join(format!("{kind}.txt")))?;
        compare(kind, &text.split('\0').collect::<Vec<_>>())?;
    }
    compare("adversarial", &hostile.iter().map(String::as_str).collect::<Vec<_>>())?;
    println!("{}", Value::Object(n_tokens));
    Ok(())
}

fn hash_of(ids: &[u32]) -> [u8; 8] {
    let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
    hash64(0, &bytes).to_le_bytes()
}

fn write_texts(path: &Path, texts: &[String]) -> Result<(), Box<dyn Error>> {
    let mut bytes = Vec::new();
    for text in texts {
        bytes.extend_from_slice(&u32::try_from(text.len())?.to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    Ok(std::fs::write(path, bytes)?)
}
