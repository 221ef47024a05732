//! Shards as MDS: every training sequence becomes a sample of the phase's folder.

use super::dataset::{Dataset, Shard};
use super::export::{Folder, damaged, offsets, pieces};
use super::mds::{MdsFile, MdsWriter, SIZE_LIMIT};
use super::megatron::Dtype;
use super::samples::Sequences;
use std::io::Read;
use tokenmill_core::hash::Digester;
use tokenmill_store::{Store, StoreError};

/// Reads of a `.bin`, in bytes.
const READ: usize = 8 << 20;

/// Writes all phases.
pub(super) fn export(
    run: &dyn Store,
    dataset: &Dataset,
    dtype: Dtype,
    folder: &mut Folder<'_>,
) -> Result<(), StoreError> {
    for phase in &dataset.phases {
        let mut writer = MdsWriter::new(dtype, SIZE_LIMIT);
        for shard in &phase.shards {
            let pieces = pieces(run, shard)?;
            let offsets = offsets(run, shard, &pieces, phase.context, dataset.packing)?;
            let sequences = Sequences::new(&offsets, &pieces);
            write_shard(run, shard, sequences, dtype, &mut writer, &mut |file| write_file(folder, &phase.name, &file))?;
            folder.advance(shard.bin.bytes);
        }
        let (last, index) = writer.finish();
        if let Some(file) = last {
            write_file(folder, &phase.name, &file)?;
        }
        folder.write(&format!("{}/index.json", phase.name), &[index.as_bytes()])?;
    }
    Ok(())
}

fn write_file(folder: &mut Folder<'_>, phase: &str, file: &MdsFile) -> Result<(), StoreError> {
    folder.write(&format!("{phase}/{}", file.name), &[&file.head, &file.samples])
}

/// The sequences of a shard follow each other in its `.bin`, which is read once from the first byte to the last.
fn write_shard(
    run: &dyn Store,
    shard: &Shard,
    sequences: Sequences<'_>,
    dtype: Dtype,
    writer: &mut MdsWriter,
    each_file: &mut dyn FnMut(MdsFile) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let key = run.display(&shard.bin.key);
    let mut bin = std::io::BufReader::with_capacity(READ, run.stream(&shard.bin.key)?);
    let mut digest = Digester::new();
    let mut ids = Vec::new();
    for sequence in sequences {
        let bytes = sequence.length.saturating_mul(dtype.bytes() as u64);
        if bytes > u64::from(u32::MAX) {
            return Err(StoreError::Refused {
                what: format!(
                    "sequence `{}` of `{key}` does not fit into an MDS file, which ends at 4 GiB",
                    sequence.number
                ),
                hint: "pack into sequences of a context, or export another form".to_owned(),
            });
        }
        ids.resize(bytes as usize, 0);
        bin.read_exact(&mut ids).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => damaged(key.clone()),
            _ => StoreError::io("read", &key)(error),
        })?;
        digest.update(&ids);
        let full = writer.sequence(&ids, &sequence.cu_seqlens).map_err(|why| StoreError::corrupt(&key, why))?;
        full.map(&mut *each_file).transpose()?;
    }
    let ends_here = bin.read(&mut [0]).map_err(StoreError::io("read", &key))? == 0;
    if ends_here && digest.hex() == shard.bin.digest { Ok(()) } else { Err(damaged(key)) }
}
