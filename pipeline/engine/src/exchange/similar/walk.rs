//! Reads some documents of a part again: from its documents, or after a scan from its input file.

use crate::exchange::object;
use crate::spec::SourceSpec;
use serde::{Deserialize, Serialize};
use tokenmill_core::{Document, Payload};
use tokenmill_store::source::{self, DocsReader, Event, Input, SplitReader};
use tokenmill_store::{ObjectRef, Part, Requests, StoreError, TaskContext};

/// Where the documents of a part are.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In the table that the map phase has written.
    Docs(ObjectRef),
    /// In an input file, which a scan has read and will be read again.
    Input(Input),
}

impl Place {
    /// The place of a part of a map phase.
    pub fn of(part: &Part) -> Result<Place, StoreError> {
        if part.objects.contains_key("docs") {
            return object(part, "docs").cloned().map(Place::Docs);
        }
        let input = part.tally.get("input").cloned().unwrap_or_default();
        let input = serde_json::from_value(input);
        input.map(Place::Input).map_err(|_| StoreError::corrupt(&part.task, "the part has no documents and no input"))
    }

    /// Rows of a part of a map phase.
    pub fn n_rows(part: &Part) -> Result<u64, StoreError> {
        match part.objects.get("docs") {
            Some(docs) => Ok(docs.rows),
            None => {
                let n_in = part.tally.get("n_in").and_then(serde_json::Value::as_u64);
                n_in.ok_or_else(|| StoreError::corrupt(&part.task, "the part counts no documents"))
            }
        }
    }

    /// Bytes to read.
    pub fn bytes(&self) -> u64 {
        match self {
            Place::Docs(docs) => docs.bytes,
            Place::Input(input) => input.to_read(),
        }
    }

    /// What reading it asks of object stores besides that of the run.
    pub fn requests(&self) -> Requests {
        match self {
            Place::Docs(_) => Requests::default(),
            Place::Input(input) => input.requests(),
        }
    }
}

/// Walks the documents of a part.
pub struct Walk {
    reader: Reader,
    /// The row that comes next.
    next: u32,
    pub document: Document,
    source: String,
    name: String,
}

enum Reader {
    Docs(DocsReader),
    Input(Box<dyn SplitReader>),
}

impl Walk {
    /// Before the first document.
    pub fn open(context: &TaskContext<'_>, place: &Place, spec: Option<&SourceSpec>) -> Result<Walk, StoreError> {
        let (reader, name) = match (place, spec) {
            (Place::Docs(docs), _) => (Reader::Docs(DocsReader::open(context.store, &docs.key)?), docs.key.clone()),
            (Place::Input(input), Some(spec)) => {
                input.must_be_unchanged()?;
                (Reader::Input(source::open_of(context.store, input, spec.format, &spec.columns)?), input.uri.clone())
            }
            (Place::Input(input), None) => return Err(StoreError::corrupt(&input.uri, "the phase reads no source")),
        };
        Ok(Walk { reader, next: 0, document: Document::default(), source: String::new(), name })
    }

    /// Goes on to a row, whose document is then in hand. Rows come in rising order.
    pub fn to(&mut self, row: u32) -> Result<(), StoreError> {
        let none = |name: &str| StoreError::corrupt(name, format!("there is no row {row}"));
        match &mut self.reader {
            Reader::Docs(reader) => {
                while self.next <= row {
                    if !reader.next(&mut self.document, &mut self.source)? {
                        return Err(none(&self.name));
                    }
                    self.next += 1;
                }
            }
            Reader::Input(reader) => {
                while self.next < row {
                    if !reader.skip()? {
                        return Err(none(&self.name));
                    }
                    self.next += 1;
                }
                loop {
                    match reader.next()? {
                        None => return Err(none(&self.name)),
                        Some(Event::Other(_)) => {}
                        Some(Event::Document(item)) => {
                            self.document.fill_from(item.id, &item.record);
                            if let Payload::Text(text) = item.record.payload {
                                self.document.text.push_str(text);
                            }
                            break;
                        }
                    }
                }
                self.next += 1;
            }
        }
        Ok(())
    }
}
