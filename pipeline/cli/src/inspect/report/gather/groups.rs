//! The largest domains and sources, from what every task has counted; sorted out of core, because there are as many
//! domains as the web has.

use super::plan::Run;
use super::rows::Counts;
use crate::inspect::report::data::{Group, GroupTable, Groups};
use crate::inspect::report::text::shown;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use tokenmill_core::hash::hash128;
use tokenmill_engine::map::GROUPS;
use tokenmill_store::sort::records::{LENGTH, RecordSorter};
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Store, StoreError};

/// Groups of each kind that the page has.
const MOST_DOMAINS: usize = 500;
const MOST_LANGUAGES: usize = 100;
const MOST_SOURCES: usize = 200;
/// Steps that are named of a group.
const MOST_STEPS: usize = 4;
/// Bytes that sorting may hold.
const MEMORY: u64 = 96 << 20;
const NAME_CHARS: usize = 120;

/// Groups of one kind: the largest so far.
struct Largest {
    table: GroupTable,
    most: usize,
}

impl Largest {
    fn of(most: usize) -> Largest {
        Largest { table: GroupTable::default(), most }
    }

    fn add(&mut self, name: &str, n_in: u64, removed: &BTreeMap<String, u64>) {
        self.table.n += 1;
        let n_removed: u64 = removed.values().sum();
        let mut by: Vec<(String, u64)> = removed.iter().map(|(step, n)| (step.clone(), *n)).collect();
        by.sort_by_key(|(_, n)| Reverse(*n));
        by.truncate(MOST_STEPS);
        let n_kept = n_in.saturating_sub(n_removed);
        self.table.rows.push(Group { name: shown(name, NAME_CHARS), n_in, n_kept, by });
        if self.table.rows.len() >= 4 * self.most {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.table.rows.sort_by(|a, b| b.n_in.cmp(&a.n_in).then_with(|| a.name.cmp(&b.name)));
        self.table.rows.truncate(self.most);
    }

    fn end(mut self) -> GroupTable {
        self.cut();
        self.table
    }
}

/// Languages, from the ledgers.
pub fn languages(counts: &Counts) -> GroupTable {
    let mut largest = Largest::of(MOST_LANGUAGES);
    for (name, language) in &counts.languages {
        let n_removed: u64 = language.removed.values().sum();
        largest.add(name, language.n_kept + n_removed, &language.removed);
    }
    largest.end()
}

/// Domains and sources, from the tables `groups`.
pub fn groups(store: &dyn Store, run: &Run) -> Result<Groups, StoreError> {
    let mut sorter = RecordSorter::<16>::new(store.scratch(), MEMORY);
    for (number, phase) in run.phases.iter().enumerate() {
        for part in &run.manifests[phase.manifest].parts {
            let Some(object) = part.objects.get(GROUPS) else { continue };
            for batch in Batches::open(store, &object.key, &[])? {
                let batch = batch?;
                let columns = Columns(&batch);
                let (kinds, names, steps) = (columns.text("kind")?, columns.text("name")?, columns.text("step")?);
                for (row, n) in columns.u32("n")?.iter().enumerate() {
                    let is_first_or_removed = number == 0 || !steps.value(row).is_empty();
                    if kinds.value(row) == "language" || !is_first_or_removed {
                        continue;
                    }
                    let group = format!("{}\0{}", kinds.value(row), names.value(row));
                    let rest = [&n.to_be_bytes(), group.as_bytes(), b"\0", steps.value(row).as_bytes()].concat();
                    sorter.push(hash128(group.as_bytes()).to_be_bytes(), &rest)?;
                }
            }
        }
    }
    let (mut domains, mut sources) = (Largest::of(MOST_DOMAINS), Largest::of(MOST_SOURCES));
    let mut group = (String::new(), 0, BTreeMap::new());
    let mut end = |(name, n_in, removed): (String, u64, BTreeMap<String, u64>)| match name.split_once('\0') {
        Some(("domain", name)) => domains.add(name, n_in, &removed),
        Some(("source", name)) => sources.add(name, n_in, &removed),
        _ => {}
    };
    let mut records = sorter.finish()?;
    while let Some(record) = records.next_record()? {
        let rest = record.get(LENGTH + 16..).unwrap_or_default();
        let Some((n, text)) = rest.split_first_chunk::<4>() else { continue };
        let text = String::from_utf8_lossy(text);
        let Some((name, step)) = text.rsplit_once('\0') else { continue };
        if group.0 != name {
            end(std::mem::replace(&mut group, (name.to_owned(), 0, BTreeMap::new())));
        }
        let n = u64::from(u32::from_be_bytes(*n));
        match step {
            "" => group.1 += n,
            step => *group.2.entry(step.to_owned()).or_default() += n,
        }
    }
    end(group);
    Ok(Groups { language: GroupTable::default(), domain: domains.end(), source: sources.end() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_groups_are_kept_whatever_comes_first() {
        let removed = [("a".to_owned(), 3), ("b".to_owned(), 5)].into();
        let mut largest = Largest::of(2);
        (0..50).for_each(|n| largest.add(&format!("g{}", n * 7 % 50), n * 7 % 50, &removed));
        let table = largest.end();
        let names: Vec<_> = table.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!((table.n, names), (50, vec!["g49", "g48"]));
        let by = vec![("b".to_owned(), 5), ("a".to_owned(), 3)];
        assert_eq!(table.rows[0], Group { name: "g49".into(), n_in: 49, n_kept: 41, by });
    }
}
