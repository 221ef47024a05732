//! Judging again is compared with walking again: random documents, chains and limits, and the worker as second opinion.

use super::*;
use crate::chain::{Chain, Worker};
use crate::spec::{Block, SourceSpec, Spec, StepSpec, When};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::catalog::Shape;
use tokenmill_core::combine::{Combine, Given, Input, Need, Used};
use tokenmill_core::hash::mix64;
use tokenmill_core::numbers::Measured;
use tokenmill_core::{
    BuildError, Default, Doc, DocField, Document, Edit, Edits, Entry, Measure, Metric, Numbers, Param, Params, Stage,
    Value,
};
use tokenmill_store::source::{ColumnMap, Format};

/// Looks at the byte of the text at `place`: its number is the metric, its language is `a` or `b`.
struct Toy {
    place: usize,
    names: bool,
    rules: Vec<Rule>,
}

impl Toy {
    fn look(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        let Some(byte) = doc.text().as_bytes().get(self.place) else { return };
        let number = f32::from(byte - b'0');
        numbers.set(0, number);
        if self.names && number > 1.0 {
            numbers.set_label(1, Arc::from(if number > 5.0 { "a" } else { "b" }));
        }
    }
}

impl Measure for Toy {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        self.look(doc, numbers);
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

/// Cuts the first byte off.
struct Cut(Toy);

impl Edit for Cut {
    fn edit(&self, doc: &Doc<'_>, edits: &mut Edits, numbers: &mut Numbers) {
        self.0.look(doc, numbers);
        if !doc.text().starts_with('9') {
            edits.cut(0, 1, "first");
        }
    }

    fn rules(&self) -> &[Rule] {
        &self.0.rules
    }
}

/// What an earlier step has found, and one more.
struct More(Toy, [Input; 1]);

impl Combine for More {
    fn inputs(&self) -> &[Input] {
        &self.1
    }

    fn combine(&self, _: &Doc<'_>, given: &Given<'_>, numbers: &mut Numbers) {
        let number = if let Measured::Number(number) = given.get(0) { *number } else { -2.0 };
        numbers.set(0, number + 1.0);
    }

    fn rules(&self) -> &[Rule] {
        &self.0.rules
    }
}

fn toy(params: &Params, names: bool) -> Result<Toy, BuildError> {
    let rules = [Rule::at_least("too_low", 0, params.limit("min")), Rule::at_most("too_high", 0, params.limit("max"))];
    Ok(Toy { place: params.size("place")?, names, rules: rules.into_iter().flatten().collect() })
}

const PARAMS: &[Param] = &[
    Param { name: "place", default: Default::Int(0), about: "" },
    Param { name: "min", default: Default::NoLimit, about: "" },
    Param { name: "max", default: Default::NoLimit, about: "" },
    Param { name: "look_at", default: Default::NoLimit, about: "" },
    Param { name: "of", default: Default::Text(""), about: "" },
];

const PLAIN: Entry = Entry {
    name: "toy.plain",
    version: 1,
    about: "",
    shape: Shape::Measure,
    needs_text: true,
    costly: false,
    params: PARAMS,
    metrics: &[Metric::number("number", ""), Metric::field("label", DocField::Lang, "")],
    asset_params: &[],
    page: "",
    build: |params, _| Ok(Stage::Measure(Box::new(toy(params, false)?))),
};
const COSTLY: Entry = Entry { name: "toy.costly", costly: true, ..PLAIN };
const NAMES: Entry =
    Entry { name: "toy.names", build: |params, _| Ok(Stage::Measure(Box::new(toy(params, true)?))), ..PLAIN };
const COSTLY_NAMES: Entry = Entry { name: "toy.costly_names", costly: true, ..NAMES };
const CUT: Entry = Entry {
    name: "toy.cut",
    shape: Shape::Edit,
    build: |params, _| Ok(Stage::Edit(Box::new(Cut(toy(params, false)?)))),
    ..PLAIN
};
const MORE: Entry = Entry {
    name: "toy.more",
    shape: Shape::Combine,
    build: |params, _| {
        let need = Need::Metric { name: params.text("of").to_owned(), kind: Used::Number };
        let input = Input { need, param: "of", span: 0..params.text("of").len() };
        Ok(Stage::Combine(Box::new(More(toy(params, false)?, [input]))))
    },
    ..PLAIN
};
const ENTRIES: [&Entry; 7] = [&PLAIN, &COSTLY, &NAMES, &COSTLY_NAMES, &CUT, &MORE, &PLAIN];

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 += 1;
        mix64(11, self.0) % below
    }

    fn limits(&mut self, params: &mut Params) {
        for (name, chance) in [("min", 4), ("max", 9)] {
            let off = self.roll(3) == 0;
            let limit = self.roll(4) + if name == "max" { 6 } else { 0 };
            params.set(name, if off || self.roll(10) < chance { Value::Off } else { Value::Float(limit as f64) });
        }
    }

    fn chain(&mut self) -> Vec<StepSpec> {
        let n = 2 + self.roll(5);
        let step = |at: u64| {
            let entry = ENTRIES[self.roll(if at == 0 { 5 } else { 7 }) as usize];
            let mut params = Params::defaults(PARAMS);
            params.set("of", Value::Text(format!("s{}.number", self.roll(at.max(1)))));
            params.set("place", Value::Int(self.roll(6) as i64));
            let mut by_lang = BTreeMap::new();
            if self.roll(3) == 0 {
                by_lang.insert("a".to_owned(), params.clone());
            }
            let lang = if self.roll(4) == 0 { vec!["b".to_owned(), String::new()] } else { Vec::new() };
            StepSpec { name: format!("s{at}"), entry, params, by_lang, when: When { lang, kind: Vec::new() } }
        };
        (0..n).map(step).collect()
    }

    /// The same steps with other limits.
    fn other_limits(&mut self, steps: &[StepSpec]) -> Chain {
        let mut steps = steps.to_vec();
        for step in &mut steps {
            step.by_lang.values_mut().chain([&mut step.params]).for_each(|params| self.limits(params));
        }
        Chain::build(&steps, &[], &MemoryAssets::default()).unwrap()
    }
}

/// A recipe of one step, with limits of its own for the language `a`.
pub fn toy_spec() -> Spec {
    let params = Params::defaults(PARAMS);
    let by_lang = BTreeMap::from([("a".to_owned(), params.clone())]);
    let step = StepSpec { name: "toy".to_owned(), entry: &PLAIN, params, by_lang, when: When::default() };
    let source = SourceSpec {
        format: Format::Jsonl,
        kind: "jsonl",
        paths: Vec::new(),
        columns: ColumnMap::default(),
        base: String::new(),
        index: None,
    };
    Spec {
        name: "toy".to_owned(),
        seed: 0,
        root: "runs".to_owned(),
        removed: 0.0,
        limit: None,
        source,
        memory: 0,
        device: String::new(),
        alarm: None,
        blocks: vec![Block { steps: vec![step], ..Block::default() }],
        section: None,
    }
}

#[test]
fn what_is_judged_again_is_what_walking_again_says() {
    let mut dice = Dice(0);
    let (mut n_back, mut n_unmeasured, mut n_gone, mut n_unknown) = (0, 0, 0, 0);
    for _ in 0..3_000 {
        let steps = dice.chain();
        let (old, new) = (dice.other_limits(&steps), dice.other_limits(&steps));
        for _ in 0..60 {
            let text: String = (0..1 + dice.roll(8)).map(|_| dice.roll(10).to_string()).collect();
            let lang = ["", "a", "b"][dice.roll(3) as usize];
            // Either the language was known when the phase began, or it was not.
            let is_known = dice.roll(2) == 0;
            let walk = |chain: &Chain| {
                let mut worker = Worker::new(chain, false);
                worker.document = Document { text: text.clone(), lang: lang.to_owned(), ..Document::default() };
                let outcome = worker.walk(chain, None);
                (worker, outcome)
            };
            let (worker, outcome) = walk(&old);
            let recorded =
                outcome.removal.as_ref().map(|(at, why)| Recorded { at: Some(*at), by_rule: !why.metric.is_empty() });
            let known = |lang: &str| Labels { lang: Some(lang.to_owned()), kind: Some(String::new()) };
            let before = if is_known { known(lang) } else { Labels { lang: None, ..known("") } };
            let seen =
                Seen { numbers: &worker.numbers, before, after: known(&worker.document.lang), removal: recorded };
            let mut is_unknown = false;
            let (again, _) = rejudge(&old, &seen, &mut is_unknown);
            match (again, &outcome.removal) {
                (Ruling::Kept, None) => {}
                (Ruling::Removed { at, reason, value, limit, .. }, Some((was, why))) => {
                    assert_eq!(
                        (at, reason, Some(value), Some(limit)),
                        (*was, why.reason.as_str(), why.value, why.limit)
                    );
                }
                (Ruling::AsRecorded, Some((_, why))) => assert!(why.metric.is_empty() || (is_unknown && !is_known)),
                (again, removal) => panic!("{again:?} for {removal:?}"),
            }
            let mut is_unknown = false;
            let (ruling, _) = rejudge(&new, &seen, &mut is_unknown);
            assert!(!(is_unknown && is_known && recorded.is_none()), "a language that is known");
            if is_unknown {
                n_unknown += 1;
                continue;
            }
            let truth = walk(&new).1.removal;
            let removed_at = truth.as_ref().map(|(at, _)| *at);
            match ruling {
                Ruling::Kept => {
                    assert_eq!(truth, None);
                    n_back += u32::from(recorded.is_some());
                }
                Ruling::AsRecorded => assert_eq!(truth, outcome.removal),
                Ruling::Unmeasured { at } => {
                    assert!(removed_at.is_none_or(|removed_at| removed_at >= at), "{removed_at:?} before {at}");
                    n_unmeasured += 1;
                }
                Ruling::Removed { at, reason, .. } => {
                    // A step in between that has not measured it may remove it before.
                    let removed_at = removed_at.unwrap_or_else(|| panic!("kept, but {reason}"));
                    let is_certain = recorded.and_then(|recorded| recorded.at).is_none_or(|was| at <= was);
                    assert!(removed_at == at || (removed_at < at && !is_certain), "{removed_at} for {at}");
                    n_gone += u32::from(recorded.is_none());
                }
            }
        }
    }
    assert!(n_back > 500 && n_unmeasured > 500 && n_gone > 500, "{n_back} {n_unmeasured} {n_gone}");
    assert!((1..90_000).contains(&n_unknown), "{n_unknown}");
}
