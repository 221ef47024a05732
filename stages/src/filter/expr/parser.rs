//! Reads tokens as an expression. From weak to strong: `or`, `and`, `not`, comparisons, `+ -`, `* /`, a sign.

use super::fault::Fault;
use super::lexer::{Lexeme, Token, tokens};
use super::syntax::{Ast, Function, Kind, Relation, Test, WORDS};
use tokenmill_core::suggest::suggest;

/// Bytes of an expression, at most: some hundred conditions.
pub const MAX_BYTES: usize = 16 << 10;
/// Parentheses, calls, `not` and signs within each other, at most.
pub const MAX_DEPTH: usize = 64;

/// Reads an expression.
pub fn parse(source: &str) -> Result<Ast, Fault> {
    if source.len() > MAX_BYTES {
        let message = format!("an expression of {} bytes; the limit is {MAX_BYTES}", source.len());
        return Err(Fault::new(0..0, message).hint("cut it into several steps: each can use the `score` of another"));
    }
    let mut parser = Parser { tokens: tokens(source)?, at: 0, depth: 0, source };
    let ast = parser.any()?;
    match parser.peek() {
        Token::End => Ok(ast),
        _ => Err(parser.unexpected("`and`, `or` or the end")),
    }
}

struct Parser<'s> {
    tokens: Vec<Lexeme>,
    at: usize,
    depth: usize,
    source: &'s str,
}

impl Parser<'_> {
    /// The last token is the end, and stays.
    fn lexeme(&self) -> &Lexeme {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn peek(&self) -> &Token {
        &self.lexeme().token
    }

    /// Takes a sign or a word.
    fn take(&mut self, wanted: &str) -> bool {
        let found = match self.peek() {
            Token::Sign(sign) => *sign == wanted,
            Token::Name(name) => name.word() == wanted,
            _ => false,
        };
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: &str) -> Result<(), Fault> {
        if self.take(wanted) { Ok(()) } else { Err(self.unexpected(&format!("`{wanted}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> Fault {
        let span = self.lexeme().span.clone();
        let message = match self.peek() {
            Token::End => format!("{wanted} is expected at the end"),
            _ => format!("{wanted} is expected, not `{}`", &self.source[span.clone()]),
        };
        Fault::new(span, message)
    }

    /// Goes down one level, which is limited.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.depth == MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} levels within each other");
            return Err(Fault::new(self.lexeme().span.clone(), message));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// Where the token that was taken last ends.
    fn end(&self) -> usize {
        self.tokens[self.at.saturating_sub(1)].span.end
    }

    /// Parts with a word between them; one part alone is itself.
    fn joined(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Ast, Fault>,
        join: fn(Vec<Ast>) -> Kind,
    ) -> Result<Ast, Fault> {
        let first = part(self)?;
        if !self.take(word) {
            return Ok(first);
        }
        let start = first.span.start;
        let mut parts = vec![first, part(self)?];
        while self.take(word) {
            parts.push(part(self)?);
        }
        Ok(Ast { kind: join(parts), span: start..self.end() })
    }

    fn any(&mut self) -> Result<Ast, Fault> {
        self.joined("or", Self::all, Kind::Any)
    }

    fn all(&mut self) -> Result<Ast, Fault> {
        self.joined("and", Self::negation, Kind::All)
    }

    fn negation(&mut self) -> Result<Ast, Fault> {
        let start = self.lexeme().span.start;
        if !self.take("not") {
            return self.comparison();
        }
        let inner = self.deeper(Self::negation)?;
        Ok(Ast { kind: Kind::Not(Box::new(inner)), span: start..self.end() })
    }

    /// The relation that stands here.
    fn relation(&self) -> Option<Relation> {
        let found = Relation::ALL.into_iter().find(|(sign, _)| *self.peek() == Token::Sign(sign));
        found.map(|(_, relation)| relation)
    }

    /// A sum, and what may follow it: a relation, a list, or a test of texts.
    fn comparison(&mut self) -> Result<Ast, Fault> {
        let left = self.sum()?;
        let start = left.span.start;
        if let Some(relation) = self.relation() {
            self.at += 1;
            let right = self.sum()?;
            if self.relation().is_some() {
                let fault = Fault::new(self.lexeme().span.clone(), "comparisons cannot be chained");
                return Err(fault.hint("write `a < b and b < c`"));
            }
            let kind = Kind::Compare(relation, Box::new([left, right]));
            return Ok(Ast { kind, span: start..self.end() });
        }
        let is_negated = self.take("not");
        let kind = if self.take("in") {
            Kind::In(Box::new(left), self.list()?)
        } else if let Some((_, test)) = Test::ALL.into_iter().find(|(word, _)| self.take(word)) {
            Kind::Test(test, Box::new([left, self.sum()?]))
        } else if is_negated {
            return Err(self.unexpected("`in`, `contains`, `starts_with` or `ends_with`"));
        } else {
            return Ok(left);
        };
        let made = Ast { kind, span: start..self.end() };
        let span = made.span.clone();
        Ok(if is_negated { Ast { kind: Kind::Not(Box::new(made)), span } } else { made })
    }

    fn list(&mut self) -> Result<Vec<Ast>, Fault> {
        self.expect("[")?;
        let mut items = vec![self.deeper(Self::signed)?];
        while self.take(",") {
            items.push(self.deeper(Self::signed)?);
        }
        self.expect("]").map_err(|_| self.unexpected("`,` or `]`"))?;
        Ok(items)
    }

    /// Parts with one of two signs between them, each with whether the second stands before it; one part alone is
    /// itself.
    fn chain(
        &mut self,
        signs: [&'static str; 2],
        part: fn(&mut Self) -> Result<Ast, Fault>,
        join: fn(Vec<(bool, Ast)>) -> Kind,
    ) -> Result<Ast, Fault> {
        let first = part(self)?;
        let start = first.span.start;
        let mut parts = vec![(false, first)];
        while let Some(place) = signs.iter().position(|sign| *self.peek() == Token::Sign(sign)) {
            self.at += 1;
            parts.push((place == 1, part(self)?));
        }
        if let [_] = parts[..]
            && let Some((_, only)) = parts.pop()
        {
            return Ok(only);
        }
        Ok(Ast { kind: join(parts), span: start..self.end() })
    }

    fn sum(&mut self) -> Result<Ast, Fault> {
        self.chain(["+", "-"], Self::product, Kind::Sum)
    }

    fn product(&mut self) -> Result<Ast, Fault> {
        self.chain(["*", "/"], Self::signed, Kind::Product)
    }

    fn signed(&mut self) -> Result<Ast, Fault> {
        let start = self.lexeme().span.start;
        if !self.take("-") {
            return self.primary();
        }
        let inner = self.deeper(Self::signed)?;
        Ok(Ast { kind: Kind::Negative(Box::new(inner)), span: start..self.end() })
    }

    fn primary(&mut self) -> Result<Ast, Fault> {
        let Lexeme { token, span } = self.lexeme().clone();
        let kind = match token {
            Token::Number(number) => Kind::Number(number),
            Token::Text(text) => Kind::Text(text),
            Token::Sign("(") => {
                self.at += 1;
                let inner = self.deeper(Self::any)?;
                self.expect(")")?;
                return Ok(Ast { span: span.start..self.end(), ..inner });
            }
            Token::Name(name) if matches!(name.word(), "true" | "false") => Kind::Truth(name.word() == "true"),
            Token::Name(name) if !WORDS.contains(&name.word()) => {
                self.at += 1;
                if !self.take("(") {
                    return Ok(Ast { kind: Kind::Name(name), span });
                }
                return self.call(&name.full(), span);
            }
            _ => return Err(self.unexpected("a value")),
        };
        self.at += 1;
        Ok(Ast { kind, span })
    }

    /// The rest of a call, behind its opening parenthesis.
    fn call(&mut self, name: &str, span: std::ops::Range<usize>) -> Result<Ast, Fault> {
        let Some((_, function, least, most)) = Function::ALL.into_iter().find(|(known, ..)| *known == name) else {
            let known = Function::ALL.map(|(known, ..)| known);
            return Err(Fault::new(span, format!("unknown function `{name}`")).hint(suggest(name, &known)));
        };
        let mut arguments = vec![self.deeper(Self::any)?];
        while self.take(",") {
            arguments.push(self.deeper(Self::any)?);
        }
        self.expect(")").map_err(|_| self.unexpected("`,` or `)`"))?;
        let span = span.start..self.end();
        if arguments.len() < least || arguments.len() > most {
            let wanted = if least == most { least.to_string() } else { format!("{least} or more") };
            return Err(Fault::new(span, format!("`{name}` takes {wanted} values, not {}", arguments.len())));
        }
        Ok(Ast { kind: Kind::Call(function, arguments), span })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree in prefix form.
    fn shown(ast: &Ast) -> String {
        let list = |parts: &[Ast]| parts.iter().map(shown).collect::<Vec<_>>().join(" ");
        let signed = |parts: &[(bool, Ast)], sign: &str| {
            parts
                .iter()
                .map(|(inverted, part)| if *inverted { format!("{sign}{}", shown(part)) } else { shown(part) })
                .collect::<Vec<_>>()
                .join(" ")
        };
        match &ast.kind {
            Kind::Number(number) => number.to_string(),
            Kind::Text(text) => format!("'{text}'"),
            Kind::Truth(truth) => truth.to_string(),
            Kind::Name(name) => name.full(),
            Kind::Not(part) => format!("(not {})", shown(part)),
            Kind::Negative(part) => format!("(- {})", shown(part)),
            Kind::All(parts) => format!("(and {})", list(parts)),
            Kind::Any(parts) => format!("(or {})", list(parts)),
            Kind::Sum(parts) => format!("(+ {})", signed(parts, "-")),
            Kind::Product(parts) => format!("(* {})", signed(parts, "/")),
            Kind::Compare(relation, sides) => format!("({relation:?} {})", list(&sides[..])),
            Kind::In(part, items) => format!("(in {} [{}])", shown(part), list(items)),
            Kind::Test(test, sides) => format!("({test:?} {})", list(&sides[..])),
            Kind::Call(function, arguments) => format!("({function:?} {})", list(arguments)),
        }
    }

    #[test]
    fn strong_signs_bind_before_weak_ones() {
        for (source, tree) in [
            ("a or b and c or d", "(or a (and b c) d)"),
            ("not a and b", "(and (not a) b)"),
            ("not a == b", "(not (Equal a b))"),
            ("not not a", "(not (not a))"),
            ("1 + 2 * 3 - 4 / 5", "(+ 1 (* 2 3) -(* 4 /5))"),
            ("8 - 4 - 2", "(+ 8 -4 -2)"),
            ("8 / 4 / 2", "(* 8 /4 /2)"),
            ("-a * - -b", "(* (- a) (- (- b)))"),
            ("a + 1 < b * 2", "(Less (+ a 1) (* b 2))"),
            ("(a or b) and c", "(and (or a b) c)"),
            ("a in ['x', 'y'] or b not in [1, -2]", "(or (in a ['x' 'y']) (not (in b [1 (- 2)])))"),
            ("a.b not ends_with '.edu' and true", "(and (not (EndsWith a.b '.edu')) true)"),
            ("max(a, if(b, 1, 2), min(3, 4))", "(Max a (If b 1 2) (Min 3 4))"),
            ("missing(`in`.x)", "(Missing in.x)"),
        ] {
            assert_eq!(shown(&parse(source).unwrap()), tree, "{source}");
        }
    }

    #[test]
    fn mistakes_are_pointed_at() {
        for (source, span, message) in [
            ("", 0..0, "a value is expected at the end"),
            ("a and", 5..5, "a value is expected at the end"),
            ("a b", 2..3, "`and`, `or` or the end is expected, not `b`"),
            ("(a", 2..2, "`)` is expected at the end"),
            ("1 < a < 3", 6..7, "cannot be chained"),
            ("a not b", 6..7, "`in`, `contains`"),
            ("a in 'x'", 5..8, "`[` is expected"),
            ("a in []", 6..7, "a value is expected, not `]`"),
            ("min(a)", 0..6, "takes 2 or more values, not 1"),
            ("abs(a, b)", 0..9, "takes 1 values, not 2"),
            ("lower(a)", 0..5, "unknown function `lower`"),
            ("and", 0..3, "a value is expected"),
        ] {
            let fault = parse(source).unwrap_err();
            assert!(fault.message.contains(message), "{source}: {}", fault.message);
            assert_eq!(fault.span, span, "{source}");
        }
        assert_eq!(parse("mim(a, b)").unwrap_err().hint.unwrap(), "did you mean `min`?");
    }

    #[test]
    fn depth_and_length_are_limited() {
        for (open, close) in [("(", ")"), ("not ", ""), ("-", ""), ("abs(", ")")] {
            let nested = |n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
            assert!(parse(&nested(MAX_DEPTH)).is_ok(), "{open}");
            assert!(parse(&nested(MAX_DEPTH + 1)).unwrap_err().message.contains("levels"), "{open}");
            let _ = parse(&nested(3_000)).unwrap_err();
        }
        // Long chains are wide, not deep.
        for chain in [" and 1", " + 1", "*1", " or 1"] {
            assert!(parse(&format!("1{}", chain.repeat(2_000))).is_ok(), "{chain}");
        }
        assert!(parse(&"a".repeat(MAX_BYTES + 1)).unwrap_err().message.contains("limit"));
    }
}
