//! A run that is looked at: its manifests, and which of its tables has a column that somebody names.

use super::lives::PHASE;
use super::mask::Mask;
use super::run_view::View;
use crate::failure::Failure;
use tokenmill_core::schema;
use tokenmill_core::suggest::suggest;
use tokenmill_engine::Spec;
use tokenmill_store::table::Batches;
use tokenmill_store::{Manifest, Store};

/// A run of which all documents can be gone through.
pub struct Opened {
    view: View,
    /// Which of them judge documents, one after the other: the chain of map phases.
    maps: Vec<usize>,
    /// The metrics of each of those.
    metrics: Vec<Vec<String>>,
}

/// Columns of [`super::lives::Lives`].
pub struct Chosen {
    /// Of the ledger.
    ledger: Vec<String>,
    /// Of the metrics of every map phase.
    pub metrics: Vec<Vec<String>>,
}

impl Chosen {
    /// What is read of the ledgers.
    pub fn ledger_columns(&self) -> Vec<&str> {
        self.ledger.iter().map(String::as_str).collect()
    }
}

impl Opened {
    /// Opens a run of which a map phase has ended.
    pub fn open(folder: &str) -> Result<Opened, Failure> {
        let view = View::open(folder)?;
        let maps: Vec<usize> = (0..view.manifests.len()).filter(|at| view.record.phases[*at].name == "map").collect();
        if maps.is_empty() {
            return Err(Failure::usage("no phase that judges documents has ended yet")
                .hint("`tokenmill status` tells how far the run is"));
        }
        let metrics = maps.iter().map(|at| metrics_of(&*view.store, &view.manifests[*at]));
        let metrics = metrics.collect::<Result<_, Failure>>()?;
        Ok(Opened { view, maps, metrics })
    }

    /// Where its objects are.
    pub fn store(&self) -> &dyn Store {
        &*self.view.store
    }

    /// The manifests of all phases that have ended.
    pub fn manifests(&self) -> &[Manifest] {
        &self.view.manifests
    }

    /// Its recipe.
    pub fn recipe(&self) -> &Spec {
        &self.view.spec
    }

    /// What its recipe redacts.
    pub fn mask(&self) -> &Mask {
        &self.view.mask
    }

    /// The map phases, with their numbers among all phases, from 0.
    pub fn maps(&self) -> impl DoubleEndedIterator<Item = (usize, &Manifest)> + ExactSizeIterator {
        self.maps.iter().map(|at| (*at, &self.view.manifests[*at]))
    }

    /// Parts of every map phase.
    pub fn n_parts(&self) -> usize {
        self.maps.first().map_or(0, |at| self.view.manifests[*at].parts.len())
    }

    /// Ledger rows of the first map phase: documents that came in.
    pub fn n_documents(&self) -> u64 {
        let parts = self.maps().next().into_iter().flat_map(|(_, manifest)| &manifest.parts);
        parts.filter_map(|part| part.objects.get("ledger")).map(|object| object.rows).sum()
    }

    /// The names of all metrics, as `step.metric`, in the order of the steps.
    pub fn metrics(&self) -> impl Iterator<Item = &str> {
        self.metrics.iter().flatten().map(String::as_str)
    }

    /// Finds columns by name: those of the ledger, and metrics as `step.metric`.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn choose<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Result<Chosen, Failure> {
        let mut chosen = Chosen { ledger: vec!["kept".to_owned()], metrics: vec![Vec::new(); self.maps.len()] };
        for name in names {
            let of_ledger = schema::LEDGER.iter().any(|column| column.name == name);
            let list = match self.metrics.iter().position(|metrics| metrics.iter().any(|metric| metric == name)) {
                _ if of_ledger => &mut chosen.ledger,
                Some(phase) => &mut chosen.metrics[phase],
                None if name == PHASE => continue,
                None => {
                    let ledger = schema::LEDGER.iter().map(|column| column.name);
                    let known: Vec<&str> = ledger.chain(self.metrics()).collect();
                    return Err(
                        Failure::usage(format!("this run has measured no `{name}`")).hint(suggest(name, &known))
                    );
                }
            };
            if !list.iter().any(|listed| listed == name) {
                list.push(name.to_owned());
            }
        }
        Ok(chosen)
    }
}

fn metrics_of(store: &dyn Store, manifest: &Manifest) -> Result<Vec<String>, Failure> {
    let Some(object) = manifest.parts.iter().find_map(|part| part.objects.get("metrics")) else {
        return Ok(Vec::new());
    };
    let columns = Batches::open(store, &object.key, &[])?.columns();
    Ok(columns.into_iter().filter(|column| column != "row").collect())
}
