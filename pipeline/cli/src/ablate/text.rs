//! What a study has found, on the terminal.

use super::gather::states;
use crate::output::{count, plain, table};
use tokenmill_mix::ablation::analysis::{Analysis, Difference, Estimate, Laws};
use tokenmill_mix::ablation::{Study, Trial};

/// Trials that are listed, at most; the tables have all.
const MAX_TRIALS: usize = 40;

/// Mixes that are listed.
const MAX_MIXES: usize = 5;

/// All there is to say in a few screens.
pub fn text(analysis: &Analysis) -> String {
    let mut text = String::new();
    let states: Vec<String> = states(analysis).iter().map(|(state, n)| format!("{n} {state}")).collect();
    let n_trials = count(analysis.trials.len() as u64);
    text.push_str(&format!("{}: {n_trials} models, {}\n\n", plain(&analysis.name), states.join(", ")));
    for trial in analysis.trials.iter().filter(|trial| matches!(trial.state, "failed" | "diverged")).take(MAX_TRIALS) {
        let reason = trial.reason.as_deref().unwrap_or("");
        text.push_str(&format!("{} {}: {}\n", trial.state, plain(&trial.name), plain(reason)));
    }
    if let Some(laws) = &analysis.laws {
        text.push_str(&of_laws(laws, &analysis.groups));
    }
    if let Some(why) = &analysis.no_laws {
        text.push_str(&format!("there is no law: {}\n", plain(why)));
    }
    if !analysis.differences.is_empty() {
        text.push_str(&of_differences(&analysis.differences));
    }
    for caution in &analysis.cautions {
        text.push_str(&format!("note: {}\n", plain(caution)));
    }
    text
}

/// The forms that were compared, in a table, and the reason.
pub fn forms(laws: &Laws) -> String {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.4}"));
    let row = |form: &tokenmill_mix::ablation::analysis::FormRow| {
        let mark = if form.chosen { " *" } else { "" };
        let error = match (form.error, form.standard_error) {
            (Some(error), Some(se)) => format!("{error:.4} ± {se:.4}"),
            _ => "not fitted".to_owned(),
        };
        vec![format!("{}{mark}", form.name), error, number(form.spearman)]
    };
    let rows: Vec<Vec<String>> = laws.forms.iter().map(row).collect();
    format!("{}{}\n", table(&["form", "error without the run", "rank correlation"], &rows), laws.reason)
}

fn of_laws(laws: &Laws, groups: &[String]) -> String {
    let mut text = format!("the law of `{}`\n{}\n", plain(&laws.proxy), forms(laws));
    if let Some(held_out) = &laws.held_out {
        let rank = held_out.spearman.map_or_else(|| "unknown".to_owned(), |rho| format!("{rho:.3}"));
        text.push_str(&format!(
            "held-out mixes: {}, rank correlation {rank}, mean error {:.4} nats\n",
            held_out.n, held_out.mean_error
        ));
    }
    if let Some(noise) = &laws.noise {
        text.push_str(&format!(
            "chance: {} models of one mix differ by {:.4} nats (standard deviation), different mixes by {:.4}\n",
            noise.n, noise.deviation, noise.spread
        ));
    }
    for agreement in &laws.agreements {
        let rank = agreement.spearman.map_or_else(|| "unknown".to_owned(), |rho| format!("{rho:.3}"));
        let (small, large) = (plain(&agreement.small), plain(&agreement.large));
        text.push_str(&format!("`{small}` ranks {} mixes as `{large}` does with {rank}\n", agreement.n));
    }
    let head: Vec<String> = groups.iter().map(|group| plain(group)).collect();
    let head: Vec<&str> = std::iter::once("mix").chain(head.iter().map(String::as_str)).chain(["objective"]).collect();
    let row = |mix: &tokenmill_mix::ablation::analysis::MixRow| {
        let shares = mix.weights.iter().map(|share| format!("{share:.3}"));
        std::iter::once(mix.name.clone()).chain(shares).chain([interval(&mix.objective)]).collect()
    };
    let rows: Vec<Vec<String>> = laws.mixes.iter().take(MAX_MIXES).map(row).collect();
    text.push_str(&format!("\n{}", table(&head, &rows)));
    if laws.confidence.is_finite() {
        let share = 100.0 * laws.confidence;
        text.push_str(&format!(
            "the optimum is better than the prior in {share:.0} % of the laws of resampled models\n"
        ));
    }
    text.push('\n');
    text
}

fn interval(estimate: &Estimate) -> String {
    format!("{:.4} ({:.4} to {:.4})", estimate.value, estimate.low, estimate.high)
}

fn of_differences(differences: &[Difference]) -> String {
    let row = |found: &Difference| {
        vec![
            format!("{} {} - {}", plain(&found.proxy), plain(&found.arm), plain(&found.baseline)),
            plain(&found.measure),
            format!("{:+.4}", found.difference.value),
            format!("{:+.4} to {:+.4}", found.difference.low, found.difference.high),
            format!("{:.4}", found.p),
            found.n.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = differences.iter().map(row).collect();
    let head = ["difference", "measure", "nats", "95 % interval", "p", "seeds"];
    format!("{}of losses, below 0 means that the first is better\n\n", table(&head, &rows))
}

/// The models that would be trained, with their mixes.
pub fn mixes(study: &Study, trials: &[Trial]) -> String {
    let head: Vec<String> = study.groups.iter().map(|group| group.name.clone()).collect();
    let head: Vec<&str> = std::iter::once("model").chain(head.iter().map(String::as_str)).chain(["tokens"]).collect();
    let row = |trial: &Trial| {
        let shares = trial.weights.iter().map(|share| format!("{share:.4}"));
        std::iter::once(trial.name.clone()).chain(shares).chain([count(trial.tokens)]).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = trials.iter().take(MAX_TRIALS).map(row).collect();
    let more = trials.len().saturating_sub(MAX_TRIALS);
    let more = if more == 0 { String::new() } else { format!("and {} more\n", count(more as u64)) };
    format!("{}{more}", table(&head, &rows))
}
