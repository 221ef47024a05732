//! One file of a release being written, in any of the formats, and read back before it is let go.

use super::Format;
use super::columns::Chosen;
use super::layout::id_hash;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Read, Write};
use tokenmill_core::DocId;
use tokenmill_core::hash::hash64;
use tokenmill_store::table::{Batches, Columns, Field, Table};
use tokenmill_store::{Object, Sealed, Spool, Store, StoreError};

/// zstd level of JSON lines; what Parquet files have.
const ZSTD_LEVEL: i32 = 3;

/// Bytes of a line that are read back, at most: JSON writes a control character with six.
const MAX_LINE: u64 = 4 << 30;

/// One document of a release.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Its id.
    pub id: DocId,
    /// The texts that always are there but the id, in the order of the columns.
    pub texts: [&'a str; 8],
    /// The crawl that it is of.
    pub dump: &'a str,
    /// Its tokens.
    pub n_tokens: u32,
    /// Its metrics, in the order of the columns.
    pub metrics: &'a [Option<String>],
}

/// Where the text is among [`Row::texts`].
pub const TEXT: usize = 5;

/// What a file holds, as far as it can be proved by reading it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Documents.
    pub n_documents: u64,
    /// Bytes of their texts.
    pub text_bytes: u64,
    /// The sum of [`id_hash`] over all documents, modulo 2^64.
    #[serde(with = "hex")]
    pub ids: u64,
    /// The sum of the xxh3-64 of all texts, each with [`id_hash`] as its seed, modulo 2^64.
    #[serde(with = "hex")]
    pub content: u64,
}

/// 64 bits as 16 hexadecimal digits: JSON's numbers do not hold them everywhere.
mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{value:016x}"))
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<u64, D::Error> {
        let text = String::deserialize(from)?;
        u64::from_str_radix(&text, 16).map_err(|_| D::Error::custom(format!("`{text}` are no hexadecimal digits")))
    }
}

impl Held {
    /// Adds a document.
    pub fn add(&mut self, id: DocId, text: &str) {
        let hash = id_hash(id);
        self.n_documents += 1;
        self.text_bytes += text.len() as u64;
        self.ids = self.ids.wrapping_add(hash);
        self.content = self.content.wrapping_add(hash64(hash, text.as_bytes()));
    }

    /// Adds all documents of another file.
    pub fn join(&mut self, other: &Held) {
        self.n_documents += other.n_documents;
        self.text_bytes += other.text_bytes;
        self.ids = self.ids.wrapping_add(other.ids);
        self.content = self.content.wrapping_add(other.content);
    }
}

enum Writer {
    Table(Box<Table>),
    Plain(Box<Spool>),
    Zstd(Box<zstd::Encoder<'static, Spool>>),
}

/// A file being written.
pub struct FileWriter {
    writer: Writer,
    format: Format,
    fields: Vec<Field>,
    held: Held,
    memory_bytes: u64,
    line: Vec<u8>,
}

/// A file that is complete and was read back.
pub struct Finished {
    /// The file.
    pub sealed: Sealed,
    /// What it holds.
    pub held: Held,
    /// Bytes of its columns in memory, as Arrow holds them.
    pub memory_bytes: u64,
}

impl FileWriter {
    /// Starts a file in the scratch folder of `store`.
    ///
    /// # Errors
    /// When no file can be made.
    pub fn create(store: &dyn Store, format: Format, columns: &Chosen) -> Result<FileWriter, StoreError> {
        let (spool, fields) = (Spool::public(store)?, columns.fields());
        let writer = match format {
            Format::Parquet => Writer::Table(Box::new(Table::public(spool, fields.clone()))),
            Format::Jsonl => Writer::Plain(Box::new(spool)),
            Format::JsonlZst => {
                let mut encoder = zstd::Encoder::new(spool, ZSTD_LEVEL).map_err(cannot_write)?;
                encoder.include_checksum(true).map_err(cannot_write)?;
                Writer::Zstd(Box::new(encoder))
            }
        };
        Ok(FileWriter { writer, format, fields, held: Held::default(), memory_bytes: 0, line: Vec::new() })
    }

    /// Adds a document.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(&mut self, row: &Row<'_>, columns: &Chosen) -> Result<(), StoreError> {
        self.held.add(row.id, row.texts[TEXT]);
        // Every text has an offset of 4 bytes, and every number 4 bytes.
        let texts: usize = row.texts.iter().map(|text| text.len()).sum();
        let labels: usize = row
            .metrics
            .iter()
            .zip(&columns.metrics)
            .filter(|(_, column)| column.is_label)
            .map(|(value, _)| value.as_ref().map_or(0, String::len))
            .sum();
        self.memory_bytes +=
            (32 + texts + row.dump.len() * usize::from(columns.has_dump) + labels + 4 * self.fields.len()) as u64;
        match &mut self.writer {
            Writer::Table(table) => {
                let mut line =
                    row.texts.iter().fold(table.row().text(&row.id.to_string()), |line, text| line.text(text));
                if columns.has_dump {
                    line = line.text(row.dump);
                }
                if columns.has_tokens {
                    line = line.u32(row.n_tokens);
                }
                for (value, column) in row.metrics.iter().zip(&columns.metrics) {
                    line = match column.is_label {
                        true => line.text_or_null(value.as_deref()),
                        false => line.f32_or_null(value.as_ref().and_then(|value| value.parse().ok())),
                    };
                }
                line.end()
            }
            Writer::Plain(spool) => {
                self.line.clear();
                json_line(&mut self.line, row, columns, &self.fields);
                spool.write_all(&self.line).map_err(cannot_write)
            }
            Writer::Zstd(encoder) => {
                self.line.clear();
                json_line(&mut self.line, row, columns, &self.fields);
                encoder.write_all(&self.line).map_err(cannot_write)
            }
        }
    }

    /// Writes the file out, reads it back, and compares what it holds with what it was given.
    ///
    /// # Errors
    /// When it cannot be written, or what comes back is something else.
    pub fn finish(self) -> Result<Finished, StoreError> {
        let spool = match self.writer {
            Writer::Table(table) => table.finish()?.0,
            Writer::Plain(spool) => *spool,
            Writer::Zstd(encoder) => encoder.finish().map_err(cannot_write)?,
        };
        let sealed = spool.seal()?;
        let held = read_back(sealed.open()?, self.format, &self.fields)?;
        match held == self.held {
            true => Ok(Finished { sealed, held, memory_bytes: self.memory_bytes }),
            false => Err(StoreError::corrupt(
                "a file of the release",
                format!("it was given {:?}, and {held:?} is read back", self.held),
            )),
        }
    }
}

fn cannot_write(error: std::io::Error) -> StoreError {
    StoreError::io("write", "a file of the release")(error)
}

/// A document as a JSON object, in the order of the columns.
fn json_line(out: &mut Vec<u8>, row: &Row<'_>, columns: &Chosen, fields: &[Field]) {
    let text = |text: &str| serde_json::Value::from(text);
    let mut values = vec![text(&row.id.to_string())];
    values.extend(row.texts.iter().map(|value| text(value)));
    if columns.has_dump {
        values.push(text(row.dump));
    }
    if columns.has_tokens {
        values.push(row.n_tokens.into());
    }
    for (value, column) in row.metrics.iter().zip(&columns.metrics) {
        values.push(match (value, column.is_label) {
            (None, _) => serde_json::Value::Null,
            (Some(label), true) => text(label),
            // The shortest digits that are the same 32-bit number; what is no number is absent.
            (Some(number), false) => {
                let number = number.parse::<f32>().ok().filter(|number| number.is_finite());
                number.and_then(|number| serde_json::from_str(&number.to_string()).ok()).unwrap_or_default()
            }
        });
    }
    out.push(b'{');
    for (at, (field, value)) in fields.iter().zip(values).enumerate() {
        let comma = if at == 0 { "" } else { "," };
        // Writing to memory cannot fail.
        let _ = write!(out, "{comma}{}:{value}", text(&field.name));
    }
    out.extend_from_slice(b"}\n");
}

/// What a file of a release holds.
///
/// # Errors
/// When it cannot be read, or is damaged.
pub fn read_back(object: Box<dyn Object>, format: Format, fields: &[Field]) -> Result<Held, StoreError> {
    const NAME: &str = "a file of the release";
    let mut held = Held::default();
    match format {
        Format::Parquet => {
            for batch in Batches::public(object, NAME, fields, &["id", "text"])? {
                let batch = batch?;
                let columns = Columns(&batch);
                for (id, text) in columns.text("id")?.iter().zip(columns.text("text")?) {
                    let id = id
                        .and_then(DocId::parse)
                        .ok_or_else(|| StoreError::corrupt(NAME, "it has a row without an id"))?;
                    held.add(id, text.unwrap_or_default());
                }
            }
        }
        Format::Jsonl => lines(Stream { object, at: 0 }, &mut held)?,
        Format::JsonlZst => {
            let decoder = zstd::Decoder::new(Stream { object, at: 0 });
            lines(decoder.map_err(|error| StoreError::decode(NAME, error))?, &mut held)?;
        }
    }
    Ok(held)
}

#[derive(Deserialize)]
struct Line<'a> {
    id: DocId,
    #[serde(borrow)]
    text: std::borrow::Cow<'a, str>,
}

fn lines(from: impl Read, held: &mut Held) -> Result<(), StoreError> {
    const NAME: &str = "a file of the release";
    let mut reader = BufReader::with_capacity(1 << 18, from);
    let mut line = Vec::new();
    loop {
        line.clear();
        let n = (&mut reader).take(MAX_LINE).read_until(b'\n', &mut line);
        if n.map_err(|error| StoreError::decode(NAME, error))? == 0 {
            return Ok(());
        }
        let line: Line<'_> = serde_json::from_slice(&line).map_err(|error| StoreError::corrupt(NAME, error))?;
        held.add(line.id, &line.text);
    }
}

/// An object from the first byte to the last.
struct Stream {
    object: Box<dyn Object>,
    at: u64,
}

impl Read for Stream {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let end = self.object.bytes().min(self.at + out.len() as u64);
        let bytes = self.object.read_at(self.at..end).map_err(std::io::Error::other)?;
        out[..bytes.len()].copy_from_slice(&bytes);
        self.at = end;
        Ok(bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::Metric;
    use super::*;
    use tokenmill_store::MemStore;

    fn columns() -> Chosen {
        let metric = |name: &str, is_label| Metric { name: name.into(), column: name.replace('.', "_"), is_label };
        Chosen { has_dump: true, has_tokens: true, metrics: vec![metric("a.n", false), metric("a.label", true)] }
    }

    fn write(store: &MemStore, format: Format) -> Finished {
        let mut file = FileWriter::create(store, format, &columns()).unwrap();
        let metrics = [vec![Some("0.1".to_owned()), None], vec![None, Some("x\"y".to_owned())]];
        for at in 0..1_000u128 {
            let text = format!("text {at} \"é\u{7}\n");
            let texts = ["http://a/", "2024", "en", "", "t", &text, "", "a.warc"];
            let row = Row { id: DocId(at), texts, dump: "d", n_tokens: 7, metrics: &metrics[at as usize % 2] };
            file.add(&row, &columns()).unwrap();
        }
        file.finish().unwrap()
    }

    #[test]
    fn files_of_all_formats_hold_what_they_were_given() {
        let store = MemStore::new().unwrap();
        let all = [Format::Parquet, Format::Jsonl, Format::JsonlZst].map(|format| write(&store, format));
        for file in &all {
            assert_eq!(file.held, all[0].held);
            assert_eq!(file.held.n_documents, 1_000);
            assert_eq!(file.sealed.sha256().unwrap().len(), 64);
        }
        assert_eq!(
            write(&store, Format::JsonlZst).sealed.sha256(),
            all[2].sealed.sha256(),
            "equal rows give equal bytes"
        );
        let lines = all[1].sealed.open().unwrap();
        let first = lines.read_at(0..lines.bytes().min(400)).unwrap();
        let first = String::from_utf8_lossy(&first).lines().next().unwrap_or_default().to_owned();
        assert_eq!(
            first,
            "{\"id\":\"00000000000000000000000000000000\",\"url\":\"http://a/\",\"date\":\"2024\",\"language\":\"en\",\"kind\":\"\",\
             \"title\":\"t\",\"text\":\"text 0 \\\"é\\u0007\\n\",\"license\":\"\",\"source\":\"a.warc\",\"dump\":\"d\",\"n_tokens\":7,\
             \"a_n\":0.1,\"a_label\":null}"
        );
    }

    #[test]
    fn damage_is_found() {
        let store = MemStore::new().unwrap();
        let sealed = write(&store, Format::JsonlZst).sealed;
        let mut bytes = sealed.open().unwrap().read_at(0..sealed.bytes()).unwrap().to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        store.put("x", &bytes).unwrap();
        assert!(read_back(store.open("x").unwrap(), Format::JsonlZst, &columns().fields()).is_err());
        store.put("x", b"{\"id\":\"1\",\"text\":\"\"}\n").unwrap();
        assert!(read_back(store.open("x").unwrap(), Format::Jsonl, &columns().fields()).is_err());
    }
}
