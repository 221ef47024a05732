//! `url.ranking`: the score that a table gives to the domain of a document.

use super::domain_map::{Builder, DomainMap};
use super::host::{listed_host, normal_host};
use super::list_lines::each_line;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokenmill_core::catalog::Shape;
use tokenmill_core::{Assets, BuildError, Default, Doc, Entry, Measure, Metric, Numbers, Param, Params, Rule, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "url.ranking",
    version: 1,
    about: "Judges a document by the score that a table gives to its domain.",
    shape: Shape::Measure,
    needs_text: false,
    costly: false,
    params: &[
        Param {
            name: "file",
            default: Default::Text(""),
            about: "a table with a domain, its score and perhaps a category on each line, divided by tabs or commas",
        },
        Param {
            name: "rows",
            default: Default::Texts(&[]),
            about: "rows that come before those of the file, as in `example.org,0.9,spam`",
        },
        Param { name: "min_score", default: Default::NoLimit, about: "score, at least; for scores of trust" },
        Param { name: "max_score", default: Default::NoLimit, about: "score, at most; for scores of harm" },
    ],
    metrics: &[
        Metric::number(
            "score",
            "score of the longest listed domain that the host is or lies under; absent without one",
        ),
        Metric::label("domain", "that domain"),
        Metric::label("category", "its category; absent when its row has none"),
    ],
    asset_params: &["file"],
    page: include_str!("../../docs/url/ranking.md"),
    build,
};

const SCORE: usize = 0;
const DOMAIN: usize = 1;
const CATEGORY: usize = 2;

/// What a table says of a domain: its score and the number of its category, of which 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Row {
    score: f32,
    category: u16,
}

struct Ranking {
    domains: DomainMap<Row>,
    /// Category `n` stands at `n - 1`.
    categories: Vec<Arc<str>>,
    rules: Vec<Rule>,
}

fn build(params: &Params, assets: &dyn Assets) -> Result<Stage, BuildError> {
    let mut table = Table::default();
    if let Some(row) = params.texts("rows").iter().find(|row| !table.add(row)) {
        let message = format!("`rows`: `{}` is no row", row.escape_debug());
        return Err(BuildError::new(message).hint("write `example.org,0.9` or `example.org,0.9,category`"));
    }
    let file = params.text("file");
    if !file.is_empty() {
        let mut is_first = true;
        each_line(file, &assets.bytes(file)?, "rows of a domain and its score", |row| {
            let is_header = std::mem::take(&mut is_first) && is_header(row);
            is_header || table.add(row)
        })?;
    }
    let rules = [
        Rule::at_least("domain_score_too_low", SCORE, params.limit("min_score")),
        Rule::at_most("domain_score_too_high", SCORE, params.limit("max_score")),
    ];
    Ok(Stage::Measure(Box::new(Ranking {
        domains: table.domains.build(),
        categories: table.categories,
        rules: rules.into_iter().flatten().collect(),
    })))
}

/// A table that is read.
#[derive(Default)]
struct Table {
    domains: Builder<Row>,
    categories: Vec<Arc<str>>,
    /// Numbers of categories, from 1.
    numbers: BTreeMap<Arc<str>, u16>,
}

impl Table {
    /// Adds a row, and says whether it is one.
    fn add(&mut self, row: &str) -> bool {
        let mut fields = fields(row);
        let (Some(domain), Some(score)) = (fields.next(), fields.next()) else { return false };
        let (Some(domain), Some(score)) = (listed_host(domain), number(score)) else { return false };
        let Some(category) = self.category(fields.next().unwrap_or("")) else { return false };
        self.domains.add(&domain, Row { score, category });
        true
    }

    /// The number of a category; there is room for 65,535.
    fn category(&mut self, name: &str) -> Option<u16> {
        if name.is_empty() {
            return Some(0);
        }
        if let Some(number) = self.numbers.get(name) {
            return Some(*number);
        }
        let number = u16::try_from(self.categories.len() + 1).ok()?;
        let name: Arc<str> = name.into();
        self.categories.push(name.clone());
        self.numbers.insert(name, number);
        Some(number)
    }
}

/// The fields of a row, without spaces and quotation marks around them.
fn fields(row: &str) -> impl Iterator<Item = &str> {
    let divider = if row.contains('\t') { '\t' } else { ',' };
    row.split(divider).map(|field| field.trim().trim_matches('"').trim())
}

fn number(field: &str) -> Option<f32> {
    field.parse().ok().filter(|number: &f32| number.is_finite())
}

/// Whether a row names the columns: its second field is no number and its first no name with a dot.
fn is_header(row: &str) -> bool {
    let mut fields = fields(row);
    let is_title = |field: &str| !field.is_empty() && !field.contains('.') && number(field).is_none();
    fields.next().is_some_and(is_title) && fields.next().is_some_and(is_title)
}

impl Measure for Ranking {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        let host = normal_host(doc.host());
        let Some((domain, row)) = self.domains.longest(&host) else { return };
        numbers.set(SCORE, row.score);
        numbers.set_label(DOMAIN, domain.into());
        let category = usize::from(row.category).checked_sub(1).and_then(|at| self.categories.get(at));
        if let Some(category) = category {
            numbers.set_label(CATEGORY, category.clone());
        }
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::assets::MemoryAssets;
    use tokenmill_core::spec::Value;

    fn with_file(content: &str) -> Result<Stage, BuildError> {
        let assets = MemoryAssets([("table".to_owned(), content.as_bytes().into())].into());
        let mut params = Params::defaults(ENTRY.params);
        params.set("file", Value::Text("table".to_owned()));
        params.set("rows", Value::Texts(vec!["first.example, 7".to_owned()]));
        build(&params, &assets)
    }

    type Ranked = Option<(f32, String, Option<String>)>;

    fn ranked(stage: &Stage, url: &str) -> Ranked {
        let document = tokenmill_core::Document { url: url.to_owned(), ..tokenmill_core::Document::default() };
        let mut numbers = Numbers::new(ENTRY.metrics.len());
        let Stage::Measure(stage) = stage else { panic!("a measure") };
        stage.measure(&Doc::new(&document, &tokenmill_core::Analysis::default()), &mut numbers);
        let category = numbers.label(CATEGORY).map(str::to_owned);
        Some((numbers.get(SCORE)?, numbers.label(DOMAIN).unwrap().to_owned(), category))
    }

    #[test]
    fn tables_with_tabs_or_commas_with_or_without_titles() {
        let rows = "# made\nspam.example\t0.5\tspam\nGood.spam.example\t-1e-2\nfirst.example\t8\tx\n";
        for table in [
            rows.to_owned(),
            format!("domain\tscore\tcategory\n{rows}"),
            rows.replace('\t', ", "),
            format!("\"domain\",\"score\"\r\n{}", rows.replace('\t', "\",\"").replace('\n', "\"\r\n\"") + "a.b\",1"),
        ] {
            let stage = with_file(&table).unwrap();
            for (url, expected) in [
                ("http://WWW.spam.example./x", Some((0.5, "spam.example", Some("spam")))),
                ("http://a.good.spam.example", Some((-0.01, "good.spam.example", None))),
                ("http://first.example", Some((7.0, "first.example", None))),
                ("http://example/", None),
                ("", None),
            ] {
                let expected =
                    expected.map(|(score, domain, category)| (score, domain.to_owned(), category.map(str::to_owned)));
                assert_eq!(ranked(&stage, url), expected, "{url}: {table}");
            }
        }
    }

    #[test]
    fn files_that_are_no_tables_are_errors() {
        for table in ["a.b", "a.b,x", "a.b,nan", "a b,1", "a.b;1", "domain,score\ndomain,score", ",", "1,google.com"] {
            assert!(with_file(table).is_err(), "{table}");
        }
        assert!(with_file("").is_ok());
    }

    #[test]
    fn categories_run_out() {
        let table: String = (0..65_536).map(|i| format!("d{i}.example,1,c{i}\n")).collect();
        let stage = with_file(&table).unwrap();
        assert_eq!(ranked(&stage, "http://d65534.example").unwrap().2.as_deref(), Some("c65534"));
        assert_eq!(ranked(&stage, "http://d65535.example"), None);
    }
}
