//! The tree of an expression as it was written.

use super::lexer::Name;
use std::ops::Range;

/// A part of an expression and its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Ast {
    pub kind: Kind,
    pub span: Range<usize>,
}

/// The kinds of parts.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Number(f64),
    Text(String),
    Truth(bool),
    Name(Name),
    Not(Box<Ast>),
    Negative(Box<Ast>),
    All(Vec<Ast>),
    Any(Vec<Ast>),
    /// Each with whether it is subtracted.
    Sum(Vec<(bool, Ast)>),
    /// Each with whether it divides.
    Product(Vec<(bool, Ast)>),
    Compare(Relation, Box<[Ast; 2]>),
    In(Box<Ast>, Vec<Ast>),
    Test(Test, Box<[Ast; 2]>),
    Call(Function, Vec<Ast>),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    /// Every relation by its sign.
    pub const ALL: [(&'static str, Relation); 6] = [
        ("==", Relation::Equal),
        ("!=", Relation::Unequal),
        ("<", Relation::Less),
        ("<=", Relation::LessOrEqual),
        (">", Relation::Greater),
        (">=", Relation::GreaterOrEqual),
    ];
}

/// What one text can be to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    Contains,
    StartsWith,
    EndsWith,
}

impl Test {
    /// Every test by its word.
    pub const ALL: [(&'static str, Test); 3] =
        [("contains", Test::Contains), ("starts_with", Test::StartsWith), ("ends_with", Test::EndsWith)];
}

/// The functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Min,
    Max,
    Abs,
    Log,
    Sqrt,
    Missing,
    Default,
    If,
    Count,
}

impl Function {
    /// Every function by its name, with the least and the largest number of its arguments.
    pub const ALL: [(&'static str, Function, usize, usize); 9] = [
        ("min", Function::Min, 2, usize::MAX),
        ("max", Function::Max, 2, usize::MAX),
        ("abs", Function::Abs, 1, 1),
        ("log", Function::Log, 1, 1),
        ("sqrt", Function::Sqrt, 1, 1),
        ("missing", Function::Missing, 1, 1),
        ("default", Function::Default, 2, 2),
        ("if", Function::If, 3, 3),
        ("count", Function::Count, 1, usize::MAX),
    ];
}

/// Words that are no names.
pub const WORDS: [&str; 9] = ["and", "or", "not", "in", "true", "false", "contains", "starts_with", "ends_with"];
