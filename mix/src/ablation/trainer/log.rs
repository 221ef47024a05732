//! Reads the log of a trainer, line by line.

use crate::ablation::study::LogPatterns;
use regex::Regex;
use std::collections::BTreeMap;

/// Points of a curve that are kept; of a longer one every second is dropped, again and again.
const MAX_POINTS: usize = 1_000;

/// Names of groups and tests in a log, at most.
const MAX_NAMES: usize = 10_000;

/// What a log has told so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// Tokens seen, and the training loss then.
    pub curve: Vec<(u64, f64)>,
    /// The last loss of every group.
    pub losses: BTreeMap<String, f64>,
    /// The last value of every other test.
    pub scores: BTreeMap<String, f64>,
    /// The first line that told of a loss that is no finite number.
    pub diverged: Option<String>,
    /// Every how many points one is kept.
    stride: usize,
    n_points: usize,
}

/// The patterns, ready for use.
pub struct Log {
    train: Option<Regex>,
    valid: Option<Regex>,
    score: Option<Regex>,
    tokens_per_step: u64,
}

impl Log {
    /// Patterns that have been checked when the study was read.
    pub fn new(patterns: &LogPatterns, tokens_per_step: u64) -> Log {
        let ready = |pattern: &Option<String>| pattern.as_ref().and_then(|pattern| Regex::new(pattern).ok());
        let [train, valid, score] = [&patterns.train, &patterns.valid, &patterns.score].map(ready);
        Log { train, valid, score, tokens_per_step }
    }

    /// Takes in one line; says how many tokens the model has seen, if the line tells. `group` is the one that is evaluated,
    /// where a command is run for each.
    pub fn hear(&self, line: &str, group: Option<&str>, heard: &mut Heard) -> Option<u64> {
        if let Some(found) = self.valid.as_ref().and_then(|pattern| pattern.captures(line)) {
            let name = group.or_else(|| Some(found.name("group")?.as_str()));
            if let (Some(name), Some(loss)) = (name, value(&found, "loss")) {
                heard.note(line, loss);
                put(&mut heard.losses, name, loss);
            }
            return None;
        }
        if let Some(found) = self.score.as_ref().and_then(|pattern| pattern.captures(line)) {
            if let (Some(name), Some(value)) = (found.name("name"), value(&found, "value")) {
                put(&mut heard.scores, name.as_str(), value);
            }
            return None;
        }
        let found = self.train.as_ref()?.captures(line)?;
        let loss = value(&found, "loss")?;
        heard.note(line, loss);
        let whole = |name: &str| found.name(name)?.as_str().replace(['_', ','], "").parse::<u64>().ok();
        let tokens = whole("tokens").or_else(|| Some(whole("step")?.saturating_mul(self.tokens_per_step)))?;
        if loss.is_finite() {
            heard.point(tokens, loss);
        }
        Some(tokens)
    }
}

/// A number of a line; `nan` and `inf` are numbers here.
fn value(found: &regex::Captures<'_>, name: &str) -> Option<f64> {
    found.name(name)?.as_str().trim().parse().ok()
}

fn put(values: &mut BTreeMap<String, f64>, name: &str, value: f64) {
    if value.is_finite() && (values.len() < MAX_NAMES || values.contains_key(name)) {
        values.insert(name.to_owned(), value);
    }
}

impl Heard {
    fn note(&mut self, line: &str, loss: f64) {
        if !loss.is_finite() && self.diverged.is_none() {
            self.diverged = Some(line.chars().take(200).collect());
        }
    }

    fn point(&mut self, tokens: u64, loss: f64) {
        self.stride = self.stride.max(1);
        if self.n_points.is_multiple_of(self.stride) {
            self.curve.push((tokens, loss));
        }
        self.n_points += 1;
        if self.curve.len() >= MAX_POINTS {
            let mut number = 0;
            self.curve.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.stride *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> Log {
        let text = |text: &str| Some(text.to_owned());
        let patterns = LogPatterns {
            train: text(r"iteration +(?<step>\d+).*lm loss: (?<loss>\S+)"),
            valid: text(r"^valid (?<group>\S+) (?<loss>\S+)$"),
            score: text(r"^(?<name>acc\S*) = (?<value>\S+)$"),
        };
        Log::new(&patterns, 1_000)
    }

    #[test]
    fn lines_become_losses() {
        let (log, mut heard) = (log(), Heard::default());
        assert_eq!(log.hear(" iteration      20/ 100 | lm loss: 1.05E+01 |", None, &mut heard), Some(20_000));
        for line in ["noise", "valid code 2.5", "valid code 2.25", "acc_norm = 0.75", "valid web x", "valid en 3"] {
            assert_eq!(log.hear(line, None, &mut heard), None);
        }
        assert_eq!(heard.curve, [(20_000, 10.5)]);
        assert_eq!(heard.losses, BTreeMap::from([("code".to_owned(), 2.25), ("en".to_owned(), 3.0)]));
        assert_eq!(heard.scores, BTreeMap::from([("acc_norm".to_owned(), 0.75)]));
        assert_eq!(heard.diverged, None);
        log.hear("iteration 21 lm loss: NaN", None, &mut heard);
        assert_eq!(heard.diverged.as_deref(), Some("iteration 21 lm loss: NaN"));
        assert_eq!(heard.curve.len(), 1);
    }

    #[test]
    fn an_evaluation_is_of_its_group() {
        let patterns = LogPatterns { valid: Some(r"loss (?<loss>\S+)".to_owned()), ..LogPatterns::default() };
        let mut heard = Heard::default();
        Log::new(&patterns, 1).hear("loss 4.5", Some("web"), &mut heard);
        assert_eq!(heard.losses["web"], 4.5);
    }

    #[test]
    fn long_curves_are_thinned_evenly() {
        let (log, mut heard) = (log(), Heard::default());
        for step in 0..10_000 {
            log.hear(&format!("iteration {step} lm loss: 1"), None, &mut heard);
        }
        assert!(heard.curve.len() < MAX_POINTS && heard.curve.len() >= MAX_POINTS / 4, "{}", heard.curve.len());
        let gaps: Vec<u64> = heard.curve.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
        assert!(gaps.iter().all(|gap| *gap == gaps[0]), "{gaps:?}");
    }
}
