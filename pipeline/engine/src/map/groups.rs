//! Counts what each step removes of every source, language and domain, for alarms.

use crate::chain::Chain;
use std::collections::BTreeMap;
use tokenmill_core::text::site_of;
use tokenmill_core::{DocField, Document, MetricKind, schema};
use tokenmill_store::table::{Field, Table};
use tokenmill_store::{Outcome, StoreError, TaskContext};

/// The table of counts.
pub const TABLE: &str = "groups";

/// The kinds of groups.
const KINDS: [&str; 3] = ["source", "language", "domain"];
const LANGUAGE: usize = 1;

/// The counts of one task.
#[derive(Default)]
pub struct Groups {
    counts: BTreeMap<(usize, String), Counts>,
}

#[derive(Default)]
struct Counts {
    n_in: u32,
    /// Removed documents by the place of the step.
    removed: BTreeMap<usize, u32>,
}

impl Groups {
    /// Counts one document of `source`, and the step of the chain that removed it, if one did.
    pub fn count(&mut self, chain: &Chain, document: &Document, source: &str, removed_at: Option<usize>) {
        let host = site_of(&document.url);
        let names = [folder_of(source), &document.lang, &host];
        for (kind, name) in names.into_iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let counts = match self.counts.get_mut(&(kind, name.to_owned())) {
                Some(counts) => counts,
                None => self.counts.entry((kind, name.to_owned())).or_default(),
            };
            counts.n_in += 1;
            // Whoever picks languages removes all of the others, and means to.
            if let Some(at) = removed_at.filter(|at| kind != LANGUAGE || !identifies_languages(chain, *at)) {
                *counts.removed.entry(at).or_default() += 1;
            }
        }
    }

    /// Stores the counts.
    pub fn finish(self, chain: &Chain, context: &TaskContext<'_>, outcome: &mut Outcome) -> Result<(), StoreError> {
        let mut table = Table::new(context.spool()?, Field::of(schema::GROUPS));
        for ((kind, name), counts) in self.counts {
            let kind = KINDS.get(kind).copied().unwrap_or_default();
            table.row().text(kind).text(&name).text("").u32(counts.n_in).end()?;
            for (at, n_removed) in counts.removed {
                let step = chain.steps.get(at).map_or("", |step| &step.name);
                table.row().text(kind).text(&name).text(step).u32(n_removed).end()?;
            }
        }
        outcome.objects.insert(TABLE.to_owned(), context.keep_table(table, TABLE)?);
        Ok(())
    }
}

/// The folder of an input file, or the file when it lies in none.
fn folder_of(source: &str) -> &str {
    source.rsplit_once('/').map_or(source, |(folder, _)| folder)
}

fn identifies_languages(chain: &Chain, at: usize) -> bool {
    let metrics = chain.steps.get(at).map_or(&[][..], |step| step.entry.metrics);
    metrics.iter().any(|metric| metric.kind == MetricKind::Label(Some(DocField::Lang)))
}
