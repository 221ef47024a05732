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
