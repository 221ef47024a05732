//! A finished run as it can be judged again: its recipe, its stages, and the parts of its phases in step.

use super::rows::Rows;
use super::walk::{Labels, Recorded};
use crate::chain::Chain;
use crate::plan::RunRecord;
use crate::run::RunError;
use crate::spec::Spec;
use tokenmill_core::{Assets, Rule};
use tokenmill_store::source::Format;
use tokenmill_store::{Part, Store, StoreError};

/// A run that has ended.
pub struct Finished {
    /// Its recipe.
    pub spec: Spec,
    /// The phases that have ledgers, in order.
    pub phases: Vec<LedgerPhase>,
}

/// A phase that has ledgers.
pub struct LedgerPhase {
    /// Folder in the run directory.
    pub folder: String,
    /// Which block of the recipe it is.
    pub block: usize,
    /// Its stages, as they were configured.
    pub chain: Chain,
    /// Its parts; the n-th goes on with the documents of the n-th of the phase before.
    pub parts: Vec<Part>,
}

impl Finished {
    /// Opens a run, given its recipe.
    ///
    /// # Errors
    /// When it has not ended, or the recipe is not that of the run.
    pub fn open(store: &dyn Store, spec: Spec, assets: &dyn Assets) -> Result<Finished, RunError> {
        let record = RunRecord::read(store)?;
        let maps: Vec<_> =
            record.phases.iter().filter(|phase| ["map", "scan"].contains(&phase.name.as_str())).collect();
        let unlike = || StoreError::Usage("plan.json and config.resolved.toml do not belong together".into());
        if maps.len() != spec.blocks.len() {
            return Err(unlike().into());
        }
        let mut phases: Vec<LedgerPhase> = Vec::new();
        for (block, phase) in maps.into_iter().enumerate().filter(|(block, _)| !spec.blocks[*block].is_scan) {
            let manifest = phase.read_manifest(store)?.ok_or_else(|| StoreError::Refused {
                what: format!("`{}` has not ended", phase.folder),
                hint: "run `tokenmill run` again: what has been done is not done again".to_owned(),
            })?;
            let chain = Chain::build(&spec.chain(block), &[], assets)?;
            if phases.last().is_some_and(|before| before.parts.len() != manifest.parts.len()) {
                return Err(unlike().into());
            }
            phases.push(LedgerPhase { folder: phase.folder.clone(), block, chain, parts: manifest.parts });
        }
        Ok(Finished { spec, phases })
    }

    /// The stages of every phase as another recipe with the same steps configures them.
    ///
    /// # Errors
    /// When a stage refuses its parameters.
    pub fn chains(&self, spec: &Spec, assets: &dyn Assets) -> Result<Vec<Chain>, RunError> {
        let chains = self.phases.iter().map(|phase| Chain::build(&spec.chain(phase.block), &[], assets));
        Ok(chains.collect::<Result<_, _>>()?)
    }

    /// Parts of the first phase.
    pub fn n_parts(&self) -> usize {
        self.phases.first().map_or(0, |phase| phase.parts.len())
    }

    /// Ledger rows of all phases.
    pub fn n_rows(&self) -> u64 {
        let parts = self.phases.iter().flat_map(|phase| &phase.parts);
        parts.filter_map(|part| part.objects.get("ledger")).map(|object| object.rows).sum()
    }

    /// What is known of documents when they come in.
    pub fn labels_at_first(&self) -> Labels {
        // Pages of a crawl come without a language; others may have one, which no ledger tells if a step names another.
        let lang = (self.spec.source.format == Format::Warc).then(String::new);
        Labels { lang, kind: Some(String::new()) }
    }

    /// Opens a part of every phase.
    ///
    /// # Errors
    /// When the store fails or a table is damaged.
    pub fn open_part(
        &self,
        store: &dyn Store,
        part: usize,
        is_wanted: &dyn Fn(usize, usize, usize) -> bool,
    ) -> Result<Documents<'_>, StoreError> {
        let open = |(number, phase): (usize, &LedgerPhase)| {
            Rows::open(store, &phase.parts[part], &phase.chain, &|step, metric| is_wanted(number, step, metric))
        };
        let rows = self.phases.iter().enumerate().map(open).collect::<Result<_, _>>()?;
        Ok(Documents { run: self, part, rows })
    }
}

/// Whether a rule of the stage, for whatever language, judges by a metric.
pub fn is_judged(chain: &Chain, step: usize, metric: usize) -> bool {
    let judges = |rule: &Rule| rule.metric == metric;
    chain.steps.get(step).is_some_and(|step| step.all_built().any(|built| built.stage.rules().iter().any(judges)))
}

/// The documents of a part, each with its rows in all phases that it has reached.
pub struct Documents<'a> {
    run: &'a Finished,
    part: usize,
    /// One for every phase; [`Documents::advance`] says how many have the document in hand.
    pub rows: Vec<Rows>,
}

impl Documents<'_> {
    /// Goes to the next document and says how many phases it has reached; 0 at the end.
    ///
    /// # Errors
    /// When the store fails, a table is damaged, or the tables of two phases do not belong together.
    pub fn advance(&mut self) -> Result<usize, StoreError> {
        let unlike = |phase: usize| {
            let (folder, part) = (&self.run.phases[phase].folder, &self.run.phases[phase].parts[self.part].label);
            StoreError::corrupt(
                folder,
                format!("the ledger of `{part}` is not about the documents of the phase before"),
            )
        };
        for phase in 0..self.rows.len() {
            let (before, rest) = self.rows.split_at_mut(phase);
            let Some(rows) = rest.first_mut() else { break };
            let is_row = rows.advance()?;
            match before.last() {
                None if !is_row => {
                    for (later, rows) in self.rows.iter_mut().enumerate().skip(1) {
                        if rows.advance()? {
                            return Err(unlike(later));
                        }
                    }
                    return Ok(0);
                }
                Some(before) if !is_row || before.row.id != rows.row.id => return Err(unlike(phase)),
                _ => {}
            }
            if !rows.row.kept {
                return Ok(phase + 1);
            }
        }
        Ok(self.rows.len())
    }

    /// How the document in hand was removed in a phase.
    pub fn removal(&self, phase: usize) -> Option<Recorded> {
        let row = &self.rows[phase].row;
        let steps = &self.run.phases[phase].chain.steps;
        let at = steps.iter().position(|step| step.name == row.step);
        let by_rule = !row.metric.is_empty() && at.is_some_and(|at| !steps[at].entry.shape.is_decided_apart());
        (!row.kept).then_some(Recorded { at, by_rule })
    }

    /// Language and kind of the document in hand at the end of a phase.
    pub fn labels(&self, phase: usize) -> Labels {
        let row = &self.rows[phase].row;
        Labels { lang: Some(row.lang.clone()), kind: Some(row.kind.clone()) }
    }
}
