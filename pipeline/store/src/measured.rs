//! What a run has measured of documents, beside their text: metrics of any of its phases, by document.

use crate::table::{Batches, Columns};
use crate::{Manifest, Store, StoreError};
use std::collections::BTreeMap;
use tokenmill_core::DocId;

/// The metrics of a document as text, in the order in which they were asked for.
pub type Row = Vec<Option<String>>;

/// Metrics such as `lang.id.score` of the documents of one part. Where several phases have measured one, the last counts.
///
/// # Errors
/// When a table is missing or damaged, or the store fails.
pub fn of_part<'a>(
    store: &dyn Store,
    manifests: impl IntoIterator<Item = &'a Manifest>,
    label: &str,
    names: &[String],
) -> Result<BTreeMap<DocId, Row>, StoreError> {
    let mut rows = BTreeMap::new();
    if names.is_empty() {
        return Ok(rows);
    }
    for part in manifests.into_iter().flat_map(|manifest| &manifest.parts).filter(|part| part.label == label) {
        let (Some(ledger), Some(metrics)) = (part.objects.get("ledger"), part.objects.get("metrics")) else { continue };
        let columns = Batches::open(store, &metrics.key, &[])?.columns();
        let known: Vec<&str> =
            names.iter().map(String::as_str).filter(|name| columns.iter().any(|c| c == name)).collect();
        if known.is_empty() {
            continue;
        }
        let mut ids = Vec::new();
        for batch in Batches::open(store, &ledger.key, &["id"])? {
            ids.extend(Columns(&batch?).ids("id")?);
        }
        let mut ids = ids.into_iter();
        for batch in Batches::open(store, &metrics.key, &known)? {
            let batch = batch?;
            for (at, id) in (0..batch.num_rows()).zip(&mut ids) {
                let row: &mut Row = rows.entry(id).or_insert_with(|| vec![None; names.len()]);
                for (place, name) in names.iter().enumerate() {
                    if let Some(value) = Columns(&batch).show(name, at) {
                        row[place] = Some(value);
                    }
                }
            }
        }
    }
    Ok(rows)
}
