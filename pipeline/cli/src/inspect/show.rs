//! Results for people, for programs and for other tools: a table on the terminal, JSON, or a Parquet file.

use super::frame::failed;
use crate::failure::Failure;
use crate::output::{count, shortened, table};
use polars::prelude::{AnyValue, DataFrame, ParquetWriter};
use serde_json::{Map, Number, Value};
use std::path::PathBuf;
use tokenmill_core::DocId;

/// Characters of a cell on a terminal.
const CELL_CHARS: usize = 60;

/// What the result is for.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Form {
    /// Write JSON, one object for each row
    #[arg(long, conflicts_with = "parquet", help_heading = "Output")]
    pub json: bool,
    /// Write the rows into this Parquet file, for DuckDB, pandas or polars
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub parquet: Option<PathBuf>,
}

impl Form {
    /// Gives out a result; `text` makes what people read.
    pub fn show(
        &self,
        frame: DataFrame,
        text: impl FnOnce(&DataFrame) -> Result<String, Failure>,
    ) -> Result<(), Failure> {
        if let Some(path) = &self.parquet {
            let file = std::fs::File::create(path)
                .map_err(|error| Failure::usage(format!("cannot write `{}`: {error}", path.display())))?;
            ParquetWriter::new(file).finish(&mut with_hex_ids(frame)?).map_err(failed)?;
        } else if self.json {
            println!("{}", serde_json::to_string_pretty(&rows(&frame)).unwrap_or_default());
        } else {
            print!("{}", text(&frame)?);
        }
        Ok(())
    }
}

/// The rows as JSON objects.
pub fn rows(frame: &DataFrame) -> Vec<Value> {
    (0..frame.height()).map(|row| Value::Object(object(frame, row))).collect()
}

/// One row as a JSON object; cells without a value are left out.
pub fn object(frame: &DataFrame, row: usize) -> Map<String, Value> {
    let cell = |column: &polars::prelude::Column| {
        let value = json(&column.get(row).ok()?);
        (!value.is_null()).then(|| (column.name().to_string(), value))
    };
    frame.columns().iter().filter_map(cell).collect()
}

fn json(value: &AnyValue<'_>) -> Value {
    match value {
        AnyValue::Boolean(flag) => Value::Bool(*flag),
        AnyValue::UInt32(number) => Value::from(*number),
        AnyValue::UInt64(number) => Value::from(*number),
        AnyValue::Int64(number) => Value::from(*number),
        // As it would be written, and not with the digits that a longer float has in its place.
        AnyValue::Float32(number) => float(number.to_string().parse().unwrap_or(f64::NAN)),
        AnyValue::Float64(number) => float(*number),
        AnyValue::Null => Value::Null,
        AnyValue::Binary(bytes) => Value::String(id(bytes)),
        AnyValue::BinaryOwned(bytes) => Value::String(id(bytes)),
        value => match value.get_str() {
            Some(text) => Value::String(text.to_owned()),
            None => Value::String(value.to_string()),
        },
    }
}

fn float(number: f64) -> Value {
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

fn id(bytes: &[u8]) -> String {
    DocId::from_bytes(bytes).map_or_else(String::new, |id| id.to_string())
}

/// The frame with document ids in hexadecimal digits, as they are written everywhere else.
pub fn with_hex_ids(mut frame: DataFrame) -> Result<DataFrame, Failure> {
    use polars::prelude::{Column, IntoColumn, NewChunkedArray, StringChunked};
    if let Ok(ids) = frame.column("id").and_then(Column::binary) {
        let ids = StringChunked::from_iter_options("id".into(), ids.iter().map(|bytes| bytes.map(id)));
        frame.with_column(ids.into_column()).map_err(failed)?;
    }
    Ok(frame)
}

/// The rows as a table in plain text; whole numbers are grouped, texts are cut.
pub fn plain_table(frame: &DataFrame) -> String {
    let cell = |value: Value| match value {
        Value::Number(number) => match number.as_u64() {
            Some(number) => count(number),
            None => number.as_f64().map_or_else(String::new, |number| format!("{number:.4}")),
        },
        Value::String(text) => shortened(&text, CELL_CHARS),
        Value::Null => String::new(),
        value => value.to_string(),
    };
    let names: Vec<&str> = frame.columns().iter().map(|column| column.name().as_str()).collect();
    let row = |row: usize| {
        let cells = frame.columns().iter().map(|column| column.get(row).map_or(Value::Null, |value| json(&value)));
        cells.map(cell).collect()
    };
    table(&names, &(0..frame.height()).map(row).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::df;

    #[test]
    fn rows_are_shown_as_they_are() {
        let frame = df!(
            "name" => ["a\u{1b}[1m", "b"], "n" => [1_234u32, 2], "share" => [Some(0.1f32), None], "is" => [true, false]
        )
        .unwrap();
        assert_eq!(
            plain_table(&frame),
            "name       n   share     is\na\u{fffd}[1m  1 234  0.1000   true\nb          2          false\n"
        );
        let json = serde_json::to_string(&rows(&frame)).unwrap();
        assert_eq!(json, r#"[{"name":"a\u001b[1m","n":1234,"share":0.1,"is":true},{"name":"b","n":2,"is":false}]"#);
    }
}
