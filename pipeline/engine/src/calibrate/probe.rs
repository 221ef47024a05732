//! Finds out which rule a parameter is the limit of, by building the stage with other values of it.

use crate::rejudge::rules;
use crate::spec::StepSpec;
use tokenmill_core::rule::Keep;
use tokenmill_core::{Assets, BuildError, Default, Params, Rule, Value};

/// What a parameter limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// The parameter.
    pub param: &'static str,
    /// The reason of its rule.
    pub reason: &'static str,
    /// The metric that is judged.
    pub metric: usize,
    /// On which side of it documents are kept.
    pub side: Side,
    /// Its value; `None` when it is off.
    pub value: Option<f32>,
}

/// On which side of a limit documents are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// At the limit and above.
    AtLeast,
    /// At the limit and below.
    AtMost,
}

impl Side {
    /// Whether a limit removes a number.
    pub fn removes(self, limit: f32, number: f32) -> bool {
        match self {
            Side::AtLeast => number < limit,
            Side::AtMost => number > limit,
        }
    }

    /// The side in words.
    pub fn name(self) -> &'static str {
        match self {
            Side::AtLeast => "at least",
            Side::AtMost => "at most",
        }
    }
}

/// The limits of a step with some parameters. A limit that two rules share, or that its rule does not judge by as it
/// stands, is left out: nobody can tell what another value of it would do.
///
/// # Errors
/// When the stage refuses the parameters.
pub fn limits(step: &StepSpec, params: &Params, assets: &dyn Assets) -> Result<Vec<Limit>, BuildError> {
    rules(step, params, assets)?;
    let is_limit = |default: Default| matches!(default, Default::Limit(_) | Default::NoLimit);
    let declared = step.entry.params.iter().filter(|param| is_limit(param.default));
    Ok(declared.filter_map(|param| probe(step, params, param.name, assets)).collect())
}

fn probe(step: &StepSpec, params: &Params, param: &'static str, assets: &dyn Assets) -> Option<Limit> {
    let value = params.limit(param);
    let build = |limit: f64| {
        let mut changed = params.clone();
        changed.set(param, Value::Float(limit));
        rules(step, &changed, assets).ok().map(|rules| (limit as f32, rules))
    };
    let from = value.map_or(0.5, f64::from);
    let tried = [from, from * 1.125, from * 0.875, from + 0.125, from - 0.125, 0.5, 1.0, 2.0];
    let mut built = tried.into_iter().filter_map(build);
    let (one, rules) = built.next()?;
    let (other, others) = built.find(|(limit, _)| *limit != one)?;
    if rules.len() != others.len() {
        return None;
    }
    let mut differing = rules.iter().zip(&others).filter(|(rule, other)| rule != other);
    let (rule, changed) = differing.next().filter(|_| differing.next().is_none())?;
    let side = side(rule, one)?;
    let is_same =
        rule.reason == changed.reason && rule.metric == changed.metric && self::side(changed, other) == Some(side);
    is_same.then_some(Limit { param, reason: rule.reason, metric: rule.metric, side, value })
}

/// On which side of `limit` a rule keeps documents; `None` when it judges by another number.
fn side(rule: &Rule, limit: f32) -> Option<Side> {
    match rule.keep {
        Keep::AtLeast(low) | Keep::Within(low, _) if low == limit => Some(Side::AtLeast),
        Keep::AtMost(high) | Keep::Within(_, high) if high == limit => Some(Side::AtMost),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::When;
    use std::collections::BTreeMap;
    use tokenmill_core::assets::MemoryAssets;
    use tokenmill_core::catalog::Shape;
    use tokenmill_core::{Doc, Entry, Measure, Metric, Numbers, Param, Stage};

    struct Toy(Vec<Rule>);

    impl Measure for Toy {
        fn measure(&self, _: &Doc<'_>, _: &mut Numbers) {}

        fn rules(&self) -> &[Rule] {
            &self.0
        }
    }

    const ENTRY: Entry = Entry {
        name: "toy.limits",
        version: 1,
        about: "",
        shape: Shape::Measure,
        needs_text: false,
        costly: false,
        params: &[
            Param { name: "min", default: Default::Limit(5.0), about: "" },
            Param { name: "max", default: Default::NoLimit, about: "" },
            Param { name: "low", default: Default::Limit(0.0), about: "" },
            Param { name: "percent", default: Default::Limit(10.0), about: "" },
            Param { name: "measures", default: Default::Limit(1.0), about: "" },
            Param { name: "count", default: Default::Int(1), about: "" },
        ],
        metrics: &[Metric::number("a", ""), Metric::number("b", "")],
        asset_params: &[],
        page: "",
        build: |params, _| {
            if params.limit("low").is_some_and(|low| low > 1.0) {
                return Err(BuildError::new("`low` is a share"));
            }
            let low = params.limit("low").unwrap_or(f32::MIN);
            let rules = [
                Rule::at_least("few", 0, params.limit("min")),
                Rule::at_most("many", 0, params.limit("max")),
                Some(Rule { reason: "outside", metric: 1, keep: Keep::Within(low, 9.0) }),
                Rule::at_most("percent", 1, params.limit("percent").map(|percent| percent / 100.0)),
            ];
            Ok(Stage::Measure(Box::new(Toy(rules.into_iter().flatten().collect()))))
        },
    };

    #[test]
    fn rules_and_sides_are_found_by_building() {
        let params = Params::defaults(ENTRY.params);
        let (name, by_lang, when) = ("toy".to_owned(), BTreeMap::new(), When::default());
        let step = StepSpec { name, entry: &ENTRY, params: params.clone(), by_lang, when };
        let found = limits(&step, &params, &MemoryAssets::default()).unwrap();
        let limit = |param, reason, metric, side, value| Limit { param, reason, metric, side, value };
        assert_eq!(
            found,
            [
                limit("min", "few", 0, Side::AtLeast, Some(5.0)),
                limit("max", "many", 0, Side::AtMost, None),
                limit("low", "outside", 1, Side::AtLeast, Some(0.0)),
            ]
        );
    }
}
