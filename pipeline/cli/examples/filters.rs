//! Runs steps over documents and measures them, for `cargo xtask bench filters`.
//!
//!     filters STEPS.json DOCUMENTS.jsonl [OUT.jsonl]
//!
//! Steps are `[[NAME, PARAMETERS AS TOML], …]`: stages of the catalogues, which share one analysis of each document, or
//! parts of that analysis: `=words`, `=normal_words`, `=analysis`, and `=fasttext` with a model as its parameter. Prints one
//! JSON object: seconds of CPU time of one thread, the best of three rounds, without reading and building. Writes for each
//! document the numbers, the verdict and the edits of every step.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measuring program"
)]

use serde_json::{Value, json};
use std::error::Error;
use std::io::Write;
use tokenmill_classifiers::fasttext::{Model, Scratch};
use tokenmill_core::numbers::Measured;
use tokenmill_core::{Analysis, Doc, Document, Edits, Keep, Metric, Numbers, Params, Rule, Stage, Verdict, judge};
use tokenmill_engine::thread_cpu_seconds;
use tokenmill_store::assets::{Assets, default_cache};

const ROUNDS: usize = 3;

/// The languages model's answer.
const FASTTEXT_METRICS: &[Metric] = &[Metric::number("probability", ""), Metric::label("label", "")];

enum Work {
    Stage(Stage),
    Words,
    NormalWords,
    Analysis,
    FastText(Box<Model>, Box<Scratch>),
}

struct Step {
    name: String,
    work: Work,
    metrics: &'static [Metric],
    numbers: Numbers,
    edits: Edits,
}

impl Step {
    fn build(name: &str, params: &str, assets: &Assets) -> Result<Step, Box<dyn Error>> {
        let catalogs = [tokenmill_stages::catalog::CATALOG, tokenmill_classifiers::catalog::CATALOG];
        let (work, metrics) = match name {
            "=words" => (Work::Words, &[][..]),
            "=normal_words" => (Work::NormalWords, &[][..]),
            "=analysis" => (Work::Analysis, &[][..]),
            "=fasttext" => {
                let model = Model::from_bytes(&assets.read(params)?)?;
                (Work::FastText(Box::new(model), Box::default()), FASTTEXT_METRICS)
            }
            _ => {
                let entry =
                    catalogs.into_iter().flatten().find(|entry| entry.name == name).ok_or(format!("no {name}"))?;
                let params = Params::from_table(entry.params, &params.parse()?).map_err(|error| error.to_string())?;
                let stage = (entry.build)(&params, assets).map_err(|error| error.to_string())?;
                (Work::Stage(stage), entry.metrics)
            }
        };
        Ok(Step { name: name.to_owned(), work, metrics, numbers: Numbers::new(metrics.len()), edits: Edits::default() })
    }

    /// What the engine does with a document, but that edits are not applied.
    fn run(&mut self, doc: &Doc<'_>) {
        self.numbers.clear();
        match &mut self.work {
            Work::Stage(Stage::Measure(stage)) => stage.measure(doc, &mut self.numbers),
            Work::Stage(Stage::Edit(stage)) => {
                self.edits.clear();
                stage.edit(doc, &mut self.edits, &mut self.numbers);
            }
            Work::Stage(_) => panic!("{} is neither a measure nor an edit", self.name),
            Work::Words => {
                std::hint::black_box(doc.words().len());
            }
            Work::NormalWords => {
                std::hint::black_box(doc.normal_words().len());
            }
            Work::Analysis => {
                let hashes = doc.word_hashes().len();
                std::hint::black_box((hashes, doc.normal_words().len(), doc.lines().len(), doc.shape()));
            }
            Work::FastText(model, scratch) => {
                let found = model.predict(doc.text().as_bytes(), 1, 0.0, scratch);
                if let Some(best) = found.first() {
                    self.numbers.set(0, best.probability);
                    self.numbers.set_label(1, model.labels()[best.label].clone());
                }
            }
        }
        std::hint::black_box(judge(self.rules(), &self.numbers));
    }

    fn rules(&self) -> &[Rule] {
        match &self.work {
            Work::Stage(stage) => stage.rules(),
            _ => &[],
        }
    }

    /// Whether the first rule on each number keeps high ones; null without a rule.
    fn directions(&self) -> Vec<Value> {
        let direction = |metric: usize| {
            let rule = self.rules().iter().find(|rule| rule.metric == metric)?;
            Some(matches!(rule.keep, Keep::AtLeast(_)))
        };
        (0..self.metrics.len()).map(|metric| json!(direction(metric))).collect()
    }

    fn said(&self) -> Value {
        let number = |value: &Measured| match value {
            Measured::Absent => Value::Null,
            Measured::Number(number) => json!(number),
            Measured::Label(label) => json!(**label),
        };
        let reason = match judge(self.rules(), &self.numbers) {
            Verdict::Keep => None,
            Verdict::Drop { reason, .. } => Some(reason),
        };
        let spans: Vec<Value> =
            self.edits.spans().iter().map(|span| json!([span.reason, span.start, span.end])).collect();
        json!({"numbers": self.numbers.values().iter().map(number).collect::<Vec<_>>(), "reason": reason, "spans": spans})
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [steps, documents, rest @ ..] = arguments.as_slice() else { return Err("usage: see the source".into()) };
    let assets = Assets::open(default_cache()?)?;
    let names: Vec<(String, String)> = serde_json::from_str(&std::fs::read_to_string(steps)?)?;
    let started = thread_cpu_seconds();
    let steps = names.iter().map(|(name, params)| Step::build(name, params, &assets));
    let mut steps = steps.collect::<Result<Vec<_>, _>>()?;
    let build_seconds = thread_cpu_seconds() - started;
    let documents: Vec<Document> =
        std::fs::read_to_string(documents)?.lines().map(document).collect::<Result<Vec<_>, _>>()?;
    let mut analysis = Analysis::default();
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let started = thread_cpu_seconds();
        for document in &documents {
            analysis.reset();
            let doc = Doc::new(document, &analysis);
            steps.iter_mut().for_each(|step| step.run(&doc));
        }
        best = best.min(thread_cpu_seconds() - started);
    }
    if let Some(out) = rest.first() {
        let mut out = std::io::BufWriter::new(std::fs::File::create(out)?);
        for document in &documents {
            analysis.reset();
            let doc = Doc::new(document, &analysis);
            steps.iter_mut().for_each(|step| step.run(&doc));
            let n_words = doc.words().len();
            let said: Vec<Value> = steps.iter().map(Step::said).collect();
            writeln!(out, "{}", json!({"n_words": n_words, "steps": said}))?;
        }
        out.flush()?;
    }
    let about = |step: &Step| {
        let metrics: Vec<&str> = step.metrics.iter().map(|metric| metric.name).collect();
        json!({"step": step.name, "metrics": metrics, "keeps_high": step.directions()})
    };
    let about: Vec<Value> = steps.iter().map(about).collect();
    let bytes: usize = documents.iter().map(|document| document.text.len()).sum();
    println!(
        "{}",
        json!({"documents": documents.len(), "bytes": bytes, "seconds": best, "build_seconds": build_seconds,
               "steps": about})
    );
    Ok(())
}

fn document(line: &str) -> Result<Document, Box<dyn Error>> {
    let row: Value = serde_json::from_str(line)?;
    let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    Ok(Document { text: text("text"), url: text("url"), lang: text("lang"), ..Document::default() })
}
