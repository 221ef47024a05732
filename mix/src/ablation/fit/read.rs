//! Tables of numbers with a name in front of each row, from text that may be anything.

use super::error::FitError;
use std::collections::BTreeSet;

/// Rows of a table, at most.
pub const MAX_ROWS: usize = 1_000_000;

/// Columns of a table, at most.
pub const MAX_COLUMNS: usize = 10_000;

/// Numbers in a table, at most: rows and columns that are both many would not fit into memory.
pub const MAX_CELLS: usize = 100_000_000;

/// Rows of numbers with names.
#[derive(Clone, Debug)]
pub struct Sheet {
    table: &'static str,
    /// Names of the columns but the first.
    pub columns: Vec<String>,
    /// The first column.
    pub ids: Vec<String>,
    /// The numbers; an empty cell is NaN.
    pub rows: Vec<Vec<f64>>,
    lines: Vec<u64>,
}

impl Sheet {
    /// Reads comma-separated values; `table` is what messages call them.
    ///
    /// # Errors
    /// On what is no table of numbers, on names that are there twice, and on more rows and columns than the limits.
    pub fn read(table: &'static str, text: &str) -> Result<Sheet, FitError> {
        let wrong = |line: u64, message: String| FitError::Table { table, line, message };
        let syntax = |error: csv::Error| {
            let line = error.position().map_or(1, csv::Position::line);
            let message = match error.kind() {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("{len} cells, where the head has {expected_len}")
                }
                _ => error.to_string(),
            };
            wrong(line, message)
        };
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let head = reader.headers().map_err(syntax)?.clone();
        if head.len() < 2 {
            return Err(wrong(1, "there is no column but the first".to_owned()));
        }
        if head.len() > MAX_COLUMNS + 1 {
            return Err(wrong(1, format!("{} columns, and a table has at most {MAX_COLUMNS}", head.len() - 1)));
        }
        let mut sheet = Sheet {
            table,
            columns: head.iter().skip(1).map(str::to_owned).collect(),
            ids: Vec::new(),
            rows: Vec::new(),
            lines: Vec::new(),
        };
        let mut names = BTreeSet::new();
        if let Some(twice) = sheet.columns.iter().find(|name| !names.insert(name.as_str())) {
            return Err(wrong(1, format!("column `{}` is there a second time", twice.escape_debug())));
        }
        let limit = MAX_ROWS.min(MAX_CELLS / sheet.columns.len());
        let mut seen = BTreeSet::new();
        for record in reader.records() {
            let record = record.map_err(syntax)?;
            let line = record.position().map_or(0, csv::Position::line);
            if sheet.rows.len() >= limit {
                return Err(wrong(line, format!("a table with so many columns has at most {limit} rows")));
            }
            let mut cells = record.iter();
            let id = cells.next().unwrap_or_default().to_owned();
            if !seen.insert(id.clone()) {
                return Err(wrong(line, format!("`{}` is there a second time", id.escape_debug())));
            }
            let number = |(cell, column): (&str, &String)| {
                let bad = || format!("`{}` in column `{}` is not a number", cell.escape_debug(), column.escape_debug());
                if cell.is_empty() { Ok(f64::NAN) } else { cell.parse().map_err(|_| wrong(line, bad())) }
            };
            sheet.rows.push(cells.zip(&sheet.columns).map(number).collect::<Result<_, _>>()?);
            sheet.ids.push(id);
            sheet.lines.push(line);
        }
        Ok(sheet)
    }

    /// Something that is wrong with a row.
    pub fn error(&self, row: usize, message: String) -> FitError {
        FitError::Table { table: self.table, line: self.lines.get(row).copied().unwrap_or(0), message }
    }

    /// Something that is wrong with the head.
    pub fn head_error(&self, message: String) -> FitError {
        FitError::Table { table: self.table, line: 1, message }
    }
}

/// Weights divided by their sum, which rounding may have moved a little off 1.
///
/// # Errors
/// On a weight that is not from 0 to 1 (or just above), and on a sum that is more than 2 % off.
pub fn unit(weights: &[f64]) -> Result<Vec<f64>, String> {
    if let Some(weight) = weights.iter().find(|weight| !(0.0..=1.02).contains(*weight)) {
        return Err(format!("the weight {weight} is not from 0 to 1"));
    }
    let sum: f64 = weights.iter().sum();
    if (sum - 1.0).abs() > 0.02 {
        return Err(format!("the weights sum to {sum:.4}, not to 1"));
    }
    Ok(weights.iter().map(|weight| weight / sum).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_limited() {
        let head: Vec<String> = (0..=MAX_COLUMNS + 1).map(|i| i.to_string()).collect();
        let error = Sheet::read("mixes", &head.join(",")).unwrap_err().to_string();
        assert_eq!(error, "mixes, line 1: 10001 columns, and a table has at most 10000");
    }

    #[test]
    fn a_row_knows_its_line() {
        let sheet = Sheet::read("losses", "a, b\n\"x\ny\", 1\nz, 2\n").unwrap();
        assert_eq!(sheet.ids, ["x\ny", "z"]);
        assert_eq!(sheet.error(1, "no".to_owned()).to_string(), "losses, line 4: no");
        assert_eq!(sheet.rows, [[1.0], [2.0]]);
    }

    #[test]
    fn weights_are_made_to_sum_to_one() {
        assert_eq!(unit(&[0.505, 0.505]).unwrap(), [0.5, 0.5]);
        assert!(unit(&[0.5, 0.53]).is_err());
        assert!(unit(&[f64::NAN, 1.0]).is_err());
    }
}
