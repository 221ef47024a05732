//! One map task: one input, one thread, one order of rows.

use super::MapPhase;
use super::task::Work;
use super::writer::Writer;
use crate::chain::Chain;
use crate::exchange::{Decided, Twins};
use crate::journal::Journal;
use tokenmill_store::source::{self, DocsReader, Event, Input};
use tokenmill_store::{Outcome, StoreError, Task, TaskContext};

/// Does one task.
pub fn run(phase: &MapPhase, chain: &Chain, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
    let Work { input, docs, decided } = Work::of(task)?;
    let journal =
        Journal::open(context.store.scratch(), &task.key).map_err(StoreError::io("open", "the task journal"))?;
    let twins = open_twins(&decided, context)?;
    let mut writer = Writer::create(phase, chain, task, context, &journal, twins)?;
    if let (Some(input), Some(spec)) = (&input, &phase.source) {
        read_source(phase, input, spec, &mut writer, context)?;
    }
    if let Some(docs) = docs {
        let mut reader = DocsReader::open(context.store, &docs.key)?;
        let mut source = String::new();
        while reader.next(&mut writer.worker.document, &mut source)? {
            writer.document(&source)?;
        }
        context.advance(task.bytes);
    }
    let outcome = writer.finish(task, input)?;
    journal.close();
    Ok(outcome)
}

fn open_twins(decided: &[Decided], context: &TaskContext<'_>) -> Result<Vec<Twins>, StoreError> {
    decided.iter().map(|decided| Twins::open(context.store, decided)).collect()
}

/// Reads an input file from its first record to its last.
fn read_source(
    phase: &MapPhase,
    input: &Input,
    spec: &crate::spec::SourceSpec,
    writer: &mut Writer<'_>,
    context: &TaskContext<'_>,
) -> Result<(), StoreError> {
    if !input.is_unchanged()? {
        return Err(StoreError::Usage(format!("`{}` has changed since the run was planned; run it again", input.uri)));
    }
    let mut reader = source::open(input, spec.format, &spec.columns)?;
    let mut reported = 0;
    while phase.limit.is_none_or(|limit| u64::from(writer.row) < limit) {
        let started = writer.start();
        let Some(event) = reader.next()? else { break };
        writer.stop(started);
        match event {
            Event::Other(kind) => writer.other(kind),
            Event::Document(item) => {
                writer.note(&item.notes);
                writer.record(item.id, &item.record, item.refusal, &input.name)?;
            }
        }
        let read = reader.bytes_read();
        context.advance(read - reported);
        reported = read;
    }
    context.advance(input.bytes.saturating_sub(reported));
    writer.tally.input_digest = reader.digest();
    Ok(())
}
