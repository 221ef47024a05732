//! Tests of the tokeniser on a vocabulary small enough to check by hand; the published ones are data tests.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use tokenmill_core::assets::MemoryAssets;

/// All 256 bytes (id = byte), then `th`, `the`, ` the`, `\n `, `<|` as ids 256 to 260.
pub(crate) fn rank_file() -> Vec<u8> {
    let bytes = (0u8..=255).map(|byte| vec![byte]);
    let merged = ["th", "the", " the", "\n ", "<|"].map(|token| token.as_bytes().to_vec());
    let lines = bytes.chain(merged).enumerate().map(|(rank, token)| format!("{} {rank}\n", STANDARD.encode(token)));
    lines.collect::<String>().into_bytes()
}

fn tokenizer(family: &str) -> Tokenizer {
    Tokenizer::from_rank_file(family, Family::named(family).unwrap(), &rank_file()).unwrap()
}

fn ids(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
    let mut ids = Vec::new();
    tokenizer.encode(text, &mut ids).unwrap();
    assert_eq!(tokenizer.decode(&ids).unwrap(), text.as_bytes());
    ids
}

#[test]
fn merges_apply_within_pieces_only() {
    let gpt2 = tokenizer("gpt2");
    assert_eq!(ids(&gpt2, "the thethe"), [257, 258, 257]);
    assert!(ids(&gpt2, "").is_empty());
    assert_eq!(ids(&gpt2, "x\n the"), [120, 10, 258]);
}

#[test]
fn the_text_of_special_tokens_stays_text() {
    for family in FAMILIES {
        let tokenizer = tokenizer(family.name);
        for (text, id) in family.special_tokens() {
            assert!(!ids(&tokenizer, &text).contains(&id), "{text}");
            assert_eq!(tokenizer.decode(&[id]).unwrap(), text.as_bytes());
        }
        assert_eq!(tokenizer.eos(), Some(family.eos));
        assert_eq!(tokenizer.vocab_size(), family.special_tokens().map(|(_, id)| id + 1).max().unwrap());
    }
}

#[test]
fn only_cl100k_takes_the_last_white_space_as_one_piece() {
    assert_eq!(ids(&tokenizer("cl100k"), "x\n "), [120, 259]);
    assert_eq!(ids(&tokenizer("llama3"), "x\n "), [120, 10, 32]);
    assert_eq!(ids(&tokenizer("cl100k"), "!\n "), [33, 10, 32]);
}

#[test]
fn long_texts_have_the_ids_of_their_parts_in_a_row() {
    for family in FAMILIES {
        let tokenizer = tokenizer(family.name);
        let once = ids(&tokenizer, " the 他们，the");
        let text = " the 他们，the".repeat(20_000);
        assert_eq!(ids(&tokenizer, &text), once.repeat(20_000), "{}", family.name);
        let run = "a".repeat(300_000);
        assert_eq!(ids(&tokenizer, &run), vec![97; 300_000]);
    }
}

#[test]
fn threads_share_one_tokenizer() {
    let tokenizer = tokenizer("gpt2");
    let want = ids(&tokenizer, "the quick the");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (tokenizer, want) = (tokenizer.clone(), &want);
            scope.spawn(move || assert_eq!(&ids(&tokenizer, "the quick the"), want));
        }
    });
}

#[test]
fn unknown_ids_are_errors() {
    assert_eq!(tokenizer("gpt2").decode(&[97, 300]), Err(TokenizerError::UnknownId(300)));
    assert_eq!(tokenizer("gpt2").decode(&[u32::MAX]), Err(TokenizerError::UnknownId(u32::MAX)));
}

#[test]
fn a_file_is_known_by_name_by_prefix_or_not_at_all() {
    let assets = MemoryAssets(BTreeMap::from([
        ("gpt2".to_owned(), rank_file().into()),
        ("dir/mine.tiktoken".to_owned(), rank_file().into()),
    ]));
    let named = Tokenizer::load("r50k", &assets).unwrap();
    let prefixed = Tokenizer::load("gpt2=dir/mine.tiktoken", &assets).unwrap();
    assert_eq!((named.name(), prefixed.name()), ("gpt2", "gpt2=dir/mine.tiktoken"));
    assert_eq!(named.digest(), prefixed.digest());
    assert_eq!(named.digest().len(), 64);

    let unknown = Tokenizer::load("dir/mine.tiktoken", &assets).err().unwrap();
    assert!(unknown.hint.unwrap().contains("`llama3=dir/mine.tiktoken`"));
    let family = Tokenizer::load("gpt9=dir/mine.tiktoken", &assets).err().unwrap();
    assert_eq!(family.hint.unwrap(), "known families: cl100k, gpt2, llama3, o200k, p50k");
    assert!(Tokenizer::load("missing.json", &assets).is_err());
    assert_eq!(Tokenizer::asset("r50k"), Ok("gpt2"));
    assert_eq!(Tokenizer::asset("gpt2=dir/mine.tiktoken"), Ok("dir/mine.tiktoken"));
    assert_eq!(Tokenizer::asset("https://host/a.json#sha256=0"), Ok("https://host/a.json#sha256=0"));
}

#[test]
fn json_and_the_older_form_give_the_ids_of_the_rank_file() {
    let vocabulary = |file: &[u8]| -> (Map<String, Value>, Vec<String>) {
        let tokens = ranks::parse(file).unwrap();
        let merges = ranks::merges(&tokens);
        let merges = merges.iter().map(|(l, r)| format!("{} {}", byte_level::write(l), byte_level::write(r))).collect();
        (tokens.iter().flatten().zip(0u64..).map(|(t, id)| (byte_level::write(t), id.into())).collect(), merges)
    };
    let (mut vocab, merges) = vocabulary(&rank_file());
    let json = json::write(vocab.clone(), merges.iter().map(|merge| merge.as_str().into()).collect(), Split::Gpt2);
    let from_json = Tokenizer::from_bytes("x", &serde_json::to_vec(&json).unwrap()).unwrap();
    vocab.insert("<|endoftext|>".into(), 261.into());
    let merges = format!("#version: 0.2\n{}\n", merges.join("\n"));
    let older = Tokenizer::from_vocab_and_merges("x", &serde_json::to_vec(&vocab).unwrap(), merges.as_bytes()).unwrap();
    let text = "the, <|endoftext|> the\n  x";
    let want = ids(&tokenizer("gpt2"), text);
    assert_eq!(ids(&from_json, text), want);
    assert_eq!(ids(&older, text), want);
    assert_eq!((from_json.eos(), older.eos(), older.vocab_size()), (None, Some(261), 262));
}

#[test]
fn broken_files_are_errors() {
    for bytes in [&b"{"[..], b"{}", b"{\"model\": 3}", b"\xff\xfe", b""] {
        assert!(Tokenizer::from_bytes("x", bytes).is_err());
        assert!(Tokenizer::from_rank_file("x", &FAMILIES[0], bytes).is_err());
    }
    let incomplete = Tokenizer::from_rank_file("x", &FAMILIES[0], b"YQ== 0\n").err().unwrap();
    assert_eq!(incomplete.to_string(), "tokenizer `x`: the vocabulary has no token for the single byte `0x00`");
}

/// A `tokenizer.json` with the vocabulary of [`rank_file`], the pattern of a family, and these parts changed.
fn file(split: Split, change: impl Fn(&mut Value)) -> Tokenizer {
    let tokens = ranks::parse(&rank_file()).unwrap();
    let texts: Vec<String> = tokens.iter().flatten().map(|token| byte_level::write(token)).collect();
    let vocabulary = texts.iter().enumerate().map(|(id, text)| (text.clone(), Value::from(id))).collect();
    let merges = ranks::merges(&tokens).into_iter();
    let merges = merges.map(|(left, right)| pair(byte_level::write(left), byte_level::write(right)));
    let mut file = json::write(vocabulary, merges.collect(), split);
    change(&mut file);
    Tokenizer::from_bytes("file", &serde_json::to_vec(&file).unwrap()).unwrap()
}

fn added(content: &str, id: u32, special: bool) -> Value {
    serde_json::json!({
        "id": id, "content": content, "special": special,
        "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
    })
}

#[test]
fn the_long_s_ends_a_contraction_where_case_does_not_count() {
    // A vocabulary that has `ſth` as one token tells the pieces apart.
    let longer = |split| {
        file(split, |file| {
            file["model"]["vocab"]["Å¿th"] = 261.into();
            file["model"]["vocab"]["Å¿"] = 262.into();
            let merges = file["model"]["merges"].as_array_mut().unwrap();
            merges.insert(0, pair("Å".into(), "¿".into()));
            merges.push(pair("Å¿".into(), "th".into()));
        })
    };
    assert_eq!(ids(&longer(Split::Llama3), "'ſth"), [39, 262, 256]);
    assert_eq!(ids(&longer(Split::Gpt2), "'ſth"), [39, 261]);
    assert_eq!(ids(&longer(Split::O200k), "b'ſth"), [98, 39, 262, 256]);
}

#[test]
fn added_tokens_count_unless_they_are_special() {
    let with_added = file(Split::Gpt2, |file| {
        file["added_tokens"] = Value::Array(vec![added("<think>", 261, false), added("<|end|>", 262, true)]);
        file["truncation"] =
            serde_json::json!({"max_length": 2, "stride": 0, "strategy": "LongestFirst", "direction": "Right"});
    });
    assert_eq!(ids(&with_added, "the<think>the"), [257, 261, 257]);
    assert_eq!(ids(&with_added, "<|end|>")[0], 260);
    assert_eq!(ids(&with_added, "<|end|>").len(), 6);
    assert_eq!((with_added.vocab_size(), with_added.decode(&[262]).unwrap()), (263, b"<|end|>".to_vec()));
    let long = "the\n<think>".repeat(20_000);
    assert_eq!(ids(&with_added, &long), [257, 10, 261].repeat(20_000));
}

#[test]
fn patterns_we_do_not_know_take_the_slow_path() {
    let own = file(Split::Llama3, |file| {
        file["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = r"\S+|\s+".into();
        file["added_tokens"] = Value::Array(vec![added("<|end|>", 261, true)]);
    });
    assert_eq!(ids(&own, "the the"), [257, 32, 257]);
    assert_eq!(ids(&own, "<|end|>")[0], 260);
    assert_eq!(own.decode(&[261]).unwrap(), b"<|end|>");
}

/// A file of a model that is not byte-level, from its parts.
fn general(model: Value, parts: &[(&str, Value)]) -> Result<Tokenizer, TokenizerError> {
    let mut file = serde_json::json!({"version": "1.0", "added_tokens": [], "model": model});
    parts.iter().for_each(|(name, part)| file[*name] = part.clone());
    Tokenizer::from_bytes("general", &serde_json::to_vec(&file).unwrap())
}

fn word_piece() -> Value {
    serde_json::json!({
        "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
        "vocab": {"[UNK]": 0, "un": 1, "##do": 2, "##ing": 3, "do": 4, "</s>": 5, "<": 6},
    })
}

#[test]
fn word_pieces_and_unigrams_are_encoded_by_their_own_rules() {
    let spaces = ("pre_tokenizer", serde_json::json!({"type": "BertPreTokenizer"}));
    let decoder = ("decoder", serde_json::json!({"type": "WordPiece", "prefix": "##", "cleanup": false}));
    let special = ("added_tokens", Value::Array(vec![added("</s>", 5, true)]));
    let pieces = general(word_piece(), &[spaces.clone(), decoder, special]).unwrap();
    let encoded = |tokenizer: &Tokenizer, text: &str| {
        let mut ids = vec![9];
        tokenizer.encode(text, &mut ids).unwrap();
        assert_eq!(ids.remove(0), 9, "ids are appended");
        ids
    };
    assert_eq!(encoded(&pieces, "undoing xyz do"), [1, 2, 3, 0, 4]);
    assert_eq!(pieces.decode(&[1, 2, 3, 4]).unwrap(), b"undoing do");
    assert_eq!(encoded(&pieces, "do</s>")[..2], [4, 6], "the text of a special token is text");
    assert_eq!((pieces.vocab_size(), pieces.bos(), pieces.eos()), (6 + 1, None, Some(5)));
    assert_eq!(pieces.decode(&[7]), Err(TokenizerError::UnknownId(7)));

    let vocabulary =
        serde_json::json!([["<unk>", 0.0], ["a", -1.0], ["b", -2.0], ["ab", -2.5], ["▁", -3.0], ["▁a", -1.5]]);
    let model = serde_json::json!({"type": "Unigram", "unk_id": 0, "vocab": vocabulary, "byte_fallback": false});
    let metaspace =
        serde_json::json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true});
    let unigram = general(model, &[("pre_tokenizer", metaspace.clone()), ("decoder", metaspace)]).unwrap();
    assert_eq!(encoded(&unigram, "ab a"), [5, 2, 5]);
    assert_eq!(unigram.decode(&[5, 2, 5]).unwrap(), b"ab a");
}

#[test]
fn files_the_slow_path_cannot_use_say_why() {
    let fails = |model: Value, parts: &[(&str, Value)]| general(model, parts).err().unwrap();
    let error = fails(serde_json::json!({"type": "Magic", "vocab": {}}), &[]);
    assert!(matches!(&error, TokenizerError::Vocabulary { hint: Some(hint), .. } if hint.contains("0.23")), "{error}");
    let moved = ("added_tokens", Value::Array(vec![added("</s>", 900, true)]));
    assert!(fails(word_piece(), &[moved]).to_string().contains("has the id 900 in the file, but its place gives 5"));
    let mut broken = word_piece();
    broken["vocab"]["far"] = 4_000_000_000u32.into();
    assert!(fails(broken, &[]).to_string().contains("too large"));
    let empty = serde_json::json!({"type": "WordLevel", "vocab": {}, "unk_token": "x"});
    assert!(fails(empty, &[]).to_string().contains("no tokens"));
}
