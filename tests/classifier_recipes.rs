//! Every recipe in `configs/classifiers` does what it says, on small inputs under the names that it gives them.

use bzip2::Compression;
use bzip2::read::BzEncoder;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Read;
use std::path::Path;
use support::{root, tokenmill_in};
use tokenmill_core::schema::Type;
use tokenmill_store::table::{Field, Table};
use tokenmill_store::{LocalStore, Spool};

const GOOD: [&str; 6] = ["theorem", "glacier", "harvest", "citation", "museum", "lecture"];
const BAD: [&str; 6] = ["discount", "idiot", "casino", "click", "garbage", "coupon"];
const RARE: [&str; 6] = ["goalkeeper", "referee", "tournament", "sprint", "league", "coach"];
const COMMON: [&str; 6] = ["the", "and", "of", "with", "under", "again"];

/// Makes the inputs of a recipe in a folder.
type Make = fn(&Path);

/// What makes the inputs of each recipe.
const MAKERS: [(&str, Make); 7] = [
    ("dclm.toml", dclm),
    ("fineweb_edu.toml", fineweb_edu),
    ("formats.toml", formats),
    ("student.toml", student),
    ("topics.toml", topics),
    ("toxicity.toml", toxicity),
    ("wikipedia.toml", wikipedia),
];

/// A text of good or bad words among common ones.
fn text(n: usize, is_good: bool) -> String {
    let words = if is_good { GOOD } else { BAD };
    let word = |at: usize| if at.is_multiple_of(3) { words[(n * 7 + at * 5) % 6] } else { COMMON[(n + at * at) % 6] };
    let words: Vec<&str> = (0..60 + n % 30).map(word).collect();
    format!("{n} {}", words.join(" "))
}

fn url(n: usize) -> String {
    format!("https://www.site{}.example/page/{n}?utm_source=x", n % 40)
}

fn is_good(n: usize) -> bool {
    n.is_multiple_of(4)
}

/// A run of a crawl in which every fourth document is good.
fn crawl(folder: &Path, is_good: fn(usize) -> bool) {
    let line = |n: usize| json!({"url": url(n), "lang": "en", "text": text(n, is_good(n))}).to_string() + "\n";
    std::fs::write(folder.join("crawl.jsonl"), (0..600).map(line).collect::<String>()).unwrap();
    let recipe = "[run]\nname = \"sample\"\nroot = \"runs\"\n[source]\nkind = \"jsonl\"\npaths = [\"crawl.jsonl\"]\n\
        [[step]]\nuse = \"url.canonical\"\n";
    std::fs::write(folder.join("sample.toml"), recipe).unwrap();
    tokenmill_in(folder, &["run", "sample.toml"]).ok();
}

/// A dump in two streams, whose articles refer to the good pages by other spellings of their addresses.
fn wikipedia(folder: &Path) {
    crawl(folder, is_good);
    let mut pages = String::new();
    for n in (0..600).filter(|n| is_good(*n)) {
        let page = format!("http://SITE{}.example:80/page/{n}/#top", n % 40);
        let _ = writeln!(
            pages,
            "<page><title>{n}</title><ns>0</ns><revision><text>A &lt;ref&gt;{{{{cite web|url={page}|title=t}}}}&lt;/ref&gt;</text>\
             </revision></page>"
        );
    }
    let dump = [&format!("<mediawiki>{pages}"), "</mediawiki>"].map(pack).concat();
    std::fs::write(folder.join("enwiki-latest-pages-articles.xml.bz2"), dump).unwrap();
}

fn pack(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    BzEncoder::new(text.as_bytes(), Compression::fast()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn dclm(folder: &Path) {
    crawl(folder, |_| false);
    for (name, from) in [("openhermes.jsonl.gz", 0), ("eli5.jsonl.gz", 300)] {
        let lines: String = (from..from + 200).map(|n| json!({"text": text(n, true)}).to_string() + "\n").collect();
        let mut file = flate2::read::GzEncoder::new(lines.as_bytes(), flate2::Compression::fast());
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        std::fs::write(folder.join(name), bytes).unwrap();
    }
}

fn fineweb_edu(folder: &Path) {
    scores(&folder.join("edu-labels"), "data/labels.parquet");
}

fn student(folder: &Path) {
    scores(folder, "labels/quality.parquet");
}

/// Texts with scores from 0 to 5, of which good ones have 3 and more.
fn scores(folder: &Path, key: &str) {
    let store = LocalStore::open(folder).unwrap();
    let mut table =
        Table::new(Spool::create(&store).unwrap(), vec![field("text", Type::Text), field("score", Type::U32)]);
    for n in 0..600 {
        let score = if is_good(n) { 3 + n as u32 % 3 } else { n as u32 % 3 };
        table.row().text(&text(n, is_good(n))).u32(score).end().unwrap();
    }
    table.finish().unwrap().0.store_as(&store, key.to_owned()).unwrap();
}

fn topics(folder: &Path) {
    labels(folder, "labels/topics.parquet");
}

fn formats(folder: &Path) {
    labels(folder, "labels/formats.parquet");
}

/// Texts of three classes.
fn labels(folder: &Path, key: &str) {
    let store = LocalStore::open(folder).unwrap();
    let mut table =
        Table::new(Spool::create(&store).unwrap(), vec![field("text", Type::Text), field("label", Type::Text)]);
    for n in 0..900 {
        let words = [GOOD, BAD, RARE][n % 3];
        let label = ["science", "shopping", "sports"][n % 3];
        let text: Vec<&str> =
            (0..80).map(|at| if at % 3 == 0 { words[(n + at) % 6] } else { COMMON[at % 6] }).collect();
        table.row().text(&format!("{n} {}", text.join(" "))).text(label).end().unwrap();
    }
    table.finish().unwrap().0.store_as(&store, key.to_owned()).unwrap();
}

fn field(name: &str, kind: Type) -> Field {
    Field { name: name.to_owned(), kind, nullable: false }
}

fn toxicity(folder: &Path) {
    let mut table = "\u{feff},count,class,tweet\n".to_owned();
    for n in 0..600 {
        let class = if is_good(n) { 2 } else { n % 2 };
        let _ = writeln!(table, "{n},3,{class},\"{}\"", text(n, is_good(n)));
    }
    std::fs::write(folder.join("labeled_data.csv"), table).unwrap();
    let mut table = "rev_id,comment,toxic\n".to_owned();
    for n in 600..900 {
        let label = if is_good(n) { "False" } else { "True" };
        let _ = writeln!(table, "{n},\"{}\",{label}", text(n, is_good(n)));
    }
    std::fs::write(folder.join("toxicity_nonfuzzed_testset.csv"), table).unwrap();
}

/// Trains by a recipe of the house, made small where it decides how big the model is, and gives the card.
fn train(name: &str, make: Make) -> Value {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path());
    let recipe = std::fs::read_to_string(root().join("configs/classifiers").join(name)).unwrap();
    let mut recipe: toml::Table = recipe.parse().unwrap();
    let fasttext = recipe.entry("fasttext").or_insert_with(|| toml::Table::new().into()).as_table_mut().unwrap();
    for (param, value) in [("dim", 10), ("buckets", 5000)] {
        fasttext.insert(param.to_owned(), value.into());
    }
    let output = recipe["model"]["output"].as_str().unwrap().to_owned();
    std::fs::write(folder.path().join("recipe.toml"), recipe.to_string()).unwrap();
    tokenmill_in(folder.path(), &["train", "fasttext", "recipe.toml"]).ok();
    assert!(folder.path().join(&output).is_file(), "{name}");
    let card = std::fs::read_to_string(folder.path().join(format!("{output}.card.json"))).unwrap();
    serde_json::from_str(&card).unwrap()
}

#[test]
fn every_recipe_trains_a_model_that_tells_its_classes_apart() {
    let makers: BTreeMap<&str, Make> = MAKERS.into();
    let mut names: Vec<String> = std::fs::read_dir(root().join("configs/classifiers"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    names.sort();
    assert_eq!(names, makers.keys().copied().collect::<Vec<_>>(), "every recipe needs inputs in `MAKERS` here");
    for name in names {
        let card = train(&name, makers[&*name]);
        assert!(card["accuracy"].as_f64().unwrap() > 0.97, "{name}: {card}");
        if card["classes"].as_array().unwrap().len() == 2 {
            assert!(card["binary"]["auc"].as_f64().unwrap() > 0.99, "{name}: {card}");
        }
    }
}

#[test]
fn the_good_class_is_the_one_that_a_recipe_means() {
    let card = train("wikipedia.toml", wikipedia);
    let class = |at: usize| (card["classes"][at]["label"].as_str().unwrap(), card["classes"][at]["seen"].as_u64());
    assert_eq!((class(0), class(1)), (("crawl", Some(450)), ("reference", Some(150))));
    assert_eq!((card["positive"].as_str(), card["removes"].as_bool()), (Some("reference"), Some(false)));
    let card = train("fineweb_edu.toml", fineweb_edu);
    assert_eq!((&card["classes"][0]["label"], &card["classes"][0]["seen"]), (&json!("high"), &json!(150)));
    assert_eq!(card["positive"], "high");
    let card = train("topics.toml", topics);
    assert_eq!((&card["positive"], card["classes"].as_array().unwrap().len()), (&Value::Null, 3));
    let card = train("toxicity.toml", toxicity);
    assert_eq!((&card["classes"][1]["seen"], card["positive"].as_str()), (&json!(450 + 225), Some("toxic")));
}
