//! What becomes of a document's text in a chain, with stages made for it.

use super::{Chain, Worker};
use crate::spec::{StepSpec, When};
use std::collections::BTreeMap;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::catalog::Shape;
use tokenmill_core::{
    Assets, BuildError, Default, Doc, Edit, Edits, Entry, Measure, Metric, Numbers, Param, Params, Rule, Stage,
};

/// Replaces every `x` by `-`; more than `max_xs` of them remove the document.
struct Hide {
    conceals: bool,
    rules: Vec<Rule>,
}

impl Edit for Hide {
    fn edit(&self, doc: &Doc<'_>, edits: &mut Edits, numbers: &mut Numbers) {
        let places: Vec<_> = doc.text().match_indices('x').map(|(at, _)| at).collect();
        places.iter().for_each(|at| edits.replace(*at, at + 1, "-", "test"));
        numbers.set(0, places.len() as f32);
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }

    fn conceals(&self) -> bool {
        self.conceals
    }
}

/// Counts every `x` that it sees.
struct Count;

impl Measure for Count {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        numbers.set(0, doc.text().matches('x').count() as f32);
    }

    fn rules(&self) -> &[Rule] {
        &[]
    }
}

const PARAMS: &[Param] = &[
    Param { name: "conceals", default: Default::Bool(false), about: "" },
    Param { name: "max_xs", default: Default::NoLimit, about: "" },
];

fn build_hide(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let rules = Rule::at_most("too_many_xs", 0, params.limit("max_xs")).into_iter().collect();
    Ok(Stage::Edit(Box::new(Hide { conceals: params.flag("conceals"), rules })))
}

fn build_count(_: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    Ok(Stage::Measure(Box::new(Count)))
}

const METRICS: &[Metric] = &[Metric::number("n_xs", "")];

const fn entry(
    name: &'static str,
    shape: Shape,
    params: &'static [Param],
    build: fn(&Params, &dyn Assets) -> Result<Stage, BuildError>,
) -> Entry {
    Entry {
        name,
        version: 1,
        about: "",
        shape,
        needs_text: true,
        costly: false,
        params,
        metrics: METRICS,
        asset_params: &[],
        page: "",
        build,
    }
}

static HIDE: Entry = entry("test.hide", Shape::Edit, PARAMS, build_hide);
static COUNT: Entry = entry("test.count", Shape::Measure, &[], build_count);

fn step(name: &str, entry: &'static Entry, params: &str) -> StepSpec {
    let params = Params::from_table(entry.params, &params.parse().unwrap()).unwrap();
    StepSpec { name: name.to_owned(), entry, params, by_lang: BTreeMap::new(), when: When::default() }
}

/// The document that a removing step leaves, the bytes it had, and what a measure behind the step counts.
fn walked(params: &str, text: &str) -> (String, usize, bool, Option<f32>) {
    let steps = [step("hide", &HIDE, params), step("count", &COUNT, "")];
    let chain = Chain::build(&steps, &[], &MemoryAssets::default()).unwrap();
    let mut worker = Worker::new(&chain, false);
    worker.document.text.push_str(text);
    let outcome = worker.walk(&chain, None);
    (worker.document.text.clone(), outcome.bytes, outcome.removal.is_some(), worker.numbers[1].get(0))
}

#[test]
fn an_edit_shows_the_text_as_it_fell_unless_it_conceals() {
    assert_eq!(walked("max_xs = 1", "axbx"), ("axbx".to_owned(), 4, true, Some(2.0)));
    assert_eq!(walked("max_xs = 1\nconceals = true", "axbx"), ("a-b-".to_owned(), 4, true, Some(0.0)));
}

#[test]
fn a_document_that_stays_is_edited_once() {
    for conceals in [false, true] {
        let said = walked(&format!("max_xs = 2\nconceals = {conceals}"), "axbx");
        assert_eq!(said, ("a-b-".to_owned(), 4, false, Some(0.0)));
        assert_eq!(walked(&format!("conceals = {conceals}"), "b"), ("b".to_owned(), 1, false, Some(0.0)));
    }
}

/// The edits of one document must not reach the next one that its thread takes up.
#[test]
fn edits_are_forgotten() {
    let steps = [step("hide", &HIDE, "max_xs = 0\nconceals = true")];
    let chain = Chain::build(&steps, &[], &MemoryAssets::default()).unwrap();
    let mut worker = Worker::new(&chain, false);
    for (text, left) in [("ax", "a-"), ("bc", "bc"), ("xxx", "---")] {
        worker.document.text = text.to_owned();
        worker.walk(&chain, None);
        assert_eq!(worker.document.text, left);
    }
}
