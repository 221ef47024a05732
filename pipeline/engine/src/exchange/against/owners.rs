//! Whose parts the tasks of a shuffle have shipped: those of this run, or of an earlier one.

use crate::exchange::ranges::first_parts;
use serde_json::Value;
use tokenmill_store::{Manifest, Part, StoreError};

/// The precedence of documents of this run: they come behind those of all earlier runs.
pub const OWN: u8 = u8::MAX;

/// What a shuffle task of an earlier run says of itself, in its tally.
pub const AGAINST: &str = "against";

/// Whose parts the groups of a shuffle are. Groups of this run come first.
pub struct Owners {
    /// The number of the first part of every group.
    pub first_parts: Vec<u32>,
    /// The precedence of every group: the number of its earlier run, or [`OWN`].
    pub precedences: Vec<u8>,
}

impl Owners {
    /// Reads them from the commits of a shuffle.
    ///
    /// # Errors
    /// When a commit is not that of a shuffle.
    pub fn of(shuffled: &Manifest) -> Result<Owners, StoreError> {
        let precedences = shuffled.parts.iter().map(|group| earlier_run(group).unwrap_or(OWN)).collect();
        Ok(Owners { first_parts: first_parts(shuffled)?, precedences })
    }
}

/// The number of the earlier run whose parts a shuffle task has shipped; `None` for those of this run.
pub fn earlier_run(shuffled: &Part) -> Option<u8> {
    let number = shuffled.tally.get(AGAINST)?.get("number").and_then(Value::as_u64)?;
    u8::try_from(number).ok().filter(|number| *number != OWN)
}

/// The shuffle tasks of this run.
pub fn own(shuffled: &Manifest) -> &[Part] {
    let n_own = shuffled.parts.iter().take_while(|group| group.tally.get(AGAINST).is_none()).count();
    shuffled.parts.get(..n_own).unwrap_or_default()
}

/// Rows of the parts that a shuffle task of an earlier run has shipped.
pub fn rows_of_earlier(shuffled: &Part) -> Result<Vec<u64>, StoreError> {
    let rows = shuffled.tally.get(AGAINST).and_then(|against| against.get("n_rows")).cloned().unwrap_or_default();
    serde_json::from_value(rows).map_err(|error| StoreError::corrupt(&shuffled.task, error))
}
