//! What the recipe of a run redacts, taken out of every text that is shown: the raw page, a sample, a title.
//!
//! A run stores texts that its `pii.*` steps have not reached: documents that an earlier step removed, or that an earlier
//! phase has stored. Whoever looks at them must not see more than the recipe leaves of them.

use super::trail::Trail;
use crate::failure::Failure;
use crate::house::assets;
use crate::mix::open::is_mix;
use crate::retune::{RESOLVED, recipe_of_run};
use tokenmill_core::catalog::Shape;
use tokenmill_core::edits::Span;
use tokenmill_core::spec::Value;
use tokenmill_core::{Analysis, Assets, BuildError, Doc, DocId, Document, Edits, Numbers, Stage};
use tokenmill_engine::Spec;
use tokenmill_engine::chain::{Chain, Step};
use tokenmill_engine::spec::StepSpec;
use tokenmill_store::Store;

/// Family of the steps that take out personal data.
const FAMILY: &str = "pii.";

/// The steps of a recipe that redact.
pub struct Mask(Vec<Step>);

impl Mask {
    /// The mask of a run, from the recipe that it keeps. The run of a mix has token ids, and no text that could be masked.
    ///
    /// # Errors
    /// When the recipe cannot be read or a step cannot be built: then nothing of the run's texts may be shown.
    pub fn of_run(store: &dyn Store) -> Result<Mask, Failure> {
        match is_mix(&String::from_utf8_lossy(&store.read(RESOLVED)?)) {
            true => Ok(Mask(Vec::new())),
            false => Mask::of(&recipe_of_run(store, &[])?, &assets()?),
        }
    }

    /// The mask of a recipe.
    ///
    /// # Errors
    /// When a step that redacts cannot be built.
    pub fn of(spec: &Spec, assets: &dyn Assets) -> Result<Mask, Failure> {
        let redacts = |step: &&StepSpec| step.entry.shape == Shape::Edit && step.entry.name.starts_with(FAMILY);
        let build = |step: &StepSpec| {
            let with_key = Chain::build(std::slice::from_ref(step), &[], assets);
            // The key of stable placeholders may be gone, as it should be: what is masked does not depend on it.
            with_key.or_else(|_| Chain::build(&[without_key(step)], &[], assets))
        };
        let chains = spec.steps().filter(redacts).map(build).collect::<Result<Vec<_>, BuildError>>()?;
        Ok(Mask(chains.into_iter().flat_map(|chain| chain.steps).collect()))
    }

    /// Whether the recipe redacts nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a step of the recipe is one of those that redact.
    pub fn is_step(&self, name: &str) -> bool {
        self.0.iter().any(|step| step.name == name)
    }

    /// The text as the recipe would leave it, in a language that is not known. A text must be masked before it is
    /// shortened: half an address is no address, but tells who it is.
    pub fn mask(&self, text: &str) -> String {
        self.mask_as(text, "")
    }

    /// The text as the recipe would leave it in a language: telephone numbers and the like are told by it. What is
    /// redacted without a language is masked as well, because the step may stand before the one that names it; and so is
    /// what a step would have left alone because of its `when`.
    pub fn mask_as(&self, text: &str, lang: &str) -> String {
        if self.is_empty() { text.to_owned() } else { self.trail(text, lang).now() }
    }

    /// A cell of a table of the run as it may be shown: what may hold what people write is masked, ids and numbers are not.
    pub fn mask_cell(&self, column: &str, value: &str, lang: &str) -> String {
        let is_free = match column {
            "url" | "canonical_url" | "title" | "extra" | "text" => true,
            "evidence" => DocId::parse(value).is_none(),
            "record_id" => value.contains('@'),
            _ => false,
        };
        if is_free { self.mask_as(value, lang) } else { value.to_owned() }
    }

    /// What is masked of a text: the places in it, and what stands there instead.
    pub fn trail(&self, text: &str, lang: &str) -> Trail {
        let mut trail = Trail::new(text.to_owned());
        let langs = [lang, ""];
        for step in &self.0 {
            for lang in &langs[..if lang.is_empty() { 1 } else { 2 }] {
                let document = Document { text: trail.now(), lang: (*lang).to_owned(), ..Document::default() };
                trail.edit(&step.name, &redacted(step, &document), true);
            }
        }
        trail
    }
}

/// The spans that a step takes out of a document.
fn redacted(step: &Step, document: &Document) -> Vec<Span> {
    let Stage::Edit(edit) = step.stage(&document.lang) else { return Vec::new() };
    let (mut edits, mut numbers): (Edits, Numbers) = (Edits::default(), step.numbers());
    edit.edit(&Doc::new(document, &Analysis::default()), &mut edits, &mut numbers);
    edits.apply(&document.text, &mut String::new());
    edits.spans().to_vec()
}

/// The step with placeholders that need no key.
fn without_key(step: &StepSpec) -> StepSpec {
    let mut step = step.clone();
    for params in std::iter::once(&mut step.params).chain(step.by_lang.values_mut()) {
        let names: Vec<&'static str> = params.iter().map(|(name, _)| name).collect();
        for (name, value) in [("placeholder", "typed"), ("key_file", "")] {
            if let Some(name) = names.iter().find(|known| **known == name) {
                params.set(name, Value::Text(value.to_owned()));
            }
        }
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house::parse_recipe;
    use tokenmill_core::assets::MemoryAssets;
    use tokenmill_engine::Text;

    fn mask(steps: &str) -> Mask {
        let recipe = format!("[run]\nname = \"x\"\n[source]\nkind = \"jsonl\"\npaths = [\"x\"]\n{steps}");
        let spec = parse_recipe(Text { name: "x".to_owned(), content: recipe }, &[]).unwrap();
        Mask::of(&spec, &MemoryAssets::default()).unwrap()
    }

    const TEXT: &str = "Write to Ann.Lee@example.org, call 020 7946 0958 or look at 81.2.69.142.";

    #[test]
    fn what_the_recipe_redacts_is_masked_and_nothing_else() {
        let masked = mask("[[step]]\nuse = \"pii.redact\"").mask_as(TEXT, "en");
        assert_eq!(masked, "Write to <EMAIL>, call <PHONE> or look at <IP>.");
        let masked = mask("[[step]]\nuse = \"pii.redact\"\nkinds = [\"email\"]").mask(TEXT);
        assert_eq!(masked, "Write to <EMAIL>, call 020 7946 0958 or look at 81.2.69.142.");
        let none = mask("[[step]]\nuse = \"line.policy_notices\"\n[[step]]\nuse = \"pii.domains\"");
        assert!(none.is_empty());
        assert_eq!(none.mask_as(TEXT, "en"), TEXT);
    }

    #[test]
    fn a_mask_needs_no_key_and_asks_for_no_language() {
        let step =
            "[[step]]\nuse = \"pii.redact\"\nplaceholder = \"stable\"\nkey_file = \"gone\"\nwhen = { lang = [\"fr\"] }";
        assert!(!mask(step).mask(TEXT).contains("Ann"));
        assert!(mask(step).mask(TEXT).starts_with("Write to <EMAIL>, call "));
    }

    #[test]
    fn a_masked_text_stays_as_it_is() {
        let mask = mask("[[step]]\nuse = \"pii.redact\"\nplaceholder = \"fixed\"");
        let once = mask.mask_as(TEXT, "en");
        assert_ne!(once, TEXT);
        assert_eq!(mask.mask_as(&once, "en"), once);
    }

    /// Whoever writes another stage that conceals must put it where masks are looked for.
    #[test]
    fn all_edits_that_conceal_are_of_the_family() {
        let catalog = crate::house::catalog().unwrap();
        let mut concealing = Vec::new();
        for entry in catalog.entries().iter().filter(|entry| entry.shape == Shape::Edit) {
            let params = tokenmill_core::Params::defaults(entry.params);
            let Ok(Stage::Edit(edit)) = (entry.build)(&params, &MemoryAssets::default()) else { continue };
            if edit.conceals() {
                concealing.push(entry.name);
            }
        }
        assert_eq!(concealing, ["pii.redact"]);
    }
}
