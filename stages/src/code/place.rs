//! The path of a file in its repository, wherever the source says it.

use crate::filter::expr::extra;
use tokenmill_core::combine::{Input, Need};
use tokenmill_core::{Default, Doc, Param, Params};

/// The parameter that names the column with the path.
pub const PARAM: Param = Param {
    name: "path",
    default: Default::Text("path"),
    about: "extra column that has the path of the file; where a document has none, or with \"\", the path of its URL counts",
};

/// Finds the path of a document.
pub struct Place {
    inputs: Vec<Input>,
    columns: Vec<Vec<String>>,
}

impl Place {
    /// Reads the parameter.
    pub fn new(params: &Params) -> Place {
        let column = params.text(PARAM.name);
        let names = Some(column.to_owned()).filter(|column| !column.is_empty());
        let input = |column: String| Input { span: 0..column.len(), need: Need::Extra(column), param: PARAM.name };
        Place {
            columns: names.iter().map(|column| vec![column.clone()]).collect(),
            inputs: names.into_iter().map(input).collect(),
        }
    }

    /// What the stage asks for.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The path of a document, without a `/` at its beginning.
    pub fn of(&self, doc: &Doc<'_>) -> String {
        let mut found = Vec::new();
        extra::find(&doc.document().extra, &self.columns, &mut found);
        let column = found.first().and_then(extra::Found::text);
        column.unwrap_or_else(|| of_url(doc.url())).trim_start_matches('/').to_owned()
    }
}

fn of_url(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    rest.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::{Analysis, Document};

    #[test]
    fn the_column_counts_before_the_url() {
        let place = Place::new(&Params::defaults(&[PARAM]));
        let of = |extra: &str, url: &str| {
            let document = Document { extra: extra.into(), url: url.into(), ..Document::default() };
            place.of(&Doc::new(&document, &Analysis::default()))
        };
        assert_eq!(of("{\"repo\":\"r\",\"path\":\"/a/b.py\"}", "https://h/x.rs"), "a/b.py");
        assert_eq!(of("{\"path\":5}", "https://h/o/r/x.rs?raw=1#L3"), "o/r/x.rs");
        assert_eq!(of("", "https://h"), "");
        assert_eq!(of("", ""), "");
        assert!(place.inputs().len() == 1);
    }
}
