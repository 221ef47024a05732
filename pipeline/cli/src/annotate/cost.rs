//! What an annotation will cost and has cost.

use super::journal::Known;
use super::request::{Request, ToDo, Work};
use crate::failure::Failure;
use crate::output::count;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use tokenmill_classifiers::annotate::estimate::{Price, n_tokens};

/// Tokens of an answer of which nothing is known: a reason of two sentences, or a word.
const ANSWER_WITH_REASON: f64 = 70.0;
const ANSWER_ALONE: f64 = 12.0;

/// Tokens of a conversation that are in no message.
const FRAME: f64 = 10.0;

/// Tokens of a request, guessed.
pub fn input_tokens(work: &Work, request: &Request<'_>) -> f64 {
    FRAME + work.messages(request).iter().map(|(_, content)| n_tokens(content)).sum::<f64>()
}

/// What is left to do, in numbers.
pub struct Estimate {
    n_requests: usize,
    n_documents: usize,
    n_out: u64,
    input: f64,
    output: f64,
    max_output: f64,
    spent: f64,
    price: Price,
}

impl Estimate {
    /// Counts. What the journal says about earlier answers corrects the guesses.
    pub fn new(work: &Work, known: &Known, to_do: &ToDo<'_>) -> Estimate {
        let price = work.recipe.price;
        let (n, input, output) = known.all().fold((0.0, 0.0, 0.0), |(n, input, output), said| {
            (n + 1.0, input + said.input as f64, output + said.output as f64)
        });
        let guess = if work.prompt.answer.reason { ANSWER_WITH_REASON } else { ANSWER_ALONE };
        let max_each = work.recipe.max_output_tokens();
        let each = if n > 0.0 { output / n } else { guess.min(max_each) };
        let n_requests = to_do.requests.len();
        let guessed: f64 = to_do.requests.iter().map(|request| input_tokens(work, request)).sum();
        Estimate {
            n_requests,
            n_documents: work.documents.len(),
            n_out: to_do.n_out,
            input: guessed * correction(work, known),
            output: each * n_requests as f64,
            max_output: max_each * n_requests as f64,
            spent: price.of(input, output),
            price,
        }
    }

    /// For people.
    pub fn summary(&self) -> String {
        let tokens = |number: f64| count(number.ceil() as u64);
        let mut out = format!(
            "{} requests to do for {} documents",
            count(self.n_requests as u64),
            count(self.n_documents as u64)
        );
        // Writing to a String cannot fail, here and below.
        if self.n_out > 0 {
            let _ = write!(out, ", {} more are in batches that have not come back", count(self.n_out));
        }
        let (input, output, most) = (tokens(self.input), tokens(self.output), tokens(self.max_output));
        let _ = write!(out, "\nabout {input} tokens to send, about {output} to come back (at most {most})");
        if !self.price.is_free() {
            let most = self.price.of(self.input, self.max_output);
            let _ = write!(out, "\ncost: about {:.4} (at most {most:.4})", self.price.of(self.input, self.output));
            if self.spent > 0.0 {
                let _ = write!(out, ", {:.4} spent before", self.spent);
            }
        }
        out.push('\n');
        out
    }

    /// Refuses what is not meant to be spent.
    pub fn check(&self, is_agreed: bool) -> Result<(), Failure> {
        let cost = self.price.of(self.input, self.output);
        match self.price.max_cost {
            Some(max) if self.n_requests > 0 && self.spent + cost > max => Err(Failure::usage(format!(
                "this would cost about {cost:.4}, with {:.4} spent before; `price.max_cost` is {max}",
                self.spent
            ))
            .hint("take fewer documents (`sample.per_stratum`), show less of each (`sample.max_chars`), or raise it")),
            None if !self.price.is_free() && !is_agreed && self.n_requests > 0 => Err(Failure::usage(
                "the recipe names a price, but not what may be spent",
            )
            .hint("set `price.max_cost`, or give `--yes` to spend what it takes; `--dry-run` shows the estimate")),
            _ => Ok(()),
        }
    }
}

/// How many tokens services have counted for each that we would have guessed.
fn correction(work: &Work, known: &Known) -> f64 {
    let (mut counted, mut guessed) = (0.0, 0.0);
    for (document, key) in &work.documents {
        let first = known.answers(key).first();
        if let Some((first, request)) = first.zip(work.next(key, &document.excerpt, &[])) {
            counted += first.input as f64;
            guessed += input_tokens(work, &request);
        }
    }
    if counted > 0.0 && guessed > 0.0 { counted / guessed } else { 1.0 }
}

/// What may still be spent. A request reserves what it may cost at most, so that those under way cannot spend the same money.
pub struct Budget {
    price: Price,
    state: Mutex<Money>,
}

struct Money {
    spent: f64,
    reserved: f64,
    n_reserved: usize,
}

/// Whether money could be reserved.
#[derive(Debug, PartialEq)]
pub enum Reserved {
    /// It is.
    Yes,
    /// Others have reserved it, and may give some of it back.
    Later,
    /// It is spent.
    Never,
}

impl Budget {
    /// What the answers of the journal have left.
    pub fn new(work: &Work, known: &Known) -> Budget {
        let price = work.recipe.price;
        let spent = known.all().map(|said| price.of(said.input as f64, said.output as f64)).sum();
        Budget { price, state: Mutex::new(Money { spent, reserved: 0.0, n_reserved: 0 }) }
    }

    /// What a request may cost at most.
    pub fn most(&self, work: &Work, request: &Request<'_>) -> f64 {
        match self.price.is_free() {
            true => 0.0,
            false => self.price.of(input_tokens(work, request), work.recipe.max_output_tokens()),
        }
    }

    /// Reserves.
    pub fn reserve(&self, most: f64) -> Reserved {
        let mut money = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if self.price.max_cost.is_some_and(|max| money.spent + money.reserved + most > max) {
            return if money.n_reserved > 0 { Reserved::Later } else { Reserved::Never };
        }
        (money.reserved, money.n_reserved) = (money.reserved + most, money.n_reserved + 1);
        Reserved::Yes
    }

    /// Gives back what was reserved and takes what tokens have cost, and says what has been spent or reserved.
    pub fn settle(&self, most: f64, tokens: Option<(u64, u64)>) -> f64 {
        let cost = tokens.map_or(0.0, |(input, output)| self.price.of(input as f64, output as f64));
        let mut money = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (money.spent, money.n_reserved) = (money.spent + cost, money.n_reserved - 1);
        // Sums of differences leave a rest.
        money.reserved = if money.n_reserved == 0 { 0.0 } else { money.reserved - most };
        money.spent + money.reserved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reserved_is_waited_for_and_what_is_spent_is_not() {
        let price = Price { input_per_million: 1e6, output_per_million: 1e6, max_cost: Some(10.0) };
        let budget = Budget { price, state: Mutex::new(Money { spent: 0.0, reserved: 0.0, n_reserved: 0 }) };
        assert_eq!([6.0, 6.0].map(|most| budget.reserve(most)), [Reserved::Yes, Reserved::Later]);
        assert_eq!(budget.settle(6.0, Some((1, 1))), 2.0);
        assert_eq!(budget.reserve(6.0), Reserved::Yes);
        assert_eq!(budget.settle(6.0, Some((3, 2))), 7.0);
        assert_eq!(budget.reserve(6.0), Reserved::Never);
    }
}
