//! Reads the items of a benchmark from a file: JSON records, or texts of one line each.

use super::words::{ItemWord, begins_with_label, item_words};
use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::borrow::Cow;
use std::io::Read;
use tokenmill_core::BuildError;

/// Bytes of an unpacked file, at most.
const MAX_BYTES: u64 = 16 << 30;

/// One text of an item.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Its words.
    pub words: Vec<ItemWord>,
    /// Whether it answers, and so tells an item only with the question or when it is long.
    pub is_answer: bool,
    /// Its place in a list of which an item may show one alone, as in a list of choices.
    pub alternative: Option<usize>,
}

/// The texts of an item, in the order in which they are read.
pub(super) type Item = Vec<Part>;

/// Where the texts of a record stand.
pub(super) struct Fields<'a> {
    /// Fields that ask, in the order in which they are shown.
    pub asking: &'a [String],
    /// Fields that answer, shown after them.
    pub answering: &'a [String],
}

/// Members of objects inside a field whose texts are taken, besides the fields themselves.
const INNER: [&str; 2] = ["text", "stem"];

impl Fields<'_> {
    /// All items of a file, which may be gzipped: one for each line that is not blank.
    ///
    /// # Errors
    /// When it cannot be read or has no items; a line is wrong, or has none of the fields.
    pub(super) fn read_file(&self, name: &str, bytes: &[u8]) -> Result<Vec<Item>, BuildError> {
        let wrong = |what: String| BuildError::new(format!("benchmark `{name}`: {what}"));
        let bytes = unpacked(bytes).map_err(|error| wrong(format!("cannot be unpacked: {error}")))?;
        let text = str::from_utf8(&bytes).map_err(|error| wrong(format!("is not UTF-8: {error}")))?;
        let text = text.trim_start_matches('\u{feff}');
        let holds_records = text.trim_start().starts_with('{');
        let array = text.trim_start().strip_prefix('[').map(str::trim_start);
        if array.is_some_and(|rest| rest.starts_with(['{', '"'])) {
            return Err(wrong("is one JSON array".to_owned()).hint("write one record on each line"));
        }
        let mut items = Vec::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let item = if holds_records { self.read_record(line) } else { Ok(plain(line)) };
            items.push(item.map_err(|what| {
                wrong(format!("line {}: {what}", at + 1)).hint("`fields` and `answer_fields` say where texts stand")
            })?);
        }
        if items.is_empty() { Err(wrong("holds no items".to_owned())) } else { Ok(items) }
    }

    /// An item given in the recipe: a record, if it begins with a brace, else a text.
    ///
    /// # Errors
    /// When it is a record that is wrong or has none of the fields.
    pub(super) fn read_text(&self, text: &str) -> Result<Item, BuildError> {
        let item = if text.trim_start().starts_with('{') { self.read_record(text) } else { Ok(plain(text)) };
        item.map_err(|what| BuildError::new(format!("`items`: `{}` {what}", text.escape_debug())))
    }

    fn read_record(&self, line: &str) -> Result<Item, String> {
        let record: Value = serde_json::from_str(line).map_err(|error| format!("is no record: {error}"))?;
        let mut item = Item::new();
        let mut has_field = false;
        for (names, is_answer) in [(self.asking, false), (self.answering, true)] {
            for value in names.iter().filter_map(|name| record.get(name)) {
                has_field = true;
                self.add(value, is_answer, &mut None, &mut item);
            }
        }
        if has_field { Ok(item) } else { Err("has none of the fields".to_owned()) }
    }

    /// Adds all texts in a field; lists in lists are flattened.
    fn add(&self, value: &Value, is_answer: bool, next: &mut Option<usize>, item: &mut Item) {
        match value {
            Value::String(text) => {
                add_sections(text, is_answer, *next, item);
                *next = next.map(|at| at + 1);
            }
            Value::Number(number) => {
                add_sections(&number.to_string(), is_answer, *next, item);
                *next = next.map(|at| at + 1);
            }
            Value::Array(values) => {
                next.get_or_insert(0);
                values.iter().for_each(|value| self.add(value, is_answer, next, item));
            }
            Value::Object(members) => {
                for (name, value) in members {
                    let is_listed = |names: &[String]| names.contains(name);
                    if INNER.contains(&name.as_str()) || is_listed(self.asking) || is_listed(self.answering) {
                        self.add(value, is_answer || is_listed(self.answering), next, item);
                    }
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
}

fn plain(text: &str) -> Item {
    let mut item = Item::new();
    add_sections(text, false, None, &mut item);
    item
}

/// Adds a text, each section that has a label of its own (`Passage: …`, `Question: …`) as one part.
fn add_sections(text: &str, is_answer: bool, alternative: Option<usize>, item: &mut Item) {
    let mut add = |section: &str| {
        let words = item_words(section);
        if !words.is_empty() {
            item.push(Part { words, is_answer, alternative });
        }
    };
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        if at > start && begins_with_label(line) {
            add(&text[start..at]);
            start = at;
        }
        at += line.len();
    }
    add(&text[start..]);
}

fn unpacked(bytes: &[u8]) -> std::io::Result<Cow<'_, [u8]>> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut out = Vec::new();
    MultiGzDecoder::new(bytes).take(MAX_BYTES).read_to_end(&mut out)?;
    if out.len() as u64 == MAX_BYTES {
        return Err(std::io::Error::other("it is too large"));
    }
    Ok(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(file: &[u8]) -> Result<Vec<Item>, BuildError> {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (asking, answering) = (list(&["passage", "question"]), list(&["choices", "answer"]));
        Fields { asking: &asking, answering: &answering }.read_file("b", file)
    }

    /// Each part as its number of words, whether it answers, and its place among alternatives.
    fn shapes(file: &str) -> Vec<Vec<(usize, bool, Option<usize>)>> {
        let shape = |part: &Part| (part.words.len(), part.is_answer, part.alternative);
        read(file.as_bytes()).unwrap().iter().map(|item| item.iter().map(shape).collect()).collect()
    }

    #[test]
    fn records_give_the_texts_of_their_fields_in_the_order_of_the_fields() {
        let file = r#"{"choices": ["dull red", "green"], "question": "Question: what is it", "id": 7}

            {"question": {"stem": "why not", "choices": [{"text": "so", "label": "A"}, {"text": "no way", "label": "B"}]}}
            {"passage": "Passage: it is so\nQuestion: is it", "answer": 42, "choices": [["one"], [["two two"]]]}"#;
        let expected = [
            vec![(3, false, None), (2, true, Some(0)), (1, true, Some(1))],
            vec![(2, false, None), (1, true, Some(0)), (2, true, Some(1))],
            vec![(3, false, None), (2, false, None), (1, true, Some(0)), (2, true, Some(1)), (1, true, None)],
        ];
        assert_eq!(shapes(file), expected);
    }

    #[test]
    fn other_files_hold_one_text_on_each_line() {
        assert_eq!(shapes("\u{feff}one two\n\n  three\r\n"), [[(2, false, None)], [(1, false, None)]]);
    }

    #[test]
    fn gzipped_files_are_unpacked() {
        let mut packed = Vec::new();
        for part in ["one two\n", "three\n"] {
            let mut encoder = flate2::write::GzEncoder::new(&mut packed, flate2::Compression::fast());
            encoder.write_all(part.as_bytes()).unwrap();
            encoder.finish().unwrap();
        }
        assert_eq!(read(&packed).unwrap().len(), 2);
        assert!(read(&packed[..packed.len() - 3]).is_err());
    }

    #[test]
    fn files_that_protect_nothing_are_errors() {
        for file in ["", "\n \n", "{\"question\": \"x\"}\n{\"body\": \"x\"}", "{\"question\": \"x\"}\nplain", "{"] {
            assert!(read(file.as_bytes()).is_err(), "{file}");
        }
        assert!(read(b"\xff").is_err());
        for file in ["[{\"question\": \"x\"}]", "\u{feff}[\n  {\n", "[ \"x\"]"] {
            let error = read(file.as_bytes()).unwrap_err();
            assert_eq!(error.message, "benchmark `b`: is one JSON array");
        }
        assert!(read(b"[1] one two").is_ok());
        assert_eq!(read(b"{\"body\": 1}").unwrap_err().message, "benchmark `b`: line 1: has none of the fields");
    }
}
