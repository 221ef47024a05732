//! `tokenmill inspect removed`: documents that were removed, those first that came nearest to staying.

use super::frame::{failed, stacked};
use super::lives::each_part;
use super::opened::Opened;
use super::pick::{Filters, Lots};
use super::sample::{SHOWN, read};
use super::show::Form;
use super::stored::{NEEDED, PART, look_up, with_part};
use crate::failure::{FOUND_PROBLEMS, Failure};
use polars::prelude::{DataFrame, Expr, IntoLazy, SortMultipleOptions, col, lit, when};
use std::process::ExitCode;

/// The column that they are ordered by: how far the number is from the limit, as a share of the limit.
const DISTANCE: &str = "distance";

/// Removed documents; with `--near-limit`, those that missed their limit by least: the ones to argue about
#[derive(clap::Args)]
#[command(after_help = "\
The distance to a limit is told as a share of the limit, so that limits of different size can be compared.

Example:
  tokenmill inspect removed runs/quickstart --reason gopher_short_doc --near-limit -n 3")]
pub struct Args {
    /// The run directory
    run: String,
    /// Only documents that broke a limit, the nearest first
    #[arg(long)]
    near_limit: bool,
    /// Characters of a text that are shown
    #[arg(long, default_value_t = 400)]
    chars: usize,
    #[command(flatten)]
    lots: Lots,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    form: Form,
}

/// Finds and prints.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let run = Opened::open(&args.run)?;
    let filtered = args.filters.columns();
    let chosen = run.choose(SHOWN.into_iter().chain(NEEDED).chain(filtered.iter().map(String::as_str)))?;
    let first = |frame: DataFrame| match args.near_limit {
        false => args.lots.draw(frame),
        true => {
            let sorted = args.lots.numbered(frame)?.sort([DISTANCE, "lot"], SortMultipleOptions::default());
            Ok(sorted.map_err(failed)?.head(Some(args.lots.n)))
        }
    };
    let parts = each_part(
        &run,
        &chosen,
        |part| (part, None),
        |(part, found): &mut (usize, Option<DataFrame>), frame| {
            let mut frame = frame.lazy().filter(col("kept").not());
            if args.near_limit {
                frame = frame.with_column(distance().alias(DISTANCE)).filter(col(DISTANCE).is_not_null());
            }
            let frame = args.filters.of(frame.collect().map_err(failed)?)?;
            let frame = args.lots.numbered(with_part(frame, *part)?)?;
            *found = stacked(found.take().into_iter().chain([frame]))?.map(first).transpose()?;
            Ok(())
        },
    )?;
    let found = stacked(parts.into_iter().filter_map(|(_, found)| found))?.map(first).transpose()?;
    let Some(found) = found.filter(|found| found.height() > 0) else {
        println!("no removed document is like that");
        return Ok(ExitCode::from(FOUND_PROBLEMS));
    };
    let frame = look_up(&run, found)?.drop_many(["lot", PART]);
    args.form.show(frame, |frame| Ok(read(frame, &[], &[], args.chars)))?;
    Ok(ExitCode::SUCCESS)
}

/// How far the value is from the limit, as a share of the limit, or as it is where the limit is 0; null without either.
fn distance() -> Expr {
    let apart = absolute(col("value") - col("limit"));
    when(col("limit").eq(lit(0.0f32))).then(apart.clone()).otherwise(apart / absolute(col("limit")))
}

fn absolute(number: Expr) -> Expr {
    when(number.clone().lt(lit(0.0f32))).then(-number.clone()).otherwise(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::df;

    #[test]
    fn distances_are_shares_of_the_limit() {
        let frame = df!(
            "value" => [Some(90.0f32), Some(0.3), Some(2.0), None], "limit" => [Some(100.0f32), Some(0.2), Some(0.0), None]
        );
        let found = frame.unwrap().lazy().select([distance().alias(DISTANCE)]).collect().unwrap();
        let found: Vec<Option<f32>> = found.column(DISTANCE).unwrap().f32().unwrap().iter().collect();
        let rounded: Vec<Option<i32>> =
            found.iter().map(|share| share.map(|share| (share * 100.0).round() as i32)).collect();
        assert_eq!(rounded, [Some(10), Some(50), Some(200), None]);
    }
}
