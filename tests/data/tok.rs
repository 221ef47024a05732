//! Token ids of real vocabularies: equal to those of the tokenisers that defined them, on real and on hostile texts.

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use support::archive;
use tokenmill_core::hash::Digester;
use tokenmill_mix::tokenize::{Family, Tokenizer};

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(archive("tok").join(name)).unwrap()
}

fn rank_file(family: &str, name: &str) -> Tokenizer {
    Tokenizer::from_rank_file(family, Family::named(family).unwrap(), &bytes(name)).unwrap()
}

fn encode(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
    let mut ids = Vec::new();
    tokenizer.encode(text, &mut ids).unwrap();
    ids
}

/// The lines of the archive: a text and its ids by vocabulary.
fn expected() -> Vec<Value> {
    let file = std::fs::File::open(archive("tok").join("expected_ids.jsonl.gz")).unwrap();
    let lines = BufReader::new(MultiGzDecoder::new(file)).lines();
    let rows: Vec<Value> = lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    assert_eq!(rows.len(), 1_666);
    rows
}

/// Compares with the ids of the archive, made with tiktoken 0.14.
fn has_ids_of_the_archive(tokenizer: &Tokenizer, vocabulary: &str) {
    for row in expected() {
        let text = row["text"].as_str().unwrap();
        let expected: Vec<u32> = serde_json::from_value(row["ids"][vocabulary].clone()).unwrap();
        let found = encode(tokenizer, text);
        assert_eq!(found, expected, "{vocabulary}: {text}");
        assert_eq!(tokenizer.decode(&found).unwrap(), text.as_bytes(), "{vocabulary}");
    }
}

#[test]
fn llama3_has_the_expected_ids() {
    let llama3 = rank_file("llama3", "llama3_tokenizer.model");
    assert_eq!((llama3.vocab_size(), llama3.bos(), llama3.eos()), (128_256, Some(128_000), Some(128_001)));
    assert_eq!(encode(&llama3, "Hello, world!"), [9906, 11, 1917, 0]);
    has_ids_of_the_archive(&llama3, "llama3");
}

#[test]
fn cl100k_has_the_expected_ids() {
    let cl100k = rank_file("cl100k", "cl100k_base.tiktoken");
    assert_eq!((cl100k.vocab_size(), cl100k.bos(), cl100k.eos()), (100_277, None, Some(100_257)));
    has_ids_of_the_archive(&cl100k, "cl100k");
}

#[test]
fn o200k_has_the_expected_ids() {
    let o200k = rank_file("o200k", "o200k_base.tiktoken");
    assert_eq!((o200k.vocab_size(), o200k.bos(), o200k.eos()), (200_019, None, Some(199_999)));
    has_ids_of_the_archive(&o200k, "o200k");
}

#[test]
fn gpt2_has_the_expected_ids_in_all_its_forms() {
    let rank_file = rank_file("gpt2", "r50k_base.tiktoken");
    let older =
        Tokenizer::from_vocab_and_merges("older", &bytes("gpt2_encoder.json"), &bytes("gpt2_vocab.bpe")).unwrap();
    let json = std::fs::read(archive("models").join("gpt2_bpe/tokenizer.json")).unwrap();
    let json = Tokenizer::from_bytes("json", &json).unwrap();
    for tokenizer in [rank_file, older, json] {
        assert_eq!((tokenizer.vocab_size(), tokenizer.eos()), (50_257, Some(50_256)), "{}", tokenizer.name());
        has_ids_of_the_archive(&tokenizer, "r50k_gpt2");
    }
}

#[test]
fn a_rank_file_is_known_by_its_content() {
    let names = [
        "llama3_tokenizer.model",
        "cl100k_base.tiktoken",
        "o200k_base.tiktoken",
        "r50k_base.tiktoken",
        "p50k_base.tiktoken",
    ];
    let families = names.map(|name| Tokenizer::from_bytes("some/path", &bytes(name)).unwrap().name().to_owned());
    assert_eq!(families, ["llama3", "cl100k", "o200k", "gpt2", "p50k"]);
}

/// A SentencePiece-like BPE with bytes for what it does not know, on the slow path.
#[test]
fn llama2_is_encoded_without_its_special_tokens() {
    let llama2 = Tokenizer::from_bytes("llama2", &bytes("llama2_tokenizer.json")).unwrap();
    assert_eq!((llama2.vocab_size(), llama2.bos(), llama2.eos()), (32_003, Some(1), Some(2)));
    assert_eq!(encode(&llama2, "Hello, world!"), [15043, 29892, 3186, 29991]);
    let text = "<s>中\u{378}</s>";
    let ids = encode(&llama2, text);
    assert_eq!(ids, [529, 29879, 29958, 30275, 208, 187, 829, 29879, 29958]);
    assert_eq!(llama2.decode(&ids).unwrap(), text.as_bytes());
    assert!(llama2.decode(&[32_003]).is_err());
}

/// The encoder beneath starts threads of its own for texts of 64 KiB and more, unless it is kept from it.
#[cfg(target_os = "linux")]
#[test]
fn long_texts_stay_on_the_thread_that_calls() {
    let tokenizers = [
        rank_file("llama3", "llama3_tokenizer.model"),
        rank_file("gpt2", "r50k_base.tiktoken"),
        rank_file("o200k", "o200k_base.tiktoken"),
    ];
    for tokenizer in &tokenizers {
        for unit in ["1\n", "x\n", "the end, ", "中", "e\u{301}\n"] {
            let text = unit.repeat(200_000 / unit.len());
            assert!(tokenizer.decode(&encode(tokenizer, &text)).is_ok(), "{unit:?}");
        }
    }
    let names = std::fs::read_dir("/proc/self/task").unwrap().filter_map(|task| {
        let name = std::fs::read_to_string(task.unwrap().path().join("comm")).ok()?;
        name.starts_with("fastokens").then_some(name)
    });
    assert_eq!(names.collect::<Vec<_>>(), Vec::<String>::new());
}

/// What a text is made of, many times over: runs that merge badly, white space, marks, joiners, scripts.
const UNITS: [&str; 32] = [
    "a",
    "ab",
    "A",
    "é",
    "中",
    "가",
    "1",
    " ",
    "\n",
    "\t",
    " \n",
    "\r\n",
    "-",
    "=",
    "/",
    "\n/",
    "!",
    "'",
    "'s",
    "'S",
    "'ſ",
    "\u{301}",
    "e\u{301}",
    "👍",
    "👩🏽\u{200d}🚀",
    "\u{a0}",
    "\u{3000}",
    "aA",
    "א",
    "م١",
    "का",
    "<|endoftext|>",
];

/// Every unit in runs of many lengths, alone, within words, and at the end after a word and before white space.
fn hostile() -> Vec<String> {
    let mut texts = Vec::new();
    for unit in UNITS {
        for times in [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 63, 64, 100, 129, 1_000] {
            let run = unit.repeat(times);
            texts.extend([
                run.clone(),
                format!("x{run}y"),
                format!("x {run}"),
                format!("{run} \n z"),
                format!("{run}\n  "),
            ]);
        }
    }
    texts
}

/// Digest of all ids, each text's preceded by their number, all as little-endian 32-bit words.
fn digest<'a>(tokenizer: &Tokenizer, texts: impl Iterator<Item = &'a str>) -> String {
    let mut digester = Digester::new();
    for text in texts {
        let ids = encode(tokenizer, text);
        let words = std::iter::once(ids.len() as u32).chain(ids);
        words.for_each(|word| digester.update(&word.to_le_bytes()));
    }
    digester.hex()
}

/// Digests recorded from tiktoken 0.14.0, for GPT-NeoX and Llama 2 from tokenizers 0.23.3 with
/// `encode_special_tokens`: of the texts of the archive, and of [`hostile`].
const RECORDED: [(&str, &str, &str, &str); 7] = [
    ("llama3", "llama3_tokenizer.model", "9408a8c0713a932d92f1bd6f5c8a8da3", "93dbfd3e05d9330ca1c01aed65cd525d"),
    ("cl100k", "cl100k_base.tiktoken", "0096aa81bdca20cadc94434b7d516fe3", "ccf37fb5ab769a8275b2521f7d01b8da"),
    ("o200k", "o200k_base.tiktoken", "b58d4c8202ce939282ecc4ab290d3776", "c58f4bff992a36402f061a64bd7a7584"),
    ("gpt2", "r50k_base.tiktoken", "012c5b416d41ac6e417c0f21bd693a60", "2d9317a0215d5f4229ca6e6a6c76dad1"),
    ("p50k", "p50k_base.tiktoken", "8ee0d0e3d7982e89b36c0757ee461b1c", "0444f56b34ae0c038ce23d07abca678e"),
    ("neox", "gpt-neox_tokenizer.json", "e5c2d3f46214f02b244234beda900145", "b88b3f46c52183281bb791c51389bf47"),
    ("llama2", "llama2_tokenizer.json", "ef5506a4f05b993b5254c7734a773d84", "56b969be23fcca512e68644d66e703b2"),
];

#[test]
fn hostile_texts_have_the_ids_of_the_reference() {
    let (real, hostile) = (expected(), hostile());
    for (name, file, of_real, of_hostile) in RECORDED {
        let tokenizer = Tokenizer::from_bytes(name, &bytes(file)).unwrap();
        let real = real.iter().map(|row| row["text"].as_str().unwrap());
        assert_eq!(digest(&tokenizer, real), of_real, "{name}, texts of the archive");
        assert_eq!(digest(&tokenizer, hostile.iter().map(String::as_str)), of_hostile, "{name}, hostile texts");
    }
}

/// A quadratic encoder would be at it for hours.
#[test]
fn a_million_equal_letters_are_no_trouble() {
    for (family, file) in [("llama3", "llama3_tokenizer.model"), ("gpt2", "r50k_base.tiktoken")] {
        let tokenizer = rank_file(family, file);
        for unit in ["a", " ", "\n", "1", "中", "ab", "'ſ", "\u{301}"] {
            let text = unit.repeat(1_000_000 / unit.len());
            assert_eq!(tokenizer.decode(&encode(&tokenizer, &text)).unwrap(), text.as_bytes());
        }
    }
}
