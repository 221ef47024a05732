//! Applies steps to one loose document and keeps everything they say: for `tokenmill apply`, not for runs.

use crate::chain::{Built, Chain, Step};
use tokenmill_core::combine::Given;
use tokenmill_core::edits::Span;
use tokenmill_core::{
    Analysis, Doc, DocField, Document, Edits, MetricKind, Numbers, Record, Rejection, Stage, Verdict, judge,
};

/// What one step says of one document.
#[derive(Debug)]
pub enum Said {
    /// Its conditions leave the document out.
    NotSeen,
    /// An extraction found no text.
    Rejected(Rejection),
    /// Numbers, verdict and edits.
    Judged {
        /// All metrics.
        numbers: Numbers,
        /// What the rules make of them.
        verdict: Verdict,
        /// The spans that took effect, in bytes of the text before this step.
        spans: Vec<Span>,
    },
}

/// Runs every step, also after a removal; edits change the text for the steps after them.
pub fn apply(chain: &Chain, document: &mut Document, record: Option<&Record<'_>>) -> Vec<Said> {
    let mut earlier: Vec<Numbers> = Vec::with_capacity(chain.steps.len());
    let mut all_said = Vec::with_capacity(chain.steps.len());
    for step in &chain.steps {
        let said = apply_step(step, document, record, &earlier);
        earlier.push(if let Said::Judged { numbers, .. } = &said { numbers.clone() } else { Numbers::default() });
        all_said.push(said);
    }
    all_said
}

fn apply_step(step: &Step, document: &mut Document, record: Option<&Record<'_>>, earlier: &[Numbers]) -> Said {
    if !step.when.matches(&document.lang, &document.kind) {
        return Said::NotSeen;
    }
    let mut numbers = step.numbers();
    let mut edits = Edits::default();
    let Built { stage, slots } = step.built(&document.lang);
    let analysis = Analysis::default();
    match stage {
        Stage::Extract(extract) => match record.map(|record| extract.extract(record, document, &mut numbers)) {
            None => return Said::NotSeen,
            Some(Err(rejection)) => return Said::Rejected(rejection),
            Some(Ok(())) => {}
        },
        // Made in phases of their own: `tokenmill apply` makes a run for them.
        Stage::Exchange(_) | Stage::Pipe(_) | Stage::Score(_) => return Said::NotSeen,
        Stage::Measure(measure) => measure.measure(&Doc::new(document, &analysis), &mut numbers),
        Stage::Combine(combine) => {
            combine.combine(&Doc::new(document, &analysis), &Given::new(slots, earlier), &mut numbers);
        }
        Stage::Edit(edit) => edit.edit(&Doc::new(document, &analysis), &mut edits, &mut numbers),
    }
    set_fields(step.entry.metrics, &numbers, document);
    let verdict = judge(step.stage(&document.lang).rules(), &numbers);
    if !edits.is_empty() {
        let mut edited = String::new();
        edits.apply(&document.text, &mut edited);
        document.text = edited;
    }
    Said::Judged { numbers, verdict, spans: edits.spans().to_vec() }
}

/// Copies labels that set a field of the document.
pub(crate) fn set_fields(metrics: &[tokenmill_core::Metric], numbers: &Numbers, document: &mut Document) {
    for (index, metric) in metrics.iter().enumerate() {
        let MetricKind::Label(Some(field)) = metric.kind else { continue };
        let Some(label) = numbers.label(index) else { continue };
        let target = match field {
            DocField::Lang => &mut document.lang,
            DocField::Kind => &mut document.kind,
            DocField::CanonicalUrl => &mut document.canonical_url,
        };
        target.clear();
        target.push_str(label);
    }
}
