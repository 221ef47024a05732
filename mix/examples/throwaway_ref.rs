//! throw-away
#![allow(warnings, clippy::all)]
use std::io::BufRead;
use std::time::Instant;
use tokenmill_mix::tokenize::Tokenizer;
fn main() {
    let d = "/work/data/tok/";
    let load = |n: &str, f: &str| { let t=Instant::now(); let b = std::fs::read(format!("{d}{f}")).unwrap(); let r = Tokenizer::from_bytes(n, &b).unwrap_or_else(|e| panic!("{n} {e}")); println!("load {n} {:?} vocab {} bos {:?} eos {:?}", t.elapsed(), r.vocab_size(), r.bos(), r.eos()); r };
    let mut all = vec![
        ("llama3", load("x/y", "llama3_tokenizer.model")), ("cl100k", load("cl100k", "cl100k_base.tiktoken")), ("o200k", load("o200k", "o200k_base.tiktoken")),
        ("r50k", load("gpt2", "r50k_base.tiktoken")), ("p50k", load("p50k", "p50k_base.tiktoken")), ("neox", load("neox", "gpt-neox_tokenizer.json")),
        ("gpt2hf", load("gpt2hf", "../models/gpt2_bpe/tokenizer.json")),
    ];
    all.push(("r50k", Tokenizer::from_vocab_and_merges("old", &std::fs::read(format!("{d}gpt2_encoder.json")).unwrap(), &std::fs::read(format!("{d}gpt2_vocab.bpe")).unwrap()).unwrap()));
    println!("{:?}", Tokenizer::from_bytes("llama2", &std::fs::read(format!("{d}llama2_tokenizer.json")).unwrap()).err());
    if std::env::args().nth(1).as_deref() == Some("load") { return; }
    let raw = std::fs::read_to_string("/tmp/tokref/ref.jsonl").unwrap();
    let rows: Vec<serde_json::Value> = raw.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let mut bad: std::collections::BTreeMap<(String,String), usize> = Default::default();
    let mut slow: Vec<(f64,String)> = vec![];
    for (k, t) in &all { let t1 = Instant::now();
      for v in &rows {
        let text = v["text"].as_str().unwrap(); let tag = v["tag"].as_str().unwrap();
            let want: Vec<u32> = v["ids"][*k].as_array().unwrap().iter().map(|x| x.as_u64().unwrap() as u32).collect();
            let mut got = vec![]; let t0 = Instant::now(); t.encode(text, &mut got).unwrap();
            let s = t0.elapsed().as_secs_f64(); if s > 0.05 { slow.push((s, format!("{k} {tag} {:?} {}", text.chars().take(8).collect::<String>(), text.len()))); }
            if got != want { let c = bad.entry((k.to_string(), tag.to_string())).or_default(); *c += 1;
                if *c <= 3 { let i = got.iter().zip(&want).position(|(a,b)| a!=b).unwrap_or(got.len().min(want.len()));
                    let d = |x: &[u32]| String::from_utf8_lossy(&t.decode(&x[i.saturating_sub(2)..(i+3).min(x.len())]).unwrap()).into_owned();
                    println!("BAD {k} {tag} at {i}: got {:?} {:?} want {:?} {:?}", &got[i.saturating_sub(2)..(i+3).min(got.len())], d(&got), &want[i.saturating_sub(2)..(i+3).min(want.len())], d(&want)); } }
            let back = t.decode(&got).unwrap(); if *k != "neox" && back != text.as_bytes() { println!("DECODE {k} {tag}"); }
      } println!("{k} {:?}", t1.elapsed());
    }
    println!("{} texts, bad {bad:?}", rows.len()); slow.sort_by(|a,b| b.0.total_cmp(&a.0)); println!("{:?}", &slow[..slow.len().min(20)]);
}
