//! Writes files of a release: some at once, in one walk through the parts that they have documents of.
//!
//! A language is spread over all parts, so a walk for every file would read everything once for each language. How many
//! files are open at once is a matter of memory, and changes no byte.

use super::Format;
use super::columns::Chosen;
use super::file::{FileWriter, Finished, Row};
use super::layout::Layout;
use super::origin::Origin;
use super::privacy;
use super::survey::Configs;
use std::collections::BTreeMap;
use std::ops::Range;
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Store, StoreError};

/// The columns that are read, the id and then those of [`Row::texts`] in their order.
const READ: [&str; 9] = ["id", "url", "date", "lang", "kind", "title", "text", "license", "source"];

/// Where the name of the source is among [`Row::texts`].
const SOURCE: usize = 7;

/// What it takes to write any file of a release.
pub struct Work<'a> {
    /// The run.
    pub origin: &'a Origin<'a>,
    /// The files.
    pub layout: &'a Layout,
    /// Its configurations.
    pub configs: &'a Configs,
    /// The columns.
    pub columns: &'a Chosen,
    /// The format.
    pub format: Format,
    /// Whose scratch folder is used.
    pub target: &'a dyn Store,
    /// Told of bytes of text that have been written.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

/// The files that are made in one walk: `at_once` at most, and near each other in the run.
pub fn bundles(layout: &Layout, wanted: &[usize], at_once: usize) -> Vec<Vec<usize>> {
    let mut order = wanted.to_vec();
    order.sort_by_key(|file| (layout.files[*file].first_part, layout.files[*file].last_part, *file));
    order.chunks(at_once.max(1)).map(<[usize]>::to_vec).collect()
}

impl Work<'_> {
    /// Writes some files, and gives each to `done` as soon as it is complete.
    ///
    /// # Errors
    /// When the store fails, a table is damaged, or a file does not hold what it should; and those of `done`.
    pub fn bundle(
        &self,
        files: &[usize],
        done: &dyn Fn(usize, Finished) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut open: BTreeMap<usize, FileWriter> = BTreeMap::new();
        let span = |file: &usize| &self.layout.files[*file];
        let first = files.iter().map(|file| span(file).first_part).min().unwrap_or(0);
        let last = files.iter().map(|file| span(file).last_part).max().unwrap_or(0);
        for part in first..=last {
            let here: Vec<usize> = files
                .iter()
                .copied()
                .filter(|file| (span(file).first_part..=span(file).last_part).contains(&part))
                .filter(|file| self.layout.has(part, span(file).config))
                .collect();
            if here.is_empty() {
                continue;
            }
            self.part(part, &here, &mut open)?;
            for file in here.into_iter().filter(|file| span(file).last_part == part) {
                let Some(writer) = open.remove(&file) else {
                    return Err(StoreError::corrupt(&span(&file).name, "no document of it was found"));
                };
                let finished = writer.finish()?;
                let expected = (span(&file).n_documents, span(&file).text_bytes, span(&file).ids);
                if (finished.held.n_documents, finished.held.text_bytes, finished.held.ids) != expected {
                    let why = format!("it holds {:?}, and the ledger says {expected:?}", finished.held);
                    return Err(StoreError::corrupt(&span(&file).name, why));
                }
                done(file, finished)?;
            }
        }
        Ok(())
    }

    /// Writes the documents of a part that belong to some files.
    fn part(&self, part: usize, files: &[usize], open: &mut BTreeMap<usize, FileWriter>) -> Result<(), StoreError> {
        let origin_part = &self.origin.parts[part];
        let rows = self.origin.rows(origin_part)?;
        let mut walk = self.layout.walk(part, self.configs, &rows);
        let place =
            |known: &super::origin::Known| walk.file(known.lang, known.bytes).filter(|file| files.contains(file));
        let places: Vec<Option<usize>> = rows.rows.iter().map(place).collect();
        let ranges = ranges(&places);
        if ranges.is_empty() {
            return Ok(());
        }
        let tokens = match self.columns.has_tokens {
            true => self.origin.token_counts(origin_part)?,
            false => BTreeMap::new(),
        };
        let names = self.columns.metric_names();
        let metrics = self.origin.metrics(origin_part, &names)?;
        let none = vec![None; names.len()];
        let n_wanted: usize = ranges.iter().map(Range::len).sum();
        // Where a good part is wanted, reading on is cheaper than asking for single pages.
        let is_scan = n_wanted * 4 >= places.len();
        let (store, key) = (self.origin.store, origin_part.docs.key.as_str());
        let batches = match is_scan {
            true => Batches::open(store, key, &READ)?,
            false => Batches::open_rows(store, key, &READ, &ranges)?,
        };
        let mut numbers: Box<dyn Iterator<Item = usize>> =
            if is_scan { Box::new(0..places.len()) } else { Box::new(ranges.into_iter().flatten()) };
        let damaged = |why: String| StoreError::corrupt(store.display(key), why);
        let mut n_written = 0;
        for batch in batches {
            let batch = batch?;
            let columns = Columns(&batch);
            let ids = columns.ids("id")?;
            let mut texts = Vec::with_capacity(READ.len() - 1);
            for name in &READ[1..] {
                texts.push(columns.text(name)?);
            }
            for (at, id) in ids.into_iter().enumerate() {
                let number = numbers.next().ok_or_else(|| damaged("it has more rows than the ledger".to_owned()))?;
                let Some(file) = places[number] else { continue };
                if rows.rows[number].id != id {
                    return Err(damaged(format!(
                        "its row {number} is `{id}`, and the ledger has another document there"
                    )));
                }
                let n_tokens = match tokens.get(&id) {
                    Some(n) => *n,
                    None if self.columns.has_tokens => {
                        return Err(damaged(format!("the tokens of `{id}` have not been counted")));
                    }
                    None => 0,
                };
                let mut row = Row {
                    id,
                    texts: std::array::from_fn(|column| texts[column].value(at)),
                    dump: &origin_part.dump,
                    n_tokens,
                    metrics: metrics.get(&id).map_or(&none[..], |values| values),
                };
                // Inputs of one name are called by their addresses, which may be private.
                let source = privacy::source(row.texts[SOURCE]);
                row.texts[SOURCE] = &source;
                let writer = match open.get_mut(&file) {
                    Some(writer) => writer,
                    None => open.entry(file).or_insert(FileWriter::create(self.target, self.format, self.columns)?),
                };
                writer.add(&row, self.columns)?;
                n_written += 1;
                (self.progress)(rows.rows[number].bytes);
            }
        }
        match n_written == n_wanted {
            true => Ok(()),
            false => Err(damaged(format!("{n_wanted} documents are wanted of it, and {n_written} were read"))),
        }
    }
}

/// The ranges of rows that have a place.
fn ranges(places: &[Option<usize>]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (at, _) in places.iter().enumerate().filter(|(_, place)| place.is_some()) {
        match ranges.last_mut() {
            Some(last) if last.end == at => last.end += 1,
            _ => ranges.push(at..at + 1),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn rows_side_by_side_are_one_range() {
        let (some, none) = (Some(0), None);
        assert_eq!(ranges(&[some, some, none, none, some, none]), [0..2, 4..5]);
        assert!(ranges(&[none, none]).is_empty());
    }
}
