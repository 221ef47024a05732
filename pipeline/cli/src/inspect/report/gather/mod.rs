//! Gathers what the page holds: counts from commits, and one pass over ledgers and metrics, parts side by side.

mod bins;
mod funnel;
mod groups;
mod lineage;
mod plan;
mod rows;
mod samples;
mod times;
mod tokens;

use super::data::{Alarm, AlarmLimits, Clusters, Curve, Metric, Report};
use super::text::shown;
use crate::failure::Failure;
use crate::inspect::mask::Mask;
use crate::progress::RowsBar;
use bins::Bins;
use plan::{Judged, Run};
use rayon::prelude::*;
use rows::Counts;
use std::cmp::Reverse;
use tokenmill_core::DocId;
use tokenmill_engine::alarm;
use tokenmill_store::assets::Assets;
use tokenmill_store::{Part, Store, StoreError};

/// Bytes that counts may take while alarms are looked for.
const MEMORY: u64 = 96 << 20;
/// Alarms that are shown.
const MOST_ALARMS: usize = 50;
/// Limits of single languages that are shown of a number: those of the most documents.
const MOST_CURVES: usize = 24;

/// What of a page its caller decides.
pub struct Options {
    /// Removed documents of each reason.
    pub samples: usize,
    /// Whether it says what the phases took.
    pub timings: bool,
}

/// Gathers a page. It works on the threads of the pool that it is called in.
pub fn gather(store: &dyn Store, assets: &Assets, options: &Options) -> Result<Report, Failure> {
    let run = Run::open(store, assets)?;
    let (phases, mut totals) = funnel::funnels(&run)?;
    let choice = samples::choose(store, &run, options.samples)?;
    let ((counts, groups), tokens) = rayon::join(
        || rayon::join(|| counts(store, &run, &choice), || groups::groups(store, &run)),
        || tokens::tokens(store, &run),
    );
    let (counts, mut groups, tokens) = (counts?, groups?, tokens?);
    groups.language = groups::languages(&counts);
    // A language that nobody named is none.
    totals.languages = counts.languages.keys().filter(|name| !name.is_empty()).count();
    // A mix has shards of the tokens of others.
    totals.tokens = tokens.as_ref().map(|tokens| match &tokens.dataset {
        Some(dataset) if run.phases.is_empty() => dataset.n_tokens,
        _ => tokens.n_tokens,
    });
    totals.shards = tokens.as_ref().and_then(|tokens| tokens.dataset.as_ref()).map(|dataset| {
        let n: usize = dataset.phases.iter().map(|phase| phase.n_shards).sum();
        n as u64
    });
    let mask = run.spec.as_ref().map(|spec| Mask::of(spec, assets)).transpose()?;
    let samples = samples::read(store, &run, &choice, &counts.verdicts, mask.as_ref())?;
    let limits = run.spec.as_ref().and_then(|spec| spec.alarm).unwrap_or_default();
    let lineage = lineage::lineage(store, &run, assets)?;
    Ok(Report {
        name: shown(&run.record.name, 200),
        version: env!("CARGO_PKG_VERSION"),
        totals,
        phases,
        samples,
        samples_per_reason: options.samples,
        metrics: metrics(&run, &counts),
        groups,
        clusters: clusters(&counts),
        tokens,
        times: if options.timings { Some(times::times(store, &run)?) } else { None },
        alarms: alarms(store, &run, limits)?,
        alarm_limits: AlarmLimits { share: limits.share, documents: limits.documents },
        lineage,
        gaps: run.gaps,
    })
}

/// One pass over all ledgers and metrics.
fn counts(store: &dyn Store, run: &Run, choice: &samples::Choice) -> Result<Counts, StoreError> {
    let manifests = run.phases.iter().map(|phase| &run.manifests[phase.manifest]);
    let parts = manifests
        .enumerate()
        .flat_map(|(number, manifest)| manifest.parts.iter().enumerate().map(move |(at, part)| (number, at, part)));
    let parts: Vec<(usize, usize, &Part)> = parts.collect();
    let ledgers = parts.iter().filter_map(|(_, _, part)| part.objects.get("ledger"));
    let bar = RowsBar::new(ledgers.map(|object| object.rows).sum(), "reading");
    let count = |(number, at, part): &(usize, usize, &Part)| {
        let chosen = choice.iter().filter(|((phase, ..), _)| phase == number).flat_map(|(_, chosen)| chosen);
        let mut wanted: Vec<DocId> = chosen.filter(|one| one.part == *at).map(|one| one.id).collect();
        wanted.sort_unstable();
        let counts = rows::count(store, (*number, &run.phases[*number]), part, &wanted)?;
        bar.add(part.objects.get("ledger").map_or(0, |object| object.rows));
        Ok(counts)
    };
    let sum = parts.par_iter().with_max_len(1).map(count).try_reduce(Counts::default, |sum, part| Ok(sum.plus(part)));
    bar.end();
    sum
}

fn metrics(run: &Run, counts: &Counts) -> Vec<Metric> {
    let mut metrics = Vec::new();
    for (number, phase) in run.phases.iter().enumerate() {
        let none = Vec::new();
        let bins = counts.bins.get(&number).unwrap_or(&none);
        for (place, judged) in phase.judged.iter().enumerate() {
            metrics.push(Metric {
                phase: run.manifests[phase.manifest].phase.clone(),
                step: phase.steps[judged.at].name.clone(),
                metric: judged.metric.to_owned(),
                about: judged.about.to_owned(),
                reasons: judged.reasons.iter().map(|reason| (*reason).to_owned()).collect(),
                curves: curves(judged, bins.get(place).map_or(&[], Vec::as_slice)),
            });
        }
    }
    metrics
}

fn curves(judged: &Judged, bins: &[Option<Bins>]) -> Vec<Curve> {
    let filled = judged.limits.iter().zip(bins).filter_map(|((lang, keep), bins)| Some((lang, keep, bins.as_ref()?)));
    let mut curves: Vec<Curve> = filled.map(|(lang, keep, bins)| bins.curve(lang.clone(), *keep)).collect();
    curves.sort_by_key(|curve| (curve.lang.is_some(), Reverse(curve.n), curve.lang.clone()));
    curves.truncate(MOST_CURVES);
    curves
}

/// Clusters by step, their sizes one by one up to eight and in powers of two from there on.
fn clusters(counts: &Counts) -> Vec<Clusters> {
    let mut found: Vec<Clusters> = Vec::new();
    for ((step, size), n) in &counts.clusters {
        if found.last().is_none_or(|last| last.step != *step) {
            let step = step.clone();
            found.push(Clusters { step, n_clusters: 0, n_documents: 0, largest: 0, sizes: Vec::new() });
        }
        let Some(clusters) = found.last_mut() else { continue };
        clusters.n_clusters += n;
        clusters.n_documents += size * n;
        clusters.largest = clusters.largest.max(*size);
        match clusters.sizes.last_mut() {
            Some(last) if *size >= 8 && last.0.ilog2() == size.ilog2() => {
                *last = (last.0, *size, last.2 + n, last.3 + size * n);
            }
            _ => clusters.sizes.push((*size, *size, *n, size * n)),
        }
    }
    found
}

fn alarms(store: &dyn Store, run: &Run, limits: alarm::AlarmLimits) -> Result<Vec<Alarm>, StoreError> {
    let mut alarms = Vec::new();
    for phase in &run.phases {
        for found in alarm::alarms(store, &run.manifests[phase.manifest], limits, MEMORY)? {
            let (name, n_in, n_removed) = (shown(&found.name, 200), found.n_in, found.n_removed);
            alarms.push(Alarm { phase: found.phase, step: found.step, kind: found.kind, name, n_in, n_removed });
        }
    }
    alarms.sort_by_key(|alarm| Reverse(alarm.n_removed));
    alarms.truncate(MOST_ALARMS);
    Ok(alarms)
}
