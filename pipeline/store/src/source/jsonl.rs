//! JSON lines as a source: one object a line, columns mapped by name.

use super::{ColumnMap, Counted, Counts, Event, Item, Line, LineReader, Refusal, SplitReader};
use crate::StoreError;
use crate::warc::Notes;
use serde_json::{Map, Value};
use tokenmill_core::{DocId, Payload, Record};

/// Longest line that is read.
const MAX_LINE: usize = 64 << 20;

/// Reads one JSONL file.
pub struct JsonlReader {
    lines: LineReader,
    counts: Counts,
    columns: ColumnMap,
    name: String,
    line_number: u64,
    row: Row,
}

#[derive(Default)]
struct Row {
    id: String,
    url: String,
    date: String,
    lang: String,
    extra: String,
    text: String,
}

impl JsonlReader {
    /// Reads lines from `input`; `name` takes part in the ids of rows that have none.
    ///
    /// # Errors
    /// When the start of the stream cannot be read.
    pub fn new(input: Counted, name: &str, columns: ColumnMap) -> Result<JsonlReader, StoreError> {
        let counts = input.counts();
        let lines = LineReader::new(input, name, MAX_LINE)?;
        Ok(JsonlReader { lines, counts, columns, name: name.to_owned(), line_number: 0, row: Row::default() })
    }
}

impl SplitReader for JsonlReader {
    fn next(&mut self) -> Result<Option<Event<'_>>, StoreError> {
        let refusal = loop {
            let line = match self.lines.next_line() {
                Ok(None) => return Ok(None),
                Ok(Some(line)) => line,
                Err(error) => return Err(error),
            };
            self.line_number += 1;
            self.row = Row::default();
            match line {
                Line::Bytes(bytes) if bytes.trim_ascii().is_empty() => {}
                Line::Bytes(bytes) => break parse(bytes, &self.columns, &mut self.row),
                Line::TooLong(bytes) => break Some(Refusal::because("line_too_long", format!("{bytes} bytes"))),
            }
        };
        let row = &self.row;
        let id = if row.id.is_empty() {
            DocId::from_position(&self.name, self.line_number)
        } else {
            DocId::from_record_id(&row.id)
        };
        let record = Record {
            record_id: &row.id,
            url: &row.url,
            date: &row.date,
            lang: &row.lang,
            truncated: false,
            extra: &row.extra,
            robots: "",
            license: "",
            payload: Payload::Text(&row.text),
        };
        Ok(Some(Event::Document(Item { record, id, refusal, notes: Notes::default() })))
    }

    fn skip(&mut self) -> Result<bool, StoreError> {
        let passed = self.lines.skip_filled()?;
        self.line_number += passed.unwrap_or(0);
        Ok(passed.is_some())
    }

    fn bytes_read(&self) -> u64 {
        self.counts.bytes()
    }

    fn digest(&self) -> Option<String> {
        self.counts.digest()
    }
}

/// Fills `row` from one line; says why it is no document.
fn parse(bytes: &[u8], columns: &ColumnMap, row: &mut Row) -> Option<Refusal> {
    let mut object: Map<String, Value> = match serde_json::from_slice(bytes) {
        Ok(object) => object,
        Err(error) => return Some(Refusal::because("malformed_json", error.to_string())),
    };
    let extra: Map<String, Value> = object
        .iter()
        .filter(|(column, _)| columns.carries(column))
        .map(|(column, value)| (column.clone(), value.clone()))
        .collect();
    if !extra.is_empty() {
        row.extra = Value::Object(extra).to_string();
    }
    let mut take = |column: &str| match object.remove(column) {
        Some(Value::String(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    row.id = take(&columns.id);
    row.url = take(&columns.url);
    row.date = take(&columns.date);
    row.lang = take(&columns.lang);
    match object.remove(&columns.text) {
        Some(Value::String(text)) => {
            row.text = text;
            None
        }
        _ => Some(Refusal::because("no_text", format!("the row has no text in column `{}`", columns.text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str, columns: ColumnMap) -> Vec<(String, String, String, String)> {
        let mut reader = JsonlReader::new(Counted::new(text.as_bytes()), "t.jsonl", columns).unwrap();
        let mut out = Vec::new();
        while let Some(event) = reader.next().unwrap() {
            let Event::Document(item) = event else { panic!("documents only") };
            let Payload::Text(text) = item.record.payload else { panic!("text only") };
            let reason = item.refusal.map_or("", |refusal| refusal.reason);
            out.push((item.record.record_id.into(), text.into(), item.record.extra.into(), reason.into()));
        }
        out
    }

    #[test]
    fn columns_are_mapped_and_the_rest_is_carried() {
        let map = ColumnMap { text: "content".into(), ..ColumnMap::default() };
        let rows = read("{\"id\": 7, \"content\": \"hi\\n\", \"stars\": 3, \"tags\": [1]}\n", map.clone());
        assert_eq!(rows, [("7".into(), "hi\n".into(), "{\"stars\":3,\"tags\":[1]}".into(), String::new())]);
        let none = read("{\"content\": \"hi\", \"stars\": 3}", ColumnMap { extra: vec![], ..map });
        assert_eq!(none[0].2, "");
    }

    #[test]
    fn skipping_counts_as_reading_does() {
        let text = "{\"text\": 5}\n\nnot json\n{\"id\":\"a\",\"text\":\"ok\"}\n{\"text\":\"no id\"}\n";
        let open = || JsonlReader::new(Counted::new(text.as_bytes()), "t.jsonl", ColumnMap::default()).unwrap();
        let id = |reader: &mut JsonlReader| match reader.next().unwrap() {
            Some(Event::Document(item)) => Some(item.id),
            _ => None,
        };
        let (mut all, mut some) = (open(), open());
        let ids: Vec<DocId> = std::iter::from_fn(|| id(&mut all)).collect();
        assert_eq!(ids.len(), 4);
        assert!(some.skip().unwrap() && some.skip().unwrap());
        assert_eq!(id(&mut some), Some(ids[2]));
        assert_eq!(id(&mut some), Some(ids[3]));
        assert!(!some.skip().unwrap());
    }

    #[test]
    fn bad_lines_are_refused_one_by_one() {
        let rows = read("{\"text\": 5}\n\nnot json\n[1]\n{\"id\":\"a\",\"text\":\"ok\"}\n", ColumnMap::default());
        let reasons: Vec<_> = rows.iter().map(|row| row.3.as_str()).collect();
        assert_eq!(reasons, ["no_text", "malformed_json", "malformed_json", ""]);
    }
}
