//! The answer of `tokenmill retune` as text.

use crate::output::{count, percent, table};
use std::fmt::Write;
use tokenmill_core::Value;
use tokenmill_engine::plan::human_bytes;
use tokenmill_engine::rejudge::{Change, Count, Removed, Report};

/// Languages that are listed, those with most documents first; JSON has all of them.
const MOST_LANGUAGES: usize = 20;
/// Changes that are listed.
const MOST_CHANGES: usize = 30;

/// Everything but the samples.
pub fn report(changed: &[Change], report: &Report) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail, here and below.
    if changed.is_empty() {
        let _ = writeln!(out, "no limit differs");
    }
    for change in changed.iter().take(MOST_CHANGES) {
        let lang = change.lang.as_ref().map_or(String::new(), |lang| format!(" for {lang}"));
        let [from, to] = [&change.from, &change.to].map(|value| match value {
            Value::Float(number) => number.to_string(),
            other => other.to_toml().to_string(),
        });
        let _ = writeln!(out, "{}.{}{lang}: {from} -> {to}", change.step, change.param);
    }
    if changed.len() > MOST_CHANGES {
        let _ = writeln!(out, "… and {} more limits", changed.len() - MOST_CHANGES);
    }
    let total = &report.total;
    let all = total.seen.n;
    let line = |name: &str, counted: Count| {
        vec![name.to_owned(), count(counted.n), percent(counted.n, all), human_bytes(counted.bytes)]
    };
    let mut rows = vec![line("came in", total.seen), line("kept by the run", total.kept), line("would go", total.go)];
    rows.push(line("would come back", total.come_back));
    rows.push(line("would come back, not measured by later steps", total.unmeasured));
    let _ = write!(out, "\n{}", table(&["documents", "n", "share", "bytes"], &rows));
    out.push_str(&steps(report));
    out.push_str(&languages(report));
    out.push_str(&notes(report));
    out
}

fn steps(report: &Report) -> String {
    let all = report.total.seen.n;
    let row = |name: String, removed: &Removed, unmeasured: Count| {
        let Removed { before, after } = removed;
        let difference = after.n as i64 - before.n as i64;
        let unmeasured = if unmeasured.n == 0 { String::new() } else { count(unmeasured.n) };
        let difference = match difference {
            0 => String::new(),
            n if n < 0 => format!("-{}", count(n.unsigned_abs())),
            n => format!("+{}", count(n.unsigned_abs())),
        };
        vec![
            name,
            count(before.n),
            percent(before.n, all),
            count(after.n),
            percent(after.n, all),
            difference,
            human_bytes(before.bytes),
            human_bytes(after.bytes),
            unmeasured,
        ]
    };
    let mut rows = Vec::new();
    for step in &report.steps {
        if step.removed == Removed::default() && step.unmeasured.n == 0 {
            continue;
        }
        rows.push(row(step.name.clone(), &step.removed, step.unmeasured));
        let mut reasons: Vec<_> = step.reasons.iter().collect();
        reasons.sort_by_key(|(reason, removed)| (std::cmp::Reverse(removed.before.n.max(removed.after.n)), *reason));
        rows.extend(reasons.into_iter().map(|(reason, removed)| row(format!("  {reason}"), removed, Count::default())));
    }
    let head =
        ["removed by", "before", "share", "after", "share", "change", "bytes before", "bytes after", "not measured"];
    format!("\n{}", table(&head, &rows))
}

fn languages(report: &Report) -> String {
    let mut languages: Vec<_> = report.languages.iter().collect();
    languages.sort_by_key(|(lang, group)| (std::cmp::Reverse(group.seen.n), *lang));
    let row = |(lang, group): &(&String, &tokenmill_engine::rejudge::Group)| {
        let name = if lang.is_empty() { "(none)" } else { lang.as_str() };
        let mut cells = vec![name.to_owned(), count(group.seen.n), count(group.kept.n)];
        for counted in [group.go, group.come_back, group.unmeasured] {
            cells.extend([count(counted.n), percent(counted.n, group.seen.n)]);
        }
        let change = group.come_back.bytes as i64 - group.go.bytes as i64;
        let sign = if change < 0 { "-" } else { "+" };
        cells.push(format!("{sign}{}", human_bytes(change.unsigned_abs())));
        cells
    };
    let rows: Vec<Vec<String>> = languages.iter().take(MOST_LANGUAGES).map(row).collect();
    let head = ["language", "documents", "kept", "go", "share", "come back", "share", "not measured", "share", "bytes"];
    let mut out = format!("\n{}", table(&head, &rows));
    if languages.len() > MOST_LANGUAGES {
        let _ = writeln!(out, "… and {} more languages", languages.len() - MOST_LANGUAGES);
    }
    out
}

/// What the numbers do not tell.
fn notes(report: &Report) -> String {
    let mut out = String::new();
    if report.total.unmeasured.n > 0 {
        let n = count(report.total.unmeasured.n);
        let _ =
            writeln!(out, "\n{n} documents would come back as far as is known: the steps in the last column of the");
        let _ = writeln!(out, "first table have not measured them. Only a run tells what becomes of them there.");
    }
    for step in report.steps.iter().filter(|step| step.is_exchange && step.missing.n + step.unmeasured.n > 0) {
        let (missing, new) = (count(step.missing.n), count(step.unmeasured.n));
        let _ =
            writeln!(out, "\n`{}` would decide without {missing} of its documents and with {new} new ones;", step.name);
        let _ = writeln!(out, "its decisions about the others are taken as they are.");
    }
    if report.unknown > 0 {
        let _ = writeln!(
            out,
            "\nOf {} documents, a step asks for a language or kind that no table tells:",
            count(report.unknown)
        );
        let _ = writeln!(out, "its verdict is taken as it is.");
    }
    if report.differing > 0 {
        let _ = write!(out, "\n{}", differences(report));
    }
    out
}

/// The verdicts that are not reproduced.
pub fn differences(report: &Report) -> String {
    let mut out = format!(
        "PROBLEM: of {} rows, the limits of the run do not give the verdict of the run. Was it made by another version?\n",
        count(report.differing)
    );
    report.differences.iter().for_each(|line| out.push_str(&format!("  {line}\n")));
    out
}
