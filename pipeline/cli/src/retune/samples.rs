//! Documents of the sample with their numbers, and with text where the run has stored it.

use crate::failure::Failure;
use crate::house::assets;
use crate::inspect::doc::text_of;
use crate::inspect::mask::Mask;
use crate::inspect::search::row_of;
use crate::output::{count, shortened};
use serde_json::{Map, Value, json};
use std::fmt::Write;
use tokenmill_engine::rejudge::{Finished, Sample, Samples};
use tokenmill_store::Store;

/// How much of a text is shown.
const SHOWN_CHARS: usize = 400;

/// A sample, ready to be shown.
pub struct Shown {
    go: Vec<Document>,
    come_back: Vec<Document>,
}

struct Document {
    sample: Sample,
    url: String,
    text: Option<String>,
    /// All metrics of the step that judges it.
    metrics: Vec<(String, String)>,
}

impl Shown {
    /// Looks up urls, texts and numbers.
    pub fn of(store: &dyn Store, run: &Finished, samples: &Samples) -> Result<Shown, Failure> {
        let mask = Mask::of(&run.spec, &assets()?)?;
        let look = |samples: &[Sample], goes: bool| {
            samples
                .iter()
                .map(|sample| Document::of(store, run, &mask, sample, goes))
                .collect::<Result<Vec<_>, Failure>>()
        };
        Ok(Shown { go: look(&samples.go, true)?, come_back: look(&samples.come_back, false)? })
    }

    /// As text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (title, documents) in [("would go", &self.go), ("would come back", &self.come_back)] {
            for document in documents {
                // Writing to a String cannot fail.
                let _ = writeln!(out, "\n{title}: {}", document.text());
            }
        }
        out
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        let all = |documents: &[Document]| documents.iter().map(Document::json).collect::<Vec<_>>();
        json!({"go": all(&self.go), "come_back": all(&self.come_back)})
    }
}

impl Document {
    fn of(store: &dyn Store, run: &Finished, mask: &Mask, sample: &Sample, goes: bool) -> Result<Document, Failure> {
        let (url, text) = text_of(store, run, mask, sample.id, sample.part, (!goes).then_some(sample.phase))?;
        let prefix = format!("{}.", sample.step);
        let metrics = row_of(store, &run.phases[sample.phase].parts[sample.part].objects["metrics"].key, sample.row)?;
        let own = metrics.into_iter().filter_map(|(name, value)| Some((name.strip_prefix(&prefix)?.to_owned(), value)));
        Ok(Document { sample: sample.clone(), url, text, metrics: own.collect() })
    }

    fn text(&self) -> String {
        let sample = &self.sample;
        let number = |number: Option<f32>| number.map_or("off".to_owned(), |number| number.to_string());
        let lang = if sample.lang.is_empty() { "no language" } else { &sample.lang };
        let mut out = format!("{} {}\n  {lang}, {} bytes\n", sample.id, self.url, count(sample.bytes));
        // Writing to a String cannot fail, here and below.
        let _ = write!(out, "  {}, {}", sample.step, sample.reason);
        if !sample.metric.is_empty() {
            let value = sample.value.map_or("absent".to_owned(), |value| value.to_string());
            let (before, after) = (number(sample.limit_before), number(sample.limit_after));
            let _ = write!(out, ": {} = {value}, limit {before} -> {after}", sample.metric);
        }
        if let Some(step) = &sample.unmeasured {
            let _ = write!(out, "\n  not measured by `{step}` and what follows it");
        }
        let metrics: Vec<String> = self.metrics.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let _ = write!(out, "\n  {}", metrics.join("  "));
        match &self.text {
            Some(text) => drop(write!(out, "\n  {}", shortened(text, SHOWN_CHARS))),
            None => {
                out.push_str("\n  (its text was not stored: `run.removed` says of how many removed documents it is)")
            }
        }
        out
    }

    fn json(&self) -> Value {
        let sample = &self.sample;
        let metrics = self.metrics.iter().map(|(name, value)| {
            let number = value.parse::<f64>().ok().filter(|number| number.is_finite());
            (name.clone(), number.map_or_else(|| json!(value), |number| json!(number)))
        });
        json!({"id": sample.id.to_string(), "url": self.url, "lang": sample.lang, "bytes": sample.bytes,
            "step": sample.step, "reason": sample.reason, "metric": sample.metric, "value": sample.value,
            "limit_before": sample.limit_before, "limit_after": sample.limit_after,
            "not_measured_by": sample.unmeasured, "metrics": metrics.collect::<Map<_, _>>(),
            "text": self.text.as_deref().map(|text| shortened(text, SHOWN_CHARS))})
    }
}
