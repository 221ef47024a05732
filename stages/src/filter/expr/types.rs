//! Finds out what the names of an expression are and whether everything fits: from the tree as written to what is run.

use super::columns::{COLUMNS, Column};
use super::eval::{Node, Operand};
use super::fault::Fault;
use super::lexer::Name;
use super::syntax::{Ast, Function, Kind, Relation};
use std::ops::Range;
use tokenmill_core::combine::{Input, Need, Used};

/// What a value can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Number,
    Text,
    Truth,
}

impl Type {
    fn words(self) -> &'static str {
        match self {
            Type::Number => "a number",
            Type::Text => "a text",
            Type::Truth => "a condition",
        }
    }
}

/// Paths into the extra columns, at most: a bit each.
pub const MAX_PATHS: usize = 64;

/// Checks the expressions of one step and collects what they need.
#[derive(Default)]
pub struct Checker {
    /// What the engine must provide, in the order in which it is numbered.
    pub inputs: Vec<Input>,
    /// Where the values of extra columns are: a column, then keys within each other.
    pub paths: Vec<Vec<String>>,
    /// Whether the host of the URL is asked for.
    pub needs_host: bool,
    param: &'static str,
}

impl Checker {
    /// Checks the expression of a parameter, which must be of type `wanted`.
    pub fn check(&mut self, param: &'static str, ast: &Ast, wanted: Type) -> Result<Node, Fault> {
        self.param = param;
        self.node(ast, Some(wanted))
    }

    /// `None` for `wanted` where any type will do.
    fn node(&mut self, ast: &Ast, wanted: Option<Type>) -> Result<Node, Fault> {
        if let Some((wanted, found)) = wanted.zip(type_of(ast)).filter(|(wanted, found)| wanted != found) {
            let message = format!("{} stands where {} is needed", found.words(), wanted.words());
            return Err(Fault::new(ast.span.clone(), message).hint(hint_for(wanted)));
        }
        let (number, text, truth) = (Some(Type::Number), Some(Type::Text), Some(Type::Truth));
        Ok(match &ast.kind {
            Kind::Number(number) => Node::Number(*number),
            Kind::Text(text) => Node::Text(text.as_str().into()),
            Kind::Truth(truth) => Node::Truth(*truth),
            Kind::Name(name) => self.name(name, &ast.span, wanted)?,
            Kind::Not(part) => Node::Not(self.boxed(part, truth)?),
            Kind::Negative(part) => Node::Negative(self.boxed(part, number)?),
            Kind::All(parts) => Node::All(self.nodes(parts, truth)?),
            Kind::Any(parts) => Node::Any(self.nodes(parts, truth)?),
            Kind::Sum(parts) => Node::Sum(self.operands(parts)?),
            Kind::Product(parts) => Node::Product(self.operands(parts)?),
            Kind::Compare(relation, sides) => self.compared(*relation, sides, &ast.span)?,
            Kind::In(part, items) => self.listed(part, items)?,
            Kind::Test(test, sides) => Node::Test(*test, self.nodes(&sides[..], text)?),
            Kind::Call(function, arguments) => self.call(*function, arguments, wanted)?,
        })
    }

    fn boxed(&mut self, ast: &Ast, wanted: Option<Type>) -> Result<Box<Node>, Fault> {
        self.node(ast, wanted).map(Box::new)
    }

    fn nodes(&mut self, parts: &[Ast], wanted: Option<Type>) -> Result<Box<[Node]>, Fault> {
        parts.iter().map(|part| self.node(part, wanted)).collect()
    }

    fn operands(&mut self, parts: &[(bool, Ast)]) -> Result<Box<[Operand]>, Fault> {
        let operand = |(is_inverted, part): &(bool, Ast)| {
            Ok(Operand { is_inverted: *is_inverted, node: self.node(part, Some(Type::Number))? })
        };
        parts.iter().map(operand).collect()
    }

    fn name(&mut self, name: &Name, span: &Range<usize>, wanted: Option<Type>) -> Result<Node, Fault> {
        let full = name.full();
        let column = COLUMNS.iter().find(|(known, ..)| !name.is_quoted && *known == full);
        if let Some((_, column, kind)) = column {
            self.needs_host |= *column == Column::Host;
            if column.needs_text() {
                self.ask(Need::Text, span);
            }
            return Ok(Node::Column(*column, *kind));
        }
        if let [first, path @ ..] = &name.parts[..]
            && let [column, ..] = path
            && first == "extra"
            && !name.is_quoted
        {
            self.ask(Need::Extra(column.clone()), span);
            let place = self.paths.iter().position(|known| known == path).unwrap_or_else(|| {
                self.paths.push(path.to_vec());
                self.paths.len() - 1
            });
            if place == MAX_PATHS {
                return Err(Fault::new(span.clone(), format!("more than {MAX_PATHS} extra columns")));
            }
            return Ok(Node::Extra(place, wanted));
        }
        let kind = match wanted {
            Some(Type::Number) => Used::Number,
            Some(Type::Text) => Used::Label,
            None => Used::Either,
            Some(Type::Truth) => {
                let fault = Fault::new(span.clone(), format!("`{full}` is a value, no condition"));
                return Err(fault.hint(format!("compare it with something, as in `{full} > 0`")));
            }
        };
        Ok(Node::Metric(self.ask(Need::Metric { name: full, kind }, span)))
    }

    /// The number of an input, which is asked for once.
    fn ask(&mut self, need: Need, span: &Range<usize>) -> usize {
        self.inputs.iter().position(|input| input.need == need).unwrap_or_else(|| {
            self.inputs.push(Input { need, param: self.param, span: span.clone() });
            self.inputs.len() - 1
        })
    }

    fn compared(&mut self, relation: Relation, sides: &[Ast; 2], span: &Range<usize>) -> Result<Node, Fault> {
        // Two metrics that nothing else tells the type of are numbers.
        let kind = type_of(&sides[0]).or(type_of(&sides[1])).unwrap_or(Type::Number);
        if kind == Type::Truth && !matches!(relation, Relation::Equal | Relation::Unequal) {
            let fault = Fault::new(span.clone(), "conditions have no order");
            return Err(fault.hint("combine them with `and`, `or` and `not`"));
        }
        Ok(Node::Compare(relation, self.nodes(sides, Some(kind))?))
    }

    fn listed(&mut self, part: &Ast, items: &[Ast]) -> Result<Node, Fault> {
        let kind = items.first().and_then(type_of).unwrap_or(Type::Number);
        let node = self.boxed(part, Some(kind))?;
        let (mut numbers, mut texts) = (Vec::new(), Vec::new());
        for item in items {
            match (&item.kind, kind) {
                (Kind::Number(number), Type::Number) => numbers.push(*number as f32),
                (Kind::Negative(inner), Type::Number) if let Kind::Number(number) = inner.kind => {
                    numbers.push(-number as f32);
                }
                (Kind::Text(text), Type::Text) => texts.push(Box::from(text.as_str())),
                _ => {
                    let fault = Fault::new(item.span.clone(), "this cannot stand in a list");
                    return Err(fault.hint("a list holds numbers or texts, written out and not mixed"));
                }
            }
        }
        texts.sort_unstable();
        Ok(if kind == Type::Text { Node::TextIn(node, texts.into()) } else { Node::NumberIn(node, numbers.into()) })
    }

    fn call(&mut self, function: Function, arguments: &[Ast], wanted: Option<Type>) -> Result<Node, Fault> {
        let (number, truth) = (Some(Type::Number), Some(Type::Truth));
        Ok(match (function, arguments) {
            (Function::Min, _) => Node::Min(self.nodes(arguments, number)?),
            (Function::Max, _) => Node::Max(self.nodes(arguments, number)?),
            (Function::Count, _) => Node::Count(self.nodes(arguments, truth)?),
            (Function::Missing, [value, ..]) => Node::Missing(self.boxed(value, None)?),
            (Function::Default, [value, instead, ..]) => {
                let kind = type_of(value).or(type_of(instead)).or(wanted);
                Node::Default(Box::new([self.node(value, kind)?, self.node(instead, kind)?]))
            }
            (Function::If, [condition, then, other, ..]) => {
                let kind = type_of(then).or(type_of(other)).or(wanted);
                let (then, other) = (self.node(then, kind)?, self.node(other, kind)?);
                Node::If(Box::new([self.node(condition, truth)?, then, other]))
            }
            (Function::Abs, [value, ..]) => Node::Math(f64::abs, self.boxed(value, number)?),
            (Function::Log, [value, ..]) => Node::Math(libm::log, self.boxed(value, number)?),
            (Function::Sqrt, [value, ..]) => Node::Math(f64::sqrt, self.boxed(value, number)?),
            // The parser has counted the arguments.
            (Function::Default | Function::If, _) | (_, []) => Node::Truth(false),
        })
    }
}

/// The type that a part has whatever its names stand for; metrics and extra columns take the type they are used as.
fn type_of(ast: &Ast) -> Option<Type> {
    match &ast.kind {
        Kind::Number(_) | Kind::Negative(_) | Kind::Sum(_) | Kind::Product(_) => Some(Type::Number),
        Kind::Text(_) => Some(Type::Text),
        Kind::Truth(_) | Kind::Not(_) | Kind::All(_) | Kind::Any(_) => Some(Type::Truth),
        Kind::Compare(..) | Kind::In(..) | Kind::Test(..) => Some(Type::Truth),
        Kind::Name(name) => {
            let full = name.full();
            COLUMNS.iter().find(|(known, ..)| !name.is_quoted && *known == full).map(|(_, _, kind)| *kind)
        }
        Kind::Call(Function::Missing, _) => Some(Type::Truth),
        Kind::Call(Function::Default, arguments) => arguments.iter().find_map(type_of),
        Kind::Call(Function::If, arguments) => arguments.iter().skip(1).find_map(type_of),
        Kind::Call(..) => Some(Type::Number),
    }
}

fn hint_for(wanted: Type) -> &'static str {
    match wanted {
        Type::Number => "`if(condition, 1, 0)` makes a number of a condition, `count(…)` counts those that hold",
        Type::Text => "texts stand between single quotes",
        Type::Truth => "compare it with something, as in `x > 0` or `lang == 'en'`",
    }
}
