//! What `tokenmill mix plan` prints: for every phase and group what there is, what is taken, and what is missing.

use super::amount::short;
use super::schedule::{Schedule, Supply, Take, Training, UNUSED};
use super::spec::{Mix, SplitBy};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Rows of one group that is split, at most; the others are summed up in one.
const MAX_ROWS: usize = 40;

/// The columns behind the name.
const COLUMNS: [&str; 8] = ["available", "wanted", "taken", "share", "epochs", "so far", "cap", "shortfall"];

/// One row: some takes, summed up.
#[derive(Default)]
struct Row {
    name: String,
    available: u64,
    wanted: u64,
    taken: u64,
    end: u64,
    /// Of a single stream.
    cap: Option<u64>,
    shortfall: u64,
}

impl Row {
    fn of(take: &Take) -> Row {
        let taken = take.end - take.start;
        Row {
            name: take.group.clone(),
            available: take.available,
            wanted: take.wanted,
            taken,
            end: take.end,
            cap: take.cap,
            shortfall: take.wanted.saturating_sub(taken),
        }
    }

    fn sum<'a>(name: String, takes: impl IntoIterator<Item = &'a Take>) -> Row {
        let mut sum = Row { name, ..Row::default() };
        for row in takes.into_iter().map(Row::of) {
            sum.available += row.available;
            sum.wanted += row.wanted;
            sum.taken += row.taken;
            sum.end += row.end;
            sum.shortfall += row.shortfall;
        }
        sum
    }

    fn cells(&self, budget: u64) -> Vec<String> {
        let epochs = |tokens: u64| decimal(tokens as f64 / self.available.max(1) as f64);
        vec![
            self.name.chars().map(|c| if c.is_control() { '?' } else { c }).collect(),
            short(self.available),
            short(self.wanted),
            short(self.taken),
            format!("{} %", decimal(100.0 * self.taken as f64 / budget.max(1) as f64)),
            epochs(self.taken),
            epochs(self.end),
            self.cap.map_or_else(|| "–".to_owned(), epochs),
            if self.shortfall == 0 { "–".to_owned() } else { short(self.shortfall) },
        ]
    }
}

/// Two digits, and a sign that something is there where they would be 0.
fn decimal(number: f64) -> String {
    if number > 0.0 && number < 0.01 { "<0.01".to_owned() } else { format!("{number:.2}") }
}

impl Schedule {
    /// The plan as a table, with what is not used at the end.
    pub fn table(&self, mix: &Mix, supply: &Supply) -> String {
        let mut text = String::new();
        for phase in &self.phases {
            let context =
                if phase.context == 0 { "any context".to_owned() } else { format!("context {}", phase.context) };
            // Writing to a string does not fail.
            let _ = writeln!(text, "phase {}: {} tokens, {context}", phase.name, short(phase.budget));
            text.push_str(&columns(&rows(mix, phase)));
            text.push('\n');
        }
        text.push_str(&self.summary(mix, supply));
        text
    }

    fn summary(&self, mix: &Mix, supply: &Supply) -> String {
        let (budgets, n) = (self.phases.iter().map(|phase| phase.budget).sum::<u64>(), self.phases.len());
        let mut lines = vec![format!("{} tokens in {n} phase{}", short(budgets), if n == 1 { "" } else { "s" })];
        let mut ends: BTreeMap<&str, u64> = BTreeMap::new();
        for take in self.phases.iter().flat_map(|phase| &phase.takes) {
            ends.insert(&take.group, take.end);
        }
        let (mut documents, mut tokens, mut untouched) = (0u64, 0u64, Vec::new());
        for (name, available) in supply.0.iter().filter(|(name, _)| *name != UNUSED) {
            documents += available.n_documents;
            tokens += available.n_tokens;
            if ends.get(name.as_str()).copied().unwrap_or(0) == 0 {
                untouched.push(name.as_str());
            }
        }
        lines.push(format!("{documents} documents with {} tokens are in groups", short(tokens)));
        if let Some(unused) = supply.0.get(UNUSED).filter(|unused| unused.n_documents > 0) {
            let (documents, tokens) = (unused.n_documents, short(unused.n_tokens));
            lines.push(format!("{documents} documents with {tokens} tokens are unused: they are in no group"));
        }
        if !untouched.is_empty() {
            lines.push(format!("no phase takes anything of {}", some(&untouched)));
        }
        for group in &mix.groups {
            let Some(split) = &group.split else { continue };
            let missing = |value: &&String| !supply.0.contains_key(&format!("{}/{value}", group.name));
            let missing: Vec<&str> = split.weights.keys().filter(missing).map(String::as_str).collect();
            // A bucket may well be empty, but a label without a document is probably misspelt.
            if !missing.is_empty() && !matches!(split.by, SplitBy::Score(..)) {
                lines.push(format!("weights of group {} name what no document has: {}", group.name, some(&missing)));
            }
        }
        let mut short_of = 0;
        for take in self.phases.iter().flat_map(|phase| &phase.takes) {
            short_of += take.wanted.saturating_sub(take.end - take.start);
        }
        if short_of > 0 {
            lines.push(format!("{} tokens were asked for and are not there; other groups fill in", short(short_of)));
        }
        lines.join("\n") + "\n"
    }
}

/// Names in a sentence.
fn some(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(5).map(|name| name.escape_debug().to_string()).collect();
    let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
    shown.join(", ") + &more
}

/// The rows of a phase: one for every group, and under one that is split its largest subgroups.
fn rows(mix: &Mix, phase: &Training) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for group in &mix.groups {
        let prefix = format!("{}/", group.name);
        let own = |take: &&Take| {
            if group.split.is_some() { take.group.starts_with(&prefix) } else { take.group == group.name }
        };
        let mut takes: Vec<&Take> = phase.takes.iter().filter(own).collect();
        if group.split.is_none() {
            rows.extend(takes.into_iter().map(Row::of));
            continue;
        }
        if takes.is_empty() {
            continue;
        }
        rows.push(Row::sum(group.name.clone(), takes.iter().copied()));
        takes.sort_by_key(|take| (std::cmp::Reverse(take.end - take.start), take.group.clone()));
        let shown = if takes.len() > MAX_ROWS { MAX_ROWS - 1 } else { takes.len() };
        let indented = |row: Row| Row { name: format!("  {}", row.name), ..row };
        rows.extend(takes.iter().take(shown).map(|take| indented(Row::of(take))));
        if takes.len() > shown {
            let name = format!("  {} more", takes.len() - shown);
            rows.push(Row::sum(name, takes.iter().skip(shown).copied()));
        }
    }
    rows.push(Row::sum("total".to_owned(), &phase.takes));
    rows.iter().map(|row| row.cells(phase.budget)).collect()
}

/// Cells in columns: names to the left, numbers to the right.
fn columns(rows: &[Vec<String>]) -> String {
    let head = std::iter::once("group").chain(COLUMNS).map(str::to_owned).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&head).chain(rows).collect();
    let width = |column: usize| all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..head.len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in all {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let gap = " ".repeat(width.saturating_sub(cell.chars().count()));
            text.push_str(&if column == 0 { format!("  {cell}{gap}") } else { format!("  {gap}{cell}") });
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}
