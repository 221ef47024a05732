//! Sketching, fused into a map task: the rows of every document that takes part, while its text is hot.

use super::equal::layout::Shipped;
use super::lines::layout::{LineRow, ScopedRow};
use super::similar::layout::{Band, Member};
use super::{keys_table, sketch_table};
use crate::chain::Step;
use std::collections::BTreeMap;
use std::io::Write;
use tokenmill_core::exchange::{Counted, LineKey};
use tokenmill_core::hash::hash64;
use tokenmill_core::{Analysis, Doc, DocId, Document, Exchange, Sketch, Stage};
use tokenmill_store::{Outcome, Spool, StoreError, TaskContext};

/// What an exchange says of one document; reused for the next one.
#[derive(Default)]
pub struct Sketched {
    /// Whether the exchange has looked at the document.
    is_seen: bool,
    equal: Option<Sketch>,
    keys: Vec<u64>,
    scope: String,
    lines: Vec<LineKey>,
}

/// Writes the sketches of one task, for every exchange that follows the phase.
pub struct Sketcher<'a> {
    steps: &'a [Step],
    written: Vec<Written>,
}

/// The tables of one exchange.
struct Written {
    documents: (Spool, u64),
    /// Only of kinds that have several keys for a document.
    keys: Option<(Spool, u64)>,
    /// Documents that were looked at and have nothing to compare.
    n_without: u64,
    /// Documents by scope.
    scopes: BTreeMap<String, u64>,
}

impl<'a> Sketcher<'a> {
    /// Starts empty sketches.
    ///
    /// # Errors
    /// When no file can be made.
    pub fn create(steps: &'a [Step], context: &TaskContext<'_>) -> Result<Sketcher<'a>, StoreError> {
        let create = |step: &Step| {
            let has_keys = matches!(step.stage(""), Stage::Exchange(Exchange::Similar(_) | Exchange::Lines(_)));
            let keys = has_keys.then(|| Ok((context.spool()?, 0))).transpose()?;
            Ok(Written { documents: (context.spool()?, 0), keys, n_without: 0, scopes: BTreeMap::new() })
        };
        Ok(Sketcher { steps, written: steps.iter().map(create).collect::<Result<_, StoreError>>()? })
    }

    /// What every exchange says of a document.
    pub fn sketch(&self, document: &Document, analysis: &Analysis, out: &mut Vec<Sketched>) {
        out.resize_with(self.steps.len(), Sketched::default);
        let doc = Doc::new(document, analysis);
        for (step, out) in self.steps.iter().zip(out) {
            let Sketched { is_seen, equal, keys, scope, lines } = out;
            *is_seen = step.when.matches(&document.lang, &document.kind);
            *equal = None;
            keys.clear();
            lines.clear();
            match step.stage(&document.lang) {
                Stage::Exchange(exchange) if *is_seen => match exchange {
                    Exchange::Equal(exchange) => *equal = exchange.sketch(&doc),
                    Exchange::Totals(exchange) => {
                        let sketch = |counted: Counted| Sketch { key: counted.group, rank: counted.amount };
                        *equal = exchange.count(&doc).map(sketch);
                    }
                    Exchange::Similar(exchange) => exchange.keys(&doc, keys),
                    Exchange::Lines(exchange) => {
                        exchange.scope(&doc).clone_into(scope);
                        exchange.keys(&doc, lines);
                    }
                },
                _ => {}
            }
        }
    }

    /// Writes the sketches of a document that is alive at the end of the phase; the next phase sees it as row `row`.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn add(&mut self, sketches: &[Sketched], id: DocId, row: u32) -> Result<(), StoreError> {
        for ((step, written), sketch) in self.steps.iter().zip(&mut self.written).zip(sketches) {
            let failed = StoreError::io("write the sketch of", &step.name);
            written.add(sketch, id, row).map_err(failed)?;
        }
        Ok(())
    }

    /// How many documents each exchange has looked at without finding anything to compare.
    pub fn n_without(&self) -> BTreeMap<String, u64> {
        let counts = self.steps.iter().zip(&self.written).filter(|(_, written)| written.n_without > 0);
        counts.map(|(step, written)| (step.name.clone(), written.n_without)).collect()
    }

    /// How many documents each exchange has seen by scope, where it has scopes.
    pub fn scopes(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        let scopes = self.steps.iter().zip(&self.written).filter(|(_, written)| !written.scopes.is_empty());
        scopes.map(|(step, written)| (step.name.clone(), written.scopes.clone())).collect()
    }

    /// Stores the sketches.
    ///
    /// # Errors
    /// When the store fails.
    pub fn finish(self, context: &TaskContext<'_>, outcome: &mut Outcome) -> Result<(), StoreError> {
        for (step, written) in self.steps.iter().zip(self.written) {
            let documents = Some((sketch_table(&step.name), written.documents));
            let keys = written.keys.map(|keys| (keys_table(&step.name), keys));
            for (table, (spool, n_rows)) in documents.into_iter().chain(keys) {
                let object = context.keep(spool, &table, "rows", n_rows)?;
                outcome.objects.insert(table, object);
            }
        }
        Ok(())
    }
}

impl Written {
    fn add(&mut self, sketch: &Sketched, id: DocId, row: u32) -> std::io::Result<()> {
        if !sketch.is_seen {
            return Ok(());
        }
        let Some((keys, n_keys)) = &mut self.keys else {
            let Some(sketch) = sketch.equal else {
                self.n_without += 1;
                return Ok(());
            };
            self.documents.1 += 1;
            return self.documents.0.write_all(&Shipped { sketch, id, part: 0, row }.to_sketch());
        };
        for key in &sketch.keys {
            keys.write_all(&Band { key: *key, part: 0, row }.to_keys())?;
        }
        for line in &sketch.lines {
            keys.write_all(&LineRow { hash: line.hash, row, line: line.line }.to_bytes())?;
        }
        *n_keys += (sketch.keys.len() + sketch.lines.len()) as u64;
        if sketch.keys.is_empty() && sketch.lines.is_empty() {
            self.n_without += 1;
            return Ok(());
        }
        self.documents.1 += 1;
        if sketch.keys.is_empty() {
            *self.scopes.entry(sketch.scope.clone()).or_default() += 1;
            let scope = hash64(0, sketch.scope.as_bytes());
            return self.documents.0.write_all(&ScopedRow { row, id, scope }.to_bytes());
        }
        self.documents.0.write_all(&Member { row, id }.to_bytes())
    }
}
