//! One map task: one input, one thread, one order of rows.

use super::MapPhase;
use super::task::Work;
use super::writer::{Decisions, Writer};
use crate::chain::{Chain, Step};
use crate::exchange::{Cuts, Decided, Fates};
use crate::journal::Journal;
use crate::pipe::Answers;
use tokenmill_core::{Exchange, Stage};
use tokenmill_store::source::{self, DocsReader, Event, Input};
use tokenmill_store::{Outcome, StoreError, Task, TaskContext};

/// Does one task.
pub fn run(phase: &MapPhase, chain: &Chain, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
    let Work { input, docs, decided } = Work::of(task)?;
    let journal =
        Journal::open(context.store.scratch(), &task.key).map_err(StoreError::io("open", "the task journal"))?;
    let decisions = open_decisions(chain, &decided, context)?;
    let mut writer = Writer::create(phase, chain, task, context, &journal, decisions)?;
    if let (Some(input), Some(spec)) = (&input, &phase.source) {
        read_source(phase, (input, task.bytes), spec, &mut writer, context)?;
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

/// Opens the decisions about the rows, in the order of the steps of the chain that apply some.
fn open_decisions(chain: &Chain, decided: &[Decided], context: &TaskContext<'_>) -> Result<Vec<Decisions>, StoreError> {
    let steps = chain.steps.iter().filter(|step| step.entry.shape.is_decided_apart());
    let open = |(step, decided): (&Step, &Decided)| match step.stage("") {
        Stage::Pipe(pipe) => Answers::open(context.store, decided, &pipe.numbers).map(Decisions::Answers),
        Stage::Score(_) => {
            let numbers: Vec<String> = step.metrics().map(|(name, _)| name.to_owned()).collect();
            Answers::open(context.store, decided, &numbers).map(Decisions::Answers)
        }
        Stage::Exchange(Exchange::Lines(_)) => Cuts::open(context.store, decided).map(Decisions::Lines),
        _ => Fates::open(context.store, decided).map(Decisions::Documents),
    };
    steps.zip(decided).map(open).collect()
}

/// Reads an input file from its first record to its last, or those that were picked of it.
fn read_source(
    phase: &MapPhase,
    (input, bytes): (&Input, u64),
    spec: &crate::spec::SourceSpec,
    writer: &mut Writer<'_>,
    context: &TaskContext<'_>,
) -> Result<(), StoreError> {
    input.must_be_unchanged()?;
    let mut reader = source::open_of(context.store, input, spec.format, &spec.columns)?;
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
    context.advance(bytes.saturating_sub(reported));
    writer.tally.input_digest = reader.digest();
    writer.requests = reader.requests();
    Ok(())
}
