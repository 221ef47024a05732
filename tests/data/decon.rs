//! `decon.benchmarks` on real benchmarks: how many planted items it finds, and what it finds where nothing was planted.

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::fmt::Write;
use std::io::Read;
use support::archive;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::hash::hash64;
use tokenmill_core::{Analysis, Doc, Document, Edits, Numbers, Params, Stage, Verdict, judge, spec};
use tokenmill_stages::decon::benchmarks::ENTRY;

const FILES: [&str; 9] = [
    "HumanEval.jsonl.gz",
    "arc_challenge.jsonl",
    "arc_easy.jsonl",
    "boolq.jsonl",
    "gsm8k_test.jsonl",
    "lambada_openai.jsonl",
    "piqa.jsonl",
    "svamp.jsonl",
    "winogrande.jsonl",
];

fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

fn stage() -> Stage {
    let mut assets = MemoryAssets::default();
    for file in FILES {
        assets.0.insert(file.to_owned(), std::fs::read(archive("decon").join(file)).unwrap().into());
    }
    let mut params = Params::defaults(ENTRY.params);
    params.set("benchmarks", spec::Value::Texts(FILES.map(str::to_owned).to_vec()));
    (ENTRY.build)(&params, &assets).unwrap()
}

/// What the stage says of a text: whether it goes, and the item of which most is there.
fn said(stage: &Stage, text: &str) -> (bool, Option<(String, usize)>) {
    let Stage::Edit(edit) = stage else { panic!("an edit") };
    let document = Document { text: text.to_owned(), ..Document::default() };
    let mut numbers = Numbers::new(ENTRY.metrics.len());
    edit.edit(&Doc::new(&document, &Analysis::default()), &mut Edits::default(), &mut numbers);
    let label = |name: &str| numbers.label(ENTRY.metrics.iter().position(|metric| metric.name == name).unwrap());
    let item = label("benchmark").map(|name| (name.to_owned(), label("item").unwrap().parse().unwrap()));
    (judge(stage.rules(), &numbers) != Verdict::Keep, item)
}

/// An item as a person would show it: what is asked, and the choices.
struct Item {
    benchmark: &'static str,
    number: usize,
    question: String,
    choices: Vec<String>,
}

fn items() -> Vec<Item> {
    let mut items = Vec::new();
    for file in FILES {
        let benchmark = file.split('.').next().unwrap();
        let bytes = std::fs::read(archive("decon").join(file)).unwrap();
        let text = if file.ends_with(".gz") { unpacked(&bytes) } else { String::from_utf8(bytes).unwrap() };
        for (number, line) in text.lines().enumerate() {
            let row: Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| row[key].as_str().unwrap_or_default().trim().to_owned();
            let choices = |key: &str| {
                let all = row[key].as_array().into_iter().flatten();
                all.map(|choice| choice.as_str().unwrap().to_owned()).collect::<Vec<_>>()
            };
            let (question, choices) = match benchmark {
                "HumanEval" => {
                    (row["prompt"].as_str().unwrap().to_owned() + row["canonical_solution"].as_str().unwrap(), vec![])
                }
                "gsm8k_test" => (text("question"), vec![]),
                "lambada_openai" => (text("context") + " " + &text("continuation"), vec![]),
                "svamp" => (text("context"), vec![]),
                "winogrande" => {
                    let gold = row["gold"].as_u64().unwrap() as usize;
                    (choices("context_options")[gold].clone() + " " + &text("continuation"), vec![])
                }
                "boolq" => (text("query"), vec![]),
                _ => (text("query"), choices("choices")),
            };
            let question = question.trim_start_matches("Question: ").trim_start_matches("Passage: ").to_owned();
            items.push(Item { benchmark, number, question, choices });
        }
    }
    items
}

/// Ordinary texts: messages, news and encyclopedia articles.
fn ordinary() -> Vec<(&'static str, String)> {
    let mut texts = Vec::new();
    let folder = archive("quality");
    for line in unpacked(&std::fs::read(folder.join("20news_train_sample.jsonl.gz")).unwrap()).lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        texts.push(("20news", row["text"].as_str().unwrap().to_owned()));
    }
    for line in std::fs::read_to_string(folder.join("ag_news_test.csv")).unwrap().lines() {
        texts.push(("ag_news", line.to_owned()));
    }
    for line in std::fs::read_to_string(folder.join("wikitext2_valid.txt")).unwrap().lines() {
        texts.extend((!line.trim().is_empty()).then(|| ("wikitext2", line.to_owned())));
    }
    for line in std::fs::read_to_string(archive("neardup").join("mccormick_articles_1000.train")).unwrap().lines() {
        texts.push(("articles", line.to_owned()));
    }
    for line in unpacked(&std::fs::read(archive("extraction").join("ground_truth.jsonl.gz")).unwrap()).lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        texts.extend(row["text"].as_str().map(|text| ("web", text.to_owned())));
    }
    texts
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = hash64(self.0, b"next");
        (self.0 % n as u64) as usize
    }
}

fn verbatim(item: &Item) -> String {
    let mut text = item.question.clone();
    item.choices.iter().for_each(|choice| write!(text, "\n{choice}").unwrap());
    text
}

/// The same words as another site would show them.
fn reformatted(item: &Item, random: &mut Random) -> String {
    let question = match random.below(3) {
        0 => item.question.to_uppercase(),
        1 => item.question.to_lowercase(),
        _ => item.question.clone(),
    };
    let before = ["", "Question 14: ", "**Question:** ", "Q3. ", "> ", "### "][random.below(6)];
    let after_question = ["", "\nChoose the best answer:", "\n\nOptions:"][random.below(3)];
    let mut text = ["", "Please read carefully and answer.\n\n", "Exercise 7 (2 points)\n"][random.below(3)].to_owned();
    write!(text, "{before}{question}").unwrap();
    if !item.choices.is_empty() {
        text.push_str(after_question);
    }
    let style = random.below(5);
    for (at, choice) in item.choices.iter().enumerate() {
        let letter = char::from(b'A' + at as u8);
        match style {
            0 => write!(text, "\n{letter}) {choice}"),
            1 => write!(text, "\n- {choice}"),
            2 => write!(text, " ({}) {choice};", letter.to_lowercase()),
            3 => write!(text, "\n{}. **{choice}**", at + 1),
            _ => write!(text, "\n* [{letter}] {}", choice.to_uppercase()),
        }
        .unwrap();
    }
    text.push_str(["", "\nAnswer: B", "\n\n_Correct answer: C_"][random.below(3)]);
    let text = match random.below(4) {
        0 => text.replace(['.', '?', ','], ""),
        1 => text.replace('\'', "\u{2019}").replace(". ", " \u{2014} "),
        2 => text.replace([',', ';'], " ..."),
        _ => text,
    };
    wrapped(&text, 30 + random.below(60))
}

/// Breaks lines at blanks so that none is much longer than `width`.
fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::new();
    for line in text.split('\n') {
        let mut n = 0;
        for word in line.split(' ') {
            out.push(if n == 0 {
                '\n'
            } else if n + word.len() > width {
                n = 0;
                '\n'
            } else {
                ' '
            });
            out.push_str(word);
            n += word.len() + 1;
        }
    }
    out
}

/// Puts `planted` between two words of an ordinary text.
fn plant(host: &str, planted: &str, random: &mut Random) -> String {
    let at = host.floor_char_boundary(random.below(host.len() + 1));
    let at = host[at..].find(' ').map_or(host.len(), |blank| at + blank);
    let (before, after) = host.split_at(at);
    format!("{before}\n\n{planted}\n\n{after}")
}

/// Shares of planted items that are found, and that are the item said to be there.
fn recall(stage: &Stage, show: impl Fn(&Item, &mut Random) -> String) -> (f64, f64) {
    let (items, hosts) = (items(), ordinary());
    let (mut n_found, mut n_right) = (0, 0);
    for (item, at) in items.iter().zip(0u64..) {
        let mut random = Random(at);
        let host = &hosts[random.below(hosts.len())].1;
        let (is_removed, named) = said(stage, &plant(host, &show(item, &mut random), &mut random));
        n_found += usize::from(is_removed);
        n_right += usize::from(is_removed && named == Some((item.benchmark.to_owned(), item.number)));
    }
    assert_eq!(items.len(), 16_859);
    (n_found as f64 / items.len() as f64, n_right as f64 / n_found as f64)
}

#[test]
fn items_shown_as_they_are_are_found() {
    let (found, right) = recall(&stage(), |item, _| verbatim(item));
    assert!(found >= 0.999, "{found} are found");
    assert!(right >= 0.998, "{right} of these are named rightly");
}

#[test]
fn items_shown_in_another_way_are_found() {
    let (found, right) = recall(&stage(), reformatted);
    assert!(found >= 0.99, "{found} are found");
    assert!(right >= 0.998, "{right} of these are named rightly");
}

#[test]
fn questions_with_one_answer_are_found() {
    let shown = |item: &Item, random: &mut Random| match item.choices.len() {
        0 => item.question.clone(),
        n => format!("{}\nAnswer: {}", item.question, item.choices[random.below(n)]),
    };
    let (found, right) = recall(&stage(), shown);
    assert!(found >= 0.99, "{found} are found");
    assert!(right >= 0.998, "{right} of these are named rightly");
}

#[test]
fn nothing_is_found_in_ordinary_texts() {
    let (stage, texts) = (stage(), ordinary());
    let hits: Vec<_> = texts.iter().map(|(kind, text)| (kind, said(&stage, text))).filter(|(_, (is, _))| *is).collect();
    assert!(texts.len() > 14_000);
    assert!(hits.len() as f64 <= 1e-4 * texts.len() as f64, "{hits:?}");
}
