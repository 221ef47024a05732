//! `filter.code_license`: keeps documents whose licence is of a kind that one wants.

use tokenmill_core::catalog::Shape;
use tokenmill_core::combine::{Given, Input, Need};
use tokenmill_core::license::LicenseType;
use tokenmill_core::suggest::suggest;
use tokenmill_core::{Assets, BuildError, Combine, Default, Doc, Entry, Metric, Numbers, Param, Params, Rule, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "filter.code_license",
    version: 1,
    about: "Keeps documents whose licence, an SPDX expression, is of a wanted type: by default permissive ones.",
    shape: Shape::Combine,
    needs_text: false,
    costly: false,
    params: &[
        Param {
            name: "types",
            default: Default::Texts(&["permissive"]),
            about: "types that are kept: `permissive`, `copyleft`, `unknown`, `restricted`, `none`",
        },
        Param {
            name: "licenses",
            default: Default::Texts(&[]),
            about: "SPDX expressions that are kept besides, such as `MPL-2.0`",
        },
        Param {
            name: "column",
            default: Default::Text(""),
            about: "extra column that has the licence, or a list of licences that all hold; the column `license` when empty",
        },
    ],
    metrics: &[
        Metric::label("license", "SPDX expression; absent when there is none"),
        Metric::label("license_type", "its type"),
        Metric::number("has_license", "1 when there is a licence, else 0; absent when `types` has `none`"),
        Metric::number("is_wanted", "1 when type or licence are listed, else 0"),
    ],
    asset_params: &[],
    page: include_str!("../../docs/filter/code_license.md"),
    build,
};

const LICENSE: usize = 0;
const LICENSE_TYPE: usize = 1;
const HAS_LICENSE: usize = 2;
const IS_WANTED: usize = 3;

struct CodeLicense {
    inputs: Vec<Input>,
    column: String,
    types: Vec<LicenseType>,
    licenses: Vec<String>,
    rules: Vec<Rule>,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let known = LicenseType::ALL.map(LicenseType::name);
    let mut types = Vec::new();
    for name in params.texts("types") {
        let found = LicenseType::ALL.into_iter().find(|known| known.name() == name);
        types.push(found.ok_or_else(|| {
            BuildError::new(format!("`types`: there is no type `{name}`")).hint(suggest(name, &known))
        })?);
    }
    let column = params.text("column").to_owned();
    let input = Input { need: Need::Extra(column.clone()), param: "column", span: 0..column.len() };
    let inputs = if column.is_empty() { Vec::new() } else { vec![input] };
    let rules = [("no_license", HAS_LICENSE), ("license_not_wanted", IS_WANTED)];
    let rules = rules.into_iter().filter_map(|(reason, metric)| Rule::at_least(reason, metric, Some(1.0))).collect();
    let licenses = params.texts("licenses").to_vec();
    Ok(Stage::Combine(Box::new(CodeLicense { inputs, column, types, licenses, rules })))
}

impl CodeLicense {
    fn license(&self, doc: &Doc<'_>) -> String {
        if self.column.is_empty() {
            return doc.document().license.clone();
        }
        let extra: serde_json::Value = serde_json::from_str(&doc.document().extra).unwrap_or_default();
        match &extra[self.column.as_str()] {
            serde_json::Value::String(license) => license.clone(),
            serde_json::Value::Array(licenses) => {
                let all: Vec<&str> = licenses.iter().filter_map(serde_json::Value::as_str).collect();
                // Only what is an expression of its own needs brackets.
                let one = |one: &&str| if one.contains([' ', '/']) { format!("({one})") } else { (*one).to_owned() };
                if let [one] = all[..] { one.to_owned() } else { all.iter().map(one).collect::<Vec<_>>().join(" AND ") }
            }
            _ => String::new(),
        }
    }
}

impl Combine for CodeLicense {
    fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    fn combine(&self, doc: &Doc<'_>, _: &Given<'_>, numbers: &mut Numbers) {
        let license = self.license(doc);
        let found = LicenseType::of(&license);
        if !license.is_empty() {
            numbers.set_label(LICENSE, license.as_str().into());
        }
        numbers.set_label(LICENSE_TYPE, found.name().into());
        if !self.types.contains(&LicenseType::None) {
            numbers.set(HAS_LICENSE, f32::from(found != LicenseType::None));
        }
        let is_listed = self.licenses.iter().any(|listed| listed.eq_ignore_ascii_case(&license));
        numbers.set(IS_WANTED, f32::from(is_listed || self.types.contains(&found)));
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::assets::MemoryAssets;

    #[test]
    fn a_misspelt_type_is_suggested() {
        let params = Params::from_table(ENTRY.params, &"types = [\"permisive\"]".parse().unwrap()).unwrap();
        let error = build(&params, &MemoryAssets::default()).err().unwrap();
        assert!(error.hint.as_ref().unwrap().contains("permissive"), "{error:?}");
    }
}
