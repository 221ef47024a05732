//! Where documents come from: crawl files, JSON lines, Parquet, repositories of code, and the documents of an earlier phase.

mod cc_index;
mod code;
mod counted;
mod docs;
mod expand;
mod input;
mod jsonl;
mod lines;
mod lists;
mod names;
mod parquet;
mod picked;
mod plain;
mod warc;
mod wikipedia;

pub use cc_index::{IndexReader, IndexRow};
pub use code::CodeReader;
pub use counted::{Counted, Counts};
pub use docs::DocsReader;
pub use expand::expand;
pub use input::{Input, find, read, stream};
pub use jsonl::JsonlReader;
pub use lines::{Line, LineReader, decompress};
pub use lists::{expand_lists, find_all, is_below, join};
pub use parquet::ParquetReader;
pub use picked::{PICK, Pick, Picked, digest_key};
pub use plain::PlainReader;
pub use warc::WarcSplit;
pub use wikipedia::WikipediaSplit;

use crate::warc::Notes;
use crate::{Requests, Store, StoreError};
use tokenmill_core::{DocId, Record};

/// The kind of source that begins with an index of crawl files: Common Crawl's columnar one.
pub const CC_INDEX: &str = "cc_index";

/// The formats a recipe can name in `source.kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// WARC, ARC and WET files, gzip, zstd or plain; told apart by their bytes.
    Warc,
    /// One JSON object a line, gzip, zstd or plain.
    Jsonl,
    /// Parquet.
    Parquet,
    /// Repositories of code: folders, and tar and zip archives, told by their bytes.
    Code,
    /// Plain text, one document a line, gzip, zstd or plain.
    Lines,
    /// Dumps of MediaWiki: the XML export, bzip2, gzip, zstd or plain.
    Wikipedia,
}

impl Format {
    /// Every format by its name in a recipe.
    ///
    /// An index says which records of WARC files are read.
    pub const ALL: [(&'static str, Format); 7] = [
        ("warc", Format::Warc),
        (CC_INDEX, Format::Warc),
        ("jsonl", Format::Jsonl),
        ("parquet", Format::Parquet),
        ("lines", Format::Lines),
        ("code", Format::Code),
        ("wikipedia", Format::Wikipedia),
    ];

    /// What the patterns name in this format: files, also by lists of them, whose entries lie below `base`; and for
    /// repositories folders, too.
    ///
    /// # Errors
    /// As [`expand()`].
    pub fn inputs(self, patterns: &[String], base: &str) -> Result<Vec<Input>, StoreError> {
        if self == Format::Code { expand::with_folders(patterns) } else { expand_lists(patterns, base) }
    }

    /// Whether documents come as pages, from which a step must make their text.
    pub fn is_pages(self) -> bool {
        matches!(self, Format::Warc | Format::Wikipedia)
    }

    /// The columns that are carried along, of those that a recipe names.
    pub fn carried(self, named: &[String]) -> Vec<String> {
        match self {
            Format::Warc | Format::Lines => Vec::new(),
            Format::Wikipedia => wikipedia::CARRIED.map(str::to_owned).to_vec(),
            Format::Code => code::CARRIED.map(str::to_owned).to_vec(),
            Format::Jsonl | Format::Parquet => named.to_vec(),
        }
    }
}

/// Which columns of a data set hold what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnMap {
    /// The text; must be there.
    pub text: String,
    /// The id the data set gives its rows; optional in the data.
    pub id: String,
    /// URL; optional in the data.
    pub url: String,
    /// Date; optional in the data.
    pub date: String,
    /// Language; optional in the data.
    pub lang: String,
    /// Columns carried along, as one JSON object; `["*"]` for all that are not named above.
    pub extra: Vec<String>,
}

impl Default for ColumnMap {
    fn default() -> ColumnMap {
        let name = |name: &str| name.to_owned();
        let extra = vec![name("*")];
        ColumnMap {
            text: name("text"),
            id: name("id"),
            url: name("url"),
            date: name("date"),
            lang: name("lang"),
            extra,
        }
    }
}

impl ColumnMap {
    /// Whether a column is carried along.
    pub fn carries(&self, column: &str) -> bool {
        let named = [&self.text, &self.id, &self.url, &self.date, &self.lang];
        !named.iter().any(|name| *name == column) && self.extra.iter().any(|extra| extra == "*" || extra == column)
    }
}

/// One step of reading a split.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one event is in flight at a time, and most are documents")]
pub enum Event<'a> {
    /// A document, or what should have been one.
    Document(Item<'a>),
    /// A record that is no document by its nature (a request, the header of a file): counted by kind.
    Other(&'static str),
}

/// A document to be, with its place in the source.
#[derive(Debug)]
pub struct Item<'a> {
    /// Headers and payload; the payload is empty when it is refused.
    pub record: Record<'a>,
    /// Identity.
    pub id: DocId,
    /// Why the source refuses it.
    pub refusal: Option<Refusal>,
    /// What was odd about it although it could be read.
    pub notes: Notes,
}

/// Why a source gives no document for a record: the ledger's words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refusal {
    /// Completes "removed because …".
    pub reason: &'static str,
    /// What was judged, or empty.
    pub metric: &'static str,
    /// Its value.
    pub value: Option<f32>,
    /// The limit that applied.
    pub limit: Option<f32>,
    /// What else explains it.
    pub evidence: Option<String>,
    /// xxh3-64 of the URL that was to be read, where the record itself tells none.
    pub url_hash: Option<u64>,
}

impl Refusal {
    /// A refusal with an explanation.
    pub fn because(reason: &'static str, evidence: impl Into<String>) -> Refusal {
        Refusal { reason, evidence: Some(evidence.into()), ..Refusal::default() }
    }
}

/// Reads one split from its first record to its last.
pub trait SplitReader {
    /// The next record, or `None` at the end.
    ///
    /// # Errors
    /// Only when the machine fails; damaged data are events.
    fn next(&mut self) -> Result<Option<Event<'_>>, StoreError>;

    /// Passes over the next document, or over what should have been one; false at the end.
    ///
    /// # Errors
    /// As [`SplitReader::next`].
    fn skip(&mut self) -> Result<bool, StoreError> {
        loop {
            match self.next()? {
                None => return Ok(false),
                Some(Event::Document(_)) => return Ok(true),
                Some(Event::Other(_)) => {}
            }
        }
    }

    /// Bytes of the input read so far.
    fn bytes_read(&self) -> u64;

    /// Digest of the whole input, once it has been read to its end and in order.
    fn digest(&self) -> Option<String>;

    /// What has been asked of object stores, for sources that read only pieces of the input.
    fn requests(&self) -> Option<Requests> {
        None
    }
}

/// Opens an input of a run: all of it, or the records that the run has picked of it.
///
/// # Errors
/// As [`open`], and when the list of picked records is damaged.
pub fn open_of(
    store: &dyn Store,
    input: &Input,
    format: Format,
    columns: &ColumnMap,
) -> Result<Box<dyn SplitReader>, StoreError> {
    match &input.picked {
        Some(picked) => Ok(Box::new(picked::PickedSplit::open(store, input, picked)?)),
        None => open(input, format, columns),
    }
}

/// Opens an input.
///
/// # Errors
/// When it is missing, the machine fails, or a Parquet file lacks the text column.
pub fn open(input: &Input, format: Format, columns: &ColumnMap) -> Result<Box<dyn SplitReader>, StoreError> {
    Ok(match format {
        Format::Warc => Box::new(WarcSplit::new(stream(input)?, &input.name)),
        Format::Lines => Box::new(PlainReader::new(stream(input)?, &input.name)?),
        Format::Jsonl => Box::new(JsonlReader::new(stream(input)?, &input.name, columns.clone())?),
        Format::Parquet => Box::new(ParquetReader::open(input, columns)?),
        Format::Code => Box::new(CodeReader::open(input)?),
        Format::Wikipedia => Box::new(WikipediaSplit::new(stream(input)?, &input.name)?),
    })
}
