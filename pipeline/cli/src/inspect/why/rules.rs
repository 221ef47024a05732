//! The rules by which the steps of a run judge a document of a language, without loading what only measuring needs.

use crate::failure::Failure;
use crate::house::assets;
use std::cell::OnceCell;
use std::path::PathBuf;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::catalog::Shape;
use tokenmill_core::{Keep, Params, Rule, Stage};
use tokenmill_engine::spec::StepSpec;
use tokenmill_store::assets::{Assets, default_cache};

/// What judges a step.
pub enum Judges {
    /// These rules.
    Rules(Vec<Rule>),
    /// A model or a list that is not on this machine would have to be fetched to know.
    NotHere,
}

/// Builds steps when somebody asks for their rules.
#[derive(Default)]
pub struct Rulebook {
    assets: OnceCell<Assets>,
}

impl Rulebook {
    /// The rules of a step for documents of a language.
    pub fn rules(&self, step: &StepSpec, lang: &str) -> Result<Judges, Failure> {
        if matches!(step.entry.shape, Shape::Exchange(_) | Shape::Pipe | Shape::Score) {
            return Ok(Judges::Rules(Vec::new()));
        }
        let params = step.by_lang.get(lang).unwrap_or(&step.params);
        let rules = |stage: Stage| Judges::Rules(stage.rules().to_vec());
        if let Ok(stage) = (step.entry.build)(params, &MemoryAssets::default()) {
            return Ok(rules(stage));
        }
        let assets = match self.assets.get() {
            Some(assets) => assets,
            None => {
                let opened = assets()?;
                self.assets.get_or_init(|| opened)
            }
        };
        if !self.is_here(assets, step, params)? {
            return Ok(Judges::NotHere);
        }
        Ok((step.entry.build)(params, assets).map_or(Judges::NotHere, rules))
    }

    /// Whether all that the step needs is on this machine.
    fn is_here(&self, assets: &Assets, step: &StepSpec, params: &Params) -> Result<bool, Failure> {
        let cache = default_cache()?;
        let names = step.entry.asset_params.iter().flat_map(|param| {
            std::iter::once(params.text(param)).chain(params.texts(param).iter().map(String::as_str))
        });
        let mut names = names.filter(|name| !name.is_empty());
        Ok(names.all(|name| match assets.known(name) {
            Some(asset) => cache.join("assets").join(&asset.sha256).join(&asset.name).is_file(),
            None => PathBuf::from(name).exists(),
        }))
    }
}

/// The condition under which a rule keeps a document.
pub fn condition(keep: Keep) -> String {
    match keep {
        Keep::AtLeast(low) => format!("at least {low}"),
        Keep::AtMost(high) => format!("at most {high}"),
        Keep::Within(low, high) => format!("{low} to {high}"),
        Keep::IsFalse => "must be 0".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house::parse_recipe;
    use tokenmill_engine::Text;

    #[test]
    fn rules_are_those_of_the_language_and_need_nothing_to_be_fetched() {
        let recipe = "[run]\nname = \"x\"\n[source]\nkind = \"jsonl\"\npaths = [\"x\"]\n[[step]]\nuse = \"filter.length\"\n\
                      min_chars = 200\n[step.lang.de]\nmin_chars = 50\n[[step]]\nuse = \"filter.dirty_words\"\nwords_files = [\"no/such/list\"]";
        let spec = parse_recipe(Text { name: "x".to_owned(), content: recipe.to_owned() }, &[]);
        let Ok(spec) = spec else { panic!("a recipe") };
        let steps: Vec<&StepSpec> = spec.steps().collect();
        let book = Rulebook::default();
        let first = |lang: &str| match book.rules(steps[0], lang) {
            Ok(Judges::Rules(rules)) => rules.first().map(|rule| condition(rule.keep)),
            _ => None,
        };
        assert_eq!(first("en").as_deref(), Some("at least 200"));
        assert_eq!(first("de").as_deref(), Some("at least 50"));
        assert!(matches!(book.rules(steps[1], "en"), Ok(Judges::NotHere)));
    }
}
