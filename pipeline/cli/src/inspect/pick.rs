//! Which documents of a run one wants to see: the filters that all verbs share, and a sample of what they leave.

use super::frame::failed;
use crate::failure::Failure;
use polars::prelude::{
    BooleanChunked, Column, DataFrame, Expr, IntoColumn, IntoLazy, NewChunkedArray, SortMultipleOptions, UInt64Chunked,
    col, lit,
};
use std::collections::BTreeSet;
use tokenmill_core::hash::hash64;

/// The column that orders a sample.
const LOT: &str = "lot";

/// Filters of documents; one that is given several times wants one of its values, different ones want all at once.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Filters {
    /// Only documents of this language; may be repeated, as all of these
    #[arg(long, value_name = "LANG", help_heading = "Which documents")]
    lang: Vec<String>,
    /// Only documents of this domain and the hosts below it
    #[arg(long, value_name = "DOMAIN", help_heading = "Which documents")]
    domain: Vec<String>,
    /// Only documents of inputs with this in their names
    #[arg(long, value_name = "TEXT", help_heading = "Which documents")]
    source: Vec<String>,
    /// Only documents that this step has removed
    #[arg(long, value_name = "STEP", help_heading = "Which documents")]
    step: Vec<String>,
    /// Only documents that were removed for this reason
    #[arg(long, value_name = "REASON", help_heading = "Which documents")]
    reason: Vec<String>,
    /// Only documents that were kept to the end
    #[arg(long, help_heading = "Which documents", conflicts_with_all = ["gone", "step", "reason"])]
    kept: bool,
    /// Only documents that were removed
    #[arg(long = "gone", help_heading = "Which documents")]
    gone: bool,
    /// Only documents with such a number: `METRIC>=NUMBER`, `<=`, `>`, `<` or `=`; or with such a label: `METRIC=LABEL`
    #[arg(long = "where", value_name = "CONDITION", help_heading = "Which documents")]
    conditions: Vec<Condition>,
}

/// A comparison of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    metric: String,
    sign: &'static str,
    value: String,
}

impl std::str::FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Condition, String> {
        for sign in [">=", "<=", ">", "<", "="] {
            let Some((metric, value)) = text.split_once(sign) else { continue };
            let (metric, value) = (metric.trim().to_owned(), value.trim().to_owned());
            if metric.is_empty() || (sign != "=" && value.parse::<f64>().is_err()) {
                break;
            }
            return Ok(Condition { metric, sign, value });
        }
        Err("a condition is a metric, a sign and a number, such as `filter.length.n_chars<300`".to_owned())
    }
}

impl Condition {
    fn expr(&self) -> Expr {
        let column = col(self.metric.as_str());
        match self.value.parse::<f64>() {
            // Metrics are 32-bit floats, and a limit is compared as one.
            Ok(number) => {
                let number = lit(number as f32);
                match self.sign {
                    ">=" => column.gt_eq(number),
                    "<=" => column.lt_eq(number),
                    ">" => column.gt(number),
                    "<" => column.lt(number),
                    _ => column.eq(number),
                }
            }
            Err(_) => column.eq(lit(self.value.clone())),
        }
    }
}

impl Filters {
    /// The columns that the filters look at.
    pub fn columns(&self) -> BTreeSet<String> {
        let lists = [
            (&self.lang, "lang"),
            (&self.domain, "host"),
            (&self.source, "part"),
            (&self.step, "step"),
            (&self.reason, "reason"),
        ];
        let used = lists.into_iter().filter(|(values, _)| !values.is_empty()).map(|(_, column)| column.to_owned());
        used.chain(self.conditions.iter().map(|condition| condition.metric.clone())).collect()
    }

    /// Whether no filter is given.
    pub fn is_empty(&self) -> bool {
        self.columns().is_empty() && !self.kept && !self.gone
    }

    /// The documents of a frame that are wanted.
    pub fn of(&self, frame: DataFrame) -> Result<DataFrame, Failure> {
        let frame = self.of_sources(frame)?;
        match self.expr() {
            None => Ok(frame),
            Some(expr) => frame.lazy().filter(expr).collect().map_err(failed),
        }
    }

    fn of_sources(&self, frame: DataFrame) -> Result<DataFrame, Failure> {
        if self.source.is_empty() {
            return Ok(frame);
        }
        let parts = frame.column("part").and_then(Column::str).map_err(failed)?;
        let is_meant = |part: &str| self.source.iter().any(|name| part.contains(name.as_str()));
        let mask: BooleanChunked = parts.iter().map(|part| part.is_some_and(is_meant)).collect();
        frame.filter(&mask).map_err(failed)
    }

    fn expr(&self) -> Option<Expr> {
        let is = |column: &'static str, values: &[String]| {
            any(values.iter().map(|value| col(column).eq(lit(value.clone()))))
        };
        let below = |domain: &String| {
            let domain = domain.trim_start_matches("www.").to_ascii_lowercase();
            col("host").eq(lit(domain.clone())).or(col("host").str().ends_with(lit(format!(".{domain}"))))
        };
        let mut all = vec![
            is("lang", &self.lang),
            any(self.domain.iter().map(below)),
            is("step", &self.step),
            is("reason", &self.reason),
            self.kept.then(|| col("kept")),
            self.gone.then(|| col("kept").not()),
        ];
        all.extend(self.conditions.iter().map(|condition| Some(condition.expr())));
        all.into_iter().flatten().reduce(Expr::and)
    }
}

fn any(expressions: impl Iterator<Item = Expr>) -> Option<Expr> {
    expressions.reduce(Expr::or)
}

/// A sample of documents: those with the smallest hashes of seed and id, so it does not depend on the order of anything.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Lots {
    /// Documents to show
    #[arg(short, default_value_t = 5)]
    pub n: usize,
    /// Another seed draws other documents
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl Lots {
    /// Draws at most `n` documents of a frame that has ids, and of what this has drawn before.
    pub fn draw(&self, frame: DataFrame) -> Result<DataFrame, Failure> {
        let frame = self.numbered(frame)?;
        frame.sort([LOT], SortMultipleOptions::default()).map(|frame| frame.head(Some(self.n))).map_err(failed)
    }

    /// Adds the column that the sample goes by.
    pub fn numbered(&self, mut frame: DataFrame) -> Result<DataFrame, Failure> {
        if frame.column(LOT).is_err() {
            let ids = frame.column("id").and_then(Column::binary).map_err(failed)?;
            let lots = ids.iter().map(|id| Some(hash64(self.seed, id.unwrap_or_default())));
            let lots = UInt64Chunked::from_iter_options(LOT.into(), lots);
            frame.with_column(lots.into_column()).map_err(failed)?;
        }
        Ok(frame)
    }

    /// At most `n` documents of every group, in the order of the groups' names.
    pub fn draw_of_each(&self, frame: DataFrame, by: &[String]) -> Result<DataFrame, Failure> {
        let frame = self.numbered(frame)?;
        let keys: Vec<&str> = by.iter().map(String::as_str).chain([LOT]).collect();
        let sorted = frame.sort(keys, SortMultipleOptions::default().with_nulls_last(true)).map_err(failed)?;
        let groups: Vec<Expr> = by.iter().map(|column| col(column.as_str())).collect();
        let heads = sorted.lazy().group_by_stable(groups).head(Some(self.n));
        heads.collect().map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::df;

    fn frame() -> DataFrame {
        let ids: Vec<Vec<u8>> = (0..6u8).map(|n| vec![n; 16]).collect();
        let mut frame = df!(
            "kept" => [true, false, true, true, false, true],
            "lang" => ["en", "de", "en", "fr", "en", "de"],
            "host" => ["a.org", "b.a.org", "ba.org", "c.net", "a.org", ""],
            "part" => ["x/1.warc", "x/1.warc", "x/2.warc", "y/1.warc", "y/1.warc", "y/1.warc"],
            "step" => ["", "s", "", "", "t", ""],
            "reason" => ["", "short", "", "", "long", ""],
            "m.n" => [Some(1.0f32), Some(2.5), None, Some(0.1), Some(5.0), Some(2.5)],
        )
        .unwrap();
        let ids =
            polars::prelude::BinaryChunked::from_slice("id".into(), &ids.iter().map(Vec::as_slice).collect::<Vec<_>>());
        frame.with_column(ids.into_column()).unwrap();
        frame
    }

    fn numbers(frame: &DataFrame) -> Vec<u8> {
        frame.column("id").unwrap().binary().unwrap().iter().map(|id| id.unwrap()[0]).collect()
    }

    fn picked(filters: &Filters) -> Vec<u8> {
        numbers(&filters.of(frame()).unwrap())
    }

    #[test]
    fn filters_of_one_kind_add_up_and_different_ones_must_all_hold() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(picked(&Filters::default()), [0, 1, 2, 3, 4, 5]);
        let en_de = Filters { lang: words(&["en", "de"]), ..Filters::default() };
        assert_eq!(picked(&en_de), [0, 1, 2, 4, 5]);
        assert_eq!(picked(&Filters { gone: true, ..en_de.clone() }), [1, 4]);
        assert_eq!(picked(&Filters { domain: words(&["www.a.org"]), ..Filters::default() }), [0, 1, 4]);
        assert_eq!(picked(&Filters { source: words(&["y/"]), kept: true, ..Filters::default() }), [3, 5]);
        assert_eq!(picked(&Filters { reason: words(&["long"]), ..Filters::default() }), [4]);
        let conditions = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<Condition>>();
        assert_eq!(picked(&Filters { conditions: conditions(&["m.n >= 2.5"]), ..Filters::default() }), [1, 4, 5]);
        assert_eq!(picked(&Filters { conditions: conditions(&["m.n<=0.1"]), ..Filters::default() }), [3]);
        let both = Filters { conditions: conditions(&["m.n>1", "lang=de"]), ..Filters::default() };
        assert_eq!((picked(&both), both.columns().len()), (vec![1, 5], 2));
    }

    #[test]
    fn conditions_are_understood_or_refused() {
        for wrong in ["m.n", ">3", "m.n>many", "m.n!3"] {
            assert!(wrong.parse::<Condition>().is_err(), "{wrong}");
        }
        let label: Condition = "lang.id.label=en".parse().unwrap();
        assert_eq!((label.sign, label.value.as_str()), ("=", "en"));
    }

    #[test]
    fn a_sample_does_not_depend_on_the_order_and_can_be_drawn_bit_by_bit() {
        let lots = Lots { n: 3, seed: 1 };
        let once = numbers(&lots.draw(frame()).unwrap());
        let first = lots.draw(frame().slice(0, 4)).unwrap();
        let all = lots.numbered(frame().slice(4, 2)).unwrap().vstack(&first).unwrap();
        assert_eq!(numbers(&lots.draw(all).unwrap()), once);
        assert_ne!(numbers(&Lots { n: 3, seed: 2 }.draw(frame()).unwrap()), once);
        let of_each = Lots { n: 1, seed: 1 }.draw_of_each(frame(), &["lang".to_owned()]).unwrap();
        let langs = of_each.column("lang").unwrap().str().unwrap().iter().flatten().collect::<Vec<_>>();
        assert_eq!(langs, ["de", "en", "fr"]);
    }
}
