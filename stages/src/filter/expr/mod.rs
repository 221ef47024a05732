//! `filter.expr`: a rule that the user writes in the recipe, over metrics of earlier steps and columns of the document.

mod columns;
mod eval;
pub(crate) mod extra;
mod fault;
mod lexer;
mod parser;
mod syntax;
#[cfg(test)]
mod tests;
mod types;

use eval::{Node, Scope, Value};
use extra::Found;
use fault::Fault;
use std::cell::RefCell;
use tokenmill_core::catalog::Shape;
use tokenmill_core::combine::{Given, Input};
use tokenmill_core::{
    Assets, BuildError, Combine, Default, Doc, Entry, Keep, Metric, Numbers, Param, Params, Rule, Stage,
};
use types::{Checker, Type};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "filter.expr",
    version: 1,
    about: "Judges a document by an expression over metrics of earlier steps and columns.",
    shape: Shape::Combine,
    needs_text: false,
    costly: false,
    params: &[
        Param {
            name: "keep",
            default: Default::Text(""),
            about: "a condition; a document for which it does not hold is removed; none when empty",
        },
        Param { name: "score", default: Default::Text(""), about: "a number to be stored and judged; none when empty" },
        Param { name: "min_score", default: Default::NoLimit, about: "score, at least" },
        Param { name: "max_score", default: Default::NoLimit, about: "score, at most" },
    ],
    metrics: &[
        Metric::number("holds", "1 when `keep` holds, 0 when it does not; absent when that cannot be said"),
        Metric::number("score", "value of `score`; absent when a part of it is"),
    ],
    asset_params: &[],
    page: include_str!("../../../docs/filter/expr.md"),
    build,
};

const HOLDS: usize = 0;
const SCORE: usize = 1;

struct Expr {
    keep: Option<Node>,
    score: Option<Node>,
    checked: Checker,
    rules: Vec<Rule>,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let mut checked = Checker::default();
    let keep = read(&mut checked, params, "keep", Type::Truth)?;
    let score = read(&mut checked, params, "score", Type::Number)?;
    let limits = [
        Rule::at_least("score_too_low", SCORE, params.limit("min_score")),
        Rule::at_most("score_too_high", SCORE, params.limit("max_score")),
    ];
    if score.is_none() && limits.iter().any(Option::is_some) {
        return Err(BuildError::new("a limit of the score is set, and `score` is empty"));
    }
    let holds = keep.as_ref().map(|_| Rule { reason: "expression_false", metric: HOLDS, keep: Keep::AtLeast(1.0) });
    let rules = holds.into_iter().chain(limits.into_iter().flatten()).collect();
    Ok(Stage::Combine(Box::new(Expr { keep, score, checked, rules })))
}

/// Reads the expression of a parameter; none when it is blank.
fn read(checked: &mut Checker, params: &Params, param: &'static str, wanted: Type) -> Result<Option<Node>, BuildError> {
    let source = params.text(param);
    if source.trim().is_empty() {
        return Ok(None);
    }
    let node = parser::parse(source).and_then(|ast| checked.check(param, &ast, wanted));
    node.map(Some).map_err(|fault: Fault| fault.in_param(param, source))
}

/// What is looked up once for a document.
#[derive(std::default::Default)]
struct Scratch {
    host: String,
    extra: Vec<Found>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Combine for Expr {
    fn inputs(&self) -> &[Input] {
        &self.checked.inputs
    }

    fn combine(&self, doc: &Doc<'_>, given: &Given<'_>, numbers: &mut Numbers) {
        SCRATCH.with_borrow_mut(|scratch| {
            if self.checked.needs_host {
                scratch.host.clear();
                scratch.host.push_str(doc.host());
                scratch.host.make_ascii_lowercase();
            }
            if !self.checked.paths.is_empty() {
                extra::find(&doc.document().extra, &self.checked.paths, &mut scratch.extra);
            }
            let scope = Scope { doc, given, host: &scratch.host, extra: &scratch.extra };
            if let Some(Value::Truth(holds)) = self.keep.as_ref().map(|keep| scope.value(keep)) {
                numbers.set(HOLDS, f32::from(holds));
            }
            if let Some(Value::Number(score)) = self.score.as_ref().map(|score| scope.value(score))
                && (score as f32).is_finite()
            {
                numbers.set(SCORE, score as f32);
            }
        });
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }

    fn own_names(&self) -> &[&'static str] {
        columns::NAMES
    }
}
