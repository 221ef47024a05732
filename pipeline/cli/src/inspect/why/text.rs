//! The life of a document as text.

use super::life::{Life, Measured, Removed, Stretch, Taken, Twin};
use super::tokens::{End, InShard};
use crate::output::{count, plain, shortened};
use std::fmt::Write;

/// Characters of a value that are shown.
const SHOWN_CHARS: usize = 200;

/// The life of one document.
pub fn life(life: &Life) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail, here and below.
    let _ = match &life.url {
        Some(url) => writeln!(out, "{}  {}", life.id, shortened(url, SHOWN_CHARS)),
        None => writeln!(out, "{}", life.id),
    };
    life.phases.iter().for_each(|phase| stretch(&mut out, phase));
    let _ = writeln!(out, "\n{}", end(&life.end, life.phases.last()));
    out
}

fn stretch(out: &mut String, phase: &Stretch) {
    let _ = writeln!(out, "\n{}\n  read from {} as row {}", phase.phase, plain(&phase.input), phase.row);
    let labels = [("language", &phase.lang), ("kind", &phase.kind)];
    let labels: Vec<String> = labels
        .iter()
        .filter(|(_, label)| !label.is_empty())
        .map(|(what, label)| format!(", {what} {}", plain(label)))
        .collect();
    let _ = match &phase.removed {
        None => writeln!(out, "  kept, {} bytes of text{}", count(phase.bytes), labels.concat()),
        Some(removed) => writeln!(out, "{}", removal(removed, &labels.concat(), phase.bytes)),
    };
    phase.steps.iter().for_each(|step| taken(out, step));
}

fn removal(removed: &Removed, labels: &str, bytes: u64) -> String {
    let judged = match (&removed.metric, &removed.value) {
        (metric, Some(value)) if !metric.is_empty() => {
            format!(": {metric} = {value}, limit {}", removed.limit.as_deref().unwrap_or("off"))
        }
        _ => String::new(),
    };
    let mut out = format!("  removed by {} because {}{judged}", removed.step, removed.reason);
    let _ = write!(out, "\n  {} bytes when the verdict fell{labels}", count(bytes));
    if let Some(evidence) = &removed.evidence {
        let _ = write!(out, "\n  evidence: {}", shortened(evidence, SHOWN_CHARS));
    }
    if let Some(known) = &removed.twin {
        let _ = write!(out, "\n  {}", twin(known));
    }
    out
}

fn twin(twin: &Twin) -> String {
    let mut out = format!("instead stays {}", twin.id);
    if let Some(url) = &twin.url {
        let _ = write!(out, "  {}", shortened(url, SHOWN_CHARS));
    }
    if let Some(size) = &twin.cluster_size {
        let _ = write!(out, ", for {size} documents");
    }
    if !twin.in_this_run {
        out.push_str(", which is not in this run: the step settles against earlier ones");
    }
    out
}

fn taken(out: &mut String, step: &Taken) {
    let stage =
        if step.stage.is_empty() || step.stage == step.step { String::new() } else { format!(" ({})", step.stage) };
    let verdict = match step.verdict {
        "passed" => "",
        "removed" => ": removed it",
        _ => ": measured all the same, for other limits",
    };
    let limits = step.limits_of.as_ref().map(|lang| format!(", limits of {}", plain(lang))).unwrap_or_default();
    let _ = writeln!(out, "  {}{stage}{verdict}{limits}", step.step);
    if let Some(note) = step.note {
        let _ = writeln!(out, "    ({note})");
    }
    for metric in &step.metrics {
        let _ = writeln!(out, "    {}", measured(&step.step, metric));
    }
}

fn measured(step: &str, metric: &Measured) -> String {
    let name = if step.is_empty() { metric.metric.clone() } else { format!("{step}.{}", metric.metric) };
    let mut out = format!("{name} = {}", shortened(&metric.value, SHOWN_CHARS));
    for rule in &metric.rules {
        let met = if rule.passed { "passed" } else { "not passed" };
        let _ = write!(out, "  [{}: {met}, else {}]", rule.keeps, rule.reason);
    }
    out
}

fn end(end: &End, last: Option<&Stretch>) -> String {
    match end {
        End::Removed => {
            let by = last.and_then(|last| last.removed.as_ref());
            by.map_or_else(String::new, |by| format!("in the end: removed by {} because {}", by.step, by.reason))
        }
        End::Waiting { next } => format!("in the end: alive; the run has not ended, {next} is next"),
        End::Kept => "in the end: a document of the run, which makes no tokens".to_owned(),
        End::Tokens { n_tokens, places, has_shards } => {
            let n = n_tokens.map_or_else(|| "no tokens".to_owned(), |n| format!("{} tokens", count(u64::from(n))));
            let mut out = format!("in the end: {n} in the token store");
            match (places.is_empty(), has_shards) {
                (true, true) => out.push_str(", in no shard"),
                (true, false) => out.push_str("; a mix may take them"),
                (false, _) => places.iter().for_each(|place| out.push_str(&format!("\n  {}", in_shard(place)))),
            }
            out
        }
    }
}

fn in_shard(it: &InShard) -> String {
    let place = &it.place;
    let piece = match u64::from(place.n_tokens) == place.n_document {
        true => format!("all {} tokens", count(place.n_document)),
        false => format!(
            "tokens {} to {} of {}",
            place.start,
            place.start + u64::from(place.n_tokens),
            count(place.n_document)
        ),
    };
    let again = if place.epoch > 0 { format!(", repetition {}", place.epoch) } else { String::new() };
    let group = if place.group.is_empty() { String::new() } else { format!(", group {}", plain(&place.group)) };
    format!(
        "{} shard {} ({}.bin): sequence {}, from its token {}: {piece}{group}{again}",
        plain(&it.training),
        it.shard,
        it.prefix,
        place.sequence,
        place.offset
    )
}
