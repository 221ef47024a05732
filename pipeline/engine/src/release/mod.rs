//! Releases: the documents that a finished run has kept, as files of about equal size for other people, with a card.
//!
//! ```text
//! ledgers > survey: documents and bytes by language > cut: which document goes into which file > walks through the
//! documents, each of which writes some files > read back, stored, noted > card, recipe, manifest
//! ```
//! What a file holds follows from the order of documents and from the options, so threads, memory, kills and the parts that
//! the run has been cut into change no byte.

mod card;
mod columns;
mod escape;
mod file;
mod language;
mod layout;
mod manifest;
mod origin;
mod prepare;
mod privacy;
mod survey;
mod target;
mod write;

pub use card::{AssetFact, CardOptions};
pub use file::Held;
pub use manifest::{FileRecord, MANIFEST, Manifest, OtherFile};
pub use origin::TokenNames;
pub use prepare::{Expected, Prepared, Report};
pub use target::{ALLOWED, PLAN, not_empty};

use crate::size;
use crate::spec::{Spec, StepSpec, assets_of};
use std::collections::BTreeSet;
use tokenmill_core::BuildError;
use tokenmill_core::Params;

/// The resolved recipe beside the data.
pub const RECIPE: &str = "recipe.toml";

/// The card.
pub const CARD: &str = "README.md";

/// How documents are told apart by configuration, which is what the Hub calls a subset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// One configuration for each language.
    Language,
    /// One alone.
    None,
}

/// The format of the data files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Parquet, compressed with zstd.
    Parquet,
    /// A JSON object a line.
    Jsonl,
    /// The same, compressed with zstd.
    JsonlZst,
}

impl Format {
    /// The names on the command line, which are what the names of files end in.
    pub const NAMES: [&'static str; 3] = ["parquet", "jsonl", "jsonl.zst"];

    /// The name of the format.
    pub fn name(self) -> &'static str {
        Format::NAMES[self as usize]
    }

    /// The format of a name.
    ///
    /// # Errors
    /// When there is none; the hint lists all.
    pub fn of_name(name: &str) -> Result<Format, BuildError> {
        let all = [Format::Parquet, Format::Jsonl, Format::JsonlZst];
        all.into_iter().find(|format| format.name() == name).ok_or_else(|| BuildError {
            message: format!("there is no format `{name}`"),
            hint: Some(format!("take one of `{}`", Format::NAMES.join("`, `"))),
        })
    }
}

impl By {
    /// The names on the command line.
    pub const NAMES: [&'static str; 2] = ["language", "none"];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        By::NAMES[self as usize]
    }

    /// The way of a name.
    ///
    /// # Errors
    /// When there is none; the hint lists all.
    pub fn of_name(name: &str) -> Result<By, BuildError> {
        [By::Language, By::None].into_iter().find(|by| by.name() == name).ok_or_else(|| BuildError {
            message: format!("documents cannot be told apart by `{name}`"),
            hint: Some(format!("take one of `{}`", By::NAMES.join("`, `"))),
        })
    }
}

/// Reads a size such as `512MiB`.
///
/// # Errors
/// When it is none.
pub fn parse_size(text: &str) -> Result<u64, BuildError> {
    size::parse(text).ok_or_else(|| BuildError {
        message: format!("`{text}` is no size"),
        hint: Some("write it as `512MiB`, `2GB` or in bytes".to_owned()),
    })
}

/// How a release is made.
#[derive(Clone)]
pub struct Options {
    /// What the data files hold.
    pub data: DataOptions,
    /// What the card says besides what is known of the run.
    pub card: CardOptions,
    /// Worker threads; changes no byte.
    pub threads: usize,
    /// Bytes that files being written may take in memory, over all threads; changes no byte.
    pub memory: u64,
}

/// What decides what the data files hold.
#[derive(Clone)]
pub struct DataOptions {
    /// Name and version of the program.
    pub program: String,
    /// How documents are told apart.
    pub by: By,
    /// Format of the files.
    pub format: Format,
    /// Bytes that a file should have.
    pub size: u64,
    /// Metrics that become columns, as `step.metric`.
    pub columns: Vec<String>,
    /// Where tokens are counted.
    pub tokens: TokenNames,
}

/// Who wants to see how a release goes.
pub trait Watch: Sync {
    /// Something begins that will take so many of what it counts.
    fn begin(&self, what: &str, total: u64, is_bytes: bool);
    /// So many more are done.
    fn advance(&self, n: u64);
    /// A file is complete; `stood` tells that it was there before.
    fn file(&self, file: &FileRecord, stood: bool);
    /// What has begun has ended.
    fn end(&self);
}

/// The models, lists and vocabularies that a recipe names, each with the step or section that names it; without keys.
pub fn asset_names(spec: &Spec) -> Vec<(String, String)> {
    let mut names = BTreeSet::new();
    let mut add = |user: &str, asset_params: &'static [&'static str], params: &Params| {
        let key = params.text(privacy::KEY_FILE).to_owned();
        names.extend(
            assets_of(asset_params, params).filter(|asset| *asset != key).map(|asset| (user.to_owned(), asset)),
        );
    };
    for step in spec.steps() {
        let StepSpec { name, entry, params, by_lang, .. } = step;
        std::iter::once(params).chain(by_lang.values()).for_each(|params| add(name, entry.asset_params, params));
    }
    if let Some((section, params)) = &spec.section {
        add(section.name, section.asset_params, params);
    }
    names.into_iter().collect()
}
