//! Draws mixes around a prior.

use crate::ablation::fit::Random;
use crate::ablation::study::Design;
use tokenmill_core::BuildError;

/// Parameters without embeddings below which a proxy is for trying things out: mixes are ranked by models of 1M as by larger
/// ones with a correlation of .73, and from 15M on with .89 (Olmix, 2026).
pub const MIN_PARAMETERS: u64 = 15_000_000;

/// Shares are multiples of one over this.
const STEPS: f64 = 10_000.0;

/// Draws that are thrown away for one that is kept, at most.
const MAX_DRAWS: usize = 10_000;

/// Shares of nature.
pub fn natural(n_tokens: &[u64]) -> Vec<f64> {
    let sum: f64 = n_tokens.iter().map(|n| *n as f64).sum();
    n_tokens.iter().map(|n| if sum > 0.0 { *n as f64 / sum } else { 0.0 }).collect()
}

/// Shares to the power of one over the temperature, divided by their sum.
pub fn tempered(shares: &[f64], temperature: f64) -> Vec<f64> {
    let powers: Vec<f64> = shares.iter().map(|share| share.powf(1.0 / temperature)).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

/// The largest shares at which no group is used more than `max_epochs` times.
pub fn caps(supplies: &[u64], max_epochs: f64, tokens: u64) -> Vec<f64> {
    supplies.iter().map(|n| (*n as f64 * max_epochs / tokens.max(1) as f64).min(1.0)).collect()
}

/// Draws different mixes: the prior first, then from Dirichlet distributions around it. Shares are rounded, small ones
/// become 0, and a mix that uses a group too often is thrown away.
///
/// # Errors
/// When the prior itself is too much of a group, or too few different mixes are found.
pub fn draw(
    design: &Design,
    prior: &[f64],
    caps: &[f64],
    n_mixes: usize,
    random: &mut Random,
) -> Result<Vec<Vec<f64>>, BuildError> {
    let fits = |mix: &[f64]| mix.iter().zip(caps).all(|(share, cap)| *share <= cap + 0.5 / STEPS);
    let mut mixes = vec![rounded(prior, 0.0)];
    if let Some(first) = mixes.first().filter(|first| !fits(first)) {
        let worst = first.iter().zip(caps).map(|(share, cap)| share / cap).fold(0.0, f64::max);
        let epochs = worst * design.max_epochs;
        return Err(BuildError::new(format!(
            "the prior uses a group {epochs:.1} times, and `max_epochs` is {}",
            design.max_epochs
        ))
        .hint("train on fewer tokens, raise `max_epochs`, or give a `prior` with less of the small groups"));
    }
    let flat = tempered(prior, design.temperature);
    let (least, largest) = (design.strength.0.ln(), design.strength.1.ln());
    let n_groups = prior.iter().filter(|share| **share > 0.0).count() as f64;
    let mut n_failed = 0;
    while mixes.len() < n_mixes {
        // Concentrations sum to the strength times the number of groups, so that a strength of 1 is about uniform.
        let strength = (least + random.uniform() * (largest - least)).exp() * n_groups;
        let concentrations: Vec<f64> = flat.iter().map(|share| share * strength).collect();
        let mix = rounded(&random.dirichlet(&concentrations), design.min_share);
        if fits(&mix) && !mixes.contains(&mix) {
            mixes.push(mix);
            n_failed = 0;
            continue;
        }
        n_failed += 1;
        if n_failed > MAX_DRAWS {
            let message = format!("only {} of {n_mixes} different mixes are within `max_epochs`", mixes.len());
            return Err(BuildError::new(message)
                .hint("train on fewer tokens, raise `max_epochs`, or raise `strength` to stay near the prior"));
        }
    }
    Ok(mixes)
}

/// Shares below the least become 0, the others multiples of a step that sum to 1; what rounding leaves goes to the largest.
fn rounded(shares: &[f64], min_share: f64) -> Vec<f64> {
    let kept: Vec<f64> = shares.iter().map(|share| if *share < min_share { 0.0 } else { *share }).collect();
    let sum: f64 = kept.iter().sum();
    let mut steps: Vec<i64> = kept.iter().map(|share| (share / sum * STEPS).round() as i64).collect();
    let left = STEPS as i64 - steps.iter().sum::<i64>();
    if let Some(largest) = (0..steps.len()).max_by_key(|at| (steps[*at], std::cmp::Reverse(*at))) {
        steps[largest] += left;
    }
    steps.into_iter().map(|n| n as f64 / STEPS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn design() -> Design {
        Design {
            mixes: 50,
            held_out: 0,
            repeats: 0,
            prior: None,
            temperature: 2.0,
            strength: (0.1, 5.0),
            min_share: 0.02,
            max_epochs: 4.0,
            max_kl: None,
            target_tokens: None,
        }
    }

    #[test]
    fn mixes_keep_to_the_limits_and_differ() {
        let prior = [0.7, 0.2, 0.1];
        let mut random = Random::new(3);
        let mixes = draw(&design(), &prior, &[1.0, 0.5, 0.4], 50, &mut random).unwrap();
        assert_eq!((mixes.len(), mixes[0].as_slice()), (50, &prior[..]));
        for mix in &mixes {
            assert!((mix.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{mix:?}");
            assert!(mix.iter().all(|share| *share == 0.0 || *share >= 0.0199), "{mix:?}");
            assert!(mix[1] <= 0.5001 && mix[2] <= 0.4001, "{mix:?}");
        }
        // They reach the corners as well as the middle.
        let most = |at: usize| mixes.iter().map(|mix| mix[at]).fold(0.0, f64::max);
        assert!(most(0) > 0.9 && most(1) > 0.35 && most(2) > 0.25, "{:?}", [most(0), most(1), most(2)]);
        let again = draw(&design(), &prior, &[1.0, 0.5, 0.4], 50, &mut Random::new(3)).unwrap();
        assert_eq!(mixes, again);
        let more = draw(&design(), &prior, &[1.0, 0.5, 0.4], 60, &mut Random::new(3)).unwrap();
        assert_eq!(mixes, more[..50], "a longer study goes on from a shorter one");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let mut random = Random::new(3);
        let error = draw(&design(), &[0.5, 0.5], &[1.0, 0.25], 3, &mut random).unwrap_err();
        assert!(error.message.contains("8.0 times"), "{}", error.message);
        let design = Design { strength: (1e6, 1e6), min_share: 0.0, ..design() };
        let error = draw(&design, &[1.0, 0.0], &[1.0, 1.0], 3, &mut random).unwrap_err();
        assert!(error.message.contains("only 1 of 3"), "{}", error.message);
    }

    #[test]
    fn temperature_and_caps() {
        assert_eq!(tempered(&[0.9, 0.1], 1.0), [0.9, 0.1]);
        let flat = tempered(&[0.8, 0.2], 2.0);
        assert!((flat[0] / flat[1] - 2.0).abs() < 1e-12);
        assert_eq!(natural(&[0, 0]), [0.0, 0.0]);
        assert_eq!(caps(&[100, 10], 4.0, 200), [1.0, 0.2]);
    }
}
