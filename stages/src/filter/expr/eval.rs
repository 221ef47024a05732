//! Runs a checked expression on one document, in three-valued logic: what is not there is unknown, and so is all that
//! depends on it.

use super::columns::Column;
use super::extra::Found;
use super::syntax::{Relation, Test};
use super::types::Type;
use std::cmp::Ordering;
use tokenmill_core::Doc;
use tokenmill_core::combine::Given;
use tokenmill_core::numbers::Measured;

/// A part of a checked expression.
#[derive(Debug)]
pub enum Node {
    Number(f64),
    Text(Box<str>),
    Truth(bool),
    Column(Column, Type),
    /// Number of the input.
    Metric(usize),
    /// Number of the path, and the type that is wanted of it.
    Extra(usize, Option<Type>),
    Not(Box<Node>),
    Negative(Box<Node>),
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Sum(Box<[Operand]>),
    Product(Box<[Operand]>),
    Compare(Relation, Box<[Node]>),
    NumberIn(Box<Node>, Box<[f32]>),
    /// The list is sorted.
    TextIn(Box<Node>, Box<[Box<str>]>),
    Test(Test, Box<[Node]>),
    Min(Box<[Node]>),
    Max(Box<[Node]>),
    Math(fn(f64) -> f64, Box<Node>),
    Missing(Box<Node>),
    Default(Box<[Node; 2]>),
    If(Box<[Node; 3]>),
    Count(Box<[Node]>),
}

/// A part of a sum or a product.
#[derive(Debug)]
pub struct Operand {
    /// Whether it is subtracted, or divides.
    pub is_inverted: bool,
    pub node: Node,
}

/// What an expression comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Nothing is known.
    Missing,
    /// Finite.
    Number(f64),
    Text(&'a str),
    Truth(bool),
}

/// A number, unless it is none: `0 / 0`, `log(-1)` and what is too large.
fn number<'a>(number: f64) -> Value<'a> {
    if number.is_finite() { Value::Number(number) } else { Value::Missing }
}

impl Value<'_> {
    fn as_number(self) -> Option<f64> {
        if let Value::Number(number) = self { Some(number) } else { None }
    }

    fn as_truth(self) -> Option<bool> {
        if let Value::Truth(truth) = self { Some(truth) } else { None }
    }
}

/// One document as an expression sees it.
pub struct Scope<'a> {
    pub doc: &'a Doc<'a>,
    pub given: &'a Given<'a>,
    /// Host of the URL in lower case.
    pub host: &'a str,
    /// What was found at the paths into the extra columns.
    pub extra: &'a [Found],
}

impl<'a> Scope<'a> {
    /// The value of an expression.
    pub fn value(&self, node: &'a Node) -> Value<'a> {
        let truth = |truth: Option<bool>| truth.map_or(Value::Missing, Value::Truth);
        match node {
            Node::Number(number) => Value::Number(*number),
            Node::Text(text) => Value::Text(text),
            Node::Truth(truth) => Value::Truth(*truth),
            Node::Column(column, kind) => self.column(*column, *kind),
            Node::Metric(input) => match self.given.get(*input) {
                Measured::Absent => Value::Missing,
                Measured::Number(value) => number(f64::from(*value)),
                Measured::Label(label) => Value::Text(label),
            },
            Node::Extra(path, wanted) => self.extra.get(*path).map_or(Value::Missing, |found| found.value(*wanted)),
            Node::Not(part) => truth(self.value(part).as_truth().map(|truth| !truth)),
            Node::Negative(part) => self.value(part).as_number().map_or(Value::Missing, |value| Value::Number(-value)),
            Node::All(parts) => truth(self.settled(parts, false)),
            Node::Any(parts) => truth(self.settled(parts, true)),
            Node::Sum(parts) => self.folded(parts, 0.0, |sum, part| sum + part, |sum, part| sum - part),
            Node::Product(parts) => {
                self.folded(parts, 1.0, |product, part| product * part, |product, part| product / part)
            }
            Node::Compare(relation, sides) => truth(self.compared(*relation, sides)),
            Node::NumberIn(part, list) => {
                truth(self.value(part).as_number().map(|value| list.contains(&(value as f32))))
            }
            Node::TextIn(part, list) => match self.value(part) {
                Value::Text(text) => Value::Truth(list.binary_search_by(|item| (**item).cmp(text)).is_ok()),
                _ => Value::Missing,
            },
            Node::Test(test, sides) => truth(self.tested(*test, sides)),
            Node::Min(parts) => self.least(parts, f64::min),
            Node::Max(parts) => self.least(parts, f64::max),
            Node::Math(function, part) => {
                self.value(part).as_number().map_or(Value::Missing, |value| number(function(value)))
            }
            Node::Missing(part) => Value::Truth(self.value(part) == Value::Missing),
            Node::Default(parts) => match self.value(&parts[0]) {
                Value::Missing => self.value(&parts[1]),
                value => value,
            },
            Node::If(parts) => match self.value(&parts[0]).as_truth() {
                None => Value::Missing,
                Some(holds) => self.value(&parts[if holds { 1 } else { 2 }]),
            },
            Node::Count(parts) => {
                let n_holding = parts.iter().filter(|part| self.value(part) == Value::Truth(true)).count();
                Value::Number(n_holding as f64)
            }
        }
    }

    fn column(&self, column: Column, kind: Type) -> Value<'a> {
        match kind {
            Type::Number => Value::Number(column.number(self.doc)),
            Type::Truth => Value::Truth(self.doc.document().truncated),
            Type::Text => match column.text(self.doc, self.host) {
                "" => Value::Missing,
                text => Value::Text(text),
            },
        }
    }

    /// `or` over parts when `settles` is true, `and` when it is false: one such part settles it, else one that is unknown
    /// leaves it unknown.
    fn settled(&self, parts: &'a [Node], settles: bool) -> Option<bool> {
        let mut all_known = true;
        for part in parts {
            match self.value(part).as_truth() {
                Some(truth) if truth == settles => return Some(settles),
                Some(_) => {}
                None => all_known = false,
            }
        }
        all_known.then_some(!settles)
    }

    fn folded(
        &self,
        parts: &'a [Operand],
        start: f64,
        add: impl Fn(f64, f64) -> f64,
        invert: impl Fn(f64, f64) -> f64,
    ) -> Value<'a> {
        let mut total = start;
        for part in parts {
            let Some(value) = self.value(&part.node).as_number() else { return Value::Missing };
            total = if part.is_inverted { invert(total, value) } else { add(total, value) };
        }
        number(total)
    }

    fn least(&self, parts: &'a [Node], choose: impl Fn(f64, f64) -> f64) -> Value<'a> {
        let mut chosen: Option<f64> = None;
        for part in parts {
            let Some(value) = self.value(part).as_number() else { return Value::Missing };
            chosen = Some(chosen.map_or(value, |before| choose(before, value)));
        }
        chosen.map_or(Value::Missing, Value::Number)
    }

    /// Numbers are compared in the precision that metrics are stored in, so that `share <= 0.1` keeps a share of 0.1.
    fn compared(&self, relation: Relation, sides: &'a [Node]) -> Option<bool> {
        let [left, right] = sides else { return None };
        let order = match (self.value(left), self.value(right)) {
            (Value::Number(left), Value::Number(right)) => (left as f32).partial_cmp(&(right as f32))?,
            (Value::Text(left), Value::Text(right)) => left.cmp(right),
            (Value::Truth(left), Value::Truth(right)) => left.cmp(&right),
            _ => return None,
        };
        Some(match relation {
            Relation::Equal => order == Ordering::Equal,
            Relation::Unequal => order != Ordering::Equal,
            Relation::Less => order == Ordering::Less,
            Relation::LessOrEqual => order != Ordering::Greater,
            Relation::Greater => order == Ordering::Greater,
            Relation::GreaterOrEqual => order != Ordering::Less,
        })
    }

    fn tested(&self, test: Test, sides: &'a [Node]) -> Option<bool> {
        let [left, right] = sides else { return None };
        let (Value::Text(text), Value::Text(part)) = (self.value(left), self.value(right)) else { return None };
        Some(match test {
            Test::Contains => memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some(),
            Test::StartsWith => text.starts_with(part),
            Test::EndsWith => text.ends_with(part),
        })
    }
}
