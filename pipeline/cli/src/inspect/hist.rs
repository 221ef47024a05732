//! `tokenmill inspect hist`: the distribution of a metric, with the limits that the recipe sets to it.

use super::frame::failed;
use super::lives::each_part;
use super::opened::Opened;
use super::pick::Filters;
use super::show::Form;
use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::house::assets;
use crate::log;
use crate::output::{count, percent};
use polars::prelude::{Column, DataFrame, df};
use std::fmt::Write;
use std::process::ExitCode;
use tokenmill_core::rule::Keep;
use tokenmill_engine::rejudge::{params_for, rules};

/// Columns of a full bar.
const BAR: usize = 50;
/// Most bars.
const MOST_BINS: usize = 1_000;

/// The distribution of a metric on the terminal, with its limits drawn
#[derive(clap::Args)]
#[command(after_help = "\
Of labels, the most frequent ones are counted. Documents that the step did not see have no number; they are counted apart.

Example:
  tokenmill inspect hist runs/quickstart filter.length.n_chars --log-scale")]
pub struct Args {
    /// The run directory
    run: String,
    /// The metric, as `step.metric`
    metric: String,
    /// Bars
    #[arg(long, default_value_t = 20)]
    bins: usize,
    /// Let each bar be a multiple of the one before, for numbers of very different size
    #[arg(long)]
    log_scale: bool,
    /// The smallest number that is drawn [default: the smallest there is]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    from: Option<f64>,
    /// The largest number that is drawn [default: the largest there is]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    to: Option<f64>,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    form: Form,
}

/// Counts and draws.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    if args.bins == 0 || args.bins > MOST_BINS {
        return Err(Failure::usage(format!("`--bins` is a number from 1 to {MOST_BINS}")));
    }
    let run = Opened::open(&args.run)?;
    let filtered = args.filters.columns();
    let chosen = run.choose([args.metric.as_str()].into_iter().chain(filtered.iter().map(String::as_str)))?;
    if !run.metrics().any(|metric| metric == args.metric) {
        return Err(Failure::usage(format!("`{}` is no metric", args.metric)).hint("a metric is named `step.metric`"));
    }
    let spans =
        each_part(&run, &chosen, |_| Span::default(), |span, frame| span.add(&args.filters.of(frame)?, &args.metric))?;
    let span = spans.into_iter().reduce(Span::with).unwrap_or_default();
    if span.is_label {
        return labels(args, &run, &chosen);
    }
    if span.n == 0 {
        println!("no document that is meant has a `{}`", args.metric);
        return Ok(ExitCode::from(FOUND_PROBLEMS));
    }
    let limits = limits(args, &run);
    let scale = Scale::of(args, &span)?;
    let counts = each_part(
        &run,
        &chosen,
        |_| vec![0u64; args.bins + 2],
        |bins, frame| {
            let frame = args.filters.of(frame)?;
            let values = frame.column(&args.metric).and_then(Column::f32).map_err(failed)?;
            values.iter().flatten().for_each(|value| bins[scale.bin(value)] += 1);
            Ok(())
        },
    )?;
    let bins = counts.into_iter().fold(vec![0u64; args.bins + 2], |mut sum, part| {
        sum.iter_mut().zip(part).for_each(|(sum, n)| *sum += n);
        sum
    });
    let from: Vec<f64> = (0..args.bins).map(|bin| scale.edge(bin)).collect();
    let to: Vec<f64> = (0..args.bins).map(|bin| scale.edge(bin + 1)).collect();
    let frame = df!("from" => &from, "to" => &to, "documents" => &bins[1..=args.bins]).map_err(failed)?;
    args.form.show(frame, |_| Ok(draw(args, &span, &scale, &bins, &limits)))?;
    Ok(ExitCode::SUCCESS)
}

/// How far the numbers reach, and how many there are.
#[derive(Default)]
struct Span {
    n: u64,
    n_absent: u64,
    least: Option<f32>,
    most: Option<f32>,
    is_label: bool,
}

impl Span {
    fn add(&mut self, frame: &DataFrame, metric: &str) -> Result<(), Failure> {
        let column = frame.column(metric).map_err(failed)?;
        let Ok(values) = column.f32() else {
            self.is_label = true;
            return Ok(());
        };
        for value in values.iter() {
            match value {
                Some(value) => {
                    self.n += 1;
                    self.least = Some(self.least.map_or(value, |least| least.min(value)));
                    self.most = Some(self.most.map_or(value, |most| most.max(value)));
                }
                None => self.n_absent += 1,
            }
        }
        Ok(())
    }

    fn with(self, other: Span) -> Span {
        let both = |a: Option<f32>, b: Option<f32>, pick: fn(f32, f32) -> f32| match (a, b) {
            (Some(a), Some(b)) => Some(pick(a, b)),
            (a, b) => a.or(b),
        };
        Span {
            n: self.n + other.n,
            n_absent: self.n_absent + other.n_absent,
            least: both(self.least, other.least, f32::min),
            most: both(self.most, other.most, f32::max),
            is_label: self.is_label || other.is_label,
        }
    }
}

/// Where bars begin and end.
struct Scale {
    from: f64,
    to: f64,
    bins: usize,
    is_log: bool,
}

impl Scale {
    fn of(args: &Args, span: &Span) -> Result<Scale, Failure> {
        let from = args.from.unwrap_or(f64::from(span.least.unwrap_or(0.0)));
        let to = args.to.unwrap_or(f64::from(span.most.unwrap_or(0.0)));
        if from > to {
            return Err(
                Failure::usage(format!("nothing lies between {from} and {to}")).hint("`--from` is the smaller one")
            );
        }
        // Nothing has a logarithm at 0: the first bar of counts is then that of the numbers below 1.
        let from = if args.log_scale && from <= 0.0 { to.min(1.0) } else { from };
        if args.log_scale && from <= 0.0 {
            return Err(Failure::usage("`--log-scale` is for numbers above 0"));
        }
        Ok(Scale { from, to, bins: args.bins, is_log: args.log_scale })
    }

    /// The number at which a bar begins.
    fn edge(&self, bin: usize) -> f64 {
        let share = bin as f64 / self.bins as f64;
        match self.is_log {
            true => self.from * (self.to / self.from).powf(share),
            false => self.from + (self.to - self.from) * share,
        }
    }

    /// Which bar a number belongs to, from 1; 0 is what is smaller than all, the last what is larger.
    fn bin(&self, value: f32) -> usize {
        let value = f64::from(value);
        if value < self.from || value.is_nan() {
            return 0;
        }
        if value > self.to {
            return self.bins + 1;
        }
        let share = match self.is_log {
            true => (value / self.from).ln() / (self.to / self.from).ln(),
            false => (value - self.from) / (self.to - self.from),
        };
        // All numbers may be the same, and then there is no share.
        1 + ((if share.is_nan() { 0.0 } else { share } * self.bins as f64) as usize).min(self.bins - 1)
    }
}

/// A limit of a rule: where it lies, for which language, and what it keeps.
struct Limit {
    at: f32,
    says: String,
}

/// What the recipe demands of the metric. A stage whose model cannot be read has none that could be drawn.
fn limits(args: &Args, run: &Opened) -> Vec<Limit> {
    let found = || -> Result<Vec<Limit>, Failure> {
        let assets = assets()?;
        let mut limits = Vec::new();
        for step in run.recipe().steps() {
            let Some(name) = args.metric.strip_prefix(&step.name).and_then(|rest| rest.strip_prefix('.')) else {
                continue;
            };
            let Some(metric) = step.entry.metrics.iter().position(|metric| metric.name == name) else { continue };
            for lang in std::iter::once(None).chain(step.by_lang.keys().map(Some)) {
                let of_lang = lang.map(|lang| format!(" for `{lang}`")).unwrap_or_default();
                for rule in rules(step, params_for(step, lang), &assets)?.iter().filter(|rule| rule.metric == metric) {
                    let mut add = |at: f32, word: &str| {
                        limits.push(Limit { at, says: format!("{}: {word} {at} is kept{of_lang}", rule.reason) });
                    };
                    match rule.keep {
                        Keep::AtLeast(low) => add(low, "at least"),
                        Keep::AtMost(high) => add(high, "at most"),
                        Keep::Within(low, high) => {
                            add(low, "at least");
                            add(high, "at most");
                        }
                        Keep::IsFalse => add(0.0, "only"),
                    }
                }
            }
        }
        Ok(limits)
    };
    found().unwrap_or_else(|failure| {
        log::note(&format!("limits are not drawn: {}", failure.message()));
        Vec::new()
    })
}

fn draw(args: &Args, span: &Span, scale: &Scale, bins: &[u64], limits: &[Limit]) -> String {
    let mut out = format!("{}: {} documents", args.metric, count(span.n));
    // Writing to a String cannot fail, here and below.
    if span.n_absent > 0 {
        let _ = write!(out, ", {} without", count(span.n_absent));
    }
    out.push('\n');
    let most = bins[1..=args.bins].iter().copied().max().unwrap_or(0).max(1);
    let edges: Vec<String> = (0..args.bins).map(|bin| edge(scale.edge(bin))).collect();
    let width = edges.iter().map(String::len).max().unwrap_or(0);
    let line = |out: &mut String, name: &str, n: u64| {
        let bar = "#".repeat((n as f64 / most as f64 * BAR as f64).ceil() as usize);
        let _ = writeln!(out, "{name:>width$} {bar:<BAR$} {:>10} {:>8}", count(n), percent(n, span.n));
    };
    let beyond = |out: &mut String, name: &str, n: u64| {
        if n > 0 {
            let _ = writeln!(out, "{name:>width$} {:<BAR$} {:>10} {:>8}", "", count(n), percent(n, span.n));
        }
    };
    beyond(&mut out, "less", bins[0]);
    for bin in 0..args.bins {
        let is_here = |limit: &&Limit| scale.bin(limit.at) == bin + 1;
        for limit in limits.iter().filter(is_here) {
            let _ = writeln!(out, "{:>width$} {:-<BAR$} {}", "", "", limit.says);
        }
        line(&mut out, &edges[bin], bins[bin + 1]);
    }
    beyond(&mut out, "more", bins[args.bins + 1]);
    for limit in limits.iter().filter(|limit| [0, args.bins + 1].contains(&scale.bin(limit.at))) {
        let _ = writeln!(out, "beyond what is drawn: {}", limit.says);
    }
    out
}

/// An edge in as many digits as tell it from the next.
fn edge(number: f64) -> String {
    match number.abs() {
        size if size >= 100.0 => format!("{number:.0}"),
        size if size >= 1.0 => format!("{number:.2}"),
        _ => format!("{number:.4}"),
    }
}

/// The labels by frequency.
fn labels(args: &Args, run: &Opened, chosen: &super::opened::Chosen) -> Result<ExitCode, Failure> {
    use polars::prelude::{IntoLazy, SortMultipleOptions, col, len};
    let summed = |frame: DataFrame| {
        frame.lazy().group_by([col("label")]).agg([col("documents").sum()]).collect().map_err(failed)
    };
    let parts = each_part(
        run,
        chosen,
        |_| None,
        |sum: &mut Option<DataFrame>, frame| {
            let counted = args.filters.of(frame)?.lazy().group_by([col(args.metric.as_str()).alias("label")]);
            let counted = counted.agg([len().cast(polars::prelude::DataType::UInt64).alias("documents")]).collect();
            *sum = super::frame::stacked(sum.take().into_iter().chain([counted.map_err(failed)?]))?
                .map(summed)
                .transpose()?;
            Ok(())
        },
    )?;
    let Some(all) = super::frame::stacked(parts.into_iter().flatten())?.map(summed).transpose()? else {
        println!("no document that is meant has a `{}`", args.metric);
        return Ok(ExitCode::from(FOUND_PROBLEMS));
    };
    let options = SortMultipleOptions::default().with_order_descending_multi([true, false]).with_nulls_last(true);
    let sorted = all.sort(["documents", "label"], options).map_err(failed)?.head(Some(args.bins));
    args.form.show(sorted, |frame| Ok(super::show::plain_table(frame)))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_its_bar() {
        let scale = Scale { from: 0.0, to: 10.0, bins: 5, is_log: false };
        assert_eq!([-1.0, 0.0, 1.9, 2.0, 10.0, 10.1, f32::NAN].map(|value| scale.bin(value)), [0, 1, 1, 2, 5, 6, 0]);
        let scale = Scale { from: 1.0, to: 1_000.0, bins: 3, is_log: true };
        assert_eq!([0.5, 1.0, 9.9, 11.0, 999.0, 1_000.0, 2_000.0].map(|value| scale.bin(value)), [0, 1, 1, 2, 3, 3, 4]);
        assert!((scale.edge(1) - 10.0).abs() < 1e-9);
        let scale = Scale { from: 4.0, to: 4.0, bins: 3, is_log: false };
        assert_eq!(scale.bin(4.0), 1);
    }

    #[test]
    fn spans_add_up() {
        let span = |values: &[Option<f32>]| {
            let mut span = Span::default();
            span.add(&df!("m" => values).unwrap(), "m").unwrap();
            span
        };
        let both = span(&[Some(3.0), None]).with(span(&[])).with(span(&[Some(-1.0)]));
        assert_eq!((both.n, both.n_absent, both.least, both.most), (2, 1, Some(-1.0), Some(3.0)));
    }
}
