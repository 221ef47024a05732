//! What a study has found, as Parquet tables.

use crate::failure::Failure;
use crate::inspect::failed;
use polars::prelude::{Column, DataFrame, ParquetWriter};
use std::path::Path;
use tokenmill_mix::ablation::Analysis;
use tokenmill_mix::ablation::analysis::{Laws, TrialRow};
use tokenmill_store::StoreError;
use tokenmill_store::place::write_with;

/// Writes all tables into a folder.
pub fn write(analysis: &Analysis, folder: &Path) -> Result<(), Failure> {
    put(&folder.join("trials.parquet"), trials(analysis)?)?;
    put(&folder.join("curves.parquet"), curves(analysis)?)?;
    if let Some(laws) = &analysis.laws {
        put(&folder.join("mixes.parquet"), mixes(laws, &analysis.groups)?)?;
        put(&folder.join("forms.parquet"), forms(laws)?)?;
    }
    if !analysis.differences.is_empty() {
        put(&folder.join("differences.parquet"), differences(analysis)?)?;
    }
    Ok(())
}

fn put(path: &Path, mut frame: DataFrame) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame).map_err(failed)?;
    write_with(path, |file| file.write_all(&bytes).map_err(StoreError::io("write", path.display())))?;
    Ok(())
}

fn frame(height: usize, columns: Vec<Column>) -> Result<DataFrame, Failure> {
    DataFrame::new(height, columns).map_err(failed)
}

/// A column of texts.
fn texts<'a>(name: &str, values: impl Iterator<Item = &'a str>) -> Column {
    Column::new(name.into(), values.collect::<Vec<&str>>())
}

/// A column of numbers.
fn numbers(name: &str, values: impl Iterator<Item = Option<f64>>) -> Column {
    Column::new(name.into(), values.collect::<Vec<Option<f64>>>())
}

/// A column of whole numbers.
fn wholes(name: &str, values: impl Iterator<Item = u64>) -> Column {
    Column::new(name.into(), values.collect::<Vec<u64>>())
}

fn trials(analysis: &Analysis) -> Result<DataFrame, Failure> {
    let rows = &analysis.trials;
    let all = |of: fn(&TrialRow) -> &str| rows.iter().map(of);
    let mut columns = vec![
        texts("name", all(|row| &row.name)),
        texts("role", all(|row| row.role)),
        texts("arm", all(|row| row.arm.as_deref().unwrap_or(""))),
        texts("proxy", all(|row| &row.proxy)),
        texts("state", all(|row| row.state)),
        texts("reason", all(|row| row.reason.as_deref().unwrap_or(""))),
        wholes("seed", rows.iter().map(|row| row.seed)),
        wholes("tokens", rows.iter().map(|row| row.tokens)),
        numbers("objective", rows.iter().map(|row| row.objective)),
        numbers("predicted", rows.iter().map(|row| row.predicted)),
        numbers("seconds", rows.iter().map(|row| row.seconds)),
    ];
    for (at, group) in analysis.groups.iter().enumerate() {
        columns.push(numbers(&format!("share/{group}"), rows.iter().map(|row| row.weights.get(at).copied())));
        columns.push(numbers(&format!("loss/{group}"), rows.iter().map(|row| row.losses.get(at).copied().flatten())));
        columns.push(numbers(&format!("epochs/{group}"), rows.iter().map(|row| row.epochs.get(at).copied())));
    }
    let mut scores: Vec<&String> = rows.iter().flat_map(|row| row.scores.keys()).collect();
    scores.sort_unstable();
    scores.dedup();
    for score in scores {
        columns.push(numbers(&format!("score/{score}"), rows.iter().map(|row| row.scores.get(score).copied())));
    }
    frame(rows.len(), columns)
}

fn curves(analysis: &Analysis) -> Result<DataFrame, Failure> {
    let points =
        || analysis.trials.iter().flat_map(|row| row.curve.iter().map(move |point| (row.name.as_str(), point)));
    let columns = vec![
        texts("name", points().map(|(name, _)| name)),
        wholes("tokens", points().map(|(_, point)| point.0)),
        numbers("loss", points().map(|(_, point)| Some(point.1))),
    ];
    frame(points().count(), columns)
}

fn mixes(laws: &Laws, groups: &[String]) -> Result<DataFrame, Failure> {
    let rows = &laws.mixes;
    let mut columns = vec![
        texts("name", rows.iter().map(|row| row.name.as_str())),
        numbers("objective", rows.iter().map(|row| Some(row.objective.value))),
        numbers("low", rows.iter().map(|row| Some(row.objective.low))),
        numbers("high", rows.iter().map(|row| Some(row.objective.high))),
        numbers("kl", rows.iter().map(|row| Some(row.kl))),
    ];
    for (at, group) in groups.iter().enumerate() {
        columns.push(numbers(&format!("share/{group}"), rows.iter().map(|row| row.weights.get(at).copied())));
        columns.push(numbers(&format!("loss/{group}"), rows.iter().map(|row| row.losses.get(at).copied())));
    }
    frame(rows.len(), columns)
}

fn forms(laws: &Laws) -> Result<DataFrame, Failure> {
    let rows = &laws.forms;
    let columns = vec![
        texts("name", rows.iter().map(|row| row.name.as_str())),
        texts("formula", rows.iter().map(|row| row.formula.as_str())),
        numbers("error", rows.iter().map(|row| row.error)),
        numbers("standard_error", rows.iter().map(|row| row.standard_error)),
        numbers("spearman", rows.iter().map(|row| row.spearman)),
        Column::new("chosen".into(), rows.iter().map(|row| row.chosen).collect::<Vec<bool>>()),
        texts("left_out", rows.iter().map(|row| row.left_out.as_deref().unwrap_or(""))),
    ];
    frame(rows.len(), columns)
}

fn differences(analysis: &Analysis) -> Result<DataFrame, Failure> {
    let rows = &analysis.differences;
    let columns = vec![
        texts("proxy", rows.iter().map(|row| row.proxy.as_str())),
        texts("arm", rows.iter().map(|row| row.arm.as_str())),
        texts("baseline", rows.iter().map(|row| row.baseline.as_str())),
        texts("measure", rows.iter().map(|row| row.measure.as_str())),
        numbers("difference", rows.iter().map(|row| Some(row.difference.value))),
        numbers("low", rows.iter().map(|row| Some(row.difference.low))),
        numbers("high", rows.iter().map(|row| Some(row.difference.high))),
        numbers("p", rows.iter().map(|row| Some(row.p))),
        wholes("seeds", rows.iter().map(|row| row.n as u64)),
    ];
    frame(rows.len(), columns)
}
