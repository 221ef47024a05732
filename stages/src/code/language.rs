//! `code.language`: says of every file which language it is in and what it is for.

use super::detect;
use super::place::{PARAM, Place};
use super::table::{Kind, LANGUAGES};
use tokenmill_core::catalog::Shape;
use tokenmill_core::combine::{Given, Input};
use tokenmill_core::suggest::suggest;
use tokenmill_core::{
    Assets, BuildError, Combine, Default, Doc, DocField, Entry, Metric, Numbers, Param, Params, Rule, Stage,
};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "code.language",
    version: 1,
    about: "Says of every file of code which language it is in, and whether it is code, markup, data or prose.",
    shape: Shape::Combine,
    needs_text: true,
    costly: false,
    params: &[
        PARAM,
        Param {
            name: "languages",
            default: Default::Texts(&[]),
            about: "languages that are kept, such as `rust`; all when empty",
        },
        Param {
            name: "keep_unknown",
            default: Default::Bool(false),
            about: "whether files are kept of whose language nothing is known",
        },
    ],
    metrics: &[
        Metric::label("language", "language of the file; absent when it is not known"),
        Metric::field("kind", DocField::Kind, "`code`, `markup`, `data` or `prose`; becomes the kind of the document"),
        Metric::field(
            "lang",
            DocField::Lang,
            "`x-` and the language; becomes the language of the document; absent for prose, which has a natural one",
        ),
        Metric::number("is_known", "1 when the language is known, else 0"),
        Metric::number("is_listed", "1 when it is one of `languages`, else 0; absent without a list"),
    ],
    asset_params: &[],
    page: include_str!("../../docs/code/language.md"),
    build,
};

const LANGUAGE: usize = 0;
const KIND: usize = 1;
const LANG: usize = 2;
const IS_KNOWN: usize = 3;
const IS_LISTED: usize = 4;

struct CodeLanguage {
    place: Place,
    languages: Vec<String>,
    rules: Vec<Rule>,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let languages = params.texts("languages").to_vec();
    let known: Vec<&str> = LANGUAGES.iter().map(|language| language.name).collect();
    if let Some(other) = languages.iter().find(|language| !known.contains(&language.as_str())) {
        let error = BuildError::new(format!("`languages`: `{other}` is no language of the table"));
        return Err(error.hint(suggest(other, &known)));
    }
    let limit = |is_on: bool| is_on.then_some(1.0);
    let rules = [
        Rule::at_least("unknown_language", IS_KNOWN, limit(!params.flag("keep_unknown"))),
        Rule::at_least("language_not_listed", IS_LISTED, limit(!languages.is_empty())),
    ];
    let rules = rules.into_iter().flatten().collect();
    Ok(Stage::Combine(Box::new(CodeLanguage { place: Place::new(params), languages, rules })))
}

impl Combine for CodeLanguage {
    fn inputs(&self) -> &[Input] {
        self.place.inputs()
    }

    fn combine(&self, doc: &Doc<'_>, _: &Given<'_>, numbers: &mut Numbers) {
        let found = detect::of(&self.place.of(doc), doc.text());
        if let Some(language) = found {
            numbers.set_label(LANGUAGE, language.name.into());
            numbers.set_label(KIND, language.kind.name().into());
            if language.kind != Kind::Prose {
                numbers.set_label(LANG, format!("x-{}", language.name).into());
            }
        }
        numbers.set(IS_KNOWN, f32::from(found.is_some()));
        if !self.languages.is_empty() {
            let is_listed = found.is_some_and(|found| self.languages.iter().any(|listed| listed == found.name));
            numbers.set(IS_LISTED, f32::from(is_listed));
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

    #[test]
    fn a_misspelt_language_is_suggested() {
        let params = Params::from_table(ENTRY.params, &"languages = [\"pyhton\"]".parse().unwrap()).unwrap();
        let error = build(&params, &MemoryAssets::default()).err().unwrap();
        assert!(error.message.contains("`pyhton`") && error.hint.as_ref().unwrap().contains("python"), "{error:?}");
    }
}
