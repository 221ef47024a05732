//! Where a document is in the end: in which shard and sequence, or why it is in none.

use crate::failure::Failure;
use crate::inspect::run_view::View;
use crate::inspect::search::if_there;
use serde::Serialize;
use tokenmill_core::DocId;
use tokenmill_engine::at_once::at_once;
use tokenmill_mix::shard::dataset::{Dataset, Shard};
use tokenmill_mix::shard::locate::{Place, locate};
use tokenmill_mix::{INDEX_PHASE, TOKENS_PHASE};
use tokenmill_store::table::{Batches, Columns, Key, find};
use tokenmill_store::{Manifest, ObjectRef, Store, StoreError};

/// The tables of a token store, of which a part may have several.
const TABLE: &str = "tokens-";

/// Where a document is in the end.
#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum End {
    /// A step removed it.
    Removed,
    /// It is alive, and the run has not ended.
    Waiting {
        /// The phase that is next.
        next: String,
    },
    /// It was kept, and the recipe ends with documents.
    Kept,
    /// It was kept and has token ids.
    Tokens {
        /// Their number in the token store, without begin and end tokens.
        n_tokens: Option<u32>,
        /// Where they lie in shards.
        places: Vec<InShard>,
        /// Whether the run has shards.
        has_shards: bool,
    },
}

/// A piece of a document in a shard.
#[derive(Serialize)]
pub struct InShard {
    /// Phase of training.
    pub training: String,
    /// Number of the shard in it, from 0.
    pub shard: usize,
    /// Key of the shard's files without their endings.
    pub prefix: String,
    /// The place in it.
    #[serde(flatten)]
    pub place: Place,
}

/// Looks where the document is.
pub fn end(view: &View, id: DocId, is_kept: bool) -> Result<End, Failure> {
    if !is_kept {
        return Ok(End::Removed);
    }
    if let Some(next) = view.unfinished() {
        return Ok(End::Waiting { next: next.folder.clone() });
    }
    let Some(tokens) = ended(view, TOKENS_PHASE) else { return Ok(End::Kept) };
    let n_tokens = n_tokens(&*view.store, tokens, id)?;
    let dataset = ended(view, INDEX_PHASE).and_then(|index| index.parts.first()?.objects.get("dataset"));
    let dataset = dataset.map(|object| Dataset::read(&*view.store, &object.key)).transpose()?;
    let places = dataset.as_ref().map_or(Ok(Vec::new()), |dataset| places(&*view.store, dataset, id))?;
    Ok(End::Tokens { n_tokens, places, has_shards: dataset.is_some() })
}

/// The last phase of a name.
fn ended<'a>(view: &'a View, name: &str) -> Option<&'a Manifest> {
    let phases = view.record.phases.iter().zip(&view.manifests);
    phases.rev().find(|(phase, _)| phase.name == name).map(|(_, manifest)| manifest)
}

/// The number of token ids of a document in a token store.
fn n_tokens(store: &dyn Store, tokens: &Manifest, id: DocId) -> Result<Option<u32>, StoreError> {
    let tables = tokens.parts.iter().flat_map(|part| &part.objects).filter(|(name, _)| name.starts_with(TABLE));
    let tables: Vec<&ObjectRef> = tables.map(|(_, table)| table).collect();
    let found = at_once(&tables, |table| if_there(find(store, table, "id", &[Key::Id(id)]).map(Some)))?;
    let hit = tables.into_iter().zip(found).find_map(|(table, hits)| Some((table, hits?.first()?.row as usize)));
    let Some((table, row)) = hit else { return Ok(None) };
    let rows = row..row + 1;
    let batch =
        Batches::open_rows(store, &table.key, &["n_tokens"], std::slice::from_ref(&rows))?.next().transpose()?;
    batch.map_or(Ok(None), |batch| Ok(Columns(&batch).u32("n_tokens")?.first().copied()))
}

/// Everywhere that the document is in a set of shards.
pub fn places(store: &dyn Store, dataset: &Dataset, id: DocId) -> Result<Vec<InShard>, StoreError> {
    let shards: Vec<(&str, usize, &Shard)> = dataset
        .phases
        .iter()
        .flat_map(|phase| phase.shards.iter().enumerate().map(|(number, shard)| (phase.name.as_str(), number, shard)))
        .collect();
    let found = at_once(&shards, |(_, _, shard)| locate(store, shard, id))?;
    let places = shards.into_iter().zip(found).flat_map(|((training, number, shard), places)| {
        places.into_iter().map(move |place| InShard {
            training: training.to_owned(),
            shard: number,
            prefix: shard.prefix.clone(),
            place,
        })
    });
    Ok(places.collect())
}
