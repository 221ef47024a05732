//! Token ids against the published tokenisers themselves: tiktoken on hostile and real texts, Hugging Face's on models
//! of all kinds.

use std::path::Path;

use support::{adversarial, python, root};
use tokenmill_core::Assets as _;
use tokenmill_mix::tokenize::{Family, Tokenizer};
use tokenmill_store::assets::Assets;

const FAMILIES: [&str; 4] = ["llama3", "cl100k", "o200k", "gpt2"];

/// The pattern of `llama_models/llama3/tokenizer.py`; tiktoken has the others.
const LLAMA3: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
);

fn script(args: &[&str], folder: &Path) {
    let mut command = python();
    command.arg(root().join("tests/services/tokenizer_ids.py")).args(args).current_dir(folder);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Little-endian 32-bit numbers.
fn number(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

fn read_texts(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap();
    let (mut at, mut texts) = (0, Vec::new());
    while at < bytes.len() {
        let end = at + 4 + number(&bytes, at);
        texts.push(String::from_utf8(bytes[at + 4..end].to_vec()).unwrap());
        at = end;
    }
    texts
}

fn write_texts(path: &Path, texts: &[String]) {
    let mut bytes = Vec::new();
    for text in texts {
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    std::fs::write(path, bytes).unwrap();
}

/// Compares with the ids of the reference, one text after the other, and shows the first texts that differ.
fn compare(tokenizer: &Tokenizer, texts: &[String], reference: &Path) {
    let bytes = std::fs::read(reference).unwrap();
    let (mut at, mut n_different, mut shown) = (0, 0, String::new());
    for text in texts {
        let end = at + 4 * (1 + number(&bytes, at));
        let expected: Vec<u32> = (at + 4..end).step_by(4).map(|at| number(&bytes, at) as u32).collect();
        at = end;
        let mut ids = Vec::new();
        tokenizer.encode(text, &mut ids).unwrap();
        if ids != expected {
            n_different += 1;
            if n_different <= 5 {
                let text: String = text.chars().take(200).collect();
                let first = ids.iter().zip(&expected).take_while(|(a, b)| a == b).count();
                shown += &format!("\n{text:?} from id {first} on");
            }
        }
    }
    assert_eq!(at, bytes.len(), "the reference has as many texts");
    assert_eq!(n_different, 0, "{} of {} texts differ:{shown}", n_different, texts.len());
}

/// The tokens of the rank file, from which texts with near misses are made.
fn tokens(tokenizer: &Tokenizer) -> Vec<Vec<u8>> {
    (0..tokenizer.vocab_size()).filter_map(|id| tokenizer.decode(&[id]).ok()).collect()
}

/// Runs that some encoders take quadratic time for, and that ours must neither cut nor give to threads. tiktoken itself
/// gives up on a million spaces, so there are fewer.
fn long_runs() -> Vec<String> {
    let units = [
        "a",
        "A",
        " ",
        "\n",
        "\r\n",
        " \n",
        "\t",
        "1",
        "中",
        "!",
        "é",
        "e\u{301}",
        "'s",
        "'ſ",
        "aB",
        "<|",
        "👍\u{200d}",
    ];
    let mut texts: Vec<String> = units.iter().map(|unit| unit.repeat(500_000 / unit.len())).collect();
    texts.extend(units.iter().map(|unit| format!("it'ſ x{}y\n ", unit.repeat(80_000 / unit.len()))));
    texts.push("1, 2,\n3; ".repeat(30_000));
    texts
}

#[test]
fn ids_are_those_of_tiktoken() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let assets = Assets::open(path("assets")).unwrap();
    script(&["corpus", "corpus.bin", "20000000"], folder.path());
    let corpus = read_texts(&path("corpus.bin"));
    let n_bytes: usize = corpus.iter().map(String::len).sum();
    assert!(n_bytes >= 20_000_000, "{n_bytes} bytes of real text");

    let mut tokenizers = Vec::new();
    for name in FAMILIES {
        let bytes = assets.bytes(name).unwrap();
        std::fs::write(path(&format!("{name}.tiktoken")), &bytes).unwrap();
        std::fs::write(path(&format!("{name}.pattern")), if name == "llama3" { LLAMA3 } else { "" }).unwrap();
        tokenizers.push(Tokenizer::from_rank_file(name, Family::named(name).unwrap(), &bytes).unwrap());
    }
    let mut texts: Vec<String> = Vec::new();
    for (seed, tokenizer) in (1..).zip(&tokenizers) {
        texts.extend(adversarial(seed, &tokens(tokenizer)));
    }
    assert!(texts.len() >= 40_000);
    texts.extend(long_runs());
    texts.extend(corpus);
    write_texts(&path("texts.bin"), &texts);
    script(&[&["tiktoken", "."][..], &FAMILIES].concat(), folder.path());
    for (name, tokenizer) in FAMILIES.iter().zip(&tokenizers) {
        compare(tokenizer, &texts, &path(&format!("{name}.ids")));
    }
}

/// Models of all kinds, trained on the spot: files with truncation, padding, a template and added tokens.
#[test]
fn ids_of_other_models_are_those_of_hugging_face() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    script(&["corpus", "corpus.bin", "5000000"], folder.path());
    let words =
        ["the", " self", "▁", "##s", "<0x0A>", "  ", "</s>", "é", "<think>"].map(|word| word.as_bytes().to_vec());
    let texts = adversarial(7, &words);
    write_texts(&path("texts.bin"), &texts);
    script(&["train", "."], folder.path());
    for kind in ["sentencepiece", "unigram", "wordpiece", "own-pattern", "added"] {
        let tokenizer = Tokenizer::from_bytes(kind, &std::fs::read(path(&format!("{kind}.json"))).unwrap()).unwrap();
        compare(&tokenizer, &texts, &path(&format!("{kind}.ids")));
    }
}
