//! The phases of one exchange step, in order, and what each reads of the others.

use super::against::Against;
use super::bounds::Sizes;
use super::equal::{SettlePhase, ShipKeys, TotalPhase};
use super::home::HomePhase;
use super::lines::{CountPhase, LinesHomePhase, ShipLines};
use super::shuffle::ShufflePhase;
use super::similar::{ClusterPhase, DetailPhase, KeepPhase, PairPhase, ShipBands, VerifyPhase};
use super::{CLUSTERED, DETAILED, PAIRED, SETTLED, SHUFFLED, SKETCHED, decided};
use crate::spec::{SourceSpec, StepSpec, canonical_steps};
use serde_json::Value;
use std::sync::Arc;
use tokenmill_core::exchange::{KEEP_SKETCHES, Lines, Similar, Totals};
use tokenmill_core::{Assets, BuildError, Exchange, Stage};
use tokenmill_store::Phase;

/// A built exchange of one kind and its identity, for phases that must know its rules.
pub struct Shared<T: ?Sized> {
    /// The rules.
    pub stage: Arc<T>,
    /// The step with its parameters, as it goes into the fingerprint.
    pub identity: Value,
}

impl<T: ?Sized> Shared<T> {
    fn new(stage: Box<T>, identity: &Value) -> Shared<T> {
        Shared { stage: Arc::from(stage), identity: identity.clone() }
    }
}

impl<T: ?Sized> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        Shared { stage: self.stage.clone(), identity: self.identity.clone() }
    }
}

/// A phase of an exchange, and what it reads.
pub struct Step {
    /// The phase.
    pub phase: Box<dyn Phase>,
    /// The name of each input, and where it comes from.
    pub inputs: Vec<(String, From)>,
    /// Whether it also reads what earlier exchanges have decided.
    pub reads_earlier: bool,
    /// Whether its decisions are those of the step.
    pub is_home: bool,
    /// What `tokenmill plan` says of it.
    pub notes: Vec<String>,
}

/// Where an input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The map phase before the exchange.
    Map,
    /// A phase of the exchange, by its place in it.
    Step(usize),
}

/// The phases of an exchange step. The first, the shuffle, also reads the decisions of `earlier` steps; the last brings
/// the decisions home. After a scan documents are read from their `source`.
///
/// # Errors
/// When the stage refuses its parameters.
pub fn steps(
    step: &StepSpec,
    earlier: &[String],
    seed: u64,
    source: Option<&SourceSpec>,
    sizes: Sizes,
    assets: &dyn Assets,
) -> Result<Vec<Step>, BuildError> {
    let built = (step.entry.build)(&step.params, assets).map_err(|error| step.blame(error))?;
    let Stage::Exchange(exchange) = built else {
        return Err(BuildError::new(format!("step `{}` is no exchange", step.name)));
    };
    let identity = canonical_steps(std::slice::from_ref(step), assets)?;
    let name = step.name.as_str();
    let against = Against::of(step, assets)?;
    let at = |phase: Box<dyn Phase>, inputs: &[(&'static str, From)]| Step {
        is_home: phase.name().starts_with("home-"),
        reads_earlier: phase.name().starts_with("shuffle-"),
        phase,
        inputs: inputs.iter().map(|(name, from)| ((*name).to_owned(), *from)).collect(),
        notes: Vec::new(),
    };
    let (map, shuffle) = ((SKETCHED, From::Map), (SHUFFLED, From::Step(0)));
    Ok(match exchange {
        Exchange::Equal(_) => {
            let ship = Box::new(ShipKeys { step: name.to_owned() });
            vec![
                at(Box::new(ShufflePhase::new(name, earlier, sizes, ship).against(against)), &[map]),
                at(Box::new(SettlePhase::new(name)), &[shuffle]),
                at(Box::new(HomePhase::new(name)), &[(SETTLED, From::Step(1)), shuffle]),
            ]
        }
        Exchange::Totals(stage) => {
            let stage: Shared<dyn Totals> = Shared::new(stage, &identity);
            let ship = Box::new(ShipKeys { step: name.to_owned() });
            vec![
                at(Box::new(ShufflePhase::new(name, earlier, sizes, ship)), &[map]),
                at(Box::new(TotalPhase::new(name, stage)), &[shuffle]),
                at(Box::new(HomePhase::new(name)), &[(SETTLED, From::Step(1)), shuffle]),
            ]
        }
        Exchange::Similar(stage) => {
            let stage: Shared<dyn Similar> = Shared::new(stage, &identity);
            let ship = Box::new(ShipBands { step: name.to_owned() });
            let shipping = ShufflePhase::new(name, earlier, sizes, ship).against(against.clone());
            let shuffled = at(Box::new(shipping), &[map]);
            let mut made = vec![
                Step { notes: stage.stage.notes(), ..shuffled },
                at(Box::new(PairPhase::new(name)), &[shuffle]),
                at(Box::new(ClusterPhase::new(name)), &[(PAIRED, From::Step(1)), shuffle, map]),
                at(
                    Box::new(DetailPhase::new(name, stage.clone(), sizes, source.cloned(), against)),
                    &[(CLUSTERED, From::Step(2)), shuffle, map],
                ),
                at(Box::new(VerifyPhase::new(name, stage.clone())), &[(DETAILED, From::Step(3)), shuffle]),
                at(Box::new(HomePhase::new(name)), &[(SETTLED, From::Step(4)), shuffle]),
            ];
            let size = step.params.int(KEEP_SKETCHES.name);
            if size != 0 {
                let keep = at(Box::new(KeepPhase::new(name, earlier, stage, size, source.cloned())), &[shuffle, map]);
                let own = (decided(name), From::Step(5));
                let inputs = keep.inputs.into_iter().chain([own]).collect();
                made.push(Step { inputs, reads_earlier: true, is_home: false, notes: Vec::new(), phase: keep.phase });
            }
            made
        }
        Exchange::Lines(stage) => {
            let stage: Shared<dyn Lines> = Shared::new(stage, &identity);
            let bucket_documents = stage.stage.limits().bucket_documents;
            let ship = Box::new(ShipLines { step: name.to_owned(), seed, bucket_documents });
            vec![
                at(Box::new(ShufflePhase::new(name, earlier, sizes, ship)), &[map]),
                at(Box::new(CountPhase::new(name, stage)), &[shuffle]),
                at(Box::new(LinesHomePhase::new(name)), &[(SETTLED, From::Step(1)), shuffle]),
            ]
        }
    })
}
