//! The plan in words, for `tokenmill plan`.

use super::Plan;
use crate::spec::Spec;
use std::fmt::Write;
use tokenmill_store::Task;

/// Describes phases, steps and tasks. `first_tasks` are those of the first phase, which are known without running.
pub fn explain(spec: &Spec, plan: &Plan, first_tasks: &[Task]) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(out, "run `{}`  seed {}  root `{}`", spec.name, spec.seed, spec.root);
    let bytes: u64 = first_tasks.iter().map(|task| task.bytes).sum();
    let what = if spec.source.index.is_some() { "files of the index" } else { "files" };
    let _ = writeln!(out, "source `{}`: {} {what}, {}", spec.source.kind, first_tasks.len(), human_bytes(bytes));
    for (number, planned) in plan.phases.iter().enumerate() {
        let tasks = if number == 0 { format!("{} tasks", first_tasks.len()) } else { planned.phase.forecast() };
        let _ = writeln!(out, "\nphase {} `{}`  {tasks}", number + 1, planned.phase.name());
        let _ = writeln!(out, "  fingerprint {}  folder {}", planned.fingerprint, planned.folder);
        for note in &planned.notes {
            let _ = writeln!(out, "  {note}");
        }
        for step in &planned.steps {
            let named = if step.name == step.entry.name { String::new() } else { format!(" as `{}`", step.name) };
            let _ = write!(out, "  {:<8} {} v{}{named}", step.entry.shape.name(), step.entry.name, step.entry.version);
            for (what, list) in [("lang", &step.when.lang), ("kind", &step.when.kind)] {
                if !list.is_empty() {
                    let _ = write!(out, "  when {what} in {}", list.join(", "));
                }
            }
            out.push('\n');
            for (name, value) in step.params.iter() {
                let _ = writeln!(out, "             {name} = {}", value.to_toml());
            }
            for (lang, params) in &step.by_lang {
                let changed =
                    params.iter().filter(|(name, value)| step.params.iter().any(|(n, v)| n == *name && v != *value));
                for (name, value) in changed {
                    let _ = writeln!(out, "             {name} = {} for {lang}", value.to_toml());
                }
            }
        }
    }
    out
}

/// A size for people: three digits and a binary unit.
pub fn human_bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{bytes} B")
    } else {
        format!("{value:.*} {}", usize::from(value < 10.0) + usize::from(value < 100.0), units[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::human_bytes;

    #[test]
    fn sizes_have_three_digits() {
        for (bytes, text) in
            [(0, "0 B"), (999, "999 B"), (1536, "1.50 KiB"), (52_000_000, "49.6 MiB"), (1 << 30, "1.00 GiB")]
        {
            assert_eq!(human_bytes(bytes), text);
        }
    }
}
