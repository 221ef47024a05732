//! What must be in the shards, from the token stores alone: every table is read again, without its tokens.

use super::pieces::Around;
use super::planned::{Longest, note};
use super::sums::{Sums, Use};
use crate::phase::sources::{Sources, store_tables};
use crate::shard::dataset::Dataset;
use crate::take::Cuts;
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Manifest, Store, StoreError};

/// Where documents come from.
pub enum Stores<'a> {
    /// The token store of the run itself.
    Once { run: &'a dyn Store, tokens: &'a Manifest },
    /// Those of a mix.
    Mix { sources: Box<Sources> },
}

/// What token stores come to.
pub struct Taken {
    /// All uses of documents.
    pub sums: Sums,
    /// Documents, used or not.
    pub n_stored: u64,
}

impl Stores<'_> {
    /// The token stores of a mix that are not those it was made of.
    pub fn unlike(&self, dataset: &Dataset) -> Vec<String> {
        let Stores::Mix { sources } = self else { return Vec::new() };
        let now = sources.lineage();
        let then = &dataset.lineage.sources;
        if now.len() != then.len() {
            return vec![format!("the mix has `{}` sources, the shards were made of `{}`", now.len(), then.len())];
        }
        let pairs = now.iter().zip(then);
        let unlike = pairs.filter(|(now, then)| (&now.name, &now.objects) != (&then.name, &then.objects));
        let told = unlike.map(|(now, _)| {
            let (name, run) = (&now.name, &now.run);
            format!(
                "source `{name}`: the token store of `{run}` has changed since the shards were made; run the mix again"
            )
        });
        told.collect()
    }

    /// Sums up all uses, and notes the longest document of every group.
    pub fn sums(
        &self,
        dataset: &Dataset,
        cuts: Option<&Cuts>,
        longest: &mut Longest,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Taken, StoreError> {
        let (mut sums, mut n_stored) = (Sums::new(dataset), 0);
        let mut seen = |n: u64| {
            n_stored += n;
            progress(n);
        };
        self.each(dataset, cuts, &mut seen, &mut |it| {
            note(longest, it.group, it.n_tokens);
            sums.add(it);
        })?;
        Ok(Taken { sums, n_stored })
    }

    /// Hands out every use of every document; `progress` is told of documents, used or not.
    pub fn each(
        &self,
        dataset: &Dataset,
        cuts: Option<&Cuts>,
        progress: &mut dyn FnMut(u64),
        each: &mut dyn FnMut(&Use<'_>),
    ) -> Result<(), StoreError> {
        let around = Around { bos: dataset.tokenizer.bos, eos: dataset.tokenizer.eos }.n_tokens();
        match self {
            Stores::Once { run, tokens } => once(*run, tokens, around, progress, each),
            Stores::Mix { sources } => match cuts {
                Some(cuts) => mixed(sources, cuts, around, progress, each),
                None => Ok(()),
            },
        }
    }
}

/// Every document once, in the one training phase that a recipe has. Its groups are its languages.
fn once(
    run: &dyn Store,
    tokens: &Manifest,
    around: u64,
    progress: &mut dyn FnMut(u64),
    each: &mut dyn FnMut(&Use<'_>),
) -> Result<(), StoreError> {
    for table in store_tables(0, tokens).iter().flatten() {
        for batch in Batches::open(run, &table.key, &["id", "lang", "n_tokens", "content"])? {
            let batch = batch?;
            let columns = Columns(&batch);
            let (langs, lengths, contents) = (columns.text("lang")?, columns.u32("n_tokens")?, columns.u64("content")?);
            for (row, id) in columns.ids("id")?.into_iter().enumerate() {
                let lang = langs.value(row);
                each(&Use {
                    training: 0,
                    epoch: 0,
                    id,
                    group: if lang.is_empty() { "unknown" } else { lang },
                    content: contents[row],
                    n_tokens: u64::from(lengths[row]) + around,
                });
            }
            progress(batch.num_rows() as u64);
        }
    }
    Ok(())
}

/// What the cuts say of every document.
fn mixed(
    sources: &Sources,
    cuts: &Cuts,
    around: u64,
    progress: &mut dyn FnMut(u64),
    each: &mut dyn FnMut(&Use<'_>),
) -> Result<(), StoreError> {
    let names = sources.columns(&["key", "id", "n_tokens", "content"]);
    let (mut name, mut scores) = (String::new(), Vec::new());
    for table in sources.tables().iter().flatten() {
        let source = sources.store(table)?;
        for batch in Batches::open(&*source.store, &table.key, &names)? {
            let batch = batch?;
            let columns = Columns(&batch);
            let groups = sources.groups(&source.name, &batch)?;
            let (keys, lengths, contents) = (columns.u64("key")?, columns.u32("n_tokens")?, columns.u64("content")?);
            for (row, id) in columns.ids("id")?.into_iter().enumerate() {
                if !groups.of(row, &mut scores, &mut name) {
                    continue;
                }
                for interval in cuts.uses(&name, (keys[row], id)) {
                    each(&Use {
                        training: interval.training,
                        epoch: interval.epoch,
                        id,
                        group: &name,
                        content: contents[row],
                        n_tokens: u64::from(lengths[row]) + around,
                    });
                }
            }
            progress(batch.num_rows() as u64);
        }
    }
    Ok(())
}
