//! Take-downs: finds what a run has of some documents, and writes the tables of its steps anew without them.
//!
//! A document keeps its row wherever rows are counted: behind it lie sketches and decisions that are joined by row number. In the
//! documents of a phase that others follow its row stays and is empty; in the last map phase the row goes and the ledger
//! says why. Sketches and decisions are hashes and stay, so that copies of the document stay out of this and of later crawls.

mod part;
mod sketches;

pub use part::{STEP, revise};

use std::collections::BTreeSet;
use tokenmill_core::DocId;
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::takedown::Forgotten;
use tokenmill_store::{Manifest, Store, StoreError};

/// The documents of a run that are meant: by id, by the hash of their URL as captured (which ledgers have), and by URL where a
/// table still has one.
///
/// # Errors
/// When a table is missing or damaged.
pub fn find(
    store: &dyn Store,
    manifests: &[Manifest],
    wanted: &Forgotten,
    url_hashes: &BTreeSet<u64>,
) -> Result<BTreeSet<DocId>, StoreError> {
    let mut found = BTreeSet::new();
    for part in manifests.iter().flat_map(|manifest| &manifest.parts) {
        if let Some(ledger) = part.objects.get("ledger") {
            for batch in Batches::open(store, &ledger.key, &["id", "url_hash", "host"])? {
                let batch = batch?;
                let columns = Columns(&batch);
                let hosts = columns.text("host")?;
                for (row, (id, url)) in columns.ids("id")?.into_iter().zip(columns.u64("url_hash")?).enumerate() {
                    let is_meant = wanted.ids.contains(&id) || url_hashes.contains(url);
                    if is_meant || wanted.has_host(hosts.value(row)) {
                        found.insert(id);
                    }
                }
            }
        }
        if wanted.urls.is_empty() {
            continue;
        }
        for (table, urls) in [("docs", &["url", "canonical_url"][..]), ("removed", &["url"])] {
            let Some(object) = part.objects.get(table) else { continue };
            for batch in Batches::open(store, &object.key, &[&["id"], urls].concat())? {
                let batch = batch?;
                let columns = Columns(&batch);
                for (row, id) in columns.ids("id")?.into_iter().enumerate() {
                    for name in urls {
                        if wanted.has_url(columns.text(name)?.value(row)) {
                            found.insert(id);
                        }
                    }
                }
            }
        }
    }
    Ok(found)
}
