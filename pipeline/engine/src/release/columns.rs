//! The columns of a release, which are those of every file.

use crate::spec::Spec;
use tokenmill_core::MetricKind;
use tokenmill_core::schema::Type;
use tokenmill_store::StoreError;
use tokenmill_store::table::Field;

/// The columns that always are there, with what they mean.
const FIXED: [(&str, Type, &str); 9] = [
    ("id", Type::Text, "document id, 32 hexadecimal digits"),
    ("url", Type::Text, "address as captured"),
    ("date", Type::Label, "date of the capture, RFC 3339 in UTC, or empty"),
    ("language", Type::Label, "language label, or empty"),
    ("kind", Type::Label, "kind of page, or empty"),
    ("title", Type::Text, "title of the page, or empty"),
    ("text", Type::Text, "the text"),
    ("license", Type::Label, "address of the licence that the page names, or empty"),
    ("source", Type::Label, "name of the file that the document was read from"),
];

/// The columns of a release.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// Whether the crawl of each document is known.
    pub has_dump: bool,
    /// Whether tokens have been counted.
    pub has_tokens: bool,
    /// Numbers and labels of steps.
    pub metrics: Vec<Metric>,
}

/// A metric as a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// `step.metric`.
    pub name: String,
    /// Name of the column.
    pub column: String,
    /// Whether it is a label and not a number.
    pub is_label: bool,
}

/// The metrics of a recipe that are wanted as columns.
///
/// # Errors
/// When the recipe has no such metric, or two would have one name.
pub fn metrics(spec: &Spec, wanted: &[String]) -> Result<Vec<Metric>, StoreError> {
    let known: Vec<(String, bool)> = spec
        .steps()
        .flat_map(|step| {
            let of_step = |(metric, kind): (&str, MetricKind)| {
                (format!("{}.{metric}", step.name), !matches!(kind, MetricKind::Number))
            };
            step.metrics().map(of_step).collect::<Vec<_>>()
        })
        .collect();
    let mut chosen: Vec<Metric> = Vec::new();
    for name in wanted {
        let Some((_, is_label)) = known.iter().find(|(known, _)| known == name) else {
            let all: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
            return Err(StoreError::Refused {
                what: format!("no step of the recipe measures `{name}`"),
                hint: format!("it has {}", if all.is_empty() { "no metrics".to_owned() } else { all.join(", ") }),
            });
        };
        let column = name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        let is_taken = FIXED.iter().any(|(fixed, ..)| *fixed == column)
            || ["dump", "n_tokens"].contains(&column.as_str())
            || chosen.iter().any(|metric| metric.column == column);
        if is_taken {
            return Err(StoreError::Refused {
                what: format!("`{name}` would be a second column `{column}`"),
                hint: "name each metric once; a step can have another name in the recipe".to_owned(),
            });
        }
        chosen.push(Metric { name: name.clone(), column, is_label: *is_label });
    }
    Ok(chosen)
}

impl Chosen {
    /// All columns, in order, with what they mean.
    pub fn all(&self) -> Vec<(Field, String)> {
        let field = |name: &str, kind, nullable| Field { name: name.to_owned(), kind, nullable };
        let mut all: Vec<(Field, String)> =
            FIXED.iter().map(|(name, kind, about)| (field(name, *kind, false), (*about).to_owned())).collect();
        if self.has_dump {
            all.push((field("dump", Type::Label, false), "crawl that the document is of, or empty".to_owned()));
        }
        if self.has_tokens {
            all.push((
                field("n_tokens", Type::U32, false),
                "tokens of the text, without begin or end token".to_owned(),
            ));
        }
        for metric in &self.metrics {
            let kind = if metric.is_label { Type::Label } else { Type::F32 };
            all.push((
                field(&metric.column, kind, true),
                format!("`{}`, absent where it was not measured", metric.name),
            ));
        }
        all
    }

    /// The fields of a file.
    pub fn fields(&self) -> Vec<Field> {
        self.all().into_iter().map(|(field, _)| field).collect()
    }

    /// The metrics as the run calls them.
    pub fn metric_names(&self) -> Vec<String> {
        self.metrics.iter().map(|metric| metric.name.clone()).collect()
    }
}

/// The name of a type in the metadata of the Hugging Face library `datasets`.
pub fn dtype(kind: Type) -> &'static str {
    match kind {
        Type::U32 => "uint32",
        Type::U64 => "uint64",
        Type::F32 => "float32",
        Type::Bool => "bool",
        Type::Text | Type::Label | Type::Id | Type::Tokens => "string",
    }
}
