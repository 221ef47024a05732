//! MosaicML Streaming's MDS format: one sample for each training sequence.
//!
//! A file is u32 number of samples, u32 offsets of all samples and of the end, a JSON text with the columns, and the samples.
//! A sample is the u32 sizes of its columns and then the columns, in the order of their names. A column of the encoding
//! `ndarray:<dtype>` is one byte (`axes << 2 | code`; code 0, 1, 2 for u8, u16, u32), the shape in that type, and the values
//! (mosaicml-streaming 0.13: `streaming/base/format/mds/{encodings,writer}.py`). `index.json` lists the files.

use super::megatron::Dtype;
use super::sha256::sha256_hex;
use serde_json::{Value, json};

/// Bytes of a file at most, as MosaicML's own writer has it by default.
pub const SIZE_LIMIT: u64 = 1 << 26;

/// The columns, sorted.
pub const COLUMNS: [&str; 2] = ["cu_seqlens", "tokens"];

/// Gathers samples and gives out files as they fill.
pub struct MdsWriter {
    dtype: Dtype,
    size_limit: u64,
    /// The JSON text that every file has.
    config: String,
    /// Where each sample of the current file ends, from the beginning of the first.
    ends: Vec<u32>,
    data: Vec<u8>,
    files: Vec<Value>,
}

/// One file, complete.
pub struct MdsFile {
    /// Its name beside `index.json`.
    pub name: String,
    /// Counts, offsets and columns.
    pub head: Vec<u8>,
    /// The samples.
    pub samples: Vec<u8>,
    /// sha256 of both.
    pub sha256: String,
}

impl MdsWriter {
    /// Starts with ids of this type and files of at most `size_limit` bytes, unless one sample is larger.
    pub fn new(dtype: Dtype, size_limit: u64) -> MdsWriter {
        let size_limit = size_limit.min(u64::from(u32::MAX));
        let config = format!(
            "{{\"column_encodings\": [\"ndarray:int32\", \"ndarray:{}\"], \"column_names\": [\"{}\", \"{}\"], \
             \"column_sizes\": [null, null], \"compression\": null, \"format\": \"mds\", \"hashes\": [\"sha256\"], \
             \"size_limit\": {size_limit}, \"version\": 2}}",
            dtype.name(),
            COLUMNS[0],
            COLUMNS[1],
        );
        MdsWriter { dtype, size_limit, config, ends: Vec::new(), data: Vec::new(), files: Vec::new() }
    }

    /// Appends a sequence: its ids as they lie in a `.bin`, and where its pieces begin and the last ends. Gives out the file
    /// before, when this sample no longer fits into it.
    ///
    /// # Errors
    /// When the sequence is empty, or larger than a file can be.
    pub fn sequence(&mut self, ids: &[u8], cu_seqlens: &[u64]) -> Result<Option<MdsFile>, String> {
        let n_ids = ids.len() / self.dtype.bytes();
        if n_ids == 0 || cu_seqlens.is_empty() {
            return Err("an empty sequence has no place in MDS".to_owned());
        }
        let (pieces_head, ids_head) = (shape(cu_seqlens.len()), shape(n_ids));
        let sizes = [pieces_head.len() + cu_seqlens.len() * 4, ids_head.len() + ids.len()];
        let size = (8 + sizes[0] + sizes[1]) as u64;
        let alone = self.head_bytes(1) + size;
        if alone > u64::from(u32::MAX) {
            return Err(format!("a sequence of `{n_ids}` tokens does not fit into an MDS file, which ends at 4 GiB"));
        }
        let with_this = self.head_bytes(self.ends.len() + 1) + self.data.len() as u64 + size;
        let full = if with_this > self.size_limit && !self.ends.is_empty() { Some(self.file()) } else { None };
        self.data.extend(sizes.iter().flat_map(|size| (*size as u32).to_le_bytes()));
        self.data.extend(pieces_head);
        // No sequence is as long as 2^31 tokens, so an end fits.
        self.data.extend(cu_seqlens.iter().flat_map(|end| (*end as i32).to_le_bytes()));
        self.data.extend(ids_head);
        self.data.extend_from_slice(ids);
        self.ends.push(self.data.len() as u32);
        Ok(full)
    }

    /// The last file, if there is one, and the text of `index.json`.
    pub fn finish(mut self) -> (Option<MdsFile>, String) {
        let last = if self.ends.is_empty() { None } else { Some(self.file()) };
        let index = json!({"shards": self.files, "version": 2});
        (last, format!("{index}\n"))
    }

    fn head_bytes(&self, n_samples: usize) -> u64 {
        (4 + 4 * (n_samples + 1) + self.config.len()) as u64
    }

    fn file(&mut self) -> MdsFile {
        let (ends, samples) = (std::mem::take(&mut self.ends), std::mem::take(&mut self.data));
        let start = self.head_bytes(ends.len()) as u32;
        let mut head = Vec::with_capacity(start as usize);
        head.extend((ends.len() as u32).to_le_bytes());
        head.extend(start.to_le_bytes());
        head.extend(ends.iter().flat_map(|end| (start + end).to_le_bytes()));
        head.extend(self.config.as_bytes());
        let name = format!("shard.{:05}.mds", self.files.len());
        let sha256 = sha256_hex(&[&head, &samples]);
        self.files.push(json!({
            "column_encodings": ["ndarray:int32", format!("ndarray:{}", self.dtype.name())],
            "column_names": COLUMNS,
            "column_sizes": [null, null],
            "compression": null,
            "format": "mds",
            "hashes": ["sha256"],
            "raw_data": {"basename": name, "bytes": head.len() + samples.len(), "hashes": {"sha256": sha256}},
            "samples": ends.len(),
            "size_limit": self.size_limit,
            "version": 2,
            "zip_data": null,
        }));
        MdsFile { name, head, samples, sha256 }
    }
}

/// What stands before the values of an array with one axis.
fn shape(length: usize) -> Vec<u8> {
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length), _) => vec![1 << 2, length],
        (_, Ok(length)) => [&[1 << 2 | 1][..], &length.to_le_bytes()].concat(),
        // A longer array does not fit into a file, which is checked before anything is written.
        _ => [&[1 << 2 | 2][..], &(length as u32).to_le_bytes()].concat(),
    }
}

/// The ids of a training sequence, and its places of documents as they are stored.
pub type Sample = (Vec<u32>, Vec<u8>);

/// The samples of a file: `cu_seqlens`, and ids as in a `.bin`.
///
/// # Errors
/// Says what is wrong with the file.
pub fn read(file: &[u8], dtype: Dtype) -> Result<Vec<Sample>, String> {
    let cut_off = || "the file is cut off".to_owned();
    let word = |bytes: &[u8], at: usize| -> Result<usize, String> {
        let bytes = bytes.get(at..at.saturating_add(4)).and_then(|bytes| bytes.first_chunk()).ok_or_else(cut_off)?;
        Ok(u32::from_le_bytes(*bytes) as usize)
    };
    let n_samples = word(file, 0)?;
    let mut samples = Vec::new();
    for number in 0..n_samples {
        let (start, end) = (word(file, 4 + number * 4)?, word(file, 8 + number * 4)?);
        let sample = file.get(start..end).ok_or_else(cut_off)?;
        let middle = 8 + word(sample, 0)?;
        let end = middle + word(sample, 4)?;
        let pieces = values(sample.get(8..middle).ok_or_else(cut_off)?, 4)?;
        let ids = values(sample.get(middle..end).ok_or_else(cut_off)?, dtype.bytes())?;
        let pieces = pieces.as_chunks().0.iter().map(|piece| u32::from_le_bytes(*piece)).collect();
        samples.push((pieces, ids.to_vec()));
    }
    Ok(samples)
}

/// The values of an array with one axis.
fn values(column: &[u8], bytes: usize) -> Result<&[u8], String> {
    let (code, rest) = column.split_first().ok_or("an array has no shape")?;
    let width = 1usize << (code & 3);
    if code >> 2 != 1 || width > 4 || rest.len() < width {
        return Err("an array has not one axis".to_owned());
    }
    let (length, values) = rest.split_at(width);
    let length = length.iter().rev().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
    if length.checked_mul(bytes) == Some(values.len()) {
        Ok(values)
    } else {
        Err("an array has another shape".to_owned())
    }
}
