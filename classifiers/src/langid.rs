//! `lang.id`: the language of a document, by a fastText model.

use crate::fasttext::{Model, Scratch};
use crate::{script, shared};
use std::cell::RefCell;
use std::sync::Arc;
use tokenmill_core::catalog::Shape;
use tokenmill_core::{
    Assets, BuildError, Default, Doc, DocField, Entry, Measure, Metric, Numbers, Param, Params, Rule, Stage,
};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "lang.id",
    version: 2,
    about: "Identifies the language with a fastText model and keeps documents of which it is sure.",
    shape: Shape::Measure,
    needs_text: true,
    costly: false,
    params: &[
        Param {
            name: "model",
            default: Default::Text("lid.176.ftz"),
            about: "a fastText classifier: an asset, a path or `https://…#sha256=…`",
        },
        Param {
            name: "min_score",
            default: Default::Limit(0.5),
            about: "probability of the language, at least; ccNet has 0.5, FineWeb 0.65",
        },
        Param {
            name: "languages",
            default: Default::Texts(&[]),
            about: "languages to keep, as the model names them; all when empty",
        },
        Param { name: "max_bytes", default: Default::Int(16_384), about: "bytes of text looked at, from its start" },
    ],
    metrics: &[
        Metric::field("lang", DocField::Lang, "the likeliest language; absent when the model has no opinion"),
        Metric::number("score", "its probability, up to 1.00001; 0 when the model has no opinion"),
        Metric::number("is_listed", "1 when the language is one of `languages`, else 0; absent without a list"),
        Metric::label(
            "script",
            "ISO 15924 code of the script that most letters are of, such as `Latn`; absent without letters",
        ),
    ],
    asset_params: &["model"],
    page: include_str!("../docs/lang/id.md"),
    build,
};

const LANG: usize = 0;
const SCORE: usize = 1;
const IS_LISTED: usize = 2;
const SCRIPT: usize = 3;

struct LangId {
    model: Arc<Model>,
    /// The labels without their prefix.
    languages: Vec<Arc<str>>,
    /// Whether each label is in the list; empty without a list.
    listed: Vec<bool>,
    max_bytes: usize,
    rules: Vec<Rule>,
}

fn build(params: &Params, assets: &dyn Assets) -> Result<Stage, BuildError> {
    let name = params.text("model");
    let model = shared::model(name, assets)?;
    let languages = model.label_names();
    let wanted = params.texts("languages");
    if let Some(unknown) = wanted.iter().find(|wanted| !languages.iter().any(|known| **known == ***wanted)) {
        let error = BuildError::new(format!("model `{name}` knows no language `{unknown}`"));
        return Err(error.hint(format!("it knows {}", all_of(&languages))));
    }
    let max_bytes = params.size("max_bytes")?;
    if max_bytes == 0 {
        return Err(BuildError::new("`max_bytes` must not be `0`").hint("leave it out for the default"));
    }
    let is_listed = |language: &Arc<str>| wanted.iter().any(|wanted| **wanted == **language);
    let listed = if wanted.is_empty() { Vec::new() } else { languages.iter().map(is_listed).collect() };
    let rules = [
        Rule::at_least("language_not_listed", IS_LISTED, (!wanted.is_empty()).then_some(1.0)),
        Rule::at_least("uncertain_language", SCORE, params.limit("min_score")),
    ];
    let rules = rules.into_iter().flatten().collect();
    Ok(Stage::Measure(Box::new(LangId { model, languages, listed, max_bytes, rules })))
}

fn all_of(languages: &[Arc<str>]) -> String {
    let mut sorted: Vec<&str> = languages.iter().map(|language| &**language).collect();
    sorted.sort_unstable();
    sorted.iter().map(|language| format!("`{language}`")).collect::<Vec<_>>().join(", ")
}

impl Measure for LangId {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        thread_local! {
            static SCRATCH: RefCell<Scratch> = RefCell::default();
        }
        let text = doc.text();
        let head = &text[..text.floor_char_boundary(self.max_bytes)];
        let best =
            SCRATCH.with_borrow_mut(|scratch| self.model.predict(head.as_bytes(), 1, 0.0, scratch).first().copied());
        numbers.set(SCORE, best.map_or(0.0, |best| best.probability));
        if let Some(best) = best {
            numbers.set_label(LANG, self.languages[best.label].clone());
        }
        if let Some(script) = script::of(head) {
            numbers.set_label(SCRIPT, script);
        }
        if !self.listed.is_empty() {
            let is_listed = best.is_some_and(|best| self.listed[best.label]);
            numbers.set(IS_LISTED, f32::from(u8::from(is_listed)));
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
    use tokenmill_core::{Analysis, Document, Verdict, judge};

    const SMALL: &[u8] = include_bytes!("../tests/fixtures/tree-pruned.ftz");

    fn built(recipe: &str) -> Result<Stage, BuildError> {
        let assets = MemoryAssets([("small".to_owned(), SMALL.into()), ("junk".to_owned(), b"junk"[..].into())].into());
        let table = format!("model = \"small\"\n{recipe}").parse().unwrap();
        build(&Params::from_table(ENTRY.params, &table)?, &assets)
    }

    fn measured(recipe: &str, text: &str) -> (Option<String>, Option<f32>, Option<f32>, Verdict) {
        let Stage::Measure(stage) = built(recipe).unwrap() else { panic!("a measure") };
        let document = Document { text: text.to_owned(), ..Document::default() };
        let mut numbers = Numbers::new(ENTRY.metrics.len());
        stage.measure(&Doc::new(&document, &Analysis::default()), &mut numbers);
        let lang = numbers.label(LANG).map(str::to_owned);
        (lang, numbers.get(SCORE), numbers.get(IS_LISTED), judge(stage.rules(), &numbers))
    }

    fn reason(verdict: Verdict) -> &'static str {
        match verdict {
            Verdict::Keep => "kept",
            Verdict::Drop { reason, .. } => reason,
        }
    }

    #[test]
    fn labels_lose_their_prefix_and_line_breaks_are_blanks() {
        let (lang, score, listed, verdict) = measured("", "la forêt était\ntrès calme\n");
        assert_eq!((lang.as_deref(), listed, verdict), (Some("fr"), None, Verdict::Keep));
        assert_eq!(score, measured("", "la forêt était très calme").1);
    }

    #[test]
    fn a_list_keeps_its_languages_only() {
        let recipe = "languages = [\"fr\", \"sv\"]";
        let (_, _, listed, verdict) = measured(recipe, "la forêt était très calme");
        assert_eq!((listed, reason(verdict)), (Some(1.0), "kept"));
        let (lang, _, listed, verdict) = measured(recipe, "the forest was very quiet");
        assert_eq!((lang.as_deref(), listed, reason(verdict)), (Some("en"), Some(0.0), "language_not_listed"));
    }

    #[test]
    fn the_score_is_judged_unless_it_is_off() {
        let text = "the forest was very quiet";
        assert_eq!(reason(measured("min_score = 1.1", text).3), "uncertain_language");
        assert_eq!(reason(measured("min_score = \"off\"", text).3), "kept");
    }

    #[test]
    fn only_the_head_of_the_text_counts() {
        let text = format!("la forêt était très calme {}", "the forest was very quiet ".repeat(50));
        assert_eq!(measured("max_bytes = 28", &text).0.as_deref(), Some("fr"));
        assert_eq!(measured("", &text).0.as_deref(), Some("en"));
        // The seventh byte is inside `ê`.
        assert_eq!(measured("max_bytes = 7", &text).1, measured("", "la for").1);
    }

    #[test]
    fn wrong_parameters_say_what_is_right() {
        let error = built("languages = [\"eng\"]").err().unwrap();
        assert_eq!(error.message, "model `small` knows no language `eng`");
        assert_eq!(error.hint.unwrap(), "it knows `en`, `fr`, `num`, `sv`");
        assert!(built("max_bytes = 0").is_err());
        assert!(built("max_bytes = -1").is_err());
        let assets = MemoryAssets([("junk".to_owned(), b"junk"[..].into())].into());
        let table = "model = \"junk\"".parse().unwrap();
        let error = build(&Params::from_table(ENTRY.params, &table).unwrap(), &assets).err().unwrap();
        assert!(error.message.starts_with("model `junk`: not a fastText model"), "{}", error.message);
    }
}
