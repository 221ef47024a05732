//! What OLMo-core reads: headerless arrays called `.npy`, and `.csv.gz` with the documents in them.
//!
//! OLMo-core maps a `.npy` of the Dolma toolkit as raw u16 or u32 (`NumpyFSLDataset`), so a `.bin` is one already: ids
//! stored as i32 are below 2^31, where i32 and u32 are the same bytes. Documents are lines `start,end` in tokens, without a
//! header (`olmo_core/data/utils.py`: `write_document_indices`, `iter_document_indices`); the Dolma toolkit's further
//! columns are ignored there.

use super::megatron::Dtype;
use flate2::{Compression, GzBuilder};
use std::io::{self, Write};

/// What numpy must be told the `.npy` holds.
pub fn dtype_name(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::U16 => "uint16",
        Dtype::I32 => "uint32",
    }
}

/// Writes where pieces of these lengths begin and end, as gzip without a time. Empty pieces have no line: OLMo-core takes
/// a document that begins where the array ends for damage.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_documents(out: impl Write, pieces: &[u32]) -> io::Result<()> {
    // 255 is "unknown operating system": the bytes must not say where they were made.
    let gzip = GzBuilder::new().mtime(0).operating_system(255).write(out, Compression::new(6));
    let mut lines = io::BufWriter::with_capacity(1 << 16, gzip);
    let mut start = 0u64;
    for length in pieces.iter().filter(|length| **length > 0) {
        let end = start + u64::from(*length);
        writeln!(lines, "{start},{end}")?;
        start = end;
    }
    lines.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn lines_are_starts_and_ends() {
        let mut file = Vec::new();
        write_documents(&mut file, &[3, 0, 5, 1]).unwrap();
        assert_eq!(file[..10], [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]);
        let mut text = String::new();
        flate2::read::MultiGzDecoder::new(&file[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "0,3\n3,8\n8,9\n");
        let mut empty = Vec::new();
        write_documents(&mut empty, &[]).unwrap();
        assert_eq!(flate2::read::MultiGzDecoder::new(&empty[..]).read_to_string(&mut text).unwrap(), 0);
    }
}
