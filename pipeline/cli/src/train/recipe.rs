//! The recipe of a training.

use crate::failure::Failure;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use tokenmill_classifiers::fasttext::LossName;
use tokenmill_classifiers::fasttext::train::{Options, Quantization};
use tokenmill_classifiers::training::set::Choice;

/// All of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What is made.
    pub model: ModelTable,
    /// Classes, each from its own documents.
    #[serde(default, rename = "class")]
    pub classes: Vec<Class>,
    /// Documents that say themselves of which class they are.
    #[serde(default)]
    pub labelled: Vec<Labelled>,
    /// Documents of a crawl, by whether Wikipedia refers to them.
    #[serde(default)]
    pub referenced: Option<Referenced>,
    /// Which examples are taken.
    #[serde(default)]
    pub examples: Examples,
    /// What the classifier sees of a text.
    #[serde(default)]
    pub features: Features,
    /// How it is trained.
    #[serde(default)]
    pub fasttext: FastText,
    /// How an `.ftz` file is made small.
    #[serde(default)]
    pub quantize: Option<Quantize>,
}

/// What is made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelTable {
    /// The file: `.bin`, or `.ftz` for a small one.
    pub output: String,
    /// The label whose probability is the score; may be left out for two labels: then it is the second in alphabetical order. With more
    /// labels and none given, the score is the probability of the likeliest.
    pub positive: Option<String>,
    /// Whether the score is of what is to be removed, such as toxicity: then the step of the card has a `max_score`.
    #[serde(default)]
    pub removes: bool,
    /// What the card says about the licences of the documents.
    #[serde(default)]
    pub licence: String,
    /// All randomness comes from it.
    #[serde(default)]
    pub seed: u64,
}

/// A class.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Its name.
    pub label: String,
    /// Files or run directories with its documents.
    pub inputs: Vec<String>,
    /// Languages to take; all when empty. Documents that do not say their language are taken.
    #[serde(default)]
    pub lang: Vec<String>,
}

/// Documents with a label in a column.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labelled {
    /// Files with the documents.
    pub inputs: Vec<String>,
    /// The column: a text, a number, or a list of texts of which the first counts.
    pub column: String,
    /// Languages to take; all when empty.
    #[serde(default)]
    pub lang: Vec<String>,
    /// With numbers: the lowest one that makes the class `high`; the others are `low`.
    pub at_least: Option<f64>,
    /// What values are called, several of which may be one class; documents with other values are passed over.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// The column with the text.
    #[serde(default = "text")]
    pub text: String,
}

/// The class of documents that Wikipedia refers to; the second in alphabetical order, so the score is its probability.
pub const REFERENCE: &str = "reference";

/// The class of the other documents of the crawl.
pub const CRAWL: &str = "crawl";

/// Documents of a crawl, of two classes: those that articles of Wikipedia refer to, and the others.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Referenced {
    /// Files or run directories with the documents.
    pub inputs: Vec<String>,
    /// Dumps of Wikipedia, or one table that `tokenmill references` has made of them.
    pub by: Vec<String>,
    /// Languages to take; all when empty. Documents that do not say their language are taken.
    #[serde(default)]
    pub lang: Vec<String>,
    /// Articles that must refer to a document; one with fewer, but some, is of no class.
    #[serde(default = "one")]
    pub min_articles: u16,
    /// Whether every external link of an article counts, not only references.
    #[serde(default)]
    pub all_links: bool,
}

fn one() -> u16 {
    1
}

fn text() -> String {
    "text".to_owned()
}

/// Which examples are taken.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Examples {
    /// Of one class, at most.
    pub max_per_class: usize,
    /// Whether all classes have as many as the smallest.
    pub balance: bool,
    /// Share of the sites that say when to stop.
    pub validation: f64,
    /// Share of the sites that the card's figures are of.
    pub test: f64,
    /// Characters of the shortest text that is taken.
    pub min_chars: usize,
}

impl Default for Examples {
    fn default() -> Examples {
        Examples { max_per_class: 200_000, balance: true, validation: 0.1, test: 0.1, min_chars: 1 }
    }
}

/// What the classifier sees of a text; the same as the parameters of `classify.fasttext`.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Features {
    /// Whether case does not matter.
    pub lowercase: bool,
    /// Bytes of text looked at, from its start.
    pub max_bytes: usize,
}

impl Default for Features {
    fn default() -> Features {
        Features { lowercase: false, max_bytes: 65_536 }
    }
}

/// How it is trained, with the names of [`Options`]; the defaults are fastText's, but that n-grams of two words are features, as in
/// DCLM.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FastText {
    pub dim: usize,
    pub epochs: u32,
    pub learning_rate: f32,
    pub word_ngrams: usize,
    pub min_count: u64,
    pub buckets: u32,
    pub min_chars: usize,
    pub max_chars: usize,
    pub loss: Loss,
    pub patience: Option<u32>,
}

/// The output layer.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// One distribution over all labels.
    Softmax,
    /// A tree of decisions, for many labels.
    HierarchicalSoftmax,
    /// One decision for each label.
    OneVsAll,
}

impl Default for FastText {
    fn default() -> FastText {
        let Options { dim, epochs, learning_rate, min_count, buckets, min_chars, max_chars, patience, .. } =
            Options::default();
        let (word_ngrams, loss) = (2, Loss::Softmax);
        FastText { dim, epochs, learning_rate, word_ngrams, min_count, buckets, min_chars, max_chars, loss, patience }
    }
}

/// How a file is made small.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quantize {
    /// Features that are kept.
    pub features: usize,
    /// Floats that become one byte.
    pub width: usize,
    /// Whether the lengths of rows are kept apart.
    pub norms: bool,
}

impl Default for Quantize {
    fn default() -> Quantize {
        Quantize { features: 100_000, width: 2, norms: true }
    }
}

impl Recipe {
    /// Reads and checks a recipe.
    pub fn read(path: &str, text: &str) -> Result<Recipe, Failure> {
        let recipe: Recipe = toml::from_str(text).map_err(|error| Failure::usage(format!("{path}: {error}")))?;
        recipe.check().map_err(|what| Failure::usage(format!("{path}: {what}")))?;
        Ok(recipe)
    }

    fn check(&self) -> Result<(), String> {
        self.options().check().map_err(|error| format!("`[fasttext]`: {error}"))?;
        self.quantization().check().map_err(|error| format!("`[quantize]`: {error}"))?;
        let Examples { validation, test, max_per_class, .. } = self.examples;
        if self.fasttext.patience.is_some() && validation == 0.0 {
            return Err("`patience` needs `examples.validation` above 0".to_owned());
        }
        if self.quantize.is_some() && !self.model.output.ends_with(".ftz") {
            return Err("`[quantize]` is for a model that ends in `.ftz`".to_owned());
        }
        for labelled in &self.labelled {
            if labelled.at_least.is_some() && !labelled.names.is_empty() {
                return Err("`names` and `at_least` exclude each other".to_owned());
            }
            if labelled.at_least.is_some_and(|least| !least.is_finite()) {
                return Err("`at_least` must be a number".to_owned());
            }
        }
        let named = self.labelled.iter().flat_map(|labelled| labelled.names.values());
        let labels = self.classes.iter().map(|class| &class.label).chain(named);
        if let Some(label) = labels.into_iter().find(|label| label.is_empty() || label.contains(char::is_whitespace)) {
            return Err(format!("the label `{label}` must have no blanks, and not be empty"));
        }
        let ways = [!self.classes.is_empty(), !self.labelled.is_empty(), self.referenced.is_some()];
        if ways.iter().filter(|way| **way).count() != 1 {
            return Err("give either `[[class]]` tables, or `[[labelled]]` tables, or one `[referenced]`".to_owned());
        }
        if self.referenced.as_ref().is_some_and(|referenced| referenced.min_articles == 0) {
            return Err("`referenced.min_articles` must be above 0".to_owned());
        }
        let labels: BTreeSet<&str> = self.classes.iter().map(|class| class.label.as_str()).collect();
        if labels.len() < self.classes.len() || self.classes.len() == 1 {
            return Err("a classifier needs two classes or more, each with a label of its own".to_owned());
        }
        let is_share = (0.0..1.0).contains(&validation) && test > 0.0 && validation + test < 1.0;
        if !is_share {
            return Err("`examples.test` must be above 0, and leave something to learn from".to_owned());
        }
        if max_per_class == 0 || self.features.max_bytes == 0 {
            return Err("`max_per_class` and `max_bytes` must be above 0".to_owned());
        }
        if !(self.model.output.ends_with(".bin") || self.model.output.ends_with(".ftz")) {
            return Err(format!("`{}` must end in `.bin` or `.ftz`", self.model.output));
        }
        Ok(())
    }

    /// How examples are chosen.
    pub fn choice(&self) -> Choice {
        let Examples { max_per_class, balance, validation, test, .. } = self.examples;
        Choice { max_per_class, is_balanced: balance, validation, test, seed: self.model.seed }
    }

    /// How the classifier is trained.
    pub fn options(&self) -> Options {
        let loss = match self.fasttext.loss {
            Loss::Softmax => LossName::Softmax,
            Loss::HierarchicalSoftmax => LossName::HierarchicalSoftmax,
            Loss::OneVsAll => LossName::OneVsAll,
        };
        let FastText {
            dim,
            epochs,
            learning_rate,
            word_ngrams,
            min_count,
            buckets,
            min_chars,
            max_chars,
            patience,
            ..
        } = self.fasttext;
        let (min_label_count, seed) = (0, self.model.seed);
        Options {
            dim,
            epochs,
            learning_rate,
            word_ngrams,
            min_count,
            min_label_count,
            buckets,
            min_chars,
            max_chars,
            loss,
            seed,
            patience,
        }
    }

    /// How the file is made small.
    pub fn quantization(&self) -> Quantization {
        let Quantize { features, width, norms } = self.quantize.clone().unwrap_or_default();
        Quantization { n_kept: Some(features), width, norms, output: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: &str = "[model]\noutput = \"m.bin\"\n[[class]]\nlabel = \"a\"\ninputs = [\"a.jsonl\"]\n\
                         [[class]]\nlabel = \"b\"\ninputs = [\"b.jsonl\"]\n";

    #[test]
    fn a_short_recipe_has_all_defaults() {
        let recipe = Recipe::read("r.toml", SHORT);
        let found = recipe.map(|recipe| (recipe.options(), recipe.classes.len()));
        assert!(found.is_ok_and(|found| found == (Options { word_ngrams: 2, ..Options::default() }, 2)));
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        for (from, to, expected) in [
            ("label = \"b\"", "label = \"a\"", "a label of its own"),
            ("m.bin", "m.txt", "`.bin` or `.ftz`"),
            ("[model]", "[examples]\ntest = 0\n[model]", "`examples.test`"),
            ("[model]", "[[labelled]]\ninputs = []\ncolumn = \"x\"\n[model]", "either"),
            ("[model]", "[referenced]\ninputs = []\nby = []\n[model]", "either"),
            ("[model]", "[fasttext]\nloss = \"ns\"\n[model]", "unknown variant `ns`"),
            ("[model]", "[fasttext]\ndim = 0\n[model]", "`dim` must be"),
            ("[model]", "[fasttext]\nlearning_rate = nan\n[model]", "`learning_rate` must be"),
            ("[model]", "[fasttext]\npatience = 2\n[examples]\nvalidation = 0\n[model]", "`patience` needs"),
            ("[model]", "[quantize]\nwidth = 4\n[model]", "is for a model that ends in `.ftz`"),
            ("[model]\noutput = \"m.bin\"", "[quantize]\nfeatures = 9\n[model]\noutput = \"m.ftz\"", "at least 256"),
            ("label = \"a\"", "label = \"a b\"", "no blanks"),
            ("output", "outptu", "unknown field `outptu`"),
        ] {
            let error = format!("{:?}", Recipe::read("r.toml", &SHORT.replacen(from, to, 1)).err());
            assert!(error.contains(expected) && error.contains("r.toml"), "{expected}: {error}");
        }
    }
}
