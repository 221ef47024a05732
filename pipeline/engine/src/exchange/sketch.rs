//! Sketching, fused into a map task: one row for every document that takes part, while its text is hot.

use super::layout::{Shipped, sketch_table};
use crate::chain::Step;
use std::io::Write;
use tokenmill_core::{Analysis, Doc, DocId, Document, Sketch, Stage};
use tokenmill_store::{Outcome, Spool, StoreError, TaskContext};

/// Writes the sketches of one task, one object for every exchange that follows the phase.
pub struct Sketcher<'a> {
    steps: &'a [Step],
    spools: Vec<(Spool, u64)>,
}

impl<'a> Sketcher<'a> {
    /// Starts empty sketches.
    ///
    /// # Errors
    /// When no file can be made.
    pub fn create(steps: &'a [Step], context: &TaskContext<'_>) -> Result<Sketcher<'a>, StoreError> {
        let spools = steps.iter().map(|_| Ok((context.spool()?, 0))).collect::<Result<_, StoreError>>()?;
        Ok(Sketcher { steps, spools })
    }

    /// What every exchange says of a document; `None` where it takes no part.
    pub fn sketch(&self, document: &Document, analysis: &Analysis, out: &mut Vec<Option<Sketch>>) {
        out.clear();
        out.extend(self.steps.iter().map(|step| match step.stage(&document.lang) {
            Stage::Exchange(exchange) if step.when.matches(&document.lang, &document.kind) => {
                exchange.sketch(&Doc::new(document, analysis))
            }
            _ => None,
        }));
    }

    /// Writes the sketches of a document that is alive at the end of the phase; the next phase sees it as row `row`.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn add(&mut self, sketches: &[Option<Sketch>], id: DocId, row: u32) -> Result<(), StoreError> {
        for ((step, (spool, n_rows)), sketch) in self.steps.iter().zip(&mut self.spools).zip(sketches) {
            if let Some(sketch) = *sketch {
                let bytes = Shipped { sketch, id, part: 0, row }.to_sketch();
                spool.write_all(&bytes).map_err(StoreError::io("write the sketch of", &step.name))?;
                *n_rows += 1;
            }
        }
        Ok(())
    }

    /// Stores the sketches.
    ///
    /// # Errors
    /// When the store fails.
    pub fn finish(self, context: &TaskContext<'_>, outcome: &mut Outcome) -> Result<(), StoreError> {
        for (step, (spool, n_rows)) in self.steps.iter().zip(self.spools) {
            let table = sketch_table(&step.name);
            let object = context.keep(spool, &table, "rows", n_rows)?;
            outcome.objects.insert(table, object);
        }
        Ok(())
    }
}
