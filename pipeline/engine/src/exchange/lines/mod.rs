//! An exchange of lines: `shuffle` the lines, `count` them, and bring `home` what goes.
//!
//! A line's place does not travel: a group of parts is told which of its lines are frequent, and finds them in the object
//! that it has shipped, which has the same order.

mod count;
mod cuts;
mod home;
pub mod layout;

pub use count::CountPhase;
pub use cuts::Cuts;
pub use home::LinesHomePhase;

use super::shuffle::{Ship, Shipment};
use super::{keys_table, sketch_table};
use layout::{LINE, LineRow, OCCURRENCE, Occurrence, SCOPED, ScopedRow};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokenmill_core::exchange::{bucket_of, order_of};
use tokenmill_core::hash::{hash64, mix64};
use tokenmill_store::sort::Sorter;
use tokenmill_store::{Cost, Manifest, Rows, StoreError};

/// Ships every line of every document.
pub struct ShipLines {
    /// The exchange step.
    pub step: String,
    /// Seed of the run.
    pub seed: u64,
    /// Documents of a scope that are counted together.
    pub bucket_documents: u64,
}

impl Ship<OCCURRENCE> for ShipLines {
    fn tables(&self) -> Vec<String> {
        vec![sketch_table(&self.step), keys_table(&self.step)]
    }

    fn spec(&self) -> Value {
        json!({"seed": self.seed, "bucket_documents": self.bucket_documents})
    }

    /// Counts the documents of every scope, and the buckets that follow from it.
    fn survey(&self, sketched: &Manifest) -> Result<Value, StoreError> {
        let mut documents: BTreeMap<String, u64> = BTreeMap::new();
        for part in &sketched.parts {
            let scopes =
                part.tally.get("scopes").and_then(|scopes| scopes.get(&self.step)).cloned().unwrap_or(json!({}));
            let scopes: BTreeMap<String, u64> =
                serde_json::from_value(scopes).map_err(|error| StoreError::corrupt(&part.task, error))?;
            scopes.into_iter().for_each(|(scope, n)| *documents.entry(scope).or_default() += n);
        }
        let buckets =
            documents.iter().map(|(scope, n)| (scope.clone(), n.div_ceil(self.bucket_documents.max(1)).max(1)));
        Ok(json!({"documents": documents, "buckets": buckets.collect::<BTreeMap<_, _>>()}))
    }

    fn cost(&self) -> Cost {
        crate::exchange::cost::shuffle_lines()
    }

    fn ship(&self, part: &mut Shipment<'_>, number: u32, rows: &mut Sorter<OCCURRENCE>) -> Result<(), StoreError> {
        let scopes = part.survey.get("documents").and_then(Value::as_object).into_iter().flatten();
        let n_documents: BTreeMap<u64, u64> =
            scopes.filter_map(|(scope, n)| Some((hash64(0, scope.as_bytes()), n.as_u64()?))).collect();
        let mut lines = Rows::<LINE>::open(part.context.store, &part.tables[1])?.peekable();
        for document in Rows::<SCOPED>::open(part.context.store, &part.tables[0])? {
            let ScopedRow { row, id, scope } = ScopedRow::of_bytes(&document?);
            let alive = part.is_alive(row, id)?;
            let n_documents = n_documents.get(&scope).copied().unwrap_or(0);
            let salt = mix64(scope, bucket_of(self.seed, id, n_documents, self.bucket_documents));
            let is_of_document = |line: &Result<[u8; LINE], StoreError>| {
                line.as_ref().map_or(true, |line| LineRow::of_bytes(line).row == row)
            };
            while let Some(line) = lines.next_if(is_of_document) {
                let LineRow { hash, line, .. } = LineRow::of_bytes(&line?);
                if alive {
                    let (key, order) = (mix64(hash, salt), order_of(id, line));
                    rows.push(Occurrence { key, order, part: number, row, line }.to_bytes())?;
                }
            }
        }
        match lines.next() {
            None => Ok(()),
            Some(_) => {
                Err(StoreError::corrupt(&part.tables[1].key, "there are lines of a document that takes no part"))
            }
        }
    }
}
