//! Training on toy examples: what is learned is what is there, and the files say the same.

use super::{Example, Options, Pass, Progress, Quantization, TrainError, Trained, train};
use crate::fasttext::{LossName, Model, Scratch};
use tokenmill_core::hash::hash64;

const LABELS: [&str; 3] = ["bread", "rain", "sails"];
const WORDS: [[&str; 6]; 3] = [
    ["flour", "oven", "crust", "yeast", "dough", "loaf"],
    ["cloud", "drizzle", "storm", "puddle", "thunder", "damp"],
    ["mast", "anchor", "harbour", "rope", "tide", "keel"],
];
const COMMON: [&str; 5] = ["the", "and", "of", "a", "in"];

/// A text of a class: one word in three says which.
fn text(seed: u64, class: usize) -> String {
    let pick = |at: u64, list: &[&'static str]| list[(hash64(seed, &at.to_le_bytes()) % list.len() as u64) as usize];
    let words = (0..12).map(|at| if at % 3 == 0 { pick(at, &WORDS[class]) } else { pick(at, &COMMON) });
    words.collect::<Vec<_>>().join(" ")
}

fn texts(n: u64) -> Vec<(usize, String)> {
    (0..n).map(|seed| ((seed % 3) as usize, text(seed, (seed % 3) as usize))).collect()
}

fn small(loss: LossName) -> Options {
    Options { dim: 12, epochs: 5, learning_rate: 0.5, word_ngrams: 2, buckets: 5_000, loss, ..Options::default() }
}

fn learn(texts: &[(usize, String)], validation: &[(usize, String)], options: &Options) -> Result<Trained, TrainError> {
    fn examples(texts: &[(usize, String)]) -> impl Iterator<Item = Example<'_>> {
        texts.iter().map(|(class, text)| Example { labels: &LABELS[*class..=*class], text })
    }
    train(examples(texts), examples(validation), options, &mut |_| {})
}

/// How many texts get their own label.
fn accuracy(model: &Model, texts: &[(usize, String)]) -> f64 {
    let (names, mut scratch) = (model.label_names(), Scratch::default());
    let right = texts.iter().filter(|(class, text)| {
        let best = model.predict(text.as_bytes(), 1, 0.0, &mut scratch).first().copied();
        best.is_some_and(|best| &*names[best.label] == LABELS[*class])
    });
    right.count() as f64 / texts.len() as f64
}

#[test]
fn every_loss_learns_what_is_there() {
    let (texts, others) = (texts(600), texts(900).split_off(600));
    for loss in [LossName::Softmax, LossName::HierarchicalSoftmax, LossName::OneVsAll] {
        for (min_chars, max_chars) in [(0, 0), (2, 4)] {
            let options = Options { min_chars, max_chars, ..small(loss) };
            let trained = learn(&texts, &[], &options).unwrap();
            let model = trained.model().unwrap();
            assert_eq!(model.loss(), loss);
            assert!(accuracy(&model, &others) > 0.99, "{loss:?} {max_chars}: {}", accuracy(&model, &others));
            let losses: Vec<f64> = trained.passes().iter().map(|pass| pass.loss).collect();
            assert!(losses.len() == 5 && losses[4] < losses[0], "{losses:?}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let texts = texts(60);
    let bytes = |seed: u64| learn(&texts, &[], &Options { seed, ..small(LossName::Softmax) }).unwrap().to_bin();
    assert!(bytes(1) == bytes(1));
    assert!(bytes(1) != bytes(2));
}

#[test]
fn small_files_say_nearly_the_same() {
    let (texts, others) = (texts(600), texts(900).split_off(600));
    let trained = learn(&texts, &[], &small(LossName::Softmax)).unwrap();
    let bin = trained.to_bin();
    for how in [
        Quantization::default(),
        Quantization { norms: true, ..Quantization::default() },
        Quantization { n_kept: Some(300), norms: true, width: 5, output: false },
    ] {
        let ftz = trained.to_ftz(&how).unwrap();
        assert!(ftz.len() * 2 < bin.len(), "{how:?}");
        let model = Model::from_bytes(&ftz).unwrap();
        assert!(accuracy(&model, &others) > 0.97, "{how:?}: {}", accuracy(&model, &others));
    }
    let too_few = trained.to_ftz(&Quantization { n_kept: Some(255), ..Quantization::default() });
    assert!(matches!(too_few, Err(TrainError::Quantize(_))));
    assert!(trained.to_ftz(&Quantization { output: true, ..Quantization::default() }).is_err());
    assert!(trained.to_ftz(&Quantization { width: 0, ..Quantization::default() }).is_err());
}

#[test]
fn training_stops_when_validation_does_not_get_better() {
    // Nothing can be learned of labels that were drawn.
    let noise = |from: u64| -> Vec<(usize, String)> {
        (from..from + 150)
            .map(|seed| ((hash64(seed, b"class") % 3) as usize, text(seed, (seed % 3) as usize)))
            .collect()
    };
    let options = Options { epochs: 60, patience: Some(3), ..small(LossName::Softmax) };
    let trained = learn(&noise(0), &noise(1_000), &options).unwrap();
    let losses: Vec<f64> = trained.passes().iter().map(|pass| pass.validation_loss.unwrap()).collect();
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let best = trained.best_pass() as usize;
    assert_eq!(losses[best - 1], least);
    assert!(losses.len() < 60 && losses.len() == best + 3, "{losses:?}");
    // The weights are those of that pass.
    let short = learn(&noise(0), &noise(1_000), &Options { patience: None, ..options.clone() }).unwrap();
    assert!(short.best_pass() == 60 && short.to_bin() != trained.to_bin());
    assert!(matches!(learn(&noise(0), &[], &options), Err(TrainError::Options(_))));
}

#[test]
fn progress_is_told() {
    let texts = texts(2_500);
    let mut seen: Vec<Progress> = Vec::new();
    let examples = texts.iter().map(|(class, text)| Example { labels: &LABELS[*class..=*class], text });
    let options = Options { epochs: 2, ..small(LossName::Softmax) };
    train(examples, std::iter::empty(), &options, &mut |progress| seen.push(progress.clone())).unwrap();
    assert!(seen.windows(2).all(|two| two[0].n_done <= two[1].n_done));
    let passes: Vec<Pass> = seen.iter().filter_map(|progress| progress.pass).collect();
    assert_eq!(passes.iter().map(|pass| pass.number).collect::<Vec<_>>(), [1, 2]);
    // Twelve words, the end of the line and the label.
    assert_eq!(seen.last().map(|progress| (progress.n_done, progress.n_all)), Some((70_000, 70_000)));
}

#[test]
fn rare_words_and_labels_are_left_out() {
    let labels: [&[&str]; 4] = [&["a"], &["b"], &["a", "rare"], &["rare too"]];
    let texts = ["one two two", "two three", "one __label__a four", "five"];
    let examples = || labels.iter().zip(texts).take(3).map(|(labels, text)| Example { labels, text });
    let options = Options { min_count: 2, dim: 3, ..Options::default() };
    let model = train(examples(), std::iter::empty(), &options, &mut |_| {}).unwrap().model().unwrap();
    assert_eq!(model.label_names().iter().map(|name| &**name).collect::<Vec<_>>(), ["a", "b", "rare"]);
    let options = Options { min_label_count: 2, ..options };
    let error = train(examples(), std::iter::empty(), &options, &mut |_| {}).err().unwrap();
    assert!(matches!(error, TrainError::Examples(_)), "{error}");
    let blank = labels.iter().zip(texts).map(|(labels, text)| Example { labels, text });
    let error = train(blank, std::iter::empty(), &Options::default(), &mut |_| {}).err().unwrap();
    assert_eq!(error.to_string(), "`rare too` cannot be a label");
}

#[test]
fn weights_without_limit_are_noticed() {
    let texts = texts(300);
    let options = Options { learning_rate: 1e30, ..small(LossName::Softmax) };
    assert!(matches!(learn(&texts, &[], &options), Err(TrainError::Diverged { .. })));
}
