//! Finds the rows of a document in the tables of a run, by id or URL.

use crate::failure::Failure;
use tokenmill_core::DocId;
use tokenmill_core::hash::hash64;
use tokenmill_engine::at_once::at_once;
use tokenmill_store::table::{Batches, Columns, Hit, Key, find};
use tokenmill_store::{Manifest, Part, Store, StoreError};

/// What a user types to name a document.
pub enum Wanted {
    /// A document id.
    Id(DocId),
    /// A URL as captured.
    Url(String),
}

/// A ledger row of a document.
pub struct Found<'a> {
    /// The phase.
    pub manifest: &'a Manifest,
    /// Number of the phase among the manifests.
    pub phase: usize,
    /// The part.
    pub part: &'a Part,
    /// Row in the part's ledger.
    pub row: u32,
    /// The document.
    pub id: DocId,
}

/// All that a name has led to.
pub struct LookedUp<'a> {
    /// The rows, in the order of phases.
    pub rows: Vec<Found<'a>>,
    /// The URL that was found instead of the one that was asked for.
    pub as_url: Option<String>,
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
        Wanted::Url(text.to_owned())
    }

    /// All ledger rows of the document, in the order of phases.
    pub fn find<'a>(&self, store: &dyn Store, manifests: &'a [Manifest]) -> Result<Vec<Found<'a>>, StoreError> {
        Ok(self.look_up(store, manifests)?.rows)
    }

    /// All ledger rows of the document, in the order of phases. A URL that is in no ledger is looked for as others write
    /// it, too: with and without `www.` and a slash at the end, and by the other scheme.
    pub fn look_up<'a>(&self, store: &dyn Store, manifests: &'a [Manifest]) -> Result<LookedUp<'a>, StoreError> {
        let url = match self {
            Wanted::Id(id) => {
                return Ok(LookedUp { rows: search(store, manifests, "id", &[Key::Id(*id)])?, as_url: None });
            }
            Wanted::Url(url) => url,
        };
        let hash = |url: &str| Key::U64(hash64(0, url.as_bytes()));
        let rows = search(store, manifests, "url_hash", &[hash(url)])?;
        if !rows.is_empty() {
            return Ok(LookedUp { rows, as_url: None });
        }
        let others = spellings(url);
        let keys: Vec<Key> = others.iter().map(|other| hash(other)).collect();
        let hits = places(store, manifests, "url_hash", &keys)?;
        // The spelling that is most like what was asked for.
        let Some(best) = hits.iter().map(|(_, _, hit)| hit.key).min() else {
            return Ok(LookedUp { rows: Vec::new(), as_url: None });
        };
        let rows = search(store, manifests, "url_hash", &[keys[best]])?;
        Ok(LookedUp { rows, as_url: others.into_iter().nth(best) })
    }
}

/// A URL as it may have been captured, the likeliest first; without the URL itself.
fn spellings(url: &str) -> Vec<String> {
    let (schemes, rest) = match url.split_once("://") {
        Some(("http", rest)) => (["http://", "https://"], rest),
        Some(("https", rest)) => (["https://", "http://"], rest),
        Some(_) => return Vec::new(),
        None => (["https://", "http://"], url),
    };
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let bare = host.strip_prefix("www.");
    let hosts = [host.to_owned(), bare.map_or_else(|| format!("www.{host}"), str::to_owned)];
    let slash = match path.strip_suffix('/') {
        Some(shorter) => [path.to_owned(), shorter.to_owned()],
        None if path.contains(['?', '#']) => [path.to_owned(), path.to_owned()],
        None => [path.to_owned(), format!("{path}/")],
    };
    let mut out: Vec<String> = Vec::new();
    for host in &hosts {
        for scheme in schemes {
            for path in &slash {
                let other = format!("{scheme}{host}{path}");
                if other != url && !out.contains(&other) {
                    out.push(other);
                }
            }
        }
    }
    out
}

/// The rows with one of the keys in a column of the ledgers of all phases, as phase, part and row. A phase that goes on with
/// the parts of the one before is only asked about those that had such a row.
fn places<'a>(
    store: &dyn Store,
    manifests: &'a [Manifest],
    column: &str,
    keys: &[Key],
) -> Result<Vec<(usize, &'a Part, Hit)>, StoreError> {
    let mut places = Vec::new();
    let mut before: Option<(&Manifest, Vec<usize>)> = None;
    let has_ledger = |part: &Part| part.objects.contains_key("ledger");
    for (phase, manifest) in manifests.iter().enumerate().filter(|(_, phase)| phase.parts.iter().any(has_ledger)) {
        let which = match before {
            Some((earlier, which)) if goes_on(earlier, manifest) => which,
            _ => (0..manifest.parts.len()).filter(|at| has_ledger(&manifest.parts[*at])).collect(),
        };
        let found = at_once(&which, |at| find(store, &manifest.parts[*at].objects["ledger"], column, keys))?;
        let found: Vec<(usize, Vec<Hit>)> = which.into_iter().zip(found).filter(|(_, hits)| !hits.is_empty()).collect();
        before = Some((manifest, found.iter().map(|(at, _)| *at).collect()));
        for (at, hits) in found {
            places.extend(hits.into_iter().map(|hit| (phase, &manifest.parts[at], hit)));
        }
    }
    Ok(places)
}

/// Whether the parts of a phase are those of an earlier one, in the same order.
fn goes_on(earlier: &Manifest, later: &Manifest) -> bool {
    let has_ledgers = |manifest: &Manifest| manifest.parts.iter().all(|part| part.objects.contains_key("ledger"));
    earlier.parts.len() == later.parts.len()
        && has_ledgers(later)
        && earlier.parts.iter().zip(&later.parts).all(|(a, b)| a.label == b.label)
}

fn search<'a>(
    store: &dyn Store,
    manifests: &'a [Manifest],
    column: &str,
    keys: &[Key],
) -> Result<Vec<Found<'a>>, StoreError> {
    let places = places(store, manifests, column, keys)?;
    at_once(&places, |(phase, part, hit)| {
        let row = hit.row as usize;
        let ledger = &part.objects["ledger"].key;
        let mut batches = Batches::open_rows(store, ledger, &["id"], std::slice::from_ref(&(row..row + 1)))?;
        let batch = batches.next().unwrap_or_else(|| Err(StoreError::corrupt(ledger, format!("no row {row}"))))?;
        let id = Columns(&batch).id("id", 0)?;
        Ok(Found { manifest: &manifests[*phase], phase: *phase, part, row: hit.row as u32, id })
    })
}

/// What was found in a table that may have been deleted since: nothing, then. Ledgers outlive texts.
pub fn if_there<T>(found: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
    match found {
        Err(StoreError::Missing(_)) => Ok(None),
        found => found,
    }
}

/// The row of a document in a table that has documents.
pub fn find_row(store: &dyn Store, part: &Part, table: &str, wanted: DocId) -> Result<Option<u32>, StoreError> {
    let Some(object) = part.objects.get(table) else { return Ok(None) };
    Ok(find(store, object, "id", &[Key::Id(wanted)])?.first().map(|hit| hit.row as u32))
}

/// Where a document is in a table of a phase: its part and row there.
pub fn find_in<'a>(
    store: &dyn Store,
    manifest: &'a Manifest,
    table: &str,
    wanted: DocId,
) -> Result<Option<(&'a Part, u32)>, StoreError> {
    let parts: Vec<&Part> = manifest.parts.iter().collect();
    let rows = at_once(&parts, |part| find_row(store, part, table, wanted))?;
    Ok(parts.into_iter().zip(rows).find_map(|(part, row)| Some((part, row?))))
}

/// One row of a table as (column, value) pairs of the cells that have a value.
pub fn row_of(store: &dyn Store, key: &str, row: u32) -> Result<Vec<(String, String)>, Failure> {
    let at = row as usize;
    let mut batches = Batches::open_rows(store, key, &[], std::slice::from_ref(&(at..at + 1)))?;
    let Some(batch) = batches.next().transpose()? else {
        return Err(Failure::usage(format!("`{key}` has no row {row}")));
    };
    let columns = Columns(&batch);
    let names = batch.schema_ref().fields().iter().map(|field| field.name().clone());
    Ok(names.filter_map(|name| columns.show(&name, 0).map(|value| (name, value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_looked_for_as_others_write_it() {
        let all = spellings("http://a.org/x");
        assert_eq!(all[0], "http://a.org/x/");
        assert_eq!(all[1], "https://a.org/x");
        assert!(all.contains(&"https://www.a.org/x/".to_owned()) && all.len() == 7, "{all:?}");
        assert_eq!(spellings("https://www.a.org/x/")[0], "https://www.a.org/x");
        assert!(spellings("https://www.a.org/x/").contains(&"http://a.org/x".to_owned()));
        assert_eq!(spellings("a.org")[..2], ["https://a.org", "https://a.org/"].map(str::to_owned));
        assert_eq!(spellings("http://a.org/?q=1").len(), 3, "a slash behind a query is no other spelling");
        assert!(spellings("ftp://a.org/").is_empty());
    }
}
