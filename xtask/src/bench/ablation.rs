//! `cargo xtask bench ablation`: laws on published tables beside LightGBM, Chinchilla's law, and a study that is really trained.

use super::measured::measure;
use super::report::machine;
use super::{python, read_json};
use crate::error::{Error, Result};
use crate::repo::{self, Repo};
use crate::test::data;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGES: [&str; 3] = ["lightgbm==4.7.0", "numpy==2.4.6", "scipy==1.17.1"];

/// The forms, as `ablate fit` names them.
const FORMS: [&str; 6] = ["linear", "exponential", "power", "power_own", "trees", "power_trees"];

/// The loss that is told by itself.
const PILE_CC: &str = "metric/the_pile_pile_cc_val_loss";

const STUDY: &str = "configs/ablations/quickstart.toml";

/// Measures, and writes `docs/benchmarks/ablation.md`.
///
/// # Errors
/// When the archive is not there, or a command fails.
pub fn run(repo: &Repo) -> Result<()> {
    // The build that the tests have; a released one is no slower.
    repo::run(repo.cargo(&["build", "--workspace", "--bins"]))?;
    let program = repo.target()?.join("debug").join("tokenmill");
    let tables = data::one(repo, "mixing")?;
    let folder = repo.target()?.join("bench").join("ablation");
    std::fs::create_dir_all(&folder).map_err(|error| Error::io("create", &folder, &error))?;
    let bench = Bench { repo, program, tables, folder };
    let mut page = format!(
        "<!-- written by `cargo xtask bench ablation` -->\n# Mixes found by experiment\n\n{} The program is built as for tests \
         (dependencies optimised, its own code at level 1); seconds are CPU seconds.\n\n",
        machine()
    );
    page.push_str(&bench.laws()?);
    page.push_str(&bench.sizes()?);
    page.push_str(&bench.study()?);
    println!("{page}");
    repo.write("docs/benchmarks/ablation.md", page.as_bytes())?;
    println!("wrote docs/benchmarks/ablation.md");
    Ok(())
}

struct Bench<'a> {
    repo: &'a Repo,
    program: PathBuf,
    tables: PathBuf,
    folder: PathBuf,
}

impl Bench<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("ablate").args(arguments).current_dir(self.repo.root());
        command
    }

    /// The laws on RegMix's tables.
    fn laws(&self) -> Result<String> {
        let at = |name: &str| self.tables.join("regmix").join(name).display().to_string();
        let (mixes, losses) = (at("train_mixture_1m.csv"), at("train_pile_loss_1m.csv"));
        let (others, actual) = (at("test_mixture_1m.csv"), read_table(&PathBuf::from(at("test_pile_loss_1m.csv")))?);
        let mut rows = String::new();
        for form in FORMS {
            let predicted = self.folder.join(format!("{form}.csv"));
            let output = predicted.display().to_string();
            let arguments =
                ["fit", &mixes, &losses, "--predict", &others, "-o", &output, "--form", form, "--resamples", "0"];
            let cost = measure(self.repo, &self.command(&arguments))?;
            let (pile_cc, mean) = ranks(&read_table(&predicted)?, &actual)?;
            // Writing to a String cannot fail.
            let _ = writeln!(rows, "| `{form}` | {pile_cc:.2} | {mean:.2} | {:.1} |", cost.cpu_seconds);
        }
        let python = python::with(self.repo, &PACKAGES)?;
        let predicted = self.folder.join("lightgbm.csv");
        let mut peer = Command::new(python);
        peer.arg(self.repo.root().join("xtask/src/bench/ablation_peer.py")).args([&mixes, &losses, &others]);
        let seconds = repo::output(peer.arg(&predicted))?;
        let (pile_cc, mean) = ranks(&read_table(&predicted)?, &actual)?;
        let _ = writeln!(rows, "| LightGBM 4.7, one fit | {pile_cc:.2} | {mean:.2} | {} |", seconds.trim());
        let whole = self.folder.join("chosen.csv").display().to_string();
        let mut chosen = self.command(&["fit", &mixes, &losses, "--predict", &others, "-o", &whole]);
        let intervals = self.folder.join("intervals.csv");
        chosen.arg("--intervals").arg(&intervals);
        let said = repo::output(&mut chosen)?;
        let cost = measure(self.repo, &chosen)?;
        let (pile_cc, mean) = ranks(&read_table(Path::new(&whole))?, &actual)?;
        Ok(format!(
            "## Laws of RegMix's runs\n\nFitted to the 512 runs of models of 1M parameters, judged on its 256 other mixes \
             (Liu et al., arXiv:2407.01492): Spearman's correlation × 100 of predicted and actual loss, of Pile-CC and the mean of \
             the 13 domains. Nothing but the 512 runs has part in a fit, the number of trees included. Seconds are those of \
             fitting one form with 5-fold cross-validation and of searching its optimum; LightGBM's are those of one fit.\n\n\
             | form | Pile-CC | mean of 13 | CPU seconds |\n|---|---|---|---|\n{rows}\n\
             `tokenmill ablate fit` chooses by cross-validation, and says:\n\n```text\n{}```\n\n\
             The chosen one reaches {pile_cc:.2} and {mean:.2}. Choice, fit, 50 refits for intervals and optimum take {:.1} s of the \
             clock and {:.1} CPU seconds. Of the losses of the 256 runs, {:.1} % lie within their intervals of 90 % for a single \
             run.\n\n",
            blocks(&said),
            cost.wall_seconds,
            cost.cpu_seconds,
            100.0 * covered(&intervals, &actual)?,
        ))
    }

    /// Chinchilla's law.
    fn sizes(&self) -> Result<String> {
        let runs = self.tables.join("chinchilla/svg_extracted_data.csv").display().to_string();
        let mut command = self.command(&["scaling", &runs, "--drop-shortest", "5", "--flops", "5.76e23"]);
        let said = repo::output(&mut command)?;
        let cost = measure(self.repo, &command)?;
        Ok(format!(
            "## Chinchilla's law\n\nThe 245 runs that Besiroglu et al. (arXiv:2404.10102) have read off a figure of Hoffmann et al. \
             (arXiv:2203.15556), without the five with the fewest tokens for each parameter, as they do it. They publish E 1.8172, \
             A 482.0, alpha 0.3478, B 2085.4, beta 0.3658. Chinchilla's budget was 5.76e23.\n\n```text\n{}```\n\n\
             {:.1} CPU seconds.\n\n",
            said, cost.cpu_seconds
        ))
    }

    /// The quickstart, trained on this machine.
    fn study(&self) -> Result<String> {
        let cost = measure(self.repo, &self.command(&["run", STUDY]))?;
        let found = read_json(&repo::output(&mut self.command(&["report", STUDY, "--json"]))?)?;
        let text = repo::output(&mut self.command(&["report", STUDY]))?;
        let text = text.split("what was found").next().unwrap_or(&text).to_owned();
        let trials = found.get("trials").and_then(Value::as_array).cloned().unwrap_or_default();
        let seconds: f64 = trials.iter().filter_map(|trial| trial.get("seconds")?.as_f64()).sum();
        Ok(format!(
            "## The quickstart\n\n`{STUDY}`: {} models of 0.2M parameters on three kinds of real text, on two cores. Their seconds sum \
             to {:.0}; the last call of `ablate run` took {:.0} s of the clock, with what had been trained before it left alone.\n\n\
             ```text\n{text}```\n",
            trials.len(),
            seconds,
            cost.wall_seconds,
        ))
    }
}

/// What is printed before the table of the best mix.
fn blocks(said: &str) -> String {
    said.lines()
        .filter(|line| !line.contains("predictions: ") && !line.starts_with("intervals: "))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Columns by name, each with its value by row.
type Columns = BTreeMap<String, BTreeMap<String, f64>>;

fn read_table(path: &Path) -> Result<Columns> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::io("read", path, &error))?;
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or("").split(',').collect();
    let mut columns = Columns::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        for (name, cell) in head.iter().zip(&cells).skip(1) {
            let number =
                cell.parse().map_err(|_| Error::new(format!("`{}`: `{cell}` is no number", path.display())))?;
            columns.entry((*name).to_owned()).or_default().insert(cells[0].to_owned(), number);
        }
    }
    Ok(columns)
}

/// Spearman's correlation × 100 of Pile-CC, and the mean over all losses.
fn ranks(predicted: &Columns, actual: &Columns) -> Result<(f64, f64)> {
    let mut found = BTreeMap::new();
    for (name, losses) in actual {
        let own = predicted.get(name).ok_or_else(|| Error::new(format!("no prediction of `{name}`")))?;
        let pairs: Vec<(f64, f64)> = losses.iter().filter_map(|(row, loss)| Some((*own.get(row)?, *loss))).collect();
        let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        found.insert(name.as_str(), 100.0 * spearman(&a, &b));
    }
    let mean = found.values().sum::<f64>() / found.len().max(1) as f64;
    Ok((found.get(PILE_CC).copied().unwrap_or(f64::NAN), mean))
}

fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (middle_ranks(a), middle_ranks(b));
    let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.len().max(1) as f64;
    let (x, y) = (mean(&a), mean(&b));
    let sum = |of: &dyn Fn(f64, f64) -> f64| a.iter().zip(&b).map(|(a, b)| of(a - x, b - y)).sum::<f64>();
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}

/// Ranks; equal numbers share the mean of theirs.
fn middle_ranks(numbers: &[f64]) -> Vec<f64> {
    let below = |limit: f64| numbers.iter().filter(|number| **number < limit).count() as f64;
    let same = |value: f64| numbers.iter().filter(|number| **number == value).count() as f64;
    numbers.iter().map(|number| below(*number) + (same(*number) - 1.0) / 2.0).collect()
}

/// Share of the losses that lie in the intervals of a single run.
fn covered(path: &Path, actual: &Columns) -> Result<f64> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::io("read", path, &error))?;
    let (mut inside, mut all) = (0.0, 0.0);
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let [row, loss, _, _, _, low, high] = cells[..] else { continue };
        let number = |cell: &str| cell.parse::<f64>().unwrap_or(f64::NAN);
        if let Some(loss) = actual.get(loss).and_then(|rows| rows.get(row)) {
            all += 1.0;
            inside += f64::from(number(low) <= *loss && *loss <= number(high));
        }
    }
    Ok(inside / all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_share_what_is_equal() {
        assert_eq!(middle_ranks(&[3.0, 1.0, 3.0]), [1.5, 0.0, 1.5]);
        assert!((spearman(&[1.0, 2.0, 3.0, 4.0], &[10.0, 20.0, 15.0, 40.0]) - 0.8).abs() < 1e-12);
    }
}
