//! The labels as a table, for `train`, for trainers of encoders, and for `inspect labels`.

use super::journal::Known;
use super::request::Work;
use crate::failure::Failure;
use crate::output::{count, percent};
use crate::sink::Output;
use std::collections::BTreeMap;
use std::fmt::Write;
use tokenmill_classifiers::annotate::Unreadable;
use tokenmill_core::schema::LABELS;
use tokenmill_store::table::{Field, Table};
use tokenmill_store::{MemStore, Spool, Store};

/// What a table holds.
#[derive(Default)]
pub struct Summary {
    /// Documents with a label.
    pub n_labels: u64,
    /// Documents whose answers cannot be read, by the reason.
    pub unreadable: BTreeMap<Unreadable, u64>,
    /// Documents without an answer, which are not in the table.
    pub n_missing: u64,
}

/// Writes the answers that are known, in the order of strata and hashes: equal answers give equal bytes.
pub fn write(work: &Work, known: &Known) -> Result<Summary, Failure> {
    let (store, has_text) = (MemStore::new()?, work.recipe.labels.text);
    let fields = Field::of(LABELS).into_iter().filter(|field| has_text || field.name != "text").collect();
    let mut table = Table::new(Spool::create(&store)?, fields);
    let mut summary = Summary::default();
    for (document, key) in &work.documents {
        let answers = known.answers(key);
        let is_refused = known.is_refused(key);
        let label = work.label(answers).map_err(|why| if is_refused { Unreadable::Refused } else { why });
        let is_last = is_refused || work.next(key, &document.excerpt, answers).is_none();
        // The answer that has the label, else the last one.
        let said = answers.iter().find(|said| work.read(said).is_ok()).or(answers.last());
        if !is_last {
            summary.n_missing += 1;
            continue;
        }
        let why = label.as_ref().err().map(ToString::to_string);
        match &label {
            Ok(_) => summary.n_labels += 1,
            Err(why) => *summary.unreadable.entry(*why).or_default() += 1,
        }
        let label = label.ok();
        let row = table.row().text(&document.id).text(&document.url).text(&document.lang).text(&document.stratum);
        let row = if has_text { row.text(&document.excerpt) } else { row };
        let row = row.text_or_null(label.as_ref().map(|given| given.label.as_str()));
        let row = row.f32_or_null(label.and_then(|given| given.score)).text_or_null(why.as_deref());
        let (answered_by, answer) = said.map_or(("", ""), |said| (&said.answered_by, &said.answer));
        let row = row.text(&work.recipe.endpoint.model).text(answered_by).text(&work.prompt.name).text(&work.digest);
        row.text(answer).end()?;
    }
    let object = table.finish()?.0.store(&store, "labels", "parquet")?;
    let mut output = Output::create(&work.recipe.labels.output)?;
    output.write(&store.read(&object.key)?)?;
    output.finish()?;
    Ok(summary)
}

impl Summary {
    /// Share of the documents with answers whose answers cannot be read.
    pub fn unreadable_share(&self) -> f64 {
        let n: u64 = self.unreadable.values().sum();
        n as f64 / (n + self.n_labels).max(1) as f64
    }

    /// For people.
    pub fn text(&self, output: &str) -> String {
        let n: u64 = self.unreadable.values().sum();
        let mut out = format!("{output}: {} labels", count(self.n_labels));
        // Writing to a String cannot fail, here and below.
        if n > 0 {
            let _ = write!(out, ", {} without a readable answer ({})", count(n), percent(n, n + self.n_labels));
            for (why, n) in &self.unreadable {
                let _ = write!(out, "\n  {}: {why}", count(*n));
            }
        }
        if self.n_missing > 0 {
            let _ = write!(out, "\n{} documents have no answer yet", count(self.n_missing));
        }
        out.push('\n');
        out
    }
}
