//! The record that a document was made of, read from the source again.

use crate::failure::Failure;
use crate::inspect::run_view::View;
use crate::inspect::search::Found;
use tokenmill_core::Record;
use tokenmill_engine::Tally;
use tokenmill_store::source::{Event, open_of};
use tokenmill_store::takedown::Takedowns;
use tokenmill_store::{Part, StoreError};

/// Calls `look` with the record of a document; says why when it cannot be had any more.
///
/// # Errors
/// When the run itself cannot be read; never for an input that has gone.
pub fn with_record<T>(
    view: &View,
    found: &Found<'_>,
    look: impl FnOnce(&Record<'_>) -> Result<T, Failure>,
) -> Result<Result<T, String>, Failure> {
    let takedowns = Takedowns::read(&*view.store)?;
    if takedowns.has(found.id, "") {
        return Ok(Err("the document was taken down".to_owned()));
    }
    let mut look = Some(look);
    match read(view, found.part, found, &takedowns, &mut look) {
        Ok(told) => told,
        Err(error) => Ok(Err(format!("the input cannot be read any more: {error}"))),
    }
}

/// The outer error is the input's, the inner one is ours.
fn read<T, F: FnOnce(&Record<'_>) -> Result<T, Failure>>(
    view: &View,
    part: &Part,
    found: &Found<'_>,
    takedowns: &Takedowns,
    look: &mut Option<F>,
) -> Result<Result<Result<T, String>, Failure>, StoreError> {
    let tally: Tally =
        serde_json::from_value(part.tally.clone()).map_err(|error| StoreError::corrupt(&part.task, error))?;
    let Some(input) = tally.input else { return Ok(Ok(Err("the run does not say which input it was".to_owned()))) };
    if !input.is_unchanged()? {
        return Ok(Ok(Err(format!("`{}` is not what it was when the run read it", input.uri))));
    }
    let source = &view.spec.source;
    let mut reader = open_of(&*view.store, &input, source.format, &source.columns)?;
    for _ in 0..found.row {
        if !reader.skip()? {
            return Ok(Ok(Err(format!("`{}` ends before the record", input.uri))));
        }
    }
    loop {
        match reader.next()? {
            None => return Ok(Ok(Err(format!("`{}` ends before the record", input.uri)))),
            Some(Event::Other(_)) => {}
            Some(Event::Document(item)) if item.id != found.id => {
                return Ok(Ok(Err(format!("`{}` has another document there", input.uri))));
            }
            Some(Event::Document(item)) if takedowns.has(item.id, item.record.url) => {
                return Ok(Ok(Err("the document was taken down".to_owned())));
            }
            Some(Event::Document(item)) => {
                return Ok(match look.take() {
                    Some(look) => look(&item.record).map(Ok),
                    None => Ok(Err(String::new())),
                });
            }
        }
    }
}
