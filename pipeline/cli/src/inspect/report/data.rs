//! What the page of a run holds: the JSON that its script reads.
//!
//! Text that came from a crawl has been through [`super::text`] when it gets here, so that it is short and commands nothing.

use serde::Serialize;
use std::collections::BTreeMap;

/// The page of a run.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Name of the run.
    pub name: String,
    /// Version of the program that wrote the page.
    pub version: &'static str,
    /// What stands at the top.
    pub totals: Totals,
    /// The phases that have ledgers.
    pub phases: Vec<PhaseFunnel>,
    /// Removed documents, for every phase, step and reason.
    pub samples: Vec<Sample>,
    /// Documents to show of each reason, at most.
    pub samples_per_reason: usize,
    /// Every number that a rule judges.
    pub metrics: Vec<Metric>,
    /// Why numbers are missing from the page, in sentences.
    pub gaps: Vec<String>,
    /// Languages, domains and sources.
    pub groups: Groups,
    /// Clusters of duplicates, by step.
    pub clusters: Vec<Clusters>,
    /// Tokens and shards.
    pub tokens: Option<Tokens>,
    /// What the phases took; absent with `--no-timings`.
    pub times: Option<Vec<PhaseTime>>,
    /// Steps that removed almost all of a group.
    pub alarms: Vec<Alarm>,
    /// From when on a group raises an alarm.
    pub alarm_limits: AlarmLimits,
    /// Recipe, phases, inputs and assets.
    pub lineage: Lineage,
}

/// What stands at the top.
#[derive(Debug, Default, Serialize)]
pub struct Totals {
    pub documents_in: u64,
    pub documents_kept: u64,
    pub input_bytes: u64,
    pub n_inputs: u64,
    pub text_bytes: u64,
    pub tokens: Option<u64>,
    pub shards: Option<u64>,
    pub languages: usize,
}

/// The funnel of one phase.
#[derive(Debug, Serialize)]
pub struct PhaseFunnel {
    pub folder: String,
    pub records: BTreeMap<String, u64>,
    pub notes: BTreeMap<String, u64>,
    pub not_compared: BTreeMap<String, u64>,
    pub steps: Vec<StepFunnel>,
}

/// What one step saw and removed.
#[derive(Debug, Serialize)]
pub struct StepFunnel {
    pub name: String,
    /// Name of the stage; empty for `read`.
    pub stage: String,
    /// What the stage does, in a sentence.
    pub about: String,
    pub n_in: u64,
    pub n_removed: u64,
    pub bytes_in: u64,
    pub bytes_removed: u64,
    pub bytes_out: u64,
    /// Documents by reason, most first.
    pub reasons: Vec<(String, u64)>,
}

/// A removed document.
#[derive(Clone, Debug, Serialize)]
pub struct Sample {
    pub phase: String,
    pub step: String,
    pub reason: String,
    pub id: String,
    pub url: String,
    pub lang: String,
    pub metric: String,
    pub value: Option<f32>,
    pub limit: Option<f32>,
    pub evidence: String,
    pub text: String,
    /// Characters of the whole text.
    pub n_chars: usize,
}

/// A number that rules judge, among the documents that reached the step.
#[derive(Debug, Serialize)]
pub struct Metric {
    pub phase: String,
    pub step: String,
    pub metric: String,
    pub about: String,
    pub reasons: Vec<String>,
    /// One for every limit that differs: of all languages that have none of their own first.
    pub curves: Vec<Curve>,
}

/// The distribution of a number, and the limits that it was judged by.
#[derive(Debug, Serialize)]
pub struct Curve {
    /// The language; `None` for all that have no limits of their own.
    pub lang: Option<String>,
    /// `at_least`, `at_most`, `within` or `is_false`.
    pub keep: &'static str,
    pub low: Option<f32>,
    pub high: Option<f32>,
    /// Documents that were measured.
    pub n: u64,
    /// Of these, below `low` and above `high`: exact.
    pub below: u64,
    pub above: u64,
    /// The least and the greatest number.
    pub min: f32,
    pub max: f32,
    /// `linear`, `log` or `integer`.
    pub scale: &'static str,
    /// Whether all numbers are whole.
    pub whole: bool,
    /// Where the first bin begins and the last one ends.
    pub from: f64,
    pub to: f64,
    /// Documents by bin, between documents in front of the first and behind the last.
    pub bins: Vec<u64>,
    pub under: u64,
    pub over: u64,
}

/// Tables by group.
#[derive(Debug, Default, Serialize)]
pub struct Groups {
    pub language: GroupTable,
    pub domain: GroupTable,
    pub source: GroupTable,
}

/// The largest groups of a kind.
#[derive(Debug, Default, Serialize)]
pub struct GroupTable {
    /// How many there are in all.
    pub n: u64,
    pub rows: Vec<Group>,
}

/// What became of the documents of a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Group {
    pub name: String,
    pub n_in: u64,
    pub n_kept: u64,
    /// The steps that removed most, with documents.
    pub by: Vec<(String, u64)>,
}

/// Clusters of duplicates that a step found, by size.
#[derive(Debug, Serialize)]
pub struct Clusters {
    pub step: String,
    pub n_clusters: u64,
    pub n_documents: u64,
    pub largest: u64,
    /// Smallest and largest size, clusters, documents in them.
    pub sizes: Vec<(u64, u64, u64, u64)>,
}

/// Tokens and shards.
#[derive(Debug, Default, Serialize)]
pub struct Tokens {
    pub tokenizer: String,
    pub n_documents: u64,
    pub n_tokens: u64,
    /// Name, documents, tokens.
    pub by_language: Vec<(String, u64, u64)>,
    pub by_source: Vec<(String, u64, u64)>,
    pub dataset: Option<Dataset>,
}

/// The manifest of the shards, in short.
#[derive(Debug, Serialize)]
pub struct Dataset {
    pub format: String,
    pub dtype: String,
    pub packing: String,
    pub n_documents: u64,
    pub n_tokens: u64,
    pub n_sequences: u64,
    pub phases: Vec<Training>,
}

/// A phase of training.
#[derive(Debug, Serialize)]
pub struct Training {
    pub name: String,
    pub context: u64,
    pub n_documents: u64,
    pub n_tokens: u64,
    pub n_sequences: u64,
    pub n_truncated: u64,
    /// Name, documents, tokens, share of the tokens.
    pub groups: Vec<(String, u64, u64, f64)>,
    pub n_shards: usize,
    /// Name, documents, sequences, tokens, bytes; the first of them.
    pub shards: Vec<(String, u64, u64, u64, u64)>,
}

/// What a phase took, by the records of its attempts.
#[derive(Debug, Default, Serialize)]
pub struct PhaseTime {
    pub folder: String,
    pub n_tasks: usize,
    /// Tasks of which a record was read.
    pub n_seen: usize,
    pub n_attempts: u64,
    pub hosts: usize,
    /// Seconds from the first start to the last end.
    pub elapsed: f64,
    pub wall: f64,
    pub cpu: f64,
    pub wall_median: f64,
    pub wall_longest: f64,
    pub peak_bytes: u64,
    /// Documents and bytes that the tasks seen have read.
    pub documents: u64,
    pub bytes: u64,
}

/// A step that removed almost all of a group.
#[derive(Debug, Serialize)]
pub struct Alarm {
    pub phase: String,
    pub step: String,
    pub kind: String,
    pub name: String,
    pub n_in: u64,
    pub n_removed: u64,
}

/// From when on a group raises an alarm.
#[derive(Debug, Default, Serialize)]
pub struct AlarmLimits {
    pub share: f64,
    pub documents: u64,
}

/// Where everything comes from.
#[derive(Debug, Default, Serialize)]
pub struct Lineage {
    /// The recipe with every default written out.
    pub recipe: String,
    pub phases: Vec<PhaseFacts>,
    pub n_inputs: usize,
    /// The first of them.
    pub inputs: Vec<InputFacts>,
    pub assets: Vec<AssetFacts>,
}

/// Name of an input, its bytes, and its digest or version.
pub type InputFacts = (String, u64, String);

/// A phase, its fingerprint and what it has stored.
#[derive(Debug, Serialize)]
pub struct PhaseFacts {
    pub folder: String,
    pub fingerprint: String,
    pub reads: Vec<String>,
    pub n_tasks: Option<usize>,
    pub is_finished: bool,
    pub n_objects: u64,
    pub bytes: u64,
    pub manifest: String,
}

/// A model, list or vocabulary that the recipe names.
#[derive(Debug, Serialize)]
pub struct AssetFacts {
    pub user: String,
    pub name: String,
    pub kind: String,
    pub licence: String,
    pub sha256: String,
}
