//! The passes over the examples: their order, the rate, and when to stop.

use super::corpus::Corpus;
use super::options::{Options, TrainError};
use super::random::Random;
use super::step::{Layer, Step};
use super::trained::Trained;
use super::vocabulary::Vocabulary;
use super::weights::Weights;
use crate::fasttext::LossName;
use crate::fasttext::tree::Tree;

/// Examples between two reports of progress.
const REPORTED: usize = 1_000;

/// How far training is.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Words and labels learned from.
    pub n_done: u64,
    /// Words and labels of all passes.
    pub n_all: u64,
    /// What the pass that has just ended gave; `None` in the middle of one.
    pub pass: Option<Pass>,
}

/// What a pass gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pass {
    /// Its number, from 1.
    pub number: u32,
    /// Mean loss of the examples while they were learned from, in nats.
    pub loss: f64,
    /// Mean loss of the validation examples after it.
    pub validation_loss: Option<f64>,
}

/// Trains.
pub(super) fn run(
    examples: &Corpus,
    validation: &Corpus,
    vocabulary: Vocabulary,
    options: &Options,
    observe: &mut dyn FnMut(&Progress),
) -> Result<Trained, TrainError> {
    let (n_labels, n_words) = (vocabulary.labels.len(), vocabulary.words.len());
    let label_counts: Vec<i64> = vocabulary.labels.iter().map(|(_, count)| count.cast_signed()).collect();
    let tree = Tree::build(&label_counts).map_err(|error| TrainError::Examples(error.to_string()))?;
    let layer = Layer::new(options.loss, tree);
    let weights = Weights::new(n_words + options.n_buckets() as usize, n_labels, options.dim, options.seed)?;
    let mut learner = Learner { vocabulary: &vocabulary, options, layer, weights, scratch: Scratch::default() };
    let n_of_pass = examples.n_tokens();
    let mut progress = Progress { n_done: 0, n_all: n_of_pass * u64::from(options.epochs), pass: None };
    let mut best: Option<(u32, f64, Weights)> = None;
    let mut passes = Vec::new();
    // Another stream than that of the first weights.
    let mut random = Random::new(!options.seed);
    let mut order: Vec<u32> = (0..examples.len() as u32).collect();
    for number in 1..=options.epochs {
        random.shuffle(&mut order);
        let loss = learner.pass(examples, &order, &mut random, &mut progress, observe);
        let validation_loss = (validation.len() > 0).then(|| learner.loss(validation));
        if !loss.is_finite() || validation_loss.is_some_and(|loss| !loss.is_finite()) {
            return Err(TrainError::Diverged { epoch: number });
        }
        passes.push(Pass { number, loss, validation_loss });
        progress.pass = passes.last().copied();
        observe(&progress);
        progress.pass = None;
        if let (Some(patience), Some(loss)) = (options.patience, validation_loss) {
            match &best {
                Some((before, least, _)) if loss >= *least => {
                    if number - before >= patience {
                        break;
                    }
                }
                Some(_) | None => {
                    // The old copy goes before the new one comes.
                    drop(best.take());
                    best = Some((number, loss, learner.weights.clone()));
                }
            }
        }
    }
    let weights = best.map_or(learner.weights, |(_, _, weights)| weights);
    Ok(Trained::new(options.clone(), vocabulary, weights, n_of_pass, passes))
}

struct Learner<'a> {
    vocabulary: &'a Vocabulary,
    options: &'a Options,
    layer: Layer,
    weights: Weights,
    scratch: Scratch,
}

#[derive(Default)]
struct Scratch {
    step: Step,
    rows: Vec<u32>,
    hashes: Vec<u32>,
}

impl Learner<'_> {
    /// Learns every example once, and gives their mean loss.
    fn pass(
        &mut self,
        examples: &Corpus,
        order: &[u32],
        random: &mut Random,
        progress: &mut Progress,
        observe: &mut dyn FnMut(&Progress),
    ) -> f64 {
        let Scratch { step, rows, hashes } = &mut self.scratch;
        let mut sum = 0.0;
        for (n_done, at) in order.iter().enumerate() {
            let (words, labels) = examples.get(*at as usize);
            self.vocabulary.features(words, self.options, hashes, rows);
            let target = if labels.len() == 1 || self.options.loss == LossName::OneVsAll {
                labels[0]
            } else {
                labels[random.below(labels.len())]
            };
            let share = progress.n_done as f64 / progress.n_all.max(1) as f64;
            let rate = self.options.learning_rate * (1.0 - share) as f32;
            sum += step.learn(&mut self.weights, &self.layer, (rows, labels), target, rate);
            progress.n_done += (words.len() + labels.len()) as u64;
            if n_done % REPORTED == 0 {
                observe(progress);
            }
        }
        sum / order.len().max(1) as f64
    }

    /// The mean loss of examples that nothing is learned from.
    fn loss(&mut self, examples: &Corpus) -> f64 {
        let Scratch { step, rows, hashes } = &mut self.scratch;
        let mut sum = 0.0;
        for at in 0..examples.len() {
            let (words, labels) = examples.get(at);
            self.vocabulary.features(words, self.options, hashes, rows);
            sum += step.loss(&mut self.weights, &self.layer, rows, labels);
        }
        sum / examples.len().max(1) as f64
    }
}
