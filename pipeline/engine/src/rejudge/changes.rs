//! What another recipe changes about a run, and whether stored numbers are enough to judge by it.

use crate::spec::{Spec, StepSpec};
use std::collections::BTreeSet;
use tokenmill_core::{Assets, BuildError, Default, Param, Params, Rule, Value};

/// A limit that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The step.
    pub step: String,
    /// The language it is for; `None` for all that have none of their own.
    pub lang: Option<String>,
    /// The parameter.
    pub param: &'static str,
    /// Its value in the run.
    pub from: Value,
    /// Its new value.
    pub to: Value,
}

/// The limits in which `new` differs from `old`.
///
/// # Errors
/// When anything else of their steps differs, because that needs a run.
pub fn changes(old: &Spec, new: &Spec, assets: &dyn Assets) -> Result<Vec<Change>, BuildError> {
    let blocks = |spec: &Spec| -> Vec<Vec<String>> {
        let names = |steps: &[StepSpec]| steps.iter().map(|step| step.name.clone()).collect();
        spec.blocks.iter().flat_map(|block| [names(&block.steps), names(&block.exchanges)]).collect()
    };
    if blocks(old) != blocks(new) {
        let steps = |spec: &Spec| spec.steps().map(|step| step.name.clone()).collect::<Vec<_>>().join(", ");
        let message = format!("the run has other steps: {}; the recipe has {}", steps(old), steps(new));
        return Err(needs_run(message));
    }
    let mut found = Vec::new();
    for (old, new) in old.steps().zip(new.steps()) {
        if old.entry.name != new.entry.name || old.when != new.when {
            return Err(needs_run(format!("`{}` is another stage, or sees other documents", old.name)));
        }
        let languages: BTreeSet<&String> = old.by_lang.keys().chain(new.by_lang.keys()).collect();
        for lang in std::iter::once(None).chain(languages.into_iter().map(Some)) {
            let (before, after) = (params_for(old, lang), params_for(new, lang));
            for param in old.entry.params {
                let Some(change) = change(old, lang, param, before, after, assets)? else { continue };
                // A language that has what all others have is not told apart.
                let for_all = Change { lang: None, ..change.clone() };
                if !found.contains(&for_all) {
                    found.push(change);
                }
            }
        }
    }
    Ok(found)
}

/// The parameters of a step for a language.
pub fn params_for<'a>(step: &'a StepSpec, lang: Option<&String>) -> &'a Params {
    lang.and_then(|lang| step.by_lang.get(lang)).unwrap_or(&step.params)
}

fn change(
    step: &StepSpec,
    lang: Option<&String>,
    param: &'static Param,
    before: &Params,
    after: &Params,
    assets: &dyn Assets,
) -> Result<Option<Change>, BuildError> {
    let value = |params: &Params| params.iter().find(|(name, _)| *name == param.name).map(|(_, value)| value.clone());
    let (Some(from), Some(to)) = (value(before), value(after)) else { return Ok(None) };
    if from == to {
        return Ok(None);
    }
    let name = format!("{}.{}", step.name, param.name);
    if !matches!(param.default, Default::Limit(_) | Default::NoLimit) {
        return Err(needs_run(format!("`{name}` changes what is measured, it is no limit of a rule")));
    }
    let mut only = before.clone();
    only.set(param.name, to.clone());
    let is_same_limit = before.limit(param.name) == after.limit(param.name);
    if !is_same_limit && rules(step, before, assets)? == rules(step, &only, assets)? {
        return Err(needs_run(format!("no rule judges by `{name}`: it changes what is measured")));
    }
    Ok(Some(Change { step: step.name.clone(), lang: lang.cloned(), param: param.name, from, to }))
}

/// The rules that a step has with some parameters.
///
/// # Errors
/// When the stage refuses them.
pub fn rules(step: &StepSpec, params: &Params, assets: &dyn Assets) -> Result<Vec<Rule>, BuildError> {
    let built = (step.entry.build)(params, assets).map_err(|error| step.blame(error))?;
    Ok(built.rules().to_vec())
}

fn needs_run(message: String) -> BuildError {
    BuildError::new(message)
        .hint("only limits can be judged again from stored numbers; anything else needs `tokenmill run`")
}

#[cfg(test)]
mod tests {
    use super::super::tests::toy_spec;
    use super::*;
    use tokenmill_core::assets::MemoryAssets;

    fn changed(set: &[(&'static str, Value)]) -> Result<Vec<Change>, BuildError> {
        let old = toy_spec();
        let mut new = old.clone();
        let step = &mut new.blocks[0].steps[0];
        for params in step.by_lang.values_mut().chain([&mut step.params]) {
            set.iter().for_each(|(name, value)| params.set(name, value.clone()));
        }
        changes(&old, &new, &MemoryAssets::default())
    }

    #[test]
    fn limits_may_change_and_nothing_else() {
        let change = |param, to| Change { step: "toy".to_owned(), lang: None, param, from: Value::Off, to };
        let found = changed(&[("min", Value::Float(3.0)), ("max", Value::Float(4.0))]).unwrap();
        assert_eq!(found, [change("min", Value::Float(3.0)), change("max", Value::Float(4.0))]);
        assert_eq!(changed(&[]).unwrap(), []);
        // A limit that no rule judges by changes what is measured.
        for (name, value) in [("place", Value::Int(3)), ("look_at", Value::Float(3.0))] {
            let error = changed(&[(name, value)]).unwrap_err();
            assert!(error.message.contains(&format!("`toy.{name}`")) && error.hint.is_some(), "{error}");
        }
    }

    #[test]
    fn a_language_of_its_own_is_told_apart() {
        let old = toy_spec();
        let mut new = old.clone();
        let own = new.blocks[0].steps[0].by_lang.get_mut("a").unwrap();
        own.set("min", Value::Float(3.0));
        let found = changes(&old, &new, &MemoryAssets::default()).unwrap();
        let (step, lang, to) = ("toy".to_owned(), Some("a".to_owned()), Value::Float(3.0));
        assert_eq!(found, [Change { step, lang, param: "min", from: Value::Off, to }]);
        new.blocks[0].steps[0].when.lang.push("a".to_owned());
        assert!(changes(&old, &new, &MemoryAssets::default()).is_err());
    }
}
