//! Finds the rows of a document in the tables of a run, by id or URL.

use crate::failure::Failure;
use tokenmill_core::DocId;
use tokenmill_core::hash::hash64;
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Manifest, Part, Store, StoreError};

/// What a user types to name a document.
pub enum Wanted {
    /// A document id.
    Id(DocId),
    /// A URL as captured.
    Url(u64),
}

/// A ledger row of a document.
pub struct Found<'a> {
    /// The phase.
    pub manifest: &'a Manifest,
    /// The part.
    pub part: &'a Part,
    /// Row in the part's ledger.
    pub row: u32,
    /// The document.
    pub id: DocId,
}

impl Wanted {
    /// An id is 32 hexadecimal digits, a WARC-Record-ID begins with `<` or `urn:`; all else is a URL.
    pub fn parse(text: &str) -> Wanted {
        if let Some(id) = DocId::parse(text) {
            return Wanted::Id(id);
        }
        if text.starts_with('<') || text.starts_with("urn:") {
            return Wanted::Id(DocId::from_record_id(text.trim_start_matches('<').trim_end_matches('>')));
        }
        Wanted::Url(hash64(0, text.as_bytes()))
    }

    /// All ledger rows of the document, in the order of phases.
    pub fn find<'a>(&self, store: &dyn Store, manifests: &'a [Manifest]) -> Result<Vec<Found<'a>>, StoreError> {
        let mut found = Vec::new();
        for manifest in manifests {
            for part in &manifest.parts {
                let Some(ledger) = part.objects.get("ledger") else { continue };
                let mut at = 0u32;
                for batch in Batches::open(store, &ledger.key, &["id", "url_hash"])? {
                    let batch = batch?;
                    let columns = Columns(&batch);
                    let urls = columns.u64("url_hash")?;
                    for (id, url) in columns.ids("id")?.into_iter().zip(urls) {
                        let is_it = match self {
                            Wanted::Id(wanted) => *wanted == id,
                            Wanted::Url(wanted) => wanted == url,
                        };
                        if is_it {
                            found.push(Found { manifest, part, row: at, id });
                        }
                        at += 1;
                    }
                }
            }
        }
        Ok(found)
    }
}

/// One row of a table as (column, value) pairs of the cells that have a value.
pub fn row_of(store: &dyn Store, key: &str, row: u32) -> Result<Vec<(String, String)>, Failure> {
    let mut first = 0u32;
    for batch in Batches::open(store, key, &[])? {
        let batch = batch?;
        let n_rows = batch.num_rows() as u32;
        if row < first + n_rows {
            let columns = Columns(&batch);
            let names = batch.schema_ref().fields().iter().map(|field| field.name().clone());
            let at = (row - first) as usize;
            return Ok(names.filter_map(|name| columns.show(&name, at).map(|value| (name, value))).collect());
        }
        first += n_rows;
    }
    Err(Failure::usage(format!("`{key}` has no row {row}")))
}
