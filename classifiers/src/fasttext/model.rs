//! A loaded classifier: reads and checks the file once, then is shared by all threads.

use super::ModelError;
use super::args::{Args, LossName};
use super::bytes::Bytes;
use super::dictionary::Dictionary;
use super::loss::Loss;
use super::matrix::Matrix;
use std::sync::Arc;

const INPUT: &str = "the input matrix";
const OUTPUT: &str = "the output matrix";

/// What fastText puts in front of every label.
pub const LABEL_PREFIX: &str = "__label__";

/// A fastText classifier in memory. Immutable: any number of threads may predict with it, each with its own
/// [`super::Scratch`].
pub struct Model {
    pub(super) args: Args,
    pub(super) dictionary: Dictionary,
    pub(super) input: Matrix,
    pub(super) output: Matrix,
    pub(super) loss: Loss,
}

impl Model {
    /// Reads a `.bin` or `.ftz` file. After this no text can make a prediction fail.
    ///
    /// # Errors
    /// When the bytes are not a fastText classifier, or one that is cut off or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Model, ModelError> {
        let mut bytes = Bytes::new(bytes);
        let args = Args::read(&mut bytes)?;
        let dictionary = Dictionary::read(&mut bytes, args.bucket)?;
        let input_quantized = bytes.flag(INPUT)?;
        let input = Matrix::read(&mut bytes, input_quantized, args.dim, INPUT)?;
        if !input_quantized && dictionary.is_pruned() {
            return Err(ModelError::damaged(INPUT, "n-grams are pruned, but the rows are not quantised"));
        }
        // The flag is written for every model, but the output is quantised only where the input is.
        let output_quantized = bytes.flag(OUTPUT)? && input_quantized;
        let output = Matrix::read(&mut bytes, output_quantized, args.dim, OUTPUT)?;
        let loss = Loss::new(args.loss, dictionary.label_counts())?;
        let model = Model { input: input.unpacked_for_adding(args.dim), args, dictionary, output, loss };
        model.check_rows()?;
        Ok(model)
    }

    /// Every row that a text can ask for must be there.
    fn check_rows(&self) -> Result<(), ModelError> {
        let buckets = if self.args.uses_ngrams() { self.args.bucket } else { 0 };
        let outputs = match &self.loss {
            Loss::Tree(tree) => tree.n_decisions(),
            Loss::Softmax | Loss::Logistic(_) => self.n_labels(),
        };
        let wanted =
            [(INPUT, self.input.rows(), self.dictionary.n_rows(buckets)), (OUTPUT, self.output.rows(), outputs)];
        for (part, rows, needed) in wanted {
            if rows < needed {
                return Err(ModelError::damaged(part, format!("`{needed}` rows are needed, `{rows}` are there")));
            }
        }
        Ok(())
    }

    /// The labels as the file spells them, `__label__` included, in the order of [`super::Prediction::label`].
    pub fn labels(&self) -> &[Arc<str>] {
        self.dictionary.labels()
    }

    /// The labels without what fastText puts in front of every one, in the same order.
    pub fn label_names(&self) -> Vec<Arc<str>> {
        let name = |label: &Arc<str>| label.strip_prefix(LABEL_PREFIX).map_or_else(|| label.clone(), Arc::from);
        self.labels().iter().map(name).collect()
    }

    /// Number of labels; at least one.
    pub fn n_labels(&self) -> usize {
        self.labels().len()
    }

    /// How the model was trained to give probabilities.
    pub fn loss(&self) -> LossName {
        self.args.loss
    }
}
