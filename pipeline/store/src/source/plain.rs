//! Plain text as a source: one document a line.

use super::{Counted, Counts, Event, Item, Line, LineReader, Refusal, SplitReader};
use crate::StoreError;
use crate::warc::Notes;
use tokenmill_core::{DocId, Payload, Record};

/// Longest line that is read.
const MAX_LINE: usize = 64 << 20;

/// Reads one file of lines.
pub struct PlainReader {
    lines: LineReader,
    counts: Counts,
    name: String,
    line_number: u64,
    text: String,
}

impl PlainReader {
    /// Reads lines from `input`; `name` takes part in their ids.
    ///
    /// # Errors
    /// When the start of the stream cannot be read.
    pub fn new(input: Counted, name: &str) -> Result<PlainReader, StoreError> {
        let counts = input.counts();
        let lines = LineReader::new(input, name, MAX_LINE)?;
        Ok(PlainReader { lines, counts, name: name.to_owned(), line_number: 0, text: String::new() })
    }
}

impl SplitReader for PlainReader {
    fn next(&mut self) -> Result<Option<Event<'_>>, StoreError> {
        let refusal = loop {
            let Some(line) = self.lines.next_line()? else { return Ok(None) };
            self.line_number += 1;
            self.text.clear();
            match line {
                Line::Bytes(bytes) if bytes.trim_ascii().is_empty() => {}
                Line::Bytes(bytes) => match std::str::from_utf8(bytes) {
                    Ok(text) => {
                        self.text.push_str(text.trim_end_matches(['\r', '\n']));
                        break None;
                    }
                    Err(error) => break Some(Refusal::because("not_utf8", error.to_string())),
                },
                Line::TooLong(bytes) => break Some(Refusal::because("line_too_long", format!("{bytes} bytes"))),
            }
        };
        let id = DocId::from_position(&self.name, self.line_number);
        let record = Record { payload: Payload::Text(&self.text), ..Record::EMPTY };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static [u8], skipped: usize) -> Vec<(DocId, String, &'static str)> {
        let mut reader = PlainReader::new(Counted::new(text), "t.txt").unwrap();
        (0..skipped).for_each(|_| assert!(reader.skip().unwrap()));
        let mut rows = Vec::new();
        while let Some(event) = reader.next().unwrap() {
            let Event::Document(item) = event else { panic!("documents only") };
            let Payload::Text(text) = item.record.payload else { panic!("text only") };
            rows.push((item.id, text.to_owned(), item.refusal.map_or("", |refusal| refusal.reason)));
        }
        rows
    }

    #[test]
    fn every_line_is_a_document_and_empty_ones_are_none() {
        let rows = read(b"one\r\n\n  \ntw\xc3\xb6\nb\xffd\nlast", 0);
        let shown: Vec<_> = rows.iter().map(|row| (row.1.as_str(), row.2)).collect();
        assert_eq!(shown, [("one", ""), ("tw\u{f6}", ""), ("", "not_utf8"), ("last", "")]);
        assert_eq!(read(b"one\r\n\n  \ntw\xc3\xb6\nb\xffd\nlast", 2), rows[2..], "skipping counts as reading does");
    }
}
