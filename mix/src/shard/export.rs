//! Writes the shards of a run into a folder of their own, in the form that a trainer reads.
//!
//! `export.json` says which dataset a folder holds. It is written first, without files, and last, with the size and sha256
//! of each; so an export that was stopped can be told from a finished one, and is finished by the same command.

use super::dataset::{Dataset, Shard};
use super::megatron::Dtype;
use super::read::piece_lengths;
use super::sha256::Sha256Writer;
use super::{export_mds, npy, samples};
use crate::pack::Packing;
use serde::{Deserialize, Serialize};
use std::path::Path;
use tokenmill_core::BuildError;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::place::{Placed, is_empty, place, read_small, write_with};
use tokenmill_store::{ObjectRef, Store, StoreError, commit};

/// The name of the file that says what an export is.
pub const CARD: &str = "export.json";

/// The largest card that is read, in bytes.
const MAX_CARD: u64 = 256 << 20;

/// The largest index that is read into memory, in bytes: 100 million pieces in a shard.
const MAX_INDEX: u64 = 2 << 30;

/// What an export is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Megatron's `.bin` and `.idx`, our `.samples`, and a `dataset.json` for our reader.
    Megatron,
    /// OLMo-core's headerless `.npy` with `.csv.gz`.
    Olmo,
    /// MosaicML Streaming's MDS, a folder for each phase.
    Mds,
}

impl Form {
    /// The names on the command line.
    pub fn names() -> [&'static str; 3] {
        ["megatron", "olmo", "mds"]
    }

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Form::Megatron => "megatron",
            Form::Olmo => "olmo",
            Form::Mds => "mds",
        }
    }

    /// The form of a name.
    ///
    /// # Errors
    /// When there is none; the hint lists all.
    pub fn of_name(name: &str) -> Result<Form, BuildError> {
        let found = [Form::Megatron, Form::Olmo, Form::Mds].into_iter().find(|form| form.name() == name);
        found.ok_or_else(|| BuildError {
            message: format!("there is no form of shards `{name}`"),
            hint: Some(format!("take one of `{}`", Form::names().join("`, `"))),
        })
    }
}

/// `export.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// What the export is for.
    pub form: Form,
    /// xxh3-128 of the manifest in the run.
    pub dataset: String,
    /// The numpy type of the ids in the files.
    pub dtype: String,
    /// All files but this one, in the order in which a trainer reads them; empty until the export is complete.
    pub files: Vec<ExportedFile>,
}

/// A file of an export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportedFile {
    /// Path from the folder of the export.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// In hexadecimal digits; none for a file that the run knows by xxh3 alone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
}

/// What an export has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportReport {
    /// Files in the folder, without `export.json`.
    pub n_files: u64,
    /// Those that are links to files of the run.
    pub n_linked: u64,
    /// Those that stood there from an earlier attempt.
    pub n_stood: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

/// Writes the shards of `dataset`, whose keys lead into `run`, to the folder `out`. `progress` is told the bytes of shards
/// that are done, out of all `.bin`. All content is checked against its digests on the way.
///
/// Memory is a few MiB, and for OLMo and MDS the index of one shard, for MDS one file of 64 MiB and one sequence.
///
/// # Errors
/// When the folder holds anything else, a file of the run is missing or damaged, or the folder cannot be written to.
pub fn export(
    run: &dyn Store,
    dataset: &Dataset,
    out: &Path,
    form: Form,
    progress: &mut dyn FnMut(u64),
) -> Result<ExportReport, StoreError> {
    dataset.check().map_err(|why| StoreError::corrupt("the manifest of the shards", why))?;
    let dtype = dtype(dataset)?;
    let name = if form == Form::Olmo { npy::dtype_name(dtype) } else { dtype.name() };
    let digest = digest_hex(&commit::to_json(dataset)?);
    let mut card = Card { form, dataset: digest, dtype: name.to_owned(), files: Vec::new() };
    claim(&card, out)?;
    let mut folder = Folder { out, files: Vec::new(), report: ExportReport::default(), progress };
    match form {
        Form::Megatron => megatron(run, dataset, &mut folder)?,
        Form::Olmo => olmo(run, dataset, &mut folder)?,
        Form::Mds => export_mds::export(run, dataset, dtype, &mut folder)?,
    }
    let Folder { files, mut report, .. } = folder;
    card.files = files;
    write_card(&card, out)?;
    report.n_files = card.files.len() as u64;
    report.bytes = card.files.iter().map(|file| file.bytes).sum();
    Ok(report)
}

/// The type of the ids of a manifest.
fn dtype(dataset: &Dataset) -> Result<Dtype, StoreError> {
    let dtype = Dtype::of_name(&dataset.dtype);
    dtype.ok_or_else(|| StoreError::corrupt("the manifest of the shards", format!("the dtype is `{}`", dataset.dtype)))
}

/// Makes sure that the folder is ours to write to.
fn claim(card: &Card, out: &Path) -> Result<(), StoreError> {
    let refuse = |what: &str| {
        Err(StoreError::Refused {
            what: format!("the folder `{}` {what}", out.display()),
            hint: "give a folder that is empty or not there yet".to_owned(),
        })
    };
    match read_small(&out.join(CARD), MAX_CARD)? {
        None if is_empty(out)? => write_card(card, out),
        None => refuse("is not empty and holds no export"),
        Some(json) => match serde_json::from_slice::<Card>(&json) {
            Ok(standing) if (standing.form, &standing.dataset) == (card.form, &card.dataset) => Ok(()),
            Ok(standing) if standing.dataset == card.dataset => {
                refuse(&format!("holds an export in the form `{}`", standing.form.name()))
            }
            Ok(_) => refuse("holds an export of another dataset"),
            Err(_) => refuse(&format!("has a `{CARD}` that is not one of ours")),
        },
    }
}

fn write_card(card: &Card, out: &Path) -> Result<(), StoreError> {
    let (path, json) = (out.join(CARD), commit::to_json(card)?);
    write_with(&path, |file| file.write_all(&json).map_err(StoreError::io("write", path.display())))
}

/// The folder that is being filled.
pub(super) struct Folder<'a> {
    out: &'a Path,
    files: Vec<ExportedFile>,
    report: ExportReport,
    progress: &'a mut dyn FnMut(u64),
}

impl Folder<'_> {
    /// Puts a file of the run there.
    pub fn place(
        &mut self,
        run: &dyn Store,
        object: &ObjectRef,
        name: &str,
        sha256: Option<&str>,
    ) -> Result<(), StoreError> {
        match place(run, object, &self.out.join(name))? {
            Placed::Linked => self.report.n_linked += 1,
            Placed::Stood => self.report.n_stood += 1,
            Placed::Copied => {}
        }
        let sha256 = sha256.map(str::to_owned);
        self.files.push(ExportedFile { name: name.to_owned(), bytes: object.bytes, sha256 });
        Ok(())
    }

    /// Writes a file of which all parts are in memory.
    pub fn write(&mut self, name: &str, parts: &[&[u8]]) -> Result<(), StoreError> {
        let path = self.out.join(name);
        let sha256 = write_with(&path, |file| {
            let mut file = Sha256Writer::new(file);
            for part in parts {
                std::io::Write::write_all(&mut file, part).map_err(StoreError::io("write", path.display()))?;
            }
            Ok(file.finish().1)
        })?;
        let bytes = parts.iter().map(|part| part.len() as u64).sum();
        self.files.push(ExportedFile { name: name.to_owned(), bytes, sha256: Some(sha256) });
        Ok(())
    }

    /// Tells how many bytes of shards are done.
    pub fn advance(&mut self, bytes: u64) {
        (self.progress)(bytes);
    }
}

fn megatron(run: &dyn Store, dataset: &Dataset, folder: &mut Folder<'_>) -> Result<(), StoreError> {
    let mut exported = dataset.clone();
    for phase in &mut exported.phases {
        for (number, shard) in phase.shards.iter_mut().enumerate() {
            shard.prefix = prefix(&phase.name, number);
            let Shard { prefix, bin, idx, samples, pieces, sha256, .. } = shard;
            let files = [
                (bin, "bin", Some(&sha256.bin)),
                (idx, "idx", Some(&sha256.idx)),
                (samples, "samples", Some(&sha256.samples)),
                (pieces, "pieces.parquet", None),
            ];
            for (object, ending, sha256) in files {
                let name = format!("{prefix}.{ending}");
                folder.place(run, object, &name, sha256.map(String::as_str))?;
                object.key = name;
            }
            folder.advance(shard.bin.bytes);
        }
    }
    folder.write("dataset.json", &[&commit::to_json(&exported)?])
}

fn olmo(run: &dyn Store, dataset: &Dataset, folder: &mut Folder<'_>) -> Result<(), StoreError> {
    for phase in &dataset.phases {
        for (number, shard) in phase.shards.iter().enumerate() {
            let prefix = prefix(&phase.name, number);
            folder.place(run, &shard.bin, &format!("{prefix}.npy"), Some(&shard.sha256.bin))?;
            let mut lines = Vec::new();
            let written = npy::write_documents(&mut lines, &pieces(run, shard)?);
            written.map_err(StoreError::io("write", &prefix))?;
            folder.write(&format!("{prefix}.csv.gz"), &[&lines])?;
            folder.advance(shard.bin.bytes);
        }
    }
    Ok(())
}

/// The name of a shard in an export, without endings.
pub fn prefix(phase: &str, number: usize) -> String {
    format!("{phase}-{number:05}")
}

/// A small file of a shard, with its digest checked.
fn read_checked(run: &dyn Store, object: &ObjectRef) -> Result<Vec<u8>, StoreError> {
    let key = run.display(&object.key);
    if object.bytes > MAX_INDEX {
        let why = format!("`{}` bytes are too many for one shard\nhint: make smaller shards", object.bytes);
        return Err(StoreError::corrupt(key, why));
    }
    // Asked for by its size, so that a damaged file cannot be larger in memory than it may be.
    let content = run.open_committed(&object.key, object.bytes)?.read_at(0..object.bytes)?;
    match digest_hex(&content) == object.digest {
        true => Ok(content.into()),
        false => Err(damaged(key)),
    }
}

/// The error for a file of the run with other content than the manifest says.
pub(super) fn damaged(key: String) -> StoreError {
    let why = "its content is not the one that was committed\nhint: restore the file, or run again in a new folder";
    StoreError::corrupt(key, why)
}

/// The lengths of all pieces of a shard.
pub(super) fn pieces(run: &dyn Store, shard: &Shard) -> Result<Vec<u32>, StoreError> {
    let corrupt = |why| StoreError::corrupt(run.display(&shard.idx.key), why);
    let (_, lengths) = piece_lengths(&read_checked(run, &shard.idx)?).map_err(corrupt)?;
    match lengths.iter().map(|length| u64::from(*length)).sum::<u64>() == shard.n_tokens {
        true => Ok(lengths),
        false => Err(corrupt(format!("its pieces have not the `{}` tokens of the shard", shard.n_tokens))),
    }
}

/// The offsets of all sequences of a shard, checked against its pieces.
pub(super) fn offsets(
    run: &dyn Store,
    shard: &Shard,
    pieces: &[u32],
    context: u64,
    packing: Packing,
) -> Result<Vec<u64>, StoreError> {
    let corrupt = |why| StoreError::corrupt(run.display(&shard.samples.key), why);
    let offsets = samples::read(&read_checked(run, &shard.samples)?).map_err(corrupt)?;
    samples::check(&offsets, pieces, context, packing == Packing::Concat).map_err(corrupt)?;
    Ok(offsets)
}
