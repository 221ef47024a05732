//! `tokenmill train fasttext`: examples from files and runs, a fastText model, and a card that says how good it is.

use super::card::Card;
use super::recipe::{CRAWL, Class, Labelled, REFERENCE, Recipe, Referenced};
use crate::documents::{self, Read};
use crate::failure::Failure;
use crate::output::count;
use crate::references;
use crate::sink::Output;
use std::process::ExitCode;
use tokenmill_classifiers::fasttext::train::{Example, Progress, Trained, train};
use tokenmill_classifiers::fasttext::{Model, Scratch};
use tokenmill_classifiers::scorer::seen;
use tokenmill_classifiers::training::set::{Candidate, Chosen, Part, Tally, TrainingSet};
use tokenmill_core::text::words::split_words;
use tokenmill_stages::references::{is_own, key_of};
use tokenmill_stages::url::canonical::Canonicalizer;
use tokenmill_stages::url::site_of;
use tokenmill_store::location::Location;
use tokenmill_store::source::{self, ColumnMap};

/// Train a fastText classifier by a recipe, with a model card beside the model
#[derive(clap::Args)]
#[command(after_help = "\
The recipe names documents of each class, from JSONL or Parquet files or from runs that have ended, or documents that have a
label in a column, or a crawl and the dumps of Wikipedia that refer to some of it. Copies go, texts of two classes go, classes are balanced, and sites (registrable domains) are either learned
from or measured on, never both. The same documents, recipe and seed give the same model.

  [model]
  output = \"models/wiki.bin\"          # or .ftz, which is small

  [[class]]
  label  = \"crawl\"
  inputs = [\"runs/sample\"]            # documents that a run has kept
  [[class]]
  label  = \"wiki\"                     # the score is the probability of this one, the second in alphabetical order
  inputs = [\"references.jsonl.gz\"]

  [fasttext]
  learning_rate = 0.1
  word_ngrams   = 2

Beside the model lies `….card.md`, with a table of thresholds, and the step to copy into a recipe.

Examples:
  tokenmill train fasttext configs/classifiers/toxicity.toml
  tokenmill train fasttext configs/classifiers/wikipedia.toml
  tokenmill train fasttext quality.toml && less models/quality.bin.card.md")]
pub struct Args {
    /// The recipe
    recipe: String,
}

/// Trains.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let text = source::read(&args.recipe)?;
    let text = String::from_utf8(text).map_err(|_| Failure::usage(format!("`{}` is no text", args.recipe)))?;
    let recipe = Recipe::read(&args.recipe, &text)?;
    make_folder(&recipe.model.output)?;
    let mut gathered = Gathered::new(&recipe);
    recipe.classes.iter().try_for_each(|class| gathered.class(class))?;
    recipe.labelled.iter().try_for_each(|labelled| gathered.labelled(labelled))?;
    recipe.referenced.iter().try_for_each(|referenced| gathered.referenced(referenced))?;
    let examples = gathered.finish()?;
    positive(&recipe, &examples)?;
    eprintln!("{} examples of {} classes", count(examples.chosen.len() as u64), examples.labels.len());
    let trained = learn(&recipe, &examples)?;
    let bytes = match recipe.model.output.ends_with(".ftz") {
        true => trained.to_ftz(&recipe.quantization()).map_err(|error| Failure::usage(error.to_string()))?,
        false => trained.to_bin(),
    };
    // The figures are those of the file, not of what it was made from.
    let model = Model::from_bytes(&bytes).map_err(|error| Failure::usage(error.to_string()))?;
    let card = Card::new(&recipe, &text, &examples, &trained, &bytes, &said(&model, &examples))?;
    write(&recipe.model.output, &bytes)?;
    write(&format!("{}.card.md", recipe.model.output), card.to_markdown().as_bytes())?;
    write(&format!("{}.card.json", recipe.model.output), card.to_json().as_bytes())?;
    print!("{}", card.summary());
    Ok(ExitCode::SUCCESS)
}

/// Makes the folder that the model goes to, so that it is not missed when all is learned.
fn make_folder(output: &str) -> Result<(), Failure> {
    let Location::Local(path) = Location::parse(output)? else { return Ok(()) };
    let folder = std::path::Path::new(&path).parent().filter(|folder| !folder.as_os_str().is_empty());
    let made = folder.map_or(Ok(()), std::fs::create_dir_all);
    made.map_err(|error| Failure::usage(format!("cannot make the folder of `{output}`: {error}")))
}

/// The class whose probability is the score; none for the likeliest.
pub fn positive(recipe: &Recipe, examples: &Examples) -> Result<Option<usize>, Failure> {
    let Some(label) = &recipe.model.positive else { return Ok((examples.labels.len() == 2).then_some(1)) };
    let known = examples.labels.iter().position(|known| known == label);
    let class = known.ok_or_else(|| {
        Failure::usage(format!("`model.positive` is `{label}`, which is no class"))
            .hint(format!("classes are {}", examples.labels.join(", ")))
    })?;
    if !examples.chosen.iter().any(|one| one.class == class && one.part == Part::Test) {
        return Err(Failure::usage(format!("class `{label}` has no document to measure on"))
            .hint("sites are never split, so it needs documents of more sites"));
    }
    Ok(Some(class))
}

fn write(path: &str, bytes: &[u8]) -> Result<(), Failure> {
    let mut output = Output::create(path)?;
    output.write(bytes)?;
    output.finish()
}

/// The examples, and where they come from.
pub struct Examples {
    /// Names of the classes, in alphabetical order.
    pub labels: Vec<String>,
    /// What became of the documents of each.
    pub tallies: Vec<Tally>,
    /// The examples.
    pub chosen: Vec<Chosen>,
    /// Documents in other languages, too short, or without text or label.
    pub n_passed_over: u64,
}

struct Gathered<'a> {
    recipe: &'a Recipe,
    set: TrainingSet,
    labels: Vec<String>,
    n_passed_over: u64,
    lower: String,
}

impl<'a> Gathered<'a> {
    fn new(recipe: &'a Recipe) -> Gathered<'a> {
        let set = TrainingSet::new(recipe.choice());
        Gathered { recipe, set, labels: Vec::new(), n_passed_over: 0, lower: String::new() }
    }

    fn class(&mut self, class: &Class) -> Result<(), Failure> {
        let columns = ColumnMap { extra: Vec::new(), ..ColumnMap::default() };
        for input in &class.inputs {
            let n_refused = documents::each(input, &columns, &mut |read| self.see(read, &class.lang, &class.label))?;
            self.n_passed_over += n_refused;
        }
        Ok(())
    }

    fn labelled(&mut self, labelled: &Labelled) -> Result<(), Failure> {
        let (extra, text) = (vec![labelled.column.clone()], labelled.text.clone());
        let columns = ColumnMap { extra, text, ..ColumnMap::default() };
        let mut n_labelled = 0_u64;
        for input in &labelled.inputs {
            let n_refused = documents::each(input, &columns, &mut |read| match label_of(read, labelled) {
                Some(label) => {
                    n_labelled += 1;
                    self.see(read, &labelled.lang, &label);
                }
                None => self.n_passed_over += 1,
            })?;
            self.n_passed_over += n_refused;
        }
        if n_labelled == 0 {
            return Err(Failure::usage(format!("no document has a label in a column `{}`", labelled.column))
                .hint("`column` names it, `text` the column with the text, and `names` the values that count"));
        }
        Ok(())
    }

    fn referenced(&mut self, referenced: &Referenced) -> Result<(), Failure> {
        let (table, said) = references::table(&referenced.by, referenced.all_links)?;
        eprint!("{said}");
        let canonicalizer = Canonicalizer::default();
        let columns = ColumnMap { extra: Vec::new(), ..ColumnMap::default() };
        let (mut n_referenced, mut n_fewer, mut n_seen) = (0, 0, 0);
        for input in &referenced.inputs {
            let n_refused = documents::each(input, &columns, &mut |read| {
                n_seen += 1;
                // What Wikimedia writes itself is neither a source of it nor an example of what is none.
                let key = key_of(read.url, &canonicalizer).filter(|_| !is_own(read.url));
                match key.map(|key| table.n_articles(key)) {
                    Some(0) => self.see(read, &referenced.lang, CRAWL),
                    Some(n) if n >= referenced.min_articles => {
                        n_referenced += 1;
                        self.see(read, &referenced.lang, REFERENCE);
                    }
                    Some(_) => {
                        n_fewer += 1;
                        self.n_passed_over += 1;
                    }
                    None => self.n_passed_over += 1,
                }
            })?;
            self.n_passed_over += n_refused;
        }
        let (all, pages) = (count(n_seen), count(table.len() as u64));
        if n_referenced == 0 && n_fewer > 0 {
            let (n, least) = (count(n_fewer), referenced.min_articles);
            return Err(Failure::usage(format!(
                "{n} of {all} documents are referred to, all by fewer than {least} articles"
            ))
            .hint("lower `referenced.min_articles`"));
        }
        if n_referenced == 0 {
            return Err(Failure::usage(format!(
                "none of {all} documents is one of the {pages} pages that are referred to"
            ))
            .hint("one in some hundred documents of a crawl is: give more of them, with their URLs, or more dumps"));
        }
        eprintln!("{} of {all} documents are referred to", count(n_referenced));
        Ok(())
    }

    fn see(&mut self, read: &Read<'_>, langs: &[String], label: &str) {
        let is_wanted = langs.is_empty() || read.lang.is_empty() || langs.iter().any(|lang| lang == read.lang);
        let text = &read.text[..read.text.floor_char_boundary(self.recipe.features.max_bytes)];
        let is_long = text.len() >= self.recipe.examples.min_chars
            && tokenmill_core::text::n_chars(text) >= self.recipe.examples.min_chars;
        if !is_wanted || !is_long {
            self.n_passed_over += 1;
            return;
        }
        let class = self.labels.iter().position(|known| known == label).unwrap_or_else(|| {
            self.labels.push(label.to_owned());
            self.labels.len() - 1
        });
        let text = seen(text, self.recipe.features.lowercase, &mut self.lower);
        self.set.add(&Candidate { class, site: &site_of(read.url), text });
    }

    fn finish(self) -> Result<Examples, Failure> {
        let (mut chosen, tallies) = self.set.finish();
        let mut order: Vec<usize> = (0..self.labels.len()).collect();
        order.sort_by_key(|at| &self.labels[*at]);
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(new, old)| place[*old] = new);
        chosen.iter_mut().for_each(|one| one.class = place[one.class]);
        chosen.sort_by_key(|one| one.class);
        let labels: Vec<String> = order.iter().map(|at| self.labels[*at].clone()).collect();
        let tallies: Vec<Tally> = order.iter().map(|at| tallies[*at]).collect();
        for (label, tally) in labels.iter().zip(&tallies) {
            if tally.n_chosen == 0 {
                return Err(Failure::usage(format!("class `{label}` has no examples")).hint(
                    "texts that are in two classes teach nothing; see that the inputs are not the same documents",
                ));
            }
        }
        if labels.len() < 2 {
            return Err(Failure::usage("there are no documents of two classes").hint("see what the inputs hold"));
        }
        // Of many classes a rare one may be learned and not measured; of two, both must be.
        let parts = [(Part::Train, "learn from"), (Part::Test, "measure on")];
        let parts = if labels.len() == 2 { &parts[..] } else { &parts[..1] };
        for (class, label) in labels.iter().enumerate() {
            for (part, what) in parts {
                if !chosen.iter().any(|one| one.class == class && one.part == *part) {
                    return Err(Failure::usage(format!("class `{label}` has no document to {what}")).hint(
                        "sites are never split, so a class needs documents of many; those without a URL are sites of their own",
                    ));
                }
            }
        }
        if !chosen.iter().any(|one| one.part == Part::Test) {
            return Err(Failure::usage("no document is left to measure on").hint(
                "raise `examples.test`, or give documents of more sites; those without a URL are sites of their own",
            ));
        }
        Ok(Examples { labels, tallies, chosen, n_passed_over: self.n_passed_over })
    }
}

/// The label of a document by a column.
fn label_of(read: &Read<'_>, labelled: &Labelled) -> Option<String> {
    let extra: serde_json::Value = serde_json::from_str(read.extra).unwrap_or_default();
    let value = match (&extra[&labelled.column], labelled.column.as_str()) {
        (serde_json::Value::Array(values), _) => values.first()?.clone(),
        (serde_json::Value::Null, "lang") => read.lang.into(),
        (serde_json::Value::Null, "kind") => read.kind.into(),
        (value, _) => value.clone(),
    };
    if let Some(least) = labelled.at_least {
        let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
        return Some(if number >= least { "high" } else { "low" }.to_owned());
    }
    let label = match value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Number(number) => number.to_string(),
        serde_json::Value::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    if !labelled.names.is_empty() {
        return labelled.names.get(label.trim()).cloned();
    }
    let label = label.split_whitespace().collect::<Vec<_>>().join("-");
    (!label.is_empty()).then_some(label)
}

fn learn(recipe: &Recipe, examples: &Examples) -> Result<Trained, Failure> {
    let names: Vec<[&str; 1]> = examples.labels.iter().map(|label| [label.as_str()]).collect();
    let part = |part: Part| {
        let chosen = examples.chosen.iter().filter(move |one| one.part == part);
        chosen.map(|one| Example { labels: &names[one.class], text: &one.text })
    };
    let mut shown = 0;
    let mut observe = |progress: &Progress| {
        let percent = progress.n_done * 100 / progress.n_all.max(1);
        if let Some(pass) = progress.pass {
            let validation = pass.validation_loss.map_or(String::new(), |loss| format!(", {loss:.4} on validation"));
            eprintln!("pass {}: {percent} %, loss {:.4}{validation}", pass.number, pass.loss);
        } else if percent >= shown + 10 {
            eprintln!("{percent} %");
        }
        shown = shown.max(percent / 10 * 10);
    };
    train(part(Part::Train), part(Part::Validation), &recipe.options(), &mut observe)
        .map_err(|error| Failure::usage(error.to_string()).hint("see `[fasttext]` in the recipe"))
}

/// What the model says of one test example.
pub struct Said {
    /// Its class.
    pub class: usize,
    /// The probability of each class, in the order of the labels.
    pub scores: Vec<f32>,
    /// Words.
    pub n_words: u32,
}

/// What the model says of the test examples.
fn said(model: &Model, examples: &Examples) -> Vec<Said> {
    let names = model.label_names();
    let class_of: Vec<Option<usize>> =
        names.iter().map(|name| examples.labels.iter().position(|label| **label == **name)).collect();
    let (mut scratch, mut words) = (Scratch::default(), Vec::new());
    let test = examples.chosen.iter().filter(|one| one.part == Part::Test);
    test.map(|one| {
        let mut scores = vec![0.0; examples.labels.len()];
        for prediction in model.predict(one.text.as_bytes(), names.len(), 0.0, &mut scratch) {
            if let Some(class) = class_of[prediction.label] {
                scores[class] = prediction.probability.min(1.0);
            }
        }
        words.clear();
        split_words(&one.text, &mut words);
        Said { class: one.class, scores, n_words: words.len() as u32 }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn labels_are_read_from_columns() {
        let read = |extra: &'static str| Read { id: "", lang: "sv", url: "", text: "", extra, kind: "", metrics: &[] };
        let labelled = |at_least| Labelled {
            inputs: Vec::new(),
            column: "c".to_owned(),
            lang: Vec::new(),
            at_least,
            names: BTreeMap::new(),
            text: "text".to_owned(),
        };
        for (extra, label) in [
            (r#"{"c":"soc.religion misc"}"#, Some("soc.religion-misc")),
            (r#"{"c":3}"#, Some("3")),
            (r#"{"c":["a","b"]}"#, Some("a")),
            (r#"{"c":" "}"#, None),
            (r#"{"c":null}"#, None),
            ("", None),
        ] {
            assert_eq!(label_of(&read(extra), &labelled(None)).as_deref(), label, "{extra}");
        }
        for (extra, label) in [(r#"{"c":2.5}"#, Some("high")), (r#"{"c":"2.4"}"#, Some("low")), (r#"{"c":"x"}"#, None)]
        {
            assert_eq!(label_of(&read(extra), &labelled(Some(2.5))).as_deref(), label, "{extra}");
        }
        let names =
            [("0", "bad"), ("1", "bad"), ("2", "good")].map(|(value, name)| (value.to_owned(), name.to_owned()));
        let named = Labelled { names: names.into(), ..labelled(None) };
        assert_eq!(label_of(&read(r#"{"c":1}"#), &named).as_deref(), Some("bad"));
        assert_eq!(label_of(&read(r#"{"c":"3"}"#), &named), None);
        let by_lang = Labelled { column: "lang".to_owned(), ..labelled(None) };
        assert_eq!(label_of(&read(""), &by_lang).as_deref(), Some("sv"));
    }
}
