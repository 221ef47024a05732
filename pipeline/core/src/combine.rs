//! Combine: numbers of earlier steps and columns of a document to numbers, for rules that users write themselves.
//!
//! A stage of this shape says by name what it needs ([`Need`]); the engine finds each among the steps before it when the
//! chain is built, and hands the values over by number ([`Given`]), so no name is looked up for a document.

use crate::numbers::Measured;
use crate::{Doc, Numbers, Rule};
use std::ops::Range;

/// A pure function from a document and what earlier steps have measured of it to numbers.
pub trait Combine: Send + Sync {
    /// What it needs; [`Given`] answers in this order.
    fn inputs(&self) -> &[Input];

    /// Sets the stage's numbers; what does not apply stays absent.
    fn combine(&self, doc: &Doc<'_>, given: &Given<'_>, numbers: &mut Numbers);

    /// The rules by which the numbers are judged, in order.
    fn rules(&self) -> &[Rule];

    /// Names that the stage itself gives a meaning, so that a misspelt one can be suggested.
    fn own_names(&self) -> &[&'static str] {
        &[]
    }
}

/// Something that a stage needs, and where the user has written so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// What it is.
    pub need: Need,
    /// The parameter that names it.
    pub param: &'static str,
    /// Bytes of the parameter's text.
    pub span: Range<usize>,
}

/// What a stage can need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// A metric of an earlier step of the same phase.
    Metric {
        /// `step.metric`
        name: String,
        /// What it is used as.
        kind: Used,
    },
    /// The text, or what comes with it.
    Text,
    /// A column that the source carries along.
    Extra(String),
}

/// What a metric is used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// A number.
    Number,
    /// A label.
    Label,
    /// Either: it only matters whether it is there.
    Either,
}

/// Where a metric is: the place of the step in the chain, and that of the metric in the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The step.
    pub step: usize,
    /// The metric.
    pub metric: usize,
}

/// The metrics that a stage needs, of one document.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    slots: &'a [Option<Slot>],
    numbers: &'a [Numbers],
}

static ABSENT: Measured = Measured::Absent;

impl<'a> Given<'a> {
    /// Reads `numbers`, one for every step, at `slots`, one for every input; inputs that are no metrics have none.
    pub fn new(slots: &'a [Option<Slot>], numbers: &'a [Numbers]) -> Given<'a> {
        Given { slots, numbers }
    }

    /// The metric that is input number `input`; absent when it was not measured.
    pub fn get(&self, input: usize) -> &'a Measured {
        let slot = self.slots.get(input).copied().flatten();
        let value = slot.and_then(|slot| self.numbers.get(slot.step)?.values().get(slot.metric));
        value.unwrap_or(&ABSENT)
    }
}
