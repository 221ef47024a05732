//! What flows between phases: nothing may be lost or doubled on the way from one to the next.

use crate::exchange::{AGAINST, CLUSTERED, DETAILED, PAIRED, SETTLED, SHUFFLED, SKETCHED, sketch_table};
use crate::index::{LOCATED, WANTED};
use crate::plan::PhaseRecord;
use serde_json::Value;
use tokenmill_store::phase::DOCS;
use tokenmill_store::{Manifest, Part};

/// A count in the tally of a part.
pub fn count(part: &Part, name: &str) -> Option<u64> {
    part.tally.get(name).and_then(Value::as_u64)
}

/// The sum of a count over all parts.
pub fn sum(manifest: &Manifest, name: &str) -> u64 {
    manifest.parts.iter().filter_map(|part| count(part, name)).sum()
}

/// What does not add up between phase `at`, whose manifest is the last, and the phases it reads.
pub fn problems(phases: &[PhaseRecord], at: usize, manifests: &[Manifest]) -> Vec<String> {
    let (Some(phase), Some(manifest)) = (phases.get(at), manifests.last()) else { return Vec::new() };
    let mut problems = Vec::new();
    for (name, from) in &phase.inputs {
        let Some(before) = manifests.get(*from) else { continue };
        let (found, expected, what) = match (name.as_str(), name.strip_prefix("decided.")) {
            // These read of the shuffles, or of the map before, what is where; what flows comes by another input.
            (SHUFFLED | SKETCHED, _) if is_about_places(&phase.name) => continue,
            (SHUFFLED, _) if phase.name.starts_with("keep-") => continue,
            // A scan only looks ahead: what it has read is read again.
            (DOCS, _) if phases.get(*from).is_some_and(|from| from.name == "scan") => {
                (sum(manifest, "n_in"), sum(before, "n_in"), "taken in")
            }
            // The first map phase reads what was located, also when it only looks ahead.
            (DOCS | SHUFFLED | PAIRED | CLUSTERED | DETAILED | SETTLED | WANTED | LOCATED, _) => {
                (sum(manifest, "n_in"), sum(before, "n_out"), "taken in")
            }
            (SKETCHED, _) => {
                let step = ["shuffle-", "keep-"].iter().find_map(|prefix| phase.name.strip_prefix(prefix));
                let table = step.map(sketch_table).unwrap_or_default();
                let sketches = before.parts.iter().filter_map(|part| part.objects.get(&table));
                // What was sketched by earlier runs is counted below.
                let own = manifest.parts.iter().filter(|part| part.tally.get(AGAINST).is_none());
                (own.filter_map(|part| count(part, "n_in")).sum(), sketches.map(|object| object.rows).sum(), "sketched")
            }
            // A later shuffle leaves out what was decided, of the documents that take part in it; a map applies it all.
            (_, Some(_)) if phase.name.starts_with("shuffle-") || phase.name.starts_with("keep-") => continue,
            (_, Some(step)) => (decided(manifest, step), sum(before, "n_out"), "decided"),
            _ => continue,
        };
        if found != expected {
            let from = phases.get(*from).map_or("", |phase| phase.folder.as_str());
            problems.push(format!("{}: {found} {what}, {expected} given out by {from}", phase.folder));
        }
    }
    if phase.name.starts_with("shuffle-") {
        let (n_in, n_alive, n_removed) =
            (sum(manifest, "n_in"), sum(manifest, "n_alive"), sum(manifest, "n_removed_before"));
        if n_in != n_alive + n_removed {
            problems.push(format!("{}: {n_in} in, {n_alive} alive and {n_removed} removed before", phase.folder));
        }
        for part in &manifest.parts {
            let sketched = part.tally.get(AGAINST).map(|earlier| earlier.get("n_sketched").and_then(Value::as_u64));
            if let Some(sketched) = sketched.filter(|sketched| *sketched != count(part, "n_in")) {
                let (n_in, sketched) = (count(part, "n_in").unwrap_or(0), sketched.unwrap_or(0));
                problems.push(format!("{}: {n_in} taken in of `{}`, which has {sketched}", phase.folder, part.label));
            }
        }
    }
    if phase.name.starts_with("keep-") {
        let (n_in, n_out, n_removed) =
            (sum(manifest, "n_in"), sum(manifest, "n_out"), sum(manifest, "n_removed_before"));
        if n_in != n_out + n_removed {
            problems.push(format!("{}: {n_in} in, {n_out} kept and {n_removed} removed before", phase.folder));
        }
    }
    problems
}

/// Whether a phase of an exchange reads the shuffles only to know which part is where.
fn is_about_places(phase: &str) -> bool {
    ["home-", "cluster-", "detail-", "verify-"].iter().any(|prefix| phase.starts_with(prefix))
}

/// The decisions of a step that a map phase has met.
fn decided(manifest: &Manifest, step: &str) -> u64 {
    let decided = manifest.parts.iter().filter_map(|part| part.tally.get("decided")?.get(step)?.as_u64());
    decided.sum()
}
