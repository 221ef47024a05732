//! `cargo xtask train-extractor`: trains the decision about blocks and says how good it is on sites it has not seen.

use crate::bench::read_json;
use crate::error::{Error, Result};
use crate::repo::{self, Repo};
use crate::test::data;
use serde_json::Value;
use std::fmt::Write;
use std::process::Command;

/// Where the model lies.
const MODEL: &str = "stages/src/extract/decide";
/// Where its figures lie.
const PAGE: &str = "docs/benchmarks/extractor-training.md";
/// Leaves out the cross-validation.
const QUICK: &str = "--quick";

/// Trains; with all parts of the domains left out in turn, the page is written as well.
pub fn run(repo: &Repo, arguments: &[String]) -> Result<()> {
    if let Some(unknown) = arguments.iter().find(|argument| *argument != QUICK) {
        return Err(Error::new(format!("there is no option `{unknown}`; the only one is `{QUICK}`")));
    }
    let pages = data::one(repo, "extraction")?;
    let target = repo.target()?;
    let report = target.join("extractor-training.json");
    let example = "train_extractor";
    repo::run(repo.cargo(&["build", "--release", "--package", "tokenmill-stages", "--example", example]))?;
    let mut command = Command::new(target.join("release").join("examples").join(example));
    command.arg(pages).arg(repo.root().join(MODEL)).arg(&report);
    if arguments.is_empty() {
        command.arg("all");
    }
    repo::run(command)?;
    let text = std::fs::read_to_string(&report).map_err(|error| Error::io("read", &report, &error))?;
    let text = page(&read_json(&text)?);
    println!("{text}");
    if arguments.is_empty() {
        repo.write(PAGE, text.as_bytes())?;
        println!("wrote {PAGE}");
    }
    Ok(())
}

fn page(report: &Value) -> String {
    let mut out = format!(
        "<!-- written by `cargo xtask train-extractor` -->\n# Training of the extractor\n\nThe WCXB development pages are parted \
         by registrable domain into {folds} parts. F1 of words, mean over pages, with the standard error of the mean; `gain` is \
         the difference of model and rules on the same page, `expected` is what the model itself expected, and `best` what the best choice of whole blocks would have.\n",
        folds = report["folds"]
    );
    for (head, about, key) in [
        (
            "The part that the shipped model has never seen",
            "A fifth of the domains. The files in `stages/src/extract/decide` were trained on the others.",
            "held_out",
        ),
        (
            "Every part, by a model that has not seen it",
            "Each page is judged by a model trained on the other parts, so all pages count.",
            "cross_validated",
        ),
    ] {
        // Writing to a String cannot fail, here and below.
        let _ = write!(
            out,
            "\n## {head}\n\n{about}\n\n| pages | number | rules | model | gain | expected | best |\n|---|---|---|---|---|---|---|\n"
        );
        for (group, row) in report[key].as_object().into_iter().flatten() {
            let number = |name: &str| row[name].as_f64().unwrap_or(f64::NAN);
            let with_error = |name: &str| format!("{:.4} ± {:.4}", number(name), number(&format!("{name}_error")));
            let _ = writeln!(
                out,
                "| {group} | {} | {} | {} | {} | {:.4} | {:.4} |",
                row["pages"],
                with_error("rules"),
                with_error("model"),
                with_error("gain"),
                number("expected"),
                number("best")
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_group_with_its_errors() {
        let row = serde_json::json!({"pages": 3, "rules": 0.5, "rules_error": 0.1, "model": 0.75, "model_error": 0.05,
            "gain": 0.25, "gain_error": 0.025, "expected": 0.7, "best": 0.875});
        let report = serde_json::json!({"folds": 5, "held_out": {"all": row}, "cross_validated": {"forum": row}});
        let text = page(&report);
        assert!(text.contains("into 5 parts"), "{text}");
        assert!(
            text.contains("| all | 3 | 0.5000 ± 0.1000 | 0.7500 ± 0.0500 | 0.2500 ± 0.0250 | 0.7000 | 0.8750 |"),
            "{text}"
        );
        assert!(text.contains("| forum | 3 |"), "{text}");
    }
}
