//! Vocabularies in all their forms, against the crate `tokenizers` on whole texts.

use super::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokenmill_core::assets::MemoryAssets;

/// A byte-level vocabulary: the bytes, and a few merges.
fn byte_level() -> (BTreeMap<String, usize>, Vec<String>) {
    let mut vocab: BTreeMap<String, usize> =
        [("<s>", 0), ("<pad>", 1), ("</s>", 2)].map(|(text, id)| (text.to_owned(), id)).into();
    let plain = |byte: u32| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let mut extra = 256;
    for byte in 0..256 {
        let code = if plain(byte) { byte } else { extra };
        extra += u32::from(!plain(byte));
        vocab.insert(char::from_u32(code).unwrap().to_string(), 3 + byte as usize);
    }
    let merges = ["Ġ t", "h e", "Ġt he", "o n", "Ġ Ġ", "ĠĠ ĠĠ", "Ã ©"].map(str::to_owned).to_vec();
    for merge in &merges {
        let id = vocab.len();
        vocab.insert(merge.replace(' ', ""), id);
    }
    (vocab, merges)
}

fn assets(files: &[(&str, &str)]) -> MemoryAssets {
    MemoryAssets(files.iter().map(|(name, text)| (format!("m/{name}"), text.as_bytes().into())).collect())
}

fn roberta() -> MemoryAssets {
    let (vocab, merges) = byte_level();
    let merges = format!("#version: 0.2\n{}\n", merges.join("\n"));
    assets(&[("vocab.json", &json!(vocab).to_string()), ("merges.txt", &merges)])
}

const WORDS: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\nheart\n##s\n##y\npump\n.\n";

fn texts() -> Vec<String> {
    let long = "the heart pumps on and on\n\n  é — 中文 1234 ".repeat(300);
    let odd = [" </s> the <s>", "", " ", "the", "onTHEon't", "\u{1F600}\u{0301}x", "ſ's 'S"];
    let words = format!("{} the end", "x".repeat(5000));
    odd.iter().map(|text| (*text).to_owned()).chain([long, words, " ".repeat(4000)]).collect()
}

#[test]
fn the_fast_engine_gives_the_ids_of_the_slow_one() {
    let fast = Tokenizer::load("m", &roberta(), 300).unwrap();
    let Engine::Fast(_) = &fast.engine else { panic!("RoBERTa's rules are the fast engine's") };
    let (_, bytes) = file::read("m", &roberta()).unwrap();
    let mut slow = General::from_bytes(&bytes).unwrap();
    slow.with_post_processor(None::<PostProcessorWrapper>);
    slow.set_encode_special_tokens(true);
    let slow = Tokenizer { engine: Engine::General(Box::new(slow)), prefix: vec![0], suffix: vec![2] };
    for text in texts() {
        for (max_tokens, max_windows) in [(16, 1), (7, 5), (512, 1), (512, 64)] {
            let windows = Windows { max_tokens, max_windows };
            assert_eq!(fast.windows(&text, windows).unwrap(), slow.windows(&text, windows).unwrap(), "{text:.20}");
        }
    }
}

#[test]
fn windows_are_the_whole_text_cut_evenly() {
    for tokenizer in [roberta(), assets(&[("vocab.txt", WORDS)])] {
        let tokenizer = Tokenizer::load("m", &tokenizer, 300).unwrap();
        for text in texts() {
            let whole = tokenizer.encode(&text).unwrap();
            let windows = tokenizer.windows(&text, Windows { max_tokens: 10, max_windows: 3 }).unwrap();
            let inner: Vec<u32> = windows.iter().flat_map(|w| w[1..w.len() - 1].to_vec()).collect();
            assert_eq!(inner, whole[..whole.len().min(24)], "{text:.20}");
            assert_eq!(windows.len(), whole.len().min(24).div_ceil(8).max(1));
            assert!(windows.iter().all(|window| window.len() <= 10));
        }
    }
}

#[test]
fn word_pieces_are_read_from_a_list() {
    let tokenizer = Tokenizer::load("m", &assets(&[("vocab.txt", WORDS)]), 10).unwrap();
    let windows =
        tokenizer.windows("The HEART pumps. [SEP] héarty", Windows { max_tokens: 64, max_windows: 1 }).unwrap();
    let unknown = 1;
    assert_eq!(
        windows,
        [[2, 4, 5, 8, 6, 9, unknown, unknown, unknown, 1, 3].to_vec()].map(|mut ids: Vec<u32>| {
            // `héarty` loses its accent: `hearty` is `heart` and `##y`.
            ids.splice(9..10, [5, 7]);
            ids
        })
    );
    let cased = assets(&[("vocab.txt", WORDS), ("tokenizer_config.json", r#"{"do_lower_case": false}"#)]);
    let cased = Tokenizer::load("m", &cased, 10).unwrap();
    assert_eq!(cased.windows("The heart", Windows { max_tokens: 8, max_windows: 1 }).unwrap(), [vec![2, 1, 5, 3]]);
}

#[test]
fn what_is_wrong_is_said() {
    let said = |assets: &MemoryAssets, n_words: usize| Tokenizer::load("m", assets, n_words).err().unwrap().message;
    assert_eq!(said(&assets(&[]), 10), "`m` has no vocabulary");
    assert!(said(&assets(&[("vocab.txt", WORDS)]), 9).contains("it has the id 9; the model knows 9 words"));
    assert!(said(&assets(&[("vocab.txt", "[UNK]\nthe\n")]), 9).contains("no token `[CLS]`"));
    assert!(said(&assets(&[("tokenizer.json", "{}")]), 9).starts_with("`m/tokenizer.json`: "));
    assert!(said(&assets(&[("vocab.json", "{"), ("merges.txt", "")]), 9).starts_with("`m/vocab.json`: "));
}

#[test]
fn other_rules_take_the_slow_engine() {
    let (vocab, merges) = byte_level();
    let write = |change: fn(&mut Value)| {
        let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
        let mut file = json!({"version": "1.0", "added_tokens": [], "pre_tokenizer": bytes,
            "model": {"type": "BPE", "vocab": vocab, "merges": merges}});
        change(&mut file);
        file::fast(file.to_string().as_bytes()).is_some()
    };
    assert!(write(|_| ()));
    assert!(!write(|file| file["pre_tokenizer"]["add_prefix_space"] = json!(true)));
    assert!(!write(|file| file["normalizer"] = json!({"type": "NFC"})));
    assert!(!write(|file| file["added_tokens"] = json!([{"id": 3, "content": "the", "special": false}])));
    assert!(!write(|file| file["model"]["end_of_word_suffix"] = json!("</w>")));
}

#[test]
fn padding_and_truncation_of_the_file_do_not_count() {
    let (_, bytes) = file::read("m", &roberta()).unwrap();
    let mut json: Value = serde_json::from_slice(&bytes).unwrap();
    json["padding"] = json!({"strategy": {"Fixed": 12}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 1,
        "pad_type_id": 0, "pad_token": "<pad>"});
    json["truncation"] = json!({"direction": "Right", "max_length": 12, "strategy": "LongestFirst", "stride": 0});
    let padded = Tokenizer::load("m", &assets(&[("tokenizer.json", &json.to_string())]), 300).unwrap();
    let plain = Tokenizer::load("m", &roberta(), 300).unwrap();
    for text in texts() {
        let windows = Windows { max_tokens: 64, max_windows: 2 };
        assert_eq!(padded.windows(&text, windows).unwrap(), plain.windows(&text, windows).unwrap());
    }
}
