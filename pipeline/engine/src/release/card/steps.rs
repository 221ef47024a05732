//! What was done to the documents: the funnel, the parameters of every step, what duplicates and personal data came to.

use super::super::escape::{code, code_up_to, prose};
use super::{CardFacts, count, percent};
use crate::plan::human_bytes;
use crate::tally::Tally;
use std::fmt::Write;
use tokenmill_core::catalog::Shape;
use toml::Value;

/// Lines of a table of languages' own parameters; the recipe has all.
const MAX_LANGUAGES: usize = 200;

/// Texts of a list that are shown.
const MAX_ITEMS: usize = 12;

/// Characters of a value that are shown.
const MAX_VALUE: usize = 400;

/// Scopes that are listed of a step which compares documents within some.
const MAX_SCOPES: usize = 20;

/// Documents and bytes through every step of every phase.
pub fn funnel(out: &mut String, facts: &CardFacts<'_>) {
    out.push_str("## What each step removed\n\n");
    for phase in &facts.origin.phases[..=facts.origin.docs] {
        let Some(tally) = &phase.tally else { continue };
        let _ = writeln!(out, "Phase {}, {} tasks:\n", code(&phase.record.folder), count(phase.n_parts as u64));
        table(out, tally);
    }
}

fn table(out: &mut String, tally: &Tally) {
    out.push_str("| step, and why documents were removed | documents in | removed | share | bytes in | bytes out |\n");
    out.push_str("|---|--:|--:|--:|--:|--:|\n");
    for (at, step) in tally.steps.iter().enumerate() {
        let after = tally.steps.get(at + 1).map_or(tally.bytes_out, |next| next.bytes_in);
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            code(&step.name),
            count(step.n_in),
            count(step.n_removed),
            percent(step.n_removed, step.n_in),
            human_bytes(step.bytes_in),
            human_bytes(after)
        );
        let mut reasons: Vec<_> = step.reasons.iter().collect();
        reasons.sort_by_key(|(reason, n)| (std::cmp::Reverse(**n), reason.as_str()));
        for (reason, n) in reasons {
            let _ = writeln!(out, "| · {} | | {} | {} | | |", code(reason), count(*n), percent(*n, step.n_in));
        }
    }
    let _ = writeln!(out, "| kept | {} | | | | {} |\n", count(tally.n_out), human_bytes(tally.bytes_out));
}

/// The parameters of every step.
pub fn parameters(out: &mut String, facts: &CardFacts<'_>) {
    out.push_str("## Steps and their limits\n\nIn their order; `recipe.toml` has all of it in a form that runs.\n");
    let tables = facts.recipe.get("step").and_then(Value::as_array).map_or(&[][..], |steps| steps);
    for table in tables.iter().filter_map(Value::as_table) {
        let text = |key: &str| table.get(key).and_then(Value::as_str).unwrap_or_default();
        if table.contains_key("checkpoint") {
            continue;
        }
        let about = facts.spec.steps().find(|step| step.name == text("name")).map_or("", |step| step.entry.about);
        let named = if text("name") == text("use") { String::new() } else { format!(" as {}", code(text("name"))) };
        let _ = writeln!(out, "\n### {}{named}\n\n{}", code(text("use")), prose(about));
        if let Some(when) = table.get("when") {
            let _ = writeln!(out, "\nOnly where {} holds.", code(&shown(when)));
        }
        let params = table.iter().filter(|(key, _)| !["use", "name", "when", "lang"].contains(&key.as_str()));
        let rows: Vec<String> = params
            .map(|(key, value)| format!("| {} | {} |", code(key), code_up_to(&shown(value), MAX_VALUE)))
            .collect();
        if !rows.is_empty() {
            let _ = writeln!(out, "\n| parameter | value |\n|---|---|\n{}", rows.join("\n"));
        }
        languages(out, table);
    }
    if let Some((section, _)) = &facts.spec.section
        && let Some(params) = facts.recipe.get(section.name).and_then(Value::as_table)
    {
        let _ = writeln!(out, "\n### Section {}\n\n{}", code(section.name), prose(section.about));
        let _ = writeln!(out, "\n| parameter | value |\n|---|---|");
        for (key, value) in params {
            let _ = writeln!(out, "| {} | {} |", code(key), code_up_to(&shown(value), MAX_VALUE));
        }
    }
    out.push('\n');
}

/// What differs by language.
fn languages(out: &mut String, step: &toml::Table) {
    let Some(by_lang) = step.get("lang").and_then(Value::as_table).filter(|table| !table.is_empty()) else { return };
    let _ = writeln!(out, "\n| language | its own values |\n|---|---|");
    for (lang, params) in by_lang.iter().take(MAX_LANGUAGES) {
        let params = params.as_table().into_iter().flatten();
        let params: Vec<String> =
            params.map(|(key, value)| code_up_to(&format!("{key} = {}", shown(value)), MAX_VALUE)).collect();
        let _ = writeln!(out, "| {} | {} |", code(lang), params.join(", "));
    }
    if by_lang.len() > MAX_LANGUAGES {
        let _ =
            writeln!(out, "\n{} more languages are in `recipe.toml`.", count((by_lang.len() - MAX_LANGUAGES) as u64));
    }
}

/// A value of a recipe, cut where it is long.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(items) if items.len() > MAX_ITEMS => {
            let first: Vec<String> = items[..MAX_ITEMS].iter().map(Value::to_string).collect();
            format!("[{}, and {} more]", first.join(", "), items.len() - MAX_ITEMS)
        }
        other => other.to_string(),
    }
}

/// What the steps that compare documents with each other have found.
pub fn duplicates(out: &mut String, facts: &CardFacts<'_>) {
    let steps: Vec<_> = facts.spec.steps().filter(|step| matches!(step.entry.shape, Shape::Exchange(_))).collect();
    out.push_str("## Duplicates\n\n");
    if steps.is_empty() {
        out.push_str("No step compares documents with each other: the data set may hold one text more than once.\n\n");
        return;
    }
    let tallies = || facts.origin.phases[..=facts.origin.docs].iter().filter_map(|phase| phase.tally.as_ref());
    for step in steps {
        let _ = write!(out, "- {}: {}", code(&step.name), prose(step.entry.about));
        let scope = step.params.text("scope");
        if !scope.is_empty() {
            let _ = write!(out, " Scope: {}.", code(scope));
        }
        for tally in tallies() {
            if let Some(seen) = tally.steps.iter().find(|seen| seen.name == step.name) {
                let (n, share) = (count(seen.n_removed), percent(seen.n_removed, seen.n_in));
                let _ = write!(out, " Of {} documents it removed {n} ({share}).", count(seen.n_in));
            }
            if let Some(n) = tally.not_compared.get(&step.name) {
                let _ = write!(out, " {} had nothing to compare and stay.", count(*n));
            }
            if let Some(scopes) = tally.scopes.get(&step.name).filter(|scopes| scopes.len() > 1) {
                let mut scopes: Vec<_> = scopes.iter().collect();
                scopes.sort_by_key(|(scope, n)| (std::cmp::Reverse(**n), scope.as_str()));
                let n_more = scopes.len().saturating_sub(MAX_SCOPES);
                let listed = scopes.iter().take(MAX_SCOPES).map(|(scope, n)| format!("{} {}", code(scope), count(**n)));
                let _ = write!(out, " Documents by scope: {}", listed.collect::<Vec<_>>().join(", "));
                out.push_str(&if n_more > 0 {
                    format!(", and {} more scopes.", count(n_more as u64))
                } else {
                    ".".into()
                });
            }
        }
        out.push('\n');
        for phase in &facts.origin.phases[..=facts.origin.docs] {
            // The phases of an exchange are named after its step.
            let is_of_step = phase
                .record
                .name
                .split_once('-')
                .is_some_and(|(_, of)| of == step.name || of.starts_with(&format!("{}-", step.name)));
            if phase.tally.is_none() && is_of_step && !phase.sums.is_empty() {
                let sums = phase.sums.iter().map(|(what, n)| format!("{} {}", code(what), count(*n)));
                let _ =
                    writeln!(out, "  - phase {}: {}", code(&phase.record.name), sums.collect::<Vec<_>>().join(", "));
            }
        }
    }
    out.push('\n');
}

/// What was done about personal data.
pub fn personal_data(out: &mut String, facts: &CardFacts<'_>) {
    out.push_str("## Personal data\n\n");
    let steps: Vec<_> = facts.spec.steps().filter(|step| (facts.options.card.is_pii)(step.entry.name)).collect();
    if steps.is_empty() {
        out.push_str("No step of the recipe looks for personal data: texts are as the pages have them.\n\n");
        return;
    }
    for step in steps {
        let _ = write!(out, "- {}: {}", code(&step.name), prose(step.entry.about));
        let kinds = step.params.texts("kinds");
        if !kinds.is_empty() {
            let kinds: Vec<String> = kinds.iter().map(|kind| code(kind)).collect();
            let _ = write!(out, " Kinds: {}.", kinds.join(", "));
        }
        if !step.when.lang.is_empty() || !step.when.kind.is_empty() {
            out.push_str(" Only of some documents; see the step above.");
        }
        let prefix = format!("{}.", step.name);
        let counts = facts.counted.iter().zip(&facts.survey.sums);
        let counts: Vec<String> = counts
            .filter_map(|(name, n)| Some(format!("{} {}", code(name.strip_prefix(&prefix)?), count(*n))))
            .collect();
        if !counts.is_empty() {
            let _ = write!(out, " In documents that its phase has kept: {}.", counts.join(", "));
        }
        out.push('\n');
    }
    out.push_str("\nPatterns find what has a form; names and addresses in running text have none and stay.\n\n");
}
