//! A release from the first look at the run to the last file.

use super::card::{self, AssetFact, CardFacts, FileFacts};
use super::columns::{self, Chosen};
use super::file::Held;
use super::layout::{Layout, Ratio, n_spans};
use super::manifest::{FileRecord, Manifest, OtherFile, Sum, VERSION};
use super::origin::Origin;
use super::survey::{Survey, survey};
use super::target::Target;
use super::write::{Work, bundles};
use super::{CARD, Options, RECIPE, Watch, privacy};
use crate::spec::Spec;
use rayon::prelude::*;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
use tokenmill_core::MetricKind;
use tokenmill_store::{Keeper, Store, StoreError};

/// Weight of the documents of a configuration that are written to see how small they become.
const SAMPLE_WEIGHT: u64 = 64 << 20;

/// Memory that a file takes while it is written: a row group of 32 MiB of text in builders that double, and encoded.
const FILE_MEMORY: u64 = 96 << 20;

/// Files that are written in one walk, at most.
const MAX_AT_ONCE: u64 = 64;

/// A release that is planned down to the last file.
pub struct Prepared<'a> {
    origin: Origin<'a>,
    spec: &'a Spec,
    options: &'a Options,
    columns: Chosen,
    survey: Survey,
    layout: Layout,
    ratios: Vec<Ratio>,
    recipe: toml::Table,
    assets: Vec<AssetFact>,
    counted: Vec<String>,
    pool: rayon::ThreadPool,
}

/// A file as it is expected to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Path from the root of the release.
    pub name: String,
    /// Documents.
    pub n_documents: u64,
    /// Bytes of their texts.
    pub text_bytes: u64,
    /// About how many bytes the file will have.
    pub bytes: u64,
}

/// What a release has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Data files.
    pub n_files: usize,
    /// Those that stood there from an earlier attempt.
    pub n_stood: usize,
    /// Bytes of all data files.
    pub bytes: u64,
    /// Documents in them.
    pub n_documents: u64,
    /// Other files that somebody has edited, and that were left as they are.
    pub edited: Vec<String>,
}

impl<'a> Prepared<'a> {
    /// Looks at a run and lays out its files. `resolved` is its recipe as the run directory has it.
    ///
    /// # Errors
    /// When the run has not ended or has kept nothing, the options do not fit it, or the store fails.
    pub fn new(
        store: &'a dyn Store,
        (spec, resolved): (&'a Spec, &str),
        assets: Vec<AssetFact>,
        options: &'a Options,
        watch: &dyn Watch,
    ) -> Result<Prepared<'a>, StoreError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads.max(1)).build();
        let pool = pool.map_err(|error| StoreError::transient("start", "threads", error))?;
        let origin = Origin::open(store, options.data.tokens)?;
        let metrics = columns::metrics(spec, &options.data.columns)?;
        let recipe = privacy::recipe(resolved, spec)?;
        let columns = Chosen {
            has_dump: origin.parts.iter().any(|part| !part.dump.is_empty()),
            has_tokens: origin.tokens.is_some(),
            metrics,
        };
        let counted = counted(spec, options.card.is_pii);
        watch.begin("survey", origin.parts.iter().map(|part| part.docs.rows).sum(), false);
        let survey = pool.install(|| survey(&origin, options.data.by, &counted, &|n| watch.advance(n)));
        watch.end();
        let survey = survey?;
        let (layout, ratios) = pool.install(|| lay_out(&origin, &survey, &columns, options, watch))?;
        Ok(Prepared { origin, spec, options, columns, survey, layout, ratios, recipe, assets, counted, pool })
    }

    /// The data files as they are expected to be.
    pub fn expected(&self) -> Vec<Expected> {
        let expected = |file: &super::layout::PlannedFile| {
            let ratio = self.ratios[file.config];
            let bytes = u128::from(file.weight) * u128::from(ratio.bytes) / u128::from(ratio.weight.max(1));
            Expected {
                name: file.name.clone(),
                n_documents: file.n_documents,
                text_bytes: file.text_bytes,
                bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
            }
        };
        self.layout.files.iter().map(expected).collect()
    }

    /// The card as it would be if the files came as expected.
    pub fn expected_card(&self) -> String {
        let facts = self.expected().into_iter().zip(&self.layout.files).map(|(file, planned)| FileFacts {
            config: planned.config,
            n_documents: file.n_documents,
            bytes: file.bytes,
            memory_bytes: planned.weight,
        });
        self.card(&facts.collect::<Vec<_>>())
    }

    /// Everything that decides what the data files hold.
    pub fn identity(&self) -> Value {
        let data = &self.options.data;
        json!({
            "program": data.program,
            "run": self.origin.name,
            "documents": self.origin.manifest_key(self.origin.docs),
            "tokens": self.origin.tokens.map(|phase| self.origin.manifest_key(phase)),
            "by": data.by.name(),
            "format": data.format.name(),
            "size": data.size,
            "columns": data.columns,
        })
    }

    /// Makes the release, or what is missing of it.
    ///
    /// # Errors
    /// When there is something else in `store`, a store fails, or what was written is not what the run has kept.
    pub fn write(&self, store: &dyn Keeper, watch: &dyn Watch) -> Result<Report, StoreError> {
        let target = Target::begin(store, self.identity())?;
        let n_files = self.layout.files.len();
        watch.begin("check what stands", n_files as u64, false);
        let standing = self.pool.install(|| {
            let check = |file: &super::layout::PlannedFile| {
                let found = target.finished(&file.name);
                watch.advance(1);
                found
            };
            self.layout.files.par_iter().map(check).collect::<Result<Vec<_>, _>>()
        });
        watch.end();
        let records = standing?;
        records.iter().flatten().for_each(|record| watch.file(record, true));
        let missing: Vec<usize> = (0..n_files).filter(|file| records[*file].is_none()).collect();
        let n_stood = n_files - missing.len();
        let records = Mutex::new(records);
        let done = |number: usize, finished: super::file::Finished| {
            let planned = &self.layout.files[number];
            let sha256 = finished.sealed.sha256().unwrap_or_default().to_owned();
            let object = finished.sealed.store_as(store, planned.name.clone())?;
            let record = FileRecord {
                name: object.key,
                config: self.survey.configs.names()[planned.config].clone(),
                bytes: object.bytes,
                sha256,
                xxh3: object.digest,
                memory_bytes: finished.memory_bytes,
                held: finished.held,
            };
            target.finish(&record)?;
            watch.file(&record, false);
            records.lock().unwrap_or_else(PoisonError::into_inner)[number] = Some(record);
            Ok(())
        };
        watch.begin("release", missing.iter().map(|file| self.layout.files[*file].text_bytes).sum(), true);
        let work = Work { target: store, progress: &|n| watch.advance(n), ..self.work() };
        let written = self.pool.install(|| {
            let bundles = bundles(&self.layout, &missing, at_once(self.options, missing.len()));
            bundles.par_iter().with_max_len(1).try_for_each(|bundle| work.bundle(bundle, &done))
        });
        watch.end();
        written?;
        let records = records.into_inner().unwrap_or_else(PoisonError::into_inner);
        let files: Vec<FileRecord> = records.into_iter().flatten().collect();
        self.end(&target, files, n_stood)
    }

    fn work(&self) -> Work<'_> {
        Work {
            origin: &self.origin,
            layout: &self.layout,
            configs: &self.survey.configs,
            columns: &self.columns,
            format: self.options.data.format,
            target: self.origin.store,
            progress: &|_| {},
        }
    }

    /// Compares the files with the run, and writes what goes with them.
    fn end(&self, target: &Target<'_>, files: Vec<FileRecord>, n_stood: usize) -> Result<Report, StoreError> {
        let mut held = Held::default();
        files.iter().for_each(|file| held.join(&file.held));
        let (mut n_documents, mut text_bytes, mut ids) = (0, 0, 0u64);
        for counts in &self.survey.counts {
            n_documents += counts.n_documents;
            text_bytes += counts.text_bytes;
            ids = ids.wrapping_add(counts.ids);
        }
        if (held.n_documents, held.text_bytes, held.ids) != (n_documents, text_bytes, ids) {
            let why = format!("the run has kept {n_documents} documents, and the files hold {}", held.n_documents);
            return Err(StoreError::corrupt("the release", why));
        }
        let facts = files.iter().zip(&self.layout.files).map(|(file, planned)| FileFacts {
            config: planned.config,
            n_documents: file.held.n_documents,
            bytes: file.bytes,
            memory_bytes: file.memory_bytes,
        });
        let card = self.card(&facts.collect::<Vec<_>>());
        let (mut others, mut edited) = (Vec::<OtherFile>::new(), Vec::new());
        for (name, content) in [(CARD, card), (RECIPE, self.recipe_text())] {
            let (file, is_ours) = target.write(name, content.as_bytes())?;
            others.push(file);
            edited.extend((!is_ours).then(|| name.to_owned()));
        }
        let report = Report {
            n_files: files.len(),
            n_stood,
            bytes: files.iter().map(|file| file.bytes).sum(),
            n_documents: held.n_documents,
            edited,
        };
        let run = Sum { n_documents, text_bytes, ids: format!("{ids:016x}") };
        let identity = target.identity().clone();
        target.end(&Manifest { version: VERSION, identity, run, files_hold: held, files, others })?;
        Ok(report)
    }

    fn card(&self, files: &[FileFacts]) -> String {
        card::text(&CardFacts {
            origin: &self.origin,
            spec: self.spec,
            options: self.options,
            columns: &self.columns,
            survey: &self.survey,
            recipe: &self.recipe,
            assets: &self.assets,
            counted: &self.counted,
            files,
        })
    }

    /// `recipe.toml`: the resolved recipe, with what one has to know to run it again.
    fn recipe_text(&self) -> String {
        let mut text = format!(
            "# The recipe of this data set, every default written out, for {}.\n\
             # Places of files on the machines of its authors are cut down to the names of the files: give your own.\n",
            self.options.data.program
        );
        for phase in &self.origin.phases {
            text.push_str(&format!("# phase {} has the fingerprint {}\n", phase.record.name, phase.record.fingerprint));
        }
        format!("{text}\n{}", self.recipe)
    }
}

/// The counts of steps that replace personal data: what the card adds up.
fn counted(spec: &Spec, is_pii: fn(&str) -> bool) -> Vec<String> {
    let steps = spec.steps().filter(|step| is_pii(step.entry.name) && !step.entry.shape.is_decided_apart());
    let counts = steps.flat_map(|step| {
        let numbers =
            step.metrics().filter(|(name, kind)| matches!(kind, MetricKind::Number) && name.starts_with("n_"));
        numbers.map(|(name, _)| format!("{}.{name}", step.name)).collect::<Vec<_>>()
    });
    counts.collect()
}

/// How many files a thread may write at once.
fn at_once(options: &Options, n_files: usize) -> usize {
    let threads = options.threads.max(1);
    let by_memory = (options.memory / threads as u64 / FILE_MEMORY).clamp(1, MAX_AT_ONCE) as usize;
    by_memory.min(n_files.div_ceil(threads)).max(1)
}

/// Cuts the documents into files. Configurations that may need more than one are written in part, to see how small they
/// become.
fn lay_out(
    origin: &Origin<'_>,
    survey: &Survey,
    columns: &Chosen,
    options: &Options,
    watch: &dyn Watch,
) -> Result<(Layout, Vec<Ratio>), StoreError> {
    let (size, format) = (options.data.size, options.data.format);
    let mut ratios: Vec<Ratio> =
        survey.counts.iter().map(|counts| Ratio { bytes: counts.weight, weight: counts.weight }).collect();
    let is_large: Vec<bool> = survey.counts.iter().map(|counts| counts.weight > size).collect();
    if is_large.contains(&true) {
        let spans = survey.counts.iter().zip(&is_large).map(|(counts, is_large)| match is_large {
            true => counts.weight.div_ceil(SAMPLE_WEIGHT).clamp(1, 99_999),
            false => 1,
        });
        let layout = Layout::make(origin, survey, &spans.collect::<Vec<_>>(), format.name())?;
        let first = |config: usize| layout.files.iter().position(|file| file.config == config);
        let samples: Vec<usize> = (0..is_large.len()).filter(|config| is_large[*config]).filter_map(first).collect();
        let found = Mutex::new(Vec::new());
        let done = |number: usize, finished: super::file::Finished| {
            let ratio = Ratio { bytes: finished.sealed.bytes(), weight: layout.files[number].weight };
            found.lock().unwrap_or_else(PoisonError::into_inner).push((layout.files[number].config, ratio));
            Ok(())
        };
        watch.begin("sample", samples.iter().map(|file| layout.files[*file].text_bytes).sum(), true);
        let progress = |n| watch.advance(n);
        let (configs, target) = (&survey.configs, origin.store);
        let work = Work { origin, layout: &layout, configs, columns, format, target, progress: &progress };
        let bundles = bundles(&layout, &samples, at_once(options, samples.len()));
        let sampled = bundles.par_iter().with_max_len(1).try_for_each(|bundle| work.bundle(bundle, &done));
        watch.end();
        sampled?;
        for (config, ratio) in found.into_inner().unwrap_or_else(PoisonError::into_inner) {
            ratios[config] = ratio;
        }
    }
    let spans = survey.counts.iter().zip(&ratios).zip(&is_large).map(|((counts, ratio), is_large)| match is_large {
        true => n_spans(counts.weight, *ratio, size),
        false => 1,
    });
    let layout = Layout::make(origin, survey, &spans.collect::<Vec<_>>(), format.name())?;
    Ok((layout, ratios))
}
