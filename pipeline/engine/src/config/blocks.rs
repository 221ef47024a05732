//! Cuts the steps of a recipe into blocks, and refuses orders that make no sense.

use crate::spec::{Block, StepSpec};
use tokenmill_core::catalog::Shape;
use tokenmill_core::exchange::Kind as Exchange;

/// Why a step cannot stand where it stands, and what to do about it.
pub type Refused = (String, &'static str);

/// How a step goes together with its neighbours.
#[derive(PartialEq, Eq)]
enum Kind {
    /// It is walked through in the block's own phase.
    Own,
    /// It decides on what the block leaves, in the order of its neighbours of this kind.
    Exchange,
    /// It only adds numbers to what the block leaves, whatever its neighbours of this kind add.
    Score,
    /// It must be alone: lines are counted in documents that are there to stay, only those go through a pipe, and who comes
    /// after it must see the edited text.
    Alone,
}

fn kind(step: &StepSpec) -> Kind {
    match step.entry.shape {
        Shape::Pipe | Shape::Exchange(Exchange::Lines) => Kind::Alone,
        Shape::Exchange(_) => Kind::Exchange,
        Shape::Score => Kind::Score,
        Shape::Extract | Shape::Measure | Shape::Combine | Shape::Edit => Kind::Own,
    }
}

/// The blocks so far.
pub struct Blocks {
    pub done: Vec<Block>,
    pub open: Block,
    /// Whether documents have text here.
    pub has_text: bool,
}

impl Blocks {
    /// Ends the block that is open.
    fn cut(&mut self) {
        self.done.push(std::mem::take(&mut self.open));
    }

    /// Documents are stored here, so that what follows can be changed without doing what came before again.
    pub fn checkpoint(&mut self) -> Result<(), Refused> {
        if self.open.steps.is_empty() && self.open.exchanges.is_empty() {
            return Err(("a checkpoint needs a step before it".to_owned(), ""));
        }
        if !self.has_text {
            let hint = "only text is stored between phases, never raw pages";
            return Err(("a checkpoint must stand after the extraction".to_owned(), hint));
        }
        self.cut();
        Ok(())
    }

    /// Adds a step.
    pub fn step(&mut self, step: StepSpec) -> Result<(), Refused> {
        let exchange = step.entry.shape.exchange();
        let is_exchange = exchange.is_some();
        if step.entry.shape == Shape::Extract {
            if self.has_text {
                return Err((format!("`{}` finds nothing to extract: there is text already", step.name), ""));
            }
        } else if step.entry.needs_text && !self.has_text {
            let message = format!("`{}` needs text, and no step before it makes any", step.name);
            return Err((message, "put an `extract.…` step before it"));
        }
        let own = kind(&step);
        if self.open.exchanges.last().is_some_and(|last| own == Kind::Alone || kind(last) != own) {
            self.cut();
        }
        if matches!(step.entry.shape, Shape::Pipe | Shape::Score) {
            if !step.by_lang.is_empty() {
                let what = if step.entry.shape == Shape::Pipe { "command" } else { "model" };
                let message = format!("`{}` has one {what} for all languages", step.name);
                return Err((message, "use several steps, each with `when = { lang = [...] }`"));
            }
            self.open.exchanges.push(step);
            return Ok(());
        }
        if is_exchange {
            if !self.has_text && self.done.iter().any(|block| block.is_scan) {
                let message = format!("`{}` would read the source a third time", step.name);
                return Err((message, "put the exchanges that stand before the extraction one after the other"));
            }
            if exchange != Some(Exchange::Equal) && !step.by_lang.is_empty() {
                let message = format!("`{}` decides over all languages by the same parameters", step.name);
                return Err((message, "use several steps, each with `when = { lang = [...] }`"));
            }
            let asks_for_language = !step.when.lang.is_empty() || !step.by_lang.is_empty();
            if asks_for_language && !self.has_text {
                let message = format!("`{}` stands before any language is known", step.name);
                return Err((message, "put it behind the extraction and `lang.id`"));
            }
            // Reading a text again costs less than storing it, as long as nothing has been done to it.
            self.open.is_scan = !self.has_text || (self.done.is_empty() && self.open.steps.is_empty());
            self.open.exchanges.push(step);
        } else {
            self.has_text |= step.entry.shape == Shape::Extract;
            self.open.steps.push(step);
        }
        Ok(())
    }

    /// Ends the recipe: what the last exchanges decide is removed by a block without steps.
    pub fn finish(mut self) -> Result<Vec<Block>, Refused> {
        if !self.has_text {
            let hint = "add `[[step]]` with `use = \"extract.main_text\"`";
            return Err(("no step makes text from the pages".to_owned(), hint));
        }
        if self.open.exchanges.is_empty() {
            let follows_checkpoint = self.done.last().is_some_and(|block| block.exchanges.is_empty());
            if self.open.steps.is_empty() && follows_checkpoint {
                return Err(("a checkpoint needs a step after it".to_owned(), "remove it, or add a step"));
            }
        } else {
            self.cut();
        }
        self.cut();
        Ok(self.done)
    }
}
