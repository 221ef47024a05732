//! What a mix is and how it is planned: pure logic, no input or output.
//!
//! A mix sorts the documents of token stores into groups, and says how many tokens of each group every phase of a training
//! run gets. [`Mix::parse`] reads it, [`Grouper`] finds the group of a document, and [`schedule()`] turns the tokens that
//! there are into intervals of streams.

mod amount;
pub(crate) mod grammar;
mod groups;
mod node;
mod read;
mod read_group;
mod read_phase;
mod schedule;
mod solve;
mod spec;
mod table;
#[cfg(test)]
mod tests;
pub(crate) mod write;

pub use amount::{exact, short};
pub use groups::{Facts, Grouper};
pub use schedule::{Available, Schedule, Supply, Take, Training, UNUSED, schedule};
pub use spec::{
    Budget, Conditions, Epochs, Group, Mix, Phase, Proportions, Range, ShardSpec, Shortfall, Source, Split, SplitBy,
};
